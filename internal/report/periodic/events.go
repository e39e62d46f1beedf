package periodic

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/report"
	"github.com/mimawari/mimawari/internal/report/paper"
)

// findings shows what came, what ended and what waits.
func (d *draft) findings() {
	d.heading("findings")
	d.add(d.trend(), d.matrix())
	fresh := pick(d.lives, (*life).fresh)
	d.add(d.findingTable("table.fresh", fresh, printed, func(l *life) time.Time { return l.entered }))
	over := pick(d.lives, (*life).over)
	d.add(d.findingTable("table.over", over, printed, func(l *life) time.Time { return l.left }))
	waiting := pick(d.lives, func(l *life) bool { return waits(l.after) })
	d.add(d.findingTable("table.waiting", waiting, printedLong, func(l *life) time.Time { return l.since }))
}

// none is what is said of an empty list of what patrols see: without a patrol nobody knows.
func (d *draft) none(key string) string {
	if d.Rounds.N == 0 && key != "table.waiting" {
		return d.t("unknown")
	}
	return d.t(key + ".none")
}

// trend compares what waits with the period before.
func (d *draft) trend() paper.Bars {
	b := paper.Bars{Title: d.t("trend"), Series: []string{d.t("trend.now"), d.t("trend.before")}}
	for s := model.Critical; s >= model.Info; s-- {
		b.Bars = append(b.Bars, paper.Bar{Name: d.mark(s).Text, Level: paper.Level(s), Values: []float64{float64(d.now.end[s]), float64(d.now.begin[s])}})
	}
	return b
}

// matrix adds up: what waited, came, ended, waits.
func (d *draft) matrix() *paper.Table {
	t := &paper.Table{Name: d.t("table.matrix"), Fixed: true, Columns: []paper.Column{
		{Head: d.c("severity"), Keep: true},
		{Head: d.t("column.begin"), Number: true},
		{Head: d.t("column.fresh"), Number: true},
		{Head: d.t("column.over"), Number: true},
		{Head: d.t("column.end"), Number: true},
	}}
	for s := model.Critical; s >= model.Info; s-- {
		t.Rows = append(t.Rows, []paper.Cell{d.mark(s), num(d.now.begin[s]), num(d.now.fresh[s]), num(d.now.over[s]), num(d.now.end[s])})
	}
	sum := d.now
	t.Rows = append(t.Rows, []paper.Cell{paper.Str(locale.T(d.Lang, "summary.sum")), num(total(sum.begin)), num(total(sum.fresh)), num(total(sum.over)), num(total(sum.end))})
	return t
}

func (d *draft) findingTable(key string, ls []*life, shown int, when func(*life) time.Time) *paper.Table {
	t := &paper.Table{Name: d.t(key), Shown: shown, Empty: d.none(key), Columns: []paper.Column{
		{Head: d.c("severity"), Keep: true}, {Head: d.c("title")}, {Head: d.c("assets")}, {Head: d.t(key + ".when"), Keep: true}, {Head: d.c("state")},
	}}
	if key == "table.waiting" { // those that somebody must still act on have their number
		t.Columns = append(t.Columns, paper.Column{Head: d.c("id"), Keep: true})
	}
	for _, l := range ls {
		state := report.StateName(d.Lang, l.after)
		if l.Owner != "" && l.State == l.after {
			state += d.t("owner", "owner", l.Owner)
		}
		row := []paper.Cell{
			d.mark(l.Severity), paper.Str(locale.Finding(d.Lang, l.Finding).Title), paper.Str(assets(l.Finding, 4)), d.day(when(l)), paper.Str(state), paper.Str(l.ID),
		}
		t.Rows = append(t.Rows, row[:len(t.Columns)])
	}
	return t
}

// machines shows what came, went and changed, and what the ledger does not know.
func (d *draft) machines() {
	d.heading("machines")
	if d.Rounds.Baseline > 0 {
		d.say(paper.Plain, "machines.baseline", "n", grouped(d.Rounds.Baseline))
	}
	d.add(d.changeTable("table.hosts_new", d.Rounds.fresh), d.changeTable("table.hosts_gone", d.stillGone()), d.changeTable("table.hosts_changed", d.Rounds.changed))
	if d.History.Ledger == nil {
		d.say(paper.Plain, "machines.no_ledger")
		return
	}
	var unknown []*model.Host
	for _, h := range d.seen {
		if h.Ledger == nil {
			unknown = append(unknown, h)
		}
	}
	d.add(d.hostTable("table.undeclared", unknown, printed))
}

// stillGone leaves out what was seen again after it was missed.
func (d *draft) stillGone() map[string]time.Time {
	out := map[string]time.Time{}
	for id, at := range d.Rounds.gone {
		if h := d.hosts[id]; h == nil || h.Last.Before(at) && h.Last.Before(d.Rounds.Last) {
			out[id] = at
		}
	}
	return out
}

func (d *draft) changeTable(key string, ids map[string]time.Time) *paper.Table {
	t := &paper.Table{Name: d.t(key), Shown: printed, Empty: d.none(key), Columns: []paper.Column{
		{Head: d.c("name")}, {Head: d.c("ips")}, {Head: d.c("class")}, {Head: d.c("maker")}, {Head: d.t("column.declared"), Keep: true}, {Head: d.t(key + ".when"), Keep: true},
	}}
	type change struct {
		id string
		at time.Time
	}
	var all []change
	for id, at := range ids {
		all = append(all, change{id, at})
	}
	slices.SortFunc(all, func(a, b change) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.id, b.id)) })
	for _, c := range all {
		h := d.hosts[c.id]
		if h == nil {
			t.Rows = append(t.Rows, []paper.Cell{paper.Str(d.t("host_forgotten", "id", c.id)), paper.Str("-"), paper.Str("-"), paper.Str("-"), paper.Str("-"), d.short(c.at)})
			continue
		}
		t.Rows = append(t.Rows, append(d.hostCells(h), d.short(c.at)))
	}
	return t
}

func (d *draft) hostCells(h *model.Host) []paper.Cell {
	return hostCells(d.Input, h)
}

func hostCells(in Input, h *model.Host) []paper.Cell {
	declared := in.t("declared.no")
	if h.Ledger != nil {
		declared = in.t("declared.yes")
	}
	return []paper.Cell{
		paper.Str(cmp.Or(report.HostName(h), "-")), paper.Str(report.FewAddresses(in.Lang, h.IPs)), paper.Str(report.ClassName(in.Lang, h.Class)),
		paper.Str(strings.TrimSpace(h.Maker + " " + h.Model)), paper.Str(declared),
	}
}

func (d *draft) hostTable(key string, hs []*model.Host, shown int) *paper.Table {
	t := &paper.Table{Name: d.t(key), Shown: shown, Empty: d.none(key), Columns: []paper.Column{
		{Head: d.c("name")}, {Head: d.c("ips")}, {Head: d.c("class")}, {Head: d.c("maker")}, {Head: d.t("column.declared"), Keep: true}, {Head: d.c("last"), Keep: true},
	}}
	for _, h := range hs {
		t.Rows = append(t.Rows, append(d.hostCells(h), d.short(h.Last)))
	}
	return t
}

// appendix lists all machines that were seen; on paper only so many.
func (d *draft) appendix() {
	if d.Period.Kind != Monthly {
		return
	}
	d.heading("appendix")
	d.say(paper.Small, "appendix.note", "at", d.moment(d.Now))
	d.add(d.hostTable("table.hosts", d.seen, printed))
}

// peoplesSteps are the steps of the period that people took, in order of time.
func (d *draft) peoplesSteps() (out []model.Step) {
	for _, s := range d.History.Steps {
		if s.Who != "" && d.Period.Has(s.At) {
			out = append(out, s)
		}
	}
	slices.SortStableFunc(out, func(a, b model.Step) int { return a.At.Compare(b.At) })
	return out
}

// decisions shows who decided what, and what must be decided again soon.
func (d *draft) decisions() {
	d.heading("decisions")
	byID := map[string]*life{}
	for _, l := range d.lives {
		byID[l.ID] = l
	}
	t := &paper.Table{Name: d.t("table.decisions"), Shown: printed, Empty: d.t("table.decisions.none"), Columns: []paper.Column{
		{Head: d.t("column.at"), Keep: true}, {Head: d.t("column.who")}, {Head: d.c("title")}, {Head: d.t("column.decision")}, {Head: d.t("column.reason")},
	}}
	for _, s := range d.peoplesSteps() {
		title := s.Finding
		if l := byID[s.Finding]; l != nil {
			title = locale.Finding(d.Lang, l.Finding).Title
		}
		t.Rows = append(t.Rows, []paper.Cell{d.short(s.At), paper.Str(s.Who), paper.Str(title), paper.Str(report.StateName(d.Lang, s.To)), paper.Str(s.Reason)})
	}
	d.add(t)
	next := d.Period.After()
	d.add(acceptedTable(d.Input, "table.ending", d.History.Findings, func(until time.Time) bool { return next.Has(until) }))
	d.add(silenceTable(d.Input, "table.silences_ending", d.History.Suppressions, func(until time.Time) bool { return next.Has(until) }))
}

// acceptedTable lists accepted risks whose date is wanted, the nearest first.
func acceptedTable(in Input, key string, fs []model.Finding, want func(time.Time) bool) *paper.Table {
	t := &paper.Table{Name: in.t(key), Shown: printed, Empty: in.t(key + ".none"), Columns: []paper.Column{
		{Head: in.t("column.until"), Keep: true}, {Head: in.c("severity"), Keep: true}, {Head: in.c("title")}, {Head: in.t("column.owner")}, {Head: in.t("column.reason")},
	}}
	var all []model.Finding
	for _, f := range fs {
		if f.State == model.Accepted && want(f.Until) {
			all = append(all, f)
		}
	}
	slices.SortStableFunc(all, func(a, b model.Finding) int { return a.Until.Compare(b.Until) })
	for _, f := range all {
		t.Rows = append(t.Rows, []paper.Cell{in.day(f.Until), in.mark(f.Severity), paper.Str(locale.Finding(in.Lang, f).Title), paper.Str(f.Owner), paper.Str(f.Reason)})
	}
	return t
}

// silenceTable lists suppressions whose end is wanted, the nearest first, those without end last.
func silenceTable(in Input, key string, ss []model.Suppression, want func(time.Time) bool) *paper.Table {
	t := &paper.Table{Name: in.t(key), Shown: printed, Empty: in.t(key + ".none"), Columns: []paper.Column{
		{Head: in.t("column.until"), Keep: true}, {Head: in.t("column.silenced")}, {Head: in.t("column.owner")}, {Head: in.t("column.reason")},
	}}
	var all []model.Suppression
	for _, s := range ss {
		if want(s.Until) {
			all = append(all, s)
		}
	}
	far := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	until := func(s model.Suppression) time.Time {
		if s.Until.IsZero() {
			return far
		}
		return s.Until
	}
	slices.SortStableFunc(all, func(a, b model.Suppression) int { return until(a).Compare(until(b)) })
	for _, s := range all {
		end := in.day(s.Until)
		if s.Until.IsZero() {
			end = paper.Str(in.t("endless"))
		}
		t.Rows = append(t.Rows, []paper.Cell{end, paper.Str(silenced(s)), paper.Str(s.Owner), paper.Str(s.Reason)})
	}
	return t
}

func silenced(s model.Suppression) string {
	return strings.Join(slices.DeleteFunc([]string{s.Rule, s.Host, s.IP}, func(x string) bool { return x == "" }), " ")
}

// ledger shows the versions of the period and what is wrong in the ledger.
func (d *draft) ledger() {
	d.heading("ledger")
	t := &paper.Table{Name: d.t("table.versions"), Empty: d.t("table.versions.none"), Columns: []paper.Column{
		{Head: d.t("column.version"), Number: true}, {Head: d.t("column.at"), Keep: true}, {Head: d.t("column.who")}, {Head: d.t("column.file")}, {Head: d.t("column.entries"), Number: true},
	}}
	for _, v := range d.History.Ledgers {
		if d.Period.Has(v.Imported) {
			t.Rows = append(t.Rows, []paper.Cell{num(v.Version), d.short(v.Imported), paper.Str(v.By), paper.Str(v.File), num(v.Hosts)})
		}
	}
	d.add(t)
	slips := &paper.Table{Name: d.t("table.slips"), Shown: printed, Empty: d.t("table.slips.none"), Columns: []paper.Column{
		{Head: d.c("severity"), Keep: true}, {Head: d.c("title")}, {Head: d.c("place")}, {Head: d.c("todo")},
	}}
	for _, l := range d.lives {
		if strings.HasPrefix(l.Rule, "ledger.") && waits(l.after) {
			w := locale.Finding(d.Lang, l.Finding)
			slips.Rows = append(slips.Rows, []paper.Cell{d.mark(l.Severity), paper.Str(w.Title), paper.Str(places(l.Finding)), paper.Str(w.Todo)})
		}
	}
	d.add(slips)
}

// places says where in the workbook: of a slip the evidence names sheet and cell.
func places(f model.Finding) string {
	var out []string
	for i, e := range f.Evidence {
		if i == 3 {
			out = append(out, "+"+strconv.Itoa(len(f.Evidence)-3))
			break
		}
		if e.Where != "" && !slices.Contains(out, e.Where) {
			out = append(out, e.Where)
		}
	}
	return strings.Join(out, ", ")
}
