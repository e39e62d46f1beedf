package periodic

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/report/paper"
)

// Rows that are printed; the workbook has all.
const (
	printed      = 100
	printedLong  = 200
	printedShort = 40
	saidTroubles = 8
)

// lookedAt says what the conclusions rest on, and what could not be seen.
func (d *draft) lookedAt() {
	d.heading("looked")
	r := d.Rounds
	idle, of := r.idle(d.Period, d.Began, d.Now)
	pairs := paper.Pairs{
		{d.t("looked.rounds"), d.t("looked.rounds_value", "n", grouped(r.N), "days", strconv.Itoa(of-len(idle)), "of", strconv.Itoa(of))},
	}
	if r.N > 0 {
		pairs = append(pairs,
			[2]string{d.t("looked.traffic"), d.t("looked.traffic_value", "first", d.moment(r.First), "last", d.moment(r.Last))},
			[2]string{d.t("looked.amount"), d.t("looked.amount_value", "packets", grouped(r.Packets), "mb", grouped(r.Bytes>>20), "flows", grouped(r.Flows))},
			[2]string{d.t("looked.hosts"), d.t("looked.hosts_value", "n", grouped(len(d.seen)))})
	}
	pairs = append(pairs, [2]string{d.t("looked.ledger"), d.ledgerInForce()})
	d.add(pairs, d.sourceTable())
	d.heading("unseen")
	n := len(d.doc.Blocks)
	d.unseen(idle)
	if len(d.doc.Blocks) == n {
		d.say(paper.Plain, "unseen.none")
	}
}

func (d *draft) ledgerInForce() string {
	l := d.History.Ledger
	if l == nil {
		return d.t("looked.no_ledger")
	}
	return d.t("looked.ledger_value", "version", strconv.Itoa(l.Version), "at", d.moment(l.Imported), "hosts", grouped(len(l.Hosts)))
}

func (d *draft) sourceTable() *paper.Table {
	t := &paper.Table{Name: d.t("table.sources"), Shown: printedShort, Empty: d.t("table.sources.none"), Columns: []paper.Column{
		{Head: d.c("source")},
		{Head: d.c("kind"), Keep: true},
		{Head: d.t("column.times"), Number: true},
		{Head: d.c("packets"), Number: true},
		{Head: d.c("last"), Keep: true},
		{Head: d.c("troubles"), Number: true},
	}}
	for _, s := range d.Rounds.inputs() {
		t.Rows = append(t.Rows, []paper.Cell{paper.Str(s.Name), paper.Str(s.Kind), num(s.times), num(s.Packets), d.short(s.Last), num(s.troubles)})
	}
	return t
}

// c is the head of a column that other reports have too.
func (in Input) c(key string) string { return locale.T(in.Lang, "column."+key) }

// unseen says where the eye did not reach.
func (d *draft) unseen(idle []time.Time) {
	if len(idle) > 0 {
		d.say(paper.Warn, "unseen.idle", "n", strconv.Itoa(len(idle)), "days", dayList(idle))
	}
	for i, t := range d.Rounds.unread() {
		if i == saidTroubles {
			d.say(paper.Small, "unseen.more", "n", strconv.Itoa(len(d.Rounds.troubles)-i))
			break
		}
		text := locale.Trouble(d.Lang, t.Trouble)
		if t.times > 1 {
			text += " " + d.t("unseen.times", "n", strconv.Itoa(t.times))
		}
		d.add(paper.Para{Text: text, Style: paper.Warn})
	}
	for _, l := range d.Rounds.reached() {
		name := l.Name
		if locale.Has("limit." + name) {
			name = locale.T(d.Lang, "limit."+name)
		}
		d.add(paper.Para{Text: locale.T(d.Lang, "text.limit", "name", name, "max", grouped(l.Max), "dropped", grouped(l.Dropped)), Style: paper.Warn})
	}
	if t := d.darkNetworks(); len(t.Rows) > 0 {
		d.add(t)
	}
}

// dayList names days, the runs of them as spans.
func dayList(days []time.Time) string {
	var out []string
	for i := 0; i < len(days); {
		j := i
		for j+1 < len(days) && days[j].AddDate(0, 0, 1).Equal(days[j+1]) {
			j++
		}
		s := days[i].Format("1/2")
		if j > i {
			s += "–" + days[j].Format("1/2")
		}
		out = append(out, s)
		i = j + 1
	}
	return strings.Join(out, ", ")
}

// darkNetworks are networks of the ledger in which no machine was seen.
func (d *draft) darkNetworks() *paper.Table {
	t := &paper.Table{Name: d.t("table.dark"), Shown: printedShort, Columns: []paper.Column{{Head: d.c("name")}, {Head: d.t("column.network")}, {Head: d.t("column.zone")}}}
	if d.History.Ledger == nil || d.Rounds.N == 0 {
		return t
	}
	for _, n := range d.History.Ledger.Networks {
		if n.Prefix.IsValid() && !slices.ContainsFunc(d.seen, func(h *model.Host) bool { return slices.ContainsFunc(h.IPs, n.Prefix.Contains) }) {
			t.Rows = append(t.Rows, []paper.Cell{paper.Str(n.Name), paper.Str(prefix(n.Prefix)), paper.Str(n.Zone)})
		}
	}
	return t
}

func prefix(p netip.Prefix) string {
	if !p.IsValid() {
		return "-"
	}
	return p.String()
}
