package auth

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// What bounds a token.
const (
	MaxTokenDays = 730
	mostTokens   = 50 // of one account
)

// NewToken is a token to be made.
type NewToken struct {
	Name   string // what it is for
	Scopes []Permission
	Days   int
}

// Token is a token as it is shown: without its secret.
type Token struct {
	ID      string       `json:"id"`
	Account string       `json:"account"`
	Name    string       `json:"name"`
	Scopes  []Permission `json:"scopes"`
	Made    time.Time    `json:"made"`
	Until   time.Time    `json:"until"`
	Seen    time.Time    `json:"seen,omitzero"`
	Expired bool         `json:"expired"`
}

// CreateToken makes a token for an account. Its scopes are at most what the account's role may. The secret is given once.
func (k *Keeper) CreateToken(ctx context.Context, account string, n NewToken) (Token, string, error) {
	a, err := k.Store.Account(ctx, account)
	if err != nil {
		return Token{}, "", err
	}
	if n.Name = model.Clean(n.Name); n.Name == "" || len(n.Name) > maxName {
		return Token{}, "", refuse(CodeName)
	}
	if n.Days < 1 || n.Days > MaxTokenDays {
		return Token{}, "", refuse(CodeExpiry, "days", strconv.Itoa(MaxTokenDays))
	}
	scopes, err := scopesWithin(Role(a.Role), n.Scopes)
	if err != nil {
		return Token{}, "", err
	}
	there, err := k.Store.Keys(ctx, model.TokenKey, account)
	if err != nil {
		return Token{}, "", err
	}
	if len(there) >= mostTokens {
		return Token{}, "", refuse(CodeFull, "n", strconv.Itoa(mostTokens))
	}
	now, secret := k.Now().UTC(), TokenPrefix+newSecret()
	key := model.Key{
		Digest: digestOf(secret), Kind: model.TokenKey, ID: newID("tok"), Account: account, Made: now,
		Until: now.AddDate(0, 0, n.Days), Name: n.Name, Scopes: scopes,
	}
	if err := k.Store.SaveKey(ctx, key); err != nil {
		return Token{}, "", err
	}
	k.note(ctx, "token.create", key.ID, "name", n.Name, "scopes", strings.Join(scopes, " "), "owner", a.Login)
	return k.token(key), secret, nil
}

func scopesWithin(r Role, scopes []Permission) (out []string, err error) {
	for _, p := range Permissions { // in this order, each once
		if slices.Contains(scopes, p) {
			out = append(out, string(p))
		}
	}
	for _, p := range scopes {
		if !slices.Contains(Permissions, p) || !r.May(p) {
			return nil, refuse(CodeScope, "scope", model.Clean(string(p)))
		}
	}
	if len(out) == 0 {
		return nil, refuse(CodeScope, "scope", "-")
	}
	return out, nil
}

func (k *Keeper) token(x model.Key) Token {
	t := Token{ID: x.ID, Account: x.Account, Name: x.Name, Made: x.Made, Until: x.Until, Seen: x.Seen, Expired: !k.Now().Before(x.Until)}
	for _, s := range x.Scopes {
		t.Scopes = append(t.Scopes, Permission(s))
	}
	return t
}

// Tokens gives the tokens of an account, or of all ("").
func (k *Keeper) Tokens(ctx context.Context, account string) ([]Token, error) {
	keys, err := k.Store.Keys(ctx, model.TokenKey, account)
	out := make([]Token, len(keys))
	for i, x := range keys {
		out[i] = k.token(x)
	}
	slices.SortFunc(out, func(a, b Token) int { return b.Made.Compare(a.Made) })
	return out, err
}

// RevokeToken ends a token, which belongs to account unless that is "".
func (k *Keeper) RevokeToken(ctx context.Context, account, id string) error {
	if err := k.Store.RemoveKey(ctx, model.TokenKey, id, account); err != nil {
		return err
	}
	k.note(ctx, "token.revoke", id)
	return nil
}

// Bearer gives the viewer that a token stands for; CodeSignInAgain if it stands for nothing.
func (k *Keeper) Bearer(ctx context.Context, secret string) (Viewer, error) {
	if !strings.HasPrefix(secret, TokenPrefix) || len(secret) > maxSecret {
		return Viewer{}, refuse(CodeSignInAgain)
	}
	key, a, err := k.Store.Key(ctx, digestOf(secret))
	now := k.Now().UTC()
	if errors.Is(err, model.ErrNotFound) || err == nil && (key.Kind != model.TokenKey || a.Disabled || !now.Before(key.Until)) {
		return Viewer{}, refuse(CodeSignInAgain)
	}
	if err != nil {
		return Viewer{}, err
	}
	if now.Sub(key.Seen) >= touchEvery {
		if err := k.Store.TouchKey(ctx, key.Digest, now); err != nil && !errors.Is(err, model.ErrNotFound) {
			return Viewer{}, err
		}
	}
	v := viewerOf(&a)
	v.Token, v.Scopes = key.ID, k.token(key).Scopes
	return v, nil
}
