package printing

import (
	"bytes"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// matchLPD wants a command of RFC 1179 section 5 with a queue name and a line feed, on the port of LPD only.
func matchLPD(c *dissect.Ctx, b []byte) dissect.Verdict {
	if !c.ToServer || !atHome(c, 515) || b[0] < 1 || b[0] > 5 {
		return dissect.No
	}
	for i, x := range b[1:] {
		switch {
		case x == '\n' && i > 0:
			return dissect.Yes
		case x < ' ' || i > 128:
			return dissect.No
		}
	}
	return dissect.Maybe
}

// lpd tells a job (command 2) from questions about the queue.
type lpd struct{}

const receiveJob = 2

// Data implements dissect.Stream.
func (l *lpd) Data(c *dissect.Ctx, b []byte) (n int, more bool) {
	if !c.ToServer {
		return len(b), true
	}
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		return 0, len(b) < maxLine
	}
	if b[0] == receiveJob {
		c.SayOf(model.PrinterJob, "lpd")
	}
	return i + 1, false
}

// Gap implements dissect.Stream.
func (l *lpd) Gap(*dissect.Ctx, int) bool { return false }
