package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// FileName is the name of the SQLite file in a data directory.
const FileName = "mimawari.db"

// CopiesDir is the directory beside the SQLite file where copies made before a change are kept.
const CopiesDir = "copies"

// Open opens the database that dsn names, makes it if it is new and brings it up to date. A dsn that starts with
// postgres:// is a PostgreSQL database (which must exist); anything else is the path of a SQLite file, whose directory
// is made if need be. Before an existing file is brought up to date it is copied to CopiesDir beside it.
func Open(ctx context.Context, dsn string) (*Store, error) {
	return openWith(ctx, dsn, released)
}

func openWith(ctx context.Context, dsn string, all []migration) (*Store, error) {
	var s *Store
	var err error
	if hasScheme(dsn) {
		s, err = openPostgres(ctx, dsn)
	} else if err = prepareFile(dsn); err == nil {
		s, err = openSQLite(dsn)
	}
	if err != nil {
		return nil, err
	}
	s.now = time.Now
	if err := s.migrate(ctx, all); err != nil {
		s.Close()
		return nil, s.failed("open data", err)
	}
	return s, nil
}

// OpenReadOnly opens existing data for reading and changes nothing, not even to bring it up to date. It works in a
// directory that can't be written, as long as no program is writing to it.
func OpenReadOnly(ctx context.Context, dsn string) (*Store, error) {
	s, err := openToRead(ctx, dsn)
	if err != nil {
		return nil, err
	}
	s.now = time.Now
	if err := s.upToDate(ctx, released); err != nil {
		s.Close()
		return nil, s.failed("open data", err)
	}
	return s, nil
}

func openToRead(ctx context.Context, dsn string) (*Store, error) {
	if hasScheme(dsn) {
		return openPostgres(ctx, dsn)
	}
	if err := readable(dsn); err != nil {
		return nil, err
	}
	// A leftover log belongs to the data: then SQLite must read it, and needs its own files for that.
	log, err := os.Stat(dsn + "-wal")
	quiet := errors.Is(err, fs.ErrNotExist) || err == nil && log.Size() == 0
	return readSQLite(dsn, quiet && !writableDir(filepath.Dir(dsn)))
}

// prepareFile makes directory and file, readable for the owner only: an inventory of a network is worth a lot to an
// attacker. It reports in words what SQLite would report as "unable to open database file".
func prepareFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return explainFile(filepath.Dir(path), err)
	}
	if st, err := os.Stat(path); err == nil && st.IsDir() {
		return wrong(NotData, path, errors.New("is a directory"))
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return explainFile(path, err)
	}
	if err := f.Close(); err != nil {
		return explainFile(path, err)
	}
	return nil
}

func readable(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return explainFile(path, err)
	}
	defer f.Close()
	if st, err := f.Stat(); err == nil && st.IsDir() {
		return wrong(NotData, path, errors.New("is a directory"))
	}
	return nil
}

func writableDir(dir string) bool {
	f, err := os.CreateTemp(dir, ".mimawari-*")
	if err != nil {
		return false
	}
	f.Close()
	return os.Remove(f.Name()) == nil
}
