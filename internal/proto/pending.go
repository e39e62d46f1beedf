package proto

import "github.com/mimawari/mimawari/internal/proto/dissect"

// Pending bytes live in buffers of two sizes: most messages that are cut by a segment's end are short.
const (
	smallBuffer = 2 << 10
	largeBuffer = dissect.MaxPending
)

// join gives what is pending of d followed by b. It copies nothing while nothing is pending. The result is good until
// the next join, keep or drop.
func (e *Engine) join(d *direction, b []byte) []byte {
	n := len(d.pend) + len(b)
	switch {
	case len(d.pend) == 0:
		return b
	case n <= cap(d.pend):
		d.pend = append(d.pend, b...)
		return d.pend
	}
	e.scratch = append(append(e.scratch[:0], d.pend...), b...)
	return e.scratch
}

// keep makes rest (which may lie inside d.pend) what is pending of d. If it is too much, the connection is given up.
func (e *Engine) keep(s *Stream, d *direction, rest []byte) {
	switch {
	case len(rest) == 0:
		e.drop(d)
		return
	case len(rest) > largeBuffer:
		e.finish(s)
		return
	case len(rest) > cap(d.pend):
		buf := e.take(len(rest))
		if buf == nil {
			e.refused++
			e.finish(s)
			return
		}
		n := copy(buf[:len(rest)], rest)
		e.drop(d)
		d.pend = buf[:n]
		return
	}
	d.pend = d.pend[:copy(d.pend[:len(rest)], rest)]
}

// take gives a buffer for n bytes; nil if MaxHeld would be passed.
func (e *Engine) take(n int) []byte {
	pool, size := &e.small, smallBuffer
	if n > smallBuffer {
		pool, size = &e.large, largeBuffer
	}
	if e.held+size > MaxHeld {
		return nil
	}
	e.held += size
	if k := len(*pool); k > 0 {
		buf := (*pool)[k-1]
		*pool = (*pool)[:k-1]
		return buf
	}
	return make([]byte, size)
}

// maxPooled bounds each list of free buffers.
const maxPooled = 256

// drop forgets what is pending of d.
func (e *Engine) drop(d *direction) {
	size := cap(d.pend)
	if size == 0 {
		return
	}
	e.held -= size
	pool := &e.small
	if size > smallBuffer {
		pool = &e.large
	}
	if len(*pool) < maxPooled {
		*pool = append(*pool, d.pend[:0:size])
	}
	d.pend = nil
}
