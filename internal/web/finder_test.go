package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/web"
	"github.com/mimawari/mimawari/internal/web/page"
)

// Enter in the box goes to the one thing that is meant; else what was found is shown.
func TestSearchGoesToTheOnlyExactHit(t *testing.T) {
	h, _ := viewed(t, operator)
	r := result()
	for typed, want := range map[string]string{
		"10.1.0.20": "/hosts/" + r.Hosts[0].ID, "02-00-00-00-00-01": "/hosts/" + r.Hosts[0].ID, " " + r.Findings[2].ID + " ": "/findings/" + r.Findings[2].ID,
		"10.1.0": "", "": "", "nothing": "",
	} {
		res := ask(t, h, "GET", "/search?q="+url.QueryEscape(typed), "")
		if got := res.Header.Get("Location"); got != want || (want == "") != (res.StatusCode == 200) {
			t.Errorf("%q: %d to %q, want %q", typed, res.StatusCode, got, want)
		}
	}
}

// While somebody types only the hits come, without the frame and without going anywhere.
func TestSearchInPlace(t *testing.T) {
	h, _ := viewed(t, operator)
	for typed, want := range map[string]string{"10.1.0.20": "10.1.0.20", "script": "&lt;script&gt;alert(1)", "受付": "受付PC", "zzz": "当てはまるものはありません", "": ""} {
		res := ask(t, h, "GET", "/search?q="+url.QueryEscape(typed), "", "HX-Request", "true")
		body := content(t, res)
		if res.StatusCode != 200 || strings.Contains(body, "<html") || !strings.Contains(body, want) || strings.Contains(body, "<script") || (typed == "") != (strings.TrimSpace(body) == "") {
			t.Errorf("%q: %d %s", typed, res.StatusCode, body)
		}
	}
}

// A server without a search box has no page for it, none in its head, and says so to programs.
func TestWithoutFinder(t *testing.T) {
	a, err := app.OpenServing(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	s := web.Site{Memory: a.Store, Desk: &app.Desk{App: a, Now: time.Now}, Now: time.Now}
	k := &page.Kit{Now: time.Now, NoSearch: true, Report: func(err error) { t.Error(err) }}
	mux := http.NewServeMux()
	k.Mount(mux, web.Routes(k, s))
	for path, want := range map[string]int{"/search?q=x": 404, "/api/v1/search?q=x": 404, "/hosts": 200} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequestWithContext(auth.WithViewer(t.Context(), operator()), "GET", path, nil))
		if w.Code != want || strings.Contains(w.Body.String(), `class="find"`) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}
