package store

import (
	"context"
	"database/sql"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

func TestTrailsAreBounded(t *testing.T) {
	ctx := context.Background()
	s, err := Open(ctx, filepath.Join(t.TempDir(), FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r := model.Result{Patrol: model.Patrol{ID: "p-1"}}
	var ts []model.Trail
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 10 {
		h := model.Host{ID: fmt.Sprintf("h-%d", i), Last: at}
		r.Hosts = append(r.Hosts, h)
		x := model.Trail{Host: h.ID}
		for j := range 5 {
			when := at.Add(time.Duration(10-i) * time.Hour)
			x.Talks = append(x.Talks, model.Talk{Client: model.Party{Host: h.ID}, Server: model.Party{Addr: netip.AddrFrom4([4]byte{192, 0, 2, byte(j)})}, First: when, Last: when})
		}
		ts = append(ts, x)
	}
	r.Trails = slices.Values(ts)
	if err := s.SaveResult(ctx, r); err != nil {
		t.Fatal(err)
	}
	if err := s.update(ctx, "bound", func(tx *sql.Tx) error { return boundTrails(ctx, tx, 33) }); err != nil {
		t.Fatal(err)
	}
	var kept []string
	if err := s.EachTrail(ctx, func(x model.Trail) bool { kept = append(kept, x.Host); return true }); err != nil {
		t.Fatal(err)
	}
	// 50 talks, at most 33: the four hosts that talked least recently go.
	if got := strings.Join(kept, " "); got != "h-0 h-1 h-2 h-3 h-4 h-5" {
		t.Errorf("kept %s", got)
	}
	if n, err := s.TalksLeftOut(ctx); err != nil || n != 20 {
		t.Errorf("%d left out, %v", n, err)
	}
}

// A document that was changed behind our back must be called damaged, never be read as something else.
func TestDamagedTrail(t *testing.T) {
	good := encodeTrail(model.Trail{
		Host: "h-1", Dropped: 3, Stays: []model.Stay{{Addr: netip.MustParseAddr("10.0.0.1"), MAC: model.MAC{1, 2, 3, 4, 5, 6}}},
		Talks: []model.Talk{{Client: model.Party{Host: "h-1"}, Server: model.Party{Host: "h-2"}, Proto: 6, Port: 22, App: "ssh"}},
	})
	if x, err := decodeTrail("h-1", good, digest([]byte(good))); err != nil || encodeTrail(x) != good {
		t.Fatalf("%+v, %v", x, err)
	}
	if _, err := decodeTrail("h-1", good, "0000"); err == nil {
		t.Error("a wrong digest was taken")
	}
	for _, bad := range []string{
		good[:len(good)-1], "x\t1\n", "a\t10.0.0.1\n", "a\t10.0.0.300\t\t1\t2\n", "a\t10.0.0.1\tzz\t1\t2\n", "d\t-1\n", "\n",
		strings.Replace(good, "\t22\t", "\t70000\t", 1), strings.Replace(good, "ssh\t", "ssh\t\t", 1), strings.Replace(good, "d\t3\n", "d\t3\t4\n", 1),
	} {
		if x, err := decodeTrail("h-1", bad, digest([]byte(bad))); err == nil {
			t.Errorf("%q was read as %+v", bad, x)
		}
	}
}
