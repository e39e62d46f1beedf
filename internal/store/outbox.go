package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

func deliveryRow(d model.Delivery, doc, sum string) []any {
	return []any{d.ID, d.Channel, d.Kind, columnText(d.Cause), string(d.State), micros(d.Next), micros(d.Made), sum, doc}
}

func saveDeliveries(ctx context.Context, tx *sql.Tx, ds []model.Delivery) error {
	rows := make([][]any, len(ds))
	for i, d := range ds {
		if d.ID == "" || d.Channel == "" {
			return errors.New("BUG: a delivery has no id or no channel")
		}
		doc, sum, err := encode("delivery", d.ID, d)
		if err != nil {
			return err
		}
		rows[i] = deliveryRow(d, doc, sum)
	}
	return outboxTable.upsert(ctx, tx, rows)
}

// Backlog gives what a channel has yet to tell and what it told before now. What was made "later", because the clock was
// wrong then, is left out.
func (s *Store) Backlog(ctx context.Context, channel string, now time.Time) (b model.Backlog, err error) {
	err = s.view(ctx, "read what is to be told", func(tx *sql.Tx) error {
		b, err = backlog(ctx, tx, channel, now)
		return err
	})
	return b, err
}

// Plan gives f the Backlog of a channel, and stores the deliveries that f makes of it; the findings that f names as told are
// no longer pending. All of it or nothing. f must not use the store.
func (s *Store) Plan(ctx context.Context, channel string, now time.Time, f func(model.Backlog) (ds []model.Delivery, told []string)) error {
	return s.update(ctx, "plan deliveries", func(tx *sql.Tx) error {
		b, err := backlog(ctx, tx, channel, now)
		if err != nil {
			return err
		}
		ds, told := f(b)
		if err := saveDeliveries(ctx, tx, ds); err != nil {
			return err
		}
		for _, id := range told {
			if _, err := tx.ExecContext(ctx, `DELETE FROM notify_pending WHERE channel = $1 AND finding = $2`, channel, id); err != nil {
				return err
			}
		}
		return nil
	})
}

func backlog(ctx context.Context, tx *sql.Tx, channel string, now time.Time) (model.Backlog, error) {
	b := model.Backlog{Last: map[string]time.Time{}, Cause: map[string]string{}}
	err := eachRow(ctx, tx, `SELECT f.id, f.doc, f.sum, p.urgent, p.at_us FROM notify_pending p JOIN findings f ON f.id = p.finding
		WHERE p.channel = $1 ORDER BY p.at_us, f.severity DESC, f.last_us DESC, f.id`, 5, func(c []any) error {
		p := model.Pending{Channel: channel}
		id, _ := c[0].(string)
		doc, _ := c[1].(string)
		sum, _ := c[2].(string)
		urgent, _ := c[3].(int64)
		at, _ := c[4].(int64)
		p.Urgent, p.At = urgent != 0, time.UnixMicro(at).UTC()
		err := decode("finding", id, doc, sum, &p.Finding)
		b.Pending = append(b.Pending, p)
		return err
	}, channel)
	if err != nil {
		return b, err
	}
	err = tx.QueryRowContext(ctx, `SELECT count(*) FROM notify_outbox WHERE channel = $1 AND kind = 'alert' AND made_us > $2 AND made_us <= $3`,
		channel, micros(now.Add(-time.Hour)), micros(now)).Scan(&b.LastHour)
	if err != nil {
		return b, err
	}
	return b, lastOfKinds(ctx, tx, channel, now, &b)
}

func lastOfKinds(ctx context.Context, tx *sql.Tx, channel string, now time.Time, b *model.Backlog) error {
	rows, err := tx.QueryContext(ctx, `SELECT o.kind, o.made_us, o.cause FROM notify_outbox o
		JOIN (SELECT kind, max(made_us) AS made_us FROM notify_outbox WHERE channel = $1 AND made_us <= $2 GROUP BY kind) x ON x.kind = o.kind AND x.made_us = o.made_us
		WHERE o.channel = $1`, channel, micros(now))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var kind, cause string
		var made int64
		if err := rows.Scan(&kind, &made, &cause); err != nil {
			return err
		}
		b.Last[kind], b.Cause[kind] = time.UnixMicro(made).UTC(), cause
	}
	return rows.Err()
}

// farthest is further ahead than any delivery is ever put off: what is due later than that was put off by a wrong clock.
const farthest = 25 * time.Hour

// DueDeliveries gives what is to be sent now, oldest first: what waits, and what a process that died was sending.
func (s *Store) DueDeliveries(ctx context.Context, now time.Time, limit int) (ds []model.Delivery, err error) {
	err = s.view(ctx, "read the outbox", func(tx *sql.Tx) error {
		ds, err = documents[model.Delivery](ctx, tx, "delivery", `SELECT id, doc, sum FROM notify_outbox
			WHERE state IN ('waiting', 'sending') AND (next_us <= $1 OR next_us > $2) ORDER BY made_us, id LIMIT $3`, micros(now), micros(now.Add(farthest)), pageSize(limit))
		return err
	})
	return ds, err
}

// ClaimDelivery takes a due delivery for sending until a time, after which another process may take it; false if another
// one has it. The delivery given back counts the try.
func (s *Store) ClaimDelivery(ctx context.Context, id string, now, until time.Time) (d model.Delivery, got bool, err error) {
	err = s.update(ctx, "take delivery "+id, func(tx *sql.Tx) error {
		if d, err = oneDelivery(ctx, tx, id); err != nil {
			return err
		}
		if d.State != model.Waiting && d.State != model.Sending || d.Next.After(now) && !d.Next.After(now.Add(farthest)) {
			return nil
		}
		got = true
		d.State, d.Next = model.Sending, until.UTC()
		d.Tries++
		return saveDeliveries(ctx, tx, []model.Delivery{d})
	})
	return d, got && err == nil, err
}

// FinishDelivery stores how a try ended, unless another process has taken the delivery since.
func (s *Store) FinishDelivery(ctx context.Context, d model.Delivery) error {
	return s.update(ctx, "finish delivery "+d.ID, func(tx *sql.Tx) error {
		now, err := oneDelivery(ctx, tx, d.ID)
		if err != nil {
			return err
		}
		if now.State != model.Sending || now.Tries != d.Tries {
			return nil
		}
		return saveDeliveries(ctx, tx, []model.Delivery{d})
	})
}

// AddDelivery stores a delivery that no plan made: a test.
func (s *Store) AddDelivery(ctx context.Context, d model.Delivery) error {
	return s.update(ctx, "save delivery "+d.ID, func(tx *sql.Tx) error { return saveDeliveries(ctx, tx, []model.Delivery{d}) })
}

func oneDelivery(ctx context.Context, tx *sql.Tx, id string) (model.Delivery, error) {
	return one[model.Delivery](ctx, tx, "delivery", `SELECT id, doc, sum FROM notify_outbox WHERE id = $1`, columnText(id))
}

// Deliveries gives the newest deliveries, newest first, of one channel or ("") of all; limit 0 means 100.
func (s *Store) Deliveries(ctx context.Context, channel string, limit int) (ds []model.Delivery, err error) {
	err = s.view(ctx, "read deliveries", func(tx *sql.Tx) error {
		w := &where{}
		if channel != "" {
			w.add("channel = ?", columnText(channel))
		}
		query := w.number(`SELECT id, doc, sum FROM notify_outbox`+w.String()+` ORDER BY made_us DESC, id DESC LIMIT ?`, pageSize(limit))
		ds, err = documents[model.Delivery](ctx, tx, "delivery", query, w.args...)
		return err
	})
	return ds, err
}

// PruneDeliveries forgets deliveries that are over and were made before t.
func (s *Store) PruneDeliveries(ctx context.Context, t time.Time) error {
	return s.update(ctx, "forget old deliveries", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM notify_outbox WHERE made_us < $1 AND state NOT IN ('waiting', 'sending')`, micros(t))
		if err != nil {
			return fmt.Errorf("outbox: %w", err)
		}
		return nil
	})
}
