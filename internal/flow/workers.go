package flow

import (
	"encoding/binary"
	"sync"

	"github.com/mimawari/mimawari/internal/capture"
)

// job is a shard's part of a batch.
type job struct {
	batch *capture.Batch
	index []uint32
	tick  tick
}

// workers starts what works on the frames of one source. step hands a batch over and gives it back when all are done with
// it; done waits until everything handed over has been taken. With one shard step does the work itself.
func (p *Pipeline) workers(source int) (step func(*capture.Batch), done func()) {
	if len(p.shards) == 1 {
		return func(b *capture.Batch) {
			p.shards[0].work(b, nil, p.tick(b), source)
			b.Release()
		}, func() {}
	}
	d := newDispatcher(p, source)
	return d.step, d.stop
}

// dispatcher splits batches by address pair.
type dispatcher struct {
	p       *Pipeline
	jobs    []chan job
	spare   chan []uint32 // index lists to be used again
	parts   [][]uint32
	pkt     packet
	running sync.WaitGroup
}

const queued = 4 // jobs that wait for one shard

func newDispatcher(p *Pipeline, source int) *dispatcher {
	n := len(p.shards)
	d := &dispatcher{p: p, spare: make(chan []uint32, n*(queued+2)), parts: make([][]uint32, n)}
	for _, s := range p.shards {
		c := make(chan job, queued)
		d.jobs = append(d.jobs, c)
		d.running.Go(func() {
			for j := range c {
				s.work(j.batch, j.index, j.tick, source)
				j.batch.Release()
				d.spare <- j.index
			}
		})
	}
	return d
}

func (d *dispatcher) list() []uint32 {
	select {
	case l := <-d.spare:
		return l[:0]
	default:
		return make([]uint32, 0, 1024) // never nil: that would mean all frames
	}
}

func (d *dispatcher) step(b *capture.Batch) {
	t := d.p.tick(b)
	for i := range d.parts {
		d.parts[i] = d.list()
	}
	for i := range b.Frames {
		k := d.shardOf(&b.Frames[i])
		d.parts[k] = append(d.parts[k], uint32(i))
	}
	b.Hold(len(d.jobs)) // every shard gets a job, even an empty one: its clock must go on
	for i, c := range d.jobs {
		c <- job{b, d.parts[i], t}
		d.parts[i] = nil
	}
	b.Release()
}

func (d *dispatcher) stop() {
	for _, c := range d.jobs {
		close(c)
	}
	d.running.Wait()
}

// shardOf picks the shard of a frame by its outermost address pair. What is not IP, and neighbour discovery, goes to the
// first, so that one recorder sees every change of an address's owner in order.
func (d *dispatcher) shardOf(f *capture.Frame) int {
	n := uint64(len(d.jobs))
	if f.Link == linkEthernet && len(f.Data) >= 34 && f.Data[12] == 8 && f.Data[13] == 0 {
		src, dst := addr4(binary.BigEndian.Uint32(f.Data[26:])), addr4(binary.BigEndian.Uint32(f.Data[30:]))
		return int((pairHash(src, dst) >> 32) % n)
	}
	p := &d.pkt
	v := decoder{d.p.cfg.Convention}.decode(f, p)
	if v != isPacket && v != isFragment && v != isIgnored {
		return 0
	}
	src, dst := p.src, p.dst
	if p.outerSrc.set() {
		src, dst = p.outerSrc, p.outerDst
	} else if p.proto == protoICMPv6 && len(p.payload) > 0 && p.payload[0] >= 133 && p.payload[0] <= 137 {
		return 0
	}
	return int((pairHash(src, dst) >> 32) % n)
}
