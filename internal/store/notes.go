package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// Note gives what people wrote on a host; the zero Note if nobody did.
func (s *Store) Note(ctx context.Context, host string) (n model.Note, err error) {
	err = s.view(ctx, "read note", func(tx *sql.Tx) error {
		var at int64
		err := tx.QueryRowContext(ctx, `SELECT host, place, note, photo, who, at_us FROM host_notes WHERE host = $1`, columnText(host)).
			Scan(&n.Host, &n.Place, &n.Text, &n.Photo, &n.Who, &at)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		n.At = time.UnixMicro(at).UTC()
		return err
	})
	return n, err
}

// SaveNote replaces what is written on a host.
func (s *Store) SaveNote(ctx context.Context, n model.Note) error {
	return s.update(ctx, "save note", func(tx *sql.Tx) error {
		row := []any{columnText(n.Host), columnText(n.Place), columnText(n.Text), columnText(n.Photo), columnText(n.Who), micros(n.At)}
		return notesTable.upsert(ctx, tx, [][]any{row})
	})
}
