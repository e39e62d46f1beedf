package hospitalsim

import (
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/mimawari/mimawari/internal/model"
)

// The hospital does not use IPv6, but its Windows machines speak it all the same.
var (
	allServers6 = netip.MustParseAddr("ff02::1:2") // DHCPv6 (RFC 8415, 7.1)
	mdnsGroup6  = netip.MustParseAddr("ff02::fb")
	allNodes6   = netip.MustParseAddr("ff02::1")
)

// linkLocal makes the address that a Windows machine makes up for itself, stable over restarts (RFC 7217).
func (m *machine) linkLocal() netip.Addr {
	b := [16]byte{0: 0xfe, 1: 0x80}
	for i := range 8 {
		b[8+i] = m.mac[i%6]*31 ^ m.mac[(i*5+3)%6]
	}
	b[8] &^= 2
	return netip.AddrFrom16(b)
}

func groupMAC6(a netip.Addr) model.MAC { // RFC 2464, 7
	b := a.As16()
	return model.MAC{0x33, 0x33, b[12], b[13], b[14], b[15]}
}

func ipv6(src, dst netip.Addr, next layers.IPProtocol, hops uint8) *layers.IPv6 {
	return &layers.IPv6{Version: 6, NextHeader: next, HopLimit: hops, SrcIP: ipOf(src), DstIP: ipOf(dst)}
}

// shout6 sends a datagram to a group on m's network.
func (w *world) shout6(at int64, m *machine, to netip.Addr, sport, dport uint16, payload []byte) {
	ip := ipv6(m.linkLocal(), to, layers.IPProtocolUDP, 1)
	if to == mdnsGroup6 {
		ip.HopLimit = 255
	}
	u := &layers.UDP{SrcPort: layers.UDPPort(sport), DstPort: layers.UDPPort(dport)}
	_ = u.SetNetworkLayerForChecksum(ip) // IPv6 is always taken
	w.emit(at, ether(m.mac, groupMAC6(to), layers.EthernetTypeIPv6), ip, u, gopacket.Payload(payload))
}

// wakeUp6 is what a Windows machine does in IPv6 when it is switched on: it claims its address (RFC 4861, 7.2.6), looks
// for a DHCP server (RFC 8415, 18.2.1) that nobody is, and tells its name by mDNS.
func (w *world) wakeUp6(at int64, m *machine) {
	own := m.linkLocal()
	ip := ipv6(own, allNodes6, layers.IPProtocolICMPv6, 255)
	icmp := &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(layers.ICMPv6TypeNeighborAdvertisement, 0)}
	_ = icmp.SetNetworkLayerForChecksum(ip) // IPv6 is always taken
	w.emit(at, ether(m.mac, groupMAC6(allNodes6), layers.EthernetTypeIPv6), ip, icmp, &layers.ICMPv6NeighborAdvertisement{
		Flags: 0x20, TargetAddress: ipOf(own),
		Options: layers.ICMPv6Options{{Type: layers.ICMPv6OptTargetAddress, Data: m.mac[:]}},
	})
	option := func(code int, v []byte) []byte { return be(u16(code), u16(len(v)), v) }
	duid := be(uint16(1), uint16(1), uint32(0x2c000000), m.mac[:])
	name := be(u8(len(m.name)), m.name)
	solicit := be([]byte{1}, w.noise(3), option(8, be(uint16(0))), option(1, duid), option(3, be(uint32(7), uint32(0), uint32(0))),
		option(39, be(uint8(0), name)), option(16, be(uint32(311), uint16(8), "MSFT 5.0")), option(6, be(uint16(17), uint16(23), uint16(24), uint16(39))))
	w.shout6(at+1e9, m, allServers6, 546, 547, solicit)
	host := []byte(m.name + ".local")
	w.shout6(at+2e9, m, mdnsGroup6, 5353, 5353, dnsBytes(&layers.DNS{QR: true, AA: true, ANCount: 2, Answers: []layers.DNSResourceRecord{
		{Name: host, Type: layers.DNSTypeA, Class: layers.DNSClassIN, TTL: 120, IP: ipOf(m.ip)},
		{Name: host, Type: layers.DNSTypeAAAA, Class: layers.DNSClassIN, TTL: 120, IP: ipOf(own)},
	}}))
}
