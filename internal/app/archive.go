package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/archive"
	"github.com/mimawari/mimawari/internal/store"
)

// restoreDir is where an archive waits that was checked and is to take the place of the data; restorePart while it is being read.
const (
	restoreDir  = "restore"
	restorePart = ".restore"
)

// archived reports whether a file of the data directory goes into an archive: all that can't be had again. The database goes in as a copy
// of one moment; captures that were uploaded do not, they are large and what they said is in the database. Nor do the rows for flows: copy the folder.
func archived(name string, _ bool) bool {
	top, _, _ := strings.Cut(name, "/")
	switch {
	case strings.HasPrefix(top, "."), strings.HasPrefix(top, store.FileName), top == "lock", top == "serve", top == "uploads", top == "flows", top == restoreDir, top == store.CopiesDir:
		return false
	}
	return true
}

// Archive writes everything that Mimawari needs to go on elsewhere to w, encrypted. Others may read and write meanwhile.
func (a *App) Archive(ctx context.Context, w io.Writer, passphrase string, now time.Time) error {
	tmp, err := os.MkdirTemp(a.Dir, ".archive-*")
	if err != nil {
		return fmt.Errorf("copy the data: %w", err)
	}
	defer os.RemoveAll(tmp)
	copied := filepath.Join(tmp, store.FileName)
	if err := a.Store.Backup(ctx, copied); err != nil {
		return err
	}
	files, err := archive.Files(a.Dir, archived)
	if err != nil {
		return fmt.Errorf("list the data: %w", err)
	}
	return archive.Write(w, passphrase, append(files, archive.Entry{Name: store.FileName, Path: copied}), now)
}

// StageRestore reads an archive beside the data of dir and checks it. Nothing of the data is touched: FinishRestore puts it in place.
func StageRestore(ctx context.Context, dir string, r io.Reader, passphrase string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make data directory: %w", err)
	}
	part := filepath.Join(dir, restorePart)
	if err := os.RemoveAll(part); err != nil {
		return err
	}
	free, err := freeBytes(dir)
	if err != nil {
		return err
	}
	if err := archive.Read(r, passphrase, part, int64(free/2)); err != nil { // the data itself needs room too
		return err
	}
	if err := checkStaged(ctx, part); err != nil {
		return errors.Join(err, os.RemoveAll(part))
	}
	done := filepath.Join(dir, restoreDir)
	if err := os.RemoveAll(done); err != nil {
		return err
	}
	return os.Rename(part, done)
}

// checkStaged looks through the database of an archive.
func checkStaged(ctx context.Context, dir string) error {
	s, err := store.OpenReadOnly(ctx, filepath.Join(dir, store.FileName))
	if err != nil {
		return err
	}
	defer s.Close()
	r, err := s.Check(ctx)
	if err == nil && len(r.Problems) > 0 {
		err = &archive.Error{Code: archive.Damaged, Err: errors.New(r.Problems[0].Text)}
	}
	return err
}

// RestoreWaits reports whether an archive waits to be put in place.
func RestoreWaits(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, restoreDir))
	return err == nil
}

// FinishRestore puts an archive in place that waits for it, and reports whether one did. What it replaces is kept among the copies. The
// caller holds all locks of dir and has not opened it. Killed at any moment, it goes on when it is called again.
func FinishRestore(ctx context.Context, dir string, now time.Time) (bool, error) {
	if !RestoreWaits(dir) {
		return false, nil
	}
	from := filepath.Join(dir, restoreDir)
	if _, err := store.Restore(ctx, filepath.Join(from, store.FileName), filepath.Join(dir, store.FileName)); err != nil {
		return false, err
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		return false, err
	}
	kept := filepath.Join(dir, store.CopiesDir, "before-restore-"+now.UTC().Format("20060102-150405"))
	for _, e := range entries {
		if e.Name() == store.FileName {
			continue
		}
		if err := swap(from, dir, kept, e.Name()); err != nil {
			return false, fmt.Errorf("put %s in place: %w", e.Name(), err)
		}
	}
	return true, os.RemoveAll(from)
}

// swap moves name from one directory to another; what is there is kept.
func swap(from, to, kept, name string) error {
	old := filepath.Join(to, name)
	if _, err := os.Lstat(old); err == nil {
		if err := os.MkdirAll(kept, 0o700); err != nil {
			return err
		}
		if err := os.Rename(old, filepath.Join(kept, name)); err != nil {
			return err
		}
	}
	return os.Rename(filepath.Join(from, name), old)
}

// Archives is what the pages need of archives.
type Archives struct {
	App *App
	Now func() time.Time
	// Again is called when the server is to begin anew with what was restored.
	Again func()
}

// Archive writes an archive of the open data.
func (x *Archives) Archive(ctx context.Context, w io.Writer, passphrase string) error {
	return x.App.Archive(ctx, w, passphrase, x.Now())
}

// Stage checks an archive and lays it ready.
func (x *Archives) Stage(ctx context.Context, r io.Reader, passphrase string) error {
	return StageRestore(ctx, x.App.Dir, r, passphrase)
}

// Restart begins anew.
func (x *Archives) Restart() { x.Again() }
