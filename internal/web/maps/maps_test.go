package maps_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/mimawari/mimawari/bench/house"
	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/web/maps"
	"github.com/mimawari/mimawari/internal/web/page"
)

const hostile = `<img src=x onerror=alert(1)>"'</svg><script>`

// serve shows a made-up house; the first host bears a hostile name.
func serve(t *testing.T, hosts int) (string, house.House) {
	t.Helper()
	a, err := app.Open(t.Context(), t.TempDir(), "test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	h := house.Make(house.Options{Hosts: max(hosts, 60), Findings: hosts / 4, Now: time.Date(2026, 10, 7, 6, 0, 0, 0, time.UTC)})
	if hosts > 0 {
		h.Result.Hosts[1].Names, h.Result.Hosts[1].Ledger = []string{hostile}, nil
		if _, err := a.Store.SaveLedger(t.Context(), h.Ledger); err != nil {
			t.Fatal(err)
		}
		if err := a.Store.SaveResult(t.Context(), h.Result); err != nil {
			t.Fatal(err)
		}
	}
	k := &page.Kit{Now: func() time.Time { return time.Date(2026, 10, 7, 8, 0, 0, 0, time.UTC) }, Report: func(err error) { t.Error(err) }}
	mux := http.NewServeMux()
	k.Mount(mux, append(maps.Site{Kit: k, Desk: &app.MapDesk{App: a}}.Routes(), page.Route{Pattern: "GET /static/{name}", Need: auth.Everyone, Do: page.Static}))
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := auth.Viewer{ID: "p", Role: auth.Executive}
		if r.Header.Get("X-Nobody") != "" {
			v = auth.Viewer{}
		}
		mux.ServeHTTP(w, r.WithContext(auth.WithViewer(r.Context(), v)))
	}))
	t.Cleanup(srv.Close)
	return srv.URL, h
}

func get(t *testing.T, u string) (int, string) {
	t.Helper()
	res, err := http.Get(u) //nolint:noctx // a test
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

// want asks for a page and wants words in it, and never the hostile name as markup.
func want(t *testing.T, u string, status int, words ...string) string {
	t.Helper()
	code, body := get(t, u)
	if code != status {
		t.Fatalf("%s: %d\n%s", u, code, body)
	}
	for _, w := range words {
		if !strings.Contains(body, w) {
			t.Errorf("%s: no %q in\n%s", u, w, body[:min(len(body), 3000)])
		}
	}
	if !strings.HasPrefix(body, "<") { // no markup: a table, a PDF
		return body
	}
	for _, bad := range []string{"<img src=x", "</svg><script", "style=", "ZgotmplZ"} {
		if strings.Contains(body, bad) {
			t.Errorf("%s: %q in it", u, bad)
		}
	}
	return body
}

func TestPages(t *testing.T) {
	base, h := serve(t, 400)
	first := h.Result.Hosts[1].ID
	want(t, base+"/map", 200, "電子カルテ系", "mm-zones", "合計 400 台", `href="/map/zone/0"`)
	want(t, base+"/map/zone/0", 200, "HIS-0100-002", "/map/explore?host=", "&lt;img src=x")
	want(t, base+"/map/zone/0?only=risk", 200, "要対応")
	want(t, base+"/map/zone/0?after=100", 200, "電子カルテ系")
	want(t, base+"/map/zone/0?after=-5", 200)
	want(t, base+"/map/zone/99", 404)
	want(t, base+"/map/zone/x", 404)
	want(t, base+"/map/board.svg", 200, "<svg xmlns", "院内の地図")
	want(t, base+"/map/board.pdf", 200, "%PDF-1")
	want(t, base+"/map/explore", 200, "機器を探して")
	want(t, base+"/map/explore?q="+url.QueryEscape(h.Result.Hosts[3].IPs[0].String()), 200, h.Result.Hosts[3].ID)
	want(t, base+"/map/explore?q=nothing-like-it", 200, "当てはまる機器がありません")
	want(t, base+"/map/explore?host=h-none", 404)
	want(t, base+"/map/explore?host="+first, 200, "&lt;img src=x")
	want(t, base+"/map/diagrams", 200, "ネットワーク構成図", "電子カルテ", "/map/diagrams/systems.csv")
	want(t, base+"/map/diagrams/network.svg", 200, "<svg xmlns", "電子カルテ系")
	want(t, base+"/map/diagrams/network.pdf", 200, "%PDF-1")
	want(t, base+"/map/diagrams/systems.svg", 200, "システム構成図")
	want(t, base+"/map/diagrams/systems.pdf", 200, "%PDF-1")
	want(t, base+"/map/diagrams/systems.csv", 200, "始めた側", "電子カルテ")
	want(t, base+"/map/diagrams/floor.svg", 404)
}

// Every host of the board can be named, and the digits say what the table says.
func TestBoardData(t *testing.T) {
	base, h := serve(t, 300)
	var d struct {
		Edition string
		Boxes   [][]any
		Risk    string
		Links   [][3]int
	}
	if err := json.Unmarshal([]byte(want(t, base+"/map/board.json", 200)), &d); err != nil {
		t.Fatal(err)
	}
	if len(d.Risk) != len(h.Result.Hosts) || strings.Trim(d.Risk, "012") != "" || strings.Count(d.Risk, "2") == 0 || len(d.Boxes) != 9 {
		t.Fatalf("%+v", d)
	}
	named := map[string]bool{}
	for from := 0; from < 300; from += 64 {
		var c struct {
			Edition string
			Cells   [][4]string
		}
		if err := json.Unmarshal([]byte(want(t, base+"/map/cells.json?from="+itoa(from), 200)), &c); err != nil {
			t.Fatal(err)
		}
		if c.Edition != d.Edition {
			t.Errorf("edition %q, not %q", c.Edition, d.Edition)
		}
		for _, x := range c.Cells {
			named[x[0]] = true
		}
	}
	if len(named) != 300 {
		t.Errorf("%d hosts named", len(named))
	}
	want(t, base+"/map/cells.json?from=300", 400)
	want(t, base+"/map/cells.json?from=-1", 400)
	want(t, base+"/map/cells.json", 400)
}

func itoa(n int) string { b, _ := json.Marshal(n); return string(b) }

// Opening a peer adds its peers; what is open leads to the host; the files say the same as the table.
func TestExploring(t *testing.T) {
	base, h := serve(t, 400)
	var start, peer model.Trail
	for x := range h.Result.Trails {
		if len(x.Talks) > 3 && start.Host == "" {
			start = x
			p, _ := x.Talks[0].Peer(x.Host)
			peer.Host = p.Host
		}
	}
	one := want(t, base+"/map/explore?host="+start.Host, 200, "/map/explore.pdf?host="+start.Host, "open="+peer.Host)
	two := want(t, base+"/map/explore?host="+start.Host+"&open="+peer.Host+"&open=h-none&open="+peer.Host, 200, `href="/hosts/`+peer.Host+`"`)
	if strings.Count(two, "<tr>") <= strings.Count(one, "<tr>") {
		t.Errorf("opening a peer added nothing: %d and %d rows", strings.Count(one, "<tr>"), strings.Count(two, "<tr>"))
	}
	csv := want(t, base+"/map/explore.csv?host="+start.Host, 200)
	if got, rows := strings.Count(csv, "\r\n"), strings.Count(one, "<tr>"); got != rows {
		t.Errorf("%d lines, the table has %d", got, rows)
	}
	want(t, base+"/map/explore.svg?host="+start.Host, 200, "<svg xmlns")
	want(t, base+"/map/explore.pdf?host="+start.Host, 200, "%PDF-1")
	want(t, base+"/map/explore.pdf", 404)
	many := url.Values{"host": {start.Host}}
	for _, x := range h.Result.Hosts {
		many.Add("open", x.ID)
	}
	want(t, base+"/map/explore?"+many.Encode(), 200, "これ以上は開けません")
}

func TestNothingThereYet(t *testing.T) {
	base, _ := serve(t, 0)
	want(t, base+"/map", 200, "まだ地図はありません")
	want(t, base+"/map/diagrams", 200, "まだ地図はありません")
	want(t, base+"/map/board.svg", 200, "<svg xmlns")
	want(t, base+"/map/diagrams/network.svg", 200, "<svg xmlns")
	want(t, base+"/map/diagrams/systems.pdf", 200, "%PDF-1")
	want(t, base+"/map/board.json", 200, `"risk":""`)
}

// Nobody sees where machines stand without having signed in.
func TestNotForEverybody(t *testing.T) {
	base, h := serve(t, 60)
	for _, p := range []string{"/map", "/map/board.json", "/map/cells.json?from=0", "/map/zone/0", "/map/board.svg", "/map/explore?host=" + h.Result.Hosts[0].ID, "/map/diagrams/network.pdf"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+p, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Nobody", "1")
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusSeeOther && res.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: %d", p, res.StatusCode)
		}
	}
}
