package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/mimawari/mimawari/internal/model"
)

var (
	uploadsTable   = table{"uploads", 1, []column{"id", "state", "#made_us", "sum", "doc"}}
	roundsTable    = table{"rounds", 1, []column{"id", "state", "#made_us", "sum", "doc"}}
	watchesTable   = table{"watches", 1, []column{"id", "sum", "doc"}}
	schedulesTable = table{"schedules", 1, []column{"id", "sum", "doc"}}
)

// keepRounds bounds the history of rounds that have ended.
const keepRounds = 2000

func uploadRow(x model.Upload, doc, sum string) []any {
	return []any{x.ID, string(x.State), micros(x.Made), sum, doc}
}

func roundRow(x model.Round, doc, sum string) []any {
	return []any{x.ID, string(x.State), micros(x.Made), sum, doc}
}

func watchRow(x model.Watch, doc, sum string) []any       { return []any{x.ID, sum, doc} }
func scheduleRow(x model.Schedule, doc, sum string) []any { return []any{x.ID, sum, doc} }

// put stores one document, or replaces the one with the same id.
func put[T any](ctx context.Context, s *Store, t table, id string, x T, row func(x T, doc, sum string) []any) error {
	return s.update(ctx, "save "+t.name+" "+id, func(tx *sql.Tx) error {
		if id == "" {
			return errors.New("BUG: no id")
		}
		doc, sum, err := encode(t.name, id, x)
		if err != nil {
			return err
		}
		return t.upsert(ctx, tx, [][]any{row(x, doc, sum)})
	})
}

// drop removes one row by its id, or says ErrNotFound.
func (s *Store) drop(ctx context.Context, t table, id string) error {
	return s.update(ctx, "remove "+t.name+" "+id, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `DELETE FROM `+t.name+` WHERE id = $1`, columnText(id))
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err == nil && n == 0 {
			return ErrNotFound
		}
		return nil
	})
}

func listOf[T any](ctx context.Context, s *Store, t table, rest string, args ...any) (all []T, err error) {
	err = s.view(ctx, "read "+t.name, func(tx *sql.Tx) error {
		all, err = documents[T](ctx, tx, t.name, `SELECT id, doc, sum FROM `+t.name+` `+rest, args...)
		return err
	})
	return all, err
}

func oneOf[T any](ctx context.Context, s *Store, t table, id string) (x T, err error) {
	err = s.view(ctx, "read "+t.name+" "+id, func(tx *sql.Tx) error {
		x, err = one[T](ctx, tx, t.name, `SELECT id, doc, sum FROM `+t.name+` WHERE id = $1`, columnText(id))
		return err
	})
	return x, err
}

// Upload gives one upload, or ErrNotFound.
func (s *Store) Upload(ctx context.Context, id string) (model.Upload, error) {
	return oneOf[model.Upload](ctx, s, uploadsTable, id)
}

// Uploads gives all uploads, newest first.
func (s *Store) Uploads(ctx context.Context) ([]model.Upload, error) {
	return listOf[model.Upload](ctx, s, uploadsTable, `ORDER BY made_us DESC, id`)
}

// SaveUpload stores x, or replaces it.
func (s *Store) SaveUpload(ctx context.Context, x model.Upload) error {
	return put(ctx, s, uploadsTable, x.ID, x, uploadRow)
}

// RemoveUpload forgets an upload, or says ErrNotFound. The file is not the store's.
func (s *Store) RemoveUpload(ctx context.Context, id string) error {
	return s.drop(ctx, uploadsTable, id)
}

// Round gives one round, or ErrNotFound.
func (s *Store) Round(ctx context.Context, id string) (model.Round, error) {
	return oneOf[model.Round](ctx, s, roundsTable, id)
}

// Rounds gives the newest rounds, at most limit; 0 means 100.
func (s *Store) Rounds(ctx context.Context, limit int) ([]model.Round, error) {
	if limit <= 0 {
		limit = 100
	}
	return listOf[model.Round](ctx, s, roundsTable, `ORDER BY made_us DESC, id DESC LIMIT $1`, int64(limit))
}

// RoundsIn gives all rounds of a state, the oldest first.
func (s *Store) RoundsIn(ctx context.Context, state model.RoundState) ([]model.Round, error) {
	return listOf[model.Round](ctx, s, roundsTable, `WHERE state = $1 ORDER BY made_us, id`, string(state))
}

// SaveRound stores x, or replaces it. Of rounds that have ended the newest are kept.
func (s *Store) SaveRound(ctx context.Context, x model.Round) error {
	if err := put(ctx, s, roundsTable, x.ID, x, roundRow); err != nil {
		return err
	}
	return s.update(ctx, "forget old rounds", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM rounds WHERE state NOT IN ('queued', 'running') AND id NOT IN
			(SELECT id FROM rounds ORDER BY made_us DESC, id DESC LIMIT $1)`, int64(keepRounds))
		return err
	})
}

// ChangeRound lets f change a round while nobody else can; f's error leaves it as it was.
func (s *Store) ChangeRound(ctx context.Context, id string, f func(*model.Round) error) (x model.Round, err error) {
	err = s.update(ctx, "change round "+id, func(tx *sql.Tx) error {
		if x, err = one[model.Round](ctx, tx, "rounds", `SELECT id, doc, sum FROM rounds WHERE id = $1`, columnText(id)); err != nil {
			return err
		}
		if err := f(&x); err != nil {
			return err
		}
		if x.ID != id {
			return fmt.Errorf("BUG: round %s became %s", id, x.ID)
		}
		doc, sum, err := encode("rounds", id, x)
		if err != nil {
			return err
		}
		return roundsTable.upsert(ctx, tx, [][]any{roundRow(x, doc, sum)})
	})
	return x, err
}

// Watches gives all sources that are looked at again and again, sorted by id.
func (s *Store) Watches(ctx context.Context) ([]model.Watch, error) {
	return listOf[model.Watch](ctx, s, watchesTable, `ORDER BY id`)
}

// SaveWatch stores x, or replaces it.
func (s *Store) SaveWatch(ctx context.Context, x model.Watch) error {
	return put(ctx, s, watchesTable, x.ID, x, watchRow)
}

// RemoveWatch forgets a source, or says ErrNotFound.
func (s *Store) RemoveWatch(ctx context.Context, id string) error {
	return s.drop(ctx, watchesTable, id)
}

// Schedules gives all schedules, sorted by id.
func (s *Store) Schedules(ctx context.Context) ([]model.Schedule, error) {
	return listOf[model.Schedule](ctx, s, schedulesTable, `ORDER BY id`)
}

// SaveSchedule stores x, or replaces it.
func (s *Store) SaveSchedule(ctx context.Context, x model.Schedule) error {
	return put(ctx, s, schedulesTable, x.ID, x, scheduleRow)
}

// RemoveSchedule forgets a schedule, or says ErrNotFound.
func (s *Store) RemoveSchedule(ctx context.Context, id string) error {
	return s.drop(ctx, schedulesTable, id)
}
