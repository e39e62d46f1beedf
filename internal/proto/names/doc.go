// Package names decodes what turns names into addresses: DNS (RFC 1035) over UDP and TCP, multicast DNS with service
// discovery (RFC 6762, 6763), LLMNR (RFC 4795), NetBIOS name service and datagrams (RFC 1001, 1002) and the Microsoft
// browser announcements in them ([MS-BRWS]).
//
// It resolves nothing and keeps no table of answers: an answer becomes an observation about the address in it, if that
// address is internal or somebody watches the name. User names (NetBIOS suffix 03) are never recorded.
package names

import "github.com/mimawari/mimawari/internal/proto/dissect"

// Streams lists the TCP protocols of this family.
func Streams() []dissect.StreamSpec {
	return []dissect.StreamSpec{
		{App: dissect.DNS, Ports: []uint16{53}, Match: matchTCP, New: func() dissect.Stream { return &dnsStream{} }},
	}
}

// Datagrams lists the UDP protocols of this family. The decoders keep only buffers between datagrams.
func Datagrams() []dissect.DatagramSpec {
	return []dissect.DatagramSpec{
		{App: dissect.MDNS, Ports: []uint16{5353}, Every: true, Make: func() func(*dissect.Ctx, []byte) dissect.Verdict { return new(buffers).mdns }},
		{App: dissect.LLMNR, Ports: []uint16{5355}, Every: true, PortOnly: true, Make: func() func(*dissect.Ctx, []byte) dissect.Verdict { return new(buffers).llmnr }},
		{App: dissect.NBNS, Ports: []uint16{137}, Every: true, PortOnly: true, Make: func() func(*dissect.Ctx, []byte) dissect.Verdict { return new(buffers).nbns }},
		{App: dissect.NBDGM, Ports: []uint16{138}, Every: true, PortOnly: true, Make: func() func(*dissect.Ctx, []byte) dissect.Verdict { return new(buffers).nbdgm }},
		{App: dissect.DNS, Ports: []uint16{53}, Every: true, Make: func() func(*dissect.Ctx, []byte) dissect.Verdict { return new(buffers).dns }},
	}
}
