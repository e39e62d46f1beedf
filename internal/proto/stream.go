package proto

import "github.com/mimawari/mimawari/internal/proto/dissect"

// Bounds of recognition: a direction is looked at until maxFirst bytes, or maxSegs segments with minFirst bytes at least;
// one that no decoder knows is watched for as much again, because the other side may still speak. maxHops is how often
// decoders may hand over.
const (
	minFirst = 512
	maxFirst = 4 << 10
	maxSegs  = 6
	maxHops  = 3
)

// Stream is the state of one TCP connection. Engines reuse them.
type Stream struct {
	App  dissect.App
	Done bool // nothing more to learn: the caller may stop reassembling
	hops uint8
	dec  dissect.Stream // nil until recognised
	dirs [2]direction   // to the client, to the server
}

// direction is one half of a connection.
type direction struct {
	pend []byte // not consumed yet
	skip int    // bytes to pass over unseen
	no   specSet
	segs int  // shown while not recognised
	seen int  // bytes of these
	dead bool // no decoder knows these bytes
}

type specSet [maxSpecs / 64]uint64

func (s *specSet) add(i uint8)      { s[i/64] |= 1 << (i % 64) }
func (s *specSet) has(i uint8) bool { return s[i/64]&(1<<(i%64)) != 0 }

// Open starts a connection; Close must follow.
func (e *Engine) Open() *Stream {
	n := len(e.free)
	if n == 0 {
		return &Stream{}
	}
	s := e.free[n-1]
	e.free = e.free[:n-1]
	return s
}

// maxFree bounds the list of connections kept for reuse.
const maxFree = 4096

// Close ends a connection and gives s back for reuse.
func (e *Engine) Close(c *dissect.Ctx, s *Stream) {
	e.finish(s)
	*s = Stream{}
	if len(e.free) < maxFree {
		e.free = append(e.free, s)
	}
}

func (e *Engine) finish(s *Stream) {
	s.Done, s.dec = true, nil
	for i := range s.dirs {
		e.drop(&s.dirs[i])
	}
}

func side(c *dissect.Ctx) int {
	if c.ToServer {
		return 1
	}
	return 0
}

// Data is shown the next in-order bytes of one direction (c.ToServer). Bytes are shown once.
func (e *Engine) Data(c *dissect.Ctx, s *Stream, b []byte) {
	d := &s.dirs[side(c)]
	if d.skip > 0 {
		k := min(d.skip, len(b))
		d.skip -= k
		b = b[k:]
	}
	if s.Done || len(b) == 0 {
		return
	}
	c.Rec = e.rec
	if s.dec == nil {
		e.recognise(c, s, b)
		return
	}
	e.decode(c, s, e.join(d, b))
}

// Gap says that n bytes of one direction were lost before the next Data.
func (e *Engine) Gap(c *dissect.Ctx, s *Stream, n int) {
	d := &s.dirs[side(c)]
	k := min(d.skip, n)
	d.skip -= k
	n -= k
	if s.Done || n <= 0 {
		return
	}
	c.Rec = e.rec
	n += len(d.pend)
	e.drop(d)
	if s.dec == nil {
		e.deaden(s, d)
		return
	}
	if !s.dec.Gap(c, n) {
		e.finish(s)
	}
}

// decode shows view, all that is not consumed of the direction of c, to the decoder.
func (e *Engine) decode(c *dissect.Ctx, s *Stream, view []byte) {
	d := &s.dirs[side(c)]
	c.App, c.Handover = s.App, false
	n, more := s.dec.Data(c, view)
	n = max(n, 0)
	if s.hops == 0 && c.App != dissect.Unknown {
		s.App = c.App
	}
	if !more && !c.Handover {
		e.finish(s)
		return
	}
	d.skip = max(n-len(view), 0)
	e.keep(s, d, view[min(n, len(view)):])
	if !more && !s.Done {
		e.handOver(c, s)
	}
}

// handOver begins recognition anew with what the last decoder left.
func (e *Engine) handOver(c *dissect.Ctx, s *Stream) {
	c.Handover = false
	s.hops++
	if s.hops > maxHops {
		e.finish(s)
		return
	}
	s.dec = nil
	for i := range s.dirs {
		d := &s.dirs[i]
		d.no, d.segs, d.seen, d.dead = specSet{}, 0, len(d.pend), false
	}
	if len(s.dirs[side(c)].pend) > 0 {
		e.recognise(c, s, nil)
	}
}

// recognise asks the decoders about the bytes seen so far of the direction of c.
func (e *Engine) recognise(c *dissect.Ctx, s *Stream, b []byte) {
	d := &s.dirs[side(c)]
	d.segs++
	d.seen += len(b)
	last := d.seen >= maxFirst || d.segs >= maxSegs && d.seen >= minFirst
	if d.dead {
		if last {
			e.finish(s) // and the other side never said a thing
		}
		return
	}
	view := e.join(d, b)
	spec, v := e.match(c, d, view, last)
	switch {
	case v == dissect.Yes:
		e.start(c, s, spec, view)
	case v == dissect.Maybe && !last:
		e.keep(s, d, view)
	default:
		e.deaden(s, d)
	}
}

// deaden ends recognition in one direction, and of the connection if the other one has none either.
func (e *Engine) deaden(s *Stream, d *direction) {
	e.drop(d)
	d.dead, d.segs, d.seen = true, 0, 0
	if s.dirs[0].dead && s.dirs[1].dead {
		e.finish(s)
	}
}

// match finds the decoder that says Yes. A decoder that is at home on the port and says Maybe is waited for.
func (e *Engine) match(c *dissect.Ctx, d *direction, view []byte, last bool) (uint8, dissect.Verdict) {
	o := e.table.forTCP(serverPort(c))
	all := dissect.No
	wait := false
	for i, id := range o.list {
		if d.no.has(id) {
			continue
		}
		switch streams[id].Match(c, view) {
		case dissect.Yes:
			if wait && i >= o.own && !last {
				return 0, dissect.Maybe
			}
			return id, dissect.Yes
		case dissect.Maybe:
			all = dissect.Maybe
			wait = wait || i < o.own
		default:
			d.no.add(id)
		}
	}
	return 0, all
}

// start makes the decoder and shows it what was held back, in the order in which it came.
func (e *Engine) start(c *dissect.Ctx, s *Stream, spec uint8, view []byte) {
	s.dec = e.make[spec]()
	if s.App == dissect.Unknown {
		s.App = streams[spec].App
	}
	d := &s.dirs[side(c)]
	if other := &s.dirs[1-side(c)]; len(other.pend) > 0 {
		held := d.pend // view may lie in it: out of sight meanwhile
		d.pend = nil
		turn(c)
		e.decode(c, s, other.pend)
		turn(c)
		d.pend = held
	}
	switch {
	case s.Done:
		e.drop(d)
	case s.dec != nil:
		e.decode(c, s, view)
	default: // the other side's bytes ended in a handover
		if e.keep(s, d, view); !s.Done {
			e.recognise(c, s, nil)
		}
	}
}

// turn makes c the context of the other direction.
func turn(c *dissect.Ctx) {
	c.Src, c.Dst = c.Dst, c.Src
	c.SrcPort, c.DstPort = c.DstPort, c.SrcPort
	c.SrcMAC, c.DstMAC = c.DstMAC, c.SrcMAC
	c.ToServer = !c.ToServer
}
