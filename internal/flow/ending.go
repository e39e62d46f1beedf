package flow

import (
	"cmp"

	"github.com/mimawari/mimawari/internal/capture"
	"github.com/mimawari/mimawari/internal/model"
)

// tick is the sweeping time of a batch.
type tick struct {
	clock int64 // of the batch: its earliest frame
	back  bool  // the clock was set back: clock is far before what it was
}

// work takes the frames of b that index names, all if it is nil.
func (s *shard) work(b *capture.Batch, index []uint32, t tick, source int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.source = uint16(source)
	s.advance(t)
	if index == nil {
		for i := range b.Frames {
			s.frame(&b.Frames[i])
		}
		return
	}
	for _, i := range index {
		s.frame(&b.Frames[i])
	}
}

// advance moves the sweeping time and ends some of the flows that are over.
func (s *shard) advance(t tick) {
	if t.back {
		s.sweepAll(t.clock)
	}
	s.clock = t.clock
	s.joiner.expire(s, s.clock)
	s.sweep(64 + int(s.table.used)/16)
}

// sweep looks at the next n entries.
func (s *shard) sweep(n int) {
	for range min(n, int(s.table.used)) {
		if s.hand++; s.hand >= s.table.used {
			s.hand = 0
		}
		e := s.table.at(s.hand)
		if limit := s.patience(e); e.is(live) && limit >= 0 && s.clock-e.last > limit {
			s.end(s.hand)
		}
	}
}

// sweepAll ends every flow that is over by the old clock or that comes from a time after the new one. All shards do this
// at the same frame, so that what is left does not depend on how far each had swept.
func (s *shard) sweepAll(now int64) {
	for n := range s.table.used {
		e := s.table.at(n)
		if limit := s.patience(e); e.is(live) && limit >= 0 && (s.clock-e.last > limit || e.last-now > limit) {
			s.end(n)
		}
	}
}

// sampleSize is how many flows are compared when one has to make room.
const sampleSize = 16

// evict ends the flow that is idle the longest among the next few.
func (s *shard) evict() {
	best, found := uint32(0), 0
	for range s.table.used {
		if s.hand++; s.hand >= s.table.used {
			s.hand = 0
		}
		e := s.table.at(s.hand)
		if !e.is(live) {
			continue
		}
		if found == 0 || e.last < s.table.at(best).last {
			best = s.hand
		}
		if found++; found == sampleSize {
			break
		}
	}
	if found > 0 {
		s.evicted++
		s.end(best)
	}
}

// end closes flow n and sums it up.
func (s *shard) end(n uint32) {
	e := s.table.at(n)
	if e.stream != 0 {
		s.closeStream(n, e, e.last)
	}
	s.settle(n, e, &s.sums, s.mirrors)
	if e.is(strayed) {
		delete(s.strays, n)
	}
	if s.emit != nil {
		s.emit(s, e, n)
	}
	if s.facts != nil {
		delete(s.facts, n)
	}
	s.table.remove(n)
	s.active.Add(-1)
}

func (s *shard) settle(n uint32, e *entry, sums *rollup, mirrors []mirror) {
	var x strays
	if e.is(strayed) {
		x = s.strays[n]
	}
	sums.settle(e, &x)
	if e.key.proto() == protoTCP {
		mirrors[e.source].flow(e)
	}
}

// endAll closes every flow and every datagram that is being joined.
func (s *shard) endAll() {
	for len(s.joiner.order) > 0 {
		s.joiner.giveUp(s)
	}
	for n := range s.table.used {
		if s.table.at(n).is(live) {
			s.end(n)
		}
	}
}

// describe fills f with what is known of flow n.
func (s *shard) describe(e *entry, n uint32, f *model.Flow) {
	client, server, cport, sport := e.ends()
	f.Client, f.Server = addrPort(client, cport), addrPort(server, sport)
	f.ClientMAC, f.ServerMAC = cmp.Or(e.srcMAC[0], e.dstMAC[1]), cmp.Or(e.srcMAC[1], e.dstMAC[0])
	f.Proto, f.VLAN, f.Tunnel = e.key.proto(), e.key.vlan(), e.tunnel.String()
	f.First, f.Last = stamp(e.first), stamp(e.last)
	f.Packets, f.IPBytes, f.Payload, f.Lost = e.packets, e.ipBytes, e.payload, [2]uint64{uint64(e.missing[0]), uint64(e.missing[1])}
	f.State, f.History = e.connState(), string(e.history[:e.letters])
	f.App, f.Facts = e.app.String(), s.facts[n]
}
