package banner

import (
	"bytes"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

func matchSSH(_ *dissect.Ctx, b []byte) dissect.Verdict { return hasPrefix(b, "SSH-") }

// maxSSH is the longest identification, RFC 4253 section 4.2, with room for those who do not keep to it.
const maxSSH = 512

// ssh reads the identification strings of both sides.
type ssh struct {
	seen  [2]bool
	calls int
}

// Data implements dissect.Stream.
func (s *ssh) Data(c *dissect.Ctx, b []byte) (n int, more bool) {
	seen := &s.seen[side(c)]
	if *seen { // key exchange: the other side never said a thing in this capture
		s.calls++
		return len(b), s.calls < 16
	}
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		return 0, len(b) < maxSSH
	}
	line := bytes.TrimRight(b[:i], "\r")
	if hasPrefix(line, "SSH-") == dissect.Yes { // a server may send other lines before
		*seen = true
		s.say(c, line)
	}
	if i+1 < len(b) && !*seen {
		k, more := s.Data(c, b[i+1:])
		return i + 1 + k, more
	}
	return i + 1, !s.seen[0] || !s.seen[1]
}

// say drops "SSH-2.0-", and keeps the version where it is not 2 (1.99 means 2 as well, RFC 4253 section 5.1).
func (s *ssh) say(c *dissect.Ctx, line []byte) {
	for _, p := range [...]string{"SSH-2.0-", "SSH-1.99-"} {
		line = bytes.TrimPrefix(line, []byte(p))
	}
	if c.ToServer {
		c.Say(model.BannerSSH, dissect.View(line))
	} else {
		c.SayAt(model.BannerSSH, dissect.View(line))
	}
}

// Gap implements dissect.Stream.
func (s *ssh) Gap(c *dissect.Ctx, _ int) bool {
	s.seen[side(c)] = true
	return !s.seen[0] || !s.seen[1]
}
