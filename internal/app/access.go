package app

import (
	"context"
	"errors"
	"time"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/audit"
	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/seal"
	"github.com/mimawari/mimawari/internal/web/page"
)

// Trail is the audit trail of the data. report is told when an entry can't be written; it may be nil.
func (a *App) Trail(now func() time.Time, report func(error)) (*audit.Trail, error) {
	key, err := audit.OpenKey(a.Dir)
	if err != nil {
		return nil, err
	}
	return &audit.Trail{Store: a.Store, Key: key, Now: now, Report: report}, nil
}

// Keeper lets people in; what it does is in the trail t.
func (a *App) Keeper(ctx context.Context, t *audit.Trail) (*auth.Keeper, error) {
	key, err := seal.Open(a.Dir)
	if err != nil {
		return nil, err
	}
	i, err := a.Store.Institution(ctx)
	if err != nil {
		return nil, err
	}
	return &auth.Keeper{
		Store: a.Store, Seal: key, Hasher: auth.NewHasher(), Now: t.Now, Limits: auth.DefaultLimits, Institution: i.Name, Note: t.Note,
	}, nil
}

// Recorder takes what people did on the pages into the trail.
func Recorder(t *audit.Trail) func(context.Context, page.Deed) error {
	return func(ctx context.Context, d page.Deed) error {
		return t.Append(ctx, audit.Entry(auth.WithViewer(ctx, d.Who), d.Action, d.Object, d.Details...))
	}
}

// Words turns a refusal of the keeper into words for the reader.
func Words(err error) error {
	var e *auth.Error
	if errors.As(err, &e) {
		return &api.Refused{Key: "auth.error." + e.Code, Pairs: e.Pairs}
	}
	return err
}
