package store_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/store"
	"github.com/mimawari/mimawari/internal/store/storetest"
)

func testBriefs(t *testing.T, s *store.Store) {
	r := storetest.Result(1, 20, 3, 0)
	r.Hosts[4].IPs = nil
	r.Hosts[5].IPs = []netip.Addr{netip.MustParseAddr("2001:db8::1")}
	must(t, s.SaveResult(ctx, r))
	bs, err := s.Briefs(ctx)
	must(t, err)
	want := map[string]model.Brief{}
	for _, h := range r.Hosts {
		b := model.Brief{ID: h.ID, Class: h.Class, Last: h.Last.Truncate(time.Microsecond)}
		if len(h.IPs) > 0 {
			b.IP = h.IPs[0]
		}
		if h.Ledger != nil {
			b.Declared = h.Ledger.Key
		}
		want[h.ID] = b
	}
	got := map[string]model.Brief{}
	for _, b := range bs {
		got[b.ID] = b
	}
	same(t, "briefs", got, want)
	hs, err := s.HostsOf(ctx, []string{r.Hosts[2].ID, "h-none", "a\x00b"})
	must(t, err)
	same(t, "hosts by id", hs, map[string]model.Host{r.Hosts[2].ID: r.Hosts[2]})
}

func testEdition(t *testing.T, s *store.Store) {
	seen := map[string]bool{}
	fresh := func(want bool) {
		t.Helper()
		e, err := s.Edition(ctx)
		must(t, err)
		if seen[e] == want {
			t.Fatalf("edition %q: new is %v", e, !want)
		}
		seen[e] = true
	}
	fresh(true)
	fresh(false)
	r := storetest.Result(1, 3, 3, 0)
	must(t, s.SaveResult(ctx, r))
	fresh(true)
	must(t, s.SetFindingState(ctx, r.Findings[0].ID, model.Acknowledged, "a", "b", "", time.Time{}))
	fresh(true)
	_, err := s.SaveLedger(ctx, &model.Ledger{})
	must(t, err)
	fresh(true)
	must(t, s.SaveResult(ctx, storetest.Result(2, 3, 3, 0)))
	fresh(true)
	fresh(false)
}
