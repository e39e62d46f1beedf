package banner

import (
	"bytes"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// matchSOCKS wants a whole first message of version 5 (RFC 1928) or 4, and nothing after it.
func matchSOCKS(c *dissect.Ctx, b []byte) dissect.Verdict {
	if !c.ToServer {
		return dissect.No
	}
	switch b[0] {
	case 5:
		return greets(b)
	case 4:
		if len(b) < 9 {
			return dissect.Maybe
		}
		if b[1] != 1 && b[1] != 2 || len(b) >= 300 {
			return dissect.No
		}
		if b[len(b)-1] == 0 {
			return dissect.Yes
		}
		return dissect.Maybe
	}
	return dissect.No
}

func greets(b []byte) dissect.Verdict {
	if len(b) < 2 {
		return dissect.Maybe
	}
	n := int(b[1])
	if n == 0 || n > 16 || len(b) > 2+n {
		return dissect.No
	}
	for _, m := range b[2:] {
		if m > 9 && m < 0x80 {
			return dissect.No
		}
	}
	if len(b) < 2+n {
		return dissect.Maybe
	}
	return dissect.Yes
}

// socks follows the set-up and hands the connection over to what is carried.
type socks struct {
	v4      bool
	step    [2]uint8 // messages taken
	method  byte
	started bool
}

// Data implements dissect.Stream.
func (s *socks) Data(c *dissect.Ctx, b []byte) (n int, more bool) {
	if !s.started {
		s.started, s.v4 = true, b[0] == 4
	}
	if s.v4 {
		return s.version4(c, b)
	}
	size, ok := s.size(c, b)
	if !ok || size > len(b) {
		return 0, ok
	}
	step := &s.step[side(c)]
	*step++
	if c.ToServer {
		if *step == 2 && s.method == 2 { // RFC 1929
			c.SayOf(model.CleartextLogin, "socks")
		}
		return size, true
	}
	if *step == 1 {
		s.method = b[1]
		return size, b[1] != 0xff
	}
	if *step == 2 && s.method == 2 {
		return size, b[1] == 0
	}
	c.Handover = b[1] == 0
	return size, false
}

// size is that of the message at the start of b; more than there is if it can't be told yet.
func (s *socks) size(c *dissect.Ctx, b []byte) (n int, ok bool) {
	step := s.step[side(c)]
	if len(b) < 2 {
		return 2, true
	}
	switch auth := step == 1 && s.method == 2; {
	case step == 0 && c.ToServer:
		return 2 + int(b[1]), true
	case step == 0, auth && !c.ToServer:
		return 2, true
	case auth:
		n = 2 + int(b[1])
		if len(b) <= n {
			return n + 1, true
		}
		return n + 1 + int(b[n]), b[0] == 1
	}
	if len(b) < 5 {
		return 5, true
	}
	switch b[3] {
	case 1:
		return 10, b[0] == 5
	case 3:
		return 7 + int(b[4]), b[0] == 5
	case 4:
		return 22, b[0] == 5
	}
	return 0, false
}

// version4: request with user id, and host name in 4A; answer of eight bytes with 0x5a for granted.
func (s *socks) version4(c *dissect.Ctx, b []byte) (n int, more bool) {
	if !c.ToServer {
		if len(b) < 8 {
			return 0, true
		}
		c.Handover = b[0] == 0 && b[1] == 0x5a
		return 8, false
	}
	if s.step[0] > 0 || len(b) < 9 {
		return 0, s.step[0] == 0
	}
	end := bytes.IndexByte(b[8:], 0)
	if end >= 0 && b[4] == 0 && b[5] == 0 && b[6] == 0 && b[7] != 0 { // 4A
		host := bytes.IndexByte(b[8+end+1:], 0)
		if host >= 0 {
			end += 1 + host
		} else {
			end = -1
		}
	}
	if end < 0 {
		return 0, len(b) < 512
	}
	s.step[0]++
	return 8 + end + 1, true
}

// Gap implements dissect.Stream.
func (s *socks) Gap(*dissect.Ctx, int) bool { return false }
