package web_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/lookup"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/web"
	"github.com/mimawari/mimawari/internal/web/webtest"
)

var morning = time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)

const (
	hostile = `<script>alert(1)</script>"'><img src=x onerror=alert(2)>`
	formula = `=HYPERLINK("http://evil.example","x")`
)

// result is a patrol's result with names that try to break out.
func result() model.Result {
	hosts := []model.Host{
		{
			ID: model.HostID("a"), IPs: []netip.Addr{netip.MustParseAddr("10.1.0.20")}, MACs: []model.MAC{{2, 0, 0, 0, 0, 1}}, Names: []string{hostile}, Class: model.ClassPC, Maker: hostile,
			OS: "Windows", Version: "10", Roles: []string{"file_server"}, Confidence: 0.8, First: morning, Last: morning.Add(time.Hour),
			Signals: []model.Signal{{About: "class", Says: "pc", Kind: model.NameDHCP, Value: hostile, Weight: 0.5}},
		},
		{
			ID: model.HostID("b"), IPs: []netip.Addr{netip.MustParseAddr("10.1.0.21")}, Names: []string{formula}, First: morning, Last: morning,
			Ledger: &model.LedgerRef{Key: "x", Name: "受付PC", By: "ip", Place: "機器 12"},
		},
	}
	var fs []model.Finding
	for i, rule := range []string{"service.rdp_from_outside", "service.smb1", "line.remote_control", "service.telnet", "capture.blind"} {
		fs = append(fs, model.Finding{
			ID: model.FindingID(rule, "x"), Rule: rule, Severity: model.Critical - model.Severity(min(i, 3)), State: model.Open, Count: 3,
			Params: map[string]string{"host": hostile, "os": hostile, "tool": "X", "peers": hostile, "clients": hostile, "port": "3389", "line": "-", "source": "a.pcap", "reason_key": "blind.one_way", "percent": "90"},
			Assets: []model.Asset{{Host: hosts[0].ID, Label: hostile, IP: "10.1.0.20"}}, First: morning, Last: morning.Add(time.Hour),
			Evidence: []model.Evidence{{At: morning, Source: hostile, Where: "1", Text: hostile}},
		})
	}
	return model.Result{Hosts: hosts, Findings: fs, Patrol: model.Patrol{
		ID: "p-1", Started: morning, Ended: morning.Add(time.Hour), First: morning, Last: morning.Add(time.Hour),
		Sources: []model.Source{{Name: hostile, Kind: "pcap", Packets: 3, First: morning, Last: morning, Errors: []model.Trouble{{Code: "truncated", Where: hostile, Text: hostile}}}},
		New:     []string{hosts[0].ID},
	}}
}

// site starts the pages over a real store; empty leaves it without a patrol.
func site(t *testing.T, empty bool) (*httptest.Server, *app.App) {
	t.Helper()
	a, err := app.OpenServing(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	if !empty {
		if err := a.Store.SaveResult(t.Context(), result()); err != nil {
			t.Fatal(err)
		}
		l := &model.Ledger{Hosts: []model.LedgerHost{{Key: "x", Name: "受付PC"}}}
		if _, err := a.Store.SaveLedger(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
	now := func() time.Time { return morning.Add(2 * time.Hour) }
	in, err := app.NewIntake(t.Context(), a, app.IntakeOptions{Now: now, Zone: time.UTC})
	if err != nil {
		t.Fatal(err)
	}
	report := func(err error) { t.Error(err) }
	door, err := a.Door(t.Context(), now, report)
	if err != nil {
		t.Fatal(err)
	}
	s := web.Site{Indicators: a, Reports: a, Ledger: &app.Declarer{App: a, Now: now, Zone: time.UTC}, Stored: a.Store, Notes: &app.Notes{App: a, Now: now}, Trails: a.Store, Memory: a.Store, Maps: &app.MapDesk{App: a}, Desk: &app.Desk{App: a, Now: now}, Intake: in, Finder: &lookup.Finder{Source: a.Store}, Teller: &app.Telling{Store: a.Store, App: a}, Now: now, Report: report, Keeper: door.Keeper, Trail: door.Trail, Directory: door.Directory, Record: app.Recorder(door.Trail), Certificates: app.Certificates(a.Dir, now), Archives: &app.Archives{App: a, Now: now}, Retention: &app.Retention{App: a, Now: now}}
	if !empty {
		s.Settings, s.House = a.Store, a
	}
	srv := httptest.NewServer(web.Handler(s))
	t.Cleanup(srv.Close)
	webtest.SignIn(t, http.DefaultClient, door.Keeper, srv.URL, auth.Administrator)
	return srv, a
}

// keeper gives another keeper over the same data.
func keeper(t *testing.T, a *app.App) *auth.Keeper {
	t.Helper()
	door, err := a.Door(t.Context(), func() time.Time { return morning.Add(2 * time.Hour) }, nil)
	if err != nil {
		t.Fatal(err)
	}
	return door.Keeper
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

func paths() []string {
	r := result()
	return []string{
		"/", "/hosts", "/hosts?q=10.1.0.20", "/hosts?class=pc&declared=no", "/hosts/" + r.Hosts[0].ID, "/hosts/" + r.Hosts[1].ID,
		"/findings", "/findings?state=", "/findings?severity=high&rule=line.*", "/findings/" + r.Findings[0].ID, "/silences", "/silences?rule=service.smb1&ip=" + url.QueryEscape(hostile),
		"/report.html", "/hosts?q=" + url.QueryEscape(hostile), "/search", "/search?q=10.1", "/search?q=" + url.QueryEscape(hostile+" x"), "/search?q=nothing-like-it",
	}
}

// ownScript is the one script that pages have, and the one picture.
var ownScript = regexp.MustCompile(`<img class="small-board" src="/map/board\.svg\?lang=[a-z]+"|<script type="module" src="/static/[a-z.]+\?v=[0-9a-f]+"></script>`)

func TestPagesShowHostileNamesAsText(t *testing.T) {
	srv, _ := site(t, false)
	for _, lang := range []string{"ja", "en"} {
		for _, p := range paths() {
			sep := "?"
			if strings.Contains(p, "?") {
				sep = "&"
			}
			code, body := get(t, srv.URL+p+sep+"lang="+lang)
			if code != 200 || !strings.Contains(body, "</html>") {
				t.Errorf("%s: status %d, complete %v", p, code, strings.Contains(body, "</html>"))
			}
			body = ownScript.ReplaceAllString(body, "")
			for _, bad := range []string{"<script", "<img", "ZgotmplZ", "web.", "column.", "<no value>"} {
				if i := strings.Index(body, bad); i >= 0 {
					t.Errorf("%s %s: contains %q: %s", lang, p, bad, body[max(0, i-60):min(len(body), i+60)])
				}
			}
		}
	}
}

func TestEmptyPagesHelp(t *testing.T) {
	srv, _ := site(t, true)
	for p, want := range map[string]string{"/": "mimawari patrol", "/hosts": "当てはまる機器はありません", "/findings": "当てはまる指摘はありません", "/silences": "対象外にしたものはありません"} {
		if code, body := get(t, srv.URL+p); code != 200 || !strings.Contains(body, want) {
			t.Errorf("%s: status %d, lacks %q", p, code, want)
		}
	}
	for _, p := range []string{"/nothing", "/hosts/h-none", "/findings/f-none", "/findings?severity=worst", "/../etc/passwd", "/static/../pages/today.html"} {
		if code, body := get(t, srv.URL+p); code != 404 && code != 400 {
			t.Errorf("%s: status %d: %.80s", p, code, body)
		}
	}
}

// Five findings on one box are one errand: one card, which says that there is more.
func TestOneMachineOneCard(t *testing.T) {
	srv, _ := site(t, false)
	_, body := get(t, srv.URL+"/")
	if n := strings.Count(body, `class="why"`); n != 1 {
		t.Errorf("%d cards about one machine", n)
	}
	if !strings.Contains(body, "ほかに 4 件の指摘") {
		t.Error("the card does not say that there is more")
	}
}

// Only loopback names, only this site, no frames, no scripts.
func TestGuard(t *testing.T) {
	srv, _ := site(t, false)
	send := func(method, path, host, origin string) int {
		r, err := http.NewRequestWithContext(t.Context(), method, srv.URL+path, strings.NewReader("state=acknowledged"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if host != "" {
			r.Host = host
		}
		if origin != "" {
			r.Header.Set("Origin", origin)
			r.Header.Set("Sec-Fetch-Site", "cross-site")
		}
		u, err := url.Parse(srv.URL)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range http.DefaultClient.Jar.Cookies(u) {
			if host == "" {
				r.AddCookie(c)
			}
		}
		res, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if csp := res.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: CSP %q", path, csp)
		}
		return res.StatusCode
	}
	id := result().Findings[0].ID
	for _, c := range []struct {
		method, path, host, origin string
		want                       int
	}{
		{"GET", "/", "", "", 200},
		{"GET", "/", "localhost:8420", "", 303}, // the session belongs to the other name
		{"GET", "/", "mimawari.evil.example", "", 421},
		{"GET", "/api/v1/hosts", "10.1.0.5:8420", "", 421},
		{"POST", "/findings/" + id, "", "http://evil.example", 403},
		{"POST", "/findings/" + id, "", "", 303},
		{"DELETE", "/findings/" + id, "", "", 404},
	} {
		if got := send(c.method, c.path, c.host, c.origin); got != c.want {
			t.Errorf("%s %s as %q from %q: %d, want %d", c.method, c.path, c.host, c.origin, got, c.want)
		}
	}
}

func TestWhatIsLoopback(t *testing.T) {
	for addr, want := range map[string]bool{
		"127.0.0.1:0": true, "localhost:8420": true, "[::1]:8420": true, "127.9.9.9:1": true,
		"0.0.0.0:0": false, ":0": false, "192.0.2.1:0": false, "[::]:0": false, "localhost": false, "localhost.example:1": false,
	} {
		if got := web.Loopback(addr); got != want {
			t.Errorf("%s: %v", addr, got)
		}
	}
}

func post(t *testing.T, to string, form url.Values) (int, string) {
	t.Helper()
	res, err := http.PostForm(to, form)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// A person decides on the page; the word stays, is shown with its history, and can be taken back.
func TestDecideOnThePage(t *testing.T) {
	srv, a := site(t, false)
	id := result().Findings[0].ID
	state := func() model.State {
		f, _, err := a.Store.Finding(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return f.State
	}
	post(t, srv.URL+"/findings/"+id, url.Values{"state": {"acknowledged"}, "back": {"/findings/" + id}})
	if got := state(); got != model.Acknowledged {
		t.Fatalf("state %s", got)
	}
	for _, form := range []url.Values{
		{"state": {"accepted"}, "owner": {"佐藤"}, "reason": {"更新待ち"}, "until": {"2025-01-01"}}, // in the past
		{"state": {"accepted"}, "owner": {""}, "reason": {"更新待ち"}, "until": {"2026-12-31"}},
		{"state": {"accepted"}, "owner": {"佐藤"}, "reason": {"x"}, "until": {"soon"}},
		{"state": {"resolved"}},
		{"state": {"nonsense"}},
		{},
	} {
		if code, _ := post(t, srv.URL+"/findings/"+id, form); code != 400 {
			t.Errorf("%v: status %d", form, code)
		}
	}
	code, body := post(t, srv.URL+"/findings/"+id, url.Values{"state": {"accepted"}, "owner": {"佐藤"}, "reason": {"更新待ち"}, "until": {"2026-12-31"}, "back": {"/findings/" + id}})
	if code != 200 || state() != model.Accepted || !strings.Contains(body, "更新待ち") || !strings.Contains(body, "佐藤") {
		t.Fatalf("status %d, state %s", code, state())
	}
	post(t, srv.URL+"/findings/"+id, url.Values{"state": {"open"}})
	if got := state(); got != model.Open {
		t.Fatalf("state %s after opening again", got)
	}
}

func TestSilenceActsOnThePastAndComesBack(t *testing.T) {
	srv, a := site(t, false)
	if code, _ := post(t, srv.URL+"/silences", url.Values{"rule": {"service.smb1"}}); code != 400 {
		t.Errorf("a silence without reason: %d", code)
	}
	if code, _ := post(t, srv.URL+"/silences", url.Values{"owner": {"x"}, "reason": {"y"}, "ip": {"10.1.0.300"}}); code != 400 {
		t.Errorf("a silence of no address: %d", code)
	}
	code, body := post(t, srv.URL+"/silences", url.Values{"rule": {"service.smb1"}, "owner": {"佐藤"}, "reason": {"検証機、金曜まで"}, "until": {"2026-04-03"}})
	if code != 200 || !strings.Contains(body, "検証機、金曜まで") {
		t.Fatalf("status %d", code)
	}
	id := model.FindingID("service.smb1", "x")
	if f, _, err := a.Store.Finding(t.Context(), id); err != nil || f.State != model.Suppressed {
		t.Fatalf("%+v %v", f.State, err)
	}
	s, err := a.Store.Suppressions(t.Context())
	if err != nil || len(s) != 1 {
		t.Fatal(s, err)
	}
	post(t, srv.URL+"/silences/"+s[0].ID+"/remove", nil)
	if f, _, err := a.Store.Finding(t.Context(), id); err != nil || f.State != model.Open {
		t.Fatalf("%+v %v", f.State, err)
	}
}

func TestExportsAreComplete(t *testing.T) {
	srv, _ := site(t, false)
	for _, p := range []string{"/hosts.xlsx", "/findings.xlsx?state=", "/report.xlsx"} {
		code, body := get(t, srv.URL+p)
		if code != 200 || !strings.HasPrefix(body, "PK") {
			t.Errorf("%s: status %d, %d bytes", p, code, len(body))
		}
	}
}

func TestAPI(t *testing.T) {
	srv, _ := site(t, false)
	for p, want := range map[string]string{
		"/api/v1/patrol": `"schema":"mimawari.patrol/1"`, "/api/v1/hosts?q=02:00:00:00:00:01": `"total":1`, "/api/v1/hosts?q=10.1.0.99": `"hosts":[]`,
		"/api/v1/findings?state=active": `"total":5`, "/api/v1/findings/" + result().Findings[0].ID: `"events":[`, "/api/v1/suppressions": `"suppressions":[]`, "/api/v1/patrols": `"p-1"`,
	} {
		if code, body := get(t, srv.URL+p); code != 200 || !strings.Contains(body, want) {
			t.Errorf("%s: %d, lacks %s: %.200s", p, code, want, body)
		}
	}
	if code, body := get(t, srv.URL+"/api/v1/hosts/h-none"); code != 404 || !strings.Contains(body, `"code":"api.not_found"`) {
		t.Errorf("%d %s", code, body)
	}
	id := result().Findings[1].ID
	for body, want := range map[string]int{`{"state":"acknowledged"}`: 200, `{"state":"accepted"}`: 400, `{"nonsense":1}`: 400, `[`: 400, strings.Repeat("x", 1<<20): 413} {
		res, err := http.Post(srv.URL+"/api/v1/findings/"+id, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%.40s: %d, want %d", body, res.StatusCode, want)
		}
	}
}

// The language switch returns to the page, and never to another site.
func TestLanguageSwitchStaysHere(t *testing.T) {
	srv, _ := site(t, false)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for path, want := range map[string]string{"/hosts?q=a": "/hosts?q=a", "//evil.example/": "/", "http://evil.example/": "/", `/\evil.example`: "/", "": "/"} {
		res, err := client.PostForm(srv.URL+"/lang", url.Values{"lang": {"en"}, "path": {path}})
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if got := res.Header.Get("Location"); got != want {
			t.Errorf("%q: goes to %q, want %q", path, got, want)
		}
	}
}

// The next page goes on where the last one ended.
func TestPaging(t *testing.T) {
	srv, a := site(t, true)
	r := result()
	r.Hosts = nil
	for i := range 230 {
		r.Hosts = append(r.Hosts, model.Host{ID: model.HostID(fmt.Sprint(i)), IPs: []netip.Addr{netip.AddrFrom4([4]byte{10, 0, byte(i / 200), byte(i % 200)})}, First: morning, Last: morning})
	}
	if err := a.Store.SaveResult(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	seen, next := map[string]bool{}, "/hosts"
	for range 5 {
		_, body := get(t, srv.URL+next)
		for _, h := range r.Hosts {
			if strings.Contains(body, "/hosts/"+h.ID) {
				seen[h.ID] = true
			}
		}
		i := strings.Index(body, `href="/hosts?after=`)
		if i < 0 {
			break
		}
		next, _, _ = strings.Cut(body[i+6:], `"`)
		next = strings.ReplaceAll(next, "&amp;", "&")
	}
	if len(seen) != 230 {
		t.Fatalf("%d of 230 hosts on the pages", len(seen))
	}
}
