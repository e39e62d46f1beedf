package traffic

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

var everyone = net.HardwareAddr{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// emit adds a frame: Ethernet, perhaps a VLAN tag, then ls.
func (c *capturing) emit(at time.Time, from, to net.HardwareAddr, kind layers.EthernetType, ls ...gopacket.SerializableLayer) error {
	eth := &layers.Ethernet{SrcMAC: from, DstMAC: to, EthernetType: kind}
	all := []gopacket.SerializableLayer{eth}
	if c.event.vlan != 0 {
		eth.EthernetType = layers.EthernetTypeDot1Q
		all = append(all, &layers.Dot1Q{VLANIdentifier: c.event.vlan, Type: kind})
	}
	buf := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, append(all, ls...)...); err != nil {
		return err
	}
	b := buf.Bytes()
	kept := len(b)
	if c.event.snap > 0 {
		kept = min(kept, c.event.snap)
	}
	c.frames = append(c.frames, frame{at, b, kept})
	return nil
}

// ip gives the IP layer between two addresses, and the Ethernet type that goes with it.
func ip(from, to netip.Addr, proto layers.IPProtocol) (gopacket.SerializableLayer, gopacket.NetworkLayer, layers.EthernetType) {
	if from.Is6() {
		l := &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: proto, SrcIP: from.AsSlice(), DstIP: to.AsSlice()}
		return l, l, layers.EthernetTypeIPv6
	}
	l := &layers.IPv4{Version: 4, TTL: 64, Protocol: proto, SrcIP: from.AsSlice(), DstIP: to.AsSlice()}
	return l, l, layers.EthernetTypeIPv4
}

func (c *capturing) udp(at time.Time, fm, tm net.HardwareAddr, from, to netip.AddrPort, payload []byte) error {
	l3, net, kind := ip(from.Addr(), to.Addr(), layers.IPProtocolUDP)
	u := &layers.UDP{SrcPort: layers.UDPPort(from.Port()), DstPort: layers.UDPPort(to.Port())}
	if err := u.SetNetworkLayerForChecksum(net); err != nil {
		return err
	}
	return c.emit(at, fm, tm, kind, l3, u, gopacket.Payload(payload))
}

// ask lets a machine find its neighbour once, a moment before it speaks.
func (c *capturing) ask(who, whom netip.Addr) error {
	key := fmt.Sprint(who, whom, c.event.vlan, c.macs[who], c.macs[whom])
	if c.asked[key] || !who.Is4() || whom == broadcast || whom.IsMulticast() {
		return nil
	}
	c.asked[key] = true
	at := c.event.at.Add(-2 * time.Millisecond)
	if err := c.arpFrame(at, layers.ARPRequest, c.mac(who), who, everyone, whom); err != nil {
		return err
	}
	return c.arpFrame(at.Add(time.Millisecond), layers.ARPReply, c.mac(whom), whom, c.mac(who), who)
}

func (c *capturing) arpFrame(at time.Time, op uint16, sm net.HardwareAddr, sa netip.Addr, tm net.HardwareAddr, ta netip.Addr) error {
	target := []byte(tm)
	if op == layers.ARPRequest {
		target = make([]byte, 6)
	}
	return c.emit(at, sm, tm, layers.EthernetTypeARP, &layers.ARP{
		AddrType: layers.LinkTypeEthernet, Protocol: layers.EthernetTypeIPv4, HwAddressSize: 6, ProtAddressSize: 4,
		Operation: op, SourceHwAddress: sm, SourceProtAddress: sa.AsSlice(), DstHwAddress: target, DstProtAddress: ta.AsSlice(),
	})
}

// arp is an announcement (RFC 5227) to everyone. Without a card it is the address's own.
func (c *capturing) arp(addr string, mac []string) error {
	a, err := netip.ParseAddr(addr)
	if err != nil {
		return err
	}
	m := c.mac(a)
	if len(mac) > 0 {
		if m, err = net.ParseMAC(mac[0]); err != nil {
			return err
		}
	}
	return c.arpFrame(c.event.at, layers.ARPReply, m, a, everyone, a)
}

// dhcp is one of
//
//	ack SERVER -> MAC ADDRESS router=ADDRESS name=NAME      the client asks, the server gives
//	request MAC name=NAME vendor=CLASS                      the client asks, nobody answers
func (c *capturing) dhcp(w []string) error {
	ack := len(w) == 5 && w[0] == "ack" && w[2] == "->"
	if !ack && (len(w) != 2 || w[0] != "request") {
		return fmt.Errorf("want: dhcp ack SERVER -> MAC ADDRESS, or dhcp request MAC")
	}
	client := w[1]
	if ack {
		client = w[3]
	}
	m, err := net.ParseMAC(client)
	if err != nil {
		return err
	}
	at, none := c.event.at, netip.IPv4Unspecified()
	if err := c.udp(at, m, everyone, netip.AddrPortFrom(none, 68), netip.AddrPortFrom(broadcast, 67), c.dhcpMessage(layers.DHCPMsgTypeRequest, m, none, none)); err != nil || !ack {
		return err
	}
	server, err := netip.ParseAddr(w[1])
	if err != nil {
		return err
	}
	given, err := netip.ParseAddr(w[4])
	if err != nil {
		return err
	}
	return c.udp(at.Add(time.Millisecond), c.mac(server), m, netip.AddrPortFrom(server, 67), netip.AddrPortFrom(given, 68), c.dhcpMessage(layers.DHCPMsgTypeAck, m, server, given))
}

func (c *capturing) dhcpMessage(kind layers.DHCPMsgType, m net.HardwareAddr, server, given netip.Addr) []byte {
	d := &layers.DHCPv4{
		Operation: layers.DHCPOpRequest, HardwareType: layers.LinkTypeEthernet, HardwareLen: 6, Xid: binary.BigEndian.Uint32(m[2:]),
		ClientHWAddr: m, ClientIP: net.IPv4zero, YourClientIP: given.AsSlice(), NextServerIP: net.IPv4zero, RelayAgentIP: net.IPv4zero,
	}
	add := func(o layers.DHCPOpt, b []byte) { d.Options = append(d.Options, layers.NewDHCPOption(o, b)) }
	add(layers.DHCPOptMessageType, []byte{byte(kind)})
	if kind == layers.DHCPMsgTypeAck {
		d.Operation = layers.DHCPOpReply
		add(layers.DHCPOptServerID, server.AsSlice())
		add(layers.DHCPOptLeaseTime, []byte{0, 0, 0x0e, 0x10})
		add(layers.DHCPOptSubnetMask, []byte{255, 255, 255, 0})
		if r, err := netip.ParseAddr(c.event.opts["router"]); err == nil {
			add(layers.DHCPOptRouter, r.AsSlice())
		}
	} else {
		if n := c.event.opts["name"]; n != "" {
			add(layers.DHCPOptHostname, []byte(n))
		}
		if v := c.event.opts["vendor"]; v != "" {
			add(layers.DHCPOptClassID, []byte(v))
		}
		add(layers.DHCPOptParamsRequest, []byte{1, 3, 6, 15, 31, 33, 43, 44, 46, 47, 121, 249, 252})
	}
	buf := gopacket.NewSerializeBuffer()
	if err := d.SerializeTo(buf, gopacket.SerializeOptions{FixLengths: true}); err != nil {
		panic("BUG: " + err.Error())
	}
	return buf.Bytes()
}

// routerAdvertisement (RFC 4861) of the machine that has the address: it says that it is the way out for prefix.
func (c *capturing) routerAdvertisement(prefix, from string) error {
	p, err := netip.ParsePrefix(prefix)
	if err != nil {
		return err
	}
	a, err := netip.ParseAddr(from)
	if err != nil {
		return err
	}
	m := c.mac(a)
	src := netip.AddrFrom16([16]byte{0xfe, 0x80, 8: m[0] ^ 2, 9: m[1], 10: m[2], 11: 0xff, 12: 0xfe, 13: m[3], 14: m[4], 15: m[5]})
	all := netip.MustParseAddr("ff02::1")
	l3 := &layers.IPv6{Version: 6, HopLimit: 255, NextHeader: layers.IPProtocolICMPv6, SrcIP: src.AsSlice(), DstIP: all.AsSlice()}
	icmp := &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(layers.ICMPv6TypeRouterAdvertisement, 0)}
	if err := icmp.SetNetworkLayerForChecksum(l3); err != nil {
		return err
	}
	info := binary.BigEndian.AppendUint64([]byte{byte(p.Bits()), 0xc0}, 86400<<32|14400)
	info = append(append(info, 0, 0, 0, 0), p.Masked().Addr().AsSlice()...)
	ra := &layers.ICMPv6RouterAdvertisement{HopLimit: 64, RouterLifetime: 1800, Options: layers.ICMPv6Options{
		{Type: layers.ICMPv6OptPrefixInfo, Data: info}, {Type: layers.ICMPv6OptSourceAddress, Data: m},
	}}
	return c.emit(c.event.at, m, net.HardwareAddr{0x33, 0x33, 0, 0, 0, 1}, layers.EthernetTypeIPv6, l3, icmp, ra)
}
