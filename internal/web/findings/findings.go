// Package findings shows what the patrols concluded, takes what people decide on it, and holds what is silenced in words. It decides
// nothing itself: triage does, at the desk.
package findings

import (
	"cmp"
	"context"
	"embed"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/report"
	"github.com/mimawari/mimawari/internal/triage"
	"github.com/mimawari/mimawari/internal/web/page"
)

//go:embed pages
var pages embed.FS

var (
	listPage     = page.MustParse(pages, "findings")
	findingPage  = page.MustParse(pages, "finding")
	silencesPage = page.MustParse(pages, "silences")
	messagePage  = page.MustParse(pages, "message")
)

// Site is what the pages need.
type Site struct {
	Kit    *page.Kit
	Memory api.Memory
	Desk   api.Desk
	// Institution is whose letter it is. May be nil in tests.
	Institution func(context.Context) (model.Institution, error)
}

// Routes are the addresses of this package.
func (s Site) Routes() []page.Route {
	return []page.Route{
		{Pattern: "GET /findings", Need: auth.Look, Do: s.list},
		{Pattern: "GET /findings.xlsx", Need: auth.Look, Do: s.xlsx},
		{Pattern: "GET /findings/{id}", Need: auth.Look, Do: s.finding},
		{Pattern: "POST /findings/{id}", Need: auth.Decide, Do: s.decide},
		{Pattern: "POST /findings/{id}/reopen", Need: auth.Decide, Do: s.reopen},
		{Pattern: "GET /findings/{id}/message", Need: auth.Look, Do: s.message},
		{Pattern: "GET /silences", Need: auth.Look, Do: s.silences},
		{Pattern: "POST /silences", Need: auth.Decide, Do: s.silence},
		{Pattern: "POST /silences/{id}/remove", Need: auth.Decide, Do: s.unsilence},
	}
}

// badQuery says that a filter in the address can't be read.
func badQuery(err error) error {
	return &api.Refused{Key: "api.bad_query", Pairs: []string{"text", err.Error()}}
}

type listView struct {
	page.Frame
	Query      url.Values
	Findings   []model.Finding
	Total      int
	Next       string
	Export     string
	States     []string
	Severities []model.Severity
	Families   []string
}

// states are offered as a filter; "active" is all that waits for somebody.
var states = []string{"active", "open", "acknowledged", "accepted", "resolved", "reopened", "suppressed"}

// severities are offered as a filter.
var severities = []model.Severity{model.Critical, model.High, model.Medium, model.Low, model.Info}

func (s Site) list(w http.ResponseWriter, r *http.Request) error {
	q := withDefaults(r.URL.Query())
	fq, err := api.FindingQuery(q)
	if err != nil {
		return badQuery(err)
	}
	p, err := s.Memory.Findings(r.Context(), fq)
	if err != nil {
		return err
	}
	return s.Kit.Render(w, r, http.StatusOK, listPage, listView{
		Frame: s.Kit.Frame(r, "web.findings", "findings"), Query: q, Findings: p.Findings, Total: p.Total,
		Next: page.Next("/findings", q, p.Next), Export: page.With("/findings.xlsx", q, "limit", ""), States: states,
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

func (s Site) xlsx(w http.ResponseWriter, r *http.Request) error {
	q, err := api.FindingQuery(withDefaults(r.URL.Query()))
	if err != nil {
		return badQuery(err)
	}
	fs, err := api.AllFindings(r.Context(), s.Memory, q)
	if err != nil {
		return err
	}
	page.Note(r, "findings.export", "findings.xlsx")
	page.Download(w, page.XLSX, "findings.xlsx")
	return report.XLSX(w, report.Input{Result: model.Result{Findings: fs}, Lang: api.Lang(r), Zone: s.Kit.Place()})
}

type findingView struct {
	page.Frame
	Finding model.Finding
	W       api.Finding
	Events  []model.Event
	Rule    locale.Rule
	Steps   []string
	Can     map[string]bool // what may be decided from here
}

func (s Site) finding(w http.ResponseWriter, r *http.Request) error {
	f, es, err := s.Memory.Finding(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	v := findingView{Frame: s.Kit.Frame(r, "web.finding", "findings"), Finding: f, Events: es}
	v.W = v.Words(f)
	v.Title = v.W.Title
	v.Rule, _ = locale.RuleOf(f.Rule)
	v.Steps, v.Can = v.Rule.Steps(v.Lang), map[string]bool{}
	for _, x := range triage.Steps(f.State) {
		v.Can[string(x)] = true
	}
	return s.Kit.Render(w, r, http.StatusOK, findingPage, v)
}

func (s Site) decide(w http.ResponseWriter, r *http.Request) error {
	was, _, err := s.Memory.Finding(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	until, err := s.Kit.Day(r.PostFormValue("until"))
	if err == nil {
		err = s.Desk.Decide(r.Context(), r.PathValue("id"), api.Decision{
			State: model.State(r.PostFormValue("state")), Reason: model.Clean(r.PostFormValue("reason")),
			Owner: model.Clean(r.PostFormValue("owner")), Until: until, Who: auth.ViewerOf(r.Context()).Called(),
		})
	}
	if err != nil {
		return err
	}
	state := r.PostFormValue("state")
	page.Note(r, "finding."+state, r.PathValue("id"), "reason", r.PostFormValue("reason"), "owner", r.PostFormValue("owner"), "until", r.PostFormValue("until"))
	page.Done(w, r, cmp.Or(r.PostFormValue("back"), "/findings/"+r.PathValue("id")), page.Flash{Key: "finding.done." + state, Undo: undo(r.PathValue("id"), was)})
	return nil
}

// undo is where the button goes that takes a decision back: to what it was, if that was waiting.
func undo(id string, was model.Finding) string {
	if was.State == model.Open || was.State == model.Reopened || was.State == "" {
		return "/findings/" + id + "/reopen"
	}
	return ""
}

// reopen takes a decision back.
func (s Site) reopen(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	if err := s.Desk.Decide(r.Context(), id, api.Decision{State: model.Open, Who: auth.ViewerOf(r.Context()).Called()}); err != nil {
		return err
	}
	page.Done(w, r, "/findings/"+id, page.Flash{Key: "finding.done.open"})
	return nil
}

type messageView struct {
	page.Frame
	Finding model.Finding
	Message report.Message
	Mailto  string
}

// message drafts the letter to the vendor. Nothing is sent: a person reads it, changes it and sends it.
func (s Site) message(w http.ResponseWriter, r *http.Request) error {
	f, _, err := s.Memory.Finding(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	l, err := s.Memory.LatestLedger(r.Context())
	if err != nil {
		return err
	}
	var inst model.Institution
	if s.Institution != nil {
		if inst, err = s.Institution(r.Context()); err != nil {
			return err
		}
	}
	v := messageView{Frame: s.Kit.Frame(r, "message.title", "findings"), Finding: f}
	v.Message = report.VendorMessage(v.Lang, s.Kit.Place(), f, l, inst, v.Viewer.Name)
	v.Mailto = "mailto:" + url.PathEscape(v.Message.To) + "?subject=" + url.PathEscape(v.Message.Subject) + "&body=" + url.PathEscape(v.Message.Body)
	return s.Kit.Render(w, r, http.StatusOK, messagePage, v)
}

type silencesView struct {
	page.Frame
	Silences []model.Suppression
	Rule, IP string
	Rules    []locale.Rule
}

func (s Site) silences(w http.ResponseWriter, r *http.Request) error {
	list, err := s.Memory.Suppressions(r.Context())
	if err != nil {
		return err
	}
	rules, err := locale.Rules()
	if err != nil {
		return err
	}
	return s.Kit.Render(w, r, http.StatusOK, silencesPage, silencesView{
		Frame: s.Kit.Frame(r, "web.silences", "findings"), Silences: list,
		Rule: r.URL.Query().Get("rule"), IP: r.URL.Query().Get("ip"), Rules: rules,
	})
}

func (s Site) silence(w http.ResponseWriter, r *http.Request) error {
	until, err := s.Kit.Day(r.PostFormValue("until"))
	if err == nil {
		err = s.Desk.Silence(r.Context(), model.Suppression{
			Rule: r.PostFormValue("rule"), IP: strings.TrimSpace(r.PostFormValue("ip")), Host: r.PostFormValue("host"),
			Reason: model.Clean(r.PostFormValue("reason")), Owner: model.Clean(r.PostFormValue("owner")), Until: until,
		})
	}
	if err != nil {
		return err
	}
	page.Done(w, r, "/silences", page.Flash{Key: "silence.done"})
	return nil
}

func (s Site) unsilence(w http.ResponseWriter, r *http.Request) error {
	if err := s.Desk.Unsilence(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	page.Done(w, r, "/silences", page.Flash{Key: "silence.removed"})
	return nil
}
