package names

import "github.com/mimawari/mimawari/internal/proto/dissect"

// Record types (RFC 1035, 3596, 2782, 9460, 6891).
const (
	typeA     = 1
	typePTR   = 12
	typeHINFO = 13
	typeTXT   = 16
	typeAAAA  = 28
	typeNB    = 32 // RFC 1002; 33 is node status there, SRV in DNS
	typeSRV   = 33
	typeOPT   = 41
	typeANY   = 255
)

const (
	headerLen = 12
	maxName   = 255 // RFC 1035, 2.3.4
	// maxRecords bounds the work for one message: mDNS answers of a busy machine have fewer than 100.
	maxRecords = 256
	// maxJumps bounds compression pointers in one name; each must also point backwards.
	maxJumps = 16
)

// buffers are what the decoders of one engine reuse from datagram to datagram.
type buffers struct {
	question, name, target [maxName + 1]byte
}

// message is a DNS message and the place where it is being read.
type message struct {
	b      []byte
	off    int
	id     uint16
	flags  uint16
	counts [4]int // questions, answers, authorities, additionals
	fold   bool   // names in lower case
	bad    bool
}

// record is one resource record; data is b[start:end], so that names in it can be expanded.
type record struct {
	typ, class uint16
	ttl        uint32
	start, end int
}

func open(b []byte, fold bool) (m message, ok bool) {
	r := dissect.Read(b)
	m = message{b: b, off: headerLen, fold: fold, id: r.U16(), flags: r.U16()}
	for i := range m.counts {
		m.counts[i] = int(r.U16())
	}
	return m, !r.Short
}

func (m *message) response() bool { return m.flags&0x8000 != 0 }
func (m *message) opcode() uint16 { return m.flags >> 11 & 15 }
func (m *message) rcode() uint16  { return m.flags & 15 }

// text expands the name at off into dst. next is where reading goes on in the message, 0 if the name is broken.
func (m *message) text(off int, dst []byte) (name []byte, next int) {
	dst = dst[:0]
	limit := off
	for jumps := 0; off < len(m.b); {
		l := int(m.b[off])
		switch {
		case l == 0:
			if next == 0 {
				next = off + 1
			}
			return dst, next
		case l >= 0xc0:
			if off+2 > len(m.b) || jumps >= maxJumps {
				return nil, 0
			}
			if next == 0 {
				next = off + 2
			}
			off = (l&0x3f)<<8 | int(m.b[off+1])
			if off >= limit {
				return nil, 0
			}
			limit = off
			jumps++
		case l > 63 || off+1+l > len(m.b) || len(dst)+l+1 > maxName:
			return nil, 0
		default:
			dst = m.label(dst, m.b[off+1:off+1+l])
			off += 1 + l
		}
	}
	return nil, 0
}

func (m *message) label(dst, l []byte) []byte {
	if len(dst) > 0 {
		dst = append(dst, '.')
	}
	if !m.fold {
		return append(dst, l...)
	}
	for _, x := range l {
		if 'A' <= x && x <= 'Z' {
			x += 'a' - 'A'
		}
		dst = append(dst, x)
	}
	return dst
}

// ask reads the next question.
func (m *message) ask(dst []byte) (name []byte, typ, class uint16, ok bool) {
	name, next := m.text(m.off, dst)
	if next == 0 || next+4 > len(m.b) {
		m.bad = true
		return nil, 0, 0, false
	}
	m.off = next + 4
	return name, be16(m.b[next:]), be16(m.b[next+2:]), true
}

// record reads the next resource record.
func (m *message) record(dst []byte) (name []byte, r record, ok bool) {
	name, next := m.text(m.off, dst)
	if next == 0 || next+10 > len(m.b) {
		m.bad = true
		return nil, r, false
	}
	h := m.b[next:]
	r = record{typ: be16(h), class: be16(h[2:]), ttl: uint32(be16(h[4:]))<<16 | uint32(be16(h[6:])), start: next + 10}
	r.end = r.start + int(be16(h[8:]))
	if r.end > len(m.b) {
		m.bad = true
		return nil, r, false
	}
	m.off = r.end
	return name, r, true
}

// skip passes over n questions.
func (m *message) skipQuestions(dst []byte) {
	for range min(m.counts[0], maxRecords) {
		if _, _, _, ok := m.ask(dst); !ok {
			return
		}
	}
}

// skipRecords passes over n records.
func (m *message) skipRecords(n int, dst []byte) {
	for range min(n, maxRecords) {
		if _, _, ok := m.record(dst); !ok {
			return
		}
	}
}

func be16(b []byte) uint16 { return uint16(b[0])<<8 | uint16(b[1]) }
