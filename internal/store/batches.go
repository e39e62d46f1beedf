package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/mimawari/mimawari/internal/model"
)

const (
	batchByID   = `SELECT id, doc, sum FROM batches WHERE id = $1`
	inquiryByID = `SELECT id, doc, sum FROM inquiries WHERE id = $1`
)

// Batches gives the newest decisions on the ledger, newest first; limit 0 means 100.
func (s *Store) Batches(ctx context.Context, limit int) (bs []model.Batch, err error) {
	err = s.view(ctx, "read decisions", func(tx *sql.Tx) error {
		bs, err = documents[model.Batch](ctx, tx, "decision", `SELECT id, doc, sum FROM batches ORDER BY n DESC LIMIT $1`, pageSize(limit))
		return err
	})
	return bs, err
}

// Batch gives one decision by id, or ErrNotFound.
func (s *Store) Batch(ctx context.Context, id string) (b model.Batch, err error) {
	err = s.view(ctx, "read decision "+id, func(tx *sql.Tx) error {
		b, err = one[model.Batch](ctx, tx, "decision", batchByID, columnText(id))
		return err
	})
	return b, err
}

// Marks gives what people said of seen machines, sorted by host.
func (s *Store) Marks(ctx context.Context) (ms []model.Mark, err error) {
	err = s.view(ctx, "read marks", func(tx *sql.Tx) error {
		ms, err = documents[model.Mark](ctx, tx, "mark", `SELECT host, doc, sum FROM marks ORDER BY host`)
		return err
	})
	return ms, err
}

// Inquiries gives all questions, newest first.
func (s *Store) Inquiries(ctx context.Context) (qs []model.Inquiry, err error) {
	err = s.view(ctx, "read inquiries", func(tx *sql.Tx) error {
		qs, err = documents[model.Inquiry](ctx, tx, "inquiry", `SELECT id, doc, sum FROM inquiries ORDER BY made_us DESC, id`)
		return err
	})
	return qs, err
}

// Inquiry gives one question by id, or ErrNotFound.
func (s *Store) Inquiry(ctx context.Context, id string) (q model.Inquiry, err error) {
	err = s.view(ctx, "read inquiry "+id, func(tx *sql.Tx) error {
		q, err = one[model.Inquiry](ctx, tx, "inquiry", inquiryByID, columnText(id))
		return err
	})
	return q, err
}

// AllHosts gives every host, sorted by id.
func (s *Store) AllHosts(ctx context.Context) (hs []model.Host, err error) {
	err = s.view(ctx, "read hosts", func(tx *sql.Tx) error {
		hs, err = documents[model.Host](ctx, tx, "host", `SELECT id, doc, sum FROM hosts ORDER BY id`)
		return err
	})
	return hs, err
}

// FindingsAbout gives the findings about any of the hosts, and those with the ids, sorted by id. An id without a finding
// is passed over.
func (s *Store) FindingsAbout(ctx context.Context, hosts, ids []string) (fs []model.Finding, err error) {
	err = s.view(ctx, "read findings", func(tx *sql.Tx) error {
		seen := map[string]bool{}
		read := func(query string) func([]any, string) error {
			return func(piece []any, in string) error {
				got, err := documents[model.Finding](ctx, tx, "finding", fmt.Sprintf(query, in), piece...)
				for _, f := range got {
					if !seen[f.ID] {
						seen[f.ID] = true
						fs = append(fs, f)
					}
				}
				return err
			}
		}
		if err := inChunks(hosts, read(`SELECT id, doc, sum FROM findings WHERE id IN (SELECT finding FROM finding_hosts WHERE host IN %s) ORDER BY id`)); err != nil {
			return err
		}
		return inChunks(ids, read(`SELECT id, doc, sum FROM findings WHERE id IN %s ORDER BY id`))
	})
	return fs, err
}

// Stamp tells whether what people see of the ledger may have changed since an earlier Stamp.
func (s *Store) Stamp(ctx context.Context) (x model.Stamp, err error) {
	err = s.view(ctx, "read what changed last", func(tx *sql.Tx) error {
		if x.Ledger, err = ledgerVersion(ctx, tx); err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, `SELECT coalesce(max(n), 0) FROM batches`).Scan(&x.Decisions); err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, `SELECT value FROM meta WHERE name = 'changes'`).Scan(&x.Changes); err != nil {
			return err
		}
		err := tx.QueryRowContext(ctx, `SELECT id || '/' || sum FROM patrols ORDER BY n DESC LIMIT 1`).Scan(&x.Patrol)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	return x, err
}
