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
	App            string // application protocol, "" if not known
	Action         Action
	Object         string // what it was done to: an operation, what is listed, a service; "" if not known or left out for space
	Who            string // the account, as the protocol writes it; "" if not known
	Outcome        Outcome
	First, Last    time.Time
	Count          uint64
	Bytes          [2]uint64 // moved by it: from the client (written), to the client (read)
}

// Action is what was done: protocol, dot, act.
type Action string

// The actions that decoders tell of.
const (
	DoNTLMLogin  Action = "ntlm.login"  // a log-in with NTLM at a file server [MS-NLMP]: Object is the service
	DoRPC        Action = "rpc.call"    // called an operation of an RPC interface [C706]: Object is "interface.operation"
	DoLDAPSearch Action = "ldap.search" // RFC 4511 section 4.5: Object is what was listed
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
