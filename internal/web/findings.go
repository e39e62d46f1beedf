package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/report"
)

type findingsView struct {
	frame
	Query      url.Values
	Findings   []model.Finding
	Total      int
	Next       string
	Export     string
	States     []string
	Severities []model.Severity
	Families   []string
}

// severities are offered as a filter.
var severities = []model.Severity{model.Critical, model.High, model.Medium, model.Low, model.Info}

func (p *pages) findings(w http.ResponseWriter, r *http.Request) {
	q := withDefaults(r.URL.Query())
	fq, err := api.FindingQuery(q)
	if err != nil {
		p.fail(w, r, &api.Refused{Key: "api.bad_query", Pairs: []string{"text", err.Error()}})
		return
	}
	page, err := p.Memory.Findings(r.Context(), fq)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	p.render(w, r, http.StatusOK, "findings", findingsView{
		frame: p.frame(r, "web.findings", "findings"), Query: q, Findings: page.Findings, Total: page.Total,
		Next: nextPage("/findings", q, page.Next), Export: export("/findings.xlsx", q), States: []string{"active", "open", "acknowledged", "accepted", "resolved", "reopened", "suppressed"},
		Severities: severities, Families: families(),
	})
}

// withDefaults: without a choice the page shows what waits for somebody; state= empty means all.
func withDefaults(q url.Values) url.Values {
	if _, ok := q["state"]; !ok {
		q.Set("state", "active")
	}
	return q
}

// families are the first parts of the rules' ids: line, service...
func families() []string {
	rs, err := locale.Rules()
	if err != nil {
		return nil
	}
	var out []string
	for _, r := range rs {
		family, _, _ := strings.Cut(r.ID, ".")
		if f := family + ".*"; !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	return out
}

func (p *pages) findingsXLSX(w http.ResponseWriter, r *http.Request) {
	q, err := api.FindingQuery(withDefaults(r.URL.Query()))
	if err != nil {
		p.fail(w, r, &api.Refused{Key: "api.bad_query", Pairs: []string{"text", err.Error()}})
		return
	}
	fs, err := api.AllFindings(r.Context(), p.Memory, q)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	p.workbook(w, r, report.Input{Result: model.Result{Findings: fs}}, "findings.xlsx")
}

type findingView struct {
	frame
	Finding model.Finding
	W       api.Finding
	Events  []model.Event
	Today   string
}

func (p *pages) finding(w http.ResponseWriter, r *http.Request) {
	f, es, err := p.Memory.Finding(r.Context(), r.PathValue("id"))
	if err != nil {
		p.fail(w, r, err)
		return
	}
	v := findingView{frame: p.frame(r, "web.finding", "findings"), Finding: f, Events: es}
	v.W = v.Words(f)
	v.Title, v.Today = v.W.Title, v.now.In(p.zone()).Format(time.DateOnly)
	p.render(w, r, http.StatusOK, "finding", v)
}

func (p *pages) zone() *time.Location {
	if p.Zone == nil {
		return time.UTC
	}
	return p.Zone
}

func (p *pages) decide(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	until, err := p.date(r.PostFormValue("until"))
	if err == nil {
		err = p.Desk.Decide(r.Context(), r.PathValue("id"), api.Decision{
			State: model.State(r.PostFormValue("state")), Reason: model.Clean(r.PostFormValue("reason")),
			Owner: model.Clean(r.PostFormValue("owner")), Until: until, Who: "web",
		})
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	http.Redirect(w, r, back(r.PostFormValue("back")), http.StatusSeeOther)
}

// date reads a day of a form; the whole day counts, so it is its end. "" is no date.
func (p *pages) date(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.ParseInLocation(time.DateOnly, s, p.zone())
	if err != nil {
		return t, &api.Refused{Key: "web.bad_date", Pairs: []string{"text", s}}
	}
	return t.Add(24*time.Hour - time.Second), nil
}

type silencesView struct {
	frame
	Silences []model.Suppression
	Rule, IP string
	Rules    []locale.Rule
}

func (p *pages) silences(w http.ResponseWriter, r *http.Request) {
	s, err := p.Memory.Suppressions(r.Context())
	if err != nil {
		p.fail(w, r, err)
		return
	}
	rules, err := locale.Rules()
	if err != nil {
		p.fail(w, r, err)
		return
	}
	p.render(w, r, http.StatusOK, "silences", silencesView{
		frame: p.frame(r, "web.silences", "findings"), Silences: s,
		Rule: r.URL.Query().Get("rule"), IP: r.URL.Query().Get("ip"), Rules: rules,
	})
}

func (p *pages) silence(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	until, err := p.date(r.PostFormValue("until"))
	if err == nil {
		err = p.Desk.Silence(r.Context(), model.Suppression{
			Rule: r.PostFormValue("rule"), IP: strings.TrimSpace(r.PostFormValue("ip")), Host: r.PostFormValue("host"),
			Reason: model.Clean(r.PostFormValue("reason")), Owner: model.Clean(r.PostFormValue("owner")), Until: until,
		})
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	http.Redirect(w, r, "/silences", http.StatusSeeOther)
}

func (p *pages) unsilence(w http.ResponseWriter, r *http.Request) {
	if err := p.Desk.Unsilence(r.Context(), r.PathValue("id")); err != nil {
		p.fail(w, r, err)
		return
	}
	http.Redirect(w, r, "/silences", http.StatusSeeOther)
}
