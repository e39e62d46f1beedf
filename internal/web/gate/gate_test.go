package gate_test

import (
	"crypto/tls"
	"io"
	"net/http"
	"net/http/cookiejar"
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
	password = "tsukue no ue no mikan"
	hostile  = `<script>alert(1)</script>"'><img src=x onerror=alert(2)>`
	code     = "abcd-efgh-jkmn-pqrs"
)

// house is a server over real data, and a browser before it.
type house struct {
	t       *testing.T
	app     *app.App
	door    app.Door
	handler http.Handler
	*httptest.Server
	browser *http.Client
}

func open(t *testing.T) *house {
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
	h := &house{t: t, app: a, door: door}
	h.handler = web.Handler(web.Site{
		Memory: a.Store, Desk: &app.Desk{App: a, Now: time.Now}, Now: time.Now, Zone: time.UTC, Report: report,
		Keeper: door.Keeper, Trail: door.Trail, Directory: door.Directory, Record: app.Recorder(door.Trail), SetUpCode: code,
	})
	h.Server = httptest.NewServer(h.handler)
	t.Cleanup(h.Close)
	h.browser = fresh(t)
	return h
}

// fresh is a browser that knows nothing.
func fresh(t *testing.T) *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar}
}

func (h *house) read(res *http.Response, err error) (int, string, string) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return res.StatusCode, res.Request.URL.Path, string(b)
}

func (h *house) get(path string) (int, string, string) {
	h.t.Helper()
	return h.read(h.browser.Get(h.URL + path))
}

func (h *house) post(path string, pairs ...string) (int, string, string) {
	h.t.Helper()
	f := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Set(pairs[i], pairs[i+1])
	}
	return h.read(h.browser.PostForm(h.URL+path, f))
}

// at asserts where one ended up and what is there.
func (h *house) at(path string, words ...string) func(int, string, string) string {
	h.t.Helper()
	return func(status int, got, body string) string {
		h.t.Helper()
		if got != path {
			h.t.Fatalf("at %s (%d), want %s: %s", got, status, path, body[max(0, len(body)-1500):])
		}
		for _, w := range words {
			if !strings.Contains(body, w) {
				h.t.Errorf("%s lacks %q", path, w)
			}
		}
		return body
	}
}

var secretOf = regexp.MustCompile(`<code>([A-Z2-7]{32})</code>`)

func codeFor(t *testing.T, secret string, at time.Time) string {
	t.Helper()
	c, err := totp.GenerateCode(secret, at)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// From an empty server to an administrator with a second factor, without JavaScript; then in again by code and by recovery code.
func TestFromNothingToSignedIn(t *testing.T) {
	h := open(t)
	for _, p := range []string{"/", "/hosts", "/signin", "/enter?key=x", "/account", "/settings/users", "/nothing"} {
		h.at("/setup", "最初の管理者を決める")(h.get(p))
	}
	for _, p := range []string{"/api/v1/hosts", "/api/v1/nothing"} {
		if status, _, body := h.get(p); status != http.StatusServiceUnavailable || !strings.Contains(body, "gate.not_set_up") {
			t.Errorf("%s before the set-up: %d %s", p, status, body)
		}
	}
	if status, _, _ := h.post("/findings/f-x", "state", "open"); status != http.StatusServiceUnavailable {
		t.Errorf("a form before the set-up: %d", status)
	}
	if status, _, body := h.get("/healthz"); status != 200 || body != "ok\n" {
		t.Errorf("healthz: %d %s", status, body)
	}
	h.at("/setup", "同じではありません")(h.post("/setup", "login", "sato", "password", password, "again", "x"))
	h.at("/setup", "12文字以上", `value="sato"`)(h.post("/setup", "login", "sato", "password", "short", "again", "short"))
	body := h.at("/setup", "使えない文字")(h.post("/setup", "login", hostile, "name", hostile, "password", password, "again", password))
	if strings.Contains(body, hostile) || strings.Contains(body, password) {
		t.Error("what was typed comes back as it is")
	}
	body = h.at("/signin/enrol", "二つ目の確認")(h.post("/setup", "login", "sato", "name", "佐藤", "password", password, "again", password))
	secret := secretOf.FindStringSubmatch(body)[1]
	h.at("/signin/enrol")(h.get("/hosts")) // nothing else before it is done
	if status, _, picture := h.get("/signin/enrol/qr.png"); status != 200 || !strings.HasPrefix(picture, "\x89PNG") {
		t.Errorf("picture: %d", status)
	}
	h.at("/signin/enrol", "コードが違います", secret)(h.post("/signin/enrol", "code", "000000"))
	body = h.at("/signin/enrol", "回復コード")(h.post("/signin/enrol", "code", codeFor(t, secret, time.Now())))
	recovery := regexp.MustCompile(`[a-z02-9]{4}(-[a-z0-9]{4}){3}`).FindAllString(body, -1)
	if len(recovery) != 10 {
		t.Fatalf("%d recovery codes", len(recovery))
	}
	h.at("/account", "sato", "佐藤", "管理者")(h.get("/account"))
	h.at("/")(h.get("/setup")) // over and done with

	h.at("/signin", "サインアウトしました")(h.post("/signout"))
	h.at("/signin")(h.get("/account"))
	h.at("/signin", "ユーザー名かパスワードが違います")(h.post("/signin", "login", "sato", "password", "wrong"))
	h.at("/signin/second", "sato")(h.post("/signin", "login", "sato", "password", password, "next", "/account"))
	h.at("/signin/second")(h.get("/account")) // the password alone opens nothing
	h.at("/signin/second", "もう使われました")(h.post("/signin/second", "code", codeFor(t, secret, time.Now())))
	h.at("/account", "佐藤")(h.post("/signin/second", "code", codeFor(t, secret, time.Now().Add(30*time.Second)), "next", "/account"))
	h.post("/signout")
	h.post("/signin", "login", "sato", "password", password)
	h.at("/account")(h.post("/signin/second", "recovery", recovery[0], "next", "/account"))
	h.post("/signout")
	h.post("/signin", "login", "sato", "password", password)
	h.at("/signin/second", "コードが違います")(h.post("/signin/second", "recovery", recovery[0]))
}

// From another machine, or through a proxy, the set-up needs the code that the server printed.
func TestSetUpFromFarNeedsTheCode(t *testing.T) {
	h := open(t)
	try := func(remote, typed string, header ...string) (int, string) {
		f := url.Values{"login": {"mallory"}, "password": {password}, "again": {password}}
		if typed != "" {
			f.Set("code", typed)
		}
		r := httptest.NewRequestWithContext(t.Context(), "POST", "http://127.0.0.1:8420/setup", strings.NewReader(f.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.RemoteAddr = remote
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		h.handler.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	for _, typed := range []string{"", "abcd-efgh-jkmn-pqrt", " ", strings.Repeat("x", 1000)} {
		if status, body := try("192.0.2.7:1234", typed); status != http.StatusForbidden || !strings.Contains(body, "設定コードが違います") {
			t.Errorf("%q from far: %d", typed, status)
		}
		if status, _ := try("127.0.0.1:1234", typed, "X-Forwarded-For", "127.0.0.1"); status != http.StatusForbidden {
			t.Errorf("%q through a proxy: %d", typed, status)
		}
	}
	if status, body := try("192.0.2.7:1234", " ABCD efgh JKMN pqrs"); status != http.StatusSeeOther {
		t.Fatalf("with the code: %d %s", status, body)
	}
}

// The cookie can be read by no script, is sent by no other site's form, and over TLS is bound to this host; its value changes with every step.
func TestCookies(t *testing.T) {
	h := open(t)
	webtest.Account(t, h.door.Keeper, auth.Administrator)
	_, err := h.door.Keeper.Add(t.Context(), auth.NewAccount{Login: "sato", Role: auth.Operator, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	signIn := func(secure bool, cookie string) *http.Cookie {
		r := httptest.NewRequestWithContext(t.Context(), "POST", "http://localhost:8420/signin", strings.NewReader(url.Values{"login": {"sato"}, "password": {password}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if secure {
			r.TLS = &tls.ConnectionState{}
		}
		if cookie != "" {
			r.Header.Set("Cookie", cookie)
		}
		w := httptest.NewRecorder()
		h.handler.ServeHTTP(w, r)
		for _, c := range w.Result().Cookies() {
			if strings.Contains(c.Name, "mimawari") {
				return c
			}
		}
		t.Fatalf("no cookie: %d", w.Code)
		return nil
	}
	plain, safe := signIn(false, ""), signIn(true, "")
	for _, c := range []*http.Cookie{plain, safe} {
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || len(c.Value) < 43 {
			t.Errorf("%+v", c)
		}
	}
	if plain.Name != "mimawari-8420" || safe.Name != "__Host-mimawari" || !safe.Secure {
		t.Errorf("%s, %s, secure %v", plain.Name, safe.Name, safe.Secure)
	}
	// A session that somebody planted in the browser is not taken over.
	if again := signIn(false, "mimawari-8420=planted"); again.Value == "planted" || again.Value == plain.Value {
		t.Error("the session was not made anew")
	}
}

// A cookie that was stolen opens nothing after the sign-out; nor does one of a session that was ended elsewhere, or of somebody shut out.
func TestStolenCookie(t *testing.T) {
	h := open(t)
	webtest.SignIn(t, h.browser, h.door.Keeper, h.URL, auth.Administrator)
	at, err := url.Parse(h.URL)
	if err != nil {
		t.Fatal(err)
	}
	thief := fresh(t)
	thief.Jar.SetCookies(at, h.browser.Jar.Cookies(at))
	opens := func() bool {
		t.Helper()
		_, path, _ := h.read(thief.Get(h.URL + "/account"))
		return path == "/account"
	}
	if !opens() {
		t.Fatal("the copied cookie does not open: the test proves nothing")
	}
	h.post("/signout")
	if opens() {
		t.Error("it opens after the sign-out")
	}
	for what, end := range map[string]func(a model.Account) error{
		"shut out":     func(a model.Account) error { return h.door.Keeper.Disable(t.Context(), a.ID, true) },
		"another role": func(a model.Account) error { return h.door.Keeper.SetRole(t.Context(), a.ID, auth.Vendor) },
		"new password": func(a model.Account) error { return h.door.Keeper.SetPassword(t.Context(), a.ID, password) },
		"ended":        func(a model.Account) error { return h.door.Keeper.EndSessions(t.Context(), a.ID, "") },
	} {
		a := webtest.Account(t, h.door.Keeper, auth.Operator)
		if err := h.door.Keeper.Disable(t.Context(), a.ID, false); err != nil {
			t.Fatal(err)
		}
		webtest.SignIn(t, thief, h.door.Keeper, h.URL, auth.Operator)
		if !opens() {
			t.Fatalf("%s: not signed in", what)
		}
		if err := end(a); err != nil {
			t.Fatal(err)
		}
		if opens() {
			t.Errorf("%s: the session still opens", what)
		}
	}
}

// What is typed into the fields comes back as text, and no field takes the server down.
func TestHostileFields(t *testing.T) {
	h := open(t)
	webtest.Account(t, h.door.Keeper, auth.Administrator)
	for _, x := range []string{hostile, "", "\x00\x01\xff", strings.Repeat("あ", 20000), "' OR 1=1 --", "${jndi:ldap://x}", "\u202egnp.exe"} {
		for _, path := range []string{"/signin", "/enter", "/signin/second", "/signin/enrol", "/signout"} {
			status, _, body := h.post(path, "login", x, "password", x, "key", x, "code", x, "recovery", x, "next", x)
			if status >= 500 || strings.Contains(body, "<script>alert") || strings.Contains(body, "<img src=x") {
				t.Errorf("%s with %.20q: %d", path, x, status)
			}
		}
	}
	if status, _, _ := h.post("/signin", "login", strings.Repeat("x", 1<<20)); status != http.StatusUnauthorized && status != http.StatusRequestEntityTooLarge && status != http.StatusTooManyRequests {
		t.Errorf("a huge form: %d", status)
	}
	for _, body := range []string{"", "[", `{"ticket":1}`, `{"ticket":"x","answer":{}}`, strings.Repeat("[", 100000)} {
		for _, path := range []string{"/signin/passkey", "/signin/enrol/passkey", "/signin/passkey/options", "/signin/enrol/passkey/options"} {
			status, _, reply := h.read(h.browser.Post(h.URL+path, "application/json", strings.NewReader(body)))
			if status >= 500 || status < 400 || !strings.Contains(reply, `"error"`) {
				t.Errorf("%s with %.20q: %d %s", path, body, status, reply)
			}
		}
	}
}

// After the sign-in one goes to where one wanted to, and never to another site.
func TestNextStaysHere(t *testing.T) {
	h := open(t)
	webtest.Account(t, h.door.Keeper, auth.Administrator)
	if _, err := h.door.Keeper.Add(t.Context(), auth.NewAccount{Login: "sato", Role: auth.Operator, Password: password}); err != nil {
		t.Fatal(err)
	}
	for next, want := range map[string]string{"/hosts?q=a": "/hosts?q=a", "//evil.example/": "/", "https://evil.example/": "/", `/\evil.example`: "/", "": "/", "javascript:alert(1)": "/"} {
		c := fresh(t)
		c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		res, err := c.PostForm(h.URL+"/signin", url.Values{"login": {"sato"}, "password": {password}, "next": {next}})
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if got := res.Header.Get("Location"); got != want {
			t.Errorf("%q: goes to %q, want %q", next, got, want)
		}
	}
}

// Looking at a link does not use it up; pressing does, once.
func TestLink(t *testing.T) {
	h := open(t)
	link := strings.TrimPrefix(webtest.Link(t, h.door.Keeper, h.URL, auth.Administrator), h.URL)
	for range 3 {
		h.at("/enter", "一度だけ")(h.get(link))
	}
	key := strings.TrimPrefix(link, "/enter?key=")
	h.at("/account")(h.post("/enter", "key", key, "next", "/account"))
	h.browser = fresh(t)
	h.at("/enter", "このリンクは使えません")(h.post("/enter", "key", key))
}

// A token opens the API as far as its scopes go, and no page; a bad one does not fall back to the cookie.
func TestTokens(t *testing.T) {
	h := open(t)
	token := webtest.Token(t, h.door.Keeper, auth.Administrator, auth.Look)
	ask := func(method, path, header string) int {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, h.URL+path, strings.NewReader(`{"state":"acknowledged"}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", header)
		r.Header.Set("Content-Type", "application/json")
		c := *h.browser
		c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		status, _, _ := h.read(c.Do(r))
		return status
	}
	f := func(method, path, header string, want int) {
		t.Helper()
		if got := ask(method, path, header); got != want {
			t.Errorf("%s %s with %.12q: %d, want %d", method, path, header, got, want)
		}
	}
	f("GET", "/api/v1/hosts", "Bearer "+token, 200)
	f("GET", "/api/v1/hosts", "bearer  "+token, 200)
	f("POST", "/api/v1/findings/f-none", "Bearer "+token, 403) // not in its scopes, though the owner may
	f("GET", "/hosts", "Bearer "+token, 303)
	f("GET", "/account", "Bearer "+token, 303)
	f("GET", "/api/v1/hosts", "", 401)
	for _, bad := range []string{"Bearer mmw_x", "Basic " + token, "Bearer", token, "Bearer " + strings.Repeat("x", 5000)} {
		f("GET", "/api/v1/hosts", bad, 401)
	}
	webtest.SignIn(t, h.browser, h.door.Keeper, h.URL, auth.Operator)
	f("GET", "/api/v1/hosts", "", 200)
	f("GET", "/api/v1/hosts", "Bearer mmw_x", 401)
}

// What people do is in the trail, with who and from where; failures too.
func TestTrail(t *testing.T) {
	h := open(t)
	webtest.SignIn(t, h.browser, h.door.Keeper, h.URL, auth.Administrator)
	h.at("/settings/users", "suzuki さんを加えました")(h.post("/settings/users", "login", "suzuki", "role", "operator", "password", password))
	other := fresh(t)
	h.read(other.PostForm(h.URL+"/signin", url.Values{"login": {"suzuki"}, "password": {"wrong"}}))
	h.read(other.PostForm(h.URL+"/signin", url.Values{"login": {password}, "password": {"wrong"}}))
	es, err := h.door.Trail.Audit(t.Context(), model.AuditQuery{})
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range es {
		all = append(all, strings.Join([]string{e.Login, e.Via, e.Source, e.Action, e.Object}, " "))
	}
	got := strings.Join(all, "\n")
	for _, want := range []string{"administrator web 127.0.0.1 account.add suzuki", " web 127.0.0.1 sign_in.failed suzuki", " web 127.0.0.1 sign_in.failed ?", "administrator web 127.0.0.1 sign_in administrator"} {
		if strings.Count(got, want) != 1 {
			t.Errorf("%q is there %d times:\n%s", want, strings.Count(got, want), got)
		}
	}
	if strings.Contains(got, password) || strings.Contains(got, "POST /") {
		t.Errorf("a secret, or noted twice:\n%s", got)
	}
	h.at("/settings/audit/verify", "変えられていません")(h.post("/settings/audit/verify"))
	h.at("/settings/audit", "使う人の追加")(h.get("/settings/audit?action=account.*"))
}
