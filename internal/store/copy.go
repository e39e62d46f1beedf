package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"fmt"
)

// print is what a table is compared by: the number of its rows and the sum of their digests. A sum does not depend on
// the order, in which engines differ.
type print struct {
	rows int
	sum  [4]uint64
}

func (p *print) add(cells []any) {
	h := sha256.New()
	for _, c := range cells {
		s := fmt.Sprint(c)
		fmt.Fprintf(h, "%d:%s,", len(s), s)
	}
	b := h.Sum(nil)
	p.rows++
	for i := range p.sum {
		p.sum[i] += binary.BigEndian.Uint64(b[8*i:])
	}
}

// CopyTo copies everything into other, which must be empty and may be of the other engine. All of it arrives, compared
// row by row with the source by count and digest of each table, or nothing.
func (s *Store) CopyTo(ctx context.Context, other *Store) error {
	return s.view(ctx, "read the data to be copied", func(from *sql.Tx) error {
		return other.update(ctx, "write the copy", func(to *sql.Tx) error {
			if err := mustBeEmpty(ctx, to, other.where); err != nil {
				return err
			}
			for _, t := range tables {
				if err := copyTable(ctx, from, to, t, other.where); err != nil {
					return fmt.Errorf("table %s: %w", t.name, err)
				}
			}
			return nil
		})
	})
}

func mustBeEmpty(ctx context.Context, tx *sql.Tx, where string) error {
	for _, t := range tables {
		if t.name == metaTable.name {
			continue
		}
		n := 0
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM (SELECT 1 FROM `+t.name+` LIMIT 1) AS x`).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			return &Error{Code: NotEmpty, Where: where, Args: map[string]string{"table": t.name}}
		}
	}
	return nil
}

// copyBatch is how many rows are in memory at a time.
const copyBatch = 2000

func copyTable(ctx context.Context, from, to *sql.Tx, t table, where string) error {
	var source, copied print
	var batch [][]any
	err := eachRow(ctx, from, `SELECT `+t.list()+` FROM `+t.name, len(t.cols), func(cells []any) error {
		source.add(cells)
		batch = append(batch, append([]any(nil), cells...))
		if len(batch) < copyBatch {
			return nil
		}
		err := t.upsert(ctx, to, batch)
		batch = batch[:0]
		return err
	})
	if err != nil {
		return err
	}
	if err := t.upsert(ctx, to, batch); err != nil {
		return err
	}
	err = eachRow(ctx, to, `SELECT `+t.list()+` FROM `+t.name, len(t.cols), func(cells []any) error {
		copied.add(cells)
		return nil
	})
	if err == nil && copied != source {
		err = &Error{Code: Different, Where: where, Args: map[string]string{"table": t.name}}
	}
	return err
}
