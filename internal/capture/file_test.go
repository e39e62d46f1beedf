package capture

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

// seen is a frame copied out of its batch.
type seen struct {
	At   int64
	Data string
	Wire uint32
	Link LinkType
}

// drain reads s to its end.
func drain(t testing.TB, s Source) ([]seen, error) {
	t.Helper()
	defer s.Close()
	var all []seen
	for {
		b, err := s.Next(context.Background())
		if err != nil {
			if _, again := s.Next(context.Background()); again != err {
				t.Fatalf("Next said %v, then %v", err, again)
			}
			return all, err
		}
		if len(b.Frames) == 0 {
			t.Fatal("an empty batch")
		}
		for _, f := range b.Frames {
			all = append(all, seen{At: f.At, Data: string(f.Data), Wire: f.Wire, Link: f.Link})
		}
		b.Release()
	}
}

func openBytes(b []byte) (Source, error) { return Open("-", bytes.NewReader(b), Options{}) }

func read(t testing.TB, b []byte) ([]seen, model.Source, error) {
	t.Helper()
	s, err := openBytes(b)
	if err != nil {
		return nil, model.Source{}, err
	}
	all, err := drain(t, s)
	return all, s.Info(), err
}

func TestPcapVariants(t *testing.T) {
	f := func(order binary.ByteOrder, magic uint32, frac uint32, ns int64) {
		t.Helper()
		w := newWriter(order)
		w.pcapHeader(magic, 0xf4000001) // with FCS length bits
		for i := range uint32(3) {
			w.u32(1_700_000_000-i, frac, 5, 60) // time may run backwards
			if magic == 0xa1b2cd34 {
				w.u32(7, 8)
			}
			w.WriteString("frame")
		}
		got, info, err := read(t, w.Bytes())
		if err != io.EOF || len(got) != 3 {
			t.Fatalf("%d frames, %v", len(got), err)
		}
		at := int64(1_700_000_000)*1e9 + ns
		if want := (seen{at, "frame", 60, 1}); got[0] != want {
			t.Errorf("got %v, want %v", got[0], want)
		}
		want := model.Source{
			Name: "-", Kind: "pcap", Packets: 3, Bytes: 180, First: time.Unix(0, at-2e9).UTC(), Last: time.Unix(0, at).UTC(),
			Mirror: model.Mirror{Packets: 3, Truncated: 3},
		}
		if d := cmp.Diff(want, info); d != "" {
			t.Error(d)
		}
	}
	f(binary.LittleEndian, 0xa1b2c3d4, 123456, 123456000)
	f(binary.BigEndian, 0xa1b2c3d4, 123456, 123456000)
	f(binary.LittleEndian, 0xa1b23c4d, 123456789, 123456789)
	f(binary.BigEndian, 0xa1b23c4d, 123456789, 123456789)
	f(binary.LittleEndian, 0xa1b2cd34, 1, 1000)
	f(binary.BigEndian, 0xa1b2cd34, 1, 1000)
}

func TestPcapWithoutFrames(t *testing.T) {
	w := newWriter(binary.LittleEndian)
	w.pcapHeader(0xa1b2c3d4, 1)
	if got, _, err := read(t, w.Bytes()); err != io.EOF || len(got) != 0 {
		t.Fatal(got, err)
	}
}

func TestPcapngSections(t *testing.T) {
	w := newWriter(binary.LittleEndian)
	w.section()
	w.iface(1, 0)
	w.iface(113, 0, option{9, []byte{9}})
	w.enhanced(0, 1_700_000_000_000_001, []byte("micro"), 5, option{1, []byte("a comment")})
	w.enhanced(1, 1_700_000_000_000_000_001, []byte("nano"), 100)
	w.block(0xbad, func(b *writer) { b.u32(1) })
	w.block(0x0a, func(b *writer) { b.Write(make([]byte, 3<<20)) }) // longer than a batch
	w.block(blockSimple, func(b *writer) { b.u32(9); b.WriteString("simple") })
	w.block(blockPacket, func(b *writer) {
		ts := uint64(1_700_000_001_000_000)
		b.u16(0, 3)
		b.u32(uint32(ts>>32), uint32(ts), 3, 3)
		b.WriteString("old")
	})
	w.order = binary.BigEndian
	w.section()
	w.iface(101, 3, option{9, []byte{0x80 + 10}}, option{14, []byte{0, 0, 0, 0, 0, 0, 0, 5}})
	w.enhanced(0, 1024*1_700_000_002+512, []byte("two"), 3)
	w.block(blockSimple, func(b *writer) { b.u32(9); b.WriteString("cut") })
	w.block(blockStats, func(b *writer) { b.u32(0, 0, 0) }, option{5, w.number(40)}, option{7, w.number(2)})
	got, info, err := read(t, w.Bytes())
	if err != io.EOF {
		t.Fatal(err)
	}
	s := int64(1_700_000_000_000_000_000)
	want := []seen{
		{s + 1000, "micro", 5, 1},
		{s + 1, "nano", 100, 113},
		{s + 1, "simple\x00\x00", 9, 1},
		{s + 1e9, "old", 3, 1},
		{s + 7.5e9, "two", 3, 101},
		{s + 7.5e9, "cut", 9, 101},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if info.Kind != "pcapng" || info.Mirror.Dropped != 42 || info.Mirror.Truncated != 3 {
		t.Errorf("%+v", info)
	}
}

func TestPcapngTime(t *testing.T) {
	f := func(res byte, ts uint64, want int64, ok bool) {
		t.Helper()
		i := ngInterface{mul: 1000, div: 1}
		i.resolution(res)
		if got, sane := i.time(ts); got != want || sane != ok {
			t.Errorf("%d, %v", got, sane)
		}
	}
	f(0, 1_700_000_000, 1_700_000_000e9, true)
	f(3, 1_700_000_000_123, 1_700_000_000_123e6, true)
	f(12, 1_700_000_000_000_000_999, 1_700_000_000_000_000, true)
	f(28, 1<<63, 0, true)
	f(29, 1<<63, 0, true)
	f(127, 1<<63, 0, true)
	f(0x80, 1_700_000_000, 1_700_000_000e9, true)
	f(0x80+32, 1_700_000_000<<32|1<<31, 1_700_000_000_500_000_000, true)
	f(0x80+63, 1<<63, 1e9, true)
	f(0x80+64, 1<<63, 5e8, true)
	f(0xff, 1<<63, 0, true)
	f(6, 1<<63, 0, false)
	f(9, 1<<63, 0, false)
	f(0x80, 1<<63, 0, false)
}

func TestUnbelievableTimeIsCounted(t *testing.T) {
	w := newWriter(binary.LittleEndian)
	w.section()
	w.iface(1, 0)
	w.enhanced(0, 1_700_000_000_000_000, []byte("a"), 1)
	w.enhanced(0, 1<<63, []byte("b"), 1)
	got, info, err := read(t, w.Bytes())
	if err != io.EOF || len(got) != 2 || got[1].At != got[0].At {
		t.Fatal(got, err)
	}
	if len(info.Errors) != 1 || info.Errors[0].Code != "frame_time" || info.Errors[0].Args[0] != "1" {
		t.Fatal(info.Errors)
	}
}

// sample is a pcap of n frames of different lengths, larger than one batch for n > 2000.
func sample(n int) []byte {
	w := newWriter(binary.LittleEndian)
	w.pcapHeader(0xa1b2c3d4, 1)
	for i := range n {
		w.record(uint32(i), uint32(i), bytes.Repeat([]byte{byte(i)}, i%1500), 1500)
	}
	return w.Bytes()
}

func gz(t testing.TB, parts ...[]byte) []byte {
	var out bytes.Buffer
	for _, p := range parts {
		z := gzip.NewWriter(&out)
		if _, err := z.Write(p); err != nil {
			t.Fatal(err)
		}
		z.Close()
	}
	return out.Bytes()
}

func zst(t testing.TB, parts ...[]byte) []byte {
	var out []byte
	for _, p := range parts {
		z, err := zstd.NewWriter(nil)
		if err != nil {
			t.Fatal(err)
		}
		out = z.EncodeAll(p, out)
	}
	return out
}

func TestCompressed(t *testing.T) {
	plain := sample(3000)
	want, wantInfo, err := read(t, plain)
	if err != io.EOF || len(want) != 3000 {
		t.Fatal(len(want), err)
	}
	f := func(b []byte) {
		t.Helper()
		got, info, err := read(t, b)
		if err != io.EOF {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff(wantInfo, info); d != "" {
			t.Error(d)
		}
	}
	f(gz(t, plain))
	f(gz(t, plain[:5], plain[5:100_000], plain[100_000:]))
	f(zst(t, plain))
	f(append([]byte("\x50\x2a\x4d\x18\x04\x00\x00\x00skip"), zst(t, plain[:7], plain[7:])...))
}

func TestFilesAndPipesAreTheSame(t *testing.T) {
	name := filepath.Join(t.TempDir(), "名前 a.pcap.txt")
	plain := sample(3000)
	if err := os.WriteFile(name, plain, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(name, nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := drain(t, s)
	if err != io.EOF {
		t.Fatal(err)
	}
	want, _, _ := read(t, plain)
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	piped, err := Open("-", &trickle{b: plain}, Options{Batches: 1})
	if err != nil {
		t.Fatal(err)
	}
	if got, err = drain(t, piped); err != io.EOF || !cmp.Equal(want, got) {
		t.Fatal(len(got), err)
	}
}

// trickle gives few bytes at a time, as a pipe may.
type trickle struct{ b []byte }

func (r *trickle) Read(p []byte) (int, error) {
	if len(r.b) == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.b[:min(len(r.b), 1+len(r.b)%3001)])
	r.b = r.b[n:]
	return n, nil
}

func TestBatchesInFlightAreBounded(t *testing.T) {
	s, err := Open("-", bytes.NewReader(sample(6000)), Options{Batches: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	one, _ := s.Next(context.Background())
	two, _ := s.Next(context.Background())
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if _, err := s.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("third batch: %v", err)
	}
	one.Hold(1)
	one.Release()
	one.Release()
	three, err := s.Next(context.Background())
	if err != nil || three != one || len(two.Frames) == 0 {
		t.Fatal(err)
	}
}

func TestNoAllocationPerFrame(t *testing.T) {
	f := func(b []byte, frames int) {
		t.Helper()
		r := bytes.NewReader(b)
		s, err := Open("-", &endless{r, b}, Options{Batches: 2})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		ctx := context.Background()
		next := func() {
			x, err := s.Next(ctx)
			if err != nil {
				t.Fatal(err)
			}
			x.Release()
		}
		for range 10 {
			next()
		}
		if n := testing.AllocsPerRun(50, next); n > 0 {
			t.Errorf("%v allocations per batch", n)
		}
	}
	f(sample(3000), 3000)
	w := newWriter(binary.LittleEndian)
	w.section()
	w.iface(1, 0)
	for i := range 3000 {
		w.enhanced(0, uint64(i), make([]byte, 100), 100, option{4, w.number(0)})
	}
	f(w.Bytes(), 3000)
}

// endless repeats the records of a capture for ever.
type endless struct {
	r *bytes.Reader
	b []byte
}

func (e *endless) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	if err == io.EOF {
		at := 0
		if e.b[0] == 0xd4 {
			at = pcapHeaderLen
		}
		e.r.Reset(e.b[at:])
		return e.r.Read(p)
	}
	return n, err
}

func TestWalk(t *testing.T) {
	dir := t.TempDir()
	put := func(name string, b []byte) {
		t.Helper()
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put("z.pcap", sample(1))
	put("b/y.bin", gz(t, sample(1)))
	put("b/a.log", []byte("# a log\n"))
	put("b/readme.txt", []byte("hello\n"))
	put("b/none", nil)
	put("b/x.etl", []byte{0, 1, 2})
	if err := os.Symlink(dir, filepath.Join(dir, "loop")); err != nil {
		t.Fatal(err)
	}
	names, passed := Walk([]string{"-", dir, filepath.Join(dir, "b/readme.txt"), "/nowhere"}, func(name string, head []byte) bool {
		return bytes.HasPrefix(head, []byte("#"))
	})
	strip := func(s string) string { return strings.TrimPrefix(strings.ReplaceAll(s, dir, ""), "/") }
	var got []string
	for _, n := range names {
		got = append(got, strip(n))
	}
	for _, p := range passed {
		got = append(got, fmt.Sprintf("%s:%s", strip(p.Name), p.Code))
		if !locale.Has("trouble." + p.Code) {
			t.Errorf("no words for %s", p.Code)
		}
	}
	want := []string{"-", "b/y.bin", "z.pcap", "b/a.log", "b/readme.txt", "nowhere", "b/none:empty", "b/readme.txt:looks_text", "b/x.etl:looks_etl", "loop:special_file"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
