package store_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/store"
	"github.com/mimawari/mimawari/internal/store/storetest"
)

// contract is what must hold on every engine; open gives a fresh, empty store each time.
func contract(t *testing.T, open func(t *testing.T) *store.Store) {
	for name, f := range map[string]func(*testing.T, *store.Store){
		"Accounts": testAccounts, "AccountsAtOnce": testAccountsAtOnce, "Keys": testKeys, "Audit": testAudit,
		"Channels": testChannels, "TellFresh": testTellFresh, "Outbox": testOutbox, "OutboxClaims": testOutboxClaims, "Happened": testHappened,
		"Empty": testEmpty, "DataVersion": testDataVersion, "RoundTrip": testRoundTrip, "SecondPatrol": testSecondPatrol, "AllOrNothing": testAllOrNothing,
		"HostPages": testHostPages, "HostSearch": testHostSearch, "FindingPages": testFindingPages, "FindingQueries": testFindingQueries,
		"FindingLife": testFindingLife, "PeoplesWord": testPeoplesWord, "Ledgers": testLedgers, "Settings": testSettings,
		"Suppressions": testSuppressions, "Patrols": testPatrols, "Twice": testTwice, "HostileText": testHostileText,
		"Concurrent": testConcurrent, "Check": testCheck, "Institution": testInstitution, "Uploads": testUploads, "Rounds": testRounds, "Watches": testWatches,
		"Trails": testTrails, "TrailsAgain": testTrailsAgain, "TrailsHostile": testTrailsHostile,
		"Acts": testActs, "ActsThatMoved": testActsThatMoved, "PatrolBesideActs": testPatrolBesideActs,
		"Notes":   testNotes,
		"History": testHistory,
		"Prune":   testPrune,
		"Briefs":  testBriefs, "Edition": testEdition,
	} {
		t.Run(name, func(t *testing.T) { f(t, open(t)) })
	}
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got, storetest.Equal); d != "" {
		t.Fatalf("%s (-want +got):\n%s", what, d)
	}
}

// Every change makes another version, whatever it changes; reading makes none.
func testDataVersion(t *testing.T, s *store.Store) {
	version := func() int64 {
		n, err := s.DataVersion(ctx)
		must(t, err)
		return n
	}
	seen := map[int64]string{version(): "nothing"}
	for name, change := range map[string]func() error{
		"patrol":  func() error { return s.SaveResult(ctx, model.Result{Patrol: model.Patrol{ID: "p-1", Ledger: 1}}) },
		"setting": func() error { return s.SaveSetting(ctx, "x", "y") },
		"silence": func() error { return s.AddSuppression(ctx, model.Suppression{ID: "s-1"}) },
		"ledger":  func() error { _, err := s.SaveLedger(ctx, &model.Ledger{}); return err },
	} {
		must(t, change())
		n := version()
		if other, ok := seen[n]; ok {
			t.Fatalf("version %d after %s and after %s", n, name, other)
		}
		if n != version() {
			t.Fatal("another version without a change")
		}
		seen[n] = name
	}
}

func testEmpty(t *testing.T, s *store.Store) {
	k, err := s.LoadKnown(ctx)
	must(t, err)
	same(t, "known", k, model.Known{})
	l, err := s.LatestLedger(ctx)
	must(t, err)
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
	r := storetest.Result(1, 30, 20, 40)
	must(t, s.SaveResult(ctx, r))
	k, err := s.LoadKnown(ctx)
	must(t, err)
	same(t, "known", k, storetest.Remembered(r))
	h, err := s.Host(ctx, r.Hosts[3].ID)
	must(t, err)
	same(t, "host", h, r.Hosts[3])
	f, es, err := s.Finding(ctx, r.Findings[3].ID)
	must(t, err)
	same(t, "finding", f, r.Findings[3])
	same(t, "events", es, []store.Event{{At: r.Patrol.Ended.Truncate(time.Microsecond), To: model.Open}})
	p, err := s.Patrol(ctx, r.Patrol.ID)
	must(t, err)
	same(t, "patrol", p, r.Patrol)
}

func testSecondPatrol(t *testing.T, s *store.Store) {
	must(t, s.SaveResult(ctx, storetest.Result(1, 30, 20, 40)))
	r := storetest.Result(2, 28, 25, 35) // two hosts are gone, five findings are new, all bindings differ
	r.Hosts[0].IPs = []netip.Addr{netip.MustParseAddr("10.9.9.9")}
	r.Findings[0].State = model.Resolved
	must(t, s.SaveResult(ctx, r))
	k, err := s.LoadKnown(ctx)
	must(t, err)
	same(t, "known", k, storetest.Remembered(r))
	p, err := s.Hosts(ctx, store.HostQuery{IP: netip.MustParseAddr("10.9.9.9")})
	must(t, err)
	if p.Total != 1 || p.Hosts[0].ID != r.Hosts[0].ID {
		t.Fatalf("by new address: %+v", p)
	}
	if p, err = s.Hosts(ctx, store.HostQuery{IP: storetest.Result(1, 1, 0, 0).Hosts[0].IPs[0]}); err != nil || p.Total != 0 {
		t.Fatalf("by old address: %+v, %v", p, err)
	}
	_, es, err := s.Finding(ctx, r.Findings[0].ID)
	must(t, err)
	if len(es) != 2 || es[1].From != model.Open || es[1].To != model.Resolved || es[1].Who != "" {
		t.Fatalf("events %+v", es)
	}
	// A finding that a result leaves out is not forgotten.
	r.Findings = r.Findings[:10]
	must(t, s.SaveResult(ctx, r))
	if p, err := s.Findings(ctx, store.FindingQuery{}); err != nil || p.Total != 25 {
		t.Fatalf("%d findings, %v", p.Total, err)
	}
}

func testAllOrNothing(t *testing.T, s *store.Store) {
	first := storetest.Result(1, 10, 10, 10)
	must(t, s.SaveResult(ctx, first))
	bad := storetest.Result(2, 20, 20, 20)
	bad.Patrol.Started = time.Date(20000, 1, 1, 0, 0, 0, 0, time.UTC) // has no JSON form; the patrol is written last
	if err := s.SaveResult(ctx, bad); err == nil {
		t.Fatal("saved a patrol of the year 20000")
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if err := s.SaveResult(cancelled, storetest.Result(2, 20, 20, 20)); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	k, err := s.LoadKnown(ctx)
	must(t, err)
	same(t, "known", k, storetest.Remembered(first))
}

func testTwice(t *testing.T, s *store.Store) {
	r := storetest.Result(1, 10, 10, 10)
	must(t, s.SaveResult(ctx, r))
	must(t, s.SaveResult(ctx, r))
	ps, err := s.Patrols(ctx, 0)
	must(t, err)
	if len(ps) != 1 {
		t.Fatalf("%d patrols", len(ps))
	}
	_, es, err := s.Finding(ctx, r.Findings[0].ID)
	must(t, err)
	if len(es) != 1 {
		t.Fatalf("events %+v", es)
	}
	r.Hosts = append(r.Hosts, r.Hosts[0])
	if err := s.SaveResult(ctx, r); err == nil {
		t.Fatal("saved the same host twice")
	}
}

func testPatrols(t *testing.T, s *store.Store) {
	for i := range 5 {
		r := storetest.Result(i, 1, 0, 0)
		r.Patrol.Started = storetest.Base.Add(-time.Duration(i) * time.Hour) // the clock was set back: order is that of saving
		must(t, s.SaveResult(ctx, r))
	}
	ps, err := s.Patrols(ctx, 3)
	must(t, err)
	var ids []string
	for _, p := range ps {
		ids = append(ids, p.ID)
	}
	same(t, "patrols", ids, []string{"p-4", "p-3", "p-2"})
}

func testConcurrent(t *testing.T, s *store.Store) {
	must(t, s.SaveResult(ctx, storetest.Result(0, 20, 20, 20)))
	const writers = 4
	done := make(chan error, 2*writers)
	for i := range writers {
		go func() {
			for j := range 5 {
				if err := s.SetFindingState(ctx, storetest.Result(0, 0, 20, 0).Findings[i].ID, model.Acknowledged, fmt.Sprint("w", i), fmt.Sprint(j), "", time.Time{}); err != nil {
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
		must(t, s.SaveResult(ctx, storetest.Result(i, 20+i, 20, 20+i)))
	}
	for range 2 * writers {
		must(t, <-done)
	}
	for i := range writers {
		f, es, err := s.Finding(ctx, storetest.Result(0, 0, 20, 0).Findings[i].ID)
		must(t, err)
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

// testCheck asserts that the store finds no fault with itself.
func testCheck(t *testing.T, s *store.Store) {
	r := storetest.Result(9, 12, 12, 12)
	must(t, s.SaveResult(ctx, r))
	report, err := s.Check(ctx)
	must(t, err)
	if len(report.Problems) > 0 {
		t.Fatalf("%+v", report.Problems)
	}
	if report.Counts["hosts"] != 12 {
		t.Fatalf("%+v", report.Counts)
	}
}
