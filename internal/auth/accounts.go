package auth

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/mimawari/mimawari/internal/model"
)

// mostAccounts bounds how many people there are.
const mostAccounts = 2000

// NewAccount is somebody to be let in. Without a password they sign in by a link from the console at first.
type NewAccount struct {
	Login    string
	Name     string
	Role     Role
	Password string
}

var loginForm = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{M}\p{N}._@+-]{0,63}$`)

// maxName is the longest name of a person, in bytes.
const maxName = 120

func (k *Keeper) check(n *NewAccount) error {
	n.Login = Fold(n.Login)
	if !loginForm.MatchString(n.Login) {
		return refuse(CodeLogin)
	}
	if n.Name = model.Clean(n.Name); n.Name == "" {
		n.Name = n.Login
	}
	switch {
	case len(n.Name) > maxName:
		return refuse(CodeName)
	case !n.Role.Valid():
		return refuse(CodeRole)
	}
	if n.Password == "" {
		return nil
	}
	return CheckPassword(n.Password, n.Login, n.Name, k.Institution)
}

// make gives the account that n asks for. It takes the time of a hash.
func (k *Keeper) make(ctx context.Context, n NewAccount) (model.Account, error) {
	if err := k.check(&n); err != nil {
		return model.Account{}, err
	}
	now := k.Now().UTC()
	a := model.Account{ID: newID("acc"), Login: n.Login, Name: n.Name, Role: string(n.Role), Made: now}
	if n.Password == "" {
		return a, nil
	}
	hash, err := k.Hasher.Hash(ctx, plainPassword(n.Password))
	a.Password, a.PasswordAt = hash, now
	return a, err
}

// plainPassword is what is hashed: full-width letters, which an input method may leave on, are the same as narrow ones.
func plainPassword(s string) string { return norm.NFKC.String(s) }

// Add lets somebody in.
func (k *Keeper) Add(ctx context.Context, n NewAccount) (model.Account, error) {
	a, err := k.make(ctx, n)
	if err != nil {
		return a, err
	}
	if err := k.Store.ChangeAccounts(ctx, func(all []model.Account) ([]model.Account, error) { return admit(all, a) }); err != nil {
		return a, err
	}
	k.note(ctx, "account.add", a.Login, "role", a.Role)
	return a, nil
}

func admit(all []model.Account, a model.Account) ([]model.Account, error) {
	if len(all) >= mostAccounts {
		return nil, refuse(CodeFull, "n", strconv.Itoa(mostAccounts))
	}
	if slices.ContainsFunc(all, func(x model.Account) bool { return x.Login == a.Login }) {
		return nil, refuse(CodeTaken, "login", a.Login)
	}
	return []model.Account{a}, nil
}

func activeAdministrator(a model.Account) bool { return !a.Disabled && Role(a.Role) == Administrator }

// Empty reports whether there is no administrator yet: then nothing but setting one up is possible.
func (k *Keeper) Empty(ctx context.Context) (bool, error) {
	all, err := k.Store.Accounts(ctx)
	return !slices.ContainsFunc(all, activeAdministrator), err
}

// SetUp makes the first administrator and signs them in, as far as setting up the second factor. Of two at once one succeeds.
func (k *Keeper) SetUp(ctx context.Context, n NewAccount) (Entry, error) {
	n.Role = Administrator
	if n.Password == "" {
		return Entry{}, refuse(CodeShort, "n", strconv.Itoa(MinPassword))
	}
	a, err := k.make(ctx, n)
	if err != nil {
		return Entry{}, err
	}
	err = k.Store.ChangeAccounts(ctx, func(all []model.Account) ([]model.Account, error) {
		if slices.ContainsFunc(all, activeAdministrator) {
			return nil, refuse(CodeSetUp)
		}
		return admit(all, a)
	})
	if err != nil {
		return Entry{}, err
	}
	k.noteAs(ctx, &a, "account.set_up")
	return k.begin(ctx, &a, "", StageEnrol, BySetUp)
}

// change changes one account; what would leave nobody to administrate is refused.
func (k *Keeper) change(ctx context.Context, id string, f func(a *model.Account) error) (model.Account, error) {
	var changed model.Account
	err := k.Store.ChangeAccounts(ctx, func(all []model.Account) ([]model.Account, error) {
		i := slices.IndexFunc(all, func(a model.Account) bool { return a.ID == id })
		if i < 0 {
			return nil, model.ErrNotFound
		}
		before := slices.ContainsFunc(all, activeAdministrator)
		if err := f(&all[i]); err != nil {
			return nil, err
		}
		if before && !slices.ContainsFunc(all, activeAdministrator) {
			return nil, refuse(CodeLast)
		}
		changed = all[i]
		return all[i : i+1], nil
	})
	return changed, err
}

// SetRole gives somebody another role. Their sessions end: what a session may was decided when it began.
func (k *Keeper) SetRole(ctx context.Context, id string, r Role) error {
	if !r.Valid() {
		return refuse(CodeRole)
	}
	before := ""
	a, err := k.change(ctx, id, func(a *model.Account) error {
		before, a.Role = a.Role, string(r)
		return nil
	})
	if err != nil || before == a.Role {
		return err
	}
	k.note(ctx, "account.role", a.Login, "before", before, "role", a.Role)
	return k.Store.RemoveKeys(ctx, model.SessionKey, id, "")
}

// Rename changes the name that is shown.
func (k *Keeper) Rename(ctx context.Context, id, name string) error {
	name = model.Clean(name)
	if name == "" || len(name) > maxName {
		return refuse(CodeName)
	}
	a, err := k.change(ctx, id, func(a *model.Account) error { a.Name = name; return nil })
	if err == nil {
		k.note(ctx, "account.rename", a.Login, "name", name)
	}
	return err
}

// Disable shuts somebody out at once, or lets them in again. Nobody is ever removed: the audit trail names them.
func (k *Keeper) Disable(ctx context.Context, id string, disabled bool) error {
	a, err := k.change(ctx, id, func(a *model.Account) error { a.Disabled = disabled; return nil })
	if err != nil {
		return err
	}
	if !disabled {
		k.note(ctx, "account.enable", a.Login)
		return k.forgive(ctx, a.Login)
	}
	k.note(ctx, "account.disable", a.Login)
	for _, kind := range []string{model.SessionKey, model.LinkKey} {
		if err := k.Store.RemoveKeys(ctx, kind, id, ""); err != nil {
			return err
		}
	}
	return nil
}

// SetPassword gives somebody a new password, as an administrator does; all their sessions end.
func (k *Keeper) SetPassword(ctx context.Context, id, password string) error {
	return k.setPassword(ctx, id, password, "")
}

func (k *Keeper) setPassword(ctx context.Context, id, password, keep string) error {
	a, err := k.Store.Account(ctx, id)
	if err != nil {
		return err
	}
	if a.Origin != "" {
		return refuse(CodeNoPassword)
	}
	if err := CheckPassword(password, a.Login, a.Name, k.Institution); err != nil {
		return err
	}
	hash, err := k.Hasher.Hash(ctx, plainPassword(password))
	if err != nil {
		return err
	}
	err = k.Store.ChangeAccount(ctx, id, func(a *model.Account) error {
		a.Password, a.PasswordAt = hash, k.Now().UTC()
		return nil
	})
	if err != nil {
		return err
	}
	k.note(ctx, "account.password", a.Login)
	if err := k.forgive(ctx, a.Login); err != nil {
		return err
	}
	return k.Store.RemoveKeys(ctx, model.SessionKey, id, keep)
}

// ChangePassword is SetPassword by the person themselves, who must know the present one; the session stays, the others end.
// Somebody who has no password yet sets the first one.
func (k *Keeper) ChangePassword(ctx context.Context, v Viewer, present, next string) error {
	if err := k.Confirm(ctx, v, present); err != nil {
		return err
	}
	return k.setPassword(ctx, v.ID, next, v.Session)
}

// Confirm makes sure that it is still the person themselves, by the password. Who has none is confirmed by the session.
func (k *Keeper) Confirm(ctx context.Context, v Viewer, password string) error {
	a, err := k.Store.Account(ctx, v.ID)
	if err != nil || a.Password == "" {
		return err
	}
	right, err := k.tries(ctx, a.Login)
	if err != nil {
		return err
	}
	ok, _, err := k.Hasher.Verify(ctx, a.Password, plainPassword(strings.ToValidUTF8(password[:min(len(password), MaxPassword)], "")))
	switch {
	case err != nil:
		return err
	case !ok:
		return refuse(CodeOldPassword)
	}
	return right()
}
