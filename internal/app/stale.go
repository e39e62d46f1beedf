package app

import (
	"context"
	"slices"
	"time"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/store"
)

// How old the last patrol may be before it counts as stopped: where something looks every day, and at most where people look now and then.
const (
	staleAfter = 36 * time.Hour
	staleMost  = 32 * 24 * time.Hour
)

// rhythmOf is how many patrols say how often somebody looks.
const rhythmOf = 16

// staleNow is how old the last patrol may be. A schedule or an interface that is watched looks every day; without them the patrols of the
// past say how often somebody looks. What can't be read counts as every day: a warning too early is better than none.
func staleNow(ctx context.Context, s *store.Store) time.Duration {
	ps, err := s.Patrols(ctx, rhythmOf)
	if err != nil {
		return staleAfter
	}
	schedules, err := s.Schedules(ctx)
	if err != nil || slices.ContainsFunc(schedules, func(x model.Schedule) bool { return x.On }) {
		return staleAfter
	}
	watches, err := s.Watches(ctx)
	if err != nil || slices.ContainsFunc(watches, func(w model.Watch) bool { return w.Kind == model.WatchInterface && w.On }) {
		return staleAfter
	}
	return staleBy(ps)
}

// sameSitting: patrols closer together than this are one look at several recordings.
const sameSitting = 6 * time.Hour

// staleBy is one and a half times the usual pause between patrols, the newest first: of who looks every Monday it is ten days. The usual one
// is the median, so that a holiday does not make a daily patrol a weekly one.
func staleBy(ps []model.Patrol) time.Duration {
	var pauses []time.Duration
	for i := 1; i < len(ps); i++ {
		if d := ps[i-1].Ended.Sub(ps[i].Ended); d > sameSitting {
			pauses = append(pauses, d)
		}
	}
	if len(pauses) == 0 {
		return staleAfter
	}
	slices.Sort(pauses)
	usual := pauses[(len(pauses)-1)/2]
	return min(max(usual+usual/2, staleAfter), staleMost)
}
