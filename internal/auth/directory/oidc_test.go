package directory_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/auth/directory"
	"github.com/mimawari/mimawari/internal/auth/directory/idptest"
	"github.com/mimawari/mimawari/internal/model"
)

const origin = "http://127.0.0.1:8420"

// visit goes to the provider and gives what comes back from there.
func visit(t *testing.T, d *directory.Desk) (ticket, state, code string) {
	t.Helper()
	to, ticket, err := d.Begin(t.Context(), origin, "/hosts?q=a")
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, to, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	back, err := url.Parse(res.Header.Get("Location"))
	if err != nil || !strings.HasPrefix(back.String(), origin+directory.BackPath+"?") {
		t.Fatalf("%s: back to %q: %v", res.Status, back, err)
	}
	return ticket, back.Query().Get("state"), back.Query().Get("code")
}

func TestSignInByOIDC(t *testing.T) {
	p := idptest.Start(t)
	d, m, reported := desk(t)
	if _, _, err := d.Begin(t.Context(), origin, "/"); !errors.Is(err, model.ErrNotFound) {
		t.Fatalf("while off: %v", err)
	}
	save(t, d, p.Draft())
	if strings.Contains(m.m["directory.oidc"], idptest.Secret) {
		t.Fatal("the secret is kept as it is")
	}
	for what, x := range map[string]struct {
		claims map[string]any
		want   auth.Known
	}{
		"first fitting group": {map[string]any{"preferred_username": "sato", "name": "佐藤", "groups": []string{"x", "mimawari-staff", "mimawari-admins"}}, auth.Known{Login: "sato", Name: "佐藤", Role: auth.Administrator}},
		"group as one text":   {map[string]any{"preferred_username": "sato", "groups": "mimawari-staff", "amr": []string{"pwd", "otp"}}, auth.Known{Login: "sato", Role: auth.Operator, Strong: true}},
		"password only":       {map[string]any{"preferred_username": "sato", "groups": "mimawari-staff", "amr": []string{"pwd"}}, auth.Known{Login: "sato", Role: auth.Operator}},
		"verified mail":       {map[string]any{"email": "sato@hospital.example", "email_verified": true, "groups": "Mimawari-staff"}, auth.Known{Login: "sato@hospital.example"}},
		"no groups":           {map[string]any{"preferred_username": "sato", "groups": 7}, auth.Known{Login: "sato"}},
	} {
		p.Claims = x.claims
		ticket, state, code := visit(t, d)
		who, next, err := d.Finish(t.Context(), origin, ticket, state, code)
		x.want.Origin, x.want.Subject = "oidc", p.URL+" u-1"
		if err != nil || who != x.want || next != "/hosts?q=a" {
			t.Errorf("%s: %+v, %q, %v %v", what, who, next, err, *reported)
		}
	}
}

// Tokens that are not for this sign-in are refused; what exactly was wrong is told to the log only.
func TestBadTokens(t *testing.T) {
	p := idptest.Start(t)
	d, _, reported := desk(t)
	save(t, d, p.Draft())
	good := map[string]any{"preferred_username": "sato", "groups": "mimawari-admins"}
	with := func(k string, v any) map[string]any {
		return map[string]any{"preferred_username": "sato", "groups": "mimawari-admins", k: v}
	}
	for what, x := range map[string]struct {
		claims      map[string]any
		forge, none bool
		say         string
	}{
		"wrong nonce":     {with("nonce", "other"), false, false, "nonce"},
		"no nonce":        {with("nonce", nil), false, false, "nonce"},
		"wrong audience":  {with("aud", "another"), false, false, "audience"},
		"expired":         {with("exp", time.Now().Add(-time.Hour).Unix()), false, false, "expired"},
		"wrong issuer":    {with("iss", "https://evil.example"), false, false, "different provider"},
		"another's key":   {good, true, false, "signature"},
		"not signed":      {good, false, true, "token"},
		"no login":        {map[string]any{"groups": "mimawari-admins"}, false, false, directory.CodeLogin},
		"unverified mail": {map[string]any{"email": "sato@hospital.example", "groups": "mimawari-admins"}, false, false, directory.CodeLogin},
		"no subject":      {with("sub", ""), false, false, directory.CodeLogin},
	} {
		*reported = nil
		p.Claims, p.Forge, p.None = x.claims, x.forge, x.none
		ticket, state, code := visit(t, d)
		who, _, err := d.Finish(t.Context(), origin, ticket, state, code)
		var told *auth.Error
		if !errors.As(err, &told) || told.Code != auth.CodeDirectory || who.Subject != "" || len(*reported) != 1 || !strings.Contains((*reported)[0], x.say) {
			t.Errorf("%s: %+v, %v, %v", what, who, err, *reported)
		}
	}
}

// What the browser brings back works once, for ten minutes, for the browser that left, and is nobody else's.
func TestStates(t *testing.T) {
	p := idptest.Start(t)
	d, _, reported := desk(t)
	save(t, d, p.Draft())
	p.Claims = map[string]any{"preferred_username": "sato", "groups": "mimawari-admins"}
	refused := func(what, ticket, state, code string) {
		t.Helper()
		_, _, err := d.Finish(t.Context(), origin, ticket, state, code)
		var told *auth.Error
		if !errors.As(err, &told) || told.Code != auth.CodeSignInAgain {
			t.Errorf("%s: %v", what, err)
		}
	}
	ticket, state, code := visit(t, d)
	other, otherState, otherCode := visit(t, d)
	refused("no ticket", "", state, code)
	refused("another's ticket", other, state, code)
	refused("another's state", ticket, otherState, otherCode)
	refused("no state", ticket, "", code)
	refused("changed ticket", ticket[:len(ticket)-1]+"A", state+"x", code)
	refused("huge ticket", strings.Repeat("s1.", 5000), state, code)
	now := d.Now
	d.Now = func() time.Time { return now().Add(11 * time.Minute) }
	refused("too late", ticket, state, code)
	d.Now = now
	if _, _, err := d.Finish(t.Context(), origin, ticket, state, code); err != nil {
		t.Fatalf("the right one: %v %v", err, *reported)
	}
	refused("replayed", ticket, state, code)
	refused("replayed with a fresh code", ticket, state, otherCode)
	// Another browser's code under one's own state: the proof of PKCE does not fit.
	ticket, state, _ = visit(t, d)
	*reported = nil
	if _, _, err := d.Finish(t.Context(), origin, ticket, state, otherCode); err == nil || len(*reported) != 1 || !strings.Contains((*reported)[0], "invalid_grant") {
		t.Errorf("a code that was slipped in: %v %v", err, *reported)
	}
}

func TestTryOIDC(t *testing.T) {
	p := idptest.Start(t)
	d, _, _ := desk(t)
	if _, err := d.Try(t.Context(), p.Draft(), ""); err != nil {
		t.Fatal(err)
	}
	describe := func(change func(url string, m map[string]string)) string {
		var srv *httptest.Server
		srv = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			m := map[string]string{"issuer": srv.URL, "authorization_endpoint": srv.URL, "token_endpoint": srv.URL, "jwks_uri": srv.URL}
			change(srv.URL, m)
			var pairs []string
			for k, v := range m {
				pairs = append(pairs, `"`+k+`":"`+v+`"`)
			}
			_, _ = w.Write([]byte("{" + strings.Join(pairs, ",") + "}"))
		}))
		t.Cleanup(srv.Close)
		return srv.URL
	}
	moved := httptest.NewServer(http.RedirectHandler(p.URL, http.StatusFound))
	t.Cleanup(moved.Close)
	for what, x := range map[string]struct {
		change func(x *directory.Draft)
		code   string
	}{
		"not encrypted":         {func(x *directory.Draft) { x.URL = "http://idp.hospital.example" }, directory.CodeURL},
		"no address":            {func(x *directory.Draft) { x.URL = "idp" }, directory.CodeURL},
		"with a query":          {func(x *directory.Draft) { x.URL += "/?a=b" }, directory.CodeURL},
		"no claim":              {func(x *directory.Draft) { x.Claim = "" }, directory.CodeGroups},
		"no client":             {func(x *directory.Draft) { x.User = "" }, directory.CodeUser},
		"nobody there":          {func(x *directory.Draft) { x.URL = "https://127.0.0.1:1" }, directory.CodeIssuer},
		"issuer not as it says": {func(x *directory.Draft) { x.URL += "/" }, directory.CodeIssuer},
		"redirects":             {func(x *directory.Draft) { x.URL = moved.URL }, directory.CodeIssuer},
		"sends people in the clear": {func(x *directory.Draft) {
			x.URL = describe(func(_ string, m map[string]string) { m["authorization_endpoint"] = "http://evil.example/" })
		}, directory.CodeIssuer},
		"takes secrets in the clear": {func(x *directory.Draft) {
			x.URL = describe(func(_ string, m map[string]string) { m["token_endpoint"] = "http://evil.example/" })
		}, directory.CodeIssuer},
		"script as address": {func(x *directory.Draft) {
			x.URL = describe(func(_ string, m map[string]string) { m["authorization_endpoint"] = "javascript:alert(1)" })
		}, directory.CodeIssuer},
		"no keys": {func(x *directory.Draft) { x.URL = describe(func(string, map[string]string) {}) }, directory.CodeIssuer},
	} {
		y := p.Draft()
		x.change(&y)
		_, err := d.Try(t.Context(), y, "")
		wants(t, what, err, x.code)
	}
}
