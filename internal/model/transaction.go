package model

import (
	"net/netip"
	"time"
)

// Transaction sums what one machine did to another in a short span of time: the same act on the same object, by the same account,
// with the same outcome. It is what the decoders tell the rules about behaviour, where Observation tells what machines are.
//
// Names of accounts and of objects are kept, secrets never: no password, no ticket, no hash that could be used or tried.
type Transaction struct {
	Client, Server netip.Addr
	Port           uint16 // the server's
	App            string // application protocol, "" where there is none (ARP)
	Action         Action
	Object         string // what it was done to: a path, an operation, a queried name; "" if not known or left out for space
	Who            string // the account, as the protocol writes it; "" if not known
	Outcome        Outcome
	First, Last    time.Time
	Count          uint64
	Bytes          [2]uint64 // moved by it: from the client (written), to the client (read)
}

// Action is what was done: protocol, dot, act.
type Action string

// Log-ins. Object is the service, share or realm where one is named.
const (
	DoNTLMLogin    Action = "ntlm.login"    // NTLM in SMB, HTTP, RDP, LDAP, MSRPC [MS-NLMP]
	DoKerberosAS   Action = "krb.as"        // a ticket for an account (RFC 4120 section 3.1); Object says which encryption and pre-authentication
	DoKerberosTGS  Action = "krb.tgs"       // a ticket for a service (RFC 4120 section 3.3); Object is the service
	DoLDAPBind     Action = "ldap.bind"     // RFC 4511 section 4.2
	DoSSHLogin     Action = "ssh.login"     // judged by packet sizes: the exchange is encrypted (RFC 4252)
	DoFTPLogin     Action = "ftp.login"     // RFC 959, USER and PASS
	DoHTTPLogin    Action = "http.login"    // RFC 9110 section 11: Basic and Digest
	DoRDPSession   Action = "rdp.session"   // [MS-RDPBCGR]
	DoWinRMSession Action = "winrm.session" // [MS-WSMV]
)

// Files and services of Windows. Object is a path with the share in front, or the operation.
const (
	DoSMBShare   Action = "smb.share"   // connected to a share
	DoSMBOpen    Action = "smb.open"    // opened or created a file
	DoSMBRead    Action = "smb.read"    // read from a file
	DoSMBWrite   Action = "smb.write"   // wrote to a file
	DoSMBSpoil   Action = "smb.spoil"   // what was written looks random where what was there did not
	DoSMBRename  Action = "smb.rename"  // renamed a file; Object ends in the new extension
	DoSMBDelete  Action = "smb.delete"  // deleted a file
	DoSMBNote    Action = "smb.note"    // made a file that is named like a ransom note
	DoSMBProgram Action = "smb.program" // wrote a program
	DoSMBFolders Action = "smb.folders" // folders listed
	DoSMBSealed  Action = "smb.sealed"  // encrypted by SMB3: sizes and rhythm only
	DoRPC        Action = "rpc.call"    // called an operation of an RPC interface [C706]: Object is "interface.operation"
	DoLDAPSearch Action = "ldap.search" // RFC 4511 section 4.5: Object is what was asked for
)

// Names, pages, neighbours, hospital systems.
const (
	DoDNSQuery       Action = "dns.query"
	DoHTTPRequest    Action = "http.request"
	DoARPRequest     Action = "arp.request"
	DoDICOMAssociate Action = "dicom.associate" // PS3.8 section 7.1: Object is calling>called
	DoDICOMStore     Action = "dicom.store"     // PS3.7 section 9.1.1, and the following
	DoDICOMFind      Action = "dicom.find"
	DoDICOMMove      Action = "dicom.move"
	DoDICOMGet       Action = "dicom.get"
	DoDICOMEcho      Action = "dicom.echo"
	DoHL7            Action = "hl7.message" // Object is sender>receiver type
	DoPrint          Action = "print.job"
)

// Outcome says how it ended.
type Outcome uint8

// The outcomes.
const (
	OutcomeUnknown Outcome = iota
	OutcomeOK
	OutcomeDenied // refused: wrong password, no right
	OutcomeFailed // did not come about for another reason
)

// String gives the name.
func (o Outcome) String() string { return [...]string{"unknown", "ok", "denied", "failed"}[o&3] }
