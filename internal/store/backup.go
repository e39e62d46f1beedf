package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Backup writes a copy of all data, of one moment, to a new SQLite file while others read and write, and checks it
// before it gets its name. It does not replace a file.
func (s *Store) Backup(ctx context.Context, path string) error {
	if _, err := os.Lstat(path); err == nil {
		return wrong(Exists, path, nil)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return explainFile(path, err)
	}
	part := path + ".part"
	if err := removeDatabase(part); err != nil {
		return err
	}
	defer func() { _ = removeDatabase(part) }() // gone already if all went well
	if err := s.copyToFile(ctx, part); err != nil {
		return err
	}
	if err := verify(ctx, part); err != nil {
		return fmt.Errorf("check the copy: %w", err)
	}
	return publish(part, path)
}

func (s *Store) copyToFile(ctx context.Context, path string) error {
	if s.path != "" {
		if err := s.vacuumInto(ctx, path); err != nil {
			return err
		}
		return explainFile(path, os.Chmod(path, 0o600))
	}
	to, err := Open(ctx, path)
	if err != nil {
		return err
	}
	return errors.Join(s.CopyTo(ctx, to), to.Close())
}

// vacuumInto writes a consistent copy of a SQLite database to a new file while others read and write. A reader does it,
// so that the writer need not wait; for SQLite making the copy counts as writing.
func (s *Store) vacuumInto(ctx context.Context, path string) error {
	c, err := s.read.Conn(ctx)
	if err != nil {
		return s.explain(err)
	}
	defer c.Close()
	_, err = c.ExecContext(ctx, `PRAGMA query_only(0)`)
	if err == nil {
		_, err = c.ExecContext(ctx, `VACUUM INTO $1`, path)
	}
	// If the connection can't be made a reader again it must not go back to the others.
	if _, again := c.ExecContext(context.WithoutCancel(ctx), `PRAGMA query_only(1)`); again != nil {
		_ = c.Raw(func(any) error { return driver.ErrBadConn })
		err = errors.Join(err, again)
	}
	if err == nil {
		return nil
	}
	if code := s.code(err); code != "" {
		err = wrong(code, path, err)
	}
	return errors.Join(explainFile(path, err), removeDatabase(path))
}

// verify opens a file and checks all of it.
func verify(ctx context.Context, path string) error {
	s, err := OpenReadOnly(ctx, path)
	if err != nil {
		return err
	}
	defer s.Close()
	r, err := s.Check(ctx)
	if err == nil && len(r.Problems) > 0 {
		err = wrong(Corrupt, path, errors.New(r.Problems[0].Text))
	}
	return err
}

// publish gives a finished file its name, durably and without replacing another.
func publish(part, path string) error {
	if err := syncFile(part); err != nil {
		return explainFile(part, err)
	}
	if err := os.Link(part, path); err == nil {
		err = os.Remove(part)
		return explainFile(path, errors.Join(err, syncDir(filepath.Dir(path))))
	} else if errors.Is(err, fs.ErrExist) {
		return wrong(Exists, path, nil)
	}
	// File systems without links (FAT on a USB stick).
	if err := os.Rename(part, path); err != nil {
		return explainFile(path, err)
	}
	return explainFile(path, syncDir(filepath.Dir(path)))
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// removeDatabase removes a SQLite file and what SQLite puts beside it, as far as they are there.
func removeDatabase(path string) error {
	var errs []error
	for _, end := range []string{"", "-wal", "-shm", "-journal"} {
		if err := os.Remove(path + end); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, explainFile(path+end, err))
		}
	}
	return errors.Join(errs...)
}

// Restore puts the data of file, which Backup made, in the place of the SQLite file at path. The file is checked first;
// the data it replaces is kept in CopiesDir and named in kept ("" if there was none). No process may have path open:
// hold its Lock. A crash leaves either the old data or the new, never a mixture.
func Restore(ctx context.Context, file, path string) (kept string, err error) {
	if sameFile(file, path) {
		return "", wrong(Exists, path, errors.New("source and target are the same file"))
	}
	if err := os.MkdirAll(filepath.Join(filepath.Dir(path), CopiesDir), 0o700); err != nil {
		return "", explainFile(path, err)
	}
	part := path + ".part"
	if err := removeDatabase(part); err != nil {
		return "", err
	}
	defer func() { _ = removeDatabase(part) }() // gone already if all went well
	if err := fetch(ctx, file, part); err != nil {
		return "", err
	}
	if kept, err = keepOld(ctx, path); err != nil {
		return "", fmt.Errorf("keep the data that is replaced: %w", err)
	}
	if err := os.Rename(part, path); err != nil {
		return kept, explainFile(path, err)
	}
	return kept, explainFile(path, syncDir(filepath.Dir(path)))
}

// fetch copies file to part, checks the copy and brings it up to date.
func fetch(ctx context.Context, file, part string) error {
	if err := readable(file); err != nil {
		return err
	}
	if err := copyFile(file, part); err != nil {
		return err
	}
	// Someone may have copied a live file by hand, with its log: then the log belongs to it.
	if err := copyFile(file+"-wal", part+"-wal"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	s, err := openChecked(ctx, part)
	if err != nil {
		var e *Error
		if errors.As(err, &e) && e.Where == part {
			e.Where = file
		}
		return err
	}
	// DELETE mode folds the log in and removes it, so that the file is whole by itself. It needs to be alone.
	var mode string
	if err := s.read.Close(); err != nil {
		return explainFile(part, err)
	}
	err = s.write.QueryRowContext(ctx, `PRAGMA journal_mode = DELETE`).Scan(&mode)
	if err = errors.Join(err, s.Close()); err != nil {
		return explainFile(part, err)
	}
	return explainFile(part, syncFile(part))
}

// openChecked opens a copy of a file for writing if it is one of ours, without fault.
func openChecked(ctx context.Context, path string) (*Store, error) {
	old, err := openToRead(ctx, path)
	if err != nil {
		return nil, err
	}
	if err = errors.Join(old.foreign(ctx), old.Close()); err != nil {
		return nil, err
	}
	s, err := Open(ctx, path)
	if err != nil {
		return nil, err
	}
	r, err := s.Check(ctx)
	if err == nil && len(r.Problems) > 0 {
		err = wrong(Corrupt, path, errors.New(r.Problems[0].Text))
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// keepOld gives the file at path a second name in CopiesDir and takes its log away from it.
func keepOld(ctx context.Context, path string) (string, error) {
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	foldLog(ctx, path)
	kept := filepath.Join(filepath.Dir(path), CopiesDir, "replaced-"+time.Now().UTC().Format("20060102T150405.000000")+".db")
	if err := os.Link(path, kept); err != nil {
		if err := copyFile(path, kept); err != nil {
			return "", err
		}
	}
	// A log that could not be folded in (the file is damaged) must not meet the new file: SQLite would apply it.
	if err := os.Rename(path+"-wal", kept+"-wal"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", explainFile(kept, err)
	}
	if err := os.Remove(path + "-shm"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", explainFile(path, err)
	}
	return kept, explainFile(kept, errors.Join(syncDir(filepath.Dir(kept)), syncDir(filepath.Dir(path))))
}

// foldLog opens and closes the file: the last one to close a database folds its log in. If the file is damaged the log
// stays; it is kept beside it.
func foldLog(ctx context.Context, path string) {
	s, err := openSQLite(path)
	if err != nil {
		return
	}
	defer s.Close()
	var busy, log, done int
	_ = s.write.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &log, &done) // best effort, see above
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return explainFile(from, err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return explainFile(to, err)
	}
	_, err = io.Copy(out, in)
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return explainFile(to, errors.Join(err, os.Remove(to)))
	}
	return nil
}

func sameFile(a, b string) bool {
	x, err1 := os.Stat(a)
	y, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(x, y)
}
