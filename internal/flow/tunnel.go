package flow

import (
	"encoding/binary"

	"github.com/mimawari/mimawari/internal/model"
)

// tunnelKind is how a packet was wrapped.
type tunnelKind uint8

const (
	tunnelNone tunnelKind = iota
	tunnelPPPoE
	tunnelMPLS
	tunnelIPIP
	tunnel6in4
	tunnel4in6
	tunnelGRE
	tunnelNVGRE
	tunnelEoIP
	tunnelERSPAN
	tunnelPPTP
	tunnelEtherIP
	tunnelVXLAN
	tunnelGTP
	tunnelTeredo
)

var tunnelNames = [...]string{
	tunnelNone: "", tunnelPPPoE: "pppoe", tunnelMPLS: "mpls", tunnelIPIP: "ipip", tunnel6in4: "6in4",
	tunnel4in6: "4in6", tunnelGRE: "gre", tunnelNVGRE: "nvgre", tunnelEoIP: "eoip", tunnelERSPAN: "erspan", tunnelPPTP: "pptp",
	tunnelEtherIP: "etherip", tunnelVXLAN: "vxlan", tunnelGTP: "gtp", tunnelTeredo: "teredo",
}

func (t tunnelKind) String() string { return tunnelNames[t] }

// maxDepth is how many wrappings are taken off. What is deeper counts as a flow of the protocol that wraps it.
const maxDepth = 4

// UDP ports of tunnels (IANA).
const (
	portVXLAN  = 4789
	portVXLANl = 8472 // Linux's default before IANA gave one out
	portGTPU   = 2152
	portTeredo = 3544
)

// via notes a wrapping below IP: it names the tunnel but is no part of a flow's identity, because labels and sessions
// differ by direction. Behind it the frame's MACs say nothing of the packet's addresses.
func (p *packet) via(k tunnelKind) bool {
	if p.depth >= maxDepth {
		return false
	}
	p.depth++
	if p.tunnel == tunnelNone {
		p.tunnel = k
	}
	if k == tunnelMPLS {
		p.srcMAC, p.dstMAC = model.MAC{}, model.MAC{}
	}
	return true
}

// enter notes a wrapping in IP: the pair of its ends and its network id are part of what is inside.
func (d decoder) enter(p *packet, k tunnelKind, id uint32) bool {
	if p.depth >= maxDepth {
		return false
	}
	if !p.outerSrc.set() {
		p.outerSrc, p.outerDst = p.src, p.dst
	}
	if d.convention != NDPI {
		h := pairHash(p.src, p.dst) ^ uint64(k)<<32 ^ uint64(id)
		p.tunnelID = uint32(mix(h^uint64(p.tunnelID))) | 1
	}
	p.via(k)
	p.srcMAC, p.dstMAC = model.MAC{}, model.MAC{}
	p.partial = false
	return true
}

func (a addr) set() bool { return a != addr{} }

// inside reads what a tunnel carries; typ is its EtherType. If that is no IP packet, p is as before and the answer isUnknown.
func (d decoder) inside(p *packet, k tunnelKind, id uint32, typ uint16, b []byte) verdict {
	was := *p
	if d.enter(p, k, id) {
		var v verdict
		switch typ {
		case etherTEB:
			v = d.ethernet(p, b)
		case etherPPP:
			v = d.ppp(p, b)
		default:
			v = d.network(p, typ, b)
		}
		if v == isPacket || v == isFragment || v == isIgnored {
			return v
		}
	}
	*p = was
	return isUnknown
}

func (d decoder) tunnelled(p *packet, b []byte) verdict {
	switch p.proto {
	case protoIPIP:
		if p.v6 {
			return d.inside(p, tunnel4in6, 0, etherIPv4, b)
		}
		return d.inside(p, tunnelIPIP, 0, etherIPv4, b)
	case protoIPv6:
		if p.v6 {
			return d.inside(p, tunnelIPIP, 0, etherIPv6, b)
		}
		return d.inside(p, tunnel6in4, 0, etherIPv6, b)
	case protoMPLS:
		return d.inside(p, tunnelMPLS, 0, etherMPLS, b)
	case protoEther:
		if len(b) < 2 || b[0]>>4 != 3 { // RFC 3378
			return isUnknown
		}
		return d.inside(p, tunnelEtherIP, 0, etherTEB, b[2:])
	}
	return d.gre(p, b)
}

// gre reads RFC 2784 and 2890, PPTP's version 1 (RFC 2637) and MikroTik's EoIP, which borrows version 1.
func (d decoder) gre(p *packet, b []byte) verdict {
	if len(b) < 4 {
		return isUnknown
	}
	flags, typ := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	if flags&7 == 1 {
		return d.gre1(p, flags, typ, b)
	}
	n, seq := 4, flags&0x1000 != 0
	if flags&0xc000 != 0 { // checksum or routing present: both words are there
		n += 4
	}
	var key uint32
	if flags&0x2000 != 0 {
		if len(b) >= n+4 {
			key = binary.BigEndian.Uint32(b[n:])
		}
		n += 4
	}
	if seq {
		n += 4
	}
	if len(b) < n || flags&7 != 0 || flags&0x4000 != 0 { // source routes (RFC 1701) are not followed
		return isUnknown
	}
	b = b[n:]
	switch typ {
	case etherTEB:
		return d.inside(p, tunnelNVGRE, key>>8, etherTEB, b)
	case etherERSPAN:
		if seq && len(b) >= 8 { // type II has its own header, type I has none and no sequence number
			b = b[8:]
		}
		return d.inside(p, tunnelERSPAN, 0, etherTEB, b)
	case etherERSP3:
		return d.erspan3(p, b)
	}
	return d.inside(p, tunnelGRE, 0, typ, b)
}

func (d decoder) erspan3(p *packet, b []byte) verdict {
	if len(b) < 12 {
		return isUnknown
	}
	n := 12
	if b[11]&1 != 0 { // platform-specific subheader
		n = 20
	}
	if len(b) < n {
		return isUnknown
	}
	return d.inside(p, tunnelERSPAN, 0, etherTEB, b[n:])
}

func (d decoder) gre1(p *packet, flags, typ uint16, b []byte) verdict {
	if typ == 0x6400 && len(b) >= 8 { // EoIP: length, tunnel id (little endian), Ethernet
		return d.inside(p, tunnelEoIP, uint32(binary.LittleEndian.Uint16(b[6:])), etherTEB, b[8:])
	}
	n := 8
	if flags&0x1000 == 0 || typ != etherPPP {
		return isUnknown // an acknowledgement carries nothing
	}
	n += 4
	if flags&0x80 != 0 {
		n += 4
	}
	if len(b) < n {
		return isUnknown
	}
	return d.inside(p, tunnelPPTP, 0, etherPPP, b[n:])
}

// udpTunnel looks into the UDP payload if a port is one of a tunnel's.
func (d decoder) udpTunnel(p *packet) verdict {
	var v verdict
	switch {
	case p.sport == portGTPU || p.dport == portGTPU:
		v = d.gtp(p, p.payload)
	case p.dport == portVXLAN || p.dport == portVXLANl:
		v = d.vxlan(p, p.payload)
	case d.convention != NDPI && (p.sport == portTeredo || p.dport == portTeredo):
		v = d.teredo(p, p.payload)
	}
	if v != isUnknown {
		return v
	}
	return isPacket
}

// gtp reads a G-PDU (3GPP TS 29.281 section 5).
func (d decoder) gtp(p *packet, b []byte) verdict {
	if len(b) < 8 || b[0]>>5 != 1 || b[0]&0x10 == 0 || b[1] != 0xff {
		return isUnknown
	}
	n, next := 8, uint8(0)
	if b[0]&7 != 0 { // any of the optional fields: all are there
		if len(b) < 12 {
			return isUnknown
		}
		n = 12
		if b[0]&4 != 0 {
			next = b[11]
		}
	}
	for range 8 {
		if next == 0 {
			break
		}
		if len(b) <= n || b[n] == 0 || len(b) < n+int(b[n])*4 {
			return isUnknown
		}
		n += int(b[n]) * 4
		next = b[n-1]
	}
	return d.insideIP(p, tunnelGTP, 0, b[n:])
}

func (d decoder) insideIP(p *packet, k tunnelKind, id uint32, b []byte) verdict {
	if len(b) > 0 && b[0]>>4 == 4 {
		return d.inside(p, k, id, etherIPv4, b)
	}
	return d.inside(p, k, id, etherIPv6, b)
}

// vxlan is RFC 7348.
func (d decoder) vxlan(p *packet, b []byte) verdict {
	if len(b) < 8 || b[0]&8 == 0 {
		return isUnknown
	}
	return d.inside(p, tunnelVXLAN, binary.BigEndian.Uint32(b[4:])>>8, etherTEB, b[8:])
}

// teredo is RFC 4380: IPv6, after an authentication or an origin indication or both.
func (d decoder) teredo(p *packet, b []byte) verdict {
	if len(b) >= 4 && b[0] == 0 && b[1] == 1 {
		n := 13 + int(b[2]) + int(b[3])
		if len(b) < n {
			return isUnknown
		}
		b = b[n:]
	}
	if len(b) >= 8 && b[0] == 0 && b[1] == 0 {
		b = b[8:]
	}
	if len(b) < 40 || b[0]>>4 != 6 || int(binary.BigEndian.Uint16(b[4:])) != len(b)-40 {
		return isUnknown
	}
	return d.inside(p, tunnelTeredo, 0, etherIPv6, b)
}
