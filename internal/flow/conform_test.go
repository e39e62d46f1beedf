package flow

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/mimawari/mimawari/internal/capture"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/ndpitest"
)

// runFile takes a capture through p. Damage is no failure: what came before stands.
func runFile(t testing.TB, p *Pipeline, name string) {
	t.Helper()
	src, err := capture.Open(name, nil, capture.Options{})
	if err == nil {
		err = p.Run(context.Background(), src)
		src.Close()
	}
	var damage *capture.Damage
	if err != nil && !errors.As(err, &damage) {
		t.Fatal(err)
	}
}

func ndpiConfig() Config {
	return Config{Shards: 1, Convention: NDPI, Timeouts: Timeouts{Never, Never, Never, Never}}
}

// count gives the packets and flows of a capture.
func count(t testing.TB, cfg Config, name string) (packets, flows uint64) {
	cfg.OnFlow = func(f *model.Flow) {
		packets += f.Packets[0] + f.Packets[1]
		flows++
	}
	p := New(cfg)
	runFile(t, p, name)
	p.Finish()
	return packets, flows
}

// known reads the captures whose counts differ from nDPI's, each with a reason.
func known(t *testing.T) map[string]string {
	t.Helper()
	b, err := os.ReadFile("testdata/conform_known.txt")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, line := range strings.Split(string(b), "\n") {
		if name, reason, ok := strings.Cut(line, "\t"); ok && !strings.HasPrefix(line, "#") {
			all[name] = reason
		}
	}
	return all
}

func TestConformNDPI(t *testing.T) {
	cases := ndpitest.Cases(t)
	excused := known(t)
	equal := 0
	for _, c := range cases {
		want, err := ndpitest.Read(c.Out)
		if err != nil {
			t.Fatal(err)
		}
		wp, _, wf := want.Sum()
		p, f := count(t, ndpiConfig(), c.Capture)
		switch {
		case p == wp && f == wf:
			equal++
			if excused[c.Name] != "" {
				t.Errorf("%s is equal now: take it out of conform_known.txt", c.Name)
			}
		case excused[c.Name] == "":
			t.Errorf("%s: %d packets in %d flows, nDPI has %d in %d", c.Name, p, f, wp, wf)
		}
	}
	score := 100 * float64(equal) / float64(len(cases))
	t.Logf("flows and packets equal nDPI's for %d of %d captures (%.1f %%)", equal, len(cases), score)
	if score < 96 {
		t.Errorf("%.1f %% is below 96 %%", score)
	}
}
