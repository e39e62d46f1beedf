package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/mimawari/mimawari/internal/model"
)

var (
	accountsTable = table{"accounts", 1, []column{"id", "login", "sum", "doc"}}
	keysTable     = table{"access_keys", 1, []column{"digest", "kind", "id", "account", "#until_us", "sum", "doc"}}
	attemptsTable = table{"sign_in_attempts", 1, []column{"name", "#fails", "#last_us", "#until_us"}}
)

// Accounts gives all who may or might sign in, by login.
func (s *Store) Accounts(ctx context.Context) (ps []model.Account, err error) {
	err = s.view(ctx, "read accounts", func(tx *sql.Tx) error {
		ps, err = documents[model.Account](ctx, tx, "account", `SELECT id, doc, sum FROM accounts ORDER BY login`)
		return err
	})
	return ps, err
}

// Account gives the one with this id, or ErrNotFound.
func (s *Store) Account(ctx context.Context, id string) (p model.Account, err error) {
	return s.oneAccount(ctx, `SELECT id, doc, sum FROM accounts WHERE id = $1`, id)
}

// AccountByLogin gives the one with this folded login, or ErrNotFound.
func (s *Store) AccountByLogin(ctx context.Context, login string) (p model.Account, err error) {
	return s.oneAccount(ctx, `SELECT id, doc, sum FROM accounts WHERE login = $1`, login)
}

func (s *Store) oneAccount(ctx context.Context, query, value string) (p model.Account, err error) {
	err = s.view(ctx, "read account", func(tx *sql.Tx) error {
		p, err = one[model.Account](ctx, tx, "person", query, columnText(value))
		return err
	})
	return p, err
}

// ChangeAccounts lets f change the people and stores what it gives, in one transaction that no other writer comes between:
// what f saw is still so when it is stored. People are not removed, only disabled: the audit trail names them.
func (s *Store) ChangeAccounts(ctx context.Context, f func(all []model.Account) ([]model.Account, error)) error {
	return s.update(ctx, "change accounts", func(tx *sql.Tx) error {
		all, err := documents[model.Account](ctx, tx, "account", `SELECT id, doc, sum FROM accounts ORDER BY login`)
		if err != nil {
			return err
		}
		changed, err := f(slices.Clone(all))
		if err != nil {
			return err
		}
		return accountsTable.writeAccounts(ctx, tx, changed)
	})
}

// ChangeAccount is ChangeAccounts for one person and what concerns nobody else.
func (s *Store) ChangeAccount(ctx context.Context, id string, f func(p *model.Account) error) error {
	return s.update(ctx, "change account", func(tx *sql.Tx) error {
		p, err := one[model.Account](ctx, tx, "account", `SELECT id, doc, sum FROM accounts WHERE id = $1`, columnText(id))
		if err != nil {
			return err
		}
		if err := f(&p); err != nil {
			return err
		}
		return accountsTable.writeAccounts(ctx, tx, []model.Account{p})
	})
}

func (t table) writeAccounts(ctx context.Context, tx *sql.Tx, ps []model.Account) error {
	ids := distinct{}
	rows := make([][]any, len(ps))
	for i, p := range ps {
		if err := ids.check("account", p.ID); err != nil {
			return err
		}
		doc, sum, err := encode("account", p.ID, p)
		if err != nil {
			return err
		}
		rows[i] = []any{p.ID, p.Login, sum, doc}
	}
	return t.upsert(ctx, tx, rows)
}

// Attempts gives the counts of failed sign-ins that have these names, as far as there are any.
func (s *Store) Attempts(ctx context.Context, names ...string) (as []model.Attempts, err error) {
	err = s.view(ctx, "read sign-in attempts", func(tx *sql.Tx) error {
		as, err = attempts(ctx, tx, names)
		return err
	})
	return as, err
}

func attempts(ctx context.Context, tx *sql.Tx, names []string) (as []model.Attempts, err error) {
	for _, n := range names {
		a := model.Attempts{Name: columnText(n)}
		var last, until int64
		row := tx.QueryRowContext(ctx, `SELECT fails, last_us, until_us FROM sign_in_attempts WHERE name = $1`, a.Name)
		switch err := row.Scan(&a.Fails, &last, &until); {
		case errors.Is(err, sql.ErrNoRows):
			continue
		case err != nil:
			return nil, err
		}
		a.Last, a.Until = moment(last), moment(until)
		as = append(as, a)
	}
	return as, nil
}

// ChangeAttempts lets f change the count with this name, which is zero if there was none; a count of no fails is removed.
func (s *Store) ChangeAttempts(ctx context.Context, name string, f func(a *model.Attempts)) error {
	return s.update(ctx, "count sign-in attempts", func(tx *sql.Tx) error {
		a := model.Attempts{Name: columnText(name)}
		if as, err := attempts(ctx, tx, []string{name}); err != nil {
			return err
		} else if len(as) > 0 {
			a = as[0]
		}
		f(&a)
		if a.Fails == 0 {
			return attemptsTable.deleteBy(ctx, tx, "name", []string{a.Name})
		}
		return attemptsTable.upsert(ctx, tx, [][]any{{a.Name, int64(a.Fails), momentColumn(a.Last), momentColumn(a.Until)}})
	})
}
