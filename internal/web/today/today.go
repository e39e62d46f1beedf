// Package today is the first page: at most three things to do, why each of them is urgent, the state in four numbers, and what was
// looked at. It orders nothing itself but by severity, and decides nothing.
package today

import (
	"context"
	"embed"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/web/page"
)

//go:embed pages
var pages embed.FS

var todayPage = page.MustParse(pages, "today")

// Site is what the page needs.
type Site struct {
	Kit         *page.Kit
	Memory      api.Memory
	Institution func(context.Context) (model.Institution, error)
}

// Routes are the addresses of this package.
func (s Site) Routes() []page.Route {
	return []page.Route{
		{Pattern: "GET /{$}", Need: auth.SignedIn, Do: s.today},
		{Pattern: "GET /emergency", Need: auth.Everyone, Do: s.emergency},
	}
}

// cards is how many things 今日 asks for: more would not be done.
const cards = 3

// lookahead is how many findings are considered for the cards.
const lookahead = 50

// card is one thing to do: a machine's most urgent finding, and how many more it has.
type card struct {
	model.Finding
	Also  int
	Where string // address and place of the machine
}

// Steps is why it is urgent, step by step.
func (c card) Steps(l locale.Lang) []string {
	r, _ := locale.RuleOf(c.Rule)
	return r.Steps(l)
}

// button is what finishes the job.
type button struct {
	Href, Key string
	Need      string // permission
}

// Button is the one that finishes this job, nil where looking at the details is all there is to do.
func (c card) Button() *button {
	r, _ := locale.RuleOf(c.Rule)
	host := ""
	if len(c.Assets) > 0 {
		host = c.Assets[0].Host
	}
	switch {
	case r.Button == "known" && host != "":
		return &button{"/ledger/decide/" + host, "web.button.known", "declare"}
	case r.Button == "vendor":
		return &button{"/findings/" + c.ID + "/message", "web.button.vendor", "look"}
	case r.Button == "ledger":
		return &button{"/ledger", "web.button.ledger", "look"}
	case r.Button == "import":
		return &button{"/ledger/import", "web.button.import", "declare"}
	}
	return nil
}

// shownSources is how many sources are listed: a folder may hold hundreds of captures.
const shownSources = 5

type view struct {
	page.Frame
	Date        string
	Cards       []card
	More        int
	Sources     []model.Source
	MoreSources int
	Patrol      *model.Patrol
	Hosts       int
	Undeclared  int
	HasLedger   bool
	Active      int
	Urgent      int
}

func (s Site) today(w http.ResponseWriter, r *http.Request) error {
	if !auth.ViewerOf(r.Context()).May(auth.Look) { // a vendor's engineer has nothing to see here
		http.Redirect(w, r, "/account", http.StatusSeeOther)
		return nil
	}
	v := view{Frame: s.Kit.Frame(r, "web.today", "today")}
	v.Date = date(v.Lang, v.Now().In(s.Kit.Place()))
	if err := s.fill(r.Context(), &v); err != nil {
		return err
	}
	return s.Kit.Render(w, r, http.StatusOK, todayPage, v)
}

func (s Site) fill(ctx context.Context, v *view) error {
	ps, err := s.Memory.Patrols(ctx, 1)
	if err != nil || len(ps) == 0 {
		return err
	}
	v.Patrol = &ps[0]
	v.Sources = v.Patrol.Sources[:min(shownSources, len(v.Patrol.Sources))]
	v.MoreSources = len(v.Patrol.Sources) - len(v.Sources)
	late, err := s.overdue(ctx, v.Now())
	if err != nil {
		return err
	}
	fs, err := s.Memory.Findings(ctx, model.FindingQuery{States: []model.State{model.Open, model.Reopened}, MinSeverity: model.Low, Limit: lookahead})
	if err != nil {
		return err
	}
	var shown int
	v.Cards, shown = deal(urgent(late, fs.Findings))
	v.More = fs.Total + len(late) - shown
	if err := s.countHosts(ctx, v); err != nil {
		return err
	}
	return s.countFindings(ctx, v)
}

// overdue are findings that somebody took on and whose day is over: they wait again.
func (s Site) overdue(ctx context.Context, now time.Time) (late []model.Finding, err error) {
	fs, err := s.Memory.Findings(ctx, model.FindingQuery{States: []model.State{model.Acknowledged}, MinSeverity: model.Low, Limit: 10 * lookahead})
	for _, f := range fs.Findings {
		if f.Overdue(now) {
			late = append(late, f)
		}
	}
	return late, err
}

// urgent joins two lists, the most severe first.
func urgent(a, b []model.Finding) []model.Finding {
	all := slices.Concat(a, b)
	slices.SortStableFunc(all, func(x, y model.Finding) int { return int(y.Severity) - int(x.Severity) })
	return all
}

// date is the day as people say it: 11月22日（日）.
func date(l locale.Lang, t time.Time) string {
	month := strconv.Itoa(int(t.Month()))
	if l == locale.English {
		month = t.Month().String()
	}
	return locale.T(l, "web.date", "month", month, "day", strconv.Itoa(t.Day()), "weekday", locale.T(l, "web.weekday."+strconv.Itoa(int(t.Weekday()))))
}

func (s Site) countHosts(ctx context.Context, v *view) error {
	hs, err := s.Memory.Hosts(ctx, model.HostQuery{Limit: 1})
	if err != nil {
		return err
	}
	un, err := s.Memory.Hosts(ctx, model.HostQuery{Declared: "no", Limit: 1})
	if err != nil {
		return err
	}
	l, err := s.Memory.LatestLedger(ctx)
	if err != nil {
		return err
	}
	v.Hosts, v.Undeclared, v.HasLedger = hs.Total, un.Total, l != nil
	return nil
}

// deal makes the cards: one machine, one card, so that three findings on one box are one errand. shown is how many findings
// the cards stand for.
func deal(fs []model.Finding) (out []card, shown int) {
	place := map[string]int{}
	for _, f := range fs {
		host := ""
		if len(f.Assets) > 0 {
			host = f.Assets[0].Host
		}
		if i, ok := place[host]; ok && host != "" {
			out[i].Also++
			shown++
			continue
		}
		if len(out) == cards {
			continue
		}
		place[host] = len(out)
		out = append(out, card{Finding: f, Where: where(f)})
		shown++
	}
	return out, shown
}

// where says which machine it is, beyond what the title says.
func where(f model.Finding) string {
	if len(f.Assets) == 0 {
		return ""
	}
	a := f.Assets[0]
	var parts []string
	for _, x := range []string{a.Label, a.IP, a.MAC} {
		if x != "" && !strings.Contains(strings.Join(parts, " "), x) {
			parts = append(parts, x)
		}
	}
	return strings.Join(parts, " ・ ")
}

func (s Site) countFindings(ctx context.Context, v *view) error {
	cs, err := s.Memory.FindingCounts(ctx)
	for _, c := range cs {
		for _, x := range api.ActiveStates {
			if c.State == x {
				v.Active += c.Count
				if c.Severity >= model.High {
					v.Urgent += c.Count
				}
			}
		}
	}
	return err
}
