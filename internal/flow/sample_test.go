package flow

import (
	"context"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/mimawari/mimawari/internal/capture"
	"github.com/mimawari/mimawari/internal/model"
)

// frames is a source over frames in memory.
type frames struct {
	batch []capture.Batch
	info  model.Source
}

func (f *frames) Next(context.Context) (*capture.Batch, error) {
	if len(f.batch) == 0 {
		return nil, io.EOF
	}
	b := &f.batch[0]
	f.batch = f.batch[1:]
	b.Hold(1)
	return b, nil
}
func (f *frames) Info() model.Source { return f.info }
func (f *frames) Close() error       { return nil }

// source cuts all into batches of n frames.
func source(n int, all []capture.Frame) *frames {
	f := &frames{info: model.Source{Name: "memory", Kind: "pcap"}}
	for len(all) > 0 {
		k := min(n, len(all))
		f.batch = append(f.batch, capture.Batch{Frames: all[:k]})
		all = all[k:]
	}
	return f
}

// seg describes a TCP segment or datagram of a test.
type seg struct {
	src, dst     uint32
	sport, dport uint16
	seq, ack     uint32
	flags        uint8
	data         string
	opts         string
	vlan         uint16
}

const (
	host1 = 10<<24 | 1
	host2 = 10<<24 | 2
	outer = 198<<24 | 51<<16 | 100<<8 | 7
	sec   = int64(1e9)
)

func frame(at int64, data []byte) capture.Frame {
	return capture.Frame{At: at, Data: data, Wire: uint32(len(data)), Link: linkEthernet}
}

// ethernet makes a header from and to MACs that end in the given bytes.
func ethernetHeader(from, to byte, typ uint16) []byte {
	return binary.BigEndian.AppendUint16([]byte{2, 0, 0, 0, 0, to, 2, 0, 0, 0, 0, from}, typ)
}

func ipv4(src, dst uint32, proto uint8, payload []byte) []byte {
	h := make([]byte, 20, 20+len(payload))
	h[0], h[8], h[9] = 0x45, 64, proto
	binary.BigEndian.PutUint16(h[2:], uint16(20+len(payload)))
	binary.BigEndian.PutUint32(h[12:], src)
	binary.BigEndian.PutUint32(h[16:], dst)
	return append(h, payload...)
}

func (s seg) header() []byte {
	b := ethernetHeader(byte(s.src), byte(s.dst), etherIPv4)
	if s.vlan != 0 {
		b = ethernetHeader(byte(s.src), byte(s.dst), etherVLAN)
		b = binary.BigEndian.AppendUint16(b, s.vlan)
		b = binary.BigEndian.AppendUint16(b, etherIPv4)
	}
	return b
}

func (s seg) tcp(at int64) capture.Frame {
	t := make([]byte, 20+len(s.opts), 20+len(s.opts)+len(s.data))
	binary.BigEndian.PutUint16(t, s.sport)
	binary.BigEndian.PutUint16(t[2:], s.dport)
	binary.BigEndian.PutUint32(t[4:], s.seq)
	binary.BigEndian.PutUint32(t[8:], s.ack)
	t[12], t[13], t[14] = byte(5+len(s.opts)/4)<<4, s.flags, 0x20
	copy(t[20:], s.opts)
	return frame(at, append(s.header(), ipv4(s.src, s.dst, protoTCP, append(t, s.data...))...))
}

func udpHeader(sport, dport uint16, data []byte) []byte {
	u := make([]byte, 8, 8+len(data))
	binary.BigEndian.PutUint16(u, sport)
	binary.BigEndian.PutUint16(u[2:], dport)
	binary.BigEndian.PutUint16(u[4:], uint16(8+len(data)))
	return append(u, data...)
}

func (s seg) udp(at int64) capture.Frame {
	return frame(at, append(s.header(), ipv4(s.src, s.dst, protoUDP, udpHeader(s.sport, s.dport, []byte(s.data)))...))
}

// back is the same segment the other way.
func (s seg) back(flags uint8, seq, ack uint32, data string) seg {
	s.src, s.dst, s.sport, s.dport = s.dst, s.src, s.dport, s.sport
	s.flags, s.seq, s.ack, s.data, s.opts = flags, seq, ack, data, ""
	return s
}

func (s seg) with(flags uint8, seq, ack uint32, data string) seg {
	s.flags, s.seq, s.ack, s.data, s.opts = flags, seq, ack, data, ""
	return s
}

// run takes all frames and gives the flows in the order they ended, and the sums.
func run(t testing.TB, cfg Config, all []capture.Frame) ([]model.Flow, *model.Seen) {
	t.Helper()
	var flows []model.Flow
	cfg.OnFlow = func(f *model.Flow) { flows = append(flows, *f) }
	if cfg.Shards == 0 {
		cfg.Shards = 1
	}
	p := New(cfg)
	if err := p.Run(context.Background(), source(64, all)); err != nil {
		t.Fatal(err)
	}
	return flows, p.Finish()
}

// captures lists the captures of the shared data; without them the test is skipped.
func captures(t testing.TB, globs ...string) []string {
	t.Helper()
	root := os.Getenv("MIMAWARI_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	var all []string
	for _, g := range globs {
		names, _ := filepath.Glob(filepath.Join(root, "data", "captures", g))
		for _, n := range names {
			if filepath.Base(n) != "SOURCE.txt" && filepath.Ext(n) != ".out" && filepath.Ext(filepath.Base(n[:len(n)-len(filepath.Ext(n))])) != ".out" {
				all = append(all, n)
			}
		}
	}
	if len(all) == 0 {
		t.Skip("no captures: set MIMAWARI_SHARED to the folder that holds data/captures")
	}
	return all
}
