package web

import (
	"net/http"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/model"
)

// cards is how many things 今日 asks for: more would not be done.
const cards = 3

// lookahead is how many findings are considered for the cards.
const lookahead = 50

// card is one thing to do: a machine's most urgent finding, and how many more it has.
type card struct {
	model.Finding
	Also int
}

type todayView struct {
	frame
	Cards      []card
	More       int
	Patrol     *model.Patrol
	Hosts      int
	Undeclared int
	HasLedger  bool
	Active     int
	Urgent     int
}

func (p *pages) today(w http.ResponseWriter, r *http.Request) {
	v := todayView{frame: p.frame(r, "web.today", "today")}
	if err := p.fillToday(r, &v); err != nil {
		p.fail(w, r, err)
		return
	}
	p.render(w, r, http.StatusOK, "today", v)
}

func (p *pages) fillToday(r *http.Request, v *todayView) error {
	ctx := r.Context()
	ps, err := p.Memory.Patrols(ctx, 1)
	if err != nil || len(ps) == 0 {
		return err
	}
	v.Patrol = &ps[0]
	fs, err := p.Memory.Findings(ctx, model.FindingQuery{States: []model.State{model.Open, model.Reopened}, MinSeverity: model.Low, Limit: lookahead})
	if err != nil {
		return err
	}
	var shown int
	v.Cards, shown = deal(fs.Findings)
	v.More = fs.Total - shown
	hs, err := p.Memory.Hosts(ctx, model.HostQuery{Limit: 1})
	if err != nil {
		return err
	}
	un, err := p.Memory.Hosts(ctx, model.HostQuery{Declared: "no", Limit: 1})
	if err != nil {
		return err
	}
	l, err := p.Memory.LatestLedger(ctx)
	if err != nil {
		return err
	}
	v.Hosts, v.Undeclared, v.HasLedger = hs.Total, un.Total, l != nil
	return p.countFindings(r, v)
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

func (p *pages) countFindings(r *http.Request, v *todayView) error {
	cs, err := p.Memory.FindingCounts(r.Context())
	for _, c := range cs {
		for _, s := range api.ActiveStates {
			if c.State == s {
				v.Active += c.Count
				if c.Severity >= model.High {
					v.Urgent += c.Count
				}
			}
		}
	}
	return err
}
