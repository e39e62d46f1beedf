package app

import (
	"bufio"
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"
)

// everyday writes a capture of n connections between the same 200 machines, 100 ms apart.
func everyday(t *testing.T, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "everyday.pcap")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(f)
	le := binary.LittleEndian
	head := append(le.AppendUint32(le.AppendUint32(nil, 0xa1b2c3d4), 2|4<<16), make([]byte, 8)...)
	w.Write(le.AppendUint32(le.AppendUint32(head, 65535), 1))
	for i := range n {
		client, server, port := byte(i%190), byte(200+i%7), uint16(20000+i%40000)
		for j, s := range []struct {
			back  bool
			flags byte
			text  string
		}{{false, 2, ""}, {true, 0x12, ""}, {false, 0x18, "GET / HTTP/1.1\r\nHost: karte\r\n\r\n"}, {true, 0x18, "HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Length: 0\r\n\r\n"}, {false, 0x11, ""}, {true, 0x11, ""}} {
			b := tcpFrame(client, server, port, s.back, s.flags, s.text)
			at := 1_767_225_600_000 + int64(i)*100 + int64(j)
			rec := le.AppendUint32(le.AppendUint32(nil, uint32(at/1000)), uint32(at%1000)*1000)
			w.Write(le.AppendUint32(le.AppendUint32(rec, uint32(len(b))), uint32(len(b))))
			w.Write(b)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func tcpFrame(client, server byte, port uint16, back bool, flags byte, text string) []byte {
	from, to, sport, dport := client, server, port, uint16(80)
	seq, ack := uint32(1), uint32(1)
	if back {
		from, to, sport, dport = server, client, 80, port
	}
	if flags&2 == 0 {
		seq = 2
	}
	b := []byte{2, 0, 0, 0, 0, to, 2, 0, 0, 0, 0, from, 8, 0, 0x45, 0, 0, byte(40 + len(text)), 0, 1, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, from, 10, 0, 0, to}
	be := binary.BigEndian
	b = be.AppendUint16(be.AppendUint16(b, sport), dport)
	b = be.AppendUint32(be.AppendUint32(b, seq), ack)
	return append(append(b, 5<<4, flags, 0xff, 0xff, 0, 0, 0, 0), text...)
}

// peakHeap gives the most that was alive while f ran, as the collections found it: what waits for a collector that got no processor
// does not count.
func peakHeap(f func()) (peak uint64) {
	runtime.GC()
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		every := time.NewTicker(5 * time.Millisecond)
		defer every.Stop()
		alive := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		for {
			metrics.Read(alive)
			peak = max(peak, alive[0].Value.Uint64())
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

// Four times the traffic of the same machines needs no more memory.
func TestMemoryDoesNotGrowWithLength(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(20)) // look often
	peak := func(n int) uint64 {
		path := everyday(t, n)
		return peakHeap(func() {
			out, err := patrolOf(t, 2, path)
			if err != nil {
				t.Fatal(err)
			}
			if got := out.Patrol.Stats.Flows; got != uint64(n) {
				t.Errorf("%d flows of %d", got, n)
			}
		})
	}
	peak(1000)                                 // catalogs and tables are made once
	short, long := peak(30_000), peak(120_000) // the short one fills all buffers already
	t.Logf("%d and %d MB", short>>20, long>>20)
	if long > short*5/4+8<<20 {
		t.Errorf("the heap grew from %d to %d MB", short>>20, long>>20)
	}
}

func TestMemoryLimitIsSet(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	was := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(was)
	none := func(string) string { return "" }
	if LimitMemory(none); debug.SetMemoryLimit(-1) != MemoryLimit {
		t.Errorf("limit %d", debug.SetMemoryLimit(-1))
	}
	debug.SetMemoryLimit(was)
	if LimitMemory(func(string) string { return "1GiB" }); debug.SetMemoryLimit(-1) != was {
		t.Errorf("GOMEMLIMIT was overruled: %d", debug.SetMemoryLimit(-1))
	}
}
