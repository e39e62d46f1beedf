// Package prototest runs the protocol engine over capture files in tests. It is no part of the product: it reads frames
// with gopacket, orders TCP segments in the plainest way and joins no IP fragments.
package prototest

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// Shared finds a file of the shared test data, from MIMAWARI_SHARED or from ../shared beside the repository, and skips
// the test if it is not there.
func Shared(t testing.TB, path string) string {
	t.Helper()
	dir := os.Getenv("MIMAWARI_SHARED")
	if dir == "" {
		dir = filepath.Join(root(), "..", "shared")
	}
	p := filepath.Join(dir, "data", path)
	if _, err := os.Stat(p); err != nil {
		t.Skipf("shared test data is not here (%s): set MIMAWARI_SHARED to its folder", p)
	}
	return p
}

func root() string {
	dir, err := os.Getwd()
	for err == nil && dir != filepath.Dir(dir) {
		if _, miss := os.Stat(filepath.Join(dir, "go.mod")); miss == nil {
			return dir
		}
		dir = filepath.Dir(dir)
	}
	return "."
}

// FlowKey names a flow: the client is the side that sent the SYN, else the first packet.
type FlowKey struct {
	Client, Server netip.AddrPort
	Proto          uint8
}

func (k FlowKey) String() string { return fmt.Sprintf("%d %s > %s", k.Proto, k.Client, k.Server) }

// Flow is what the engine made of one flow.
type Flow struct {
	App   dissect.App
	Facts []model.Fact
}

// Run shows a capture to a new engine and gives what it recorded. A connection whose ports come again with a new SYN is a
// new connection; the map keeps the application of the last one that was recognised.
func Run(t testing.TB, path string) ([]model.Observation, map[FlowKey]dissect.App) {
	t.Helper()
	obs, flows := RunFlows(t, path, 0)
	apps := make(map[FlowKey]dissect.App, len(flows))
	for k, f := range flows {
		apps[k] = f.App
	}
	return obs, apps
}

// RunFlows is Run with the facts of each flow. If split is above 0, TCP payload is shown in pieces of that many bytes.
func RunFlows(t testing.TB, path string, split int) ([]model.Observation, map[FlowKey]Flow) {
	t.Helper()
	p := NewPlayer(split)
	if err := Frames(path, p.Frame); err != nil {
		t.Fatal(err)
	}
	return p.End()
}

// Frames reads a capture (pcap or pcapng, plain or gzip) and calls f with each frame; a damaged rest is left out.
func Frames(path string, f func(link layers.LinkType, at int64, data []byte)) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	r, err := plain(bufio.NewReaderSize(file, 1<<16))
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	src, err := open(r)
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	for {
		data, ci, err := src.ReadPacketData()
		if err != nil {
			return nil
		}
		link := src.LinkType()
		if ng, ok := src.(*pcapgo.NgReader); ok {
			if i, err := ng.Interface(ci.InterfaceIndex); err == nil {
				link = i.LinkType
			}
		}
		f(link, ci.Timestamp.UnixNano(), data)
	}
}

type source interface {
	gopacket.PacketDataSource
	LinkType() layers.LinkType
}

func plain(r *bufio.Reader) (*bufio.Reader, error) {
	if m, err := r.Peek(2); err != nil || m[0] != 0x1f || m[1] != 0x8b {
		return r, err
	}
	z, err := gzip.NewReader(r)
	return bufio.NewReader(z), err
}

func open(r *bufio.Reader) (source, error) {
	m, err := r.Peek(4)
	if err != nil {
		return nil, err
	}
	if string(m) == "\x0a\x0d\x0d\x0a" {
		return pcapgo.NewNgReader(r, pcapgo.NgReaderOptions{WantMixedLinkType: true, SkipUnknownVersion: true})
	}
	return pcapgo.NewReader(io.Reader(r))
}
