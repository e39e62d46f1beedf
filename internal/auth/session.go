package auth

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// The stages of a session.
const (
	StageFull   = "full"   // all is proved
	StageSecond = "second" // the password was right, the second factor is asked for
	StageEnrol  = "enrol"  // the second factor must be set up first
)

// The methods by which people prove who they are.
const (
	ByPassword  = "password"
	ByTOTP      = "totp"
	ByPasskey   = "passkey"
	ByRecovery  = "recovery"
	ByLink      = "link"
	ByDirectory = "directory"
	BySetUp     = "set_up"
)

const (
	halfwayTime = 10 * time.Minute // for a session that is not full
	touchEvery  = time.Minute      // last use is kept to this
	mostOpen    = 20               // sessions of one person
)

// Entry is a session just begun. Secret is for the client's cookie and is given once.
type Entry struct {
	Secret string
	Stage  string
	Until  time.Time
	Login  string
}

// Session is somebody's session as it is shown.
type Session struct {
	ID     string
	Stage  string
	Made   time.Time
	Seen   time.Time
	Until  time.Time
	Source string
	Agent  string
	Method string
}

// begin starts a session for a in the place of the one with secret old, if there is one: the identifier changes with every
// step of the sign-in, so that one known before is worth nothing after.
func (k *Keeper) begin(ctx context.Context, a *model.Account, old, stage, method string) (Entry, error) {
	now, c, secret := k.Now().UTC(), ClientOf(ctx), newSecret()
	until := now.Add(k.Limits.Absolute)
	if stage != StageFull {
		until = now.Add(halfwayTime)
	}
	key := model.Key{
		Digest: digestOf(secret), Kind: model.SessionKey, ID: newID("ses"), Account: a.ID, Made: now, Seen: now, Until: until,
		Source: c.Addr.String(), Agent: model.Clean(c.Agent), Stage: stage, Method: method,
	}
	if err := k.put(ctx, old, key); err != nil {
		return Entry{}, err
	}
	if stage == StageFull {
		if err := k.arrived(ctx, a, key); err != nil {
			return Entry{}, err
		}
	}
	return Entry{Secret: secret, Stage: stage, Until: until, Login: a.Login}, nil
}

func (k *Keeper) put(ctx context.Context, old string, key model.Key) error {
	if old == "" {
		return k.Store.SaveKey(ctx, key)
	}
	err := k.Store.SwapKey(ctx, digestOf(old), key)
	if errors.Is(err, model.ErrNotFound) {
		return refuse(CodeSignInAgain)
	}
	return err
}

// arrived notes a finished sign-in, and ends the oldest sessions of somebody who has too many.
func (k *Keeper) arrived(ctx context.Context, a *model.Account, key model.Key) error {
	if err := k.forgive(ctx, a.Login); err != nil {
		return err
	}
	if err := k.Store.ChangeAccount(ctx, a.ID, func(a *model.Account) error { a.Last = key.Made; return nil }); err != nil {
		return err
	}
	open, err := k.Store.Keys(ctx, model.SessionKey, a.ID)
	if err != nil {
		return err
	}
	slices.SortFunc(open, func(x, y model.Key) int { return y.Made.Compare(x.Made) })
	for _, s := range open[min(len(open), mostOpen):] {
		if err := k.Store.RemoveKey(ctx, model.SessionKey, s.ID, a.ID); err != nil && !errors.Is(err, model.ErrNotFound) {
			return err
		}
	}
	k.noteAs(ctx, a, "sign_in", "method", key.Method)
	return nil
}

// session gives the live session that secret stands for, with its account. Anything else is CodeSignInAgain.
func (k *Keeper) session(ctx context.Context, secret string) (model.Key, model.Account, error) {
	if secret == "" || len(secret) > maxSecret {
		return model.Key{}, model.Account{}, refuse(CodeSignInAgain)
	}
	key, a, err := k.Store.Key(ctx, digestOf(secret))
	if errors.Is(err, model.ErrNotFound) || err == nil && !k.live(key, a) {
		return model.Key{}, model.Account{}, refuse(CodeSignInAgain)
	}
	return key, a, err
}

func (k *Keeper) live(key model.Key, a model.Account) bool {
	now := k.Now()
	return key.Kind == model.SessionKey && !a.Disabled && now.Before(key.Until) && now.Sub(key.Seen) < k.Limits.Idle
}

// Look gives who a session belongs to and how far its sign-in is. Only a full session has a viewer; a secret that stands for
// nothing gives nobody and no error.
func (k *Keeper) Look(ctx context.Context, secret string) (Viewer, string, error) {
	key, a, err := k.session(ctx, secret)
	var e *Error
	if errors.As(err, &e) {
		return Viewer{}, "", nil
	}
	if err != nil {
		return Viewer{}, "", err
	}
	if key.Stage != StageFull {
		return Viewer{}, key.Stage, nil
	}
	if now := k.Now().UTC(); now.Sub(key.Seen) >= touchEvery {
		if err := k.Store.TouchKey(ctx, key.Digest, now); err != nil && !errors.Is(err, model.ErrNotFound) {
			return Viewer{}, "", err
		}
	}
	v := viewerOf(&a)
	v.Session = key.ID
	return v, StageFull, nil
}

// SignOut ends the session that secret stands for.
func (k *Keeper) SignOut(ctx context.Context, secret string) error {
	key, a, err := k.session(ctx, secret)
	var e *Error
	if errors.As(err, &e) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := k.Store.SwapKey(ctx, key.Digest, model.Key{}); err != nil && !errors.Is(err, model.ErrNotFound) {
		return err
	}
	k.noteAs(ctx, &a, "sign_out")
	return nil
}

// Sessions gives the live sessions of an account, the last used first.
func (k *Keeper) Sessions(ctx context.Context, account string) ([]Session, error) {
	a, err := k.Store.Account(ctx, account)
	if err != nil {
		return nil, err
	}
	keys, err := k.Store.Keys(ctx, model.SessionKey, account)
	if err != nil {
		return nil, err
	}
	var out []Session
	for _, s := range keys {
		if k.live(s, a) {
			out = append(out, Session{s.ID, s.Stage, s.Made, s.Seen, s.Until, s.Source, s.Agent, s.Method})
		}
	}
	slices.SortFunc(out, func(a, b Session) int {
		if c := b.Seen.Compare(a.Seen); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return out, nil
}

// EndSession ends one session of an account.
func (k *Keeper) EndSession(ctx context.Context, account, id string) error {
	if err := k.Store.RemoveKey(ctx, model.SessionKey, id, account); err != nil {
		return err
	}
	k.note(ctx, "session.end", id)
	return nil
}

// EndSessions ends the sessions of an account but the one with the id except.
func (k *Keeper) EndSessions(ctx context.Context, account, except string) error {
	if err := k.Store.RemoveKeys(ctx, model.SessionKey, account, except); err != nil {
		return err
	}
	k.note(ctx, "session.end_all", account)
	return nil
}

// Tidy removes what has expired. To be called now and then.
func (k *Keeper) Tidy(ctx context.Context) error {
	now := k.Now().UTC()
	return k.Store.PurgeAccess(ctx, now, now.Add(-perAccount.forget))
}
