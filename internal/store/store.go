// Package store keeps what the institution declared and what the patrols found: hosts, address bindings, findings with
// their history, patrols, ledger versions, suppressions and settings. It has the only SQL of the product.
//
// Every statement is written once and runs on SQLite and on PostgreSQL; the engines differ only in engine.go (driver,
// connection settings, error codes, integrity check). What is searched or sorted by is a column; the thing itself is a
// JSON document beside it, with a digest, so that Check can tell a damaged row from a good one.
//
// Invariants: a patrol's result is stored as a whole or not at all; what was acknowledged by a nil error survives the
// death of the process and, with synchronous=FULL, of the machine; numbers and times come from Go, never from the
// database; writers queue, readers see one moment. Errors that a person can do something about are *Error.
//
// It decides nothing (triage does), logs nothing and does not know the words of the product.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// ErrNotFound is returned when there is no row with the id asked for.
var ErrNotFound = model.ErrNotFound

// Store is an open database. It is safe for concurrent use.
type Store struct {
	engine
	read, write *sql.DB // the same pool on PostgreSQL
	where       string  // path, or server and database without password
	path        string  // "" on PostgreSQL
	now         func() time.Time
	known       atomic.Int64 // value of meta.changes when LoadKnown last ran
}

// Where names the database for people: the path of the file, or server and database name without password.
func (s *Store) Where() string { return s.where }

// Close ends all connections. On SQLite the write-ahead log is folded into the file.
func (s *Store) Close() error {
	err := s.read.Close()
	if s.write != s.read {
		err = errors.Join(err, s.write.Close())
	}
	return s.explain(err)
}

// update runs f in one writing transaction: all of it is stored, or nothing.
func (s *Store) update(ctx context.Context, what string, f func(tx *sql.Tx) error) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return s.failed(what, err)
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, `UPDATE meta SET value = value + 1 WHERE name = 'writer'`); err != nil {
		return s.failed(what, err)
	}
	if err := f(tx); err != nil {
		return s.failed(what, err)
	}
	return s.failed(what, tx.Commit())
}

// DataVersion is another number after each writing transaction: what was read after it was asked for holds as long as it stays the same.
func (s *Store) DataVersion(ctx context.Context) (n int64, err error) {
	err = s.view(ctx, "read the version of the data", func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT value FROM meta WHERE name = 'writer'`).Scan(&n)
	})
	return n, err
}

// view runs f in one reading transaction, which sees one moment of the data.
func (s *Store) view(ctx context.Context, what string, f func(tx *sql.Tx) error) error {
	tx, err := s.read.BeginTx(ctx, s.snapshot)
	if err != nil {
		return s.failed(what, err)
	}
	defer tx.Rollback()
	return s.failed(what, f(tx))
}

func (s *Store) failed(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, s.explain(err))
}
