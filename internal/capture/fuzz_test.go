package capture

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// FuzzReader: whatever the bytes, reading ends, with io.EOF or *Damage, and frames stay inside the bounds.
func FuzzReader(f *testing.F) {
	f.Add(sample(10))
	w := newWriter(binary.BigEndian)
	w.section()
	w.iface(1, 0, option{9, []byte{0x8a}}, option{14, []byte{0, 0, 0, 0, 0, 0, 0, 5}})
	w.enhanced(0, 5, []byte("frame"), 9, option{4, w.number(3)})
	w.block(blockSimple, func(b *writer) { b.u32(9); b.WriteString("simple") })
	w.block(blockStats, func(b *writer) { b.u32(0, 0, 0) }, option{5, w.number(40)})
	f.Add(w.Bytes())
	f.Add(gz(f, sample(3)))
	f.Add(zst(f, sample(3)))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := openBytes(b)
		if err == nil {
			err = walkFrames(t, s)
		}
		var d *Damage
		if err != io.EOF && !errors.As(err, &d) {
			t.Fatalf("%v is no *Damage", err)
		}
	})
}

func walkFrames(t *testing.T, s Source) error {
	defer s.Close()
	for {
		b, err := s.Next(context.Background())
		if err != nil {
			return err
		}
		for _, f := range b.Frames {
			if len(f.Data) > MaxFrame || uint64(f.Wire) < uint64(len(f.Data)) {
				t.Fatalf("a frame of %d bytes, %d on the wire", len(f.Data), f.Wire)
			}
		}
		b.Release()
	}
}

// realCaptures lists small captures of the shared data.
func realCaptures(t *testing.T) []string {
	t.Helper()
	root := os.Getenv("MIMAWARI_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	var names []string
	_ = filepath.WalkDir(filepath.Join(root, "data", "captures"), func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		head, err := Head(name)
		if format := Sniff(head); err == nil && (format == Pcap || format == Pcapng) {
			names = append(names, name)
		}
		return nil
	})
	if len(names) == 0 {
		t.Skip("no real captures: set MIMAWARI_SHARED to the folder that has data/captures")
	}
	return names
}

func TestRealCaptures(t *testing.T) {
	n, cut, frames := 0, 0, 0
	for _, name := range realCaptures(t) {
		s, err := Open(name, nil, Options{})
		if err != nil {
			t.Error(err)
			continue
		}
		all, err := drain(t, s)
		var d *Damage
		if errors.As(err, &d) && d.Code == "truncated" {
			cut++ // the collection has a few whose capture was stopped in the middle of a frame
		} else if err != io.EOF {
			t.Errorf("%s: %v", filepath.Base(name), err)
		}
		for _, f := range all {
			if year := f.At / (365 * 86400 * 1e9); year < 0 || year > 70 {
				t.Errorf("%s: a frame at %d", filepath.Base(name), f.At)
				break
			}
		}
		n++
		frames += len(all)
	}
	if cut*20 > n {
		t.Errorf("%d of %d captures are said to be cut", cut, n)
	}
	t.Logf("%d captures, %d of them cut, %d frames", n, cut, frames)
}

// Any real capture cut anywhere and with any bytes flipped: no panic, no hang, and the frames before the damage are the same.
func TestDamagedRealCaptures(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, name := range realCaptures(t) {
		if st, err := os.Stat(name); err != nil || st.Size() > 300<<10 {
			continue
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		want, _, _ := read(t, b)
		for range 3 {
			cut := b[:r.IntN(len(b))]
			got, _, _ := read(t, cut)
			if len(got) > len(want) || !slices.Equal(got, want[:len(got)]) {
				t.Fatalf("%s cut at %d: other frames", filepath.Base(name), len(cut))
			}
			checkFlipped(t, name, b, want, r)
		}
	}
}

func checkFlipped(t *testing.T, name string, b []byte, want []seen, r *rand.Rand) {
	t.Helper()
	bad := bytes.Clone(b)
	first := len(bad)
	for range 1 + r.IntN(4) {
		at := r.IntN(len(bad))
		bad[at] ^= byte(1 + r.IntN(255))
		first = min(first, at)
	}
	whole, _, _ := read(t, b[:first]) // what certainly lies before the damage
	got, _, _ := read(t, bad)
	if head := Sniff(b); head != Pcap && head != Pcapng {
		return // decompressors work in blocks: how much comes out before the damage is theirs to say
	}
	if len(got) < len(whole) || !slices.Equal(got[:len(whole)], whole) {
		t.Fatalf("%s damaged at %d: %d frames, %d before the damage", filepath.Base(name), first, len(got), len(whole))
	}
}
