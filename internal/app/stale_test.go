package app

import (
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/store"
)

func patrolsEvery(gap time.Duration, n int) (ps []model.Patrol) {
	for i := range n {
		ps = append(ps, model.Patrol{Ended: time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC).Add(-time.Duration(i) * gap)})
	}
	return ps
}

// sittings are patrols every Monday, three on each.
func sittings() (ps []model.Patrol) {
	for _, p := range patrolsEvery(7*24*time.Hour, 4) {
		for i := range 3 {
			ps = append(ps, model.Patrol{Ended: p.Ended.Add(-time.Duration(i) * time.Hour)})
		}
	}
	return ps
}

func TestStaleBy(t *testing.T) {
	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		ps   []model.Patrol
		want time.Duration
	}{
		"none":           {nil, staleAfter},
		"one":            {patrolsEvery(day, 1), staleAfter},
		"hourly":         {patrolsEvery(time.Hour, 8), staleAfter},
		"daily":          {patrolsEvery(day, 8), staleAfter},
		"weekly":         {patrolsEvery(7*day, 8), 10*day + 12*time.Hour},
		"three a week":   {sittings(), 249 * time.Hour},
		"a holiday":      {append(patrolsEvery(day, 5), model.Patrol{Ended: patrolsEvery(day, 20)[19].Ended}), staleAfter},
		"once a quarter": {patrolsEvery(90*day, 3), staleMost},
	} {
		if got := staleBy(c.ps); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// Who looks every Monday is not told on Wednesday that patrols stopped; a schedule that is on promises one every day.
func TestStaleKnowsSchedules(t *testing.T) {
	s, err := store.Open(t.Context(), t.TempDir()+"/mimawari.db")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i, p := range patrolsEvery(-7*24*time.Hour, 3) {
		p.ID = []string{"p-1", "p-2", "p-3"}[i]
		if err := s.SaveResult(t.Context(), model.Result{Patrol: p}); err != nil {
			t.Fatal(err)
		}
	}
	if got := staleNow(t.Context(), s); got != 252*time.Hour {
		t.Errorf("by hand: %v", got)
	}
	x := model.Schedule{ID: "d-1", Uploads: true, On: true}
	if err := s.SaveSchedule(t.Context(), x); err != nil {
		t.Fatal(err)
	}
	if got := staleNow(t.Context(), s); got != staleAfter {
		t.Errorf("with a schedule: %v", got)
	}
	x.On = false
	if err := s.SaveSchedule(t.Context(), x); err != nil {
		t.Fatal(err)
	}
	if got := staleNow(t.Context(), s); got != 252*time.Hour {
		t.Errorf("with a schedule that is off: %v", got)
	}
}
