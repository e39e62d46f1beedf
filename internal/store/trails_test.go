package store_test

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/store"
	"github.com/mimawari/mimawari/internal/store/storetest"
)

// trailsOf makes what patrol n adds for the first hosts of storetest: each talks to the next and to one address outside.
func trailsOf(n, hosts int) []model.Trail {
	at := storetest.Base.Add(time.Duration(n) * time.Hour).Truncate(time.Microsecond)
	id := func(i int) model.Party {
		return model.Party{Host: model.HostID(fmt.Sprint("host ", i)), Addr: storetest.Addr(i)}
	}
	var ts []model.Trail
	for i := range hosts {
		me, next, before := id(i), id((i+1)%hosts), id((i+hosts-1)%hosts)
		talk := func(a, b model.Party, app string) model.Talk {
			return model.Talk{Client: a, Server: b, Proto: 6, Port: 443, App: app, Flows: 2, BytesOut: 300, BytesIn: 1 << 40, First: at, Last: at.Add(time.Minute)}
		}
		ts = append(ts, model.Trail{
			Host:  me.Host,
			Stays: []model.Stay{{Addr: me.Addr, MAC: storetest.MAC(i), First: at, Last: at.Add(time.Minute)}},
			Talks: []model.Talk{talk(me, next, "ssl"), talk(before, me, "ssl"), talk(me, model.Party{Addr: netip.MustParseAddr("2001:db8::7")}, "")},
		}.Join())
	}
	return ts
}

func saved(t *testing.T, s *store.Store, n, hosts int, ts ...model.Trail) {
	t.Helper()
	r := storetest.Result(n, hosts, 1, 1)
	r.Trails = slices.Values(ts)
	must(t, s.SaveResult(ctx, r))
}

func testTrails(t *testing.T, s *store.Store) {
	const hosts = 400 // more than are merged at once
	first := trailsOf(0, hosts)
	saved(t, s, 0, hosts, first...)
	got, err := s.Trail(ctx, first[7].Host)
	must(t, err)
	same(t, "after one patrol", got, first[7])

	second := trailsOf(5, hosts)
	saved(t, s, 5, hosts, second[:300]...)
	ids := []string{first[7].Host, first[399].Host, "h-none"}
	all, err := s.Trails(ctx, ids)
	must(t, err)
	want := first[7].Merge(second[7])
	if x := want.Talks[0]; x.Flows != 4 || !x.First.Equal(first[7].Talks[0].First) || !x.Last.Equal(second[7].Talks[0].Last) {
		t.Fatalf("merged: %+v", x)
	}
	same(t, "after two", all, map[string]model.Trail{ids[0]: want, ids[1]: first[399]})
	n := 0
	must(t, s.EachTrail(ctx, func(x model.Trail) bool { n += len(x.Talks); return true }))
	if n != 3*hosts {
		t.Fatalf("%d talks", n)
	}
	report, err := s.Check(ctx)
	must(t, err)
	if len(report.Problems) > 0 || report.Counts["trails"] != hosts {
		t.Fatalf("%+v", report)
	}
}

// testTrailsAgain: the same capture read twice counts once, and a host that is forgotten takes its trail with it.
func testTrailsAgain(t *testing.T, s *store.Store) {
	ts := trailsOf(0, 5)
	saved(t, s, 0, 5, ts...)
	saved(t, s, 1, 5, ts...)
	got, err := s.Trail(ctx, ts[2].Host)
	must(t, err)
	same(t, "read twice", got, ts[2])
	saved(t, s, 2, 2)
	got, err = s.Trail(ctx, ts[2].Host)
	must(t, err)
	same(t, "of a forgotten host", got, model.Trail{Host: ts[2].Host})
	got, err = s.Trail(ctx, ts[1].Host)
	must(t, err)
	same(t, "of one that stays", got, ts[1])
}

func testTrailsHostile(t *testing.T, s *store.Store) {
	x := trailsOf(0, 1)[0]
	x.Talks = x.Talks[:1]
	x.Talks[0].App = "a\tb\nc\x00d\xffe"
	saved(t, s, 0, 1, x)
	got, err := s.Trail(ctx, x.Host)
	must(t, err)
	if len(got.Talks) != 1 || got.Talks[0].App != "a b cd\ufffde" || got.Talks[0].Flows != 2 {
		t.Fatalf("%+v", got)
	}
	r := storetest.Result(1, 1, 0, 0)
	r.Trails = slices.Values([]model.Trail{x, x})
	if err := s.SaveResult(ctx, r); err == nil {
		t.Fatal("saved two trails of one host")
	}
}
