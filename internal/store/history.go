package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// History gives what a report on the time before to is made from, all of one moment. Patrols that began between from and
// to are handed to visit, in the order in which they were stored, so that a month of them need not be held in memory.
// Unlike LoadKnown it may be called while a patrol runs.
func (s *Store) History(ctx context.Context, from, to time.Time, visit func(model.Patrol)) (h model.History, err error) {
	err = s.view(ctx, "read the history", func(tx *sql.Tx) error {
		if err := eachPatrol(ctx, tx, from, to, visit); err != nil {
			return err
		}
		if h.Findings, err = documents[model.Finding](ctx, tx, "finding", `SELECT id, doc, sum FROM findings ORDER BY severity DESC, last_us DESC, id`); err != nil {
			return err
		}
		if h.Steps, err = stepsBefore(ctx, tx, to); err != nil {
			return err
		}
		if h.Hosts, err = documents[model.Host](ctx, tx, "host", `SELECT id, doc, sum FROM hosts ORDER BY ip_key, id`); err != nil {
			return err
		}
		if h.Suppressions, err = documents[model.Suppression](ctx, tx, "suppression", `SELECT id, doc, sum FROM suppressions ORDER BY id`); err != nil {
			return err
		}
		h.Ledger, err = ledgerBefore(ctx, tx, to)
		return err
	})
	if err != nil {
		return h, err
	}
	if h.Ledgers, err = s.LedgerVersions(ctx); err != nil {
		return h, err
	}
	h.Institution, err = s.Institution(ctx)
	return h, err
}

// FirstPatrol is when the oldest patrol that is kept began, zero if there is none.
func (s *Store) FirstPatrol(ctx context.Context) (at time.Time, err error) {
	err = s.view(ctx, "find the first patrol", func(tx *sql.Tx) error {
		var us sql.NullInt64
		if err := tx.QueryRowContext(ctx, `SELECT min(started_us) FROM patrols`).Scan(&us); err != nil {
			return err
		}
		if us.Valid {
			at = time.UnixMicro(us.Int64).UTC()
		}
		return nil
	})
	return at, err
}

func eachPatrol(ctx context.Context, tx *sql.Tx, from, to time.Time, visit func(model.Patrol)) error {
	rows, err := tx.QueryContext(ctx, `SELECT id, doc, sum FROM patrols WHERE started_us >= $1 AND started_us < $2 ORDER BY n`, micros(from), micros(to))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id, doc, sum string
		var p model.Patrol
		if err := rows.Scan(&id, &doc, &sum); err != nil {
			return err
		}
		if err := decode("patrol", id, doc, sum, &p); err != nil {
			return err
		}
		visit(p)
	}
	return rows.Err()
}

func stepsBefore(ctx context.Context, tx *sql.Tx, to time.Time) (out []model.Step, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT finding, at_us, from_state, to_state, who, reason FROM finding_events WHERE at_us < $1 ORDER BY finding, n`, micros(to))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var x model.Step
		var at int64
		if err := rows.Scan(&x.Finding, &at, &x.From, &x.To, &x.Who, &x.Reason); err != nil {
			return nil, fmt.Errorf("read events: %w", err)
		}
		x.At = time.UnixMicro(at).UTC()
		out = append(out, x)
	}
	return out, rows.Err()
}

// ledgerBefore gives the version in force at a time; nil if none was imported by then.
func ledgerBefore(ctx context.Context, tx *sql.Tx, to time.Time) (*model.Ledger, error) {
	l, err := one[model.Ledger](ctx, tx, "ledger", `SELECT version, doc, sum FROM ledgers WHERE imported_us < $1 ORDER BY version DESC LIMIT 1`, micros(to))
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &l, nil
}
