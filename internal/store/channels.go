package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// Channels gives all channels, by name.
func (s *Store) Channels(ctx context.Context) (cs []model.Channel, err error) {
	err = s.view(ctx, "read channels", func(tx *sql.Tx) error {
		cs, err = documents[model.Channel](ctx, tx, "channel", `SELECT id, doc, sum FROM notify_channels ORDER BY id`)
		return err
	})
	return cs, err
}

// Channel gives one channel, or ErrNotFound.
func (s *Store) Channel(ctx context.Context, id string) (c model.Channel, err error) {
	err = s.view(ctx, "read channel "+id, func(tx *sql.Tx) error {
		c, err = one[model.Channel](ctx, tx, "channel", `SELECT id, doc, sum FROM notify_channels WHERE id = $1`, columnText(id))
		return err
	})
	return c, err
}

// SaveChannel stores c, or replaces the one with the same id. What a channel that is off had yet to tell is forgotten.
func (s *Store) SaveChannel(ctx context.Context, c model.Channel) error {
	return s.update(ctx, "save channel "+c.ID, func(tx *sql.Tx) error {
		if c.ID == "" {
			return errors.New("BUG: the channel has no id")
		}
		doc, sum, err := encode("channel", c.ID, c)
		if err != nil {
			return err
		}
		if !c.On {
			if err := quiet(ctx, tx, c.ID); err != nil {
				return err
			}
		}
		return channelsTable.upsert(ctx, tx, [][]any{{c.ID, sum, doc}})
	})
}

// RemoveChannel removes a channel with its secrets, or says ErrNotFound. What it sent stays in the list of deliveries.
func (s *Store) RemoveChannel(ctx context.Context, id string) error {
	return s.update(ctx, "remove channel "+id, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `DELETE FROM notify_channels WHERE id = $1`, columnText(id))
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err == nil && n == 0 {
			return ErrNotFound
		}
		return quiet(ctx, tx, id)
	})
}

// quiet forgets what a channel had yet to tell and drops what waits in the outbox for it.
func quiet(ctx context.Context, tx *sql.Tx, channel string) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM notify_pending WHERE channel = $1`, channel); err != nil {
		return err
	}
	ds, err := documents[model.Delivery](ctx, tx, "delivery", `SELECT id, doc, sum FROM notify_outbox WHERE channel = $1 AND state = 'waiting'`, channel)
	if err != nil {
		return err
	}
	for i := range ds {
		ds[i].State, ds[i].Notice.Files = model.Dropped, nil
	}
	return saveDeliveries(ctx, tx, ds)
}

// NotifyMark changes whenever there may be something new to tell. It costs two small reads.
func (s *Store) NotifyMark(ctx context.Context) (mark string, err error) {
	err = s.view(ctx, "look for something new to tell", func(tx *sql.Tx) error {
		var changes string
		if err := tx.QueryRowContext(ctx, `SELECT CAST(value AS TEXT) FROM meta WHERE name = 'changes'`).Scan(&changes); err != nil {
			return err
		}
		err := tx.QueryRowContext(ctx, `SELECT CAST(n AS TEXT) || ' ' || sum FROM patrols ORDER BY n DESC LIMIT 1`).Scan(&mark)
		if errors.Is(err, sql.ErrNoRows) {
			err = nil
		}
		mark += " " + changes
		return err
	})
	return mark, err
}

// fresh selects the findings that wait and that nobody was told of since the patrol said so. What a person reopened is
// no news to them.
const fresh = `SELECT f.id, f.doc, f.sum, e.n
	FROM findings f
	JOIN (SELECT finding, max(n) AS n FROM finding_events WHERE to_state IN ('open', 'reopened') AND who = '' GROUP BY finding) e ON e.finding = f.id
	LEFT JOIN notify_told t ON t.finding = f.id
	WHERE f.state IN ('open', 'reopened') AND (t.finding IS NULL OR t.episode < e.n)
	ORDER BY f.severity DESC, f.last_us DESC, f.id`

// TellFresh gives f the findings that nobody was told of, notes that they are told now, and keeps what f makes of them for
// the channels: all of it or nothing. f must not use the store.
func (s *Store) TellFresh(ctx context.Context, at time.Time, f func([]model.Fresh) []model.Pending) error {
	return s.update(ctx, "note what is to be told", func(tx *sql.Tx) error {
		news, err := readFresh(ctx, tx)
		if err != nil || len(news) == 0 {
			return err
		}
		told := make([][]any, len(news))
		for i, n := range news {
			told[i] = []any{n.Finding.ID, n.Episode, micros(at)}
		}
		if err := toldTable.upsert(ctx, tx, told); err != nil {
			return err
		}
		var rows [][]any
		for _, p := range f(news) {
			urgent := int64(0)
			if p.Urgent {
				urgent = 1
			}
			rows = append(rows, []any{p.Channel, p.Finding.ID, urgent, micros(p.At)})
		}
		return pendingTable.upsert(ctx, tx, rows)
	})
}

func readFresh(ctx context.Context, tx *sql.Tx) (news []model.Fresh, err error) {
	err = eachRow(ctx, tx, fresh, 4, func(c []any) error {
		var f model.Finding
		id, _ := c[0].(string)
		doc, _ := c[1].(string)
		sum, _ := c[2].(string)
		n, _ := c[3].(int64)
		err := decode("finding", id, doc, sum, &f)
		news = append(news, model.Fresh{Finding: f, Episode: n})
		return err
	})
	return news, err
}

// Happened gives what was told in (from, to] and what else came and went.
func (s *Store) Happened(ctx context.Context, from, to time.Time) (h model.Happening, err error) {
	err = s.view(ctx, "read what happened", func(tx *sql.Tx) error {
		a, b := micros(from), micros(to)
		if h.Came, err = documents[model.Finding](ctx, tx, "finding", `SELECT f.id, f.doc, f.sum FROM notify_told t JOIN findings f ON f.id = t.finding
			WHERE t.at_us > $1 AND t.at_us <= $2 ORDER BY f.severity DESC, f.last_us DESC, f.id`, a, b); err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, `SELECT count(DISTINCT finding) FROM finding_events WHERE to_state = 'resolved' AND at_us > $1 AND at_us <= $2`, a, b).Scan(&h.Resolved); err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM patrols WHERE started_us > $1 AND started_us <= $2`, a, b).Scan(&h.Patrols); err != nil {
			return err
		}
		last, err := documents[model.Patrol](ctx, tx, "patrol", `SELECT id, doc, sum FROM patrols ORDER BY n DESC LIMIT 1`)
		if err == nil && len(last) > 0 {
			h.Last = &last[0]
		}
		return err
	})
	return h, err
}
