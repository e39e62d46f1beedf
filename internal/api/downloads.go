package api

import (
	"context"
	"net/http"
	"net/url"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/report"
)

func (a *API) downloadOperations() {
	alias[findingsFilter](a, file("/findings.xlsx", "GET /findings.xlsx", auth.Look, "findings-xlsx", "findings", "The findings as a workbook", mediaXLSX))
	alias[hostsFilter](a, file("/hosts.xlsx", "GET /hosts.xlsx", auth.Look, "hosts-xlsx", "hosts", "The machines as a workbook", mediaXLSX))
	alias[ByID](a, file("/hosts/{id}/photo", "GET /hosts/{id}/photo", auth.Look, "photo", "hosts", "The photo of a machine", "image/jpeg"))
	add(a, Operation{
		Method: http.MethodGet, Path: "/findings/{id}/message", Need: auth.Look, ID: "message", Tag: "findings", Summary: "A draft of the letter to the vendor",
		Text: "Nothing is sent: a person reads it, changes it and sends it.", Pages: []string{"GET /findings/{id}/message"},
	}, a.message)
	a.reportOperations()
	a.mapOperations()
}

func (a *API) reportOperations() {
	for _, f := range []struct{ format, media string }{{"pdf", mediaPDF}, {"xlsx", mediaXLSX}, {"html", mediaHTML}} {
		alias[Common](a, file("/report."+f.format, "GET /report."+f.format, auth.Report, "report-"+f.format, "reports", "The report of the last patrol", f.media))
	}
	type period struct {
		Common
		Kind   string `path:"kind" enum:"weekly,monthly" doc:"of a week or a month"`
		Period string `path:"period" maxLength:"20" doc:"2026-W47 or 2026-11" example:"2026-11"`
		Format string `path:"format" enum:"pdf,xlsx,html" doc:"what kind of file"`
	}
	type formatted struct {
		Common
		Format string `path:"format" enum:"pdf,xlsx,html" doc:"what kind of file"`
	}
	type named struct {
		Common
		Name string `path:"name" maxLength:"100" doc:"its name"`
	}
	add(a, Operation{
		Method: http.MethodGet, Path: "/reports", Need: auth.Report, ID: "reports", Tag: "reports", Summary: "The reports that were written by themselves, the newest first", Pages: []string{"GET /reports"},
	}, a.reports)
	alias[period](a, file("/reports/{kind}/{period}/{format}", "GET /reports/{kind}/{period}/{format}", auth.Report, "report-period", "reports", "The report on a week or a month, made now", mediaPDF, mediaXLSX, mediaHTML))
	alias[formatted](a, file("/reports/handover/{format}", "GET /reports/handover/{format}", auth.Report, "report-handover", "reports", "The hand-over sheet as things stand now", mediaPDF, mediaXLSX, mediaHTML))
	alias[named](a, file("/reports/saved/{name}", "GET /reports/saved/{name}", auth.Report, "report-saved", "reports", "A report that was written by itself", mediaPDF, mediaXLSX, mediaHTML))
}

func (a *API) mapOperations() {
	type Drawn struct {
		Common
		Download string `query:"download" maxLength:"5" doc:"1: named as a file to be saved"`
	}
	type diagram struct {
		Drawn
		File string `path:"file" enum:"network.svg,network.pdf,systems.svg,systems.pdf,systems.csv" doc:"which picture, as what"`
	}
	type explored struct {
		Drawn
		Host string   `query:"host" required:"true" maxLength:"64" doc:"id of the machine where it starts"`
		Open []string `query:"open,explode" maxItems:"40" maxLength:"64" doc:"ids of machines that are opened too; may be repeated"`
	}
	get := func(path, id, summary string, media ...string) Operation {
		return file(path, "GET "+path, auth.Look, id, "map", summary, media...)
	}
	alias[Common](a, get("/map/board.json", "map-board", "The zone board: boxes, one digit of risk for each machine, links that should not be", "application/json"))
	type from struct {
		Common
		From int `query:"from" required:"true" minimum:"0" doc:"number of the first machine"`
	}
	alias[from](a, get("/map/cells.json", "map-cells", "The names of 64 machines of the zone board", "application/json"))
	alias[Drawn](a, get("/map/board.svg", "map-svg", "The zone board as a picture", mediaSVG))
	alias[Drawn](a, get("/map/board.pdf", "map-pdf", "The zone board as PDF", mediaPDF))
	alias[explored](a, get("/map/explore.svg", "explore-svg", "Who talks to whom, from one machine on, as a picture", mediaSVG))
	alias[explored](a, get("/map/explore.pdf", "explore-pdf", "Who talks to whom, from one machine on, as PDF", mediaPDF))
	alias[explored](a, get("/map/explore.csv", "explore-csv", "Who talks to whom, from one machine on, as a table", mediaCSV))
	alias[diagram](a, get("/map/diagrams/{file}", "diagram", "The network diagram and the diagram of systems", mediaSVG, mediaPDF, mediaCSV))
}

// Letter is a draft to a vendor.
type Letter struct {
	To      string `json:"to"`     // mail address, "" if the ledger has none
	Vendor  string `json:"vendor"` // "" if it is not known
	Subject string `json:"subject"`
	Body    string `json:"body"`
	Mailto  string `json:"mailto"` // opens it in a mail program
}

type letterOutput struct{ Body Letter }

func (a *API) message(ctx context.Context, in *ByID) (*letterOutput, error) {
	f, _, err := a.Memory.Finding(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	l, err := a.Memory.LatestLedger(ctx)
	if err != nil {
		return nil, err
	}
	inst, err := a.Memory.Institution(ctx)
	if err != nil {
		return nil, err
	}
	m := report.VendorMessage(callOf(ctx).lang, a.zone(), f, l, inst, auth.ViewerOf(ctx).Name)
	mailto := "mailto:" + url.PathEscape(m.To) + "?subject=" + url.PathEscape(m.Subject) + "&body=" + url.PathEscape(m.Body)
	return &letterOutput{Letter{m.To, m.Vendor, m.Subject, m.Body, mailto}}, nil
}

// Shelved has the reports that were written by themselves.
type Shelved interface {
	SavedReports() ([]model.SavedReport, error)
}

// ReportList is the reports that were written by themselves.
type ReportList struct {
	Reports []ReportFile `json:"reports"`
	Total   int          `json:"total"` // of all pages together
	Next    string       `json:"next"`  // goes into after; "" at the end
}

// ReportFile is a report that was written by itself.
type ReportFile struct {
	Name   string `json:"name"`
	Kind   string `json:"kind"`   // weekly, monthly
	Period string `json:"period"` // 2026-W47, 2026-11
	Format string `json:"format"` // pdf, xlsx, html
	Size   int64  `json:"size"`
}

type pagedInput struct {
	Common
	Paging
}

type reportsOutput struct {
	Link string `header:"Link" doc:"leads to the next page"`
	Body ReportList
}

func (a *API) reports(ctx context.Context, in *pagedInput) (*reportsOutput, error) {
	if a.Reports == nil {
		return nil, model.ErrNotFound
	}
	all, err := a.Reports.SavedReports()
	if err != nil {
		return nil, err
	}
	part, after, err := paged(all, in.Paging)
	out := ReportList{Reports: []ReportFile{}, Total: len(all), Next: after}
	for _, r := range part {
		out.Reports = append(out.Reports, ReportFile{r.Name, r.Kind, r.Period, r.Format, r.Size})
	}
	return &reportsOutput{next(ctx, after), out}, err
}
