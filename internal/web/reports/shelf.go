package reports

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/report"
	"github.com/mimawari/mimawari/internal/report/paper"
	"github.com/mimawari/mimawari/internal/report/periodic"
	"github.com/mimawari/mimawari/internal/web/page"
)

// Shelf has the reports on weeks and months, and the hand-over sheet.
type Shelf interface {
	Began(ctx context.Context) (time.Time, error) // the first patrol, zero if there was none
	PeriodReport(ctx context.Context, p periodic.Period, now time.Time, l locale.Lang) (*paper.Document, error)
	HandOver(ctx context.Context, now time.Time, l locale.Lang) (*paper.Document, error)
	SavedReports() ([]model.SavedReport, error)
	OpenReport(name string) (*os.File, error)
}

//go:embed pages
var pages embed.FS

var shelfPage = page.MustParse(pages, "reports")

// How many periods the page lists, the newest first. Older ones can be had by their address and on the command line.
var listed = map[periodic.Kind]int{periodic.Monthly: 24, periodic.Weekly: 26}

// row is a period on the page.
type row struct {
	periodic.Period
	Words   string
	Going   bool // not over yet
	Saved   []model.SavedReport
	Formats []string
}

type shelfView struct {
	page.Frame
	Months, Weeks []row
	Formats       []string
	Began         bool
}

func (s Site) list(w http.ResponseWriter, r *http.Request) error {
	began, err := s.Shelf.Began(r.Context())
	if err != nil {
		return err
	}
	saved, err := s.Shelf.SavedReports()
	if err != nil {
		return err
	}
	v := &shelfView{Frame: s.Kit.Frame(r, "reports.title", "reports"), Formats: report.Formats, Began: !began.IsZero()}
	if v.Began {
		now, began := s.Kit.Now().In(s.Kit.Place()), began.In(s.Kit.Place())
		v.Months = rows(periodic.Monthly, began, now, v.Lang, saved)
		v.Weeks = rows(periodic.Weekly, began, now, v.Lang, saved)
	}
	return s.Kit.Render(w, r, http.StatusOK, shelfPage, v)
}

func rows(k periodic.Kind, began, now time.Time, l locale.Lang, saved []model.SavedReport) (out []row) {
	for p := periodic.Of(k, now); p.To.After(began) && len(out) < listed[k]; p = p.Before() {
		x := row{Period: p, Words: p.Words(l), Going: p.To.After(now), Formats: report.Formats}
		for _, f := range saved {
			if f.Kind == string(k) && f.Period == p.Key() {
				x.Saved = append(x.Saved, f)
			}
		}
		slices.SortFunc(x.Saved, func(a, b model.SavedReport) int {
			return slices.Index(report.Formats, a.Format) - slices.Index(report.Formats, b.Format)
		})
		out = append(out, x)
	}
	return out
}

// period makes the report on one period.
func (s Site) period(w http.ResponseWriter, r *http.Request) error {
	p, ok := periodic.Parse(periodic.Kind(r.PathValue("kind")), r.PathValue("period"), s.Kit.Place())
	now := s.Kit.Now().In(s.Kit.Place())
	if !ok || !slices.Contains(periodic.Kinds, p.Kind) || p.From.After(now) {
		return model.ErrNotFound
	}
	return s.make(w, r, string(p.Kind)+"-"+p.Key(), func(ctx context.Context) (*paper.Document, error) {
		return s.Shelf.PeriodReport(ctx, p, now, api.Lang(r))
	})
}

func (s Site) handOver(w http.ResponseWriter, r *http.Request) error {
	now := s.Kit.Now().In(s.Kit.Place())
	return s.make(w, r, "handover-"+now.Format(time.DateOnly), func(ctx context.Context) (*paper.Document, error) {
		return s.Shelf.HandOver(ctx, now, api.Lang(r))
	})
}

var mimes = map[string]string{"pdf": "application/pdf", "xlsx": page.XLSX, "html": "text/html; charset=utf-8"}

// atOnce is how many reports are made at a time: each reads all findings and hosts.
const atOnce = 2

var gate = make(chan struct{}, atOnce)

// make writes a report as a download.
func (s Site) make(w http.ResponseWriter, r *http.Request, name string, document func(context.Context) (*paper.Document, error)) error {
	format := r.PathValue("format")
	if !slices.Contains(report.Formats, format) {
		return model.ErrNotFound
	}
	select {
	case gate <- struct{}{}:
		defer func() { <-gate }()
	case <-r.Context().Done():
		return r.Context().Err()
	}
	d, err := document(r.Context())
	if err != nil {
		return err
	}
	name += "." + format
	page.Note(r, "report.download", name)
	headers(w, format, name)
	return report.WriteDocument(w, d, format)
}

func headers(w http.ResponseWriter, format, name string) {
	page.Download(w, mimes[format], "mimawari-"+name)
	if format == "html" { // one file with its styles inside
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	}
}

// saved hands out a file that was written by itself.
func (s Site) saved(w http.ResponseWriter, r *http.Request) error {
	f, err := s.Shelf.OpenReport(r.PathValue("name"))
	if err != nil {
		return err
	}
	defer f.Close()
	i, err := f.Stat()
	if err != nil {
		return err
	}
	if !i.Mode().IsRegular() {
		return fmt.Errorf("read report %s: %w", r.PathValue("name"), errors.ErrUnsupported)
	}
	page.Note(r, "report.download", r.PathValue("name"))
	for _, format := range report.Formats {
		if name := r.PathValue("name"); len(name) > len(format) && name[len(name)-len(format):] == format {
			headers(w, format, name)
		}
	}
	http.ServeContent(w, r, "", i.ModTime(), f)
	return nil
}
