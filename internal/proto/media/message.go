package media

import (
	"bytes"

	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// maxLine bounds the first line of a message; maxLines what is looked at of a connection.
const (
	maxLine  = 2 << 10
	maxLines = 200
)

// matchText knows a message whose first line ends with version, or begins with it if it is an answer: the form that SIP
// and RTSP share with HTTP.
func matchText(b []byte, version string, methods []string) dissect.Verdict {
	if v := dissect.Prefix(b, version); v != dissect.No {
		return v
	}
	v := dissect.No
	for _, m := range methods {
		if w := dissect.Prefix(b, m); w == dissect.Yes {
			return endsWith(b, version)
		} else if w == dissect.Maybe {
			v = w
		}
	}
	return v
}

func endsWith(b []byte, version string) dissect.Verdict {
	line, _, whole := bytes.Cut(b, []byte{'\n'})
	switch {
	case !whole && len(line) < maxLine:
		return dissect.Maybe
	case bytes.Contains(line, []byte(" "+version)):
		return dissect.Yes
	}
	return dissect.No
}

// field splits a header line; the name has no case.
func field(line []byte, name string) ([]byte, bool) {
	n, v, ok := bytes.Cut(line, []byte{':'})
	if !ok || !bytes.EqualFold(bytes.TrimSpace(n), []byte(name)) {
		return nil, false
	}
	v = bytes.TrimSpace(v)
	return v, len(v) > 0
}

// lines walks whole lines, and passes over what is not text (RTP in RTSP, bodies).
type lines struct {
	count int
	tail  [2]bool
}

func (l *lines) walk(c *dissect.Ctx, b []byte, each func(*dissect.Ctx, []byte)) (n int, more bool) {
	tail := &l.tail[0]
	if c.ToServer {
		tail = &l.tail[1]
	}
	for n < len(b) {
		i := bytes.IndexByte(b[n:], '\n')
		if i < 0 {
			if *tail = *tail || len(b)-n >= maxLine; *tail {
				return len(b), true
			}
			return n, true
		}
		if line := bytes.TrimRight(b[n:n+i], "\r"); !*tail && len(line) < maxLine {
			each(c, line)
		}
		*tail = false
		n += i + 1
		if l.count++; l.count >= maxLines {
			return n, false
		}
	}
	return n, true
}

func (l *lines) lost(c *dissect.Ctx) {
	if c.ToServer {
		l.tail[1] = true
	} else {
		l.tail[0] = true
	}
}
