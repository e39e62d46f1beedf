package report

import (
	"strconv"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/report/workbook"
)

// Fact is one line of the summary: what is counted, and how many or when.
type Fact struct {
	Name  string
	Value any // int, uint64, workbook.Moment or string
}

// Facts are the figures of a patrol, in the order in which people ask for them.
func (in Input) Facts() []Fact {
	p := in.Result.Patrol
	fs := []Fact{
		{in.t("summary.made"), in.moment(p.Ended)},
		{in.t("summary.first"), in.moment(p.First)},
		{in.t("summary.last"), in.moment(p.Last)},
		{in.t("summary.hosts"), p.Seen},
	}
	if p.Previous != "" {
		fs = append(fs, Fact{in.t("summary.new"), len(p.New)}, Fact{in.t("summary.gone"), len(p.Gone)}, Fact{in.t("summary.changed"), len(p.Changed)})
	}
	if in.Ledger != nil {
		n := pairCounts(Compare(in.Ledger, in.Result.Hosts))
		fs = append(fs, Fact{in.t("summary.declared"), len(in.Ledger.Hosts)}, Fact{in.t("summary.matched"), n["matched"]},
			Fact{in.t("summary.not_declared"), n["not_declared"]}, Fact{in.t("summary.not_seen"), n["not_seen"]})
	}
	return append(fs, Fact{in.t("summary.packets"), p.Stats.Packets}, Fact{in.t("summary.bytes"), p.Stats.Bytes}, Fact{in.t("summary.flows"), p.Stats.Flows})
}

// Troubles are what went wrong with the inputs and the limits that were reached, in words.
func (in Input) Troubles() []string {
	var out []string
	for _, s := range in.Result.Patrol.Sources {
		for _, t := range s.Errors {
			out = append(out, locale.Trouble(in.Lang, t))
		}
	}
	for _, l := range in.Result.Patrol.Limits {
		name := l.Name
		if locale.Has("limit." + name) {
			name = in.t("limit." + name)
		}
		out = append(out, in.t("text.limit", "name", name, "max", strconv.FormatUint(l.Max, 10), "dropped", strconv.FormatUint(l.Dropped, 10)))
	}
	return out
}

// pairCounts says how many pairs there are in each state.
func pairCounts(ps []Pairing) map[string]int {
	n := map[string]int{}
	for _, p := range ps {
		n[p.State()]++
	}
	return n
}

// summary is the sheet with dates, counts, sources and troubles.
func (b *book) summary() {
	s := b.Summary(b.in.t("report.sheet.summary"), 34, 20, 14, 16, 18, 18, 10)
	s.Name(b.in.title())
	for _, f := range b.in.Facts() {
		s.Line(f.Name, f.Value)
	}
	s.Title(b.in.t("summary.waiting"))
	b.severities(s)
	s.Title(b.in.t("summary.troubles"))
	b.troubles(s)
	s.Title(b.in.t("report.sources"))
	b.sources(s)
}

func (in Input) title() string {
	if in.Name == "" {
		return in.t("report.title")
	}
	return in.t("report.title") + " " + in.Name
}

func (b *book) severities(s *workbook.Sheet) {
	active := Active(b.in.Result.Findings)
	for i, n := range Counts(active) {
		s.Line(b.in.severity(model.Critical-model.Severity(i)), n)
	}
	s.Line(b.in.t("summary.sum"), len(active))
	s.Line(b.in.t("summary.rest"), len(b.in.Result.Findings)-len(active))
}

func (b *book) sources(s *workbook.Sheet) {
	heads := make([]string, 0, 7)
	for _, c := range []string{"source", "kind", "packets", "bytes", "from", "until", "troubles"} {
		heads = append(heads, b.in.t("column."+c))
	}
	s.Head(heads...)
	var packets, bytes uint64
	var errors int
	for _, x := range b.in.Result.Patrol.Sources {
		packets, bytes, errors = packets+x.Packets, bytes+x.Bytes, errors+len(x.Errors)
		s.Line(x.Name, x.Kind, x.Packets, x.Bytes, b.in.moment(x.First), b.in.moment(x.Last), len(x.Errors))
	}
	s.Line(b.in.t("summary.sum"), "", packets, bytes, "", "", errors)
}

// troubles are sentences, so each has the width of the page.
func (b *book) troubles(s *workbook.Sheet) {
	all := b.in.Troubles()
	if len(all) == 0 {
		s.Line(b.in.t("summary.no_troubles"))
	}
	for _, t := range all {
		s.Wide(t)
	}
}
