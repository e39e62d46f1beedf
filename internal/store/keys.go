package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// moment reads the column form of a time; 0 is no time.
func moment(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

func momentColumn(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return micros(t)
}

func keyRow(k model.Key, doc, sum string) []any {
	return []any{k.Digest, k.Kind, k.ID, k.Account, momentColumn(k.Until), sum, doc}
}

// SaveKey stores a new key, or the new form of one that is there.
func (s *Store) SaveKey(ctx context.Context, k model.Key) error {
	return s.update(ctx, "save key", func(tx *sql.Tx) error { return writeKey(ctx, tx, k) })
}

func writeKey(ctx context.Context, tx *sql.Tx, k model.Key) error {
	doc, sum, err := encode("key", k.ID, k)
	if err != nil {
		return err
	}
	return keysTable.upsert(ctx, tx, [][]any{keyRow(k, doc, sum)})
}

// Key gives the key with this digest and its person, or ErrNotFound.
func (s *Store) Key(ctx context.Context, digest string) (k model.Key, p model.Account, err error) {
	err = s.view(ctx, "read key", func(tx *sql.Tx) error {
		if k, err = one[model.Key](ctx, tx, "key", `SELECT id, doc, sum FROM access_keys WHERE digest = $1`, columnText(digest)); err != nil {
			return err
		}
		p, err = one[model.Account](ctx, tx, "account", `SELECT id, doc, sum FROM accounts WHERE id = $1`, k.Account)
		return err
	})
	return k, p, err
}

// Keys gives the keys of a kind, of one person or (account "") of all, in the order of their ids.
func (s *Store) Keys(ctx context.Context, kind, account string) (ks []model.Key, err error) {
	w := &where{}
	w.add("kind = ?", kind)
	if account != "" {
		w.add("account = ?", columnText(account))
	}
	err = s.view(ctx, "read keys", func(tx *sql.Tx) error {
		ks, err = documents[model.Key](ctx, tx, "key", `SELECT id, doc, sum FROM access_keys`+w.String()+` ORDER BY id`, w.args...)
		return err
	})
	return ks, err
}

// SwapKey puts next in the place of the key with this digest, or says ErrNotFound if that is gone: of several that want
// to use up a key one succeeds. A next without digest only takes the old key away.
func (s *Store) SwapKey(ctx context.Context, digest string, next model.Key) error {
	return s.update(ctx, "replace key", func(tx *sql.Tx) error {
		if err := deleteOne(ctx, tx, `DELETE FROM access_keys WHERE digest = $1`, columnText(digest)); err != nil {
			return err
		}
		if next.Digest == "" {
			return nil
		}
		return writeKey(ctx, tx, next)
	})
}

// TouchKey notes the last use of a key. A key that is gone stays gone.
func (s *Store) TouchKey(ctx context.Context, digest string, seen time.Time) error {
	return s.update(ctx, "note the use of a key", func(tx *sql.Tx) error {
		k, err := one[model.Key](ctx, tx, "key", `SELECT id, doc, sum FROM access_keys WHERE digest = $1`, columnText(digest))
		if err != nil {
			return err
		}
		k.Seen = seen
		return writeKey(ctx, tx, k)
	})
}

// RemoveKey removes the key with this id, of this person if one is named, or says ErrNotFound.
func (s *Store) RemoveKey(ctx context.Context, kind, id, account string) error {
	w := &where{}
	w.add("kind = ?", kind)
	w.add("id = ?", columnText(id))
	if account != "" {
		w.add("account = ?", columnText(account))
	}
	return s.update(ctx, "remove key", func(tx *sql.Tx) error {
		return deleteOne(ctx, tx, `DELETE FROM access_keys`+w.String(), w.args...)
	})
}

func deleteOne(ctx context.Context, tx *sql.Tx, query string, args ...any) error {
	r, err := tx.ExecContext(ctx, query, args...)
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err == nil && n == 0 {
		return ErrNotFound
	}
	return nil
}

// RemoveKeys removes the keys of a kind that a person has, but the one with the id except.
func (s *Store) RemoveKeys(ctx context.Context, kind, account, except string) error {
	return s.update(ctx, "remove keys", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM access_keys WHERE kind = $1 AND account = $2 AND id <> $3`, kind, columnText(account), columnText(except))
		return err
	})
}

// PurgeAccess removes keys that ended before now, and failed sign-ins older than attempts.
func (s *Store) PurgeAccess(ctx context.Context, now, attempts time.Time) error {
	return s.update(ctx, "remove what has expired", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM access_keys WHERE until_us > 0 AND until_us < $1`, micros(now)); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM sign_in_attempts WHERE last_us < $1 AND until_us < $2`, micros(attempts), micros(now))
		return err
	})
}
