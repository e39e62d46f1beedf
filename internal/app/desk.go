package app

import (
	"context"
	"errors"
	"time"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/triage"
)

// Desk carries out what people decide on findings.
type Desk struct {
	App *App
	Now func() time.Time
}

var _ api.Desk = (*Desk)(nil)

// Decide changes the state of a finding; what is missing is said in words.
func (d *Desk) Decide(ctx context.Context, id string, x api.Decision) error {
	f, _, err := d.App.Store.Finding(ctx, id)
	if err != nil {
		return err
	}
	f, err = triage.Apply(f, triage.Action{To: x.State, Who: x.Who, Owner: x.Owner, Reason: x.Reason, Until: x.Until, Now: d.Now()})
	if err != nil {
		return refused(err)
	}
	return d.App.Store.SetFindingStateSeen(ctx, id, x.Seen, f.State, x.Who, f.Reason, f.Owner, f.Until)
}

// Silence adds a suppression in words and applies it to all findings there are.
func (d *Desk) Silence(ctx context.Context, s model.Suppression) error {
	s, err := triage.NewSuppression(s, d.Now().UTC())
	if err != nil {
		return refused(err)
	}
	if err := d.App.Store.AddSuppression(ctx, s); err != nil {
		return err
	}
	return d.reapply(ctx, s.Owner)
}

// Unsilence removes a suppression; what it silenced waits again.
func (d *Desk) Unsilence(ctx context.Context, id string) error {
	if err := d.App.Store.RemoveSuppression(ctx, id); err != nil {
		return err
	}
	return d.reapply(ctx, "")
}

// reapply holds all findings against the suppressions as they are now.
func (d *Desk) reapply(ctx context.Context, who string) error {
	known, err := d.App.Store.LoadKnown(ctx)
	if err != nil {
		return err
	}
	before := make(map[string]model.State, len(known.Findings))
	for _, f := range known.Findings {
		before[f.ID] = f.State
	}
	nothing := func(model.Finding) bool { return false }
	for _, f := range triage.Reconcile(known.Findings, nil, known.Suppressions, d.Now().UTC(), nothing) {
		if f.State == before[f.ID] {
			continue
		}
		if err := d.App.Store.SetFindingState(ctx, f.ID, f.State, who, f.Reason, f.Owner, f.Until); err != nil {
			return err
		}
	}
	return nil
}

// refused turns what triage can't accept into words for the reader.
func refused(err error) error {
	var t *triage.Error
	if errors.As(err, &t) {
		return &api.Refused{Key: "triage.error." + t.Code, Pairs: t.Pairs}
	}
	return err
}
