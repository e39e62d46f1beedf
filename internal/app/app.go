// Package app wires everything: it opens the data directory, runs the patrol from sources to stored findings, carries out
// what people decide and starts the pages. It is the one place that knows all packages; it concludes nothing itself.
package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/mimawari/mimawari/internal/store"
)

// DataDir is where the data lives if nobody says otherwise: MIMAWARI_DATA, else the place that the system has for it.
func DataDir(getenv func(string) string) string {
	if d := getenv("MIMAWARI_DATA"); d != "" {
		return d
	}
	if runtime.GOOS == "windows" {
		return filepath.Join(getenv("ProgramData"), "Mimawari")
	}
	if d := getenv("XDG_DATA_HOME"); d != "" {
		return filepath.Join(d, "mimawari")
	}
	return filepath.Join(getenv("HOME"), ".local", "share", "mimawari")
}

// App is an open data directory.
type App struct {
	Dir   string
	Store *store.Store
	lock  *store.DirLock
}

// Open opens dir for writing, making it if need be. what tells a second process who holds it: "patrol", "serve".
func Open(ctx context.Context, dir, what string) (*App, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make data directory: %w", err)
	}
	lock, err := store.Lock(dir, what)
	if err != nil {
		return nil, err
	}
	s, err := store.Open(ctx, database(dir))
	if err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	return &App{Dir: dir, Store: s, lock: lock}, nil
}

// OpenServing opens dir for the pages. A patrol may run beside them: the pages write only what people decide, one row at a
// time. A second server on the same data is refused.
func OpenServing(ctx context.Context, dir string) (*App, error) {
	lock, err := store.Lock(ServeLock(dir), "serve")
	if err != nil {
		return nil, err
	}
	a, err := OpenDeciding(ctx, dir)
	if err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	a.lock = lock
	return a, nil
}

// ServeLock is the directory whose lock the pages hold. Who replaces the data as a whole takes it too.
func ServeLock(dir string) string { return filepath.Join(dir, "serve") }

// OpenDeciding opens dir to write what people decide, beside whatever else is running.
func OpenDeciding(ctx context.Context, dir string) (*App, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make data directory: %w", err)
	}
	s, err := store.Open(ctx, database(dir))
	if err != nil {
		return nil, err
	}
	return &App{Dir: dir, Store: s}, nil
}

// OpenReadOnly opens dir for looking only; it works beside a process that writes.
func OpenReadOnly(ctx context.Context, dir string) (*App, error) {
	s, err := store.OpenReadOnly(ctx, database(dir))
	if err != nil {
		return nil, err
	}
	return &App{Dir: dir, Store: s}, nil
}

// database is where the directory's data is: a PostgreSQL server if the environment names one, else the SQLite file.
func database(dir string) string {
	if dsn := os.Getenv("MIMAWARI_DATABASE"); dsn != "" {
		return dsn
	}
	return filepath.Join(dir, store.FileName)
}

// Close gives the directory free.
func (a *App) Close() error {
	err := a.Store.Close()
	if a.lock != nil {
		err = errors.Join(err, a.lock.Unlock())
	}
	return err
}
