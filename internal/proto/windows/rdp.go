package windows

import (
	"bytes"
	"encoding/binary"
	"strconv"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// X.224 codes in a TPKT (RFC 1006, ITU-T X.224).
const (
	x224Request = 0xe0
	x224Confirm = 0xd0
	x224Data    = 0xf0
	tpktHeader  = 4
)

// Protocols that an RDP server may choose (MS-RDPBCGR 2.2.1.1.1), and reasons for which it refuses (2.2.1.2.2).
const (
	rdpPlain   = 0
	rdpTLS     = 1
	rdpCredSSP = 2
	rdpRDSTLS  = 4
	rdpHybrid  = 8

	rdpNeedsTLS     = 1
	rdpNeedsCredSSP = 5
)

// tpkt reads a TPKT header: the packet's length, 0 if b is too short, -1 if it is none.
func tpkt(b []byte) int {
	if b[0] != 3 || len(b) > 1 && b[1] != 0 {
		return -1
	}
	if len(b) < tpktHeader {
		return 0
	}
	if n := int(binary.BigEndian.Uint16(b[2:])); n >= 7 {
		return n
	}
	return -1
}

// matchRDP wants a connection request with a cookie, a token or a protocol negotiation, or the confirm of one. Requests with none are
// RDP only on its port: S7 and other users of X.224 look the same.
func matchRDP(c *dissect.Ctx, b []byte) dissect.Verdict {
	n := tpkt(b)
	if n < 0 {
		return dissect.No
	}
	if n == 0 || len(b) < min(n, 19) {
		return dissect.Maybe
	}
	if n < 11 || int(b[4]) != n-5 {
		return dissect.No
	}
	rest := b[11:min(n, len(b))]
	home := c.DstPort == 3389 || c.SrcPort == 3389
	switch {
	case b[5] != x224Request && b[5] != x224Confirm:
	case len(rest) == 0 && home && b[10] == 0:
		return dissect.Yes
	case bytes.HasPrefix(rest, []byte("Cookie: ")), home && b[5] == x224Request && len(rest) > 8:
		return dissect.Yes
	case len(rest) >= 8 && rest[0] >= 1 && rest[0] <= 3 && rest[2] == 8 && rest[3] == 0:
		return dissect.Yes
	}
	return dissect.No
}

// rdp decodes one connection up to the client's settings, or to where TLS begins.
type rdp struct{ seen int }

// Data implements dissect.Stream.
func (s *rdp) Data(c *dissect.Ctx, b []byte) (int, bool) {
	off := 0
	for off < len(b) {
		m := b[off:]
		n := tpkt(m)
		switch {
		case n < 0 || s.seen > 8:
			return off, false
		case n == 0 || n > len(m) && n <= dissect.MaxPending:
			return off, true
		}
		s.seen++
		off += n
		if !s.packet(c, m[tpktHeader:min(n, len(m))]) {
			return off, false
		}
	}
	return off, true
}

// Gap implements dissect.Stream.
func (s *rdp) Gap(*dissect.Ctx, int) bool { return false }

func (s *rdp) packet(c *dissect.Ctx, b []byte) bool {
	switch {
	case len(b) < 3:
		return false
	case b[1] == x224Confirm:
		return s.confirm(c, b)
	case b[1] == x224Data && c.ToServer:
		return !clientCore(c, b[3:])
	}
	return true
}

// confirm records what the server chose. With anything but plain RDP the next bytes are TLS.
func (s *rdp) confirm(c *dissect.Ctx, b []byte) bool {
	choice := "rdp"
	if neg := span(b, 7, 8); neg != nil {
		v := l32(neg, 4)
		switch {
		case neg[0] == 2 && v == rdpTLS, neg[0] == 3 && v == rdpNeedsTLS:
			choice = "tls"
		case neg[0] == 2 && v&(rdpCredSSP|rdpHybrid) != 0, neg[0] == 3 && v == rdpNeedsCredSSP:
			choice = "credssp"
		case neg[0] == 2 && v == rdpRDSTLS:
			choice = "rdstls"
		}
		c.Handover = neg[0] == 2 && v != rdpPlain
	}
	c.SayAt(model.RDPServer, choice)
	c.Fact(model.RDPServer, choice)
	return !c.Handover
}

// clientCore finds the client's core data in an MCS Connect-Initial (MS-RDPBCGR 2.2.1.3.2): after the key "Duca" of
// the conference request and a PER length come blocks, the first of which holds build and name.
func clientCore(c *dissect.Ctx, b []byte) bool {
	i := bytes.Index(b[:min(len(b), 1024)], []byte("Duca"))
	if i < 0 {
		return false
	}
	r := dissect.Read(b[i+4:])
	if r.U8()&0x80 != 0 {
		r.Skip(1)
	}
	if typ, n := r.L16(), int(r.L16()); typ != 0xc001 || n < 60 {
		return true
	}
	r.Skip(4 + 2 + 2 + 2 + 2 + 4)
	build := r.L32()
	name := r.Bytes(32)
	if r.Short {
		return true
	}
	if s := wide(name); s != "" {
		c.Say(model.NameRDP, s)
	}
	if build > 0 && build < 1<<20 {
		c.Say(model.RDPClient, systemOfBuild(int(build)))
	}
	return true
}

// systemOfBuild puts the version before a Windows build number.
func systemOfBuild(build int) string {
	v := ""
	switch {
	case build >= 10240:
		v = "10.0."
	case build == 9600:
		v = "6.3."
	case build == 9200:
		v = "6.2."
	case build == 7600 || build == 7601:
		v = "6.1."
	case build >= 6000 && build <= 6003:
		v = "6.0."
	case build == 3790:
		v = "5.2."
	case build == 2600:
		v = "5.1."
	case build == 2195:
		v = "5.0."
	}
	return v + strconv.Itoa(build)
}

// rdpDatagram recognises the SYN of RDP-UDP (MS-RDPEUDP 2.2.2.1): no acknowledgement yet, flag SYN, padded to the MTU.
func rdpDatagram(c *dissect.Ctx, b []byte) dissect.Verdict {
	if len(b) >= 1100 && len(b) <= 1500 && bytes.HasPrefix(b, []byte{0xff, 0xff, 0xff, 0xff}) && b[6]&0xe0 == 0 && b[7]&1 != 0 {
		return dissect.Yes
	}
	return dissect.No
}
