package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/mimawari/mimawari/internal/model"
)

// SaveAct writes all that a decision on the ledger changes, or nothing. What it was made on must still be so: the
// ledger's version, and every finding, mark and inquiry as the steps say; else it is model.ErrMoved and the caller
// decides anew. It gives the batch with its number and the version that it made.
func (s *Store) SaveAct(ctx context.Context, a model.Act) (b model.Batch, err error) {
	err = s.update(ctx, "save decision", func(tx *sql.Tx) error {
		b = a.Batch
		if b.ID == "" {
			return errors.New("the decision has no id")
		}
		if err := s.actLedger(ctx, tx, a, &b); err != nil {
			return err
		}
		for _, f := range []func(context.Context, *sql.Tx, model.Batch) error{s.actFindings, actMarks, actInquiries, actUndone} {
			if err := f(ctx, tx, b); err != nil {
				return err
			}
		}
		if err := actRefs(ctx, tx, a.Refs); err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, `SELECT coalesce(max(n), 0) + 1 FROM batches`).Scan(&b.N); err != nil {
			return err
		}
		return saveBatch(ctx, tx, b)
	})
	return b, err
}

func (s *Store) actLedger(ctx context.Context, tx *sql.Tx, a model.Act, b *model.Batch) error {
	if a.Ledger == nil {
		return nil
	}
	newest, err := ledgerVersion(ctx, tx)
	if err != nil {
		return err
	}
	if newest != b.Before {
		return fmt.Errorf("ledger version %d, now %d: %w", b.Before, newest, model.ErrMoved)
	}
	b.After = newest + 1
	return saveLedger(ctx, tx, a.Ledger, b.After)
}

func saveBatch(ctx context.Context, tx *sql.Tx, b model.Batch) error {
	doc, sum, err := encode("decision", b.ID, b)
	if err != nil {
		return err
	}
	return batchesTable.upsert(ctx, tx, [][]any{batchRow(b, doc, sum)})
}

func batchRow(b model.Batch, doc, sum string) []any {
	return []any{int64(b.N), columnText(b.ID), micros(b.At), sum, doc}
}

// actUndone notes on the batch that is taken back that it is.
func actUndone(ctx context.Context, tx *sql.Tx, b model.Batch) error {
	if b.Undoes == "" {
		return nil
	}
	old, err := one[model.Batch](ctx, tx, "decision", batchByID, columnText(b.Undoes))
	if err != nil {
		return err
	}
	if old.Undone != "" {
		return fmt.Errorf("decision %s: %w", old.ID, model.ErrMoved)
	}
	old.Undone = b.ID
	return saveBatch(ctx, tx, old)
}

func (s *Store) actFindings(ctx context.Context, tx *sql.Tx, b model.Batch) error {
	if len(b.Findings) == 0 {
		return nil
	}
	touched, err := nextChange(ctx, tx)
	if err != nil {
		return err
	}
	for _, step := range b.Findings {
		if err := s.actFinding(ctx, tx, b, step, touched); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) actFinding(ctx context.Context, tx *sql.Tx, b model.Batch, step model.FindingStep, touched int64) error {
	now, err := one[model.Finding](ctx, tx, "finding", findingByID, columnText(step.ID))
	there := err == nil
	switch {
	case err != nil && !errors.Is(err, ErrNotFound):
		return err
	case there != (step.Before != nil), there && !model.StandingOf(now).Same(*step.Before):
		return fmt.Errorf("finding %s: %w", step.ID, model.ErrMoved)
	case step.After == nil:
		return findingsTable.deleteBy(ctx, tx, "id", []string{step.ID})
	}
	if !there {
		if now, err = madeFinding(step); err != nil {
			return err
		}
		doc, sum, err := encode("finding", now.ID, now)
		if err != nil {
			return err
		}
		if err := findingsTable.upsert(ctx, tx, [][]any{findingRow(now, doc, sum, touched)}); err != nil {
			return err
		}
		if err := concernsTable.upsert(ctx, tx, concernRows(now)); err != nil {
			return err
		}
		now.State = ""
	}
	return setStanding(ctx, tx, now, *step.After, touched, event{s.now(), b.Who, step.After.Reason})
}

func madeFinding(step model.FindingStep) (model.Finding, error) {
	if step.Made == nil || step.Made.ID != step.ID {
		return model.Finding{}, fmt.Errorf("BUG: nothing to make finding %s of", step.ID)
	}
	f := *step.Made
	f.State = step.After.State
	return f, nil
}

func actMarks(ctx context.Context, tx *sql.Tx, b model.Batch) error {
	for _, step := range b.Marks {
		now, err := optional[model.Mark](ctx, tx, "mark", `SELECT host, doc, sum FROM marks WHERE host = $1`, step.Host)
		if err != nil {
			return err
		}
		if !sameDocument(now, step.Before) {
			return fmt.Errorf("mark on %s: %w", step.Host, model.ErrMoved)
		}
		if step.After == nil {
			err = marksTable.deleteBy(ctx, tx, "host", []string{columnText(step.Host)})
		} else {
			err = saveMark(ctx, tx, *step.After)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func saveMark(ctx context.Context, tx *sql.Tx, m model.Mark) error {
	doc, sum, err := encode("mark", m.Host, m)
	if err != nil {
		return err
	}
	return marksTable.upsert(ctx, tx, [][]any{{columnText(m.Host), sum, doc}})
}

func actInquiries(ctx context.Context, tx *sql.Tx, b model.Batch) error {
	for _, step := range b.Inquiries {
		now, err := optional[model.Inquiry](ctx, tx, "inquiry", inquiryByID, step.ID)
		if err != nil {
			return err
		}
		if !sameDocument(now, step.Before) {
			return fmt.Errorf("inquiry %s: %w", step.ID, model.ErrMoved)
		}
		if step.After == nil {
			err = inquiryTable.deleteBy(ctx, tx, "id", []string{columnText(step.ID)})
		} else {
			err = saveInquiry(ctx, tx, *step.After)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func saveInquiry(ctx context.Context, tx *sql.Tx, q model.Inquiry) error {
	doc, sum, err := encode("inquiry", q.ID, q)
	if err != nil {
		return err
	}
	return inquiryTable.upsert(ctx, tx, [][]any{inquiryRow(q, doc, sum)})
}

func inquiryRow(q model.Inquiry, doc, sum string) []any {
	return []any{columnText(q.ID), columnText(q.Host), columnText(q.State), micros(q.Made), sum, doc}
}

// optional gives nil if there is no such document.
func optional[T any](ctx context.Context, tx *sql.Tx, what, query, id string) (*T, error) {
	v, err := one[T](ctx, tx, what, query, columnText(id))
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &v, nil
}

// sameDocument compares by the stored form: times lose their monotonic part there.
func sameDocument[T any](a, b *T) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	x, err1 := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err1 == nil && err2 == nil && reflect.DeepEqual(x, y)
}

// actRefs notes on seen hosts which declared row they are now. A host that a patrol forgot meanwhile is passed over.
func actRefs(ctx context.Context, tx *sql.Tx, refs []model.HostRef) error {
	var rows [][]any
	for _, r := range refs {
		h, err := optional[model.Host](ctx, tx, "host", `SELECT id, doc, sum FROM hosts WHERE id = $1`, r.Host)
		if err != nil {
			return err
		}
		if h == nil {
			continue
		}
		h.Ledger = r.Ref
		doc, sum, err := encode("host", h.ID, *h)
		if err != nil {
			return err
		}
		rows = append(rows, hostRow(*h, doc, sum))
	}
	return hostsTable.upsert(ctx, tx, rows)
}
