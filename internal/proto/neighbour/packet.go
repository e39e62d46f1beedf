package neighbour

import (
	"net/netip"
	"strconv"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// IP protocol numbers (IANA).
const (
	ipICMP   = 1
	ipIGMP   = 2
	ipIPIP   = 4
	ip6in4   = 41
	ipGRE    = 47
	ipESP    = 50
	ipAH     = 51
	ipICMPv6 = 58
	ipOSPF   = 89
	ipVRRP   = 112
	ipSCTP   = 132
)

// Packet decodes an IP payload that is neither TCP nor UDP and says what it is.
func Packet(c *dissect.Ctx, ipProto uint8, b []byte) dissect.App {
	switch ipProto {
	case ipICMP:
		return dissect.ICMPApp
	case ipICMPv6:
		icmp6(c, b)
		return dissect.ICMPApp
	case ipIGMP:
		if len(b) >= 8 && b[0] == 0x11 { // membership query: a router or a switch in its place
			c.Say(model.LinkCount, "igmp_querier")
		}
		return dissect.IGMP
	case ipOSPF:
		c.Say(model.LinkCount, "ospf")
		return dissect.OSPF
	case ipVRRP:
		return vrrp(c, b)
	case ipSCTP:
		return dissect.SCTP
	}
	return tunnel(c, ipProto)
}

// tunnel names encapsulations that the layers below did not take off.
func tunnel(c *dissect.Ctx, ipProto uint8) dissect.App {
	switch ipProto {
	case ipGRE:
		c.SayTo(model.Tunnel, "gre")
		return dissect.GRE
	case ipESP:
		c.SayTo(model.Tunnel, "esp")
		return dissect.ESP
	case ipAH:
		c.SayTo(model.Tunnel, "ah")
		return dissect.AH
	case ipIPIP:
		c.SayTo(model.Tunnel, "ipip")
	case ip6in4:
		c.SayTo(model.Tunnel, "6in4")
	}
	return dissect.Unknown
}

// vrrp accepts advertisements of versions 2 and 3 (RFC 9568, 5.1).
func vrrp(c *dissect.Ctx, b []byte) dissect.App {
	if len(b) >= 8 && (b[0] == 0x21 || b[0] == 0x31) {
		c.Say(model.LinkCount, "vrrp")
	}
	return dissect.VRRP
}

// ICMPv6 types and options of RFC 4861; option 25 is RFC 8106.
const (
	ndRS = 133
	ndRA = 134
	ndNS = 135
	ndNA = 136

	ndOptSource = 1
	ndOptTarget = 2
	ndOptPrefix = 3
	ndOptDNS    = 25

	maxNDOptions = 32
)

// icmp6 decodes neighbour discovery. A sender without address (duplicate address detection) claims nothing.
func icmp6(c *dissect.Ctx, b []byte) {
	if len(b) < 8 || b[1] != 0 {
		return
	}
	switch {
	case b[0] == ndRS:
		bindSource(c, b[8:])
	case b[0] == ndRA && len(b) >= 16:
		bindSource(c, b[16:])
		advert(c, b)
	case b[0] == ndNS && len(b) >= 24:
		bindSource(c, b[24:])
	case b[0] == ndNA && len(b) >= 24:
		if mac, ok := linkOption(b[24:], ndOptTarget); ok {
			c.Bind(model.BindNDP, mac, netip.AddrFrom16([16]byte(b[8:24])))
		}
	}
}

func bindSource(c *dissect.Ctx, opts []byte) {
	if mac, ok := linkOption(opts, ndOptSource); ok {
		c.Bind(model.BindNDP, mac, c.Src)
	}
}

func linkOption(opts []byte, want byte) (model.MAC, bool) {
	r := dissect.Read(opts)
	for range maxNDOptions {
		typ, body := ndOption(&r)
		if body == nil {
			break
		}
		if typ == want && len(body) == 6 {
			return model.MAC(body), true
		}
	}
	return model.MAC{}, false
}

// ndOption takes the next option; lengths are in units of 8 bytes, header included. The body is nil at the end.
func ndOption(r *dissect.Reader) (byte, []byte) {
	typ, n := r.U8(), int(r.U8())*8-2
	if n <= 0 {
		return 0, nil
	}
	return typ, r.Bytes(n)
}

// advert records a router that offers itself as the default router (lifetime > 0), with its prefixes and flags
// (RFC 4861, 4.2: M managed, O other configuration by DHCPv6).
func advert(c *dissect.Ctx, b []byte) {
	life := uint64(b[6])<<8 | uint64(b[7])
	if life == 0 {
		return
	}
	v := prefixes(c.Scratch(), b[16:])
	v = strconv.AppendUint(append(v, " lifetime="...), life, 10)
	if b[5]&0xc0 != 0 {
		v = append(v, " flags="...)
		if b[5]&0x80 != 0 {
			v = append(v, 'M')
		}
		if b[5]&0x40 != 0 {
			v = append(v, 'O')
		}
	}
	c.Say(model.RouterAdvert, dissect.View(v))
}

func prefixes(v, opts []byte) []byte {
	r := dissect.Read(opts)
	for range maxNDOptions {
		typ, body := ndOption(&r)
		if body == nil || len(v) > 200 {
			break
		}
		if typ != ndOptPrefix || len(body) < 30 || body[0] > 128 {
			continue
		}
		if len(v) > 0 {
			v = append(v, ',')
		}
		v = netip.PrefixFrom(netip.AddrFrom16([16]byte(body[14:30])), int(body[0])).AppendTo(v)
	}
	return v
}

// addr4 reads an IPv4 address; the zero address is given as none.
func addr4(b []byte) netip.Addr {
	if len(b) != 4 || b[0]|b[1]|b[2]|b[3] == 0 {
		return netip.Addr{}
	}
	return netip.AddrFrom4([4]byte(b))
}
