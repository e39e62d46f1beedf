package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// LedgerInfo is the model's, under the name that the callers of this package know.
type LedgerInfo = model.LedgerInfo

// newestLedger gives nil if there is none.
func newestLedger(ctx context.Context, tx *sql.Tx) (*model.Ledger, error) {
	l, err := one[model.Ledger](ctx, tx, "ledger", `SELECT version, doc, sum FROM ledgers ORDER BY version DESC LIMIT 1`)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &l, nil
}

// LatestLedger gives the newest version of the ledger, nil if none was saved.
func (s *Store) LatestLedger(ctx context.Context) (l *model.Ledger, err error) {
	err = s.view(ctx, "read ledger", func(tx *sql.Tx) error {
		l, err = newestLedger(ctx, tx)
		return err
	})
	return l, err
}

// LedgerVersion gives version n of the ledger, or ErrNotFound.
func (s *Store) LedgerVersion(ctx context.Context, n int) (*model.Ledger, error) {
	var l model.Ledger
	err := s.view(ctx, "read ledger", func(tx *sql.Tx) (err error) {
		l, err = one[model.Ledger](ctx, tx, "ledger", `SELECT version, doc, sum FROM ledgers WHERE version = $1`, int64(n))
		return err
	})
	if err != nil {
		return nil, err
	}
	return &l, nil
}

// LedgerVersions lists all versions, newest first.
func (s *Store) LedgerVersions(ctx context.Context) (ls []LedgerInfo, err error) {
	err = s.view(ctx, "list ledger versions", func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT version, imported_us, made_by, file, why, hosts FROM ledgers ORDER BY version DESC`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var l LedgerInfo
			var at int64
			if err := rows.Scan(&l.Version, &at, &l.By, &l.File, &l.Why, &l.Hosts); err != nil {
				return err
			}
			l.Imported = time.UnixMicro(at).UTC()
			ls = append(ls, l)
		}
		return rows.Err()
	})
	return ls, err
}

// SaveLedger stores l as the next version and gives its number. l itself is not changed.
func (s *Store) SaveLedger(ctx context.Context, l *model.Ledger) (version int, err error) {
	err = s.update(ctx, "save ledger", func(tx *sql.Tx) error {
		newest, err := ledgerVersion(ctx, tx)
		if err != nil {
			return err
		}
		version = newest + 1
		return saveLedger(ctx, tx, l, version)
	})
	if err != nil {
		return 0, err
	}
	return version, nil
}

// ledgerVersion gives the number of the newest version, 0 if there is none.
func ledgerVersion(ctx context.Context, tx *sql.Tx) (n int, err error) {
	err = tx.QueryRowContext(ctx, `SELECT coalesce(max(version), 0) FROM ledgers`).Scan(&n)
	return n, err
}

func saveLedger(ctx context.Context, tx *sql.Tx, l *model.Ledger, version int) error {
	next := *l
	next.Version = version
	doc, sum, err := encode("ledger", next.File, next)
	if err != nil {
		return err
	}
	return ledgersTable.upsert(ctx, tx, [][]any{ledgerRow(next, doc, sum)})
}

func ledgerRow(l model.Ledger, doc, sum string) []any {
	return []any{int64(l.Version), micros(l.Imported), columnText(l.By), columnText(l.File), int64(len(l.Hosts)), columnText(l.Why), sum, doc}
}
