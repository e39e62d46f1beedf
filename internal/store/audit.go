package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/mimawari/mimawari/internal/model"
)

var (
	auditTable = table{"audit_entries", 1, []column{"#n", "#at_us", "account", "action", "search", "doc", "signed"}}
	treeTable  = table{"audit_hashes", 1, []column{"#i", "hash"}}
)

// auditTree reads the tree inside tx. A missing node is ErrNotFound.
func auditTree(ctx context.Context, tx *sql.Tx, size int64) model.AuditTree {
	return model.AuditTree{Size: size, Hashes: func(indexes []int64) ([]string, error) {
		out := make([]string, len(indexes))
		for i, x := range indexes {
			err := tx.QueryRowContext(ctx, `SELECT hash FROM audit_hashes WHERE i = $1`, x).Scan(&out[i])
			if errors.Is(err, sql.ErrNoRows) {
				err = ErrNotFound
			}
			if err != nil {
				return nil, err
			}
		}
		return out, nil
	}}
}

// AppendAudit lets next make the entry after the last one, and stores it with its tree nodes, which follow each other from
// the storage index first, in one transaction. Appends queue; no two get the same number.
func (s *Store) AppendAudit(ctx context.Context, next func(t model.AuditTree) (row model.AuditRow, first int64, hashes []string, err error)) error {
	return s.update(ctx, "write the audit trail", func(tx *sql.Tx) error {
		var size int64
		if err := tx.QueryRowContext(ctx, `SELECT coalesce(max(n) + 1, 0) FROM audit_entries`).Scan(&size); err != nil {
			return err
		}
		row, first, hashes, err := next(auditTree(ctx, tx, size))
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO audit_entries (`+auditTable.list()+`) VALUES `+holders(1, len(auditTable.cols)), auditRow(row)...); err != nil {
			return err
		}
		nodes := make([][]any, len(hashes))
		for i, h := range hashes {
			nodes[i] = []any{first + int64(i), h}
		}
		return treeTable.upsert(ctx, tx, nodes)
	})
}

func auditRow(r model.AuditRow) []any {
	e := r.Entry
	parts := []string{e.Login, e.Action, e.Object, e.Source}
	for _, k := range slices.Sorted(maps.Keys(e.Details)) {
		parts = append(parts, e.Details[k])
	}
	return []any{r.N, micros(e.At), columnText(e.Account), columnText(e.Action), searchText(parts...), r.Doc, r.Signed}
}

// Audit gives the entries asked for, newest first. One that can't be read has only its number and its document: Verify says
// what is wrong with it.
func (s *Store) Audit(ctx context.Context, q model.AuditQuery) (rows []model.AuditRow, err error) {
	w := auditConditions(q)
	limit := q.Limit
	if limit <= 0 {
		limit = 100
	}
	err = s.view(ctx, "read the audit trail", func(tx *sql.Tx) error {
		rows, err = auditRows(ctx, tx, `SELECT `+auditTable.list()+` FROM audit_entries`+w.String()+fmt.Sprintf(` ORDER BY n DESC LIMIT %d`, limit), w.args...)
		return err
	})
	return rows, err
}

func auditConditions(q model.AuditQuery) *where {
	w := &where{}
	w.words("search", q.Text)
	if q.Action != "" {
		w.anyOf("action", []string{columnText(q.Action)})
	}
	if q.Account != "" {
		w.add("account = ?", columnText(q.Account))
	}
	if !q.From.IsZero() {
		w.add("at_us >= ?", micros(q.From))
	}
	if !q.To.IsZero() {
		w.add("at_us < ?", micros(q.To))
	}
	if q.Before > 0 {
		w.add("n < ?", q.Before)
	}
	return w
}

func auditRows(ctx context.Context, tx *sql.Tx, query string, args ...any) (out []model.AuditRow, err error) {
	err = eachRow(ctx, tx, query, len(auditTable.cols), func(cells []any) error {
		r := model.AuditRow{}
		r.N, _ = cells[0].(int64)
		r.Doc, _ = cells[5].(string)
		r.Signed, _ = cells[6].(string)
		if json.Unmarshal([]byte(r.Doc), &r.Entry) != nil {
			r.Entry = model.AuditEntry{N: r.N}
		}
		r.Odd = firstDifference(cells, auditRow(r)) >= 0
		out = append(out, r)
		return nil
	}, args...)
	return out, err
}

// auditBatch is how many entries are in memory at a time.
const auditBatch = 1000

// WalkAudit gives each entry in order of its number, with the tree as it is stored. All of it is of one moment.
func (s *Store) WalkAudit(ctx context.Context, each func(t model.AuditTree, r model.AuditRow) error) error {
	return s.view(ctx, "read the audit trail", func(tx *sql.Tx) error {
		var size int64
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM audit_entries`).Scan(&size); err != nil {
			return err
		}
		t := auditTree(ctx, tx, size)
		for after := int64(math.MinInt64); ; {
			rows, err := auditRows(ctx, tx, fmt.Sprintf(`SELECT `+auditTable.list()+` FROM audit_entries WHERE n > $1 ORDER BY n LIMIT %d`, auditBatch), after)
			if err != nil || len(rows) == 0 {
				return err
			}
			for _, r := range rows {
				if err := each(t, r); err != nil {
					return err
				}
				after = r.N
			}
		}
	})
}
