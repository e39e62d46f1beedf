package directory

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/model"
)

// BackPath is where the provider sends people back to; it must be registered there.
const BackPath = "/signin/oidc/back"

// maxReply bounds what a provider may answer.
const maxReply = 1 << 20

func checkOIDC(s Settings) error {
	if !safeURL(s.URL) {
		return fail(CodeURL, nil)
	}
	if s.Claim == "" {
		return fail(CodeGroups, nil)
	}
	return nil
}

// safeURL reports whether s is encrypted, or on this machine itself.
func safeURL(s string) bool {
	u, ok := bare(s, true)
	return ok && (u.Scheme == "https" || u.Scheme == "http" && near(u.Hostname()))
}

// careful asks providers: encrypted, following no redirects, and not more than maxReply.
type careful struct{ via http.RoundTripper }

var errUnsafe = errors.New("the address is neither https nor on this machine")

// RoundTrip is http.RoundTripper.
func (c careful) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" && !near(r.URL.Hostname()) {
		return nil, errUnsafe
	}
	res, err := c.via.RoundTrip(r)
	if err == nil {
		res.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(res.Body, maxReply), res.Body}
	}
	return res, err
}

// asking gives a context with the HTTP client that asks the provider.
func asking(ctx context.Context, s Settings) context.Context {
	t := &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: dialTime, ResponseHeaderTimeout: askTime, DisableKeepAlives: true,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots(s.CA)},
	}
	return oidc.ClientContext(ctx, &http.Client{
		Transport: careful{t}, Timeout: askTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	})
}

// described is a provider with the address of its keys.
type described struct {
	*oidc.Provider
	keys string
}

// provider reads the provider's description of itself.
func provider(ctx context.Context, s Settings) (p described, err error) {
	if p.Provider, err = oidc.NewProvider(ctx, s.URL); err != nil {
		return p, fail(CodeIssuer, err)
	}
	var more struct {
		Keys string `json:"jwks_uri"`
	}
	if err := p.Claims(&more); err != nil {
		return p, fail(CodeIssuer, err)
	}
	p.keys = more.Keys
	e := p.Endpoint()
	for _, at := range []string{e.AuthURL, e.TokenURL, p.keys} {
		u, err := url.Parse(at)
		if err != nil || u.Scheme != "https" && (u.Scheme != "http" || !near(u.Hostname())) {
			return p, fail(CodeIssuer, errUnsafe)
		}
	}
	return p, nil
}

// tryOIDC reads the description and the keys. Whether the secret is right shows at the first sign-in only.
func tryOIDC(ctx context.Context, s Settings) error {
	ctx = asking(ctx, s)
	p, err := provider(ctx, s)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.keys, nil)
	if err != nil {
		return fail(CodeIssuer, err)
	}
	client, _ := ctx.Value(oauth2.HTTPClient).(*http.Client)
	res, err := client.Do(r)
	if err != nil {
		return fail(CodeReach, err)
	}
	defer res.Body.Close()
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.NewDecoder(res.Body).Decode(&set); err != nil || res.StatusCode != http.StatusOK || len(set.Keys) == 0 {
		return fail(CodeIssuer, errors.New(p.keys+": "+res.Status))
	}
	return nil
}

func clientOf(p described, s Settings, secret, origin string) *oauth2.Config {
	return &oauth2.Config{ClientID: s.User, ClientSecret: secret, Endpoint: p.Endpoint(), RedirectURL: origin + BackPath, Scopes: []string{oidc.ScopeOpenID, "profile", "email"}}
}

// Button is the text of the button that leads to the provider ("": a general one), and whether there is to be one.
func (d *Desk) Button(ctx context.Context) (label string, on bool, err error) {
	s, on, err := d.Load(ctx, OIDC)
	return s.Label, on, err
}

// Begin gives where somebody is sent to sign in, and what their browser must keep until it comes back. origin is this server as the
// browser sees it.
func (d *Desk) Begin(ctx context.Context, origin, next string) (to, ticket string, err error) {
	s, on, err := d.Load(ctx, OIDC)
	if err != nil || !on {
		return "", "", d.toldOr(err)
	}
	p, err := provider(asking(ctx, s), s)
	if err != nil {
		return "", "", d.told(err)
	}
	t := newTrip(d.Now(), next)
	to = clientOf(p, s, "", origin).AuthCodeURL(t.State, oauth2.S256ChallengeOption(t.Verifier), oidc.Nonce(t.Nonce))
	ticket, err = d.seal(t)
	return to, ticket, err
}

func (d *Desk) toldOr(err error) error {
	if err == nil {
		return model.ErrNotFound
	}
	return d.told(err)
}

// Finish gives who came back from the provider with state and code, and where they wanted to go. Each ticket works once.
func (d *Desk) Finish(ctx context.Context, origin, ticket, state, code string) (who auth.Known, next string, err error) {
	t, err := d.unseal(ticket, state)
	if err != nil || code == "" {
		return who, "", &auth.Error{Code: auth.CodeSignInAgain}
	}
	s, on, err := d.Load(ctx, OIDC)
	if err != nil || !on {
		return who, "", d.toldOr(err)
	}
	secret, err := d.open(s)
	if err == nil {
		who, err = d.fetch(asking(ctx, s), s, secret, origin, code, t)
	}
	if err != nil {
		return who, "", d.told(err)
	}
	return who, t.Next, nil
}

// fetch trades the code for a token, checks the token, and reads who it is for.
func (d *Desk) fetch(ctx context.Context, s Settings, secret, origin, code string, t trip) (auth.Known, error) {
	p, err := provider(ctx, s)
	if err != nil {
		return auth.Known{}, err
	}
	got, err := clientOf(p, s, secret, origin).Exchange(ctx, code, oauth2.VerifierOption(t.Verifier))
	if err != nil {
		return auth.Known{}, fail(CodeToken, exchangeTrouble(err))
	}
	raw, _ := got.Extra("id_token").(string)
	token, err := p.Verifier(&oidc.Config{ClientID: s.User, Now: d.Now}).Verify(ctx, raw)
	if err != nil {
		return auth.Known{}, fail(CodeToken, err)
	}
	if token.Nonce != t.Nonce {
		return auth.Known{}, fail(CodeToken, errors.New("nonce"))
	}
	return s.known(token)
}

// exchangeTrouble leaves out the provider's reply but for its code: it could have secrets in it.
func exchangeTrouble(err error) error {
	var e *oauth2.RetrieveError
	if errors.As(err, &e) {
		return errors.New(e.Response.Status + " " + e.ErrorCode)
	}
	return err
}

// strong are the methods of RFC 8176 that stand for a second factor.
var strong = []string{"mfa", "otp", "hwk"}

func (s Settings) known(token *oidc.IDToken) (auth.Known, error) {
	var c struct {
		Login    string          `json:"preferred_username"`
		Mail     string          `json:"email"`
		Verified json.RawMessage `json:"email_verified"`
		Name     string          `json:"name"`
		Methods  json.RawMessage `json:"amr"`
	}
	all := map[string]json.RawMessage{}
	if err := errors.Join(token.Claims(&c), token.Claims(&all)); err != nil {
		return auth.Known{}, fail(CodeToken, err)
	}
	login := c.Login
	if login == "" && string(c.Verified) == "true" {
		login = c.Mail
	}
	if login == "" || token.Subject == "" {
		return auth.Known{}, fail(CodeLogin, nil)
	}
	return auth.Known{
		Origin: OIDC, Subject: token.Issuer + " " + token.Subject, Login: login, Name: shortened(model.Clean(c.Name)), Role: s.roleOf(texts(all[s.Claim])),
		Strong: slices.ContainsFunc(texts(c.Methods), func(m string) bool { return slices.Contains(strong, m) }),
	}, nil
}

// texts reads a claim that is a list of texts or one text; anything else is nothing.
func texts(raw json.RawMessage) []string {
	var many []string
	if json.Unmarshal(raw, &many) == nil {
		return many
	}
	var one string
	if json.Unmarshal(raw, &one) == nil {
		return []string{one}
	}
	return nil
}
