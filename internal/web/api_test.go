package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/ledger/decide"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/lookup"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/web"
	"github.com/mimawari/mimawari/internal/web/page"
	"github.com/mimawari/mimawari/internal/web/webtest"
)

// viewed serves the routes to whomever viewer gives, over a real store.
func viewed(t *testing.T, viewer func() auth.Viewer) (http.Handler, *app.App) {
	t.Helper()
	h, a, _ := viewedWithIntake(t, viewer)
	return h, a
}

func viewedWithIntake(t *testing.T, viewer func() auth.Viewer) (http.Handler, *app.App, *app.Intake) {
	t.Helper()
	_, a := site(t, false)
	now := func() time.Time { return morning.Add(2 * time.Hour) }
	k := &page.Kit{Now: now, Report: func(err error) { t.Error(err) }}
	in, err := app.NewIntake(t.Context(), a, app.IntakeOptions{Now: now, Zone: time.UTC})
	if err != nil {
		t.Fatal(err)
	}
	door, err := a.Door(t.Context(), now, k.Report)
	if err != nil {
		t.Fatal(err)
	}
	k.Record = app.Recorder(door.Trail)
	mux := http.NewServeMux()
	k.Mount(mux, web.Routes(k, web.Site{
		Reports: a, Teller: &app.Telling{Store: a.Store, App: a}, Keeper: door.Keeper, Trail: door.Trail, House: a, Retention: &app.Retention{App: a, Now: now}, Maps: &app.MapDesk{App: a},
		Institution: a.Store.Institution, Flows: app.Flows(a.Dir), Indicators: a,
		Memory: a.Store, Desk: &app.Desk{App: a, Now: now}, Finder: &lookup.Finder{Source: a.Store}, Now: now,
		Stored: a.Store, Ledger: &app.Declarer{App: a, Now: now, Zone: time.UTC}, Trails: a.Store, Notes: &app.Notes{App: a, Now: now}, Intake: in,
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mux.ServeHTTP(w, r.WithContext(auth.WithViewer(r.Context(), viewer())))
	}), a, in
}

// furnish leaves a file that was sent and a question to a department.
func furnish(t *testing.T, a *app.App, in *app.Intake) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(a.Dir, "reports"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(a.Dir, "reports", "monthly-2026-03.html"), []byte("<p>x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := in.TakeUpload(t.Context(), "arp.txt", strings.NewReader("Internet  10.1.0.20  5  0200.0000.0001  ARPA  Vlan1\n"), 1<<20, "佐藤"); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Store.SaveLedger(t.Context(), &model.Ledger{Hosts: []model.LedgerHost{{Key: "x", Name: "受付PC", Location: "2階"}, {Key: "y", Name: "予備"}}}); err != nil {
		t.Fatal(err)
	}
	d := &app.Declarer{App: a, Now: func() time.Time { return morning.Add(2 * time.Hour) }, Zone: time.UTC}
	if _, err := d.Ask(t.Context(), []decide.Question{{Host: result().Hosts[0].ID}}, "検査科", "", true, decide.Person{Name: "佐藤", Lang: locale.Japanese}); err != nil {
		t.Fatal(err)
	}
}

// filled puts the ids of what there is into a path or body.
func filled(t *testing.T, a *app.App, s string) string {
	t.Helper()
	var silence, decision, inquiry, upload, round string
	if x, err := a.Store.Suppressions(t.Context()); err == nil && len(x) > 0 {
		silence = x[0].ID
	}
	if x, err := a.Store.Batches(t.Context(), 1); err == nil && len(x) > 0 {
		decision = x[0].ID
	}
	if x, err := a.Store.Inquiries(t.Context()); err == nil && len(x) > 0 {
		inquiry = x[0].ID
	}
	if x, err := a.Store.Uploads(t.Context()); err == nil && len(x) > 0 {
		upload = x[0].ID
	}
	if x, err := a.Store.RoundsIn(t.Context(), model.RoundQueued); err == nil && len(x) > 0 {
		round = x[0].ID
	}
	var source, schedule, channel, token string
	if x, err := a.Store.Watches(t.Context()); err == nil && len(x) > 0 {
		source = x[0].ID
	}
	if x, err := a.Store.Schedules(t.Context()); err == nil && len(x) > 0 {
		schedule = x[0].ID
	}
	if x, err := a.Store.Channels(t.Context()); err == nil && len(x) > 0 {
		channel = x[0].ID
	}
	if x, err := a.Store.Keys(t.Context(), model.TokenKey, ""); err == nil && len(x) > 0 {
		token = x[0].ID
	}
	version := 0
	if x, err := a.Store.LedgerVersions(t.Context()); err == nil && len(x) > 0 {
		version = x[0].Version
	}
	return strings.NewReplacer("{source}", source, "{schedule}", schedule, "{channel}", channel, "{token}", token, "{version}", fmt.Sprint(version), "{silence}", silence, "{decision}", decision, "{inquiry}", inquiry, "{upload}", upload, "{round}", round).Replace(s)
}

func operator() auth.Viewer {
	return auth.Viewer{ID: "u", Login: "sato", Name: "佐藤", Role: auth.Operator}
}

// administrator is somebody who may everything and is there.
func administrator(t *testing.T, a *app.App) auth.Viewer {
	t.Helper()
	x := webtest.Account(t, keeper(t, a), auth.Administrator)
	return auth.Viewer{ID: x.ID, Login: x.Login, Name: "佐藤", Role: auth.Administrator, Session: "ses-1"}
}

// ask sends one request; header are pairs of name and value.
func ask(t *testing.T, h http.Handler, method, path, body string, header ...string) *http.Response {
	t.Helper()
	ctx := t.Context()
	if strings.HasSuffix(path, "/events") { // it would go on
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, 20*time.Millisecond)
		defer stop()
	}
	r := httptest.NewRequestWithContext(ctx, method, path, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func content(t *testing.T, res *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// secret goes in and never comes out again.
const secret = "never-comes-back-9Kd2"

// dot is a picture of one colour.
func dot(c color.Color) string {
	m := image.NewRGBA(image.Rect(0, 0, 20, 10))
	draw.Draw(m, m.Bounds(), image.NewUniform(c), image.Point{}, draw.Src)
	var b bytes.Buffer
	_ = png.Encode(&b, m) // a buffer takes all
	return b.String()
}

// tried are requests that succeed, one at least for each operation: in this order, because some change what others read.
func tried() [][3]string {
	r := result()
	f := "/api/v1/findings/" + r.Findings[2].ID
	return [][3]string{
		{"GET", "/api/v1/patrol"},
		{"GET", "/api/v1/patrols?limit=5"},
		{"GET", "/api/v1/patrols/p-1"},
		{"GET", "/api/v1/hosts"},
		{"GET", "/api/v1/hosts?q=10.1.0.20&class=pc&declared=no&limit=1&lang=en"},
		{"GET", "/api/v1/hosts/" + r.Hosts[0].ID},
		{"POST", "/api/v1/indicators?name=%E8%AD%A6%E5%AF%9F&try=true", "198.51.100.7\n10.0.0.1\n"},
		{"POST", "/api/v1/indicators?name=%E8%AD%A6%E5%AF%9F", "198.51.100.7\n10.0.0.1\n"},
		{"GET", "/api/v1/indicators"},
		{"DELETE", "/api/v1/indicators?name=%E8%AD%A6%E5%AF%9F"},
		{"GET", "/api/v1/hunt?host=203.0.113.7&peer=10.0.0.0/8&port=443&name=*.example&ja4=x&since=2026-10-01&until=2026-10-02&limit=3"},
		{"GET", "/api/v1/hosts/" + r.Hosts[1].ID},
		{"GET", "/api/v1/findings?state=open&state=active&severity=low&rule=line.*&rule=&host="},
		{"GET", f},
		{"POST", f, `{"state":"acknowledged","reason":"調べる"}`},
		{"POST", f, `{"state":"accepted","owner":"佐藤","reason":"更新待ち","until":"2026-12-31T00:00:00Z"}`},
		{"POST", f, `{"state":"open"}`},
		{"POST", "/api/v1/suppressions", `{"rule":"service.smb1","owner":"佐藤","reason":"検証機"}`},
		{"GET", "/api/v1/suppressions"},
		{"DELETE", "/api/v1/suppressions/{silence}"},
		{"GET", "/api/v1/hosts/" + r.Hosts[0].ID + "/trail"},
		{"GET", "/api/v1/hosts/" + r.Hosts[0].ID + "/note"},
		{"PUT", "/api/v1/hosts/" + r.Hosts[0].ID + "/note", `{"place":"1階 受付","text":"` + "<b>保守中</b>" + `"}`},
		{"GET", "/api/v1/ledger/versions"},
		{"GET", "/api/v1/ledger/rows/hosts?limit=1"},
		{"GET", "/api/v1/ledger/rows/vendors?version=1"},
		{"GET", "/api/v1/ledger/diff?from=1"},
		{"GET", "/api/v1/ledger/kinds?lang=en"},
		{"GET", "/api/v1/ledger/machines?limit=1&status=undeclared"},
		{"GET", "/api/v1/ledger/machines/" + r.Hosts[0].ID},
		{"POST", "/api/v1/ledger/decisions", `{"what":"known","machines":["` + r.Hosts[0].ID + `"],"values":{"location":"2階"},"dry_run":true}`},
		{"POST", "/api/v1/ledger/decisions", `{"what":"known","machines":["` + r.Hosts[1].ID + `","none"],"values":{"name":"検査PC","location":"2階"}}`},
		{"POST", "/api/v1/ledger/rows/vendors", `{"fields":{"name":"保守会社"},"why":"契約"}`},
		{"GET", "/api/v1/ledger/rows/vendors/{last}"},
		{"PUT", "/api/v1/ledger/rows/vendors/{last}", `{"fields":{"note":"夜間も"}}`},
		{"DELETE", "/api/v1/ledger/rows/vendors/{last}?why=%E8%A7%A3%E7%B4%84"},
		{"POST", "/api/v1/ledger/imports?name=new.csv", "名称,IPアドレス\n受付PC,10.1.0.21\n新PC,10.1.0.99\n"},
		{"GET", "/api/v1/ledger/imports/{last}?rest=remove"},
		{"PUT", "/api/v1/ledger/imports/{last}/mapping", `{"columns":{"名称":"name"}}`},
		{"POST", "/api/v1/ledger/imports/{last}/take-in", `{"base":{version},"rest":"keep","why":"取り込み"}`},
		{"POST", "/api/v1/ledger/imports?name=other.csv", "名称,IPアドレス\n受付PC,10.1.0.21\n"},
		{"DELETE", "/api/v1/ledger/imports/{last}"},
		{"POST", "/api/v1/ledger/decisions", `{"what":"ask","machines":["` + r.Hosts[0].ID + `"],"to":"検査科","subject":"これは何ですか","text":"教えてください"}`},
		{"POST", "/api/v1/ledger/inquiries/{inquiry}/sent"},
		{"GET", "/api/v1/ledger/export.xlsx?version=1"},
		{"GET", "/api/v1/ledger/export.csv"},
		{"GET", "/api/v1/ledger/template.xlsx?lang=en"},
		{"POST", "/api/v1/ledger/versions/1/restore", `{"why":"元に戻す"}`},
		{"GET", "/api/v1/ledger/decisions"},
		{"POST", "/api/v1/ledger/decisions/{decision}/undo", `{}`},
		{"POST", "/api/v1/ledger/inquiries/{inquiry}", `{"answer":"検査科の機器です"}`},
		{"GET", "/api/v1/ledger/inquiries"},
		{"GET", "/api/v1/uploads"},
		{"POST", "/api/v1/rounds", `{"uploads":["{upload}"]}`},
		{"GET", "/api/v1/rounds"},
		{"DELETE", "/api/v1/rounds/{round}"},
		{"GET", "/api/v1/sources"},
		{"GET", "/api/v1/events"},
		{"GET", "/api/v1/institution"},
		{"GET", "/api/v1/search?q=10.1.0.20"},
		{"GET", "/api/v1/search?q=%E5%8F%97%E4%BB%98&limit=3&lang=en"},
		{"GET", "/api/v1/findings.xlsx?severity=high"},
		{"GET", "/api/v1/hosts.xlsx?class=pc"},
		{"GET", f + "/message?lang=en"},
		{"GET", "/api/v1/report.pdf"},
		{"GET", "/api/v1/report.xlsx"},
		{"GET", "/api/v1/report.html"},
		{"GET", "/api/v1/reports?limit=2"},
		{"GET", "/api/v1/reports/monthly/2026-04/html"},
		{"GET", "/api/v1/reports/handover/pdf"},
		{"GET", "/api/v1/reports/saved/monthly-2026-03.html"},
		{"GET", "/api/v1/map/board.json"},
		{"GET", "/api/v1/map/cells.json?from=0"},
		{"GET", "/api/v1/map/board.svg"},
		{"GET", "/api/v1/map/board.pdf"},
		{"GET", "/api/v1/map/explore.svg?host=" + r.Hosts[0].ID},
		{"GET", "/api/v1/map/explore.pdf?host=" + r.Hosts[0].ID + "&open=" + r.Hosts[1].ID},
		{"GET", "/api/v1/map/explore.csv?host=" + r.Hosts[0].ID},
		{"GET", "/api/v1/map/diagrams/network.svg"},
		{"GET", "/api/v1/map/diagrams/systems.csv?lang=en"},
		{"PUT", "/api/v1/hosts/" + r.Hosts[0].ID + "/photo", dot(color.White)},
		{"GET", "/api/v1/hosts/" + r.Hosts[0].ID + "/photo"},
		{"DELETE", "/api/v1/hosts/" + r.Hosts[0].ID + "/photo"},
		{"GET", "/api/v1/interfaces"},
		{"POST", "/api/v1/sources", `{"interface":"lo"}`},
		{"PUT", "/api/v1/sources/{source}", `{"on":false}`},
		{"POST", "/api/v1/schedules", `{"at":"06:30","uploads":true}`},
		{"GET", "/api/v1/schedules"},
		{"PUT", "/api/v1/schedules/{schedule}", `{"on":false}`},
		{"DELETE", "/api/v1/schedules/{schedule}"},
		{"DELETE", "/api/v1/sources/{source}"},
		{"POST", "/api/v1/pastes", `{"text":"Internet  10.1.0.20  5  0200.0000.0001  ARPA  Vlan1\n"}`},
		{"POST", "/api/v1/pastes", `{"text":"Internet  10.1.0.20  5  0200.0000.0001  ARPA  Vlan1\n","use":true}`},
		{"GET", "/api/v1/intake/limits"},
		{"PUT", "/api/v1/intake/limits", `{"gigabytes":5,"days":14}`},
		{"POST", "/api/v1/notifications/channels", `{"kind":"webhook","name":"` + "記録" + `","values":{"url":"http://127.0.0.1:9/","key":"` + secret + `"},"when":{"least":"high"}}`},
		{"GET", "/api/v1/notifications/channels"},
		{"GET", "/api/v1/notifications/channels/{last}"},
		{"PUT", "/api/v1/notifications/channels/{last}", `{"on":false,"when":{"weekly":false}}`},
		{"POST", "/api/v1/notifications/channels/{channel}/test"},
		{"GET", "/api/v1/notifications/deliveries?channel={channel}"},
		{"DELETE", "/api/v1/notifications/channels/{channel}"},
		{"PUT", "/api/v1/notifications/link", `{"link":"https://mimawari.example:8420"}`},
		{"GET", "/api/v1/notifications/link"},
		{"PUT", "/api/v1/institution", `{"name":"港北クリニック","kind":"clinic","contacts":[{"name":"院長","phone":"03-0000-0000"}]}`},
		{"GET", "/api/v1/retention"},
		{"PUT", "/api/v1/retention", `{"days":365}`},
		{"GET", "/api/v1/users?limit=1"},
		{"POST", "/api/v1/users", `{"login":"suzuki","name":"鈴木","role":"operator"}`},
		{"GET", "/api/v1/users/{last}"},
		{"PUT", "/api/v1/users/{last}", `{"role":"auditor","disabled":true}`},
		{"PUT", "/api/v1/users/{last}", `{"disabled":false}`},
		{"PUT", "/api/v1/users/{last}/password", `{"password":"` + secret + `"}`},
		{"POST", "/api/v1/users/{last}/reset"},
		{"POST", "/api/v1/users/{last}/sessions/end"},
		{"POST", "/api/v1/tokens", `{"name":"集計","scopes":["look"],"days":30}`},
		{"GET", "/api/v1/tokens"},
		{"DELETE", "/api/v1/tokens/{token}"},
		{"GET", "/api/v1/audit?limit=3&q=&action=notify.*"},
		{"POST", "/api/v1/audit/verify?lang=en"},
		{"GET", "/api/v1/audit.csv?from=2026-04-01"},
		{"GET", "/api/v1/audit/checkpoint.txt"},
		{"GET", "/api/v1/openapi.json"},
		{"GET", "/api/v1/openapi.yaml"},
	}
}

// described is the OpenAPI document, compiled for validation.
func described(t *testing.T) (*jsonschema.Compiler, map[string]any) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(api.New(api.Parts{}).Document()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("https://mimawari.invalid/openapi.json", doc); err != nil {
		t.Fatal(err)
	}
	return c, doc.(map[string]any)
}

// What is answered is what the document says, and what the document says is tried: every operation.
func TestAnswersAreAsDescribed(t *testing.T) {
	var v auth.Viewer
	h, a, in := viewedWithIntake(t, func() auth.Viewer { return v })
	v = administrator(t, a)
	furnish(t, a, in)
	c, _ := described(t)
	mux := http.NewServeMux()
	left, media := map[string]bool{}, map[string][]string{}
	for _, o := range api.New(api.Parts{}).Operations() {
		mux.Handle(o.Pattern(), http.NotFoundHandler())
		left[o.Pattern()] = true
		if o.ID != "events" {
			media[o.Pattern()] = o.Media
		}
	}
	last := "" // id of what was made last
	for _, x := range tried() {
		x[1], x[2] = strings.ReplaceAll(filled(t, a, x[1]), "{last}", last), filled(t, a, x[2])
		res := ask(t, h, x[0], x[1], x[2])
		body := content(t, res)
		if res.StatusCode != 200 {
			t.Errorf("%s %s: %d %s", x[0], x[1], res.StatusCode, body)
			continue
		}
		if strings.Contains(body, secret) {
			t.Errorf("%s %s: a secret came back out", x[0], x[1])
		}
		var made struct{ ID string }
		if json.Unmarshal([]byte(body), &made) == nil && made.ID != "" {
			last = made.ID
		}
		_, pattern := mux.Handler(httptest.NewRequestWithContext(t.Context(), x[0], x[1], nil))
		delete(left, pattern)
		if media[pattern] != nil {
			if got, _, _ := strings.Cut(res.Header.Get("Content-Type"), ";"); !slices.Contains(media[pattern], got) || body == "" {
				t.Errorf("%s: %q, %d bytes; want %v", x[1], got, len(body), media[pattern])
			}
			continue
		}
		if strings.Contains(x[1], "/events") && !strings.HasPrefix(body, "retry: 3000\n\n") {
			t.Errorf("%s: %q", x[1], body)
		}
		if strings.Contains(x[1], "openapi") || strings.Contains(x[1], "/events") {
			continue
		}
		method, path, _ := strings.Cut(pattern, " ")
		where := "/paths/" + strings.ReplaceAll(path, "/", "~1") + "/" + strings.ToLower(method) + "/responses/200/content/application~1json/schema"
		s, err := c.Compile("https://mimawari.invalid/openapi.json#" + (&url.URL{Fragment: where}).EscapedFragment())
		if err != nil {
			t.Fatal(err)
		}
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(body))
		if err != nil {
			t.Errorf("%s: %v", x[1], err)
			continue
		}
		if err := s.Validate(v); err != nil {
			t.Errorf("%s %s: %v", x[0], x[1], err)
		}
	}
	for p := range left {
		t.Errorf("%s was not tried: add a line to tried", p)
	}
}

// Each operation names a permission, the document names the same, and the kernel asks for it: for every role and every token.
func TestEachOperationIsForThoseWhoMay(t *testing.T) {
	var v auth.Viewer
	h, _ := viewed(t, func() auth.Viewer { return v })
	_, doc := described(t)
	for _, o := range api.New(api.Parts{}).Operations() {
		if o.Need == auth.Everyone || o.Need != auth.SignedIn && !slices.Contains(auth.Permissions, o.Need) {
			t.Errorf("%s needs %q, which is no permission", o.Pattern(), o.Need)
		}
		op := doc["paths"].(map[string]any)[o.Path].(map[string]any)[strings.ToLower(o.Method)].(map[string]any)
		if got, _ := json.Marshal(op["security"]); string(got) != `[{"token":["`+string(o.Need)+`"]}]` {
			t.Errorf("%s: the document says %s, the permission is %q", o.Pattern(), got, o.Need)
		}
		path := strings.NewReplacer("{id}", "none", "{n}", "9", "{kind}", "hosts", "{period}", "x", "{format}", "x", "{name}", "x", "{file}", "x").Replace(o.Path)
		refused := func(want int) {
			t.Helper()
			res := ask(t, h, o.Method, path, "")
			if (res.StatusCode == want) == (v.May(o.Need) && !(o.Personal && v.Session == "")) {
				t.Errorf("%s as %s %v: %d", o.Pattern(), v.Role, v.Scopes, res.StatusCode)
			}
		}
		v = auth.Viewer{}
		refused(401)
		for _, role := range auth.Roles {
			v = auth.Viewer{ID: "u", Login: "u", Role: role, Session: "ses-1"}
			refused(403)
			for _, p := range auth.Permissions {
				v = auth.Viewer{ID: "u", Login: "u", Role: role, Token: "t", Scopes: []auth.Permission{p}}
				refused(403)
			}
		}
	}
}

func TestTagsSaveTheBody(t *testing.T) {
	h, _ := viewed(t, operator)
	path := "/api/v1/findings?state=active"
	first := ask(t, h, "GET", path, "")
	tag := first.Header.Get("ETag")
	if !strings.HasPrefix(tag, `"`) || len(tag) < 20 {
		t.Fatalf("ETag %q", tag)
	}
	for field, want := range map[string]int{tag: 304, "W/" + tag: 304, `"x", ` + tag: 304, "*": 304, `"x"`: 200, "": 200} {
		res := ask(t, h, "GET", path, "", "If-None-Match", field)
		if body := content(t, res); res.StatusCode != want || (want == 304) != (body == "") || res.Header.Get("ETag") != tag {
			t.Errorf("If-None-Match %s: %d, %d bytes", field, res.StatusCode, len(body))
		}
	}
	if other := ask(t, h, "GET", path+"&lang=en", "").Header.Get("ETag"); other == tag {
		t.Error("another language has the same tag")
	}
	ask(t, h, "POST", "/api/v1/findings/"+result().Findings[0].ID, `{"state":"acknowledged"}`)
	if res := ask(t, h, "GET", path, "", "If-None-Match", tag); res.StatusCode != 200 {
		t.Errorf("after a change: %d", res.StatusCode)
	}
	if res := ask(t, h, "HEAD", path, ""); res.StatusCode != 200 || res.Header.Get("ETag") == "" {
		t.Errorf("HEAD: %d", res.StatusCode)
	}
}

// Two people have the same finding open; the second one is told, and nothing of the first one's word is lost.
func TestWhoDecidesOnSomethingElseIsTold(t *testing.T) {
	h, a := viewed(t, operator)
	path := "/api/v1/findings/" + result().Findings[0].ID
	ja, en := ask(t, h, "GET", path, "").Header.Get("ETag"), ask(t, h, "GET", path, "", "Accept-Language", "en-GB").Header.Get("ETag")
	if res := ask(t, h, "POST", path, `{"state":"acknowledged","reason":"私が見ます"}`, "If-Match", en); res.StatusCode != 200 {
		t.Fatalf("first: %d %s", res.StatusCode, content(t, res))
	}
	res := ask(t, h, "POST", path, `{"state":"accepted","owner":"x","reason":"y","until":"2026-12-31T00:00:00Z"}`, "If-Match", ja)
	if body := content(t, res); res.StatusCode != 412 || !strings.Contains(body, `"api.changed"`) || !strings.Contains(body, "ほかの人") {
		t.Errorf("second: %d %s", res.StatusCode, body)
	}
	f, es, err := a.Store.Finding(t.Context(), result().Findings[0].ID)
	if err != nil || f.State != model.Acknowledged || f.Reason != "私が見ます" || es[len(es)-1].Who != "佐藤" {
		t.Errorf("%+v %+v %v", f.State, es, err)
	}
	for tags, want := range map[string]int{"W/" + ask(t, h, "GET", path, "").Header.Get("ETag"): 412, `"nonsense`: 412, "*": 200} {
		if res := ask(t, h, "POST", path, `{"state":"open"}`, "If-Match", tags); res.StatusCode != want {
			t.Errorf("If-Match %s: %d, want %d", tags, res.StatusCode, want)
		}
	}
}

// The store itself refuses: between looking and writing somebody else may come.
func TestTheHistoryIsComparedWhereItIsWritten(t *testing.T) {
	_, a := viewed(t, operator)
	id := result().Findings[0].ID
	desk := &app.Desk{App: a, Now: func() time.Time { return morning }}
	if err := desk.Decide(t.Context(), id, api.Decision{State: model.Acknowledged, Who: "佐藤", Seen: 1}); err != nil {
		t.Fatal(err)
	}
	if err := desk.Decide(t.Context(), id, api.Decision{State: model.Open, Who: "鈴木", Seen: 1}); !errors.Is(err, model.ErrChanged) {
		t.Errorf("got %v", err)
	}
}

// Wrong requests get an answer in words that names what is wrong, never a page, a trace or somebody else's format.
func TestWrongRequestsAreAnsweredInWords(t *testing.T) {
	h, _ := viewed(t, operator)
	f := "/api/v1/findings/" + result().Findings[0].ID
	long := strings.Repeat("a", 5000)
	for _, c := range []struct {
		method, path, body string
		header             []string
		status             int
		code, says         string
	}{
		{"GET", "/api/v1/hosts?limit=many", "", nil, 400, "api.bad_query", "limit は整数に"},
		{"GET", "/api/v1/hosts?limit=0&lang=en", "", nil, 400, "api.bad_query", "limit must be 1 or more"},
		{"GET", "/api/v1/hosts?declared=perhaps", "", nil, 400, "api.bad_query", "declared は次のどれか"},
		{"GET", "/api/v1/hosts?stat=open", "", nil, 400, "api.bad_query", "stat という項目はありません"},
		{"GET", "/api/v1/hosts?q=" + long, "", nil, 400, "api.bad_query", "q は 200 文字以下"},
		{"GET", "/api/v1/findings?severity=worst", "", nil, 400, "api.bad_query", "severity は次のどれか"},
		{"GET", "/api/v1/search", "", nil, 400, "api.bad_query", "q がありません"},
		{"GET", "/api/v1/findings?after=nonsense", "", nil, 400, "api.bad_query", ""},
		{"GET", "/api/v1/findings/" + long, "", nil, 400, "api.bad_query", "id は 200 文字以下"},
		{"GET", "/api/v1/findings/%00%ff", "", nil, 404, "api.not_found", ""},
		{"GET", "/api/v1/findings/" + url.PathEscape(`' OR 1=1; --`), "", nil, 404, "api.not_found", ""},
		{"GET", "/api/v1/hosts/" + url.PathEscape(hostile), "", nil, 404, "api.not_found", ""},
		{"GET", "/api/v1/hosts/..%2f..%2fetc%2fpasswd", "", nil, 404, "api.not_found", ""},
		{"GET", "/api/v1/nothing", "", nil, 404, "api.not_found", ""},
		{"GET", "/api/v2/hosts", "", nil, 404, "api.not_found", ""},
		{"GET", "/api/v1/docs", "", nil, 404, "api.not_found", ""},
		{"GET", "/api/v1/schemas/Host.json", "", nil, 404, "api.not_found", ""},
		{"PUT", "/api/v1/hosts", "", nil, 405, "api.method", "GET"},
		{"DELETE", f, "", nil, 405, "api.method", "GET, POST"},
		{"POST", f, "", nil, 400, "api.bad_body", "空"},
		{"POST", f, "[", nil, 400, "api.bad_body", ""},
		{"POST", f, "[]", nil, 400, "api.bad_body", "オブジェクト"},
		{"POST", f, `{}`, nil, 400, "api.bad_body", "state がありません"},
		{"POST", f, `{"state":1}`, nil, 400, "api.bad_body", "state は文字列"},
		{"POST", f, `{"state":"gone"}`, nil, 400, "api.bad_body", "state は次のどれか"},
		{"POST", f, `{"state":"open","who":"院長"}`, nil, 400, "api.bad_body", "who という項目はありません"},
		{"POST", f, `{"state":"accepted","until":"tomorrow"}`, nil, 400, "api.bad_body", "until は"},
		{"POST", f, `{"state":"accepted"}`, nil, 400, "triage.error", ""},
		{"POST", f, `{"state":"open","reason":"` + long + `"}`, nil, 400, "api.bad_body", "2000 文字以下"},
		{"POST", f, `{"state":"open"} x`, nil, 400, "api.bad_body", ""},
		{"POST", f, "state=open", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "api.not_json", "JSON"},
		{"POST", f, `{"state":"open"}`, []string{"Content-Type", "text/plain"}, 415, "api.not_json", "JSON"},
		{"POST", f, `{"state":"open","reason":"` + strings.Repeat("a", 70<<10) + `"}`, nil, 413, "api.too_large", "64"},
		{"POST", f, strings.Repeat("[", 60<<10), nil, 400, "api.bad_body", ""},
		{"POST", f, `{"state":"open"}`, []string{"Content-Type", "a;+"}, 415, "api.not_json", "JSON"},
		{"POST", "/api/v1/findings/none", `{"state":"open"}`, nil, 404, "api.not_found", ""},
		{"GET", "/api/v1/ledger/rows/secrets", "", nil, 400, "api.bad_query", "kind は次のどれか"},
		{"GET", "/api/v1/ledger/rows/hosts?after=-1", "", nil, 400, "api.bad_query", ""},
		{"GET", "/api/v1/ledger/rows/hosts?version=99", "", nil, 404, "api.not_found", ""},
		{"GET", "/api/v1/ledger/diff", "", nil, 400, "api.bad_query", "from がありません"},
		{"GET", "/api/v1/hosts/none/trail", "", nil, 404, "api.not_found", ""},
		{"PUT", "/api/v1/hosts/none/note", `{"text":"x"}`, nil, 404, "api.not_found", ""},
		{"POST", "/api/v1/ledger/versions/99/restore", `{}`, nil, 404, "api.not_found", ""},
		{"POST", "/api/v1/ledger/decisions/none/undo", `{}`, nil, 404, "api.not_found", ""},
		{"POST", "/api/v1/rounds", `{}`, nil, 400, "intake.", ""},
		{"POST", "/api/v1/rounds", `{"minutes":99999}`, nil, 400, "api.bad_body", "1440 以下"},
		{"DELETE", "/api/v1/rounds/none", "", nil, 404, "api.not_found", ""},
		{"DELETE", "/api/v1/suppressions/none", "", nil, 404, "api.not_found", ""},
		{"POST", "/api/v1/suppressions", `{"owner":"x","reason":"y","ip":"10.1.0.300"}`, nil, 400, "triage.error", ""},
	} {
		res := ask(t, h, c.method, c.path, c.body, c.header...)
		body := content(t, res)
		var got struct{ Error struct{ Code, Text string } }
		if err := json.Unmarshal([]byte(body), &got); err != nil || !strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") {
			t.Errorf("%s %.60s: %s %.200s: %v", c.method, c.path, res.Header.Get("Content-Type"), body, err)
			continue
		}
		if res.StatusCode != c.status || !strings.HasPrefix(got.Error.Code, c.code) || !strings.Contains(got.Error.Text, c.says) || len(body) > 1500 {
			t.Errorf("%s %.60s %.60s: %d %.300s; want %d %s %q", c.method, c.path, c.body, res.StatusCode, body, c.status, c.code, c.says)
		}
		for _, bad := range []string{"$schema", "about:blank", `"detail"`, "goroutine"} {
			if strings.Contains(body, bad) {
				t.Errorf("%s %.60s: %s", c.method, c.path, body)
			}
		}
	}
}

// What is the server's fault is told with a number, and nothing of its cause.
func TestFaultsStayInside(t *testing.T) {
	var told []error
	a, err := app.OpenServing(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	k := &page.Kit{Now: time.Now, Report: func(err error) { told = append(told, err) }}
	mux := http.NewServeMux()
	k.Mount(mux, web.Routes(k, web.Site{Memory: a.Store, Finder: &lookup.Finder{Source: a.Store}, Now: time.Now}))
	r := httptest.NewRequestWithContext(auth.WithViewer(t.Context(), operator()), "GET", "/api/v1/hosts", nil)
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	var p api.Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != 500 || p.Said.Code != "api.internal" || p.Said.Reference == "" || strings.Contains(w.Body.String(), "closed") {
		t.Errorf("%d %s %v", w.Code, w.Body, err)
	}
	if len(told) != 1 || !strings.Contains(told[0].Error(), p.Said.Reference) {
		t.Errorf("reported: %v", told)
	}
}

// The Link header leads through all pages.
func TestLinksLeadOn(t *testing.T) {
	h, _ := viewed(t, operator)
	seen, path := map[string]bool{}, "/api/v1/findings?limit=2&state=active&lang=en"
	for range 5 {
		res := ask(t, h, "GET", path, "")
		var list api.FindingList
		if err := json.NewDecoder(res.Body).Decode(&list); err != nil || res.StatusCode != 200 || list.Total != 5 {
			t.Fatalf("%s: %d %+v %v", path, res.StatusCode, list.Total, err)
		}
		for _, f := range list.Findings {
			seen[f.ID] = true
		}
		link := res.Header.Get("Link")
		if (link == "") != (list.Next == "") {
			t.Errorf("next %q, Link %q", list.Next, link)
		}
		if link == "" {
			break
		}
		var ok bool
		if path, ok = strings.CutSuffix(strings.TrimPrefix(link, "<"), `>; rel="next"`); !ok || !strings.Contains(path, "lang=en") {
			t.Fatalf("Link %q", link)
		}
	}
	if len(seen) != 5 {
		t.Errorf("%d of 5 findings", len(seen))
	}
}

func FuzzAPIQueries(f *testing.F) {
	for _, q := range []string{"q=10.1.0.20&limit=5", "state=active&rule=line.*&severity=high", "after=4.1.f-x&host=h-1", "q=%00%ff&declared=no&class=-", "limit=-1&limit=2", ";=&%zz"} {
		f.Add(q)
	}
	a, err := app.OpenServing(context.Background(), f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = a.Close() })
	if err := a.Store.SaveResult(context.Background(), result()); err != nil {
		f.Fatal(err)
	}
	var reported error
	k := &page.Kit{Now: time.Now, Report: func(err error) { reported = err }}
	mux := http.NewServeMux()
	k.Mount(mux, web.Routes(k, web.Site{Memory: a.Store, Finder: &lookup.Finder{Source: a.Store}, Now: time.Now}))
	f.Fuzz(func(t *testing.T, query string) {
		for _, path := range []string{"/api/v1/hosts", "/api/v1/findings", "/api/v1/search", "/hosts", "/findings", "/search"} {
			r := httptest.NewRequestWithContext(auth.WithViewer(t.Context(), operator()), "GET", path, nil)
			r.URL.RawQuery = query
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, r)
			if w.Code != 200 && w.Code != 400 && (w.Code != 303 || path != "/search") {
				t.Errorf("%s?%s: %d %s, reported %v", path, query, w.Code, w.Body, reported)
			}
		}
	})
}
