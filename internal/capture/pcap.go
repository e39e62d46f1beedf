package capture

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// MaxFrame is the longest captured frame that is believed; libpcap's own limit (MAXIMUM_SNAPLEN) is the same.
const MaxFrame = 256 << 10

// decoder turns the bytes of a capture file into frames.
type decoder interface {
	// decode takes whole records from b and appends their frames to out, as long as out has room. It returns how many
	// bytes are done with; n may exceed len(b), then the rest is to be skipped unseen. off is b's place in the file.
	decode(b []byte, out *Batch) (n int, bad *fault)
	// counters gives the frames cut by the snap length since the last call, all frames reported lost, and all
	// timestamps that could not be believed.
	counters() (cut, dropped, clock uint64)
}

// fault is damage found at a place in the bytes that decode was shown.
type fault struct {
	at   int
	code string
	err  error
}

func corrupt(at int, format string, args ...any) *fault {
	return &fault{at: at, code: "corrupt", err: fmt.Errorf(format, args...)}
}

const (
	pcapHeaderLen = 24
	pcapRecordLen = 16
)

// pcap decodes the classic format (draft-ietf-opsawg-pcap).
type pcap struct {
	swap   bool // file is big-endian
	unit   int64
	record int // length of a record header
	link   LinkType
	cut    uint64
}

// newPcap reads the file header at the start of b, which is at least pcapHeaderLen long.
func newPcap(b []byte) *pcap {
	p := &pcap{unit: 1000, record: pcapRecordLen}
	magic := binary.LittleEndian.Uint32(b)
	if p.swap = magic&0xffff == 0xb2a1; p.swap {
		magic = bits.ReverseBytes32(magic)
	}
	switch magic {
	case 0xa1b23c4d:
		p.unit = 1
	case 0xa1b2cd34:
		p.record = 24 // followed by interface index, protocol, packet type
	}
	p.link = LinkType(p.u32(b[20:])) // the upper half holds the FCS length
	return p
}

func (p *pcap) u32(b []byte) uint32 {
	v := binary.LittleEndian.Uint32(b)
	if p.swap {
		v = bits.ReverseBytes32(v)
	}
	return v
}

func (p *pcap) counters() (cut, dropped, clock uint64) {
	cut, p.cut = p.cut, 0
	return cut, 0, 0
}

func (p *pcap) decode(b []byte, out *Batch) (int, *fault) {
	n := 0
	for len(b)-n >= p.record && len(out.Frames) < cap(out.Frames) {
		h := b[n : n+p.record]
		sec, frac, size, wire := p.u32(h), p.u32(h[4:]), p.u32(h[8:]), p.u32(h[12:])
		if size > MaxFrame {
			return n, corrupt(n, "a frame of %d bytes", size)
		}
		if sec|frac|size|wire == 0 {
			return n, corrupt(n, "zeros where a frame should be")
		}
		end := n + p.record + int(size)
		if end > len(b) {
			break
		}
		if size < wire {
			p.cut++
		}
		out.Frames = append(out.Frames, Frame{
			At: int64(sec)*1e9 + int64(frac)*p.unit, Data: b[n+p.record : end : end], Wire: max(wire, size), Link: p.link,
		})
		n = end
	}
	return n, nil
}
