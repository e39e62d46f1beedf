package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// released are the migrations of this version, in order. A released file is never changed: the digest of every applied
// one is kept in the data and compared.
var released = mustReadMigrations(migrationFiles)

// keepCopies is how many copies made before migrations are kept.
const keepCopies = 3

type migration struct{ name, text, digest string }

func mustReadMigrations(fsys fs.FS) []migration {
	ms, err := readMigrations(fsys)
	if err != nil {
		panic("BUG: embedded migrations: " + err.Error())
	}
	return ms
}

func readMigrations(fsys fs.FS) ([]migration, error) {
	names, err := fs.Glob(fsys, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	var ms []migration
	for _, n := range names {
		b, err := fs.ReadFile(fsys, n)
		if err != nil {
			return nil, err
		}
		// A checkout on Windows may have other line ends; that is no other migration.
		text := strings.ReplaceAll(string(b), "\r\n", "\n")
		h := sha256.Sum256([]byte(text))
		ms = append(ms, migration{strings.TrimSuffix(path.Base(n), ".sql"), text, hex.EncodeToString(h[:])})
	}
	return ms, nil
}

// pending compares what was applied with what this version knows and gives what is left to do.
func (s *Store) pending(ctx context.Context, tx *sql.Tx, all []migration) ([]migration, error) {
	rows, err := tx.QueryContext(ctx, `SELECT name, digest FROM migrations ORDER BY name`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	n := 0
	for ; rows.Next(); n++ {
		var name, digest string
		if err := rows.Scan(&name, &digest); err != nil {
			return nil, err
		}
		switch {
		case n >= len(all) || !slices.ContainsFunc(all, func(m migration) bool { return m.name == name }):
			return nil, &Error{Code: Newer, Where: s.where, Args: map[string]string{"step": name}}
		case all[n].name != name || all[n].digest != digest:
			return nil, &Error{Code: Altered, Where: s.where, Args: map[string]string{"step": name}}
		}
	}
	return all[n:], rows.Err()
}

// migrate applies what is missing in one transaction.
func (s *Store) migrate(ctx context.Context, all []migration) error {
	if s.path != "" {
		if err := s.copyBefore(ctx, all); err != nil {
			return fmt.Errorf("copy the data before bringing it up to date: %w", err)
		}
	}
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, s.serialize); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS migrations (
		name TEXT NOT NULL PRIMARY KEY, digest TEXT NOT NULL, at_us BIGINT NOT NULL)`); err != nil {
		return err
	}
	todo, err := s.pending(ctx, tx, all)
	if err != nil {
		return err
	}
	for _, m := range todo {
		if err := s.apply(ctx, tx, m); err != nil {
			return fmt.Errorf("migration %s: %w", m.name, err)
		}
	}
	return tx.Commit()
}

func (s *Store) apply(ctx context.Context, tx *sql.Tx, m migration) error {
	if _, err := tx.ExecContext(ctx, m.text); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO migrations (name, digest, at_us) VALUES ($1, $2, $3)`, m.name, m.digest, micros(s.now()))
	return err
}

// upToDate makes sure that data opened for reading is of this version.
func (s *Store) upToDate(ctx context.Context, all []migration) error {
	return s.view(ctx, "read version of data", func(tx *sql.Tx) error {
		if err := s.mustBeOurs(ctx, tx); err != nil {
			return err
		}
		todo, err := s.pending(ctx, tx, all)
		if err == nil && len(todo) > 0 {
			err = &Error{Code: Older, Where: s.where, Args: map[string]string{"step": todo[0].name}}
		}
		return err
	})
}

// mustBeOurs tells a database of ours from any other, by the table of migrations.
func (s *Store) mustBeOurs(ctx context.Context, tx *sql.Tx) error {
	var n int
	if err := tx.QueryRowContext(ctx, s.ours).Scan(&n); err != nil {
		return err
	}
	if n == 0 {
		return wrong(NotData, s.where, errors.New("not made by Mimawari"))
	}
	return nil
}

// foreign is an error if the database is not one of ours.
func (s *Store) foreign(ctx context.Context) error {
	return s.view(ctx, "read the file", func(tx *sql.Tx) error { return s.mustBeOurs(ctx, tx) })
}

// copyBefore copies a SQLite file that is about to be changed, and drops all but the newest keepCopies of these copies.
func (s *Store) copyBefore(ctx context.Context, all []migration) error {
	var todo []migration
	err := s.view(ctx, "read version of data", func(tx *sql.Tx) error {
		var tables int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_master`).Scan(&tables); err != nil || tables == 0 {
			return err
		}
		if err := s.mustBeOurs(ctx, tx); err != nil {
			return err
		}
		var err error
		todo, err = s.pending(ctx, tx, all)
		if len(todo) == len(all) {
			todo = nil // no data yet
		}
		return err
	})
	if err != nil || len(todo) == 0 {
		return err
	}
	dir := filepath.Join(filepath.Dir(s.path), CopiesDir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return explainFile(dir, err)
	}
	name := fmt.Sprintf("before-%s-%s.db", s.now().UTC().Format("20060102T150405.000000"), todo[0].name)
	if err := s.vacuumInto(ctx, filepath.Join(dir, name)); err != nil {
		return err
	}
	return dropOld(dir, "before-*.db", keepCopies)
}

// dropOld removes all but the last keep files by name.
func dropOld(dir, pattern string, keep int) error {
	names, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil {
		return err
	}
	slices.Sort(names)
	for _, n := range names[:max(0, len(names)-keep)] {
		if err := os.Remove(n); err != nil {
			return explainFile(n, err)
		}
	}
	return nil
}
