package model

import (
	"net/netip"
	"time"
)

// Flow is a bidirectional flow: a 5-tuple with VLAN and tunnel where present. Index 0 of the pairs is the client's
// direction (the side that sent the first packet, or the SYN), index 1 the server's.
type Flow struct {
	Client, Server       netip.AddrPort
	ClientMAC, ServerMAC MAC
	Proto                uint8 // IP protocol number; for ICMP the ports are type and code as in Zeek
	VLAN                 uint16
	Tunnel               string
	First, Last          time.Time
	Packets              [2]uint64
	IPBytes              [2]uint64 // IP header included
	Payload              [2]uint64 // transport payload
	Lost                 [2]uint64 // TCP payload bytes missing from the capture
	State                string    // Zeek's conn_state: S0 S1 SF REJ S2 S3 RSTO RSTR RSTOS0 RSTRH SH SHR OTH
	History              string    // Zeek's history letters
	App                  string    // Zeek's service name where it has one; "" if not known
	Facts                []Fact    // the few things worth keeping with the flow (SNI, AE titles...)
}

// Fact is one named value of a flow.
type Fact struct {
	Kind  Kind
	Value string
}
