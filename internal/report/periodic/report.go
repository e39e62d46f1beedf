package periodic

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/report"
	"github.com/mimawari/mimawari/internal/report/paper"
)

// Input is what a report on a period is made from.
type Input struct {
	Period  Period
	Now     time.Time // in the zone in which times are shown
	Lang    locale.Lang
	History model.History // until the end of the period
	Rounds  *Rounds       // the patrols of the period
	Earlier *Rounds       // those of the period before
	Began   time.Time     // the first patrol ever, zero if there was none
}

// draft is a report while it is being written.
type draft struct {
	Input
	doc     *paper.Document
	lives   []*life
	now     tally
	earlier tally
	hosts   map[string]*model.Host
	seen    []*model.Host // those seen in the period
}

// Report writes the weekly or monthly report.
func Report(in Input) *paper.Document {
	d := &draft{Input: in, hosts: map[string]*model.Host{}}
	d.lives = lives(in.History.Findings, in.History.Steps, in.Period)
	d.now, d.earlier = count(d.lives), count(lives(in.History.Findings, in.History.Steps, in.Period.Before()))
	for i := range in.History.Hosts {
		h := &in.History.Hosts[i]
		d.hosts[h.ID] = h
		if d.inSight(h) {
			d.seen = append(d.seen, h)
		}
	}
	d.doc = &paper.Document{
		Lang: in.Lang, Title: d.t("title." + string(in.Period.Kind)), Institution: in.History.Institution.Name, Period: in.Period.Words(in.Lang), At: in.Now,
		Note: d.t("made", "at", d.moment(in.Now), "n", strconv.Itoa(in.Rounds.N)),
	}
	d.summary()
	d.lookedAt()
	d.findings()
	d.machines()
	d.decisions()
	d.ledger()
	d.appendix()
	return d.doc
}

func (d *draft) add(bs ...paper.Block) { d.doc.Blocks = append(d.doc.Blocks, bs...) }

func (d *draft) heading(key string) { d.add(paper.Heading{Text: d.t(key)}) }

func (d *draft) say(style paper.Style, key string, pairs ...string) {
	d.add(paper.Para{Text: d.t(key, pairs...), Style: style})
}

func (in Input) t(key string, pairs ...string) string {
	return locale.T(in.Lang, "periodic."+key, pairs...)
}

// moment is a time as reports write it: day with era, and the minute.
func (in Input) moment(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	t = t.In(in.Now.Location())
	return locale.Date(in.Lang, t) + " " + t.Format("15:04")
}

// short is a time in a table.
func (in Input) short(t time.Time) paper.Cell {
	if t.IsZero() {
		return paper.Str("-")
	}
	t = t.In(in.Now.Location())
	return paper.Cell{Text: t.Format("2006-01-02 15:04"), Value: t}
}

// day is a day in a table.
func (in Input) day(t time.Time) paper.Cell {
	if t.IsZero() {
		return paper.Str("-")
	}
	t = t.In(in.Now.Location())
	return paper.Cell{Text: t.Format(time.DateOnly), Value: t}
}

func num[T int | uint64](n T) paper.Cell { return paper.Cell{Text: grouped(n), Value: n} }

// grouped writes a number with commas.
func grouped[T int | uint64](n T) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// mark is a severity: shape, word and colour.
func (in Input) mark(s model.Severity) paper.Cell {
	return paper.Cell{Text: report.SeverityMark(s) + " " + report.SeverityName(in.Lang, s), Value: paper.Level(s)}
}

// inSight: seen in the traffic of the period, as far as one can say now.
func (d *draft) inSight(h *model.Host) bool {
	r := d.Rounds
	return r.N > 0 && !r.First.IsZero() && !h.Last.Before(r.First) && !h.First.After(r.Last)
}

// summary says the most important in words and numbers.
func (d *draft) summary() {
	d.heading("summary")
	if d.Now.Before(d.Period.To) {
		d.say(paper.Small, "unfinished", "at", d.moment(d.Now))
	}
	d.verdict()
	d.add(paper.Facts{
		{Name: d.t("fact.waiting"), Value: grouped(total(d.now.end)), Note: d.compared(total(d.earlier.end))},
		{Name: d.t("fact.fresh"), Value: grouped(total(d.now.fresh)), Note: d.compared(total(d.earlier.fresh))},
		{Name: d.t("fact.over"), Value: grouped(total(d.now.over)), Note: d.compared(total(d.earlier.over))},
		{Name: d.t("fact.hosts"), Value: grouped(d.Rounds.Seen), Note: d.compared(d.Earlier.Seen)},
	})
	d.urgent()
}

// compared says what a number was in the period before.
func (d *draft) compared(n int) string {
	if d.Earlier.N == 0 {
		return d.t("before.none." + string(d.Period.Kind))
	}
	return d.t("before."+string(d.Period.Kind), "n", grouped(n))
}

// verdict is the sentence at the top. "Nothing happened" needs somebody who looked.
func (d *draft) verdict() {
	waiting := grouped(total(d.now.end))
	switch {
	case d.Rounds.N == 0:
		d.say(paper.Warn, "verdict.blind")
	case d.quiet():
		d.say(paper.Calm, "verdict.quiet")
		d.say(paper.Plain, "verdict.looked", "n", grouped(d.Rounds.N), "hosts", grouped(d.Rounds.Seen), "packets", grouped(d.Rounds.Packets))
		if total(d.now.end) > 0 {
			d.say(paper.Plain, "verdict.still", "n", waiting)
		}
	default:
		d.say(paper.Lead, "verdict.busy", "fresh", grouped(total(d.now.fresh)), "over", grouped(total(d.now.over)), "n", waiting,
			"critical", grouped(d.now.end[model.Critical]), "high", grouped(d.now.end[model.High]))
	}
}

// quiet: no finding began or ended, no machine came, went or changed, nobody decided anything.
func (d *draft) quiet() bool {
	return total(d.now.fresh)+total(d.now.over) == 0 && len(d.Rounds.fresh)+len(d.Rounds.gone)+len(d.Rounds.changed) == 0 && len(d.peoplesSteps()) == 0
}

// mostUrgent is how many cards there are.
const mostUrgent = 3

// urgent shows what to do first: the gravest, one of each kind.
func (d *draft) urgent() {
	waiting := pick(d.lives, func(l *life) bool { return waits(l.after) })
	var cards paper.Cards
	at := map[string]int{}
	more := map[string]int{}
	for _, l := range waiting {
		if _, there := at[l.Rule]; there {
			more[l.Rule]++
			continue
		}
		if len(cards) == mostUrgent || l.Severity == model.Info && len(cards) > 0 {
			continue
		}
		at[l.Rule] = len(cards)
		cards = append(cards, d.card(l))
	}
	for rule, i := range at {
		if n := more[rule]; n > 0 {
			cards[i].Title += " " + d.t("more_alike", "n", strconv.Itoa(n))
		}
	}
	if len(cards) == 0 {
		if d.Rounds.N > 0 {
			d.say(paper.Plain, "urgent.none")
		}
		return
	}
	d.add(paper.Heading{Text: d.t("urgent", "n", strconv.Itoa(len(cards)))}, cards)
}

func (d *draft) card(l *life) paper.Card {
	w := locale.Finding(d.Lang, l.Finding)
	meta := []string{d.t("card.today", "since", d.moment(l.since))}
	if n := daysBetween(l.since, d.end()); n > 0 {
		meta[0] = d.t("card.since", "since", d.moment(l.since), "days", grouped(n))
	}
	if names := assets(l.Finding, 6); names != "" {
		meta = append(meta, d.t("card.assets", "names", names))
	}
	meta = append(meta, locale.T(d.Lang, "report.harmless", "text", w.Harmless))
	if l.Owner != "" {
		meta = append(meta, d.t("card.owner", "owner", l.Owner))
	}
	return paper.Card{Level: paper.Level(l.Severity), Mark: d.mark(l.Severity).Text, Title: w.Title, Why: w.Why, Todo: w.Todo, Meta: meta}
}

// end is the end of what is known: of the period, or now.
func (d *draft) end() time.Time {
	if d.Now.Before(d.Period.To) {
		return d.Now
	}
	return d.Period.To
}

func daysBetween(a, b time.Time) int { return max(0, int(b.Sub(a).Hours()/24)) }

// assets names the machines of a finding, at most n of them.
func assets(f model.Finding, n int) string {
	var out []string
	for i, a := range f.Assets {
		if i == n {
			out = append(out, "+"+strconv.Itoa(len(f.Assets)-n))
			break
		}
		out = append(out, cmp.Or(a.Label, a.IP, a.MAC))
	}
	return strings.Join(slices.Compact(out), ", ")
}
