package app

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// counting is a listener that keeps what it was shown.
type counting struct{ flows []model.Flow }

func (c *counting) Flow(f *model.Flow) { c.flows = append(c.flows, *f) }

func listenTo(t *testing.T, paths ...string) (a, b *counting, out *Outcome) {
	t.Helper()
	x, err := Open(t.Context(), t.TempDir(), "patrol")
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	a, b = &counting{}, &counting{}
	out, err = x.Patrol(t.Context(), PatrolOptions{Paths: paths, Now: time.Now, Listeners: []FlowListener{a, b}})
	if err != nil {
		t.Fatal(err)
	}
	return a, b, out
}

func TestListenersHearOfEachFlow(t *testing.T) {
	a, b, out := listenTo(t, everyday(t, 500))
	if n := int(out.Patrol.Stats.Flows); n != 500 || len(a.flows) != n || len(b.flows) != n {
		t.Fatalf("%d flows, heard of %d and %d", n, len(a.flows), len(b.flows))
	}
	f := a.flows[0]
	if f.App != "http" || f.State != "SF" || len(f.Facts) == 0 || f.Facts[0].Value != "karte" {
		t.Errorf("%+v", f)
	}
}

func TestListenersHearOfLogs(t *testing.T) {
	log := filepath.Join(t.TempDir(), "conn.log")
	text := `{"_path":"conn","ts":1700000000.5,"uid":"C1","id.orig_h":"10.0.0.5","id.orig_p":40001,"id.resp_h":"10.0.0.9","id.resp_p":443,` +
		`"proto":"tcp","service":"ssl","duration":2.5,"orig_bytes":100,"resp_bytes":200,"conn_state":"SF","history":"ShADadFf",` +
		`"orig_pkts":5,"orig_ip_bytes":300,"resp_pkts":4,"resp_ip_bytes":400}` + "\n"
	if err := os.WriteFile(log, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	a, _, _ := listenTo(t, log)
	if len(a.flows) != 1 {
		t.Fatalf("heard of %d flows", len(a.flows))
	}
	f := a.flows[0]
	if f.Client.String() != "10.0.0.5:40001" || f.Server.String() != "10.0.0.9:443" || f.State != "SF" || f.App != "ssl" || f.Last.Sub(f.First) != 2500*time.Millisecond || f.IPBytes != [2]uint64{300, 400} {
		t.Errorf("%+v", f)
	}
}
