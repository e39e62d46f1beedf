package flow

import (
	"encoding/binary"

	"github.com/mimawari/mimawari/internal/capture"
	"github.com/mimawari/mimawari/internal/model"
)

// LINKTYPE_ values (draft-ietf-opsawg-pcaplinktype).
const (
	linkNull     capture.LinkType = 0
	linkEthernet capture.LinkType = 1
	linkPPP      capture.LinkType = 9
	linkRawBSD   capture.LinkType = 12
	linkRawOBSD  capture.LinkType = 14
	linkPPPHDLC  capture.LinkType = 50
	linkPPPoE    capture.LinkType = 51
	linkRaw      capture.LinkType = 101
	linkCHDLC    capture.LinkType = 104
	linkWiFi     capture.LinkType = 105
	linkLoop     capture.LinkType = 108
	linkSLL      capture.LinkType = 113
	linkPrism    capture.LinkType = 119
	linkRadiotap capture.LinkType = 127
	linkAVS      capture.LinkType = 163
	linkPPI      capture.LinkType = 192
	linkIPv4     capture.LinkType = 228
	linkIPv6     capture.LinkType = 229
	linkSLL2     capture.LinkType = 276
)

// EtherTypes (IEEE, IANA).
const (
	etherIPv4   = 0x0800
	etherTEB    = 0x6558 // transparent Ethernet bridging
	etherVLAN   = 0x8100
	etherIPv6   = 0x86dd
	etherPPP    = 0x880b
	etherMPLS   = 0x8847
	etherMPLSm  = 0x8848
	etherPPPoE  = 0x8864
	etherQinQ   = 0x88a8
	etherERSPAN = 0x88be
	etherERSP3  = 0x22eb
	etherOldQ   = 0x9100
	etherMin    = 1536 // below: an IEEE 802.3 length
)

// decoder reads headers. It holds no state between packets.
type decoder struct{ convention Convention }

// decode reads a frame into p, which it overwrites.
func (d decoder) decode(f *capture.Frame, p *packet) verdict {
	*p = packet{at: f.At, count: 1}
	if n := uint32(len(f.Data)); f.Wire > n {
		p.cut = f.Wire - n
	}
	if f.Link == linkEthernet {
		return d.ethernet(p, f.Data)
	}
	return d.otherLink(p, f.Link, f.Data)
}

func (d decoder) ethernet(p *packet, b []byte) verdict {
	if len(b) < 14 {
		return isUnknown
	}
	p.dstMAC = model.MAC(b[:6])
	p.srcMAC = model.MAC(b[6:12])
	return d.network(p, binary.BigEndian.Uint16(b[12:]), b[14:])
}

func (d decoder) otherLink(p *packet, link capture.LinkType, b []byte) verdict {
	switch link {
	case linkRaw, linkRawBSD, linkRawOBSD, linkIPv4, linkIPv6:
		return d.ip(p, b)
	case linkSLL:
		return d.sll(p, b)
	case linkSLL2:
		return d.sll2(p, b)
	case linkNull, linkLoop:
		if len(b) < 5 {
			return isUnknown
		}
		return d.ip(p, b[4:]) // the address family differs between systems (2; 10, 24, 28, 30): the version says it too
	case linkPPP, linkPPPHDLC:
		return d.ppp(p, b)
	case linkCHDLC:
		return d.ciscoHDLC(p, b)
	case linkPPPoE:
		return d.pppoe(p, b)
	case linkWiFi, linkRadiotap, linkPrism, linkAVS, linkPPI:
		return isWiFi
	}
	return isUnknown
}

// sll is "Linux cooked" v1: packet type, ARPHRD, address length, address (8), protocol.
func (d decoder) sll(p *packet, b []byte) verdict {
	if len(b) < 16 {
		return isUnknown
	}
	if binary.BigEndian.Uint16(b[4:]) == 6 {
		p.srcMAC = model.MAC(b[6:12])
	}
	return d.network(p, binary.BigEndian.Uint16(b[14:]), b[16:])
}

// sll2 is v2: protocol, reserved, interface index (4), ARPHRD, packet type, address length, address (8).
func (d decoder) sll2(p *packet, b []byte) verdict {
	if len(b) < 20 {
		return isUnknown
	}
	if b[11] == 6 {
		p.srcMAC = model.MAC(b[12:18])
	}
	return d.network(p, binary.BigEndian.Uint16(b), b[20:])
}

// ppp is RFC 1662 with or without address and control field, or Cisco HDLC, which shares the link type.
func (d decoder) ppp(p *packet, b []byte) verdict {
	if len(b) >= 4 && (b[0] == 0x0f || b[0] == 0x8f) && b[1] == 0 {
		return d.ciscoHDLC(p, b)
	}
	if len(b) >= 2 && b[0] == 0xff && b[1] == 3 {
		b = b[2:]
	}
	if len(b) >= 1 && b[0]&1 != 0 { // RFC 1661 section 6.5: compressed protocol field
		return d.pppProtocol(p, uint16(b[0]), b[1:])
	}
	if len(b) < 2 {
		return isUnknown
	}
	return d.pppProtocol(p, binary.BigEndian.Uint16(b), b[2:])
}

func (d decoder) pppProtocol(p *packet, typ uint16, b []byte) verdict {
	switch typ {
	case 0x21:
		return d.ipv4(p, b)
	case 0x57:
		return d.ipv6(p, b)
	case 0x281:
		return d.mpls(p, b)
	}
	p.typ, p.payload = etherPPP, b
	return isFrame
}

func (d decoder) ciscoHDLC(p *packet, b []byte) verdict {
	if len(b) < 4 {
		return isUnknown
	}
	return d.network(p, binary.BigEndian.Uint16(b[2:]), b[4:])
}

// pppoe is a session frame (RFC 2516): version and type, code, session, length, PPP.
func (d decoder) pppoe(p *packet, b []byte) verdict {
	if len(b) < 8 || b[0] != 0x11 || b[1] != 0 {
		p.typ, p.payload = etherPPPoE, b
		return isFrame
	}
	if !p.via(tunnelPPPoE) {
		return isUnknown
	}
	if n := int(binary.BigEndian.Uint16(b[4:])); n >= 2 && n < len(b)-6 {
		b = b[:6+n]
	}
	return d.ppp(p, b[6:])
}

// network goes on after the link header: tags, then what the EtherType says.
func (d decoder) network(p *packet, typ uint16, b []byte) verdict {
	for range 8 {
		switch typ {
		case etherIPv4:
			return d.ipv4(p, b)
		case etherIPv6:
			return d.ipv6(p, b)
		case etherVLAN, etherQinQ, etherOldQ:
			if len(b) < 4 {
				return isUnknown
			}
			if id := binary.BigEndian.Uint16(b) & 0xfff; id != 0 { // 0 is a priority tag
				p.vlan = id
			}
			typ, b = binary.BigEndian.Uint16(b[2:]), b[4:]
			continue
		case etherMPLS, etherMPLSm:
			return d.mpls(p, b)
		case etherPPPoE:
			return d.pppoe(p, b)
		}
		if typ < etherMin {
			return d.llc(p, typ, b)
		}
		p.typ, p.payload = typ, b
		return isFrame
	}
	return isUnknown
}

// llc is an IEEE 802.3 frame: SNAP with an EtherType goes on, everything else is shown as it is.
func (d decoder) llc(p *packet, length uint16, b []byte) verdict {
	if int(length) < len(b) && length >= 3 {
		b = b[:length]
	}
	if len(b) >= 8 && b[0] == 0xaa && b[1] == 0xaa && b[2] == 3 && b[3]|b[4]|b[5] == 0 {
		if typ := binary.BigEndian.Uint16(b[6:]); typ >= etherMin {
			return d.network(p, typ, b[8:])
		}
	}
	p.typ, p.payload = length, b
	return isFrame
}

// mpls skips the label stack (RFC 3032). What follows is not named: the IP version tells, or a pseudowire with control word.
func (d decoder) mpls(p *packet, b []byte) verdict {
	whole := b
	for range 16 {
		if len(b) < 4 {
			return isUnknown
		}
		bottom := b[2]&1 != 0
		b = b[4:]
		if !bottom {
			continue
		}
		if v := d.pseudowire(p, b); v != isUnknown {
			return v
		}
		break
	}
	p.typ, p.payload = etherMPLS, whole
	return isFrame
}

func (d decoder) pseudowire(p *packet, b []byte) verdict {
	if len(b) == 0 {
		return isUnknown
	}
	was := *p
	if !p.via(tunnelMPLS) {
		return isUnknown
	}
	if b[0]>>4 == 4 || b[0]>>4 == 6 {
		return d.ip(p, b)
	}
	if b[0]>>4 == 0 && len(b) > 18 { // RFC 4448 control word, then Ethernet
		if v := d.ethernet(p, b[4:]); v == isPacket || v == isFragment {
			return v
		}
	}
	*p = was
	return isUnknown
}

func (d decoder) ip(p *packet, b []byte) verdict {
	if len(b) == 0 {
		return isUnknown
	}
	switch b[0] >> 4 {
	case 4:
		return d.ipv4(p, b)
	case 6:
		return d.ipv6(p, b)
	}
	return isUnknown
}
