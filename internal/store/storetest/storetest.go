// Package storetest is the contract of package store: what must hold on every engine. It has the suite and the data
// that tests and benchmarks share; it opens no database itself.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/store"
)

// Base is the moment at which the test data begins.
var Base = time.Date(2026, 4, 1, 9, 0, 0, 123456789, time.UTC)

// Equal compares what was stored with what came back.
var Equal = cmp.Options{cmp.Comparer(func(a, b netip.Addr) bool { return a == b }), cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }), cmpopts.EquateEmpty()}

// Run runs the contract; open gives a fresh, empty store each time.
func Run(t *testing.T, open func(t *testing.T) *store.Store) {
	for name, f := range map[string]func(*testing.T, *store.Store){
		"Empty": testEmpty, "RoundTrip": testRoundTrip, "SecondPatrol": testSecondPatrol, "AllOrNothing": testAllOrNothing,
		"HostPages": testHostPages, "HostSearch": testHostSearch, "FindingPages": testFindingPages, "FindingQueries": testFindingQueries,
		"FindingLife": testFindingLife, "PeoplesWord": testPeoplesWord, "Ledgers": testLedgers, "Settings": testSettings,
		"Suppressions": testSuppressions, "Patrols": testPatrols, "Twice": testTwice, "HostileText": testHostileText,
		"Concurrent": testConcurrent, "Check": testCheck,
	} {
		t.Run(name, func(t *testing.T) { f(t, open(t)) })
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got, Equal); d != "" {
		t.Fatalf("%s (-want +got):\n%s", what, d)
	}
}

func testEmpty(t *testing.T, s *store.Store) {
	ctx := context.Background()
	k, err := s.LoadKnown(ctx)
	ok(t, err)
	same(t, "known", k, model.Known{})
	l, err := s.LatestLedger(ctx)
	ok(t, err)
	if l != nil {
		t.Fatalf("ledger %v", l)
	}
	_, err1 := s.Host(ctx, "h-none")
	_, _, err2 := s.Finding(ctx, "f-none")
	_, err3 := s.LedgerVersion(ctx, 1)
	_, err4 := s.Patrol(ctx, "p-none")
	err5 := s.SetFindingState(ctx, "f-none", model.Open, "", "", "", time.Time{})
	err6 := s.RemoveSuppression(ctx, "s-none")
	for i, err := range []error{err1, err2, err3, err4, err5, err6} {
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%d: %v", i+1, err)
		}
	}
}

func testRoundTrip(t *testing.T, s *store.Store) {
	ctx := context.Background()
	r := Result(1, 30, 20, 40)
	ok(t, s.SaveResult(ctx, r))
	k, err := s.LoadKnown(ctx)
	ok(t, err)
	same(t, "known", k, Remembered(r))
	h, err := s.Host(ctx, r.Hosts[3].ID)
	ok(t, err)
	same(t, "host", h, r.Hosts[3])
	f, es, err := s.Finding(ctx, r.Findings[3].ID)
	ok(t, err)
	same(t, "finding", f, r.Findings[3])
	same(t, "events", es, []store.Event{{At: r.Patrol.Ended.Truncate(time.Microsecond), To: model.Open}})
	p, err := s.Patrol(ctx, r.Patrol.ID)
	ok(t, err)
	same(t, "patrol", p, r.Patrol)
}

func testSecondPatrol(t *testing.T, s *store.Store) {
	ctx := context.Background()
	ok(t, s.SaveResult(ctx, Result(1, 30, 20, 40)))
	r := Result(2, 28, 25, 35) // two hosts are gone, five findings are new, all bindings differ
	r.Hosts[0].IPs = []netip.Addr{netip.MustParseAddr("10.9.9.9")}
	r.Findings[0].State = model.Resolved
	ok(t, s.SaveResult(ctx, r))
	k, err := s.LoadKnown(ctx)
	ok(t, err)
	same(t, "known", k, Remembered(r))
	p, err := s.Hosts(ctx, store.HostQuery{IP: netip.MustParseAddr("10.9.9.9")})
	ok(t, err)
	if p.Total != 1 || p.Hosts[0].ID != r.Hosts[0].ID {
		t.Fatalf("by new address: %+v", p)
	}
	if p, err = s.Hosts(ctx, store.HostQuery{IP: Result(1, 1, 0, 0).Hosts[0].IPs[0]}); err != nil || p.Total != 0 {
		t.Fatalf("by old address: %+v, %v", p, err)
	}
	_, es, err := s.Finding(ctx, r.Findings[0].ID)
	ok(t, err)
	if len(es) != 2 || es[1].From != model.Open || es[1].To != model.Resolved || es[1].Who != "" {
		t.Fatalf("events %+v", es)
	}
	// A finding that a result leaves out is not forgotten.
	r.Findings = r.Findings[:10]
	ok(t, s.SaveResult(ctx, r))
	if p, err := s.Findings(ctx, store.FindingQuery{}); err != nil || p.Total != 25 {
		t.Fatalf("%d findings, %v", p.Total, err)
	}
}

func testAllOrNothing(t *testing.T, s *store.Store) {
	ctx := context.Background()
	first := Result(1, 10, 10, 10)
	ok(t, s.SaveResult(ctx, first))
	bad := Result(2, 20, 20, 20)
	bad.Patrol.Started = time.Date(20000, 1, 1, 0, 0, 0, 0, time.UTC) // has no JSON form; the patrol is written last
	if err := s.SaveResult(ctx, bad); err == nil {
		t.Fatal("saved a patrol of the year 20000")
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if err := s.SaveResult(cancelled, Result(2, 20, 20, 20)); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	k, err := s.LoadKnown(ctx)
	ok(t, err)
	same(t, "known", k, Remembered(first))
}

func testTwice(t *testing.T, s *store.Store) {
	ctx := context.Background()
	r := Result(1, 10, 10, 10)
	ok(t, s.SaveResult(ctx, r))
	ok(t, s.SaveResult(ctx, r))
	ps, err := s.Patrols(ctx, 0)
	ok(t, err)
	if len(ps) != 1 {
		t.Fatalf("%d patrols", len(ps))
	}
	_, es, err := s.Finding(ctx, r.Findings[0].ID)
	ok(t, err)
	if len(es) != 1 {
		t.Fatalf("events %+v", es)
	}
	r.Hosts = append(r.Hosts, r.Hosts[0])
	if err := s.SaveResult(ctx, r); err == nil {
		t.Fatal("saved the same host twice")
	}
}

func testPatrols(t *testing.T, s *store.Store) {
	ctx := context.Background()
	for i := range 5 {
		r := Result(i, 1, 0, 0)
		r.Patrol.Started = Base.Add(-time.Duration(i) * time.Hour) // the clock was set back: order is that of saving
		ok(t, s.SaveResult(ctx, r))
	}
	ps, err := s.Patrols(ctx, 3)
	ok(t, err)
	var ids []string
	for _, p := range ps {
		ids = append(ids, p.ID)
	}
	same(t, "patrols", ids, []string{"p-4", "p-3", "p-2"})
}

func testConcurrent(t *testing.T, s *store.Store) {
	ctx := context.Background()
	ok(t, s.SaveResult(ctx, Result(0, 20, 20, 20)))
	const writers = 4
	done := make(chan error, 2*writers)
	for i := range writers {
		go func() {
			for j := range 5 {
				if err := s.SetFindingState(ctx, Result(0, 0, 20, 0).Findings[i].ID, model.Acknowledged, fmt.Sprint("w", i), fmt.Sprint(j), "", time.Time{}); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
		go func() {
			for range 5 {
				// Every moment that a reader sees is a whole one: as many bindings as hosts.
				k, err := s.LoadKnown(ctx)
				if err == nil && len(k.Bindings) != len(k.Hosts) {
					err = fmt.Errorf("%d hosts, %d bindings", len(k.Hosts), len(k.Bindings))
				}
				if err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for i := range 10 {
		ok(t, s.SaveResult(ctx, Result(i, 20+i, 20, 20+i)))
	}
	for range 2 * writers {
		ok(t, <-done)
	}
	for i := range writers {
		f, es, err := s.Finding(ctx, Result(0, 0, 20, 0).Findings[i].ID)
		ok(t, err)
		n := 0
		for _, e := range es {
			if e.Who != "" {
				n++
			}
		}
		if n != 5 {
			t.Fatalf("%s: %d events of people: %+v", f.ID, n, es)
		}
	}
}
