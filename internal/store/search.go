package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// mostByID bounds how many rows are asked for by their ids at once.
const mostByID = 100

// SearchStamp tells whether what SearchHosts, SearchFindings and LatestLedger gave is still so. It is asked for at every search.
func (s *Store) SearchStamp(ctx context.Context) (x model.SearchStamp, err error) {
	err = s.view(ctx, "read state of the search", func(tx *sql.Tx) error {
		var n, changes, batches int64
		var sum string
		err := tx.QueryRowContext(ctx, `SELECT n, sum FROM patrols ORDER BY n DESC LIMIT 1`).Scan(&n, &sum)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		err = tx.QueryRowContext(ctx, `SELECT (SELECT coalesce(max(version), 0) FROM ledgers), (SELECT value FROM meta WHERE name = 'changes'),
			(SELECT coalesce(max(n), 0) FROM batches)`).Scan(&x.Ledger, &changes, &batches)
		x.Hosts = strconv.FormatInt(n, 10) + ":" + sum + ":" + strconv.FormatInt(batches, 10)
		x.Findings = x.Hosts + ":" + strconv.FormatInt(changes, 10)
		return err
	})
	return x, err
}

// SearchHosts gives what each host can be found by, in the order of Hosts.
func (s *Store) SearchHosts(ctx context.Context) (out []model.Searchable, err error) {
	err = s.view(ctx, "read what hosts are found by", func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT id, declared, search FROM hosts ORDER BY ip_key, id`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var x model.Searchable
			if err := rows.Scan(&x.ID, &x.Declared, &x.Text); err != nil {
				return err
			}
			out = append(out, x)
		}
		return rows.Err()
	})
	return out, err
}

// SearchFindings gives what each finding can be found by, in the order of Findings.
func (s *Store) SearchFindings(ctx context.Context) (out []model.Searchable, err error) {
	err = s.view(ctx, "read what findings are found by", func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT id, rule, severity, last_us, search FROM findings ORDER BY severity DESC, last_us DESC, id`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var x model.Searchable
			var last int64
			if err := rows.Scan(&x.ID, &x.Rule, &x.Severity, &last, &x.Text); err != nil {
				return err
			}
			x.Last = time.UnixMicro(last).UTC()
			out = append(out, x)
		}
		return rows.Err()
	})
	return out, err
}

// HostsByID gives those of the hosts that there are, in no order. At most 100 ids.
func (s *Store) HostsByID(ctx context.Context, ids []string) ([]model.Host, error) {
	return byIDs[model.Host](ctx, s, "host", "hosts", ids)
}

// FindingsByID gives those of the findings that there are, in no order. At most 100 ids.
func (s *Store) FindingsByID(ctx context.Context, ids []string) ([]model.Finding, error) {
	return byIDs[model.Finding](ctx, s, "finding", "findings", ids)
}

func byIDs[T any](ctx context.Context, s *Store, what, table string, ids []string) (out []T, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	ids = ids[:min(len(ids), mostByID)]
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = columnText(id)
	}
	err = s.view(ctx, "read "+table, func(tx *sql.Tx) error {
		out, err = documents[T](ctx, tx, what, `SELECT id, doc, sum FROM `+table+` WHERE id IN `+holders(1, len(args)), args...)
		return err
	})
	return out, err
}
