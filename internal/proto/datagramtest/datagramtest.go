// Package datagramtest checks decoders of datagrams, frames and IP payloads in tests: packets written as text, and the
// observations and bindings that must come of them, spelt out. It is no part of the product.
package datagramtest

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto"
	"github.com/mimawari/mimawari/internal/proto/dissect"
	"github.com/mimawari/mimawari/internal/proto/prototest"
	"github.com/mimawari/mimawari/internal/proto/streamtest"
)

// The two ends of written packets, as package streamtest has them.
var (
	client    = netip.MustParseAddr("10.0.0.1")
	server    = netip.MustParseAddr("10.0.0.9")
	clientMAC = model.MAC{2, 0, 0, 0, 0, 1}
	serverMAC = model.MAC{2, 0, 0, 0, 0, 9}
)

// Context is a packet from client to server or back.
func Context(port uint16, toServer bool) *dissect.Ctx {
	c := &dissect.Ctx{At: 1e9, Src: client, Dst: server, SrcMAC: clientMAC, DstMAC: serverMAC, SrcPort: 40000, DstPort: port, ToServer: toServer}
	if !toServer {
		c.Src, c.Dst, c.SrcMAC, c.DstMAC, c.SrcPort, c.DstPort = c.Dst, c.Src, c.DstMAC, c.SrcMAC, c.DstPort, c.SrcPort
	}
	return c
}

// Check shows datagrams of one flow to a new engine, ">" before what the client sends and "<" before what the server
// sends, and compares the application, observations and bindings (Lines).
func Check(t *testing.T, port uint16, turns []string, app dissect.App, want ...string) {
	t.Helper()
	rec := dissect.NewRecorder(dissect.Limits{})
	e := proto.New(rec)
	var s proto.Datagram
	for _, turn := range turns {
		e.Datagram(Context(port, turn[0] == '>'), &s, []byte(turn[1:]))
	}
	if s.App != app {
		t.Errorf("recognised as %q, want %q", s.App, app)
	}
	compare(t, rec, want)
}

// CheckFrame shows a frame that is not IP, without its Ethernet header, to a new engine.
func CheckFrame(t *testing.T, typ uint16, payload string, want ...string) {
	t.Helper()
	rec := dissect.NewRecorder(dissect.Limits{})
	c := &dissect.Ctx{At: 1e9, SrcMAC: clientMAC, Rec: rec}
	proto.New(rec).Frame(c, typ, []byte(payload))
	compare(t, rec, want)
}

// CheckPacket shows an IP payload that is neither TCP nor UDP to a new engine.
func CheckPacket(t *testing.T, src string, ipProto uint8, payload string, app dissect.App, want ...string) {
	t.Helper()
	rec := dissect.NewRecorder(dissect.Limits{})
	c := Context(0, true)
	c.SrcPort, c.Src, c.Rec = 0, netip.MustParseAddr(src), rec
	if got := proto.New(rec).Packet(c, ipProto, []byte(payload)); got != app {
		t.Errorf("recognised as %q, want %q", got, app)
	}
	compare(t, rec, want)
}

func compare(t *testing.T, rec *dissect.Recorder, want []string) {
	t.Helper()
	noted := dissect.Merge(rec)
	obs, binds := noted.Observations, noted.Bindings
	got := append(Lines(obs), Bindings(binds)...)
	slices.Sort(got)
	want = append([]string{}, want...)
	slices.Sort(want)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("observations (-want +got):\n%s", d)
	}
}

// Lines is streamtest.Lines, with "02:00:00:00:00:01" in place of the subject where only the MAC is known.
func Lines(obs []model.Observation) []string {
	out := []string{}
	for _, o := range obs {
		l := streamtest.Lines([]model.Observation{o})[0]
		if !o.Subject.IsValid() {
			l = strings.Replace(l, o.Subject.String(), o.MAC.String(), 1)
		}
		out = append(out, l)
	}
	slices.Sort(out)
	return out
}

// Bindings writes bindings as "bind kind mac address".
func Bindings(binds []model.Binding) []string {
	var out []string
	for _, b := range binds {
		out = append(out, "bind "+string(b.Kind)+" "+b.MAC.String()+" "+b.Addr.String())
	}
	return out
}

// Fuzz shows bytes to each decoder, on its own port and on another one, in both directions, twice, so that state from the
// first time is there in the second. Nothing may panic, and what is recorded must be clean.
func Fuzz(t *testing.T, specs []dissect.DatagramSpec, b []byte) {
	t.Helper()
	rec := dissect.NewRecorder(dissect.Limits{Observations: 4096})
	rec.Watched = func(name string) bool { return len(name)%2 == 0 }
	for _, s := range specs {
		data := s.Data
		if s.Make != nil {
			data = s.Make()
		}
		for _, port := range append([]uint16{4321}, s.Ports...) {
			for _, toServer := range []bool{true, false, true} {
				c := Context(port, toServer)
				c.Rec = rec
				data(c, b)
			}
		}
	}
	Clean(t, rec)
}

// Clean fails if a value was recorded that model.Clean would change.
func Clean(t *testing.T, rec *dissect.Recorder) {
	t.Helper()
	obs := dissect.Merge(rec).Observations
	for _, o := range obs {
		if model.Clean(o.Value) != o.Value {
			t.Errorf("%s recorded with control characters: %q", o.Kind, o.Value)
		}
	}
}

// Capture runs a capture of the shared data and compares the observations whose kind begins with one of kinds, and all
// bindings if one of them is "bind". It skips the test if the data is not there.
func Capture(t *testing.T, path string, kinds []string, want ...string) {
	t.Helper()
	p := prototest.NewPlayer(0)
	if err := prototest.Frames(prototest.Shared(t, path), p.Frame); err != nil {
		t.Fatal(err)
	}
	obs, _ := p.End()
	obs = slices.DeleteFunc(obs, func(o model.Observation) bool {
		return !slices.ContainsFunc(kinds, func(k string) bool { return strings.HasPrefix(string(o.Kind), k) })
	})
	got := Lines(obs)
	if slices.Contains(kinds, "bind") {
		got = append(got, Bindings(p.Bindings())...)
	}
	slices.Sort(got)
	want = append([]string{}, want...)
	slices.Sort(want)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", path, d)
	}
}

// Applications runs a capture of the shared data and compares how many flows are recognised as app.
func Applications(t *testing.T, path, app string, want int) {
	t.Helper()
	_, flows := prototest.Run(t, prototest.Shared(t, path))
	n := 0
	for _, a := range flows {
		if a.String() == app {
			n++
		}
	}
	if n != want {
		t.Errorf("%s: %d flows are %s, want %d", path, n, app, want)
	}
}
