package flow

import (
	"strings"
	"testing"

	"github.com/mimawari/mimawari/internal/capture"

	"github.com/mimawari/mimawari/internal/model"
)

const query = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03Www\x07example\x02jp\x00\x00\x01\x00\x01"

func TestAsked(t *testing.T) {
	for b, want := range map[string]string{
		query: "www.example.jp", query[:20]: "", query[:len(query)-4]: "", "": "", strings.Replace(query, "\x01\x00\x00\x01", "\x81\x80\x00\x01", 1): "",
		strings.Replace(query, "\x03Www", "\xc0\x0cww", 1): "", query[:12] + "\x00\x00\x02\x00\x01": "",
	} {
		if got := asked([]byte(b)); got != want {
			t.Errorf("%q: %q, want %q", b, got, want)
		}
	}
}

// Who listens hears which name a flow asked for.
func TestQuestionIsAFact(t *testing.T) {
	c := seg{src: host1, dst: host2, sport: 40000, dport: 53, data: query}
	flows, _ := run(t, Config{}, []capture.Frame{c.udp(sec)})
	if len(flows) != 1 || len(flows[0].Facts) != 1 || flows[0].Facts[0] != (model.Fact{Kind: model.DNSQuery, Value: "www.example.jp"}) {
		t.Errorf("%+v", flows)
	}
}

func FuzzAsked(f *testing.F) {
	f.Add([]byte(query))
	f.Fuzz(func(t *testing.T, b []byte) {
		if name := asked(b); len(name) > 3*253 {
			t.Errorf("%d bytes", len(name))
		}
	})
}
