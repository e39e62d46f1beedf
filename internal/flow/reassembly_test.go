package flow

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
)

// collector is a sink that writes down what comes, gaps as zero bytes.
type collector struct {
	got  [2][]byte
	gaps [2]int
}

func (c *collector) data(dir int, b []byte) { c.got[dir] = append(c.got[dir], b...) }
func (c *collector) gap(dir, n int) {
	c.gaps[dir]++
	c.got[dir] = append(c.got[dir], make([]byte, n)...)
}

func newAssembler() *assembler {
	return &assembler{perFlow: 64 << 10, buffers: buffers{max: 1 << 20}}
}

// story is bytes without a zero, so that gaps can be told from data.
func story(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7%251) + 1
	}
	return b
}

func TestReassembly(t *testing.T) {
	text := story(4000)
	type piece struct{ from, to int }
	f := func(start uint32, pieces []piece, acked int, want int, gaps int) {
		t.Helper()
		a, s, c := newAssembler(), &stream{}, &collector{}
		s.half[0].begin(start)
		for i, p := range pieces {
			a.push(s, 0, int64(i)*1e6, segment{seq: start + uint32(p.from), data: text[p.from:p.to]}, start+uint32(acked), acked > 0, c)
		}
		if len(c.got[0]) != want || c.gaps[0] != gaps {
			t.Errorf("%d bytes with %d gaps, want %d with %d", len(c.got[0]), c.gaps[0], want, gaps)
		}
		if gaps == 0 && !bytes.Equal(c.got[0], text[:want]) {
			t.Error("other bytes came out")
		}
		a.flush(s, c)
		a.drop(s)
		if s.held != 0 || a.buffers.inUse != 0 {
			t.Errorf("%d bytes held, %d lent at the end", s.held, a.buffers.inUse)
		}
	}
	f(1, []piece{{0, 10}, {10, 20}}, 0, 20, 0)
	f(1, []piece{{10, 20}, {0, 10}}, 0, 20, 0)                 // out of order
	f(1<<32-5, []piece{{0, 10}, {20, 30}, {10, 20}}, 0, 30, 0) // sequence numbers wrap
	f(1, []piece{{0, 10}, {0, 10}, {5, 15}, {9, 12}}, 0, 15, 0)
	f(1, []piece{{0, 10}, {20, 30}, {5, 25}}, 0, 30, 0)
	f(1, []piece{{0, 10}, {9, 10}, {10, 11}}, 0, 11, 0) // keep-alive
	f(1, []piece{{10, 20}}, 0, 0, 0)                    // waits
	f(1, []piece{{10, 20}, {20, 30}, {30, 40}, {40, 50}, {50, 60}, {60, 70}, {70, 80}, {80, 90}}, 90, 90, 1)
	f(1, []piece{{10, 20}, {20, 30}, {30, 40}, {40, 50}, {50, 60}, {60, 70}, {70, 80}, {80, 90}}, 0, 0, 0) // nobody acknowledged it
}

func TestReassemblyLimits(t *testing.T) {
	a, s, c := newAssembler(), &stream{}, &collector{}
	a.buffers.max = 64 << 10
	s.half[0].begin(0)
	text := story(1000)
	for i := range 500 {
		a.push(s, 0, 0, segment{seq: uint32(5000 + i*1000), data: text}, 0, false, c)
		if s.held > a.perFlow || a.buffers.inUse > a.buffers.max {
			t.Fatalf("%d bytes held, %d lent", s.held, a.buffers.inUse)
		}
	}
	if c.gaps[0] != 1 || len(c.got[0]) != 5000+500*1000 {
		t.Errorf("%d gaps, %d bytes", c.gaps[0], len(c.got[0]))
	}
	if a.buffers.full == 0 {
		t.Error("the limit was not counted")
	}
}

// FuzzTCP cuts a stream into pieces by the input, sends them in any order, overlapping and repeated: what comes out is a
// prefix of the stream, and all of it once every byte was sent.
func FuzzTCP(f *testing.F) {
	f.Add(uint32(0), []byte{0, 10, 10, 10, 5, 20}, uint64(1))
	f.Add(^uint32(3), []byte{0, 255, 100, 1, 200, 200, 3, 3, 50, 9}, uint64(2))
	f.Fuzz(func(t *testing.T, start uint32, cuts []byte, seed uint64) {
		text := story(512)
		a, s, c := newAssembler(), &stream{}, &collector{}
		s.half[0].begin(start)
		check := func() {
			if c.gaps[0] != 0 || !bytes.HasPrefix(text, c.got[0]) {
				t.Fatalf("%d bytes are no prefix of the stream (%d gaps)", len(c.got[0]), c.gaps[0])
			}
		}
		send := func(from, to int) {
			a.push(s, 0, 0, segment{seq: start + uint32(from), data: text[from:to]}, 0, false, c)
			check()
		}
		for i := 0; i+1 < min(len(cuts), 200); i += 2 {
			from := int(cuts[i]) * 2
			send(from, min(from+int(cuts[i+1]), len(text)))
		}
		var rest []int
		for i := 0; i < len(text); i += 16 {
			rest = append(rest, i)
		}
		rand.New(rand.NewPCG(seed, 0)).Shuffle(len(rest), func(i, j int) { rest[i], rest[j] = rest[j], rest[i] })
		for _, i := range rest {
			send(i, i+16)
		}
		if !slices.Equal(c.got[0], text) {
			t.Fatalf("%d of %d bytes came out", len(c.got[0]), len(text))
		}
		if s.held != 0 || a.buffers.inUse != 0 {
			t.Fatalf("%d bytes held, %d lent", s.held, a.buffers.inUse)
		}
	})
}
