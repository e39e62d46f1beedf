package vpn

import (
	"bytes"
	"encoding/binary"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// l2tp decodes one message of L2TP version 2 (RFC 2661, 3.1).
func l2tp(c *dissect.Ctx, b []byte) dissect.Verdict {
	if len(b) < 6 || b[1]&0x0f != 2 || b[0]&0x34 != 0 {
		return dissect.No
	}
	if b[0]&0x80 == 0 { // data
		return dissect.Yes
	}
	if len(b) < 12 || b[0]&0xc8 != 0xc8 || int(binary.BigEndian.Uint16(b[2:])) != len(b) {
		return dissect.No
	}
	if c.ToServer {
		c.SayTo(model.VPNClient, "l2tp")
	} else {
		c.Say(model.VPNService, "l2tp")
	}
	return dissect.Yes
}

// PPTP control messages (RFC 2637, 2).
const (
	pptpMagic   = 0x1a2b3c4d
	pptpHeader  = 12
	pptpRequest = 1
	pptpReply   = 2
)

func matchPPTP(_ *dissect.Ctx, b []byte) dissect.Verdict {
	if len(b) < 8 {
		return dissect.Maybe
	}
	if binary.BigEndian.Uint32(b[4:]) != pptpMagic || b[2] != 0 || b[3] != 1 && b[3] != 2 {
		return dissect.No
	}
	return dissect.Yes
}

type pptpStream struct{}

// Data reads the start of the control connection; the data goes in GRE beside it.
func (pptpStream) Data(c *dissect.Ctx, b []byte) (int, bool) {
	if len(b) < pptpHeader {
		return 0, true
	}
	n := max(int(binary.BigEndian.Uint16(b)), pptpHeader) // may reach beyond b: the rest is skipped
	switch binary.BigEndian.Uint16(b[8:]) {
	case pptpRequest:
		c.SayTo(model.VPNClient, "pptp")
		return n, true
	case pptpReply:
		c.SayAt(model.VPNService, "pptp")
	}
	return n, false
}

func (pptpStream) Gap(*dissect.Ctx, int) bool { return false }

// teredo decodes one datagram of Teredo (RFC 4380, 5.1.1): optional authentication and origin headers, then IPv6.
func teredo(c *dissect.Ctx, b []byte) dissect.Verdict {
	if len(b) > 4 && b[0] == 0 && b[1] == 1 { // authentication: client id and value lengths, 8 bytes nonce, 1 confirmation
		b = b[min(len(b), 4+int(b[2])+int(b[3])+9):]
	}
	if len(b) > 8 && b[0] == 0 && b[1] == 0 { // origin indication
		b = b[8:]
	}
	if len(b) < 40 || b[0]>>4 != 6 || int(binary.BigEndian.Uint16(b[4:]))+40 > len(b) {
		return dissect.No
	}
	c.SayTo(model.Tunnel, "teredo")
	return dissect.Yes
}

// softEther tells the keep-alive that every SoftEther client and server sends, and its NAT traversal: packs of named
// values to the traversal server, and its answer with the outside address (SoftEther VPN source, Mayaqua/Network.c: the
// texts are part of the protocol).
func softEther(c *dissect.Ctx, b []byte) dissect.Verdict {
	switch {
	case bytes.HasPrefix(b, []byte("Internet-Connection-Keep-Alive-Packet")), traversal(b):
		if c.ToServer {
			c.SayTo(model.VPNClient, "softether")
		}
		return dissect.Yes
	case len(b) < 64 && bytes.HasPrefix(b, []byte("IP=")) && bytes.Contains(b, []byte(",PORT=")):
		c.SayOf(model.VPNClient, "softether")
		return dissect.Yes
	}
	return dissect.No
}

// traversal tells a pack: number of values, then name length plus one and name of the first, and a name that only
// SoftEther uses.
func traversal(b []byte) bool {
	if len(b) < 32 || b[0]|b[1]|b[2] != 0 || b[3] == 0 || b[4]|b[5]|b[6] != 0 || b[7] == 0 || b[7] > 32 {
		return false
	}
	for _, name := range [...]string{"machine_key", "my_port", "get_token", "nat_traversal_version"} {
		if bytes.Contains(b, []byte(name)) {
			return true
		}
	}
	return false
}

// gtp recognises GTP version 1 and 2 and GTP' by their length field (3GPP TS 29.281 5.1, 29.274 5.1, 32.295 6).
func gtp(_ *dissect.Ctx, b []byte) dissect.Verdict {
	if len(b) < 8 {
		return dissect.No
	}
	n := int(binary.BigEndian.Uint16(b[2:]))
	switch {
	case b[0]>>5 == 1 && n+8 == len(b), b[0]>>5 == 2 && n+4 == len(b),
		b[0]&0x10 == 0 && b[0]>>5 <= 2 && (n+6 == len(b) || n+20 == len(b)):
		return dissect.Yes
	}
	return dissect.No
}

// vxlan recognises RFC 7348, 5: flag I set, reserved bits zero, an Ethernet frame behind.
func vxlan(c *dissect.Ctx, b []byte) dissect.Verdict {
	if len(b) < 8+14 || b[0] != 0x08 || b[1]|b[2]|b[3]|b[7] != 0 {
		return dissect.No
	}
	c.SayTo(model.Tunnel, "vxlan")
	return dissect.Yes
}
