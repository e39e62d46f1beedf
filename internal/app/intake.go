package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/intake"
	"github.com/mimawari/mimawari/internal/model"
)

// Intake is the part of a server that takes in what is to be looked at and has it patrolled: uploads, rounds (patrols that were
// asked for, one after the other), schedules, and interfaces that are watched all the time. Run does the work; the other
// methods may be called by anybody at any time.
type Intake struct {
	Hub intake.Hub

	app       *App
	shelf     *intake.Shelf
	now       func() time.Time
	zone      *time.Location
	report    func(error)
	every     time.Duration // between two savings of what interfaces showed
	listeners []FlowListener
	noMemory  bool
	ifaces    []string // watched because the command line says so
	limits    atomic.Pointer[model.IntakeLimits]
	wake      chan struct{} // something is in the queue
	turn      sync.Mutex    // held by whoever concludes: one patrol at a time
	admit     sync.Mutex    // one look at the quota at a time
	recognise sync.Mutex    // one file at a time: a workbook takes memory
	running   atomic.Pointer[intake.RoundProgress]
	cancel    atomic.Pointer[context.CancelCauseFunc]
	live      liveWatch
}

// IntakeOptions are what an Intake can be told.
type IntakeOptions struct {
	Now        func() time.Time
	Zone       *time.Location
	Report     func(error)   // is told what goes wrong inside; may be nil
	Interfaces []string      // to be watched in any case
	Every      time.Duration // how often what interfaces showed is saved; 0: 5 minutes
	// Listeners hear of each flow of the interfaces and of rounds, which may go on at the same time.
	Listeners []FlowListener
	NoMemory  bool // keep no row for each flow
}

// limitsSetting is the setting that holds model.IntakeLimits as JSON.
const limitsSetting = "intake"

// NewIntake makes the intake of an open data directory. Nothing happens before Run.
func NewIntake(ctx context.Context, a *App, o IntakeOptions) (*Intake, error) {
	x := &Intake{app: a, now: o.Now, zone: o.Zone, report: o.Report, every: o.Every, ifaces: o.Interfaces, listeners: o.Listeners, noMemory: o.NoMemory, wake: make(chan struct{}, 1)}
	if x.report == nil {
		x.report = func(error) {}
	}
	if x.every <= 0 {
		x.every = checkpoint
	}
	x.shelf = &intake.Shelf{
		Dir: filepath.Join(a.Dir, "uploads"), Free: freeBytes,
		MinFree: func() int64 { return x.Limits().MinFree },
	}
	v, err := a.Store.Setting(ctx, limitsSetting)
	if err != nil {
		return nil, err
	}
	var l model.IntakeLimits
	if v != "" {
		if err := json.Unmarshal([]byte(v), &l); err != nil {
			return nil, fmt.Errorf("read setting %s: %w", limitsSetting, err)
		}
	}
	x.limits.Store(&l)
	return x, nil
}

// Run does the work until ctx ends: uploads that expire, rounds, schedules, interfaces. It waits for all that it started.
func (x *Intake) Run(ctx context.Context) error {
	if err := x.recover(ctx); err != nil {
		return err
	}
	var all sync.WaitGroup
	for _, part := range []func(context.Context){x.tidy, x.runRounds, x.runSchedules, x.runLive} {
		all.Go(func() { part(ctx) })
	}
	all.Wait()
	x.Hub.End()
	return nil
}

// recover mends what a process that died left half done. People may be sending already.
func (x *Intake) recover(ctx context.Context) error {
	if err := x.recoverFiles(ctx); err != nil {
		return err
	}
	return x.recoverRounds(ctx)
}

func (x *Intake) recoverFiles(ctx context.Context) error {
	x.admit.Lock() // nobody makes a file while strays are looked for
	defer x.admit.Unlock()
	all, err := x.app.Store.Uploads(ctx)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, u := range all {
		if known[u.ID] = true; u.State == model.Receiving {
			if err := x.complete(ctx, u); err != nil {
				return err
			}
		}
	}
	for _, id := range x.shelf.Strays(known) {
		if err := x.shelf.Remove(id); err != nil {
			x.report(err)
		}
	}
	return nil
}

// complete finishes an upload whose last byte came just before the process died.
func (x *Intake) complete(ctx context.Context, u model.Upload) error {
	release, err := x.shelf.Hold(u.ID)
	if err != nil {
		return nil // somebody is sending: that one finishes it
	}
	defer release()
	n, err := x.shelf.Size(u.ID)
	if err != nil || n != u.Size {
		return nil // it goes on later, or expires
	}
	u.Offset = n
	_, err = x.finish(ctx, u)
	return err
}

// tidy deletes uploads that have expired, now and every hour.
func (x *Intake) tidy(ctx context.Context) {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		if err := x.expire(ctx); err != nil && ctx.Err() == nil {
			x.report(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (x *Intake) expire(ctx context.Context) error {
	all, err := x.app.Store.Uploads(ctx)
	if err != nil {
		return err
	}
	wanted, err := x.wanted(ctx)
	if err != nil {
		return err
	}
	for _, u := range all {
		if intake.Expired(x.Limits(), u, x.now()) && !wanted[u.ID] {
			if err := x.RemoveUpload(ctx, u.ID); err != nil && !errors.Is(err, model.ErrNotFound) {
				x.report(err)
			}
		}
	}
	return nil
}

// wanted are the uploads that a round waits for or reads.
func (x *Intake) wanted(ctx context.Context) (map[string]bool, error) {
	m := map[string]bool{}
	for _, state := range []model.RoundState{model.RoundQueued, model.RoundRunning} {
		rs, err := x.app.Store.RoundsIn(ctx, state)
		if err != nil {
			return nil, err
		}
		for _, r := range rs {
			for _, id := range append(r.Uploads, r.Ledger) {
				m[id] = true
			}
		}
	}
	return m, nil
}

// Limits are what bounds uploads, filled with the defaults.
func (x *Intake) Limits() model.IntakeLimits { return intake.Limits(*x.limits.Load()) }

// SetLimits changes what bounds uploads.
func (x *Intake) SetLimits(ctx context.Context, l model.IntakeLimits) error {
	if l.Quota < 0 || l.KeepDays < 0 || l.MaxFiles < 0 || l.MinFree < 0 || l.Stale < 0 || l.KeepDays > 3650 {
		return inWords(&intake.Error{Code: "limits"})
	}
	b, err := json.Marshal(l)
	if err != nil {
		return err
	}
	if err := x.app.Store.SaveSetting(ctx, limitsSetting, string(b)); err != nil {
		return err
	}
	x.limits.Store(&l)
	return nil
}

var sha256Form = regexp.MustCompile(`^[0-9a-f]{64}$`)

// CreateUpload begins an upload of size bytes. sum is its SHA-256 in hex, "" if the sender does not know it.
func (x *Intake) CreateUpload(ctx context.Context, name string, size int64, sum, by string) (model.Upload, error) {
	if sum = strings.ToLower(sum); sum != "" && !sha256Form.MatchString(sum) {
		return model.Upload{}, inWords(&intake.Error{Code: "sum"})
	}
	x.admit.Lock()
	defer x.admit.Unlock()
	all, err := x.app.Store.Uploads(ctx)
	if err != nil {
		return model.Upload{}, err
	}
	free, err := freeBytes(x.app.Dir)
	if err != nil {
		free = 0 // not known: the disk itself says when it is full
	}
	if err := intake.Admit(x.Limits(), intake.Sum(all), size, free); err != nil {
		return model.Upload{}, inWords(err)
	}
	now := x.now().UTC()
	u := model.Upload{
		ID: intake.NewID("u-"), Name: intake.Name(name), Size: size, SHA256: sum, State: model.Receiving, By: by, Made: now, Touched: now,
	}
	if err := x.shelf.Create(u.ID); err != nil {
		return u, err
	}
	if err := x.app.Store.SaveUpload(ctx, u); err != nil {
		return u, errors.Join(err, x.shelf.Remove(u.ID))
	}
	x.changed("upload", u.ID)
	return u, nil
}

// Upload gives one upload with what has arrived by now.
func (x *Intake) Upload(ctx context.Context, id string) (model.Upload, error) {
	if !intake.IsUploadID(id) {
		return model.Upload{}, model.ErrNotFound
	}
	u, err := x.app.Store.Upload(ctx, id)
	if err == nil && u.State == model.Receiving {
		u.Offset, err = x.shelf.Size(id)
	}
	return u, err
}

// Uploads gives all uploads, newest first, with what has arrived by now.
func (x *Intake) Uploads(ctx context.Context) ([]model.Upload, error) {
	all, err := x.app.Store.Uploads(ctx)
	for i := range all {
		if u := &all[i]; u.State == model.Receiving {
			if n, err := x.shelf.Size(u.ID); err == nil {
				u.Offset = n
			}
		}
	}
	return all, err
}

// AppendUpload adds what r gives, from offset on. The upload that it gives back says how much has arrived, also beside an error:
// what broke off can go on from there.
func (x *Intake) AppendUpload(ctx context.Context, id string, offset int64, r io.Reader) (model.Upload, error) {
	u, err := x.Upload(ctx, id)
	if err != nil {
		return u, err
	}
	release, err := x.shelf.Hold(id)
	if err != nil {
		return u, inWords(err)
	}
	defer release()
	if u.State != model.Receiving {
		if offset == u.Offset {
			return u, nil // the answer to the last piece got lost, and the sender asks again
		}
		return u, inWords(&intake.Error{Code: "offset"})
	}
	kept := context.WithoutCancel(ctx) // a sender that goes away must not lose what it has sent
	n, err := x.shelf.Append(id, offset, u.Size, r)
	u.Offset = n
	if offset < n || err == nil {
		u.Touched = x.now().UTC()
		if serr := x.app.Store.SaveUpload(kept, u); serr != nil {
			return u, errors.Join(err, serr)
		}
	}
	if n == u.Size && u.Offset == u.Size && (err == nil || isCode(err, "too_long")) {
		done, ferr := x.finish(kept, u)
		return done, errors.Join(inWords(err), ferr)
	}
	return u, inWords(err)
}

func isCode(err error, code string) bool {
	var e *intake.Error
	return errors.As(err, &e) && e.Code == code
}

// finish looks at an upload that is whole: it is ready, or refused with what it looks like.
func (x *Intake) finish(ctx context.Context, u model.Upload) (model.Upload, error) {
	x.recognise.Lock()
	defer x.recognise.Unlock()
	u.State = model.Ready
	if u.SHA256 != "" {
		sum, err := x.shelf.Sum256(u.ID)
		if err != nil {
			return u, err
		}
		if sum != u.SHA256 {
			u.Trouble = &model.Trouble{Code: "upload_sum", Where: u.Name, Text: u.Name + ": other SHA-256 than announced"}
		}
	}
	if u.Trouble == nil {
		var found intake.Found
		found, u.Trouble = intake.Recognise(ctx, x.shelf.Path(u.ID), u.Name)
		u.Kind, u.Format, u.Rows = found.Kind, found.Format, found.Rows
	}
	if u.Trouble != nil {
		u.State = model.Refused
	}
	if err := x.app.Store.SaveUpload(ctx, u); err != nil {
		return u, err
	}
	if u.State == model.Refused { // of no use to anybody
		if err := x.shelf.Remove(u.ID); err != nil {
			return u, err
		}
	}
	x.changed("upload", u.ID)
	return u, nil
}

// TakeUpload takes a whole file of at most atMost bytes in one go, as a form without JavaScript sends it. What breaks off
// is thrown away.
func (x *Intake) TakeUpload(ctx context.Context, name string, r io.Reader, atMost int64, by string) (model.Upload, error) {
	u, err := x.CreateUpload(ctx, name, atMost, "", by)
	if err != nil {
		return u, err
	}
	release, err := x.shelf.Hold(u.ID)
	if err != nil {
		return u, inWords(err)
	}
	defer release()
	kept := context.WithoutCancel(ctx)
	n, err := x.shelf.Append(u.ID, 0, atMost, r)
	if err == nil && n == 0 {
		err = &intake.Error{Code: "empty"}
	}
	if err != nil {
		return u, errors.Join(inWords(err), x.RemoveUpload(kept, u.ID))
	}
	u.Size, u.Offset, u.Touched = n, n, x.now().UTC()
	return x.finish(kept, u)
}

// TakePaste keeps a pasted table as an upload.
func (x *Intake) TakePaste(ctx context.Context, name, text, by string) (model.Upload, error) {
	if _, err := intake.Paste(text, x.now()); err != nil {
		return model.Upload{}, inWords(err)
	}
	return x.TakeUpload(ctx, name, strings.NewReader(text), int64(len(text)), by)
}

// Paste reads a pasted table back.
func (x *Intake) Paste(text string) (intake.Understood, error) {
	u, err := intake.Paste(text, x.now().UTC())
	return u, inWords(err)
}

// RemoveUpload deletes an upload, unless a round needs it.
func (x *Intake) RemoveUpload(ctx context.Context, id string) error {
	if !intake.IsUploadID(id) {
		return model.ErrNotFound
	}
	wanted, err := x.wanted(ctx)
	if err != nil {
		return err
	}
	if wanted[id] {
		return inWords(&intake.Error{Code: "wanted"})
	}
	if err := x.app.Store.RemoveUpload(ctx, id); err != nil {
		return err
	}
	x.changed("upload", id)
	return x.shelf.Remove(id)
}

// changed tells who listens that it should look again.
func (x *Intake) changed(what, id string) { x.Hub.Publish(what, map[string]string{"id": id}) }

// inWords turns what the intake can't do into words for the reader.
func inWords(err error) error {
	var e *intake.Error
	if errors.As(err, &e) {
		return &api.Refused{Key: "intake.error." + e.Code, Pairs: slices.Clone(e.Pairs)}
	}
	return err
}
