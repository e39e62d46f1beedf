// Package webtest signs tests in, as people are: by a link from the console. It is for tests only.
package webtest

import (
	"context"
	"errors"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"testing"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/model"
)

// Account gives the account with this role that tests use, made at the first time; its login is the role.
func Account(t testing.TB, k *auth.Keeper, role auth.Role) model.Account {
	t.Helper()
	a, err := k.Store.AccountByLogin(t.Context(), string(role))
	if errors.Is(err, model.ErrNotFound) {
		a, err = k.Add(t.Context(), auth.NewAccount{Login: string(role), Role: role})
	}
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// Link gives the address that signs somebody with this role in at the server whose address is base.
func Link(t testing.TB, k *auth.Keeper, base string, role auth.Role) string {
	t.Helper()
	secret, _, err := k.Link(t.Context(), Account(t, k, role).Login)
	if err != nil {
		t.Fatal(err)
	}
	return base + "/enter?key=" + secret
}

// SignIn signs client in at base as somebody with this role. The client needs a cookie jar; it gets one if it has none.
func SignIn(t testing.TB, client *http.Client, k *auth.Keeper, base string, role auth.Role) {
	t.Helper()
	if client.Jar == nil {
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		client.Jar = jar
	}
	u, err := url.Parse(Link(t, k, base, role))
	if err != nil {
		t.Fatal(err)
	}
	once := *client
	once.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := once.PostForm(base+"/enter", u.Query())
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusSeeOther {
		t.Fatalf("sign in: %s", res.Status)
	}
}

// Client gives a client that is signed in at base as somebody with this role.
func Client(t testing.TB, k *auth.Keeper, base string, role auth.Role) *http.Client {
	t.Helper()
	c := &http.Client{}
	SignIn(t, c, k, base, role)
	return c
}

// Token gives an API token of somebody with this role.
func Token(t testing.TB, k *auth.Keeper, role auth.Role, scopes ...auth.Permission) string {
	t.Helper()
	_, secret, err := k.CreateToken(context.Background(), Account(t, k, role).ID, auth.NewToken{Name: "test", Scopes: scopes, Days: 1})
	if err != nil {
		t.Fatal(err)
	}
	return secret
}
