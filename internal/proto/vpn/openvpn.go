package vpn

import (
	"encoding/binary"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// OpenVPN packet types, in the upper five bits of the first byte (OpenVPN's protocol documentation, ssl_pkt.h).
const (
	resetClient1 = 1
	resetServer1 = 2
	softReset    = 3
	control      = 4
	ackOnly      = 5
	data1        = 6
	resetClient2 = 7
	resetServer2 = 8
	data2        = 9
	resetClient3 = 10

	sessionLen = 8
)

// hmacSizes are the lengths of a tls-auth digest: none, MD5, SHA1, SHA256, SHA512.
var hmacSizes = [...]int{0, 16, 20, 32, 64}

// openVPN decodes one datagram. The resets that open a session are told anywhere; the rest only on the usual port.
func openVPN(c *dissect.Ctx, b []byte) dissect.Verdict {
	switch resetKind(b) {
	case resetClient2:
		c.SayTo(model.VPNClient, "openvpn")
		return dissect.Yes
	case resetServer2:
		c.Say(model.VPNService, "openvpn")
		return dissect.Yes
	}
	if (c.SrcPort == 1194 || c.DstPort == 1194) && later(b) {
		return dissect.Yes
	}
	return dissect.No
}

// later accepts control, acknowledgement and data packets by their type and least length.
func later(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	switch b[0] >> 3 {
	case softReset, control, ackOnly:
		return len(b) >= 1+sessionLen+1+4
	case data1, data2:
		return len(b) >= 24
	}
	return false
}

// resetKind tells whether b is a hard reset of the client (resetClient2) or server (resetServer2), 0 if neither. Key id is
// 0 in a reset, and the numbers in it are the first of the session, which makes the format strong whatever the digest.
func resetKind(b []byte) int {
	if len(b) < 14 || b[0]&7 != 0 || binary.BigEndian.Uint64(b[1:]) == 0 {
		return 0
	}
	switch b[0] >> 3 {
	case resetClient1, resetClient2:
		if plainReset(b, false) || tlsCrypt(b) {
			return resetClient2
		}
	case resetClient3: // tls-crypt-v2: the wrapped client key follows
		if len(b) >= 54+290 && tlsCrypt(b) {
			return resetClient2
		}
	case resetServer1, resetServer2:
		if plainReset(b, true) || tlsCrypt(b) {
			return resetServer2
		}
	}
	return 0
}

// plainReset checks the layout without encryption: session, [digest, packet id 1, time], acknowledgements, message id 0.
// A server acknowledges message 0 and repeats the client's session.
func plainReset(b []byte, server bool) bool {
	tail := b[1+sessionLen:]
	for _, h := range &hmacSizes {
		rest := tail
		if h > 0 {
			if len(tail) < h+8 || !firstID(tail[h:]) {
				continue
			}
			rest = tail[h+8:]
		}
		if resetBody(rest, server) {
			return true
		}
	}
	return false
}

func resetBody(b []byte, server bool) bool {
	if !server {
		return len(b) == 5 && b[0] == 0 && binary.BigEndian.Uint32(b[1:]) == 0
	}
	return len(b) == 17 && b[0] == 1 && binary.BigEndian.Uint32(b[1:]) == 0 && binary.BigEndian.Uint32(b[13:]) == 0
}

// firstID checks the replay protection: packet id 1 and a time between 2001 and 2065.
func firstID(b []byte) bool {
	return len(b) >= 8 && binary.BigEndian.Uint32(b)&^0x0f000000 == 1 && binary.BigEndian.Uint32(b[4:]) > 1e9 &&
		binary.BigEndian.Uint32(b[4:]) < 3e9
}

// tlsCrypt checks the layout with encrypted control packets: session, packet id, time, digest of 32 bytes, ciphertext.
func tlsCrypt(b []byte) bool {
	return len(b) >= 1+sessionLen+8+32+5 && firstID(b[1+sessionLen:])
}

// openVPNStream is OpenVPN over TCP: packets with a length of two bytes before each.
type openVPNStream struct{ client, server bool }

func matchOpenVPN(c *dissect.Ctx, b []byte) dissect.Verdict {
	if len(b) < 3 {
		return dissect.Maybe
	}
	n := int(binary.BigEndian.Uint16(b))
	typ := b[2] >> 3
	if n < 14 || n > 1500 || b[2]&7 != 0 || typ != resetClient2 && typ != resetServer2 && typ != resetClient3 {
		return dissect.No
	}
	if len(b) < 2+n {
		return dissect.Maybe
	}
	if resetKind(b[2:2+n]) == 0 {
		return dissect.No
	}
	return dissect.Yes
}

// Data reads the first packet of each side: nothing after it is readable.
func (s *openVPNStream) Data(c *dissect.Ctx, b []byte) (int, bool) {
	if len(b) < 2 {
		return 0, true
	}
	n := 2 + int(binary.BigEndian.Uint16(b))
	if len(b) < n {
		return 0, n <= dissect.MaxPending
	}
	switch resetKind(b[2:n]) {
	case resetClient2:
		c.SayTo(model.VPNClient, "openvpn")
		s.client = true
	case resetServer2:
		c.SayAt(model.VPNService, "openvpn")
		s.server = true
	default:
		return n, false
	}
	return n, !s.client || !s.server
}

func (*openVPNStream) Gap(*dissect.Ctx, int) bool { return false }
