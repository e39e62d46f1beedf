package store

import (
	"context"
	"database/sql"
	"errors"
	"iter"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// maxTalks bounds the talks of all hosts together; past it the trails of the hosts that talked least recently go.
const maxTalks = 1_000_000

// trailChunk and talkChunk are how many trails and talks are merged at once: they must fit into memory together.
const (
	trailChunk = 4 * maxParams
	talkChunk  = 20_000
)

// saveTrails adds what a patrol saw to the trails of its hosts.
func saveTrails(ctx context.Context, tx *sql.Tx, fresh iter.Seq[model.Trail]) error {
	if fresh == nil {
		return nil
	}
	twice := distinct{}
	chunk, talks := make([]model.Trail, 0, trailChunk), 0
	flush := func() error {
		err := mergeTrails(ctx, tx, chunk)
		chunk, talks = chunk[:0], 0
		return err
	}
	for t := range fresh {
		if err := twice.check("trail", t.Host); err != nil {
			return err
		}
		talks += len(t.Talks)
		if chunk = append(chunk, t); len(chunk) == trailChunk || talks >= talkChunk {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := flush(); err != nil {
		return err
	}
	return boundTrails(ctx, tx, maxTalks)
}

func mergeTrails(ctx context.Context, tx *sql.Tx, fresh []model.Trail) error {
	ids := make([]string, len(fresh))
	for i := range fresh {
		ids[i] = fresh[i].Host
	}
	old, err := trailsOf(ctx, tx, ids)
	if err != nil {
		return err
	}
	rows := make([][]any, 0, len(fresh))
	for _, t := range fresh {
		was, known := old[t.Host]
		if known {
			t = was.Merge(t)
		}
		doc := encodeTrail(t)
		if sum := digest([]byte(doc)); !known || sum != was.sum {
			rows = append(rows, trailRow(t, doc, sum))
		}
	}
	return trailsTable.upsert(ctx, tx, rows)
}

func trailRow(t model.Trail, doc, sum string) []any {
	return []any{t.Host, micros(lastOf(t)), int64(len(t.Talks)), sum, doc}
}

func lastOf(t model.Trail) time.Time {
	last := time.Unix(0, 0)
	for i := range t.Stays {
		last = latest(last, t.Stays[i].Last)
	}
	for i := range t.Talks {
		last = latest(last, t.Talks[i].Last)
	}
	return last
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// storedTrail is a trail with the digest of its document.
type storedTrail struct {
	model.Trail
	sum string
}

func trailsOf(ctx context.Context, tx *sql.Tx, hosts []string) (map[string]storedTrail, error) {
	out := make(map[string]storedTrail, len(hosts))
	err := inChunks(hosts, func(piece []any, in string) error {
		rows, err := tx.QueryContext(ctx, `SELECT host, sum, doc FROM trails WHERE host IN `+in, piece...)
		if err != nil {
			return err
		}
		return eachTrail(rows, func(t storedTrail) bool { out[t.Host] = t; return true })
	})
	return out, err
}

func eachTrail(rows *sql.Rows, yield func(storedTrail) bool) error {
	defer rows.Close()
	for rows.Next() {
		var host, sum, doc string
		if err := rows.Scan(&host, &sum, &doc); err != nil {
			return err
		}
		t, err := decodeTrail(host, doc, sum)
		if err != nil {
			return err
		}
		if !yield(storedTrail{t, sum}) {
			return nil
		}
	}
	return rows.Err()
}

// boundTrails forgets the trails of the hosts that were seen least recently while there are more than most talks.
func boundTrails(ctx context.Context, tx *sql.Tx, most int64) error {
	var all int64
	if err := tx.QueryRowContext(ctx, `SELECT coalesce(sum(talks), 0) FROM trails`).Scan(&all); err != nil || all <= most {
		return err
	}
	var gone []string
	left := int64(0)
	err := eachRow(ctx, tx, `SELECT host, talks FROM trails ORDER BY last_us, host`, 2, func(c []any) error {
		if all-left > most {
			gone = append(gone, c[0].(string))
			left += c[1].(int64)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := trailsTable.deleteBy(ctx, tx, "host", gone); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE meta SET value = value + $1 WHERE name = 'talks_left'`, left)
	return err
}

// Trail gives what is remembered of a host: the addresses it had and whom it talked to. It is empty if nothing is.
func (s *Store) Trail(ctx context.Context, host string) (t model.Trail, err error) {
	err = s.view(ctx, "read trail of "+host, func(tx *sql.Tx) error {
		var sum, doc string
		err := tx.QueryRowContext(ctx, `SELECT sum, doc FROM trails WHERE host = $1`, columnText(host)).Scan(&sum, &doc)
		if errors.Is(err, sql.ErrNoRows) {
			t.Host = host
			return nil
		}
		if err != nil {
			return err
		}
		t, err = decodeTrail(host, doc, sum)
		return err
	})
	return t, err
}

// Trails gives the trails of several hosts; those of which nothing is remembered are not in it.
func (s *Store) Trails(ctx context.Context, hosts []string) (ts map[string]model.Trail, err error) {
	err = s.view(ctx, "read trails", func(tx *sql.Tx) error {
		stored, err := trailsOf(ctx, tx, hosts)
		ts = make(map[string]model.Trail, len(stored))
		for id, t := range stored {
			ts[id] = t.Trail
		}
		return err
	})
	return ts, err
}

// EachTrail calls yield with every trail, in the order of the hosts' ids, until it gives false.
func (s *Store) EachTrail(ctx context.Context, yield func(model.Trail) bool) error {
	return s.view(ctx, "read trails", func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT host, sum, doc FROM trails ORDER BY host`)
		if err != nil {
			return err
		}
		return eachTrail(rows, func(t storedTrail) bool { return yield(t.Trail) })
	})
}

// TalksLeftOut counts the talks that were forgotten because all hosts together had too many.
func (s *Store) TalksLeftOut(ctx context.Context) (n int64, err error) {
	err = s.view(ctx, "count talks", func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT value FROM meta WHERE name = 'talks_left'`).Scan(&n)
	})
	return n, err
}
