package store_test

import (
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/store"
)

// What ended long ago goes, with its history; what waits for somebody stays, whatever its age, and so does the newest patrol.
func testPrune(t *testing.T, s *store.Store) {
	old, now := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	finding := func(name string, state model.State, last time.Time) model.Finding {
		return model.Finding{ID: model.FindingID("service.smb1", name), Rule: "service.smb1", State: state, First: old, Last: last}
	}
	fs := []model.Finding{
		finding("old and done", model.Resolved, old), finding("done lately", model.Resolved, now), finding("old and open", model.Open, old),
		finding("old and accepted", model.Accepted, old),
	}
	for i, at := range []time.Time{old, old.Add(time.Hour)} {
		r := model.Result{Patrol: model.Patrol{ID: "p-" + string(rune('a'+i)), Started: at, Ended: at}, Findings: fs}
		must(t, s.SaveResult(ctx, r))
	}
	p, err := s.Prune(ctx, now.AddDate(0, 0, -100))
	must(t, err)
	same(t, "pruned", p, store.Pruned{Patrols: 1, Findings: 1})
	ps, err := s.Patrols(ctx, 10)
	must(t, err)
	if len(ps) != 1 || ps[0].ID != "p-b" {
		t.Errorf("%v", ps)
	}
	page, err := s.Findings(ctx, model.FindingQuery{})
	must(t, err)
	if page.Total != 3 {
		t.Errorf("%d findings left", page.Total)
	}
	r, err := s.Check(ctx)
	must(t, err)
	same(t, "problems", r.Problems, []store.Problem(nil))
	p, err = s.Prune(ctx, now.AddDate(0, 0, -100))
	must(t, err)
	same(t, "again", p, store.Pruned{})
}
