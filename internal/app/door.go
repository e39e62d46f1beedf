package app

import (
	"context"
	"errors"
	"time"

	"github.com/mimawari/mimawari/internal/audit"
	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/auth/directory"
	"github.com/mimawari/mimawari/internal/model"
)

// Door is who lets people in, and the trail of what they do.
type Door struct {
	Keeper    *auth.Keeper
	Trail     *audit.Trail
	Directory *directory.Desk
}

// Door opens both for the pages.
func (a *App) Door(ctx context.Context, now func() time.Time, report func(error)) (Door, error) {
	t, err := a.Trail(now, report)
	if err != nil {
		return Door{}, err
	}
	k, err := a.Keeper(ctx, t)
	if err != nil {
		return Door{}, err
	}
	d, err := a.Directory(now, t, report)
	if err != nil {
		return Door{}, err
	}
	k.Directory = d
	return Door{k, t, d}, nil
}

// tidyEvery is how often what has expired is removed.
const tidyEvery = time.Hour

// Tidy removes what has expired, now and then, until ctx ends.
func (d Door) Tidy(ctx context.Context, report func(error)) {
	t := time.NewTicker(tidyEvery)
	defer t.Stop()
	for {
		if err := d.Keeper.Tidy(ctx); err != nil && ctx.Err() == nil {
			report(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// Welcome gives the secret of a sign-in link for the administrator login, who is made if there is nobody of that name. It is for the sample
// hospital: its data are invented.
func (d Door) Welcome(ctx context.Context, login, name string) (string, error) {
	ctx = auth.WithViewer(ctx, auth.Console(login))
	_, err := d.Keeper.Store.AccountByLogin(ctx, login)
	if errors.Is(err, model.ErrNotFound) {
		_, err = d.Keeper.Add(ctx, auth.NewAccount{Login: login, Name: name, Role: auth.Administrator})
	}
	if err != nil {
		return "", err
	}
	secret, _, err := d.Keeper.Link(ctx, login)
	return secret, err
}
