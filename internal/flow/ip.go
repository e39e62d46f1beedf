package flow

import "encoding/binary"

// ipv4 reads an RFC 791 header. A total length of zero means that the sender's card cuts the segment later (TSO).
func (d decoder) ipv4(p *packet, b []byte) verdict {
	if len(b) < 20 || b[0]>>4 != 4 {
		return isUnknown
	}
	head, total := int(b[0]&15)*4, int(binary.BigEndian.Uint16(b[2:]))
	if head < 20 || len(b) < head {
		return isUnknown
	}
	if total == 0 {
		total = len(b) + int(p.cut)
	}
	if total < head {
		return isUnknown
	}
	p.src, p.dst = addr4(binary.BigEndian.Uint32(b[12:])), addr4(binary.BigEndian.Uint32(b[16:]))
	p.proto, p.ttl, p.v6, p.ipBytes = b[9], b[8], false, uint64(total)
	if d.convention == NDPI && total > len(b) {
		return isIgnored
	}
	payload := b[head:min(total, len(b))]
	if fo := binary.BigEndian.Uint16(b[6:]); fo&0x3fff != 0 {
		p.frag = fragment{on: true, id: uint32(binary.BigEndian.Uint16(b[4:])), offset: uint32(fo&0x1fff) * 8, more: fo&0x2000 != 0}
		return d.fragment(p, payload, total-head)
	}
	return d.upper(p, payload, total-head)
}

// maxExtensions is how many IPv6 extension headers are walked; real packets have two or three.
const maxExtensions = 8

// ipv6 reads an RFC 8200 header. A payload length of zero means a jumbogram or TSO: the rest of the frame.
func (d decoder) ipv6(p *packet, b []byte) verdict {
	if len(b) < 40 || b[0]>>4 != 6 {
		return isUnknown
	}
	wire := int(binary.BigEndian.Uint16(b[4:]))
	if wire == 0 && b[6] != 59 {
		wire = len(b) - 40 + int(p.cut)
	}
	p.src, p.dst = addr16(b[8:]), addr16(b[24:])
	p.proto, p.ttl, p.v6, p.ipBytes = b[6], b[7], true, uint64(40+wire)
	b = b[40:min(40+wire, len(b))]
	for range maxExtensions {
		n, ok := extension(p.proto, b)
		if !ok {
			break
		}
		if n > len(b) {
			p.partial = true
			return d.upper(p, nil, max(wire-n, 0))
		}
		head := b[:n]
		was := p.proto
		p.proto, b, wire = head[0], b[n:], max(wire-n, 0)
		if was == 44 {
			if fo := binary.BigEndian.Uint16(head[2:]); fo&0xfff9 != 0 { // else an atomic fragment, RFC 6946
				p.frag = fragment{on: true, id: binary.BigEndian.Uint32(head[4:]), offset: uint32(fo &^ 7), more: fo&1 != 0}
				return d.fragment(p, b, wire)
			}
		}
	}
	return d.upper(p, b, wire)
}

// extension gives the length of the extension header of type next that b starts with; ok false if it is none (RFC 7045).
func extension(next uint8, b []byte) (n int, ok bool) {
	switch next {
	case 0, 43, 60, 135, 139, 140:
		if len(b) < 2 {
			return 8, true
		}
		return 8 + int(b[1])*8, true
	case 44:
		return 8, true
	}
	return 0, false
}

func (d decoder) fragment(p *packet, payload []byte, wire int) verdict {
	if d.convention == NDPI {
		if p.frag.offset != 0 {
			return isIgnored
		}
		return d.upper(p, payload, wire)
	}
	p.payload, p.payLen = payload, uint32(wire)
	return isFragment
}

// upper goes on after the IP header: into a tunnel if there is one that can be read, else to the transport header.
func (d decoder) upper(p *packet, b []byte, wire int) verdict {
	switch p.proto {
	case protoTCP:
		d.tcp(p, b, wire)
		return isPacket
	case protoUDP:
		return d.udp(p, b, wire)
	case protoICMP, protoICMPv6:
		d.icmp(p, b, wire)
		return isPacket
	case protoIPIP, protoIPv6, protoGRE, protoEther, protoMPLS:
		if v := d.tunnelled(p, b); v != isUnknown {
			return v
		}
	case protoSCTP, protoDCCP, protoUDPLit:
		if d.convention != NDPI && len(b) >= 4 {
			p.ports(b)
		}
	}
	p.payload, p.payLen = b, uint32(max(wire, 0))
	return isPacket
}

func (p *packet) ports(b []byte) {
	p.sport, p.dport = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
}

func (d decoder) tcp(p *packet, b []byte, wire int) {
	if d.convention == NDPI && wire < 20 {
		p.partial = true
		return
	}
	if len(b) >= 4 {
		p.ports(b)
	}
	if len(b) < 20 {
		p.partial = true
		p.payLen = uint32(max(wire-20, 0))
		return
	}
	p.seq, p.ack = binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])
	p.flags, p.window = b[13]&0x3f, binary.BigEndian.Uint16(b[14:])
	head := max(int(b[12]>>4)*4, 20)
	p.payLen = uint32(max(wire-head, 0))
	if head > len(b) {
		return
	}
	p.opts, p.payload = b[20:head], b[head:]
}

func (d decoder) udp(p *packet, b []byte, wire int) verdict {
	if len(b) >= 4 && (d.convention != NDPI || wire >= 8) {
		p.ports(b)
	}
	if len(b) < 8 {
		p.partial = true
		p.payLen = uint32(max(wire-8, 0))
		return isPacket
	}
	p.payload, p.payLen = b[8:], uint32(max(wire-8, 0))
	if n := int(binary.BigEndian.Uint16(b[4:])); n >= 8 && n-8 < len(p.payload) {
		p.payload, p.payLen = p.payload[:n-8], uint32(n-8)
	}
	return d.udpTunnel(p)
}

// counterpart maps the ICMP types that ask to the one that answers and back, as Zeek does, so that both make one flow.
var counterpart = [256]uint8{8: 1, 0: 9, 13: 15, 14: 14, 15: 17, 16: 16, 17: 19, 18: 18, 10: 10, 9: 11}

// counterpart6 is the same for ICMPv6 (RFC 4443, 4861, 2710, 4620).
var counterpart6 = [256]uint8{128: 130, 129: 129, 133: 135, 134: 134, 135: 137, 136: 136, 130: 132, 131: 131, 139: 141, 140: 140}

// icmp puts type and code, or type and counterpart, where other protocols have ports.
func (d decoder) icmp(p *packet, b []byte, wire int) {
	p.payload, p.payLen = b, uint32(max(wire, 0))
	if d.convention == NDPI || len(b) < 2 {
		return
	}
	table := &counterpart
	if p.proto == protoICMPv6 {
		table = &counterpart6
	}
	p.sport, p.dport = uint16(b[0]), uint16(b[1])
	if other := table[b[0]]; other != 0 { // kept plus one: 0 is none
		p.dport = uint16(other - 1)
	}
}
