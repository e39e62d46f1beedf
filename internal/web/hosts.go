package web

import (
	"net/http"
	"net/url"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/report"
)

type hostsView struct {
	frame
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

func (p *pages) hosts(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	page, err := p.Memory.Hosts(r.Context(), api.HostQuery(q))
	if err != nil {
		p.fail(w, r, err)
		return
	}
	p.render(w, r, http.StatusOK, "hosts", hostsView{
		frame: p.frame(r, "web.hosts", "hosts"), Query: q, Hosts: page.Hosts, Total: page.Total,
		Next: nextPage("/hosts", q, page.Next), Export: export("/hosts.xlsx", q), Classes: classes,
	})
}

func nextPage(path string, q url.Values, after string) string {
	if after == "" {
		return ""
	}
	n := url.Values{}
	for k, v := range q {
		n[k] = v
	}
	n.Set("after", after)
	return path + "?" + n.Encode()
}

// export is the same question without the paging: what is shown is what is exported, all of it.
func export(path string, q url.Values) string {
	n := url.Values{}
	for k, v := range q {
		if k != "after" && k != "limit" {
			n[k] = v
		}
	}
	return path + "?" + n.Encode()
}

type hostView struct {
	frame
	Host     model.Host
	Findings []model.Finding
}

func (p *pages) host(w http.ResponseWriter, r *http.Request) {
	h, err := p.Memory.Host(r.Context(), r.PathValue("id"))
	if err != nil {
		p.fail(w, r, err)
		return
	}
	fs, err := p.Memory.Findings(r.Context(), model.FindingQuery{Host: h.ID})
	if err != nil {
		p.fail(w, r, err)
		return
	}
	v := hostView{frame: p.frame(r, "web.host", "hosts"), Host: h, Findings: fs.Findings}
	v.Title = v.HostName(h)
	p.render(w, r, http.StatusOK, "host", v)
}

func (p *pages) hostsXLSX(w http.ResponseWriter, r *http.Request) {
	hs, err := api.AllHosts(r.Context(), p.Memory, api.HostQuery(r.URL.Query()))
	if err != nil {
		p.fail(w, r, err)
		return
	}
	p.workbook(w, r, report.Input{Result: model.Result{Hosts: hs}}, "hosts.xlsx")
}

func (p *pages) reportHTML(w http.ResponseWriter, r *http.Request) {
	in, err := p.reportInput(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	w.Header().Set("Content-Disposition", `attachment; filename="mimawari-report.html"`)
	if err := report.HTML(w, in); err != nil && p.Report != nil {
		p.Report(err)
	}
}

func (p *pages) reportXLSX(w http.ResponseWriter, r *http.Request) {
	in, err := p.reportInput(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	p.workbook(w, r, in, "mimawari-report.xlsx")
}

func (p *pages) reportInput(r *http.Request) (report.Input, error) {
	res, l, err := api.Everything(r.Context(), p.Memory)
	return report.Input{Result: res, Ledger: l}, err
}

func (p *pages) workbook(w http.ResponseWriter, r *http.Request, in report.Input, name string) {
	in.Lang, in.Zone = api.Lang(r), p.Zone
	w.Header().Set("Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	if err := report.XLSX(w, in); err != nil && p.Report != nil {
		p.Report(err)
	}
}
