package capture

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// benchFile writes a pcap of about 64 MiB: mostly large and small frames as a file server's traffic has them.
func benchFile(b *testing.B) (string, int) {
	w := newWriter(binary.LittleEndian)
	w.pcapHeader(0xa1b2c3d4, 1)
	n := 0
	for ; w.Len() < 64<<20; n++ {
		w.record(uint32(n/1000), uint32(n%1000), bytes.Repeat([]byte{byte(n)}, []int{60, 1514, 66, 180}[n%4]), 1514)
	}
	name := filepath.Join(b.TempDir(), "bench.pcap")
	if err := os.WriteFile(name, w.Bytes(), 0o600); err != nil {
		b.Fatal(err)
	}
	return name, n
}

func BenchmarkRead(b *testing.B) {
	name, n := benchFile(b)
	b.ReportAllocs()
	for b.Loop() {
		s, err := Open(name, nil, Options{})
		if err != nil {
			b.Fatal(err)
		}
		got := 0
		for {
			x, err := s.Next(context.Background())
			if err == io.EOF {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			got += len(x.Frames)
			x.Release()
		}
		s.Close()
		if got != n {
			b.Fatalf("%d frames of %d", got, n)
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "frames/s")
}
