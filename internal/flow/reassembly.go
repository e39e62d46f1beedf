package flow

import (
	"slices"

	"github.com/mimawari/mimawari/internal/proto"
)

// stream puts the bytes of one TCP connection in order for the decoders. It exists while they want more.
type stream struct {
	decode *proto.Stream
	half   [2]half
	held   int // bytes waiting in both directions
}

// half is one direction.
type half struct {
	next  uint32
	known bool
	since int64     // when the first waiting segment came
	queue []segment // ahead of next, sorted
}

// segment waits for what is before it. cut counts bytes after data that the snap length took.
type segment struct {
	seq  uint32
	cut  uint32
	data []byte
}

const (
	maxQueue = 128      // segments waiting in one direction
	patience = 8        // segments that wait once the receiver has acknowledged what is missing
	waitAck  = 1e9      // ns, the same as time
	waitAny  = 10 * 1e9 // ns that segments wait at all
)

// sink takes what comes out in order: bytes, or the news that n of them are lost.
type sink interface {
	data(dir int, b []byte)
	gap(dir int, n int)
}

// buffers lends memory for segments up to a limit.
type buffers struct {
	free  [][]byte
	inUse int
	max   int
	full  uint64 // times the limit was met
}

const bufferSize = 2048 // an Ethernet frame's payload; larger segments get their own memory

func (p *buffers) copy(b []byte) ([]byte, bool) {
	n := max(len(b), bufferSize)
	if p.inUse+n > p.max {
		p.full++
		return nil, false
	}
	p.inUse += n
	if last := len(p.free) - 1; last >= 0 && n == bufferSize {
		o := p.free[last]
		p.free = p.free[:last]
		return append(o[:0], b...), true
	}
	return append(make([]byte, 0, n), b...), true
}

func (p *buffers) release(b []byte) {
	p.inUse -= cap(b)
	if cap(b) == bufferSize && len(p.free) < 1024 {
		p.free = append(p.free, b)
	}
}

// assembler moves segments of one shard's streams into order.
type assembler struct {
	buffers buffers
	perFlow int
}

// begin sets where the bytes of a direction start, if that is not known yet.
func (h *half) begin(seq uint32) {
	if !h.known {
		h.known, h.next = true, seq
	}
}

// push takes a segment of direction dir: data starts at seq, cut more bytes were not captured. acked is the highest
// acknowledgement of the other side, valid if ackKnown.
func (a *assembler) push(s *stream, dir int, at int64, seg segment, acked uint32, ackKnown bool, out sink) {
	h := &s.half[dir]
	h.begin(seg.seq)
	if int32(seg.seq-h.next) <= 0 {
		h.emit(dir, seg, out)
		a.drain(s, dir, out)
		return
	}
	for !a.hold(s, h, at, seg) {
		if len(h.queue) == 0 || int32(seg.seq-h.queue[0].seq) < 0 {
			out.gap(dir, int(seg.seq-h.next))
			h.next = seg.seq
		} else {
			a.skip(s, dir, out)
		}
		if int32(seg.seq-h.next) <= 0 {
			h.emit(dir, seg, out)
			a.drain(s, dir, out)
			return
		}
	}
	lost := ackKnown && int32(acked-h.queue[0].seq) >= 0
	if lost && (len(h.queue) >= patience || at-h.since > waitAck) || at-h.since > waitAny {
		a.skip(s, dir, out)
	}
}

// emit hands on what is new of a segment that begins at or before next.
func (h *half) emit(dir int, seg segment, out sink) {
	old := h.next - seg.seq
	if n := uint32(len(seg.data)); old < n {
		h.next += n - old
		out.data(dir, seg.data[old:])
		old = n
	}
	if end := uint32(len(seg.data)) + seg.cut; old < end {
		h.next += end - old
		out.gap(dir, int(end-old))
	}
}

// drain hands on what waited and is now in order.
func (a *assembler) drain(s *stream, dir int, out sink) {
	h := &s.half[dir]
	n := 0
	for n < len(h.queue) && int32(h.queue[n].seq-h.next) <= 0 {
		seg := h.queue[n]
		h.emit(dir, seg, out)
		a.forget(s, seg)
		n++
	}
	if n > 0 {
		h.queue = slices.Delete(h.queue, 0, n)
	}
}

// skip gives up on what is missing before the first waiting segment. Without one it does nothing.
func (a *assembler) skip(s *stream, dir int, out sink) {
	h := &s.half[dir]
	if len(h.queue) == 0 {
		return
	}
	n := h.queue[0].seq - h.next
	h.next = h.queue[0].seq
	out.gap(dir, int(n))
	a.drain(s, dir, out)
}

// hold keeps a copy of seg in order. It says no if a limit is met.
func (a *assembler) hold(s *stream, h *half, at int64, seg segment) bool {
	i, same := slices.BinarySearchFunc(h.queue, seg.seq, func(q segment, seq uint32) int { return int(int32(q.seq - seq)) })
	if same && len(seg.data) <= len(h.queue[i].data) {
		return true
	}
	if s.held+len(seg.data) > a.perFlow || len(h.queue) >= maxQueue {
		return false
	}
	b, ok := a.buffers.copy(seg.data)
	if !ok {
		return false
	}
	if len(h.queue) == 0 {
		h.since = at
	}
	s.held += len(seg.data)
	seg.data = b
	h.queue = slices.Insert(h.queue, i, seg)
	return true
}

func (a *assembler) forget(s *stream, seg segment) {
	s.held -= len(seg.data)
	a.buffers.release(seg.data)
}

// drop gives all waiting segments back.
func (a *assembler) drop(s *stream) {
	for dir := range s.half {
		h := &s.half[dir]
		for _, seg := range h.queue {
			a.forget(s, seg)
		}
		h.queue = h.queue[:0]
		h.known, h.next, h.since = false, 0, 0
	}
}

// flush hands on everything that waits, with the gaps named.
func (a *assembler) flush(s *stream, out sink) {
	for dir := range s.half {
		for len(s.half[dir].queue) > 0 {
			a.skip(s, dir, out)
		}
	}
}
