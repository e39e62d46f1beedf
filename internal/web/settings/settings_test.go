package settings_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/web"
	"github.com/mimawari/mimawari/internal/web/webtest"
)

const (
	first   = "tsukue no ue no mikan"
	second  = "kawa wo wataru neko"
	hostile = `<script>alert(1)</script>"'><img src=x onerror=alert(2)>`
)

type office struct {
	t    *testing.T
	door app.Door
	url  string
	c    *http.Client
}

func open(t *testing.T, role auth.Role) *office {
	t.Helper()
	a, err := app.OpenServing(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	report := func(err error) { t.Errorf("reported: %v", err) }
	door, err := a.Door(t.Context(), time.Now, report)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(web.Handler(web.Site{
		Memory: a.Store, Desk: &app.Desk{App: a, Now: time.Now}, Now: time.Now, Zone: time.UTC, Report: report,
		Keeper: door.Keeper, Trail: door.Trail, Directory: door.Directory, Record: app.Recorder(door.Trail),
	}))
	t.Cleanup(srv.Close)
	webtest.Account(t, door.Keeper, auth.Administrator)
	return &office{t, door, srv.URL, webtest.Client(t, door.Keeper, srv.URL, role)}
}

func (o *office) read(res *http.Response, err error) (int, string) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		o.t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

func (o *office) get(path string, want int, words ...string) string {
	o.t.Helper()
	return o.wants("GET "+path, want, words)(o.read(o.c.Get(o.url + path)))
}

func (o *office) post(path string, want int, words []string, pairs ...string) string {
	o.t.Helper()
	f := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Add(pairs[i], pairs[i+1])
	}
	return o.wants("POST "+path, want, words)(o.read(o.c.PostForm(o.url+path, f)))
}

func (o *office) wants(what string, want int, words []string) func(int, string) string {
	o.t.Helper()
	return func(status int, body string) string {
		o.t.Helper()
		if status != want {
			o.t.Errorf("%s: %d, want %d: %s", what, status, want, body[max(0, len(body)-600):])
		}
		for _, w := range words {
			if !strings.Contains(body, w) {
				o.t.Errorf("%s lacks %q", what, w)
			}
		}
		if strings.Contains(body, "<script>alert") || strings.Contains(body, "<img src=x") {
			o.t.Errorf("%s: a name breaks out", what)
		}
		return body
	}
}

func (o *office) account(login string) model.Account {
	o.t.Helper()
	a, err := o.door.Keeper.Store.AccountByLogin(o.t.Context(), login)
	if err != nil {
		o.t.Fatal(err)
	}
	return a
}

// An administrator lets somebody in, changes what they may, shuts them out; nobody but an administrator can.
func TestUsers(t *testing.T) {
	o := open(t, auth.Administrator)
	o.post("/settings/users", 200, []string{"suzuki さんを加えました", "suzuki"}, "login", "suzuki", "name", hostile, "role", "operator", "password", first)
	o.post("/settings/users", 400, []string{"もう使われています"}, "login", "suzuki", "role", "operator")
	o.post("/settings/users", 400, []string{"役割は"}, "login", "x1", "role", "root")
	o.post("/settings/users", 400, []string{"使えない文字"}, "login", hostile, "role", "operator")
	a := o.account("suzuki")
	at := "/settings/users/" + a.ID
	o.get(at, 200, "suzuki")
	o.get("/settings/users/acc-none", 404)
	o.post(at+"/role", 200, []string{"保存しました"}, "role", "auditor")
	if got := o.account("suzuki").Role; got != "auditor" {
		t.Errorf("role %s", got)
	}
	o.post(at+"/password", 400, []string{"12文字以上"}, "password", "short")
	o.post(at+"/password", 200, nil, "password", second)
	o.post(at+"/disable", 200, []string{"止めています"})
	o.post(at+"/enable", 200, nil)
	o.post(at+"/reset", 200, nil)
	o.post(at+"/sessions/end", 200, nil)
	me := "/settings/users/" + o.account("administrator").ID
	o.post(me+"/role", 400, []string{"最後の管理者"}, "role", "operator")
	o.post(me+"/disable", 400, []string{"最後の管理者"})
	for _, r := range []auth.Role{auth.Operator, auth.Approver, auth.Executive, auth.Auditor, auth.Vendor} {
		x := &office{t, o.door, o.url, webtest.Client(t, o.door.Keeper, o.url, r)}
		x.get("/settings/users", 403)
		x.get(at, 403)
		x.post(at+"/role", 403, nil, "role", "administrator")
	}
}

// One's own account: name, password, one-time codes, recovery codes, sessions.
func TestAccount(t *testing.T) {
	o := open(t, auth.Operator)
	o.get("/account", 200, "operator", "担当者")
	o.post("/account/name", 200, []string{"保存しました"}, "name", hostile)
	o.get("/account", 200)
	o.post("/account/password", 400, []string{"同じではありません"}, "password", first, "again", second)
	o.post("/account/password", 200, []string{"パスワードを変えました"}, "password", first, "again", first)
	o.post("/account/password", 400, []string{"いまのパスワードが違います"}, "present", second, "password", second, "again", second)
	o.post("/account/password", 200, nil, "present", first, "password", second, "again", second)

	body := o.get("/account/totp", 200)
	secret := regexp.MustCompile(`<code>([A-Z2-7]{32})</code>`).FindStringSubmatch(body)[1]
	o.get("/account/totp/qr.png", 200)
	o.post("/account/totp", 400, []string{"コードが違います"}, "code", "1")
	code, err := totp.GenerateCode(secret, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(o.post("/account/totp", 200, []string{"回復コード"}, "code", code), "<code>"); n != 10 {
		t.Errorf("%d recovery codes", n)
	}
	o.get("/account", 200, "残りは 10 個")
	o.post("/account/recovery", 400, []string{"いまのパスワードが違います"}, "present", first)
	o.post("/account/recovery", 200, []string{"回復コード"}, "present", second)
	o.post("/account/totp/remove", 400, nil, "present", first)
	o.post("/account/totp/remove", 200, []string{"外しました"}, "present", second)
	o.post("/account/passkey/remove", 404, nil, "present", second, "id", "x")

	elsewhere := webtest.Client(t, o.door.Keeper, o.url, auth.Operator)
	o.post("/account/sessions/end-others", 200, []string{"サインインを終わらせました"})
	res, err := elsewhere.Get(o.url + "/account")
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.Request.URL.Path != "/signin" {
		t.Error("the other session goes on")
	}
	o.post("/account/sessions/end", 404, nil, "id", "ses-none")
}

// A token is shown once, does no more than was chosen, and can be revoked by its owner and by an administrator, but by nobody else.
func TestTokens(t *testing.T) {
	o := open(t, auth.Operator)
	o.post("/settings/tokens", 400, []string{"日数"}, "name", "x", "scope", "look", "days", "soon")
	o.post("/settings/tokens", 400, []string{"許せません"}, "name", "x", "scope", "manage", "days", "3")
	body := o.post("/settings/tokens", 200, []string{"mmw_"}, "name", hostile, "scope", "look", "scope", "decide", "days", "3")
	secret := regexp.MustCompile(`mmw_[A-Za-z0-9_-]{43}`).FindString(body)
	if strings.Contains(o.get("/settings/tokens", 200), secret) {
		t.Error("the secret is shown again")
	}
	ts, err := o.door.Keeper.Tokens(t.Context(), "")
	if err != nil || len(ts) != 1 || len(ts[0].Scopes) != 2 {
		t.Fatal(ts, err)
	}
	for role, want := range map[auth.Role]int{auth.Executive: 404, auth.Vendor: 404} {
		x := &office{t, o.door, o.url, webtest.Client(t, o.door.Keeper, o.url, role)}
		if strings.Contains(x.get("/settings/tokens", 200), ts[0].ID) {
			t.Errorf("%s sees another's token", role)
		}
		x.post("/settings/tokens/revoke", want, nil, "id", ts[0].ID)
	}
	boss := &office{t, o.door, o.url, webtest.Client(t, o.door.Keeper, o.url, auth.Administrator)}
	boss.get("/settings/tokens", 200, ts[0].ID)
	boss.post("/settings/tokens/revoke", 200, []string{"取り消しました"}, "id", ts[0].ID)
}

func TestAuditPage(t *testing.T) {
	o := open(t, auth.Auditor)
	for range 120 {
		o.door.Trail.Note(t.Context(), "x.y", "=HYPERLINK(1)", "name", hostile)
	}
	body := o.get("/settings/audit", 200, "変えると")
	next := regexp.MustCompile(`/settings/audit\?after=\d+`).FindString(body)
	o.get(next, 200)
	o.get("/settings/audit?from=2020-01-01&to=2020-01-02", 200, "まだありません")
	o.get("/settings/audit?from=soon", 400)
	o.get("/settings/audit?after=x&action=%25&q="+url.QueryEscape(hostile), 200)
	o.post("/settings/audit/verify", 200, []string{"変えられていません"})
	csv := o.getRaw("/settings/audit.csv?action=x.y")
	if n := strings.Count(csv, "'=HYPERLINK"); n != 120 {
		t.Errorf("%d rows with a harmless formula", n)
	}
	if c := o.getRaw("/settings/audit/checkpoint.txt"); !strings.HasPrefix(c, "mimawari-audit\n") {
		t.Error(c)
	}
	o.get("/settings", 200, "監査の記録", "自分のアカウント")
	x := &office{t, o.door, o.url, webtest.Client(t, o.door.Keeper, o.url, auth.Operator)}
	x.get("/settings/audit", 403)
	x.get("/settings/audit.csv", 403)
	if strings.Contains(x.get("/settings", 200), "/settings/audit") {
		t.Error("offered though not allowed")
	}
}

func (o *office) getRaw(path string) string {
	o.t.Helper()
	status, body := o.read(o.c.Get(o.url + path))
	if status != 200 {
		o.t.Fatalf("%s: %d", path, status)
	}
	return body
}
