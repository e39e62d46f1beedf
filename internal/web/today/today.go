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

// Memory is what the page reads.
type Memory interface {
	api.Memory
	LedgerVersions(context.Context) ([]model.LedgerInfo, error)
	DataVersion(context.Context) (int64, error)
}

// Site is what the page needs.
type Site struct {
	Kit         *page.Kit
	Memory      Memory
	Institution func(context.Context) (model.Institution, error)

	kept *kept
	Map  bool // there are maps: a small one is shown
}

// Routes are the addresses of this package.
func (s Site) Routes() []page.Route {
	s.kept = &kept{}
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
	facts
	Date        string
	HasMap      bool
	Cards       []card
	More        int
	Sources     []model.Source
	MoreSources int
}

func (s Site) today(w http.ResponseWriter, r *http.Request) error {
	if !auth.ViewerOf(r.Context()).May(auth.Look) { // a vendor's engineer has nothing to see here
		http.Redirect(w, r, "/account", http.StatusSeeOther)
		return nil
	}
	v := view{Frame: s.Kit.Frame(r, "web.today", "today"), HasMap: s.Map}
	v.Date = date(v.Lang, v.Now().In(s.Kit.Place()))
	f, err := s.kept.facts(r.Context(), s.Memory)
	if err != nil {
		return err
	}
	v.fill(*f)
	return s.Kit.Render(w, r, http.StatusOK, todayPage, v)
}

// fill shows the facts as they are now: what is overdue depends on the time.
func (v *view) fill(f facts) {
	v.facts = f
	if f.Patrol == nil {
		return
	}
	v.Sources = f.Patrol.Sources[:min(shownSources, len(f.Patrol.Sources))]
	v.MoreSources = len(f.Patrol.Sources) - len(v.Sources)
	var late []model.Finding
	for _, x := range f.taken {
		if x.Overdue(v.Now()) {
			late = append(late, x)
		}
	}
	var shown int
	v.Cards, shown = deal(urgent(late, f.open))
	v.More = f.openTotal + len(late) - shown
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
