// Package today is the first page: at most three things to do, why each of them is urgent, the state in four numbers, and what was
// looked at. It orders nothing itself but by severity, and decides nothing.
package today

import (
	"context"
	"embed"
	"net/http"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/web/page"
)

//go:embed pages
var pages embed.FS

var todayPage = page.MustParse(pages, "today")

// Site is what the page needs.
type Site struct {
	Kit    *page.Kit
	Memory api.Memory
}

// Routes are the addresses of this package.
func (s Site) Routes() []page.Route {
	return []page.Route{{Pattern: "GET /{$}", Need: auth.Look, Do: s.today}}
}

// cards is how many things 今日 asks for: more would not be done.
const cards = 3

// lookahead is how many findings are considered for the cards.
const lookahead = 50

// card is one thing to do: a machine's most urgent finding, and how many more it has.
type card struct {
	model.Finding
	Also int
}

type view struct {
	page.Frame
	Cards      []card
	More       int
	Patrol     *model.Patrol
	Hosts      int
	Undeclared int
	HasLedger  bool
	Active     int
	Urgent     int
}

func (s Site) today(w http.ResponseWriter, r *http.Request) error {
	v := view{Frame: s.Kit.Frame(r, "web.today", "today")}
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
	fs, err := s.Memory.Findings(ctx, model.FindingQuery{States: []model.State{model.Open, model.Reopened}, MinSeverity: model.Low, Limit: lookahead})
	if err != nil {
		return err
	}
	var shown int
	v.Cards, shown = deal(fs.Findings)
	v.More = fs.Total - shown
	if err := s.countHosts(ctx, v); err != nil {
		return err
	}
	return s.countFindings(ctx, v)
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
		out = append(out, card{Finding: f})
		shown++
	}
	return out, shown
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
