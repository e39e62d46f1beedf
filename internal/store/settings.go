package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/mimawari/mimawari/internal/model"
)

// Setting gives the value saved under key, "" if there is none.
func (s *Store) Setting(ctx context.Context, key string) (value string, err error) {
	err = s.view(ctx, "read setting "+key, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, `SELECT value FROM settings WHERE name = $1`, columnText(key)).Scan(&value)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	return value, err
}

// SaveSetting saves value under key. A value is text without NUL.
func (s *Store) SaveSetting(ctx context.Context, key, value string) error {
	return s.update(ctx, "save setting "+key, func(tx *sql.Tx) error {
		return settingsTable.upsert(ctx, tx, [][]any{{columnText(key), columnText(value)}})
	})
}

// Suppressions gives all suppressions, sorted by id.
func (s *Store) Suppressions(ctx context.Context) (ss []model.Suppression, err error) {
	err = s.view(ctx, "read suppressions", func(tx *sql.Tx) error {
		ss, err = documents[model.Suppression](ctx, tx, "suppression", `SELECT id, doc, sum FROM suppressions ORDER BY id`)
		return err
	})
	return ss, err
}

// AddSuppression stores x, or replaces the one with the same id. Whether x makes sense is for triage to say before.
func (s *Store) AddSuppression(ctx context.Context, x model.Suppression) error {
	return s.update(ctx, "save suppression "+x.ID, func(tx *sql.Tx) error {
		if x.ID == "" {
			return errors.New("the suppression has no id")
		}
		doc, sum, err := encode("suppression", x.ID, x)
		if err != nil {
			return err
		}
		return silenceTable.upsert(ctx, tx, [][]any{{x.ID, sum, doc}})
	})
}

// RemoveSuppression removes a suppression, or says ErrNotFound.
func (s *Store) RemoveSuppression(ctx context.Context, id string) error {
	return s.update(ctx, "remove suppression "+id, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `DELETE FROM suppressions WHERE id = $1`, columnText(id))
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err == nil && n == 0 {
			return ErrNotFound
		}
		return nil
	})
}
