package printing

import (
	"bytes"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// uel is the Universal Exit Language command that PJL begins with (HP Printer Job Language Technical Reference, chapter 2).
const uel = "\x1b%-12345X"

// matchPJL knows PJL anywhere, and the start of PCL and PostScript on the port of raw printing.
func matchPJL(c *dissect.Ctx, b []byte) dissect.Verdict {
	if !c.ToServer {
		return dissect.No
	}
	v := dissect.Prefix(b, uel)
	if v == dissect.No {
		v = dissect.Prefix(b, "@PJL")
	}
	if v == dissect.No && atHome(c, 9100, 9101, 9102) {
		for _, s := range [...]string{"%!PS", "\x1bE", "\x1b&", "\x04%!PS", "\x1b@"} {
			if w := dissect.Prefix(b, s); w != dissect.No {
				return w
			}
		}
	}
	return v
}

const (
	maxLine  = 1 << 10
	maxLines = 64
)

// jetdirect reads PJL lines until a job begins, and the answers to INFO ID.
type jetdirect struct {
	job   bool
	id    bool // the next line of the server is its answer to INFO ID
	lines int
}

// Data implements dissect.Stream.
func (j *jetdirect) Data(c *dissect.Ctx, b []byte) (n int, more bool) {
	for n < len(b) {
		if c.ToServer && j.job {
			return len(b), true
		}
		p := b[n:]
		if c.ToServer {
			switch v := j.language(c, p); v {
			case dissect.Maybe:
				return n, true
			case dissect.No:
				j.begin(c)
				continue
			}
		}
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			return n, len(p) < maxLine
		}
		n += i + 1
		if j.lines++; j.lines > maxLines {
			return n, false
		}
		line := bytes.TrimSpace(p[:i])
		if c.ToServer {
			j.command(c, line)
		} else {
			j.answer(c, line)
		}
	}
	return n, true
}

// language says whether PJL stands at the start of b; No means that a page description does.
func (j *jetdirect) language(_ *dissect.Ctx, b []byte) dissect.Verdict {
	for len(b) > 0 && (b[0] == '\r' || b[0] == '\n' || b[0] == ' ') {
		b = b[1:]
	}
	if len(b) == 0 {
		return dissect.Yes
	}
	switch v := dissect.Prefix(b, uel); v {
	case dissect.Maybe:
		return v
	case dissect.Yes:
		b = b[len(uel):]
		if len(b) == 0 {
			return dissect.Maybe
		}
		if b[0] != '@' && b[0] != '\r' && b[0] != '\n' && b[0] != 0x1b {
			return dissect.No
		}
		return dissect.Yes
	}
	return dissect.Prefix(b, "@PJL")
}

func (j *jetdirect) begin(c *dissect.Ctx) {
	j.job = true
	c.SayOf(model.PrinterJob, "jetdirect")
}

func (j *jetdirect) command(c *dissect.Ctx, line []byte) {
	line = bytes.TrimSpace(bytes.TrimPrefix(line, []byte(uel)))
	switch line = bytes.ToUpper(line[:min(len(line), 32)]); {
	case bytes.HasPrefix(line, []byte("@PJL ENTER LANGUAGE")):
		j.begin(c)
	case bytes.HasPrefix(line, []byte("@PJL INFO ID")):
		j.id = true
	}
}

// answer: a line "@PJL INFO ID", then the name in quotes, then a form feed.
func (j *jetdirect) answer(c *dissect.Ctx, line []byte) {
	if !j.id || bytes.HasPrefix(line, []byte("@PJL")) {
		return
	}
	if v := bytes.Trim(line, "\" \x0c"); len(v) > 0 {
		c.SayAt(model.PrinterModel, dissect.View(v))
		j.id = false
	}
}

// Gap implements dissect.Stream.
func (j *jetdirect) Gap(c *dissect.Ctx, _ int) bool { return !c.ToServer || j.job }
