package report

import (
	"strconv"

	"github.com/xuri/excelize/v2"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

// Fact is one line of the summary: what is counted, and how many or when.
type Fact struct {
	Name  string
	Value any // int, uint64, moment or string
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
	if b.err != nil {
		return
	}
	name := b.in.t("report.sheet.summary")
	b.begin(name)
	for col, w := range map[string]float64{"A": 34, "B": 20, "C": 14, "D": 16, "E": 18, "F": 18, "G": 10} {
		b.note(b.f.SetColWidth(name, col, col, w))
	}
	n := 0
	line := func(height float64, cells ...excelize.Cell) {
		n++
		for i, c := range cells {
			at, err := excelize.CoordinatesToCellName(i+1, n)
			b.note(err)
			b.note(b.f.SetCellValue(name, at, c.Value))
			b.note(b.f.SetCellStyle(name, at, at, c.StyleID))
		}
		if height > 0 {
			b.note(b.f.SetRowHeight(name, n, height))
		}
	}
	title := func(key string) {
		n++
		line(22, excelize.Cell{StyleID: b.bold, Value: b.in.t(key)})
	}
	line(28, excelize.Cell{StyleID: b.name, Value: b.in.title()})
	for _, f := range b.in.Facts() {
		line(0, b.cell(f.Name), b.cell(f.Value))
	}
	title("summary.waiting")
	b.severities(line)
	title("summary.troubles")
	b.troubles(name, &n, line)
	title("report.sources")
	b.sources(line)
}

func (in Input) title() string {
	if in.Name == "" {
		return in.t("report.title")
	}
	return in.t("report.title") + " " + in.Name
}

func (b *book) severities(line func(float64, ...excelize.Cell)) {
	active := Active(b.in.Result.Findings)
	for i, n := range Counts(active) {
		line(0, b.cell(b.in.severity(model.Critical-model.Severity(i))), b.cell(n))
	}
	line(0, b.cell(b.in.t("summary.sum")), b.cell(len(active)))
	line(0, b.cell(b.in.t("summary.rest")), b.cell(len(b.in.Result.Findings)-len(active)))
}

func (b *book) sources(line func(float64, ...excelize.Cell)) {
	head := make([]excelize.Cell, 0, 7)
	for _, c := range []string{"source", "kind", "packets", "bytes", "from", "until", "troubles"} {
		head = append(head, excelize.Cell{StyleID: b.head, Value: b.in.t("column." + c)})
	}
	line(22, head...)
	var packets, bytes uint64
	var errors int
	for _, s := range b.in.Result.Patrol.Sources {
		packets, bytes, errors = packets+s.Packets, bytes+s.Bytes, errors+len(s.Errors)
		line(rowHeight([]column{{"source", 34}}, []any{s.Name}), b.cell(s.Name), b.cell(s.Kind), b.cell(s.Packets), b.cell(s.Bytes), b.cell(b.in.moment(s.First)), b.cell(b.in.moment(s.Last)), b.cell(len(s.Errors)))
	}
	line(0, b.cell(b.in.t("summary.sum")), b.cell(""), b.cell(packets), b.cell(bytes), b.cell(""), b.cell(""), b.cell(errors))
}

// troubles are sentences, so each has the width of the page.
func (b *book) troubles(name string, n *int, line func(float64, ...excelize.Cell)) {
	all := b.in.Troubles()
	if len(all) == 0 {
		line(0, b.cell(b.in.t("summary.no_troubles")))
	}
	for _, t := range all {
		line(rowHeight([]column{{"troubles", 128}}, []any{t}), b.cell(t))
		b.note(b.f.MergeCell(name, "A"+strconv.Itoa(*n), "G"+strconv.Itoa(*n)))
	}
}
