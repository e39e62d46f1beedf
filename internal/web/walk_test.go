package web_test

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/lookup"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/web"
	"github.com/mimawari/mimawari/internal/web/gate"
	"github.com/mimawari/mimawari/internal/web/page"
	"github.com/mimawari/mimawari/internal/web/webtest"
)

// walk is a server with everything on it, and a client for each role.
type walk struct {
	srv     *httptest.Server
	app     *app.App
	door    app.Door
	routes  []page.Route
	reports []string // errors of ours that were reported
}

// newWalk starts all the rooms there are, over a patrol and a ledger that try to break out.
func newWalk(t *testing.T) *walk {
	t.Helper()
	dir := t.TempDir()
	a, err := app.OpenServing(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	if err := a.Store.SaveResult(t.Context(), result()); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Store.SaveLedger(t.Context(), &model.Ledger{Hosts: []model.LedgerHost{{Key: "x", Name: hostile, Location: hostile, Owner: formula, Note: hostile}}}); err != nil {
		t.Fatal(err)
	}
	house := model.Institution{Name: hostile, Contacts: []model.Contact{{Role: hostile, Name: hostile, Phone: "0", Mail: hostile, Note: hostile}}}
	if err := a.Store.SaveInstitution(t.Context(), house); err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return morning.Add(2 * time.Hour) }
	x := &walk{app: a}
	report := func(err error) { x.reports = append(x.reports, err.Error()) }
	in, err := app.NewIntake(t.Context(), a, app.IntakeOptions{Now: now, Zone: time.UTC, Report: report})
	if err != nil {
		t.Fatal(err)
	}
	if x.door, err = a.Door(t.Context(), now, report); err != nil {
		t.Fatal(err)
	}
	s := web.Site{
		Memory: a.Store, Desk: &app.Desk{App: a, Now: now}, Notes: &app.Notes{App: a, Now: now}, Trails: a.Store, Teller: &app.Telling{Store: a.Store, App: a},
		Intake: in, Settings: a.Store, House: a, Institution: a.Store.Institution, Now: now, Report: report, Keeper: x.door.Keeper, Trail: x.door.Trail,
		Record: app.Recorder(x.door.Trail), Reports: a, Ledger: &app.Declarer{App: a, Now: now, Zone: time.UTC}, Stored: a.Store, Finder: &lookup.Finder{Source: a.Store}, Certificates: app.Certificates(dir, now),
		Archives: &app.Archives{App: a, Now: now, Again: func() { t.Error("a restored archive") }}, Retention: &app.Retention{App: a, Now: now}, Names: app.OwnNames,
		Maps: &app.MapDesk{App: a}, Directory: x.door.Directory, Flows: app.Flows(dir), Indicators: a,
	}
	if _, err := a.ImportIndicators(t.Context(), hostile, strings.NewReader("198.51.100.77 # "+hostile+"\n"), now()); err != nil {
		t.Fatal(err)
	}
	if err := (&app.Notes{App: a, Now: now}).Write(t.Context(), result().Hosts[0].ID, hostile, hostile, hostile); err != nil {
		t.Fatal(err)
	}
	if err := s.Desk.Silence(t.Context(), model.Suppression{Rule: "line.tethering", Owner: hostile, Reason: hostile}); err != nil {
		t.Fatal(err)
	}
	k := &page.Kit{Now: now}
	x.routes = append(web.Routes(k, s), gate.New(k, x.door.Keeper, "").Routes()...)
	x.srv = httptest.NewServer(web.Handler(s))
	t.Cleanup(x.srv.Close)
	return x
}

// places are values for the parts of addresses that vary, by the beginning of the pattern.
func (x *walk) places(t *testing.T) [][2]string {
	t.Helper()
	ss, err := x.app.Store.Suppressions(t.Context())
	if err != nil || len(ss) == 0 {
		t.Fatal(ss, err)
	}
	r := result()
	return [][2]string{
		{"/hosts/{id}", r.Hosts[0].ID},
		{"/api/v1/hosts/{id}", r.Hosts[0].ID},
		{"/findings/{id}", r.Findings[0].ID},
		{"/api/v1/findings/{id}", r.Findings[0].ID},
		{"/silences/{id}", ss[0].ID},
		{"/api/v1/patrols/{id}", "p-1"},
		{"/start/{step}", "institution"},
		{"/settings/notifications/new/{kind}", "mail"},
		{"/static/{name}", "app.css"},
		{"/ledger/seen/{id}", r.Hosts[0].ID},
		{"/ledger/decide/{id}", r.Hosts[0].ID},
		{"/ledger/rows/{kind}", "hosts"},
		{"/ledger/rows/hosts/{id}", "x"},
		{"/ledger/versions/{n}", "1"},
		{"/map/zone/{n}", "0"},
	}
}

var hole = regexp.MustCompile(`\{[^}]*\}`)

// address fills the pattern. known is false if a part had to be made up: then the address leads to nothing, which must be said well too.
func (x *walk) address(places [][2]string, pattern string) (method, path string, known bool) {
	method, path, ok := strings.Cut(pattern, " ")
	if !ok {
		method, path = "GET", pattern
	}
	path, known = strings.TrimSuffix(path, "{$}"), true
	for _, p := range places {
		if rest, ok := strings.CutPrefix(path, p[0]); ok {
			path = p[0][:strings.Index(p[0], "{")] + url.PathEscape(p[1]) + rest
		}
	}
	if hole.MatchString(path) {
		path, known = hole.ReplaceAllString(path, "none"), false
	}
	return method, path, known
}

func read(t *testing.T, c *http.Client, r *http.Request) (*http.Response, string) {
	t.Helper()
	res, err := c.Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v", r.Method, r.URL, err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, 32<<20))
	if err != nil {
		t.Fatalf("%s %s: %v", r.Method, r.URL, err)
	}
	return res, string(b)
}

func compose(t *testing.T, method, to, mime string, body io.Reader) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, to, body)
	if err != nil {
		t.Fatal(err)
	}
	if mime != "" {
		r.Header.Set("Content-Type", mime)
	}
	return r
}

var (
	attribute = regexp.MustCompile(`(?:src|href|action|data-[a-z-]+)="([^"]*)"`)
	ownPath   = regexp.MustCompile(`^(/[^/\\]|/$|#|\?|$|mailto:|tel:)`)
)

// Every page, for everybody and in both languages: a title, one heading, its language, nothing from another site, nothing that a name could
// have broken out with, the security headers, and never a mistake of ours.
func TestEveryPage(t *testing.T) {
	x := newWalk(t)
	places := x.places(t)
	for _, role := range auth.Roles {
		c := webtest.Client(t, x.door.Keeper, x.srv.URL, role)
		pages := 0
		for _, rt := range x.routes {
			method, path, known := x.address(places, rt.Pattern)
			if method != "GET" || strings.HasSuffix(path, "/events") { // streams have no end; they have tests of their own
				continue
			}
			for _, lang := range []string{"ja", "en"} {
				res, body := read(t, c, compose(t, "GET", x.srv.URL+path+"?lang="+lang, "", nil))
				if res.StatusCode >= 500 || known && rt.Need == auth.Everyone && res.StatusCode >= 400 && !mayBeMissing(path) {
					t.Errorf("%s %s: %s", role, path, res.Status)
				}
				if known && !(auth.Viewer{ID: "x", Role: role}).May(rt.Need) && res.StatusCode != http.StatusForbidden {
					t.Errorf("%s %s: %s, want 403", role, path, res.Status)
				}
				checkHeaders(t, path, res)
				if strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") && !strings.HasSuffix(path, ".html") {
					pages++
					if res.Request.URL.Path != path { // a redirect keeps no ?lang=
						lang = ""
					}
					checkHTML(t, string(role)+" "+path, lang, body)
				}
			}
		}
		if pages < 20 {
			t.Errorf("%s: only %d pages", role, pages)
		}
	}
	for _, r := range x.reports {
		t.Error("reported: " + r)
	}
}

// mayBeMissing: before the administrator exists, for who is half inside, and for institutions with a directory.
func mayBeMissing(path string) bool {
	return path == "/" || path == "/signin/enrol/qr.png" || strings.HasPrefix(path, "/signin/oidc")
}

// fileOnly is the policy of reports in one file.
const fileOnly = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"

func checkHeaders(t *testing.T, path string, res *http.Response) {
	t.Helper()
	if csp := res.Header.Get("Content-Security-Policy"); csp == fileOnly && strings.HasSuffix(path, ".html") {
		return // a file that is opened from a disk later: its styles are inside, and it has no scripts
	} else if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") || strings.Contains(csp, "//") {
		t.Errorf("%s: policy %q", path, csp)
	}
	for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY"} {
		if got := res.Header.Get(name); got != want {
			t.Errorf("%s: %s %q", path, name, got)
		}
	}
}

func checkHTML(t *testing.T, what, lang, body string) {
	t.Helper()
	if !strings.Contains(body, `<html lang="`+lang) || strings.Count(body, "<title>") != 1 || strings.Contains(body, "<title> |") || strings.Count(body, "<h1") != 1 || !strings.Contains(body, "</html>") {
		t.Errorf("%s: no title, language or heading, or more than one, or cut off", what)
	}
	plain := ownScript.ReplaceAllString(body, "")
	for _, bad := range []string{"<script", "<img src=x", "ZgotmplZ", "<no value>", " style=", " onclick=", "javascript:"} {
		if i := strings.Index(plain, bad); i >= 0 {
			t.Errorf("%s: has %q: %s", what, bad, plain[max(0, i-80):min(len(plain), i+80)])
		}
	}
	for _, m := range attribute.FindAllStringSubmatch(plain, -1) {
		if strings.HasPrefix(m[0], "data-") && !strings.Contains(m[1], "//") {
			continue
		}
		if !ownPath.MatchString(m[1]) {
			t.Errorf("%s: leads to another site or scheme: %s", what, m[0])
		}
	}
}

// bodies are what forms and uploads are sent: nothing, nonsense, far too much, and what attackers would write.
func bodies(t *testing.T) map[string]func() (string, io.Reader) {
	t.Helper()
	form := func(value string) func() (string, io.Reader) {
		v := url.Values{}
		for _, n := range []string{
			"state", "owner", "reason", "until", "back", "rule", "ip", "host", "id", "name", "kind", "text", "place", "go", "role", "phone", "mail", "note", "beds", "ledger", "use",
			"upload", "file", "watch", "interface", "for", "at", "days", "hours", "login", "password", "again", "code", "key", "next", "lang", "path", "url", "to", "server", "token", "session",
			"gb", "max", "min", "secret", "passphrase", "what", "new", "old", "current",
		} {
			v.Set(n, value)
		}
		return func() (string, io.Reader) { return "application/x-www-form-urlencoded", strings.NewReader(v.Encode()) }
	}
	file := func(name string, content []byte) func() (string, io.Reader) {
		return func() (string, io.Reader) {
			var b bytes.Buffer
			m := multipart.NewWriter(&b)
			for _, field := range []string{"file", "photo", "archive", "certificate", "key", "ledger"} {
				w, err := m.CreateFormFile(field, name)
				if err != nil {
					t.Fatal(err)
				}
				_, _ = w.Write(content) // a buffer takes everything
			}
			_ = m.Close()
			return m.FormDataContentType(), &b
		}
	}
	raw := func(mime, s string) func() (string, io.Reader) {
		return func() (string, io.Reader) { return mime, strings.NewReader(s) }
	}
	return map[string]func() (string, io.Reader){
		"nothing": raw("", ""), "an empty form": raw("application/x-www-form-urlencoded", ""), "broken escapes": raw("application/x-www-form-urlencoded", "state=%zz&%=&=&;"),
		"a huge form": form(strings.Repeat("あ", 5000)), "hostile": form(hostile), "a formula": form(formula), "zero bytes": form("a\x00b\xff\xfe"), "SQL": form("' OR 1=1; DROP TABLE hosts; --"),
		"a path": form("../../../../etc/passwd"), "a number": form("-99999999999999999999"), "a day": form("2026-02-30"), "another site": form("https://evil.example/"),
		"half a multipart": raw("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nabc"),
		"no boundary":      raw("multipart/form-data", "x"), "JSON": raw("application/json", `{"state":["a"],"x":{"y":[[[]]]}}`), "half JSON": raw("application/json", `{"state":`),
		"deep JSON": raw("application/json", strings.Repeat("[", 100_000)), "a file up the tree": file("../../../../etc/cron.d/x", []byte("x")), "a hostile file": file(hostile+".png", []byte("\x89PNG\r\n\x1a\n"+hostile)),
		"a zip bomb": file("台帳.xlsx", bomb(t)), "an empty file": file("a.pcap", nil),
	}
}

// Each form and each upload with everything that is not what it asks for: refused in words or taken as it is, and never a mistake of ours.
func TestBadInput(t *testing.T) {
	x := newWalk(t)
	places, all := x.places(t), bodies(t)
	c := webtest.Client(t, x.door.Keeper, x.srv.URL, auth.Administrator)
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	tried := 0
	var made []string
	for _, rt := range x.routes {
		method, path, known := x.address(places, rt.Pattern)
		if method == "GET" || strings.HasPrefix(path, "/account") || path == "/signout" { // what ends the session of this test is tested by the gate
			continue
		}
		if !known {
			made = append(made, rt.Pattern)
		}
		tried++
		for name, body := range all {
			mime, b := body()
			res, text := read(t, c, compose(t, method, x.srv.URL+path, mime, b))
			switch {
			case res.StatusCode >= 500:
				t.Errorf("%s with %s: %s: %.300s", rt.Pattern, name, res.Status, text)
			case res.StatusCode == http.StatusSeeOther && !ownPath.MatchString(res.Header.Get("Location")):
				t.Errorf("%s with %s: goes to %s", rt.Pattern, name, res.Header.Get("Location"))
			case res.StatusCode >= 400 && strings.TrimSpace(text) == "" && method != "HEAD":
				t.Errorf("%s with %s: %s without a word", rt.Pattern, name, res.Status)
			}
			if strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") && strings.Contains(ownScript.ReplaceAllString(text, ""), "<script") {
				t.Errorf("%s with %s: a script came back", rt.Pattern, name)
			}
		}
	}
	for _, r := range x.reports {
		t.Error("reported: " + r)
	}
	if tried < 20 {
		t.Errorf("only %d forms", tried)
	}
	slices.Sort(made)
	t.Logf("%d forms and operations, %d bodies each; these at addresses that lead to nothing, because this house has no such thing: %s", tried, len(all), strings.Join(made, ", "))
}

// The first screen's scripts are small, and nothing of ours asks another site for anything.
func TestAssets(t *testing.T) {
	x := newWalk(t)
	c := webtest.Client(t, x.door.Keeper, x.srv.URL, auth.Administrator)
	_, body := read(t, c, compose(t, "GET", x.srv.URL+"/", "", nil))
	total := 0
	for _, m := range regexp.MustCompile(`<(?:script|link)[^>]* (?:src|href)="([^"]+)"`).FindAllStringSubmatch(body, -1) {
		r := compose(t, "GET", x.srv.URL+m[1], "", nil)
		r.Header.Set("Accept-Encoding", "gzip")
		res, packed := read(t, c, r)
		if res.StatusCode != 200 {
			t.Errorf("%s: %s", m[1], res.Status)
		}
		if strings.Contains(m[1], ".js") {
			total += len(packed)
		}
		_, text := read(t, c, compose(t, "GET", x.srv.URL+m[1], "", nil))
		for _, u := range regexp.MustCompile(`(?:url\(|@import |fetch\(|import\()["']?(?:https?:)?//[^"')]+`).FindAllString(text, -1) {
			t.Errorf("%s asks %s", m[1], u)
		}
	}
	if total == 0 || total > 60_000 {
		t.Errorf("%d bytes of compressed script on the first screen; at most 60000", total)
	}
	t.Log(fmt.Sprint(total, " bytes of compressed script"))
}
