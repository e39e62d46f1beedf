package gate_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/auth/directory/idptest"
	"github.com/mimawari/mimawari/internal/auth/directory/slapdtest"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/web/webtest"
)

// People of the directory sign in by the form that everybody uses: with their role there, our second factor, and never as one of our own.
func TestFormWithDirectory(t *testing.T) {
	h := open(t)
	webtest.Account(t, h.door.Keeper, auth.Administrator)
	srv := slapdtest.Start(t)
	if err := h.door.Directory.Save(t.Context(), srv.Draft(srv.Secure)); err != nil {
		t.Fatal(err)
	}
	in := func(login, password string) (int, string, string) {
		h.browser = fresh(t)
		return h.post("/signin", "login", login, "password", password, "next", "/account")
	}
	h.at("/account", "suzuki", "鈴木 一郎", "担当者")(in("suzuki", slapdtest.Password))
	h.at("/account", "suzuki")(in("Suzuki@hospital.example", slapdtest.Password)) // the same person: no second account
	h.at("/signin/enrol", "二つ目の確認")(in("sato", slapdtest.Password))
	h.at("/signin", "グループには")(in("tanaka", slapdtest.Password))
	h.at("/signin", "ユーザー名かパスワードが違います")(in("suzuki", "wrong"))
	h.at("/signin", "ユーザー名かパスワードが違います")(in("suzuki", ""))
	all, err := h.door.Keeper.Store.Accounts(t.Context())
	if err != nil || len(all) != 3 {
		t.Fatalf("%d accounts, %v", len(all), err)
	}
	a, err := h.door.Keeper.Store.AccountByLogin(t.Context(), "suzuki")
	if err != nil {
		t.Fatal(err)
	}
	if err := h.door.Keeper.Disable(t.Context(), a.ID, true); err != nil {
		t.Fatal(err)
	}
	h.at("/signin", "ユーザー名かパスワードが違います")(in("suzuki", slapdtest.Password))
	h.at("/signin", "ユーザー名かパスワードが違います")(in("suzuki@hospital.example", slapdtest.Password))

	c := srv.Administer(t)
	slapdtest.Add(t, c, "uid=own,ou=people,"+slapdtest.Base, "objectClass", "inetOrgPerson", "uid", "own", "cn", "own", "sn", "own", "mail", "other@hospital.example", "userPassword", slapdtest.Password)
	slapdtest.Add(t, c, "cn=more,ou=groups,"+slapdtest.Base, "objectClass", "groupOfNames", "cn", "more", "member", "uid=own,ou=people,"+slapdtest.Base)
	x := srv.Draft(srv.Secure)
	x.Groups = "administrator: cn=more,ou=groups," + slapdtest.Base
	if err := h.door.Directory.Save(t.Context(), x); err != nil {
		t.Fatal(err)
	}
	if _, err := h.door.Keeper.Add(t.Context(), auth.NewAccount{Login: "own", Role: auth.Vendor, Password: "kawa wo wataru neko"}); err != nil {
		t.Fatal(err)
	}
	h.at("/signin", "ユーザー名かパスワードが違います")(in("own", slapdtest.Password)) // the directory is not asked about ours
	h.at("/signin")(in("other@hospital.example", slapdtest.Password))  // nor gets theirs our name
	h.at("/account", "own")(in("own", "kawa wo wataru neko"))
}

// elsewhere signs in by the provider's button.
func (h *house) elsewhere() (int, string, string) {
	h.browser = fresh(h.t)
	return h.get("/signin/oidc?next=/account")
}

func TestProviderButton(t *testing.T) {
	h := open(t)
	webtest.Account(t, h.door.Keeper, auth.Administrator)
	if _, _, body := h.get("/signin"); strings.Contains(body, "/signin/oidc") {
		t.Error("a button that leads nowhere")
	}
	if status, _, _ := h.get("/signin/oidc"); status != http.StatusNotFound {
		t.Errorf("off: %d", status)
	}
	p := idptest.Start(t)
	x := p.Draft()
	x.Label = hostile
	if err := h.door.Directory.Save(t.Context(), x); err != nil {
		t.Fatal(err)
	}
	if body := h.at("/signin", `href="/signin/oidc?next=%2fhosts"`)(h.get("/signin?next=/hosts")); strings.Contains(body, "<script>alert") {
		t.Error("the label is not escaped")
	}
	x.Label = ""
	if err := h.door.Directory.Save(t.Context(), x); err != nil {
		t.Fatal(err)
	}
	h.at("/signin", "施設のアカウントでサインイン")(h.get("/signin"))

	p.Claims = map[string]any{"preferred_username": "Tanaka", "name": "田中", "groups": []string{"mimawari-staff"}}
	h.at("/account", "tanaka", "田中", "担当者")(h.elsewhere())
	p.Claims["groups"] = []string{"mimawari-admins"}
	h.at("/signin/enrol", "二つ目の確認")(h.elsewhere())
	p.Claims["amr"] = []string{"pwd", "mfa"}
	h.at("/account", "管理者")(h.elsewhere())
	p.Claims["groups"] = []string{"others"}
	h.at("/signin/oidc/back", "グループには")(h.elsewhere())
	p.Claims = map[string]any{"sub": "u-2", "preferred_username": "administrator", "groups": []string{"mimawari-admins"}}
	h.at("/signin/oidc/back", "administrator")(h.elsewhere()) // one of our own accounts is not taken over
	if a, err := h.door.Keeper.Store.AccountByLogin(t.Context(), "administrator"); err != nil || a.Origin != "" || a.Subject != "" {
		t.Errorf("%+v %v", a, err)
	}
	es, err := h.door.Trail.Audit(t.Context(), model.AuditQuery{})
	if err != nil {
		t.Fatal(err)
	}
	failed := 0
	for _, e := range es {
		if e.Action == "sign_in.failed" {
			failed++
		}
	}
	if failed != 1 {
		t.Errorf("%d refused sign-ins in the trail", failed)
	}
}

// Somebody who is sent the answer to another's sign-in does not get in, nor does a replay; both are told in words.
func TestProviderAnswerOfAnother(t *testing.T) {
	h := open(t)
	webtest.Account(t, h.door.Keeper, auth.Administrator)
	p := idptest.Start(t)
	if err := h.door.Directory.Save(t.Context(), p.Draft()); err != nil {
		t.Fatal(err)
	}
	p.Claims = map[string]any{"preferred_username": "tanaka", "groups": []string{"mimawari-staff"}}
	var back *url.URL
	h.browser.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == "/signin/oidc/back" {
			back = r.URL
			return http.ErrUseLastResponse
		}
		return nil
	}
	h.get("/signin/oidc")
	if back == nil {
		t.Fatal("nobody was sent back")
	}
	victim := h.browser
	h.browser = fresh(t)
	h.at("/signin/oidc/back", "もう一度サインイン")(h.get(back.RequestURI()))
	at, err := url.Parse(h.URL)
	if err != nil {
		t.Fatal(err)
	}
	thief := fresh(t)
	thief.Jar.SetCookies(at, victim.Jar.Cookies(at))
	h.browser = victim
	h.browser.CheckRedirect = nil
	h.at("/")(h.get(back.RequestURI()))
	h.browser = thief
	h.at("/signin/oidc/back", "もう一度サインイン")(h.get(back.RequestURI()))
	h.at("/signin/oidc/back", "もう一度サインイン")(h.get("/signin/oidc/back?error=access_denied&error_description=" + url.QueryEscape(hostile)))
}
