package app

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"slices"
	"time"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/capture"
	"github.com/mimawari/mimawari/internal/intake"
	"github.com/mimawari/mimawari/internal/ledger"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/store"
)

// maxQueue bounds the rounds that wait.
const maxQueue = 50

// maxTries is how often a round is begun again after the process died in it.
const maxTries = 3

// maxWatch bounds how long a round may watch an interface: who wants more watches it all the time.
const maxWatch = 12 * time.Hour

// AskRound puts a patrol into the queue.
func (x *Intake) AskRound(ctx context.Context, r model.Round) (model.Round, error) {
	if err := x.checkRound(ctx, &r); err != nil {
		return r, err
	}
	queue, err := x.app.Store.RoundsIn(ctx, model.RoundQueued)
	if err != nil {
		return r, err
	}
	if len(queue) >= maxQueue {
		return r, inWords(&intake.Error{Code: "queue"})
	}
	r.ID, r.State, r.Made = intake.NewID("r-"), model.RoundQueued, x.now().UTC()
	if err := x.app.Store.SaveRound(ctx, r); err != nil {
		return r, err
	}
	x.changed("round", r.ID)
	x.poke()
	return r, nil
}

func (x *Intake) checkRound(ctx context.Context, r *model.Round) error {
	if len(r.Uploads) == 0 && r.Ledger == "" && len(r.Paths) == 0 && r.Interface == "" {
		return inWords(&intake.Error{Code: "nothing"})
	}
	var sources []string
	for _, id := range r.Uploads {
		u, err := x.Upload(ctx, id)
		switch {
		case err != nil:
			return err
		case u.State != model.Ready:
			return inWords(&intake.Error{Code: "not_ready", Pairs: []string{"name", u.Name}})
		case u.Kind == model.UploadLedger:
			r.Ledger = id
		default:
			sources = append(sources, id)
		}
	}
	r.Uploads = sources
	if r.Interface != "" && (r.For <= 0 || r.For > maxWatch) {
		return inWords(&intake.Error{Code: "watch_for"})
	}
	return nil
}

func (x *Intake) poke() {
	select {
	case x.wake <- struct{}{}:
	default:
	}
}

// Rounds gives the newest rounds and how far the one is that runs, nil if none does.
func (x *Intake) Rounds(ctx context.Context, limit int) ([]model.Round, *intake.RoundProgress, error) {
	rs, err := x.app.Store.Rounds(ctx, limit)
	return rs, x.running.Load(), err
}

// Round gives one round.
func (x *Intake) Round(ctx context.Context, id string) (model.Round, error) {
	return x.app.Store.Round(ctx, id)
}

var errCancelled = errors.New("cancelled by a person")

// CancelRound stops a round that waits or runs. Nothing of it is stored.
func (x *Intake) CancelRound(ctx context.Context, id string) error {
	_, err := x.app.Store.ChangeRound(ctx, id, func(r *model.Round) error {
		switch r.State {
		case model.RoundQueued:
			r.State, r.Ended = model.RoundCancelled, x.now().UTC()
		case model.RoundRunning:
		default:
			return &intake.Error{Code: "ended"}
		}
		return nil
	})
	if err != nil {
		return inWords(err)
	}
	if p, stop := x.running.Load(), x.cancel.Load(); p != nil && p.Round == id && stop != nil {
		(*stop)(errCancelled)
	}
	x.changed("round", id)
	return nil
}

// recoverRounds puts rounds in which the process died back into the queue. One that dies again and again is given up.
func (x *Intake) recoverRounds(ctx context.Context) error {
	died, err := x.app.Store.RoundsIn(ctx, model.RoundRunning)
	if err != nil {
		return err
	}
	for _, r := range died {
		r.State = model.RoundQueued
		if r.Tries >= maxTries {
			r.State, r.Ended = model.RoundFailed, x.now().UTC()
			r.Trouble = &model.Trouble{Code: "round_died", Text: "Mimawari ended three times while this patrol ran"}
		}
		if err := x.app.Store.SaveRound(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// retry is how often the queue is looked at when nobody says that something is in it, and how soon the lock is tried again.
const retry = 2 * time.Second

// runRounds takes one round after the other.
func (x *Intake) runRounds(ctx context.Context) {
	for ctx.Err() == nil {
		worked, err := x.oneRound(ctx)
		if err != nil && ctx.Err() == nil {
			x.report(err)
		}
		if worked && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
		case <-x.wake:
		case <-time.After(retry):
		}
	}
}

// oneRound runs the oldest round of the queue; false if there is none, or the data is held by another program.
func (x *Intake) oneRound(ctx context.Context) (bool, error) {
	queue, err := x.app.Store.RoundsIn(ctx, model.RoundQueued)
	if err != nil || len(queue) == 0 {
		x.running.Store(nil)
		return false, err
	}
	x.turn.Lock()
	defer x.turn.Unlock()
	id := queue[0].ID
	a, err := Open(ctx, x.app.Dir, "patrol")
	var held *store.Error
	if errors.As(err, &held) && held.Code == store.Locked {
		p := &intake.RoundProgress{Round: id, Waiting: held.Args}
		x.running.Store(p)
		x.Hub.Publish("progress", p)
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer a.Close()
	r, err := x.app.Store.ChangeRound(ctx, id, func(r *model.Round) error {
		if r.State != model.RoundQueued {
			return errCancelled
		}
		r.State, r.Started, r.Tries = model.RoundRunning, x.now().UTC(), r.Tries+1
		return nil
	})
	if err != nil {
		return errors.Is(err, errCancelled), nil
	}
	x.changed("round", id)
	return true, x.run(ctx, a, r)
}

// run makes the patrol of r and stores how it went.
func (x *Intake) run(ctx context.Context, a *App, r model.Round) error {
	running, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := &roundWatch{intake: x, now: intake.RoundProgress{Round: r.ID}}
	x.running.Store(&intake.RoundProgress{Round: r.ID})
	x.cancel.Store(&cancel)
	out, err := a.Patrol(running, x.wish(ctx, r, watch))
	if err == nil && out.Flows.Err != nil {
		x.report(out.Flows.Err)
	}
	x.cancel.Store(nil)
	x.running.Store(nil)
	r.Ended = x.now().UTC()
	switch {
	case err == nil:
		r.State, r.Trouble, r.Partial, r.Hosts = model.RoundDone, nil, out.Partial, out.Patrol.Seen
		if out.Stored {
			r.Patrol = out.Patrol.ID
		} else {
			r.Trouble = &model.Trouble{Code: "round_unread", Text: "nothing could be read"}
			if t := firstTrouble(out.Patrol.Sources); t != nil {
				r.Trouble = t
			}
			r.State = model.RoundFailed
		}
	case ctx.Err() != nil: // the server ends: the round goes on when it comes back
		r.State, r.Started, r.Ended, r.Tries = model.RoundQueued, time.Time{}, time.Time{}, r.Tries-1
	case errors.Is(context.Cause(running), errCancelled):
		r.State = model.RoundCancelled
	default:
		r.State, r.Trouble = model.RoundFailed, troubleOf(err)
		x.report(err)
	}
	kept := context.WithoutCancel(ctx)
	x.read(kept, r)
	if err := x.app.Store.SaveRound(kept, r); err != nil {
		return err
	}
	x.changed("round", r.ID)
	if r.Patrol != "" {
		x.changed("result", r.Patrol)
	}
	return nil
}

// read notes at the uploads which round has read them.
func (x *Intake) read(ctx context.Context, r model.Round) {
	if r.State != model.RoundDone {
		return
	}
	for _, id := range append(slices.Clone(r.Uploads), r.Ledger) {
		if id == "" {
			continue
		}
		u, err := x.app.Store.Upload(ctx, id)
		if err == nil {
			u.Round = r.ID
			err = x.app.Store.SaveUpload(ctx, u)
		}
		if err != nil {
			x.report(err)
		}
	}
}

// wish says what a round looks at.
func (x *Intake) wish(ctx context.Context, r model.Round, w *roundWatch) PatrolOptions {
	o := PatrolOptions{
		Paths: slices.Clone(r.Paths), Watch: Watching{Interface: r.Interface, For: r.For}, Progress: w.progress, Peek: w.peek,
		Now: x.now, By: r.By, Names: map[string]string{}, Listeners: x.listeners, NoMemory: x.noMemory,
	}
	for _, id := range r.Uploads {
		path := x.shelf.Path(id)
		o.Paths = append(o.Paths, path)
		o.Names[path] = x.shownName(ctx, id)
	}
	if r.Ledger != "" {
		o.Ledger = x.shelf.Path(r.Ledger)
		o.Names[o.Ledger] = x.shownName(ctx, r.Ledger)
	}
	w.names = o.Names
	return o
}

func (x *Intake) shownName(ctx context.Context, id string) string {
	u, err := x.app.Store.Upload(ctx, id)
	if err != nil {
		return id // deleted: reading it says so
	}
	return u.Name
}

// roundWatch tells who listens how far a round is, at most four times a second. Only the patrol's goroutine uses it.
type roundWatch struct {
	intake *Intake
	names  map[string]string
	now    intake.RoundProgress
	told   time.Time
}

func (w *roundWatch) progress(source string, done, total int64) {
	if n, ok := w.names[source]; ok {
		source = n
	}
	w.now.Source, w.now.Done, w.now.Total = source, done, total
	if total > 0 {
		w.now.Done = min(done, total)
	}
	w.tell(250 * time.Millisecond)
}

func (w *roundWatch) peek(s *model.Seen) {
	w.now.Hosts, w.now.Packets = machines(s), s.Stats.Packets
	w.tell(0)
}

func (w *roundWatch) tell(after time.Duration) {
	if t := time.Now(); t.Sub(w.told) >= after {
		w.told = t
		p := w.now
		w.intake.running.Store(&p)
		w.intake.Hub.Publish("progress", p)
	}
}

// machines counts the addresses of the house that were seen.
func machines(s *model.Seen) int {
	seen := map[netip.Addr]struct{}{}
	add := func(a netip.Addr) {
		if a.IsValid() && model.IsInternal(a) && !a.IsMulticast() && !a.IsUnspecified() {
			seen[a] = struct{}{}
		}
	}
	for i := range s.Bindings {
		add(s.Bindings[i].Addr)
	}
	for i := range s.Observations {
		add(s.Observations[i].Subject)
	}
	for i := range s.Conversations {
		c := &s.Conversations[i]
		if add(c.Client); c.Answered > 0 {
			add(c.Server)
		}
	}
	return len(seen)
}

func firstTrouble(all []model.Source) *model.Trouble {
	for _, s := range all {
		if len(s.Errors) > 0 {
			return &s.Errors[0]
		}
	}
	return nil
}

// troubleOf keeps an error so that it can be said in any language. The code of what is no trouble of a source is the key of
// its words, the args are its pairs.
func troubleOf(err error) *model.Trouble {
	var damage *capture.Damage
	var file *ledger.FileError
	var data *store.Error
	var refused *api.Refused
	var path *os.PathError
	t := model.Trouble{Code: "round_internal", Text: err.Error()}
	switch {
	case errors.As(err, &damage):
		t = damage.Trouble()
	case errors.As(err, &file):
		t.Code, t.Args = "ledger.file."+file.Code, []string{"name", file.Name, "more", file.More}
	case errors.As(err, &data):
		t.Code, t.Args = "store."+string(data.Code), data.Pairs()
	case errors.As(err, &refused):
		t.Code, t.Args = refused.Key, refused.Pairs
	case errors.As(err, &path):
		t.Code, t.Where, t.Args = "unreadable", path.Path, []string{path.Err.Error()}
	}
	return &t
}
