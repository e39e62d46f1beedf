package flow

import (
	"context"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/capture"
	"github.com/mimawari/mimawari/internal/model"
)

// A packet of a known flow allocates nothing, whether its payload is still decoded or not.
func TestNoAllocationPerPacket(t *testing.T) {
	c := seg{src: host1, dst: host2, sport: 40000, dport: 9999}
	pay := "\x00\x01\x02\x03 nothing that anybody speaks, and nothing to learn from it"
	start := []capture.Frame{
		c.with(syn, 99, 0, "").tcp(sec), c.back(syn|ackFlag, 499, 100, "").tcp(sec),
		c.with(ackFlag, 100, 500, pay).tcp(sec), c.udp(sec), c.back(0, 0, 0, pay).udp(sec),
	}
	p := New(Config{Shards: 1})
	if err := p.Run(context.Background(), source(64, start)); err != nil {
		t.Fatal(err)
	}
	s := p.shards[0]
	seq := uint32(100 + len(pay))
	data, answer := c.with(ackFlag|psh, seq, 500, pay).tcp(2*sec), c.back(ackFlag, 500, seq, "").tcp(2*sec)
	query, reply := c.with(0, 0, 0, pay).udp(2*sec), c.back(0, 0, 0, pay).udp(2*sec)
	batch := &capture.Batch{Frames: []capture.Frame{data, answer, query, reply}}
	n := testing.AllocsPerRun(2000, func() {
		binary.BigEndian.PutUint32(batch.Frames[0].Data[14+20+4:], seq) // the next segment, in order
		seq += uint32(len(pay))
		s.work(batch, nil, tick{clock: sec}, 0)
	})
	if n != 0 {
		t.Errorf("%v allocations for 4 packets", n)
	}
	if s.stats.Flows != 2 {
		t.Errorf("%d flows", s.stats.Flows)
	}
}

// flood is a source of random flows, made as they are asked for.
type flood struct {
	left int
	at   int64
	rng  *rand.Rand
}

const floodFrame = 14 + 20 + 20

func (f *flood) Next(context.Context) (*capture.Batch, error) {
	if f.left <= 0 {
		return nil, io.EOF
	}
	const n = 2048
	f.left -= n
	buf := make([]byte, n*floodFrame) // shards may still read the one before
	b := &capture.Batch{Frames: make([]capture.Frame, n)}
	for i := range b.Frames {
		d := buf[i*floodFrame:][:floodFrame]
		f.fill(d)
		f.at += 10_000 // 100,000 flows a second
		b.Frames[i] = frame(f.at, d)
	}
	b.Hold(1)
	return b, nil
}

// fill writes a SYN or a datagram between random machines, a tenth of them inside ones.
func (f *flood) fill(d []byte) {
	x, y := f.rng.Uint64(), f.rng.Uint64()
	copy(d, ethernetHeader(byte(x), byte(y), etherIPv4))
	binary.BigEndian.PutUint32(d[8:], uint32(x>>32)) // random senders too
	h := d[14:]
	h[0], h[8], h[9] = 0x45, 64, protoTCP
	if x&1 != 0 {
		h[9] = protoUDP
	}
	binary.BigEndian.PutUint16(h[2:], 40)
	binary.BigEndian.PutUint32(h[12:], uint32(x))
	binary.BigEndian.PutUint32(h[16:], uint32(y))
	if y>>60 == 0 {
		h[12], h[16] = 10, 10
	} else if y>>60 < 3 {
		h[12] = 10
	}
	binary.BigEndian.PutUint32(h[20:], uint32(y>>32))
	binary.BigEndian.PutUint64(h[24:], x)
	if h[9] == protoTCP {
		h[32], h[33] = 5<<4, syn
	} else {
		binary.BigEndian.PutUint16(h[24:], 20)
	}
}

func (f *flood) Info() model.Source { return model.Source{Name: "flood", Kind: "live"} }
func (f *flood) Close() error       { return nil }

// Random flows, a million of them and ten with MIMAWARI_FLOOD=1, stay within bounded memory, and what was left out is counted.
func TestFlood(t *testing.T) {
	n := 1_000_000
	if os.Getenv("MIMAWARI_FLOOD") != "" {
		n = 10_000_000
	}
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(128 << 20)) // as the commands do
	p := New(Config{Shards: 2})
	src := &flood{left: n, at: 1e18, rng: rand.New(rand.NewPCG(1, 2))}
	peak := watchHeap(t, func() {
		if err := p.Run(context.Background(), src); err != nil {
			t.Fatal(err)
		}
	})
	if live := p.active.Load(); live > int64(p.cfg.MaxFlows)+int64(p.cfg.Shards) {
		t.Errorf("%d active flows", live)
	}
	if total := p.convs.Load(); total > int64(p.cfg.Limits.Conversations)*11/10 {
		t.Errorf("%d conversations", total)
	}
	var seen *model.Seen
	end := watchHeap(t, func() { seen = p.Finish() })
	left := map[string]uint64{}
	for _, l := range seen.Limits {
		left[l.Name] = l.Dropped
	}
	t.Logf("%d flows, peak heap %d MB, %d MB while finishing; left out: %v", seen.Stats.Flows, peak>>20, end>>20, left)
	if peak > 150<<20 || end > 175<<20 { // at the end the sums and the result made of them exist for a moment both
		t.Errorf("peak heap %d MB, %d MB while finishing", peak>>20, end>>20)
	}
	for _, name := range []string{"flows", "conversations", "macs"} {
		if left[name] == 0 {
			t.Errorf("limit %q was not reported", name)
		}
	}
	if seen.Stats.Flows < uint64(n)*99/100 {
		t.Errorf("%d flows counted of %d", seen.Stats.Flows, n)
	}
}

// watchHeap gives the largest heap in use while f runs.
func watchHeap(t *testing.T, f func()) (peak uint64) {
	t.Helper()
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		every := time.NewTicker(20 * time.Millisecond)
		defer every.Stop()
		var m runtime.MemStats
		for {
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapInuse)
			select {
			case <-stop:
				return
			case <-every.C:
			}
		}
	}()
	f()
	close(stop)
	<-done
	return peak
}

func BenchmarkEstablished(b *testing.B) {
	c := seg{src: host1, dst: host2, sport: 40000, dport: 9999}
	p := New(Config{Shards: 1})
	f := c.with(ackFlag, 100, 500, "").tcp(sec)
	if err := p.Run(context.Background(), source(64, []capture.Frame{f})); err != nil {
		b.Fatal(err)
	}
	s := p.shards[0]
	b.ReportAllocs()
	for b.Loop() {
		s.frame(&f)
	}
}
