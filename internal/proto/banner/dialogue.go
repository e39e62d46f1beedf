package banner

import (
	"bytes"

	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// Limits of a dialogue: what matters is said at its beginning.
const (
	maxLine  = 2 << 10
	maxLines = 120
)

// step is what follows a line.
type step uint8

const (
	goOn     step = iota
	stop          // nothing more to learn
	handOver      // TLS follows
)

// speaker understands the lines of a protocol. The line has no end of line; it is upper and lower case as sent.
type speaker interface {
	line(c *dissect.Ctx, line []byte) step
}

// dialogue is a stream of lines in both directions (RFC 959, 5321, 1939, 9051).
type dialogue struct {
	speaker
	tail  [2]bool // passing over the rest of a line
	lines int
}

func side(c *dissect.Ctx) int {
	if c.ToServer {
		return 0
	}
	return 1
}

// Data implements dissect.Stream.
func (d *dialogue) Data(c *dissect.Ctx, b []byte) (n int, more bool) {
	tail := &d.tail[side(c)]
	for n < len(b) {
		i := bytes.IndexByte(b[n:], '\n')
		if i < 0 {
			if *tail = *tail || len(b)-n >= maxLine; *tail {
				return len(b), true
			}
			return n, true
		}
		line := bytes.TrimRight(b[n:n+i], "\r")
		n += i + 1
		if *tail || len(line) >= maxLine {
			*tail = false
			continue
		}
		d.lines++
		switch next := d.line(c, line); {
		case next == handOver:
			c.Handover = true
			return n, false
		case next == stop || d.lines >= maxLines:
			return n, false
		}
	}
	return n, true
}

// Gap implements dissect.Stream: it goes on with the next line.
func (d *dialogue) Gap(c *dissect.Ctx, _ int) bool {
	d.tail[side(c)] = true
	return true
}

// hasPrefix compares without case; Maybe if b is too short.
func hasPrefix(b []byte, s string) dissect.Verdict {
	n := min(len(b), len(s))
	switch {
	case !bytes.EqualFold(b[:n], []byte(s[:n])):
		return dissect.No
	case n < len(s):
		return dissect.Maybe
	}
	return dissect.Yes
}

// any gives the best of several verdicts on prefixes.
func anyPrefix(b []byte, ss ...string) dissect.Verdict {
	best := dissect.No
	for _, s := range ss {
		if v := hasPrefix(b, s); v == dissect.Yes {
			return v
		} else if v == dissect.Maybe {
			best = v
		}
	}
	return best
}

func contains(b []byte, s string) bool {
	for i := 0; i+len(s) <= len(b); i++ {
		if b[i]|0x20 == s[0]|0x20 && bytes.EqualFold(b[i:i+len(s)], []byte(s)) {
			return true
		}
	}
	return false
}

// atHome says that the server's port is one of ports.
func atHome(c *dissect.Ctx, ports ...uint16) bool {
	port := c.DstPort
	if !c.ToServer {
		port = c.SrcPort
	}
	for _, p := range ports {
		if p == port {
			return true
		}
	}
	return false
}

// begins says whether line begins with a word, without case, followed by a space or the end.
func begins(line []byte, word string) bool {
	return len(line) >= len(word) && bytes.EqualFold(line[:len(word)], []byte(word)) && (len(line) == len(word) || line[len(word)] == ' ')
}
