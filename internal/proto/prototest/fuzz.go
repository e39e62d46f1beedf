package prototest

import (
	"net/netip"
	"testing"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// Ctx makes a context between two machines of a documentation network; the server's port is port.
func Ctx(rec *dissect.Recorder, port uint16, toServer bool) *dissect.Ctx {
	c := &dissect.Ctx{
		At: 1, Src: netip.MustParseAddr("192.0.2.1"), Dst: netip.MustParseAddr("192.0.2.2"), SrcPort: 50000, DstPort: port,
		SrcMAC: model.MAC{2, 0, 0, 0, 0, 1}, DstMAC: model.MAC{2, 0, 0, 0, 0, 2}, ToServer: toServer, Rec: rec, Facts: new([]model.Fact),
	}
	if !toServer {
		c.Src, c.Dst, c.SrcPort, c.DstPort = c.Dst, c.Src, c.DstPort, c.SrcPort
		c.SrcMAC, c.DstMAC = c.DstMAC, c.SrcMAC
	}
	return c
}

// Session shows both directions to a decoder in pieces of at most step bytes, the client first, the way the engine does.
// It fails the test if the decoder's answer makes no sense.
func Session(t testing.TB, s dissect.Stream, rec *dissect.Recorder, port uint16, client, server []byte, step int) {
	t.Helper()
	rest := [2][]byte{server, client}
	var pend [2][]byte
	var skip [2]int
	for len(rest[0])+len(rest[1]) > 0 {
		for _, side := range []int{1, 0} {
			k := min(step, len(rest[side]))
			b := rest[side][:k]
			rest[side] = rest[side][k:]
			pass := min(skip[side], len(b))
			skip[side] -= pass
			if b = b[pass:]; len(b) == 0 {
				continue
			}
			pend[side] = append(pend[side], b...)
			n, more := s.Data(Ctx(rec, port, side == 1), pend[side])
			if n < 0 {
				t.Fatalf("%T consumed %d bytes", s, n)
			}
			if !more {
				return
			}
			skip[side] = max(n-len(pend[side]), 0)
			pend[side] = pend[side][min(n, len(pend[side])):]
			if len(pend[side]) > dissect.MaxPending {
				return
			}
		}
	}
}

// FuzzStreams fuzzes all TCP decoders of a family over how the bytes are cut. Seeds are pairs of client and server bytes.
func FuzzStreams(f *testing.F, specs []dissect.StreamSpec, seeds ...[2]string) {
	for i := range specs {
		for _, s := range seeds {
			f.Add(uint8(i), []byte(s[0]), []byte(s[1]), uint16(7))
		}
	}
	f.Add(uint8(0), []byte{0}, []byte{0}, uint16(1))
	f.Fuzz(func(t *testing.T, which uint8, client, server []byte, step uint16) {
		spec := specs[int(which)%len(specs)]
		port := uint16(0)
		if len(spec.Ports) > 0 {
			port = spec.Ports[0]
		}
		rec := dissect.NewRecorder(dissect.Limits{Observations: 1000})
		for side, b := range [][]byte{server, client} {
			if len(b) > 0 {
				spec.Match(Ctx(rec, port, side == 1), b)
			}
		}
		Session(t, spec.New(), rec, port, client, server, max(int(step), 1))
		spec.New().Gap(Ctx(rec, port, true), int(step))
		dissect.Merge(rec)
	})
}

// FuzzDatagrams fuzzes all UDP decoders of a family.
func FuzzDatagrams(f *testing.F, specs []dissect.DatagramSpec, seeds ...string) {
	for i := range specs {
		for _, s := range seeds {
			f.Add(uint8(i), []byte(s), []byte(s))
		}
	}
	f.Add(uint8(0), []byte{0}, []byte{0})
	f.Fuzz(func(t *testing.T, which uint8, client, server []byte) {
		spec := specs[int(which)%len(specs)]
		data := spec.Data
		if spec.Make != nil {
			data = spec.Make()
		}
		port := uint16(0)
		if len(spec.Ports) > 0 {
			port = spec.Ports[0]
		}
		rec := dissect.NewRecorder(dissect.Limits{Observations: 1000})
		if len(client) > 0 {
			data(Ctx(rec, port, true), client)
			data(Ctx(rec, port, true), client)
		}
		if len(server) > 0 {
			data(Ctx(rec, port, false), server)
		}
		dissect.Merge(rec)
	})
}
