// Package hosts shows the machines that were seen: the list with its filters, and one machine with everything known of it. It identifies
// nothing (package inventory does) and declares nothing (package declared does).
package hosts

import (
	"context"
	"embed"
	"io"
	"net/http"
	"net/url"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/report"
	"github.com/mimawari/mimawari/internal/web/page"
)

//go:embed pages
var pages embed.FS

var (
	listPage = page.MustParse(pages, "hosts")
	hostPage = page.MustParse(pages, "host")
)

// Notes keeps what people write on hosts.
type Notes interface {
	Note(ctx context.Context, host string) (model.Note, error)
	Write(ctx context.Context, host, place, text, who string) error
	SetPhoto(ctx context.Context, host, who string, r io.Reader) error
	RemovePhoto(ctx context.Context, host, who string) error
	Photo(ctx context.Context, host string) (io.ReadCloser, error)
}

// Trails remembers where hosts were and whom they talked to.
type Trails interface {
	Trail(ctx context.Context, host string) (model.Trail, error)
}

// Declared is the ledger, row by row.
type Declared interface {
	DeclaredHost(ctx context.Context, key string) (*model.LedgerHost, error) // nil if there is no such row
}

// Site is what the pages need.
type Site struct {
	Kit      *page.Kit
	Memory   api.Memory
	Notes    Notes
	Trails   Trails
	Declared Declared // nil: nothing is declared
}

// Routes are the addresses of this package.
func (s Site) Routes() []page.Route {
	return []page.Route{
		{Pattern: "GET /hosts", Need: auth.Look, Do: s.list},
		{Pattern: "GET /hosts.xlsx", Need: auth.Look, Do: s.xlsx},
		{Pattern: "GET /hosts/{id}", Need: auth.Look, Do: s.host},
		{Pattern: "POST /hosts/{id}/note", Need: auth.Decide, Do: s.note},
		{Pattern: "GET /hosts/{id}/photo", Need: auth.Look, Do: s.photo},
		{Pattern: "POST /hosts/{id}/photo", Need: auth.Decide, Do: s.setPhoto, Large: true},
		{Pattern: "POST /hosts/{id}/photo/remove", Need: auth.Decide, Do: s.removePhoto},
	}
}

type listView struct {
	page.Frame
	Query   url.Values
	Hosts   []model.Host
	Total   int
	Next    string // URL of the next page, "" at the end
	Export  string
	Classes []model.Class
}

// classes are offered as a filter, the ones people ask for first.
var classes = []model.Class{
	model.ClassServer, model.ClassPC, model.ClassModality, model.ClassMedical, model.ClassPACS, model.ClassHIS, model.ClassPrinter,
	model.ClassRouter, model.ClassFirewall, model.ClassVPN, model.ClassSwitch, model.ClassAP, model.ClassNAS, model.ClassCamera, model.ClassIPPhone,
	model.ClassPhone, model.ClassTablet, model.ClassMobileRtr, model.ClassSBC, model.ClassIoT, model.ClassUPS, model.ClassVMHost, model.ClassIndustry,
}

func (s Site) list(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	p, err := s.Memory.Hosts(r.Context(), api.HostQuery(q))
	if err != nil {
		return err
	}
	return s.Kit.Render(w, r, http.StatusOK, listPage, listView{
		Frame: s.Kit.Frame(r, "web.hosts", "hosts"), Query: q, Hosts: p.Hosts, Total: p.Total,
		Next: page.Next("/hosts", q, p.Next), Export: page.With("/hosts.xlsx", q, "limit", ""), Classes: classes,
	})
}

func (s Site) xlsx(w http.ResponseWriter, r *http.Request) error {
	hs, err := api.AllHosts(r.Context(), s.Memory, api.HostQuery(r.URL.Query()))
	if err != nil {
		return err
	}
	page.Note(r, "hosts.export", "hosts.xlsx")
	page.Download(w, page.XLSX, "hosts.xlsx")
	return report.XLSX(w, report.Input{Result: model.Result{Hosts: hs}, Lang: api.Lang(r), Zone: s.Kit.Place()})
}
