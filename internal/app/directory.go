package app

import (
	"time"

	"github.com/mimawari/mimawari/internal/audit"
	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/auth/directory"
	"github.com/mimawari/mimawari/internal/seal"
)

// Directory is the desk that asks the institution's directory and identity provider. report is told of what goes wrong at sign-ins; it may be
// nil. What people set is in the trail t.
func (a *App) Directory(now func() time.Time, t *audit.Trail, report func(error)) (*directory.Desk, error) {
	key, err := seal.Open(a.Dir)
	if err != nil {
		return nil, err
	}
	return &directory.Desk{Store: a.Store, Seal: key, Now: now, Report: report, Note: t.Note}, nil
}

var _ auth.Directory = (*directory.Desk)(nil)
