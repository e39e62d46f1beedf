package hospitalsim

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/mimawari/mimawari/internal/model"
)

// eachFrame reads both captures in their order, with a reader that is not ours.
func eachFrame(t *testing.T, dir string, visit func(at time.Time, data []byte)) {
	t.Helper()
	for _, name := range []string{MorningFile, AfternoonFile} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		var r gopacket.PacketDataSource
		if name == MorningFile {
			r, err = pcapgo.NewNgReader(bytes.NewReader(b), pcapgo.DefaultNgReaderOptions)
		} else {
			r, err = pcapgo.NewReader(bytes.NewReader(b))
		}
		if err != nil {
			t.Fatal(name, err)
		}
		for {
			data, ci, err := r.ReadPacketData()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil || ci.Length != len(data) {
				t.Fatal(name, err, ci.Length, len(data))
			}
			visit(ci.Timestamp, data)
		}
	}
}

// side is one direction of a connection.
type side struct {
	next  uint32
	known bool
	over  bool
}

// streams checks that TCP goes as it should: SYN first, no hole, no repetition, no acknowledgement of what was not sent.
type streams map[string]*side

func (s streams) check(ip *layers.IPv4, p *layers.TCP) error {
	key := func(a, b any, pa, pb layers.TCPPort) string { return fmt.Sprint(a, pa, ">", b, pb) }
	mine, its := s.at(key(ip.SrcIP, ip.DstIP, p.SrcPort, p.DstPort)), s.at(key(ip.DstIP, ip.SrcIP, p.DstPort, p.SrcPort))
	switch {
	case p.SYN && mine.known && !mine.over:
		return errors.New("SYN in the middle")
	case p.SYN:
		*mine = side{next: p.Seq + 1, known: true}
		if !p.ACK {
			*its = side{}
		}
		return nil
	case p.RST:
		return nil
	case !mine.known:
		return errors.New("no SYN")
	case p.Seq != mine.next:
		return fmt.Errorf("sequence number %d, want %d", p.Seq, mine.next)
	case p.ACK && its.known && int32(p.Ack-its.next) > 0:
		return fmt.Errorf("acknowledges %d, sent is up to %d", p.Ack, its.next)
	}
	mine.next += uint32(len(p.Payload))
	if p.FIN {
		mine.next++
		mine.over = true
	}
	return nil
}

func (s streams) at(key string) *side {
	if s[key] == nil {
		s[key] = &side{}
	}
	return s[key]
}

// checksums verifies all checksums of a frame, and that it can be decoded to the end.
func checksums(p gopacket.Packet) error {
	for _, l := range p.Layers() {
		if x, ok := l.(interface {
			SetNetworkLayerForChecksum(gopacket.NetworkLayer) error
		}); ok {
			if err := x.SetNetworkLayerForChecksum(p.NetworkLayer()); err != nil {
				return err
			}
		}
	}
	if err, bad := p.VerifyChecksums(); err != nil || len(bad) > 0 {
		return fmt.Errorf("checksums %v %w", bad, err)
	}
	return nil
}

// Checksums are right, TCP is whole, time goes forward, and nothing points at a machine that may exist.
func TestFramesAreRight(t *testing.T) {
	dir, m := make1(t, Options{Seed: 3})
	var last time.Time
	n, tcp := int64(0), streams{}
	eachFrame(t, dir, func(at time.Time, data []byte) {
		n++
		if at.Before(last) {
			t.Fatalf("frame %d goes back in time", n)
		}
		last = at
		p := gopacket.NewPacket(data, layers.LinkTypeEthernet, gopacket.NoCopy)
		if err := checksums(p); err != nil {
			t.Fatalf("frame %d: %v", n, err)
		}
		ip, _ := p.Layer(layers.LayerTypeIPv4).(*layers.IPv4)
		if ip == nil {
			return
		}
		for _, a := range []netip.Addr{netip.AddrFrom4([4]byte(ip.SrcIP)), netip.AddrFrom4([4]byte(ip.DstIP))} {
			if model.IsExternal(a) && !documentation(a) {
				t.Fatalf("frame %d: %s may be somebody's", n, a)
			}
		}
		if x, ok := p.Layer(layers.LayerTypeTCP).(*layers.TCP); ok {
			if err := tcp.check(ip, x); err != nil {
				t.Fatalf("frame %d at %s, %s:%d to %s:%d: %v", n, at, ip.SrcIP, x.SrcPort, ip.DstIP, x.DstPort, err)
			}
		}
	})
	if n != m.Packets || n < 60_000 || n > 100_000 {
		t.Errorf("%d frames, manifest says %d", n, m.Packets)
	}
	if end := Opening.Add(dayLength); last.Before(end.Add(-10*time.Minute)) || last.After(end.Add(10*time.Minute)) {
		t.Errorf("the last frame is of %s", last)
	}
}

// documentation reports whether a is in one of the ranges of RFC 5737.
func documentation(a netip.Addr) bool {
	for _, p := range []string{"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"} {
		if netip.MustParsePrefix(p).Contains(a) {
			return true
		}
	}
	return false
}
