package web_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/web"
	"github.com/mimawari/mimawari/internal/web/metrics"
	"github.com/mimawari/mimawari/internal/web/page"
)

// Numbers for those who may, labels that nobody outside can choose, and nothing of the network's names.
func TestMetrics(t *testing.T) {
	_, a := site(t, false)
	v := auth.Viewer{ID: "u", Login: "u", Role: auth.Administrator}
	m := &metrics.Meter{Memory: a.Store, Report: func(err error) { t.Error(err) }}
	k := &page.Kit{Now: time.Now, Measure: m.Measure}
	mux := http.NewServeMux()
	k.Mount(mux, append(m.Routes(), page.Route{Pattern: "GET /hosts/{id}", Do: page.Missing}))
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mux.ServeHTTP(w, r.WithContext(auth.WithViewer(r.Context(), v)))
	})
	ask(t, h, "GET", "/hosts/secret-name", "")
	body := content(t, ask(t, h, "GET", "/metrics", ""))
	for _, want := range []string{
		"mimawari_hosts 2\n", `mimawari_findings{severity="critical",state="open"} 1`, "mimawari_store_up 1\n", "mimawari_last_patrol_timestamp_seconds 1.775",
		"mimawari_last_patrol_duration_seconds 3600\n", `mimawari_http_requests_total{route="GET /hosts/{id}",status="404"} 1`,
		`mimawari_http_request_seconds_count{route="GET /hosts/{id}"} 1`, "go_goroutines ",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("lacks %s", want)
		}
	}
	for _, bad := range []string{"secret-name", "<script", "10.1.0", "受付"} {
		if strings.Contains(body, bad) {
			t.Errorf("contains %s", bad)
		}
	}
	for _, role := range []auth.Role{"", auth.Operator, auth.Executive, auth.Auditor, auth.Vendor} {
		v = auth.Viewer{ID: string(role), Role: role}
		if res := ask(t, h, "GET", "/metrics", ""); res.StatusCode != 401 && res.StatusCode != 403 {
			t.Errorf("%q: %d", role, res.StatusCode)
		}
	}
	v = auth.Viewer{ID: "u", Role: auth.Administrator, Token: "t", Scopes: []auth.Permission{auth.Look}}
	if res := ask(t, h, "GET", "/metrics", ""); res.StatusCode != 403 {
		t.Errorf("a token without the scope: %d", res.StatusCode)
	}
}

// Alive says nothing of the data; ready does.
func TestReadyNeedsTheStore(t *testing.T) {
	a, err := app.OpenServing(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	k := &page.Kit{Now: time.Now}
	k.Mount(mux, web.Routes(k, web.Site{Memory: a.Store, Now: time.Now}))
	status := func(path string) int {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", path, nil))
		return w.Code
	}
	if h, r := status("/healthz"), status("/readyz"); h != 200 || r != 200 {
		t.Errorf("healthz %d, readyz %d", h, r)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if h, r := status("/healthz"), status("/readyz"); h != 200 || r != 503 {
		t.Errorf("without the store: healthz %d, readyz %d", h, r)
	}
}
