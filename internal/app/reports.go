package app

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/report"
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

// Began is when the first patrol that is kept began, zero if there was none.
func (a *App) Began(ctx context.Context) (time.Time, error) { return a.Store.FirstPatrol(ctx) }

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

// SavedReports are the files that ReportJob wrote, the newest first. Other files in the directory are left out.
func (a *App) SavedReports() (out []model.SavedReport, err error) {
	es, err := os.ReadDir(a.reportsDir())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for _, e := range es {
		x, ok := savedReport(e.Name())
		i, err := e.Info()
		if !ok || err != nil || !i.Mode().IsRegular() {
			continue
		}
		x.Size, x.Made = i.Size(), i.ModTime()
		out = append(out, x)
	}
	slices.SortFunc(out, func(a, b model.SavedReport) int { return cmp.Or(b.Made.Compare(a.Made), cmp.Compare(a.Name, b.Name)) })
	return out, nil
}

// savedReport reads the name of a file; false for anything that ReportJob does not write.
func savedReport(name string) (x model.SavedReport, ok bool) {
	rest, format, _ := strings.Cut(name, ".")
	kind, key, _ := strings.Cut(rest, "-")
	p, ok := periodic.Parse(periodic.Kind(kind), key, time.UTC)
	ok = ok && slices.Contains(periodic.Kinds, p.Kind) && slices.Contains(report.Formats, format) && name == reportFile(p.Kind, p.Key(), format)
	return model.SavedReport{Name: name, Kind: kind, Period: key, Format: format}, ok
}

// OpenReport opens a file that ReportJob wrote.
func (a *App) OpenReport(name string) (*os.File, error) {
	if _, ok := savedReport(name); !ok {
		return nil, model.ErrNotFound
	}
	f, err := os.Open(filepath.Join(a.reportsDir(), name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, model.ErrNotFound
	}
	return f, err
}
