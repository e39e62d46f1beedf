package app

import (
	"context"
	"path/filepath"
	"time"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/report/paper"
	"github.com/mimawari/mimawari/internal/report/periodic"
	"github.com/mimawari/mimawari/internal/store"
)

// PeriodReport writes up a week or a month. Times are shown in the zone of now.
func (a *App) PeriodReport(ctx context.Context, p periodic.Period, now time.Time, l locale.Lang) (*paper.Document, error) {
	in := periodic.Input{Period: p, Now: now, Lang: l, Rounds: periodic.NewRounds(now.Location()), Earlier: periodic.NewRounds(now.Location())}
	var err error
	in.History, err = a.Store.History(ctx, p.Before().From, p.To, func(x model.Patrol) {
		if x.Started.Before(p.From) {
			in.Earlier.Add(x)
		} else {
			in.Rounds.Add(x)
		}
	})
	if err != nil {
		return nil, err
	}
	if in.Began, err = a.Store.FirstPatrol(ctx); err != nil {
		return nil, err
	}
	return periodic.Report(in), nil
}

// lookBack is how many days the hand-over sheet counts patrols.
const lookBack = 30

// HandOver writes the hand-over sheet as things stand now.
func (a *App) HandOver(ctx context.Context, now time.Time, l locale.Lang) (*paper.Document, error) {
	in := periodic.HandOverInput{Input: periodic.Input{Now: now, Lang: l, Rounds: periodic.NewRounds(now.Location())}, Places: a.places()}
	var err error
	if in.History, err = a.Store.History(ctx, now.AddDate(0, 0, -lookBack), now.Add(time.Second), in.Rounds.Add); err != nil {
		return nil, err
	}
	if in.Began, err = a.Store.FirstPatrol(ctx); err != nil {
		return nil, err
	}
	return periodic.HandOver(in), nil
}

// reportsDir is where reports are written by themselves.
func (a *App) reportsDir() string { return filepath.Join(a.Dir, "reports") }

// places are where things are kept, for the next person.
func (a *App) places() []periodic.Place {
	dir := a.Dir
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	database := a.Store.Where()
	if filepath.Base(database) == store.FileName {
		database = filepath.Join(dir, store.FileName)
	}
	return []periodic.Place{
		{Key: "data", Path: dir},
		{Key: "database", Path: database},
		{Key: "copies", Path: filepath.Join(dir, "copies")},
		{Key: "reports", Path: filepath.Join(dir, "reports")},
	}
}
