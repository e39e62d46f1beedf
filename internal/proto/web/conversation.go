package web

import (
	"bytes"

	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// Limits of one connection.
const (
	maxMessages = 20       // in each direction, then decoding ends
	maxLine     = 8 << 10  // longer header lines are passed over
	maxSniff    = 12 << 10 // of a body that is looked at
	maxTitle    = 4 << 10  // of an HTML body
)

// conversation is one HTTP connection.
type conversation struct {
	half      [2]half
	asked     [maxMessages]question // by request number
	requests  int
	responses int
}

// question is what must be remembered of a request until its answer comes.
type question struct {
	head, connect bool
	entrance      bool  // target is an entrance page
	portal        uint8 // SSL-VPN product whose log-in page was asked for: index in portals plus one
	api           medicalAPI
	ippOp         uint16
}

// phase is where a half is within a message.
type phase uint8

const (
	atStart phase = iota
	inHeader
	inBody      // left bytes of it remain
	inChunkSize // of a chunked body, RFC 9112 section 7.1
	inChunk
	inTrailer
	untilClose
	passed // nothing more is looked at in this direction
)

// half is one direction.
type half struct {
	phase    phase
	lost     bool
	tail     bool // of a line that is too long
	msg      message
	left     int
	sniffed  []byte // start of a body that is looked at, nil for others
	question int    // number of the request that a response answers
}

func (v *conversation) of(c *dissect.Ctx) *half {
	if c.ToServer {
		return &v.half[0]
	}
	return &v.half[1]
}

// Data implements dissect.Stream.
func (v *conversation) Data(c *dissect.Ctx, b []byte) (n int, more bool) {
	h := v.of(c)
	if h.lost {
		if h.lost = matchHTTP(c, b) != dissect.Yes; h.lost {
			return len(b), true
		}
	}
	for n < len(b) {
		k, more := v.step(c, h, b[n:])
		n += k
		if !more || c.Handover {
			return n, false
		}
		if k == 0 {
			break
		}
	}
	return n, v.requests < maxMessages && v.responses < maxMessages
}

// Gap implements dissect.Stream: decoding goes on where a segment starts with a request or status line.
func (v *conversation) Gap(c *dissect.Ctx, n int) bool {
	h := v.of(c)
	if (h.phase == inBody || h.phase == inChunk) && n < h.left {
		h.left -= n
		h.sniffed = nil
		return true
	}
	*h = half{lost: true, question: h.question}
	return true
}

// step takes one line or one stretch of a body; k is 0 if more bytes are needed.
func (v *conversation) step(c *dissect.Ctx, h *half, b []byte) (k int, more bool) {
	switch h.phase {
	case atStart, inHeader, inChunkSize, inTrailer:
		if h.tail {
			return h.longLine(b)
		}
		i := bytes.IndexByte(b[:min(len(b), maxLine)], '\n')
		if i < 0 {
			if len(b) < maxLine {
				return 0, true
			}
			return h.longLine(b)
		}
		return i + 1, v.line(c, h, bytes.TrimRight(b[:i], "\r"))
	case inBody, inChunk:
		return v.body(c, h, b), true
	case untilClose:
		v.sniff(c, h, b)
		return len(b), true
	}
	return len(b), true
}

// longLine passes over a header line that is too long: cookies and tickets may be.
func (h *half) longLine(b []byte) (k int, more bool) {
	i := bytes.IndexByte(b, '\n')
	if h.tail = i < 0; h.tail {
		return len(b), h.phase == inHeader
	}
	return i + 1, h.phase == inHeader
}

// line takes a line of a head, of a trailer, or a chunk's size.
func (v *conversation) line(c *dissect.Ctx, h *half, b []byte) (more bool) {
	switch h.phase {
	case atStart:
		if len(b) == 0 { // RFC 9112 section 2.2: robust against empty lines
			return true
		}
		return v.begin(c, h, b)
	case inHeader:
		if len(b) == 0 {
			return v.headDone(c, h)
		}
		name, value, ok := bytes.Cut(b, []byte{':'})
		if ok {
			v.field(c, h, name, bytes.TrimSpace(value))
		}
	case inChunkSize:
		size, ok := chunkSize(b)
		if !ok {
			return false
		}
		h.phase, h.left = inChunk, size+2 // CR LF after the chunk
		if size == 0 {
			h.phase = inTrailer
		}
	case inTrailer:
		if len(b) == 0 {
			v.messageDone(c, h)
		}
	}
	return true
}

// chunkSize reads the hexadecimal size, RFC 9112 section 7.1; extensions are passed over.
func chunkSize(b []byte) (n int, ok bool) {
	b, _, _ = bytes.Cut(b, []byte{';'})
	b = bytes.TrimSpace(b)
	if len(b) == 0 || len(b) > 8 {
		return 0, false
	}
	for _, x := range b {
		d := bytes.IndexByte([]byte("0123456789abcdef"), x|0x20)
		if d < 0 {
			return 0, false
		}
		n = n<<4 | d
	}
	return n, true
}

// body takes what there is of a body whose length is known, and asks to skip the rest if nobody looks at it.
func (v *conversation) body(c *dissect.Ctx, h *half, b []byte) (k int) {
	k = h.left
	if h.sniffed != nil {
		k = min(len(b), h.left)
		content := b[:k]
		if h.phase == inChunk { // without CR LF
			content = b[:min(k, max(h.left-2, 0))]
		}
		v.sniff(c, h, content)
	}
	h.left -= k
	if h.left == 0 {
		if h.phase == inChunk {
			h.phase = inChunkSize
		} else {
			v.messageDone(c, h)
		}
	}
	return k
}
