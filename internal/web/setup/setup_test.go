package setup_test

import (
	"bytes"
	"context"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/web"
	"github.com/mimawari/mimawari/internal/web/webtest"
)

// newcomer is an administrator in front of an empty server, with a browser without scripts.
type newcomer struct {
	t    *testing.T
	url  string
	app  *app.App
	http *http.Client
}

func newNewcomer(t *testing.T) *newcomer {
	t.Helper()
	a, err := app.OpenServing(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	in, err := app.NewIntake(t.Context(), a, app.IntakeOptions{Now: time.Now, Zone: time.UTC})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- in.Run(ctx) }()
	report := func(err error) { t.Errorf("reported: %v", err) }
	door, err := a.Door(t.Context(), time.Now, report)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(web.Handler(web.Site{
		Keeper: door.Keeper, Trail: door.Trail, Record: app.Recorder(door.Trail),
		Memory: a.Store, Desk: &app.Desk{App: a, Now: time.Now}, Intake: in, Settings: a.Store, House: a, Now: time.Now, Zone: time.UTC,
		Report: report,
	}))
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		srv.Close()
		_ = a.Close()
	})
	return &newcomer{t: t, url: srv.URL, app: a, http: webtest.Client(t, door.Keeper, srv.URL, auth.Administrator)}
}

// see gives the page and the path at which one ended up.
func (n *newcomer) see(res *http.Response, err error) (string, string) {
	n.t.Helper()
	if err != nil {
		n.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		n.t.Fatal(err)
	}
	return res.Request.URL.Path, string(b)
}

func (n *newcomer) get(path string) (string, string) {
	n.t.Helper()
	return n.see(n.http.Get(n.url + path))
}

func (n *newcomer) send(path string, form url.Values) (string, string) {
	n.t.Helper()
	return n.see(n.http.PostForm(n.url+path, form))
}

// at makes sure that one is at path and that the page has the words.
func (n *newcomer) at(want string, words ...string) func(path, body string) string {
	return func(path, body string) string {
		n.t.Helper()
		if path != want {
			n.t.Fatalf("at %s, want %s: %.2000s", path, want, body)
		}
		for _, w := range words {
			if !strings.Contains(body, w) {
				n.t.Errorf("%s lacks %q", path, w)
			}
		}
		return body
	}
}

func (n *newcomer) until(path, words string) string {
	n.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		_, body := n.get(path)
		if strings.Contains(body, words) {
			return body
		}
		if time.Now().After(deadline) {
			n.t.Fatalf("%s never says %q: %s", path, words, body)
		}
	}
}

var next = url.Values{"go": {"next"}}

const arpTable = "  10.1.0.1  02-00-00-00-00-01  dynamic\n  10.1.0.2  02-00-00-00-00-02  dynamic\n"

// From an empty server to the first report, without a terminal and without scripts.
func TestToTheFirstReport(t *testing.T) {
	n := newNewcomer(t)
	n.at("/start/begin", "新しく始める", "mimawari db restore")(n.get("/"))
	n.at("/start/institution", "どのような施設ですか")(n.send("/start/begin", next))
	n.at("/start/institution", "病床数は")(n.send("/start/institution", url.Values{"go": {"next"}, "name": {"みまわり診療所"}, "kind": {"clinic"}, "beds": {"たくさん"}}))
	n.at("/start/administrator", "管理者です")(n.send("/start/institution", url.Values{"go": {"next"}, "name": {"みまわり診療所"}, "kind": {"clinic"}, "beds": {"19"}}))
	n.at("/start/contacts", "だれに電話")(n.send("/start/administrator", next))
	n.at("/start/administrator")(n.get("/start/administrator")) // one step back changes nothing
	n.at("/start/contacts")(n.get("/start"))
	contacts := url.Values{"go": {"next"}, "role": {"院長", "", ""}, "name": {"佐藤", "", ""}, "phone": {"03-1234-5678", "", ""}, "mail": {"", "", ""}, "note": {"", "", ""}, "open": {"1"}}
	n.at("/start/look", "まだ 1 台も見えていません")(n.send("/start/contacts", contacts))
	x, err := n.app.Institution(t.Context())
	if err != nil || x.Name != "みまわり診療所" || x.Beds != 19 || x.Kind != model.Clinic || len(x.Contacts) != 1 || !x.OpenEmergency {
		t.Fatalf("%+v, %v", x, err)
	}

	n.at("/intake/paste", "2 台の機器がわかりました", "back=%2fstart%2flook")(n.send("/intake/paste?back=/start/look", url.Values{"text": {arpTable}}))
	n.at("/start/look")(n.send("/intake/paste?back=/start/look", url.Values{"text": {arpTable}, "use": {"1"}}))
	n.until("/start/look", "2 台見えました")
	n.at("/start/ledger", "まだありません")(n.send("/start/look", next))

	n.upload("台帳.csv", "機器名,IPアドレス,設置場所\n受付PC,10.1.0.1,受付\n検査PC,10.1.0.77,検査室\n")
	body := n.at("/start/ledger", "台帳.csv")(n.get("/start/ledger"))
	id := regexp.MustCompile(`u-[0-9a-f]{32}`).FindString(body)
	n.at("/start/report")(n.send("/start/ledger", url.Values{"go": {"next"}, "ledger": {id}}))
	n.until("/start/ledger", "台帳にない機器")
	n.until("/start/report", "2 台が見え")
	n.until("/report.html", "受付PC") // the first report knows the ledger
	n.at("/", "準備が終わりました")(n.send("/start/report", next))
	n.at("/start/report")(n.get("/start"))
}

func (n *newcomer) upload(name, content string) {
	n.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	w, err := m.CreateFormFile("file", name)
	if err != nil {
		n.t.Fatal(err)
	}
	_, _ = io.WriteString(w, content)
	_ = m.Close()
	n.at("/start/ledger", name)(n.see(n.http.Post(n.url+"/intake/files?back=/start/ledger", m.FormDataContentType(), &b)))
}

// Everything can be passed over, and left for later; then the first page is the page of today.
func TestPassedOver(t *testing.T) {
	n := newNewcomer(t)
	for _, step := range []string{"institution", "administrator", "contacts", "look", "ledger", "report"} {
		n.at("/start/" + step)(n.send("/start/"+map[string]string{
			"institution": "begin", "administrator": "institution", "contacts": "administrator", "look": "contacts", "ledger": "look", "report": "ledger",
		}[step], url.Values{"go": {"skip"}}))
	}
	n.at("/start/report", "報告書はありません")(n.get("/start/report"))
	n.at("/")(n.send("/start/report", url.Values{"go": {"later"}}))
	n.at("/")(n.get("/"))
	if x, err := n.app.Institution(t.Context()); err != nil || x.Name != "" {
		t.Errorf("%+v, %v", x, err)
	}
	for _, path := range []string{"/start/nowhere", "/start/../etc"} {
		if _, body := n.get(path); !strings.Contains(body, "見つかりません") && !strings.Contains(body, "ありません") {
			t.Errorf("%s: %.300s", path, body)
		}
	}
}

// A server that has patrolled already, by the command line, does not begin from the beginning.
func TestNotForOldServers(t *testing.T) {
	n := newNewcomer(t)
	if err := n.app.Store.SaveResult(t.Context(), model.Result{Patrol: model.Patrol{ID: "p-1", Started: time.Now(), Ended: time.Now()}}); err != nil {
		t.Fatal(err)
	}
	n.at("/")(n.get("/"))
	n.at("/start/begin")(n.get("/start"))
}
