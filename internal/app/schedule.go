package app

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/intake"
	"github.com/mimawari/mimawari/internal/model"
)

// Limits of what is looked at again and again.
const (
	maxWatches   = 50
	maxSchedules = 50
)

// AddWatch adds a source that is looked at again and again. A folder must be there and an absolute path.
func (a *App) AddWatch(ctx context.Context, w model.Watch, now time.Time) (model.Watch, error) {
	w.Name = strings.TrimSpace(w.Name)
	all, err := a.Store.Watches(ctx)
	if err != nil {
		return w, err
	}
	switch w.Kind {
	case model.WatchFolder:
		if w.Name, err = checkFolder(w.Name); err != nil {
			return w, inWords(err)
		}
	case model.WatchInterface:
		if w.Name == "" || w.Name != model.Clean(w.Name) || len(w.Name) > 64 {
			return w, inWords(&intake.Error{Code: "interface", Pairs: []string{"name", model.Clean(w.Name)}})
		}
	default:
		return w, inWords(&intake.Error{Code: "watch_kind", Pairs: []string{"kind", model.Clean(string(w.Kind))}})
	}
	if slices.ContainsFunc(all, func(o model.Watch) bool { return o.Kind == w.Kind && o.Name == w.Name }) {
		return w, inWords(&intake.Error{Code: "watch_twice", Pairs: []string{"name", w.Name}})
	}
	if len(all) >= maxWatches {
		return w, inWords(&intake.Error{Code: "watch_many"})
	}
	w.ID, w.Made = intake.NewID("w-")[:14], now.UTC()
	return w, a.Store.SaveWatch(ctx, w)
}

func checkFolder(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if path == "" || err != nil || strings.ContainsRune(path, 0) {
		return path, &intake.Error{Code: "folder", Pairs: []string{"name", model.Clean(path)}}
	}
	st, err := os.Stat(abs)
	if err != nil || !st.IsDir() {
		return path, &intake.Error{Code: "folder", Pairs: []string{"name", abs}}
	}
	return abs, nil
}

// SwitchWatch turns watching of an interface on or off.
func (a *App) SwitchWatch(ctx context.Context, id string, on bool) error {
	all, err := a.Store.Watches(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(w model.Watch) bool { return w.ID == id })
	if i < 0 {
		return model.ErrNotFound
	}
	all[i].On = on
	return a.Store.SaveWatch(ctx, all[i])
}

// AddSchedule adds a patrol every day. It must have something to look at.
func (a *App) AddSchedule(ctx context.Context, s model.Schedule, now time.Time) (model.Schedule, error) {
	known, err := a.Store.Watches(ctx)
	if err != nil {
		return s, err
	}
	all, err := a.Store.Schedules(ctx)
	if err != nil {
		return s, err
	}
	watches := false
	for _, id := range s.Watches {
		i := slices.IndexFunc(known, func(w model.Watch) bool { return w.ID == id })
		if i < 0 {
			return s, inWords(&intake.Error{Code: "no_watch", Pairs: []string{"id", model.Clean(id)}})
		}
		watches = watches || known[i].Kind == model.WatchInterface
	}
	switch {
	case s.At < 0 || s.At >= 24*60:
		err = &intake.Error{Code: "clock", Pairs: []string{"text", ""}}
	case len(s.Watches) == 0 && !s.Uploads:
		err = &intake.Error{Code: "nothing"}
	case watches && (s.For < time.Minute || s.For > maxWatch):
		err = &intake.Error{Code: "watch_for"}
	case len(all) >= maxSchedules:
		err = &intake.Error{Code: "schedule_many"}
	}
	if err != nil {
		return s, inWords(err)
	}
	s.ID, s.Made, s.On, s.Last = intake.NewID("d-")[:14], now.UTC(), true, time.Time{}
	return s, a.Store.SaveSchedule(ctx, s)
}

// SwitchSchedule turns a schedule on or off. What was missed while it was off is not made up for.
func (a *App) SwitchSchedule(ctx context.Context, id string, on bool, now time.Time) error {
	all, err := a.Store.Schedules(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(s model.Schedule) bool { return s.ID == id })
	if i < 0 {
		return model.ErrNotFound
	}
	if on && !all[i].On {
		all[i].Made = now.UTC()
	}
	all[i].On = on
	return a.Store.SaveSchedule(ctx, all[i])
}

// Schedules gives all schedules and when they run next.
func (a *App) Schedules(ctx context.Context, now time.Time, zone *time.Location) ([]intake.ScheduleNow, error) {
	all, err := a.Store.Schedules(ctx)
	var out []intake.ScheduleNow
	for _, s := range all {
		out = append(out, intake.ScheduleNow{Schedule: s, Next: intake.Next(s, now, zone)})
	}
	slices.SortFunc(out, func(a, b intake.ScheduleNow) int { return a.At - b.At })
	return out, err
}

// runSchedules asks for the rounds that are due, every few seconds: the clock may be set, the computer may sleep.
func (x *Intake) runSchedules(ctx context.Context) {
	tick := time.NewTicker(5 * time.Second)
	defer tick.Stop()
	for {
		if err := x.dueNow(ctx); err != nil && ctx.Err() == nil {
			x.report(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (x *Intake) dueNow(ctx context.Context) error {
	all, err := x.app.Store.Schedules(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, s := range all {
		at, due := intake.Due(s, x.now(), x.zone)
		if !due {
			continue
		}
		s.Last = at.UTC()
		if err := x.app.Store.SaveSchedule(ctx, s); err != nil { // before: a round twice is worse than one that is missed
			errs = append(errs, err)
			continue
		}
		errs = append(errs, x.start(ctx, s))
	}
	return errors.Join(errs...)
}

// start asks for the rounds of a schedule: one for all files, one for each interface.
func (x *Intake) start(ctx context.Context, s model.Schedule) error {
	watches, err := x.app.Store.Watches(ctx)
	if err != nil {
		return err
	}
	files := model.Round{Schedule: s.ID, By: s.By}
	var errs []error
	for _, w := range watches {
		switch {
		case !slices.Contains(s.Watches, w.ID):
		case w.Kind == model.WatchFolder:
			files.Paths = append(files.Paths, w.Name)
		case w.On: // it is watched all the time anyway
		default:
			_, err := x.AskRound(ctx, model.Round{Schedule: s.ID, By: s.By, Interface: w.Name, For: s.For})
			errs = append(errs, err)
		}
	}
	if s.Uploads {
		ups, err := x.app.Store.Uploads(ctx)
		errs = append(errs, err)
		for _, u := range ups {
			if u.State == model.Ready && u.Kind != model.UploadLedger && u.Round == "" {
				files.Uploads = append(files.Uploads, u.ID)
			}
		}
	}
	if len(files.Paths)+len(files.Uploads) > 0 {
		_, err := x.AskRound(ctx, files)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Interfaces lists what could be watched, those with a cable first.
func Interfaces() []intake.Interface {
	all, err := net.Interfaces()
	if err != nil {
		return nil
	}
	var out []intake.Interface
	for _, i := range all {
		if i.Flags&net.FlagLoopback == 0 {
			out = append(out, intake.Interface{Name: i.Name, Up: i.Flags&net.FlagUp != 0, Link: i.Flags&net.FlagRunning != 0})
		}
	}
	slices.SortStableFunc(out, func(a, b intake.Interface) int {
		switch {
		case a.Link == b.Link:
			return 0
		case a.Link:
			return -1
		}
		return 1
	})
	return out
}
