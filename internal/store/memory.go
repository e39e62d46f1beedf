package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"

	"github.com/mimawari/mimawari/internal/model"
)

// keepPatrols bounds the history of patrols: a patrol every ten minutes for 140 days.
const keepPatrols = 20000

// LoadKnown gives everything that a patrol starts from. Call it before each patrol: SaveResult keeps what people changed
// on findings after it.
func (s *Store) LoadKnown(ctx context.Context) (model.Known, error) {
	var k model.Known
	err := s.view(ctx, "load what earlier patrols left", func(tx *sql.Tx) error {
		var changes int64
		if err := tx.QueryRowContext(ctx, `SELECT value FROM meta WHERE name = 'changes'`).Scan(&changes); err != nil {
			return err
		}
		if err := loadKnown(ctx, tx, &k); err != nil {
			return err
		}
		s.known.Store(changes)
		k.Moment = changes + 1
		return nil
	})
	return k, err
}

func loadKnown(ctx context.Context, tx *sql.Tx, k *model.Known) (err error) {
	if k.Hosts, err = documents[model.Host](ctx, tx, "host", `SELECT id, doc, sum FROM hosts ORDER BY id`); err != nil {
		return err
	}
	if k.Bindings, err = loadBindings(ctx, tx); err != nil {
		return err
	}
	if k.Findings, err = documents[model.Finding](ctx, tx, "finding", `SELECT id, doc, sum FROM findings ORDER BY id`); err != nil {
		return err
	}
	if k.Suppressions, err = documents[model.Suppression](ctx, tx, "suppression", `SELECT id, doc, sum FROM suppressions ORDER BY id`); err != nil {
		return err
	}
	if k.Ledger, err = newestLedger(ctx, tx); err != nil {
		return err
	}
	last, err := documents[model.Patrol](ctx, tx, "patrol", `SELECT id, doc, sum FROM patrols ORDER BY n DESC LIMIT 1`)
	if err == nil && len(last) > 0 {
		k.Last = &last[0]
	}
	return err
}

func loadBindings(ctx context.Context, tx *sql.Tx) ([]model.Binding, error) {
	docs, err := documents[bindingDoc](ctx, tx, "binding", `SELECT n, doc, sum FROM bindings ORDER BY n`)
	if err != nil {
		return nil, err
	}
	out := make([]model.Binding, len(docs))
	for i, d := range docs {
		out[i] = model.Binding(d)
	}
	return out, nil
}

// documents reads rows of key, document and digest.
func documents[T any](ctx context.Context, tx *sql.Tx, what, query string, args ...any) ([]T, error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		var id, doc, sum string
		var v T
		if err := rows.Scan(&id, &doc, &sum); err != nil {
			return nil, err
		}
		if err := decode(what, id, doc, sum, &v); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// one reads a single document, or ErrNotFound.
func one[T any](ctx context.Context, tx *sql.Tx, what, query string, args ...any) (T, error) {
	var zero T
	all, err := documents[T](ctx, tx, what, query, args...)
	if err != nil {
		return zero, err
	}
	if len(all) == 0 {
		return zero, ErrNotFound
	}
	return all[0], nil
}

// SaveResult stores what a patrol leaves behind: all of it, or nothing. Hosts that are not in r are forgotten; findings
// are never forgotten. Where a person changed a finding after LoadKnown, the person's word stays. A result that was held
// against an older ledger than there is by now is model.ErrMoved: the caller concludes again. Saving a patrol with the same
// id again replaces it.
func (s *Store) SaveResult(ctx context.Context, r model.Result) error {
	known := r.Moment - 1
	if r.Moment == 0 {
		known = s.known.Load()
	}
	return s.update(ctx, "save patrol "+r.Patrol.ID, func(tx *sql.Tx) error {
		if newest, err := ledgerVersion(ctx, tx); err != nil || newest > r.Patrol.Ledger {
			return cmp.Or(err, fmt.Errorf("the ledger: %w", model.ErrMoved))
		}
		if err := saveHosts(ctx, tx, r.Hosts); err != nil {
			return err
		}
		if err := saveBindings(ctx, tx, r.Bindings); err != nil {
			return err
		}
		at := r.Patrol.Ended
		if at.IsZero() {
			at = s.now()
		}
		if err := saveFindings(ctx, tx, r.Findings, known, at); err != nil {
			return err
		}
		if err := saveTrails(ctx, tx, r.Trails); err != nil {
			return err
		}
		return savePatrol(ctx, tx, r.Patrol)
	})
}

// digests reads the keys of a table with the digests of their documents.
func digests(ctx context.Context, tx *sql.Tx, t table) (map[string]string, error) {
	rows, err := tx.QueryContext(ctx, `SELECT `+t.cols[0].name()+`, sum FROM `+t.name)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	m := map[string]string{}
	for rows.Next() {
		var id, sum string
		if err := rows.Scan(&id, &sum); err != nil {
			return nil, err
		}
		m[id] = sum
	}
	return m, rows.Err()
}

// saveBindings replaces all bindings if any differs: in nearly every patrol nearly all do.
func saveBindings(ctx context.Context, tx *sql.Tx, bs []model.Binding) error {
	old, err := digests(ctx, tx, bindingsTable)
	if err != nil {
		return err
	}
	rows := make([][]any, len(bs))
	same := len(old) == len(bs)
	for i, b := range bs {
		n := strconv.Itoa(i)
		doc, sum, err := encode("binding", n, bindingDoc(b))
		if err != nil {
			return err
		}
		rows[i] = bindingRow(int64(i), b, doc, sum)
		same = same && old[n] == sum
	}
	if same {
		return nil
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM bindings`); err != nil {
		return err
	}
	return bindingsTable.upsert(ctx, tx, rows)
}

func bindingRow(n int64, b model.Binding, doc, sum string) []any {
	addr := ""
	if b.Addr.IsValid() {
		addr = b.Addr.String()
	}
	return []any{n, addr, b.MAC.String(), micros(b.Last), sum, doc}
}

func patrolRow(n int64, p model.Patrol, doc, sum string) []any {
	return []any{n, columnText(p.ID), micros(p.Started), sum, doc}
}

func savePatrol(ctx context.Context, tx *sql.Tx, p model.Patrol) error {
	if p.ID == "" {
		return errors.New("the patrol has no id")
	}
	doc, sum, err := encode("patrol", p.ID, p)
	if err != nil {
		return err
	}
	var n int64
	err = tx.QueryRowContext(ctx, `SELECT n FROM patrols WHERE id = $1`, p.ID).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		err = tx.QueryRowContext(ctx, `SELECT coalesce(max(n), 0) + 1 FROM patrols`).Scan(&n)
	}
	if err != nil {
		return err
	}
	if err := patrolsTable.upsert(ctx, tx, [][]any{patrolRow(n, p, doc, sum)}); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM patrols WHERE n <= $1`, n-keepPatrols)
	return err
}

// Patrols gives the newest patrols, newest first; limit 0 means 100.
func (s *Store) Patrols(ctx context.Context, limit int) (ps []model.Patrol, err error) {
	err = s.view(ctx, "read patrols", func(tx *sql.Tx) error {
		ps, err = documents[model.Patrol](ctx, tx, "patrol", `SELECT id, doc, sum FROM patrols ORDER BY n DESC LIMIT $1`, pageSize(limit))
		return err
	})
	return ps, err
}

// Patrol gives one patrol by id.
func (s *Store) Patrol(ctx context.Context, id string) (p model.Patrol, err error) {
	err = s.view(ctx, "read patrol "+id, func(tx *sql.Tx) error {
		p, err = one[model.Patrol](ctx, tx, "patrol", `SELECT id, doc, sum FROM patrols WHERE id = $1`, columnText(id))
		return err
	})
	return p, err
}

// pageSize is how many rows a question may have: 100 if it does not say, 100000 at most.
func pageSize(limit int) int64 {
	if limit <= 0 {
		return 100
	}
	return int64(min(limit, 100000))
}
