package auth

import (
	"context"
	"errors"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// SignIn takes login and password. The session it begins is full, or waits for the second factor, or for one to be set up.
// A wrong login and a wrong password give the same words after the same work.
func (k *Keeper) SignIn(ctx context.Context, login, password string) (Entry, error) {
	right, err := k.tries(ctx, login)
	if err != nil {
		return Entry{}, err
	}
	a, strong, err := k.prove(ctx, Fold(login), password)
	if err != nil {
		return Entry{}, err
	}
	if err := right(); err != nil {
		return Entry{}, err
	}
	return k.begin(ctx, &a, "", stageOf(&a, strong), ByPassword)
}

// stageOf says what is left to prove for somebody whose first factor was right; strong: a directory vouches for a second one.
func stageOf(a *model.Account, strong bool) string {
	switch {
	case strong:
		return StageFull
	case a.SecondFactor():
		return StageSecond
	case Role(a.Role) == Administrator:
		return StageEnrol
	}
	return StageFull
}

func (k *Keeper) prove(ctx context.Context, login, password string) (a model.Account, strong bool, err error) {
	if loginForm.MatchString(login) { // nothing else may find an account: the tries are counted by what was typed
		a, err = k.Store.AccountByLogin(ctx, login)
	}
	if err != nil && !errors.Is(err, model.ErrNotFound) {
		return a, false, err
	}
	hash := a.Password
	if a.Disabled || a.Origin != "" || len(password) > MaxPassword {
		hash = ""
	}
	ok, weak, err := k.Hasher.Verify(ctx, hash, plainPassword(password))
	if err != nil {
		return a, false, err
	}
	if ok {
		if weak {
			k.strengthen(ctx, a.ID, password)
		}
		return a, false, nil
	}
	if b, err := k.byDirectory(ctx, login, password, a); err == nil || !errors.Is(err, errNoDirectory) {
		return b, false, err
	}
	k.failed(ctx, a)
	return a, false, refuse(CodeWrong)
}

// failed notes a refused sign-in. What was typed is not noted if nobody has that login: it may be a password.
func (k *Keeper) failed(ctx context.Context, a model.Account) {
	object := a.Login
	if a.ID == "" {
		object = "?"
	}
	k.note(ctx, "sign_in.failed", object)
}

// strengthen hashes a password again with the cost of today. If that fails the old hash stays good.
func (k *Keeper) strengthen(ctx context.Context, id, password string) {
	if hash, err := k.Hasher.Hash(ctx, plainPassword(password)); err == nil {
		_ = k.Store.ChangeAccount(ctx, id, func(a *model.Account) error { a.Password = hash; return nil })
	}
}

// halfway gives the session and account of somebody at a stage of signing in.
func (k *Keeper) halfway(ctx context.Context, secret, stage string) (model.Key, model.Account, error) {
	key, a, err := k.session(ctx, secret)
	if err == nil && key.Stage != stage {
		err = refuse(CodeSignInAgain)
	}
	return key, a, err
}

// Halfway gives who is at a stage of signing in.
func (k *Keeper) Halfway(ctx context.Context, secret, stage string) (Viewer, error) {
	_, a, err := k.halfway(ctx, secret, stage)
	if err != nil {
		return Viewer{}, err
	}
	return viewerOf(&a), nil
}

// SecondTOTP finishes a sign-in with a one-time code.
func (k *Keeper) SecondTOTP(ctx context.Context, secret, code string) (Entry, error) {
	return k.second(ctx, secret, ByTOTP, func(a *model.Account) error { return k.useTOTP(a, code) })
}

// SecondRecovery finishes a sign-in with a recovery code, which is used up by that.
func (k *Keeper) SecondRecovery(ctx context.Context, secret, code string) (Entry, error) {
	return k.second(ctx, secret, ByRecovery, func(a *model.Account) error { return useRecovery(a, code) })
}

// second counts the try, lets use judge the code in a transaction, and finishes the sign-in.
func (k *Keeper) second(ctx context.Context, secret, method string, use func(a *model.Account) error) (Entry, error) {
	_, a, err := k.halfway(ctx, secret, StageSecond)
	if err != nil {
		return Entry{}, err
	}
	right, err := k.tries(ctx, a.Login)
	if err != nil {
		return Entry{}, err
	}
	if err := k.Store.ChangeAccount(ctx, a.ID, use); err != nil {
		k.noteAs(ctx, &a, "sign_in.code_failed")
		return Entry{}, err
	}
	if err := right(); err != nil {
		return Entry{}, err
	}
	return k.begin(ctx, &a, secret, StageFull, method)
}

// Enrolled finishes a sign-in that had to wait until a second factor was set up.
func (k *Keeper) Enrolled(ctx context.Context, secret string) (Entry, error) {
	_, a, err := k.halfway(ctx, secret, StageEnrol)
	if err != nil {
		return Entry{}, err
	}
	if !a.SecondFactor() {
		return Entry{}, refuse(CodeNeeded)
	}
	method := ByPasskey
	if a.TOTP != nil {
		method = ByTOTP
	}
	return k.begin(ctx, &a, secret, StageFull, method)
}

// linkTime is how long a sign-in link may be used.
const linkTime = 10 * time.Minute

// Link makes a link with which the account can be entered once, within ten minutes, without password and second factor. It is
// for the machine's console: whoever can run commands there has the data anyway. A link made before is void.
func (k *Keeper) Link(ctx context.Context, login string) (secret string, until time.Time, err error) {
	a, err := k.Store.AccountByLogin(ctx, Fold(login))
	if err == nil && a.Disabled {
		err = model.ErrNotFound
	}
	if err != nil {
		return "", until, err
	}
	if err := k.Store.RemoveKeys(ctx, model.LinkKey, a.ID, ""); err != nil {
		return "", until, err
	}
	now := k.Now().UTC()
	secret, until = newSecret(), now.Add(linkTime)
	err = k.Store.SaveKey(ctx, model.Key{Digest: digestOf(secret), Kind: model.LinkKey, ID: newID("lnk"), Account: a.ID, Made: now, Until: until})
	if err == nil {
		k.note(ctx, "account.link", a.Login)
	}
	return secret, until, err
}

// UseLink begins a full session for the one a link was made for. It works once.
func (k *Keeper) UseLink(ctx context.Context, secret string) (Entry, error) {
	if secret == "" || len(secret) > maxSecret {
		return Entry{}, refuse(CodeLink)
	}
	key, a, err := k.Store.Key(ctx, digestOf(secret))
	if errors.Is(err, model.ErrNotFound) || err == nil && (key.Kind != model.LinkKey || a.Disabled || !k.Now().Before(key.Until)) {
		return Entry{}, refuse(CodeLink)
	}
	if err != nil {
		return Entry{}, err
	}
	e, err := k.begin(ctx, &a, secret, StageFull, ByLink)
	var lost *Error
	if errors.As(err, &lost) { // somebody else used it in the meantime
		return Entry{}, refuse(CodeLink)
	}
	return e, err
}
