package tls

import (
	"encoding/binary"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// Record types (RFC 8446 section 5.1) and handshake message types (section 4).
const (
	recChangeCipher = 20
	recAlert        = 21
	recHandshake    = 22
	recData         = 23
	recHeartbeat    = 24

	msgClientHello = 1
	msgServerHello = 2
	msgCertificate = 11
	msgServerDone  = 14
)

const (
	recHeader = 5
	msgHeader = 4
	maxRecord = 1<<14 + 2048
	// maxMessage is the longest handshake message that is waited for; with its record headers it fits what the engine holds.
	maxMessage = dissect.MaxPending - 512
)

func record(b []byte) (typ byte, n int, ok bool) {
	typ, n = b[0], int(binary.BigEndian.Uint16(b[3:]))
	return typ, n, typ >= recChangeCipher && typ <= recHeartbeat && b[1] == 3 && b[2] <= 4 && n <= maxRecord
}

// match says Yes to a hello of either side, and to a run of well-formed records (a connection seen from the middle).
func match(c *dissect.Ctx, b []byte) dissect.Verdict {
	if isSSL2(c, b) {
		return dissect.Yes
	}
	if b[0] < recChangeCipher || b[0] > recHeartbeat || len(b) > 1 && b[1] != 3 {
		return dissect.No
	}
	if len(b) < recHeader+1 {
		return dissect.Maybe
	}
	typ, n, ok := record(b)
	if !ok || n == 0 {
		return dissect.No
	}
	if typ == recHandshake {
		return matchHandshake(b[recHeader:], n)
	}
	return matchChain(b)
}

func matchHandshake(b []byte, n int) dissect.Verdict {
	if b[0] != msgClientHello && b[0] != msgServerHello && b[0] != 0 {
		return dissect.No
	}
	if n < msgHeader && b[0] != msgClientHello {
		return dissect.No
	}
	if len(b) >= 2 && b[1] != 0 { // no hello has 64 kB
		return dissect.No
	}
	if len(b) >= 6 && b[0] != 0 && n >= 6 && b[4] != 3 && b[4] != 0x7f {
		return dissect.No
	}
	return dissect.Yes
}

// matchChain follows record headers to the exact end of b, or at least over two of them.
func matchChain(b []byte) dissect.Verdict {
	for seen := 0; ; seen++ {
		if len(b) == 0 || len(b) < recHeader && seen >= 2 {
			return dissect.Yes
		}
		if len(b) < recHeader {
			return dissect.Maybe
		}
		typ, n, ok := record(b)
		if !ok || n == 0 || typ == recAlert && n != 2 && n < 16 || typ == recChangeCipher && n != 1 {
			return dissect.No
		}
		if n+recHeader > len(b) {
			if seen >= 1 {
				return dissect.Yes
			}
			return dissect.Maybe
		}
		b = b[recHeader+n:]
	}
}

// stream decodes the records of one connection up to the point where nothing readable follows.
type stream struct {
	left   [2]int // payload bytes left of the handshake record that a direction is in
	closed [2]bool
	passed int // bytes shown of closed directions
	certs  *certificates
}

// maxPassed is how long a closed direction waits for the other one, which may not be in the capture at all.
const maxPassed = 32 << 10

// Data implements dissect.Stream.
func (s *stream) Data(c *dissect.Ctx, b []byte) (int, bool) {
	side := 0
	if c.ToServer {
		side = 1
	}
	if s.closed[side] {
		s.passed += len(b)
		return len(b), s.passed < maxPassed
	}
	if s.left[side] == 0 && isSSL2(c, b) {
		return s.ssl2(c, b)
	}
	off := 0
	for off < len(b) {
		n, more := s.step(c, side, b[off:])
		if !more {
			return len(b), s.end(side)
		}
		if n == 0 {
			break
		}
		off += n
	}
	return off, true
}

// Gap implements dissect.Stream: there is no way back into step.
func (s *stream) Gap(*dissect.Ctx, int) bool { return false }

// end closes a direction. The server's side ends it all: its hello answers the client's.
func (s *stream) end(side int) bool {
	s.closed[side] = true
	return side == 1 && !s.closed[0]
}

// step takes one record header or one handshake message; 0 means that more bytes are needed.
func (s *stream) step(c *dissect.Ctx, side int, b []byte) (n int, more bool) {
	if s.left[side] > 0 {
		return s.message(c, side, b)
	}
	if len(b) < recHeader {
		return 0, true
	}
	typ, n, ok := record(b)
	switch {
	case !ok, typ == recData, typ == recChangeCipher:
		return 0, false
	case typ == recHandshake && n > 0:
		s.left[side] = n
		return recHeader, true
	}
	return recHeader + n, true
}

// message decodes the handshake message that b begins with.
func (s *stream) message(c *dissect.Ctx, side int, b []byte) (int, bool) {
	head, _, _ := gather(b, s.left[side], msgHeader)
	if head == nil {
		return 0, true
	}
	typ, n := head[0], int(head[1])<<16|int(head[2])<<8|int(head[3])
	want := msgHeader + n
	if typ == msgCertificate {
		want = leafEnd(b, s.left[side], want)
	}
	if want > maxMessage {
		return 0, false
	}
	m, used, left := gather(b, s.left[side], want)
	if m == nil {
		return 0, true
	}
	if !s.handle(c, typ, m[msgHeader:]) {
		return 0, false
	}
	s.left[side] = left
	return used, true
}

// leafEnd is how much of a Certificate message holds the first certificate: 3 bytes length of all, 3 of the first.
func leafEnd(b []byte, left, all int) int {
	h, _, _ := gather(b, left, msgHeader+6)
	if h == nil {
		return min(all, msgHeader+6)
	}
	return min(all, msgHeader+6+int(h[7])<<16+int(h[8])<<8+int(h[9]))
}

// handle says what a message tells, and whether more of the same side can be read.
func (s *stream) handle(c *dissect.Ctx, typ byte, m []byte) bool {
	switch typ {
	case msgClientHello:
		if h, ok := readClient(m, false); ok {
			sayClient(c, &h, 't')
		}
		return false
	case msgServerHello:
		h, ok := readServer(m)
		if ok {
			sayServer(c, &h)
		}
		return ok && versionName(h.version) != "TLS 1.3" // then the rest is encrypted
	case msgCertificate:
		if len(m) > 6 && !c.ToServer {
			s.certs.say(c, m[6:])
		}
		return false
	case msgServerDone:
		return false
	}
	return true
}

// gather gives the next want bytes of handshake from b, which begins inside a record that has left bytes to go, with
// how much of b that takes and what is then left of the last record. nil if b is too short. Messages may be cut by records at any place
// (RFC 8446 section 5.1); only then they are copied.
func gather(b []byte, left, want int) (m []byte, used, rest int) {
	if want <= left {
		if len(b) < want {
			return nil, 0, 0
		}
		return b[:want], want, left - want
	}
	if !spans(b, left, want) {
		return nil, 0, 0
	}
	m = make([]byte, 0, want)
	for {
		k := min(left, want-len(m))
		m = append(m, b[used:used+k]...)
		used += k
		if len(m) == want {
			return m, used, left - k
		}
		_, left, _ = record(b[used:])
		used += recHeader
	}
}

// spans reports whether want handshake bytes are in b, over records.
func spans(b []byte, left, want int) bool {
	for {
		if len(b) < min(left, want) {
			return false
		}
		if want -= left; want <= 0 {
			return true
		}
		b = b[left:]
		if len(b) < recHeader {
			return false
		}
		typ, n, ok := record(b)
		if !ok || typ != recHandshake || n == 0 {
			return false
		}
		b, left = b[recHeader:], n
	}
}

// isSSL2 recognises the hellos of SSL 2.0 (draft-hickman-netscape-ssl-00), which old clients send for newer versions too
// (RFC 5246 appendix E.2).
func isSSL2(c *dissect.Ctx, b []byte) bool {
	if len(b) < 11 || b[0]&0x80 == 0 {
		return false
	}
	n := int(binary.BigEndian.Uint16(b) & 0x7fff)
	u16 := func(i int) int { return int(binary.BigEndian.Uint16(b[i:])) }
	switch {
	case c.ToServer && b[2] == 1:
		return (u16(3) == 2 || b[3] == 3 && b[4] <= 3) && u16(5)%3 == 0 && u16(5) > 0 &&
			(u16(7) == 0 || u16(7) == 16) && u16(9) >= 16 && u16(9) <= 32 && 9+u16(5)+u16(7)+u16(9) == n
	case !c.ToServer && b[2] == 4:
		return u16(5) == 2 && u16(7)+u16(9) < n
	}
	return false
}

func (s *stream) ssl2(c *dissect.Ctx, b []byte) (int, bool) {
	if c.ToServer {
		return len(b), s.end(1)
	}
	c.SayAt(model.TLSVersion, versionName(2))
	c.Fact(model.TLSVersion, versionName(2))
	return len(b), s.end(0)
}
