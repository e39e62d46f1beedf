// Command mix makes a large capture for benchmarks: it joins many captures, each at a random place in an hour, and repeats that with
// other addresses until the file is large enough. The result depends on nothing but the captures and the flags. Checksums
// stay right; frames that are not Ethernet or raw IP are left out.
package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"

	"github.com/mimawari/mimawari/internal/capture"
)

func main() {
	out := flag.String("o", "mix.pcap", "file to write")
	size := flag.Int64("size", 1_150_000_000, "bytes to write at least")
	span := flag.Int64("span", 3600, "seconds over which the captures of one round begin")
	flag.Parse()
	if err := run(*out, *size, *span, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// event is a frame at its time since the beginning of its capture, later of its round.
type event struct {
	at   int64
	data []byte
}

func run(out string, size, span int64, paths []string) error {
	names, _ := capture.Walk(paths, nil)
	var all [][]event
	for _, n := range names {
		if c := load(n); len(c) > 0 {
			all = append(all, c)
		}
	}
	if len(all) == 0 {
		return fmt.Errorf("mix: no frames in %v: name folders or files with captures", paths)
	}
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	w := &writer{w: bufio.NewWriterSize(f, 1<<20)}
	w.header()
	rng := rand.New(rand.NewPCG(1, 1))
	start := int64(1_767_225_600e9) // 2026-01-01
	rounds := 0
	for ; w.bytes < size; rounds++ {
		start = w.round(start, rounds, layOut(all, span, rng), size)
	}
	fmt.Printf("%s: %d packets, %d bytes from %d captures in %d rounds\n", out, w.packets, w.bytes, len(all), rounds)
	if err := w.w.Flush(); err != nil {
		return err
	}
	return f.Close()
}

// load reads a capture; times begin at 0, and pauses over five minutes and steps back are squeezed out.
func load(name string) []event {
	src, err := capture.Open(name, nil, capture.Options{})
	if err != nil {
		return nil
	}
	defer src.Close()
	var all []event
	var last, shift int64
	for {
		b, err := src.Next(context.Background())
		if err != nil {
			return all // what came before damage is good enough
		}
		for _, f := range b.Frames {
			data := ethernet(f)
			if data == nil {
				continue
			}
			at := f.At - shift
			if len(all) == 0 || at < last || at > last+300e9 {
				shift += at - last
				at = last
			}
			last = at
			all = append(all, event{at, data})
		}
		b.Release()
	}
}

// ethernet copies a frame; raw IP gets an Ethernet header.
func ethernet(f capture.Frame) []byte {
	switch f.Link {
	case 1:
		if len(f.Data) < 14 {
			return nil
		}
		return slices.Clone(f.Data)
	case 12, 14, 101, 228, 229:
		if len(f.Data) < 20 {
			return nil
		}
		head := []byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0}
		if f.Data[0]>>4 == 6 {
			head[12], head[13] = 0x86, 0xdd
		}
		return append(head, f.Data...)
	}
	return nil
}

func layOut(all [][]event, span int64, rng *rand.Rand) []event {
	var round []event
	for _, c := range all {
		off := rng.Int64N(span * 1e9)
		for _, e := range c {
			round = append(round, event{off + e.at, e.data})
		}
	}
	slices.SortStableFunc(round, func(a, b event) int { return cmp.Compare(a.at, b.at) })
	return round
}

type writer struct {
	w       *bufio.Writer
	packets int64
	bytes   int64
	buf     []byte
}

func (w *writer) header() {
	h := binary.LittleEndian.AppendUint32(nil, 0xa1b2c3d4)
	h = binary.LittleEndian.AppendUint16(h, 2)
	h = binary.LittleEndian.AppendUint16(h, 4)
	h = append(h, make([]byte, 8)...)
	h = binary.LittleEndian.AppendUint32(h, 262144)
	w.w.Write(binary.LittleEndian.AppendUint32(h, 1))
}

// round writes events with the addresses of round n and gives the time at which the next may begin.
func (w *writer) round(start int64, n int, events []event, size int64) int64 {
	end := start
	for _, e := range events {
		if w.bytes >= size {
			break
		}
		w.buf = append(w.buf[:0], e.data...)
		rewrite(w.buf, byte(n))
		end = start + e.at
		var h [16]byte
		binary.LittleEndian.PutUint32(h[:], uint32(end/1e9))
		binary.LittleEndian.PutUint32(h[4:], uint32(end%1e9/1000))
		binary.LittleEndian.PutUint32(h[8:], uint32(len(w.buf)))
		binary.LittleEndian.PutUint32(h[12:], uint32(len(w.buf)))
		w.w.Write(h[:])
		w.w.Write(w.buf)
		w.packets++
		w.bytes += int64(len(w.buf)) + 16
	}
	return end + 1e9
}
