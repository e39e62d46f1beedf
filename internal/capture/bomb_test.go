package capture

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
)

// A small compressed file may hold any amount of frames: it is read through in the memory of a few batches.
func TestBombs(t *testing.T) {
	const frames = 2000
	frame := append(binary.LittleEndian.AppendUint32(nil, 1_700_000_000), make([]byte, 12+200<<10)...)
	binary.LittleEndian.PutUint32(frame[8:], 200<<10)
	binary.LittleEndian.PutUint32(frame[12:], 200<<10)
	head := make([]byte, pcapHeaderLen)
	binary.LittleEndian.PutUint32(head, 0xa1b2c3d4)
	binary.LittleEndian.PutUint32(head[20:], 1)
	for name, pack := range map[string]func(io.Writer) io.WriteCloser{
		"gzip": func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
		"zstd": func(w io.Writer) io.WriteCloser {
			z, err := zstd.NewWriter(w, zstd.WithWindowSize(maxWindow), zstd.WithEncoderConcurrency(1))
			if err != nil {
				t.Fatal(err)
			}
			return z
		},
	} {
		var small bytes.Buffer
		z := pack(&small)
		z.Write(head)
		for range frames {
			z.Write(frame)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		z = nil
		path := filepath.Join(t.TempDir(), "bomb")
		if err := os.WriteFile(path, small.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		size := small.Len()
		small = bytes.Buffer{}
		n := 0
		grown := heapGrowth(func() { n = count(t, path) })
		t.Logf("%s: %d kB hold %d MB; heap grew by %d MB", name, size>>10, n*200>>10, grown>>20)
		if n != frames || grown > 80<<20 { // the window twice, and eight batches
			t.Errorf("%s: %d frames of %d, heap grew by %d MB", name, n, frames, grown>>20)
		}
	}
}

func count(t *testing.T, path string) (n int) {
	s, err := Open(path, nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for {
		b, err := s.Next(context.Background())
		if errors.Is(err, io.EOF) {
			return n
		}
		if err != nil {
			t.Fatal(err)
		}
		n += len(b.Frames)
		b.Release()
	}
}

func heapGrowth(f func()) uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	before, peak := m.HeapInuse, m.HeapInuse
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapInuse)
			select {
			case <-stop:
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	}()
	f()
	close(stop)
	<-done
	return peak - before
}
