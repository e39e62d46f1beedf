package store_test

import (
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/store"
	"github.com/mimawari/mimawari/internal/store/storetest"
)

// testHistory: a report on a period sees the patrols that began in it, the events and the ledger until its end.
func testHistory(t *testing.T, s *store.Store) {
	if at, err := s.FirstPatrol(ctx); err != nil || !at.IsZero() {
		t.Fatalf("first patrol of nothing: %v, %v", at, err)
	}
	h, err := s.History(ctx, storetest.Base, storetest.Base.Add(time.Hour), func(model.Patrol) { t.Error("a patrol of nothing") })
	must(t, err)
	same(t, "history of nothing", h, model.History{})

	for n := range 5 { // one patrol an hour
		r := storetest.Result(n, 6, 4, 0)
		if n == 3 {
			r.Findings[1].State = model.Resolved
		}
		must(t, s.SaveResult(ctx, r))
	}
	at := func(hours float64) time.Time { return storetest.Base.Add(time.Duration(hours * float64(time.Hour))) }
	for n, imported := range []float64{0.5, 2.5} {
		_, err := s.SaveLedger(ctx, &model.Ledger{Imported: at(imported), By: "佐藤", File: "台帳.xlsx", Zones: []model.Zone{{Name: string(rune('a' + n))}}})
		must(t, err)
	}
	must(t, s.AddSuppression(ctx, model.Suppression{ID: "s-1", Rule: "x", Owner: "佐藤", Reason: "検査"}))
	must(t, s.SaveInstitution(ctx, model.Institution{Name: "みまわり病院"}))

	var ids []string
	h, err = s.History(ctx, at(1), at(3), func(p model.Patrol) { ids = append(ids, p.ID) })
	must(t, err)
	same(t, "patrols that began from 1 until before 3", ids, []string{"p-1", "p-2"})
	if h.Ledger == nil || h.Ledger.Version != 2 || len(h.Ledgers) != 2 || len(h.Hosts) != 6 || len(h.Findings) != 4 || len(h.Suppressions) != 1 || h.Institution.Name != "みまわり病院" {
		t.Errorf("%+v", h)
	}
	for _, x := range h.Steps {
		if x.To != model.Open || x.From != "" {
			t.Errorf("a step that comes later: %+v", x)
		}
	}
	if len(h.Steps) != 4 {
		t.Errorf("%d steps", len(h.Steps))
	}
	h, err = s.History(ctx, at(0), at(5), func(model.Patrol) {})
	must(t, err)
	var last model.Step
	for _, x := range h.Steps {
		if x.From != "" && x.To == model.Resolved {
			last = x
		}
	}
	if last.Finding != storetest.Result(0, 0, 4, 0).Findings[1].ID || !last.At.Equal(at(3).Add(time.Minute).Truncate(time.Microsecond)) {
		t.Errorf("the step to resolved: %+v", last)
	}
	h, err = s.History(ctx, at(0), at(2), func(model.Patrol) {})
	must(t, err)
	if h.Ledger == nil || h.Ledger.Version != 1 {
		t.Errorf("ledger before hour 2: %+v", h.Ledger)
	}
	first, err := s.FirstPatrol(ctx)
	must(t, err)
	same(t, "first patrol", first, storetest.Base.Truncate(time.Microsecond))
}
