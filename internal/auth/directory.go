package auth

import (
	"context"
	"errors"
	"slices"

	"github.com/mimawari/mimawari/internal/model"
)

// Directory is a server of the institution that knows its people, such as Active Directory.
type Directory interface {
	// Check gives who signs in with login and password, ErrNobody if the directory does not let them in.
	Check(ctx context.Context, login, password string) (Known, error)
}

// Known is somebody whom a directory or an identity provider vouches for.
type Known struct {
	Origin  string // "ldap", "oidc"
	Subject string // the name there, which never changes
	Login   string
	Name    string
	Role    Role // "" if they are in no group that may use Mimawari
	Strong  bool // a second factor was asked for there
}

// ErrNobody is a directory's answer for a wrong login or password.
var ErrNobody = errors.New("the directory does not let them in")

var errNoDirectory = errors.New("no directory is asked")

// byDirectory asks the directory about somebody whom we don't know ourselves.
func (k *Keeper) byDirectory(ctx context.Context, login, password string, a model.Account) (model.Account, error) {
	if k.Directory == nil || a.Disabled || a.ID != "" && a.Origin == "" || password == "" || len(password) > MaxPassword {
		return a, errNoDirectory
	}
	who, err := k.Directory.Check(ctx, login, password)
	if errors.Is(err, ErrNobody) {
		return a, errNoDirectory
	}
	if err != nil {
		return a, err
	}
	return k.welcome(ctx, who)
}

// welcome gives the account of somebody vouched for, made at the first time and brought up to date at every sign-in. A login
// that one of our own accounts has is not taken over.
func (k *Keeper) welcome(ctx context.Context, who Known) (model.Account, error) {
	n := NewAccount{Login: who.Login, Name: who.Name, Role: who.Role}
	if !who.Role.Valid() {
		k.note(ctx, "sign_in.failed", who.Login, "origin", who.Origin)
		return model.Account{}, refuse(CodeDirectoryRole)
	}
	fresh, err := k.make(ctx, n)
	if err != nil {
		return fresh, err
	}
	fresh.Origin, fresh.Subject = who.Origin, who.Subject
	var out model.Account
	roleBefore := ""
	err = k.Store.ChangeAccounts(ctx, func(all []model.Account) ([]model.Account, error) {
		i := slices.IndexFunc(all, func(a model.Account) bool { return a.Origin == who.Origin && a.Subject == who.Subject })
		if i < 0 {
			out = fresh
			return admit(all, fresh)
		}
		if all[i].Disabled {
			return nil, refuse(CodeWrong)
		}
		before := slices.ContainsFunc(all, activeAdministrator)
		roleBefore = all[i].Role
		all[i].Role, all[i].Name = string(who.Role), fresh.Name
		if before && !slices.ContainsFunc(all, activeAdministrator) {
			all[i].Role = roleBefore // the directory can't take away the last administrator
		}
		out = all[i]
		return all[i : i+1], nil
	})
	if err != nil {
		return out, err
	}
	switch {
	case roleBefore == "":
		k.noteAs(ctx, &out, "account.add", "role", out.Role, "origin", who.Origin)
	case roleBefore != out.Role:
		k.noteAs(ctx, &out, "account.role", "before", roleBefore, "role", out.Role, "origin", who.Origin)
		return out, k.Store.RemoveKeys(ctx, model.SessionKey, out.ID, "")
	}
	return out, nil
}

// SignInKnown begins a session for somebody whom an identity provider vouches for.
func (k *Keeper) SignInKnown(ctx context.Context, who Known) (Entry, error) {
	a, err := k.welcome(ctx, who)
	if err != nil {
		return Entry{}, err
	}
	return k.begin(ctx, &a, "", stageOf(&a, who.Strong), ByDirectory)
}
