package vpn

import (
	"encoding/binary"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// WireGuard message types and their exact lengths (Donenfeld, "WireGuard", NDSS 2017, section 5.4).
const (
	wgInitiation  = 1
	wgResponse    = 2
	wgCookie      = 3
	wgData        = 4
	wgInitLen     = 148
	wgResponseLen = 92
	wgCookieLen   = 64
	wgDataMin     = 32
)

// wireGuard decodes one datagram. Handshakes are told anywhere; data alone only on the usual port.
func wireGuard(c *dissect.Ctx, b []byte) dissect.Verdict {
	if len(b) < wgDataMin || b[1]|b[2]|b[3] != 0 {
		return dissect.No
	}
	return handshake(c, b, "wireguard")
}

// warp is Cloudflare's variant: the reserved bytes carry a client id (developers.cloudflare.com, WARP with firewall: UDP 2408).
func warp(c *dissect.Ctx, b []byte) dissect.Verdict {
	if len(b) < wgDataMin {
		return dissect.No
	}
	return handshake(c, b, "warp")
}

func handshake(c *dissect.Ctx, b []byte, name string) dissect.Verdict {
	switch {
	case b[0] == wgInitiation && len(b) == wgInitLen:
		c.SayTo(model.VPNClient, name)
	case b[0] == wgResponse && len(b) == wgResponseLen:
		c.Say(model.VPNService, name)
	case b[0] == wgCookie && len(b) == wgCookieLen:
	case b[0] == wgData && len(b)%16 == 0 && home(c, 51820, 2408):
		sayData(c, name)
	default:
		return dissect.No
	}
	return dissect.Yes
}

// sayData takes the side with the usual port for the server: the handshake was not captured.
func sayData(c *dissect.Ctx, name string) {
	switch {
	case c.DstPort == 51820 || c.DstPort == 2408:
		c.SayTo(model.VPNClient, name)
	default:
		c.Say(model.VPNService, name)
	}
}

func home(c *dissect.Ctx, ports ...uint16) bool {
	for _, p := range ports {
		if c.SrcPort == p || c.DstPort == p {
			return true
		}
	}
	return false
}

// tailscale tells the discovery messages between peers by their magic, "TS" and a speech bubble (tailscale.com, disco).
func tailscale(c *dissect.Ctx, b []byte) dissect.Verdict {
	const magic = "TS\xf0\x9f\x92\xac"
	if len(b) < len(magic)+32 || string(b[:len(magic)]) != magic {
		return dissect.No
	}
	c.SayTo(model.VPNClient, "tailscale")
	return dissect.Yes
}

// zeroTier tells the HELLO that opens a session: not encrypted, verb 1, a protocol version (ZeroTier's Packet.hpp, public
// protocol description: id 8, destination 5, source 5, flags 1, MAC 8, verb 1, version 1).
func zeroTier(c *dissect.Ctx, b []byte) dissect.Verdict {
	if len(b) < 30 || b[18]&0x38 != 0 || b[27]&0x1f != 1 || b[28] < 4 || b[28] > 20 {
		return dissect.No
	}
	c.SayTo(model.VPNClient, "zerotier")
	return dissect.Yes
}

// stunCookie is the magic cookie of RFC 8489, 5.
const stunCookie = 0x2112a442

// stun accepts messages with the cookie anywhere, and on its ports those of RFC 3489, which had none.
func stun(c *dissect.Ctx, b []byte) dissect.Verdict {
	if len(b) < 20 || b[0]&0xc0 != 0 || int(binary.BigEndian.Uint16(b[2:]))+20 != len(b) || len(b)%4 != 0 {
		return dissect.No
	}
	if binary.BigEndian.Uint32(b[4:]) == stunCookie {
		return dissect.Yes
	}
	method := binary.BigEndian.Uint16(b) &^ 0x0110
	if !home(c, 3478, 3479) || method != 1 && method != 2 || !attributes(b[20:]) {
		return dissect.No
	}
	return dissect.Yes
}

// attributes checks that the attributes fill the message; RFC 3489 knows no padding but all its lengths are even words.
func attributes(b []byte) bool {
	r := dissect.Read(b)
	for r.Len() > 0 {
		r.Skip(2)
		r.Skip((int(r.U16()) + 3) &^ 3)
	}
	return !r.Short
}

type stunStream struct{}

// matchSTUN looks at the first message; TCP may carry it after a length of two bytes (RFC 4571).
func matchSTUN(_ *dissect.Ctx, b []byte) dissect.Verdict {
	if len(b) < 10 {
		return dissect.Maybe
	}
	for _, m := range [...][]byte{b, b[2:]} {
		n := binary.BigEndian.Uint16(m[2:])
		if m[0]&0xc0 == 0 && n%4 == 0 && binary.BigEndian.Uint32(m[4:]) == stunCookie {
			return dissect.Yes
		}
	}
	return dissect.No
}

func (stunStream) Data(_ *dissect.Ctx, b []byte) (int, bool) { return len(b), false }
func (stunStream) Gap(*dissect.Ctx, int) bool                { return false }
