package auth

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/mimawari/mimawari/internal/model"
)

// Site is where the pages are, as the browser sees it: passkeys belong to it.
type Site struct {
	Host   string // name without port
	Origin string // https://name:port
}

// What bounds passkeys.
const (
	mostPasskeys   = 10 // of one account
	ceremonyTime   = 5 * time.Minute
	mostCeremonies = 500
)

// ceremony is a challenge that waits for its answer. It lives in memory: a restart only means to try again.
type ceremony struct {
	data    webauthn.SessionData
	account string // "" where the passkey says who it is
	until   time.Time
}

type ceremonies struct {
	mu   sync.Mutex
	open map[string]ceremony
}

// put keeps c and gives the ticket for it. The oldest goes when there are too many.
func (s *ceremonies) put(c ceremony, now time.Time) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open = map[string]ceremony{}
	}
	oldest := ""
	for t, x := range s.open {
		if now.After(x.until) {
			delete(s.open, t)
		} else if oldest == "" || x.until.Before(s.open[oldest].until) {
			oldest = t
		}
	}
	if len(s.open) >= mostCeremonies {
		delete(s.open, oldest)
	}
	t := newSecret()
	s.open[t] = c
	return t
}

// take gives what the ticket stands for, once.
func (s *ceremonies) take(ticket string, now time.Time) (ceremony, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.open[ticket]
	delete(s.open, ticket)
	return c, ok && now.Before(c.until)
}

// party is our side for one site. Browsers allow passkeys for names only, not for addresses.
func party(s Site) (*webauthn.WebAuthn, error) {
	if _, err := netip.ParseAddr(strings.Trim(s.Host, "[]")); err == nil || s.Host == "" {
		return nil, refuse(CodePasskeyPlace)
	}
	w, err := webauthn.New(&webauthn.Config{RPID: s.Host, RPDisplayName: "Mimawari", RPOrigins: []string{s.Origin}})
	if err != nil {
		return nil, refuse(CodePasskeyPlace)
	}
	return w, nil
}

// owner is an account as the WebAuthn library wants it, with its passkeys for one site.
type owner struct {
	a    *model.Account
	site string
}

func (o owner) WebAuthnID() []byte          { return []byte(o.a.ID) }
func (o owner) WebAuthnName() string        { return o.a.Login }
func (o owner) WebAuthnDisplayName() string { return o.a.Name }

func (o owner) WebAuthnCredentials() []webauthn.Credential {
	var out []webauthn.Credential
	for _, p := range o.a.Passkeys {
		var c webauthn.Credential
		if p.Site == o.site && json.Unmarshal(p.State, &c) == nil {
			out = append(out, c)
		}
	}
	return out
}

// BeginPasskey starts making a passkey for an account: options go to the browser, and ticket comes back with its answer.
func (k *Keeper) BeginPasskey(ctx context.Context, account string, s Site) (options []byte, ticket string, err error) {
	w, err := party(s)
	if err != nil {
		return nil, "", err
	}
	a, err := k.Store.Account(ctx, account)
	if err != nil {
		return nil, "", err
	}
	if len(a.Passkeys) >= mostPasskeys {
		return nil, "", refuse(CodeFull, "n", strconv.Itoa(mostPasskeys))
	}
	o := owner{&a, s.Host}
	have := webauthn.Credentials(o.WebAuthnCredentials()).CredentialDescriptors()
	creation, data, err := w.BeginRegistration(o, webauthn.WithExclusions(have),
		webauthn.WithAuthenticatorSelection(protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementPreferred, UserVerification: protocol.VerificationPreferred,
		}))
	if err != nil {
		return nil, "", err
	}
	return k.offer(creation, *data, account)
}

func (k *Keeper) offer(options any, data webauthn.SessionData, account string) ([]byte, string, error) {
	b, err := json.Marshal(options)
	now := k.Now()
	return b, k.ceremonies.put(ceremony{data, account, now.Add(ceremonyTime)}, now), err
}

// FinishPasskey keeps the passkey that the browser made. Recovery codes come with the first second factor.
func (k *Keeper) FinishPasskey(ctx context.Context, account, ticket, name string, s Site, answer []byte) (recovery []string, err error) {
	w, err := party(s)
	if err != nil {
		return nil, err
	}
	c, ok := k.ceremonies.take(ticket, k.Now())
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil || !ok || c.account != account {
		return nil, refuse(CodePasskey)
	}
	var login string
	err = k.Store.ChangeAccount(ctx, account, func(a *model.Account) error {
		cred, err := w.CreateCredential(owner{a, s.Host}, c.data, parsed)
		if err != nil {
			return refuse(CodePasskey)
		}
		if len(a.Passkeys) >= mostPasskeys {
			return refuse(CodeFull, "n", strconv.Itoa(mostPasskeys))
		}
		state, err := json.Marshal(cred)
		if err != nil {
			return err
		}
		if name = model.Clean(name); name == "" || len(name) > maxName {
			name = s.Host
		}
		id := base64.RawURLEncoding.EncodeToString(cred.ID)
		a.Passkeys = append(a.Passkeys, model.Passkey{ID: id, Name: name, Site: s.Host, Made: k.Now().UTC(), State: state})
		recovery, login = firstRecovery(a), a.Login
		return nil
	})
	if err == nil {
		k.note(ctx, "factor.passkey", login, "name", name)
	}
	return recovery, err
}

// RemovePasskey takes a passkey off an account. An administrator keeps one second factor at least.
func (k *Keeper) RemovePasskey(ctx context.Context, account, id string) error {
	return k.dropFactor(ctx, account, "factor.passkey_off", func(a *model.Account) bool {
		n := len(a.Passkeys)
		a.Passkeys = slices.DeleteFunc(slices.Clone(a.Passkeys), func(p model.Passkey) bool { return p.ID == id })
		return len(a.Passkeys) < n
	})
}

// BeginPasskeySignIn asks for a passkey: after a right password (secret of the session) for one of the account, else, with
// secret "", for any that says itself who it is, with the finger or PIN that makes it two factors in one.
func (k *Keeper) BeginPasskeySignIn(ctx context.Context, secret string, s Site) (options []byte, ticket string, err error) {
	w, err := party(s)
	if err != nil {
		return nil, "", err
	}
	if secret == "" {
		assertion, data, err := w.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
		if err != nil {
			return nil, "", err
		}
		return k.offer(assertion, *data, "")
	}
	_, a, err := k.halfway(ctx, secret, StageSecond)
	if err != nil {
		return nil, "", err
	}
	o := owner{&a, s.Host}
	if len(o.WebAuthnCredentials()) == 0 {
		return nil, "", refuse(CodePasskey)
	}
	assertion, data, err := w.BeginLogin(o, webauthn.WithUserVerification(protocol.VerificationPreferred))
	if err != nil {
		return nil, "", err
	}
	return k.offer(assertion, *data, a.ID)
}

// FinishPasskeySignIn takes the browser's answer and finishes the sign-in.
func (k *Keeper) FinishPasskeySignIn(ctx context.Context, secret, ticket string, s Site, answer []byte) (Entry, error) {
	w, err := party(s)
	if err != nil {
		return Entry{}, err
	}
	// A passkey can't be guessed: only the source is counted, so that nobody can lock the owner out.
	right, err := k.try(ctx, sourceName(ClientOf(ctx).Addr), perSource)
	if err != nil {
		return Entry{}, err
	}
	c, ok := k.ceremonies.take(ticket, k.Now())
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil || !ok || (c.account == "") != (secret == "") {
		return Entry{}, refuse(CodePasskey)
	}
	a, err := k.passkeyAccount(ctx, secret, c, parsed)
	if err != nil {
		return Entry{}, err
	}
	if err := k.Store.ChangeAccount(ctx, a.ID, func(a *model.Account) error { return k.usePasskey(w, a, s.Host, c, parsed) }); err != nil {
		k.noteAs(ctx, &a, "sign_in.passkey_failed")
		return Entry{}, err
	}
	if err := right(); err != nil {
		return Entry{}, err
	}
	return k.begin(ctx, &a, secret, StageFull, ByPasskey)
}

// passkeyAccount gives whose passkey is asked for: the one who waits for the second factor, or the one that the passkey names.
func (k *Keeper) passkeyAccount(ctx context.Context, secret string, c ceremony, p *protocol.ParsedCredentialAssertionData) (a model.Account, err error) {
	if secret != "" {
		_, a, err = k.halfway(ctx, secret, StageSecond)
		if err == nil && a.ID != c.account {
			err = refuse(CodePasskey)
		}
		return a, err
	}
	a, err = k.Store.Account(ctx, string(p.Response.UserHandle))
	if errors.Is(err, model.ErrNotFound) || err == nil && a.Disabled {
		err = refuse(CodePasskey)
	}
	return a, err
}

// usePasskey judges the answer and keeps the new state of the passkey. A counter that did not rise means a copied passkey.
func (k *Keeper) usePasskey(w *webauthn.WebAuthn, a *model.Account, site string, c ceremony, p *protocol.ParsedCredentialAssertionData) error {
	o := owner{a, site}
	var cred *webauthn.Credential
	var err error
	if c.account == "" {
		cred, err = w.ValidateDiscoverableLogin(func(_, handle []byte) (webauthn.User, error) {
			if !bytes.Equal(handle, o.WebAuthnID()) {
				return nil, errors.New("another account")
			}
			return o, nil
		}, c.data, p)
	} else {
		cred, err = w.ValidateLogin(o, c.data, p)
	}
	if err != nil || cred.Authenticator.CloneWarning {
		return refuse(CodePasskey)
	}
	state, err := json.Marshal(cred)
	if err != nil {
		return err
	}
	id := base64.RawURLEncoding.EncodeToString(cred.ID)
	a.Passkeys = slices.Clone(a.Passkeys)
	for i := range a.Passkeys {
		if a.Passkeys[i].ID == id {
			a.Passkeys[i].State, a.Passkeys[i].Last = state, k.Now().UTC()
		}
	}
	return nil
}
