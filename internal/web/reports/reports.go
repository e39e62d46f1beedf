// Package reports hands out reports of what the patrols found. It writes none of them: package report does.
package reports

import (
	"context"
	"net/http"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/report"
	"github.com/mimawari/mimawari/internal/web/page"
)

// Site is what the page needs.
type Site struct {
	Kit    *page.Kit
	Memory api.Memory
	Shelf  Shelf // nil: only the report of the last patrol
	// Institution says whose network this is. May be nil.
	Institution func(context.Context) (model.Institution, error)
}

// Routes are the addresses of this package.
func (s Site) Routes() []page.Route {
	rs := []page.Route{
		{Pattern: "GET /report.html", Need: auth.Report, Do: s.html},
		{Pattern: "GET /report.xlsx", Need: auth.Report, Do: s.xlsx},
		{Pattern: "GET /report.pdf", Need: auth.Report, Do: s.pdf},
	}
	if s.Shelf == nil {
		return rs
	}
	return append(rs,
		page.Route{Pattern: "GET /reports", Need: auth.Report, Do: s.list},
		page.Route{Pattern: "GET /reports/{kind}/{period}/{format}", Need: auth.Report, Do: s.period},
		page.Route{Pattern: "GET /reports/handover/{format}", Need: auth.Report, Do: s.handOver},
		page.Route{Pattern: "GET /reports/saved/{name}", Need: auth.Report, Do: s.saved})
}

func (s Site) pdf(w http.ResponseWriter, r *http.Request) error {
	in, err := s.input(r)
	if err != nil {
		return err
	}
	page.Note(r, "report.download", "report.pdf")
	page.Download(w, mimes["pdf"], "mimawari-report.pdf")
	return report.PDF(w, in)
}

func (s Site) html(w http.ResponseWriter, r *http.Request) error {
	in, err := s.input(r)
	if err != nil {
		return err
	}
	page.Note(r, "report.download", "report.html")
	page.Download(w, "text/html; charset=utf-8", "mimawari-report.html")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'") // one file with its styles inside
	return report.HTML(w, in)
}

func (s Site) xlsx(w http.ResponseWriter, r *http.Request) error {
	in, err := s.input(r)
	if err != nil {
		return err
	}
	page.Note(r, "report.download", "report.xlsx")
	page.Download(w, page.XLSX, "mimawari-report.xlsx")
	return report.XLSX(w, in)
}

func (s Site) input(r *http.Request) (report.Input, error) {
	res, l, err := api.Everything(r.Context(), s.Memory)
	in := report.Input{Result: res, Ledger: l, Lang: api.Lang(r), Zone: s.Kit.Place()}
	if err != nil || s.Institution == nil {
		return in, err
	}
	house, err := s.Institution(r.Context())
	in.Name = house.Name
	return in, err
}
