package hospitalsim

import (
	"net"
	"net/netip"
	"slices"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/mimawari/mimawari/internal/model"
)

var broadcast = model.MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// hop is one direction between two machines as the mirror port sees it: on the network of the client, or on that of the
// inside machine if the client is outside.
type hop struct {
	src, dst       *machine
	srcMAC, dstMAC model.MAC
	hops           uint8 // routers that the packet has passed
}

// way gives the direction from a to b as seen on the network of view.
func way(a, b, view *machine) hop {
	h := hop{src: a, dst: b, srcMAC: a.mac, dstMAC: b.mac}
	if a.net == b.net {
		return h
	}
	if view == a {
		h.dstMAC = a.router()
	} else {
		h.srcMAC, h.hops = b.router(), 1
		if a.net == nil {
			h.hops = 11
		}
	}
	return h
}

// both gives the two directions between a client and a server.
func both(c, s *machine) [2]hop {
	view := c
	if c.net == nil {
		view = s
	}
	return [2]hop{way(c, s, view), way(s, c, view)}
}

func (w *world) emit(at int64, ls ...gopacket.SerializableLayer) {
	if err := gopacket.SerializeLayers(w.buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, ls...); err != nil {
		panic("BUG: " + err.Error())
	}
	w.frame(at, slices.Clone(w.buf.Bytes()))
}

// frame puts a finished frame on the wire, padded as Ethernet wants it.
func (w *world) frame(at int64, b []byte) {
	for len(b) < 60 {
		b = append(b, 0)
	}
	w.push(event{at: at, data: b})
}

func ether(src, dst model.MAC, typ layers.EthernetType) *layers.Ethernet {
	return &layers.Ethernet{SrcMAC: src[:], DstMAC: dst[:], EthernetType: typ}
}

func ipOf(a netip.Addr) net.IP { return net.IP(a.AsSlice()) }

func (h *hop) ip(proto layers.IPProtocol) *layers.IPv4 {
	h.src.ident++
	return &layers.IPv4{
		Version: 4, IHL: 5, TTL: h.src.ttl() - h.hops, Id: h.src.ident, Flags: layers.IPv4DontFragment, Protocol: proto,
		SrcIP: ipOf(h.src.ip), DstIP: ipOf(h.dst.ip),
	}
}

// datagram sends one UDP datagram.
func (w *world) datagram(at int64, h hop, sport, dport uint16, payload []byte) {
	ip := h.ip(layers.IPProtocolUDP)
	u := &layers.UDP{SrcPort: layers.UDPPort(sport), DstPort: layers.UDPPort(dport)}
	_ = u.SetNetworkLayerForChecksum(ip) // IPv4 is always taken
	w.emit(at, ether(h.srcMAC, h.dstMAC, layers.EthernetTypeIPv4), ip, u, gopacket.Payload(payload))
}

// ask sends a datagram from c to s and, a moment later, the answer. It gives the time of the answer.
func (w *world) ask(at int64, c, s *machine, port uint16, question, answer []byte) int64 {
	return w.askFrom(at, c, s, c.port(), port, question, answer)
}

func (w *world) askFrom(at int64, c, s *machine, sport, port uint16, question, answer []byte) int64 {
	p := both(c, s)
	w.datagram(at, p[0], sport, port, question)
	at += int64(w.delay(c, s))
	if answer != nil {
		w.datagram(at, p[1], port, sport, answer)
	}
	return at
}

// shout sends a datagram to everyone on m's network, or to a multicast group.
func (w *world) shout(at int64, m *machine, to netip.Addr, sport, dport uint16, payload []byte) {
	h := hop{src: m, dst: &machine{ip: to}, srcMAC: m.mac, dstMAC: groupMAC(to)}
	if to == mdnsGroup { // RFC 6762, 11
		speaker := *m
		speaker.os.ttl = 255
		h.src = &speaker
	}
	w.datagram(at, h, sport, dport, payload)
}

func groupMAC(a netip.Addr) model.MAC {
	if b := a.As4(); a.IsMulticast() { // RFC 1112, 6.4
		return model.MAC{0x01, 0x00, 0x5e, b[1] & 0x7f, b[2], b[3]}
	}
	return broadcast
}

// arp sends one ARP packet (RFC 826).
func (w *world) arp(at int64, op uint16, mac model.MAC, ip netip.Addr, toMAC model.MAC, to netip.Addr) {
	dst, target := toMAC, toMAC
	if op == layers.ARPRequest {
		dst, target = broadcast, model.MAC{}
	}
	w.emit(at, ether(mac, dst, layers.EthernetTypeARP), &layers.ARP{
		AddrType: layers.LinkTypeEthernet, Protocol: layers.EthernetTypeIPv4,
		HwAddressSize: 6, ProtAddressSize: 4, Operation: op, SourceHwAddress: mac[:], SourceProtAddress: ipOf(ip),
		DstHwAddress: target[:], DstProtAddress: ipOf(to),
	})
}

// resolve is a asking who has the address of b, and the answer; both are on one network.
func (w *world) resolve(at int64, a *machine, mac model.MAC, ip netip.Addr) {
	w.arp(at, layers.ARPRequest, a.mac, a.ip, mac, ip)
	w.arp(at+int64(w.upTo(4e5))+2e5, layers.ARPReply, mac, ip, a.mac, a.ip)
}

// announce is a machine telling everyone its own address (RFC 5227).
func (w *world) announce(at int64, m *machine) {
	w.arp(at, layers.ARPRequest, m.mac, m.ip, broadcast, m.ip)
}
