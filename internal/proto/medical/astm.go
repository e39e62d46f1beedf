package medical

import (
	"bytes"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/charset"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// Control characters of CLSI LIS01-A2 (ASTM E1381).
const (
	stx = 0x02
	enq = 0x05
	ack = 0x06
)

// matchASTM wants a frame with a header record ("H" and the usual delimiters); enquiries and their answers come before it.
func matchASTM(_ *dissect.Ctx, b []byte) dissect.Verdict {
	for len(b) > 0 && (b[0] == enq || b[0] == ack) {
		b = b[1:]
	}
	if len(b) == 0 {
		return dissect.Maybe
	}
	if b[0] != stx {
		return dissect.No
	}
	if len(b) < 7 {
		return dissect.Maybe
	}
	if b[1] >= '0' && b[1] <= '7' && b[2] == 'H' && string(b[3:6]) == `|\^` {
		return dissect.Yes
	}
	return dissect.No
}

// astm reads who the analyser is from the first header record and then ends: all that follows are results.
type astm struct{}

// Data implements dissect.Stream.
func (*astm) Data(c *dissect.Ctx, b []byte) (n int, more bool) {
	i := bytes.IndexByte(b, stx)
	if i < 0 {
		return len(b), true
	}
	if i+3 > len(b) || b[i+2] == 'H' && bytes.IndexByte(b[i:], '\r') < 0 && len(b)-i < maxHeader {
		return i, true
	}
	if b[i+2] != 'H' {
		return i + 1, true
	}
	record, _, _ := bytes.Cut(b[i+2:], []byte{'\r'})
	f := bytes.Split(record[:min(len(record), maxHeader)], []byte{'|'})
	if len(f) > 4 { // LIS02-A2 6.5: sender name or id
		if name, _, _ := bytes.Cut(f[4], []byte{'^'}); len(name) > 0 {
			c.Say(model.HL7Sender, charset.Text(name, ""))
		}
	}
	c.SayTo(model.HL7Type, "ASTM")
	return len(b), false
}

// Gap implements dissect.Stream.
func (*astm) Gap(*dissect.Ctx, int) bool { return false }
