package windows

import "github.com/mimawari/mimawari/internal/proto/dissect"

// Streams lists the TCP protocols of this family.
func Streams() []dissect.StreamSpec {
	return []dissect.StreamSpec{
		{App: dissect.SMB, Ports: []uint16{445, 139}, Match: matchSMB, New: func() dissect.Stream { return new(smb) }},
		{App: dissect.Kerberos, Ports: []uint16{88, 464}, Match: matchKerberos, New: func() dissect.Stream { return new(kerberos) }},
		{App: dissect.LDAP, Ports: []uint16{389, 3268}, Match: matchLDAP, New: func() dissect.Stream { return new(ldap) }},
		{App: dissect.MSRPC, Ports: []uint16{135, 593}, Match: matchRPC, New: func() dissect.Stream { return new(rpc) }},
		{App: dissect.RDP, Ports: []uint16{3389}, Match: matchRDP, New: func() dissect.Stream { return new(rdp) }},
	}
}

// Datagrams lists the UDP protocols of this family.
func Datagrams() []dissect.DatagramSpec {
	return []dissect.DatagramSpec{
		{App: dissect.Kerberos, Ports: []uint16{88, 464}, Data: kerberosDatagram},
		{App: dissect.CLDAP, Ports: []uint16{389}, Data: cldap},
		{App: dissect.RDPUDP, Ports: []uint16{3389}, Data: rdpDatagram},
	}
}
