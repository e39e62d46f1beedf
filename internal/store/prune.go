package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// Pruned is how much was removed.
type Pruned struct {
	Patrols  int64 `json:"patrols"`
	Findings int64 `json:"findings"` // with their history
}

// Prune removes what ended before a time: patrols (the newest stays, whatever its age) and findings that were resolved and not seen since.
// Hosts, the ledger, what people wrote, findings that wait for somebody or were accepted, and the audit trail stay.
func (s *Store) Prune(ctx context.Context, before time.Time) (p Pruned, err error) {
	err = s.update(ctx, "remove old records", func(tx *sql.Tx) error {
		if p.Patrols, err = deleted(ctx, tx, `DELETE FROM patrols WHERE started_us < $1 AND n < (SELECT max(n) FROM patrols)`, micros(before)); err != nil {
			return err
		}
		p.Findings, err = deleted(ctx, tx, `DELETE FROM findings WHERE state = $1 AND last_us < $2`, string(model.Resolved), micros(before))
		return err
	})
	return p, err
}

func deleted(ctx context.Context, tx *sql.Tx, statement string, args ...any) (int64, error) {
	r, err := tx.ExecContext(ctx, statement, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}
