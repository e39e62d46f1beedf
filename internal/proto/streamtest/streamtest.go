// Package streamtest checks decoders in tests: a conversation written as text, or a capture, and the observations that
// must come of it, spelt out. It is no part of the product.
package streamtest

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto"
	"github.com/mimawari/mimawari/internal/proto/dissect"
	"github.com/mimawari/mimawari/internal/proto/prototest"
)

// The two ends of a written conversation. The client's port is 40000.
var (
	client = netip.MustParseAddr("10.0.0.1")
	server = netip.MustParseAddr("10.0.0.9")
)

// Play shows the turns of a TCP conversation on a server port to a new engine. A turn begins with ">" if the client sends
// it, with "<" if the server does, with "!>" or "!<" if the number of bytes that follows was lost.
func Play(port uint16, turns ...string) ([]model.Observation, dissect.App) {
	rec := dissect.NewRecorder(dissect.Limits{})
	e := proto.New(rec)
	s := e.Open()
	var facts []model.Fact
	for i, turn := range turns {
		lost := strings.HasPrefix(turn, "!")
		turn = strings.TrimPrefix(turn, "!")
		c := Context(port, turn[0] == '>')
		c.At, c.Facts = int64(i+1)*1e9, &facts
		if lost {
			var n int
			fmt.Sscan(turn[1:], &n)
			e.Gap(c, s, n)
		} else if len(turn) > 1 {
			e.Data(c, s, []byte(turn[1:]))
		}
	}
	app := s.App
	e.Close(Context(port, true), s)
	obs := dissect.Merge(rec).Observations
	return obs, app
}

// Context is that of a segment of a written conversation; the caller sets time, facts and recorder.
func Context(port uint16, toServer bool) *dissect.Ctx {
	c := &dissect.Ctx{Src: client, Dst: server, SrcPort: 40000, DstPort: port, ToServer: toServer}
	if !toServer {
		c.Src, c.Dst, c.SrcPort, c.DstPort = c.Dst, c.Src, c.DstPort, c.SrcPort
	}
	return c
}

// Check plays turns and compares; then plays them cut in two at every byte, which must give the same.
func Check(t *testing.T, port uint16, turns []string, app dissect.App, want ...string) {
	t.Helper()
	obs, got := Play(port, turns...)
	if got != app {
		t.Errorf("recognised as %q, want %q", got, app)
	}
	if d := cmp.Diff(sorted(want), Lines(obs)); d != "" {
		t.Errorf("observations (-want +got):\n%s", d)
		return
	}
	for i, turn := range turns {
		for k := 2; k < len(turn) && turn[0] != '!'; k++ {
			cut := slices.Replace(slices.Clone(turns), i, i+1, turn[:k], turn[:1]+turn[k:])
			obs, got := Play(port, cut...)
			if d := cmp.Diff(sorted(want), Lines(obs)); d != "" || got != app {
				t.Fatalf("cut at byte %d of turn %d: %q, observations (-want +got):\n%s", k-1, i, got, d)
			}
		}
	}
}

func sorted(s []string) []string {
	s = append([]string{}, s...)
	slices.Sort(s)
	return s
}

// Lines writes observations as "subject kind value", then "<- peer" and ":port" where they are set, and "xN" if N is above 1.
// The ends of a written conversation are called client and server. Link-level bindings are none of it.
func Lines(obs []model.Observation) []string {
	out := []string{}
	for _, o := range obs {
		var sb strings.Builder
		fmt.Fprintf(&sb, "%s %s %q", end(o.Subject), o.Kind, o.Value)
		if o.Peer.IsValid() {
			sb.WriteString(" <- " + end(o.Peer))
		}
		if o.Port != 0 {
			fmt.Fprintf(&sb, " :%d", o.Port)
		}
		if o.Count > 1 {
			fmt.Fprintf(&sb, " x%d", o.Count)
		}
		out = append(out, sb.String())
	}
	slices.Sort(out)
	return out
}

func end(a netip.Addr) string {
	switch a {
	case client:
		return "client"
	case server:
		return "server"
	}
	return a.String()
}

// Capture runs a capture of the shared data and compares the observations whose kind begins with one of kinds.
// It skips the test if the data is not there.
func Capture(t *testing.T, path string, kinds []string, want ...string) {
	t.Helper()
	obs, _ := prototest.Run(t, prototest.Shared(t, path))
	obs = slices.DeleteFunc(obs, func(o model.Observation) bool {
		return !slices.ContainsFunc(kinds, func(k string) bool { return strings.HasPrefix(string(o.Kind), k) })
	})
	if d := cmp.Diff(sorted(want), Lines(obs)); d != "" {
		t.Errorf("%s (-want +got):\n%s", path, d)
	}
}

// Fuzz shows bytes to a decoder, as it would be if its Match had said Yes, cut at a place, in both directions, with a
// gap, and makes sure that it keeps to the contract of dissect.Stream.
func Fuzz(t *testing.T, specs []dissect.StreamSpec, port uint16, a, b []byte, cut int) {
	t.Helper()
	for _, spec := range specs {
		rec := dissect.NewRecorder(dissect.Limits{})
		s := spec.New()
		more := true
		for _, toServer := range []bool{true, false} {
			b := a
			if !toServer {
				b = slices.Clone(b)
				slices.Reverse(b)
			}
			c := Context(port, toServer)
			c.Rec = rec
			if len(b) > 0 {
				spec.Match(c, b)
			}
			more = more && feed(t, spec.App, s, c, b, cut)
		}
		for _, toServer := range []bool{true, false} {
			c := Context(port, toServer)
			c.Rec = rec
			if more && s.Gap(c, cut) {
				more = feed(t, spec.App, s, c, b, cut)
			}
		}
	}
}

// feed plays the engine's part for one direction.
func feed(t *testing.T, app dissect.App, s dissect.Stream, c *dissect.Ctx, b []byte, cut int) bool {
	t.Helper()
	if len(b) == 0 {
		return true
	}
	cut = min(max(cut, 1), len(b))
	done := 0
	for _, end := range []int{cut, len(b)} {
		if done >= end {
			continue
		}
		n, more := s.Data(c, b[done:end])
		if n < 0 {
			t.Fatalf("%s consumed %d bytes", app, n)
		}
		if !more {
			return false
		}
		done += n
	}
	return true
}
