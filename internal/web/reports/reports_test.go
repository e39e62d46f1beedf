package reports_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/report/paper"
	"github.com/mimawari/mimawari/internal/report/periodic"
	"github.com/mimawari/mimawari/internal/report/periodic/periodictest"
	"github.com/mimawari/mimawari/internal/web/page"
	"github.com/mimawari/mimawari/internal/web/reports"
)

// shelf is the made-up institution of the tests of the reports.
type shelf struct {
	began time.Time
	dir   string
}

func (s shelf) Began(context.Context) (time.Time, error) { return s.began, nil }

func (s shelf) PeriodReport(_ context.Context, p periodic.Period, now time.Time, l locale.Lang) (*paper.Document, error) {
	in := periodictest.Busy(l, 20, 12)
	in.Period, in.Now = p, now
	return periodic.Report(in), nil
}

func (s shelf) HandOver(_ context.Context, _ time.Time, l locale.Lang) (*paper.Document, error) {
	return periodic.HandOver(periodictest.HandOver(l)), nil
}

func (s shelf) SavedReports() ([]model.SavedReport, error) {
	return []model.SavedReport{{Name: "monthly-2026-11.pdf", Kind: "monthly", Period: "2026-11", Format: "pdf"}}, nil
}

func (s shelf) OpenReport(name string) (*os.File, error) {
	if name != "monthly-2026-11.pdf" {
		return nil, model.ErrNotFound
	}
	return os.Open(s.dir + "/" + name)
}

// as serves the pages to somebody with a role.
func as(role auth.Role, s shelf) http.Handler {
	k := &page.Kit{Now: func() time.Time { return periodictest.Now }, Zone: periodictest.Tokyo}
	mux := http.NewServeMux()
	k.Mount(mux, reports.Site{Kit: k, Shelf: s}.Routes())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mux.ServeHTTP(w, r.WithContext(auth.WithViewer(r.Context(), auth.Viewer{ID: "u", Login: "u", Role: role})))
	})
}

func get(h http.Handler, path string) (int, http.Header, string) {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("Accept-Language", "ja")
	h.ServeHTTP(w, r)
	b, _ := io.ReadAll(w.Result().Body)
	return w.Code, w.Header(), string(b)
}

func TestShelf(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/monthly-2026-11.pdf", []byte("%PDF-1.7 saved"), 0o600); err != nil {
		t.Fatal(err)
	}
	h := as(auth.Executive, shelf{began: periodictest.Month.From.AddDate(0, -1, 5), dir: dir})
	code, _, body := get(h, "/reports")
	if code != http.StatusOK {
		t.Fatalf("%d %s", code, body)
	}
	for _, want := range []string{"令和8年11月（2026年）", "令和8年10月（2026年）", "令和8年12月（2026年） <small>（途中）", "/reports/weekly/2026-W48/pdf", "/reports/saved/monthly-2026-11.pdf", "/reports/handover/xlsx"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(body, "令和8年9月") || strings.Contains(body, "style=") {
		t.Error("months before the first patrol, or styles inside")
	}
	for path, begin := range map[string]string{
		"/reports/monthly/2026-11/pdf": "%PDF-1", "/reports/weekly/2026-W48/xlsx": "PK", "/reports/weekly/2026-W48/html": "<!doctype html>",
		"/reports/handover/pdf": "%PDF-1", "/reports/saved/monthly-2026-11.pdf": "%PDF-1.7 saved",
	} {
		code, head, body := get(h, path)
		if code != http.StatusOK || !strings.HasPrefix(body, begin) || !strings.Contains(head.Get("Content-Disposition"), "attachment") || head.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v %.40q", path, code, head, body)
		}
	}
	for _, path := range []string{
		"/reports/yearly/2026/pdf", "/reports/monthly/2026-13/pdf", "/reports/monthly/2027-01/pdf", "/reports/monthly/2026-11/exe", "/reports/handover/exe",
		"/reports/saved/..%2f..%2fmimawari.db", "/reports/saved/weekly-2026-W48.pdf", "/reports/monthly/..%2f/pdf",
	} {
		if code, _, _ := get(h, path); code != http.StatusNotFound {
			t.Errorf("%s: %d", path, code)
		}
	}
	// A vendor may not read reports; before the first patrol the page says what to do.
	if code, _, _ := get(as(auth.Vendor, shelf{}), "/reports"); code != http.StatusForbidden {
		t.Errorf("a vendor gets %d", code)
	}
	if _, _, body := get(as(auth.Administrator, shelf{}), "/reports"); !strings.Contains(body, locale.T(locale.Japanese, "reports.none")) || !strings.Contains(body, `href="/intake"`) {
		t.Errorf("without a patrol: %s", body)
	}
}
