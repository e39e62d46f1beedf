package store

import (
	"context"
)

// vacuumInto writes a consistent copy of a SQLite database to a new file while others read and write.
func (s *Store) vacuumInto(ctx context.Context, path string) error {
	if _, err := s.write.ExecContext(ctx, `VACUUM INTO $1`, path); err != nil {
		return explainFile(path, s.explain(err))
	}
	return nil
}
