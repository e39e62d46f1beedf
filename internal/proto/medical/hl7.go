package medical

import (
	"bytes"
	"strings"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/charset"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// MLLP frames a message as <VT> message <FS><CR> (HL7 version 2 implementation guide, appendix C).
const (
	vt = 0x0b
	fs = 0x1c
)

// maxHeader bounds a header segment; what is longer is read up to there.
const maxHeader = 4 << 10

// headerSegment says whether b starts with the segment id of a message, batch or file header; Maybe if it is too short.
func headerSegment(b []byte) dissect.Verdict {
	for _, id := range [...]string{"MSH", "BHS", "FHS"} {
		if n := min(len(b), len(id)); string(b[:n]) == id[:n] {
			if n < len(id) {
				return dissect.Maybe
			}
			return dissect.Yes
		}
	}
	return dissect.No
}

// matchHL7 wants the MLLP start or, without it, the usual encoding characters.
func matchHL7(_ *dissect.Ctx, b []byte) dissect.Verdict {
	framed := b[0] == vt
	if framed {
		b = b[1:]
	}
	if v := headerSegment(b); v != dissect.Yes {
		return v
	}
	if len(b) < 8 {
		return dissect.Maybe
	}
	if framed && isSeparator(b[3]) || string(b[3:8]) == `|^~\&` {
		return dissect.Yes
	}
	return dissect.No
}

func isSeparator(x byte) bool {
	return x > ' ' && x < 0x7f && !(x >= '0' && x <= '9' || x >= 'A' && x <= 'Z' || x >= 'a' && x <= 'z')
}

// hl7 follows a connection that carries HL7 version 2 messages, in each direction on its own.
type hl7 struct {
	inside [2]bool // of a segment; false: at the start of one
}

// Data implements dissect.Stream. Only header segments are looked at.
func (h *hl7) Data(c *dissect.Ctx, b []byte) (n int, more bool) {
	inside := &h.inside[side(c)]
	for n < len(b) {
		if *inside {
			i := bytes.IndexAny(b[n:], "\r\n\x0b\x1c")
			if i < 0 {
				return len(b), true
			}
			n += i + 1
			*inside = false
			continue
		}
		k, ok := segmentStart(c, b[n:])
		if !ok {
			return n, true
		}
		if k == 0 {
			*inside = true
			k = 1
		}
		n += k
	}
	return n, true
}

// segmentStart passes over framing and reads a header segment: how many bytes are done with, 0 if another segment
// starts here; not ok if more bytes are needed.
func segmentStart(c *dissect.Ctx, b []byte) (k int, ok bool) {
	switch b[0] {
	case vt, fs, '\r', '\n':
		return 1, true
	}
	switch headerSegment(b) {
	case dissect.No:
		return 0, true
	case dissect.Maybe:
		return 0, false
	}
	end := bytes.IndexAny(b[:min(len(b), maxHeader)], "\r\n\x1c")
	if end < 0 && len(b) < maxHeader {
		return 0, false
	}
	if end < 0 {
		end = maxHeader
	}
	if b[0] == 'M' {
		header(c, b[:end])
	}
	return end, true
}

// Gap implements dissect.Stream: the next header is found again by itself.
func (h *hl7) Gap(c *dissect.Ctx, _ int) bool {
	h.inside[side(c)] = true
	return true
}

// header reads MSH. Text of a legacy encoding is decoded before it is split, because its second bytes may look like
// separators.
func header(c *dissect.Ctx, b []byte) {
	if len(b) < 8 || !isSeparator(b[3]) {
		return
	}
	text := charset.Guess(b)
	var f [13]string // f[i-1] is MSH-i; MSH-1 is the separator itself
	sep, comp := text[3:4], text[4:5]
	rest := text
	for i := range f {
		f[i], rest, _ = strings.Cut(rest, sep)
	}
	sender := appendPair(c.Scratch(), f[2], f[3], comp)
	if len(sender) > 1 {
		c.Say(model.HL7Sender, dissect.View(sender))
		c.Fact(model.HL7Sender, dissect.View(sender))
	}
	receiver := appendPair(c.Scratch(), f[4], f[5], comp)
	if len(receiver) > 1 {
		c.SayOf(model.HL7Receiver, dissect.View(receiver))
	}
	if typ := messageType(c, f[8], comp); len(typ) > 0 {
		c.SayTo(model.HL7Type, dissect.View(typ))
		c.Fact(model.HL7Type, dissect.View(typ))
	}
	if v := component(f[11], comp); v != "" {
		c.Say(model.HL7Version, v)
	}
}

// component is the first part of a field that is not empty: the namespace id, or else the universal id.
func component(f, comp string) string {
	for f != "" {
		var p string
		p, f, _ = strings.Cut(f, comp)
		if p != "" && p != `""` {
			return p
		}
	}
	return ""
}

// appendPair joins application and facility with "^", whatever the sender's separators are.
func appendPair(b []byte, app, facility, comp string) []byte {
	return append(append(append(b, component(app, comp)...), '^'), component(facility, comp)...)
}

// messageType is the message code and the trigger event of MSH-9, joined with "^".
func messageType(c *dissect.Ctx, f, comp string) []byte {
	code, rest, _ := strings.Cut(f, comp)
	event, _, _ := strings.Cut(rest, comp)
	if !isCode(code) || event != "" && !isCode(event) {
		return nil
	}
	b := append(c.Scratch(), code...)
	if event != "" {
		b = append(append(b, '^'), event...)
	}
	return b
}

// isCode keeps free text out of the type: HL7 table 0076 and 0003 have three letters or digits, sites add a few.
func isCode(s string) bool {
	for i := range len(s) {
		if x := s[i]; !(x >= '0' && x <= '9' || x >= 'A' && x <= 'Z' || x >= 'a' && x <= 'z' || x == '_') {
			return false
		}
	}
	return s != "" && len(s) <= 16
}
