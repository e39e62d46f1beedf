package report

import (
	"cmp"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/report/paper"
	"github.com/mimawari/mimawari/internal/report/pdf"
	"github.com/mimawari/mimawari/internal/report/workbook"
)

// How many rows of a list are printed. The workbook has all.
const (
	printedFindings = 200
	printedHosts    = 400
)

// PDF prints a patrol. It has what the HTML file has, but long lists end after some hundred rows and say so.
func PDF(w io.Writer, in Input) error { return pdf.Write(w, in.document()) }

func (in Input) document() *paper.Document {
	p := in.Result.Patrol
	d := &paper.Document{Lang: in.Lang, Title: in.t("report.title"), Institution: in.Name, At: p.Ended, Note: in.t("report.made", "at", in.time(p.Ended))}
	if !p.First.IsZero() {
		d.Period = in.t("report.span", "first", in.time(p.First), "last", in.time(p.Last))
	}
	active := Active(in.Result.Findings)
	counts := Counts(active)
	var facts paper.Facts
	for i, n := range counts[:4] {
		facts = append(facts, paper.Fact{Name: in.severity(model.Critical - model.Severity(i)).Text, Value: strconv.Itoa(n)})
	}
	d.Blocks = append(d.Blocks, facts, paper.Heading{Text: in.t("report.first")})
	d.Blocks = append(d.Blocks, in.cards(active)...)
	d.Blocks = append(d.Blocks, in.troubleBlocks()...)
	d.Blocks = append(d.Blocks, paper.Heading{Text: in.t("report.sheet.summary")}, in.pairsOf(in.Facts()), paper.Heading{Text: in.t("report.sheet.findings")}, in.findingTable())
	d.Blocks = append(d.Blocks, paper.Heading{Text: in.t("report.sheet.hosts")}, in.hostTable(), paper.Heading{Text: in.t("report.sheet.ledger")})
	if in.Ledger == nil {
		d.Blocks = append(d.Blocks, paper.Para{Text: in.t("text.no_ledger")})
	} else {
		d.Blocks = append(d.Blocks, in.pairTable())
	}
	d.Blocks = append(d.Blocks, paper.Heading{Text: in.t("report.sources")}, in.sourceTable())
	return d
}

// FewAddresses names two addresses of a machine, those that people know first, and how many more there are.
func FewAddresses(l locale.Lang, ips []netip.Addr) string {
	ips = slices.Clone(ips)
	rank := func(a netip.Addr) int {
		switch {
		case a.Is4():
			return 0
		case a.IsLinkLocalUnicast():
			return 2
		}
		return 1
	}
	slices.SortStableFunc(ips, func(a, b netip.Addr) int { return cmp.Compare(rank(a), rank(b)) })
	shown := min(2, len(ips))
	if shown == 2 && rank(ips[1]) == 2 {
		shown = 1
	}
	out := joined(ips[:shown], netip.Addr.String)
	if n := len(ips) - shown; n > 0 {
		out += locale.T(l, "report.more_addresses", "n", strconv.Itoa(n))
	}
	return out
}

func (in Input) cards(active []model.Finding) []paper.Block {
	var cards paper.Cards
	for _, f := range in.firsts(active) {
		title := f.W.Title
		if f.More > 0 {
			title += " " + in.t("report.more_of", "n", strconv.Itoa(f.More))
		}
		cards = append(cards, paper.Card{Level: paper.Level(f.F.Severity), Mark: in.severity(f.F.Severity).Text, Title: title, Why: f.W.Why, Todo: f.W.Todo, Meta: []string{in.t("report.harmless", "text", f.W.Harmless)}})
	}
	if len(cards) == 0 {
		return []paper.Block{paper.Para{Text: in.t("text.none"), Style: paper.Calm}}
	}
	return []paper.Block{cards}
}

func (in Input) troubleBlocks() (out []paper.Block) {
	for i, t := range in.Troubles() {
		if i == 0 {
			out = append(out, paper.Heading{Text: in.t("summary.troubles")})
		}
		out = append(out, paper.Para{Text: t, Style: paper.Warn})
	}
	return out
}

func (in Input) pairsOf(fs []Fact) (out paper.Pairs) {
	for _, f := range fs {
		out = append(out, [2]string{f.Name, grouped(f.Value)})
	}
	return out
}

// grouped is a value as text; large numbers have commas.
func grouped(v any) string {
	switch v.(type) {
	case int, uint64:
		return humanNumbers.Sprintf("%d", v)
	}
	return fmt.Sprint(v)
}

var humanNumbers = message.NewPrinter(language.English)

// tableOf makes a printed table of the columns that are picked from a longer row.
func (in Input) tableOf(name string, cols []column, pick []int, n int, row func(int) []any) *paper.Table {
	t := &paper.Table{Name: in.t(name), Empty: in.t("summary.no_troubles")}
	for _, i := range pick {
		key := cols[i].key
		t.Columns = append(t.Columns, paper.Column{Head: in.t("column." + key), Keep: key == "severity" || key == "last" || key == "first" || key == "from" || key == "until", Number: key == "packets" || key == "bytes" || key == "count"})
	}
	for i := range n {
		cells := make([]paper.Cell, 0, len(pick))
		all := row(i)
		for _, j := range pick {
			c := paper.Cell{Text: grouped(all[j])}
			if s, ok := all[j].(workbook.Mark); ok {
				c.Value = paper.Level(s.Level)
			}
			cells = append(cells, c)
		}
		t.Rows = append(t.Rows, cells)
	}
	return t
}

func (in Input) findingTable() *paper.Table {
	fs := in.Result.Findings
	t := in.tableOf("report.sheet.findings", findingColumns, []int{0, 1, 2, 5, 7}, len(fs), func(i int) []any { return in.findingRow(fs[i]) })
	t.Shown = printedFindings
	return t
}

func (in Input) hostTable() *paper.Table {
	hs := in.Result.Hosts
	t := in.tableOf("report.sheet.hosts", hostColumns, []int{0, 1, 3, 4, 8, 10}, len(hs), func(i int) []any {
		row := in.hostRow(&hs[i])
		row[1] = FewAddresses(in.Lang, hs[i].IPs)
		return row
	})
	t.Shown = printedHosts
	return t
}

func (in Input) pairTable() *paper.Table {
	ps := Compare(in.Ledger, in.Result.Hosts)
	t := in.tableOf("report.sheet.ledger", pairColumns, []int{0, 1, 2, 3, 4, 5}, len(ps), func(i int) []any {
		row := in.pairRow(ps[i])
		if ps[i].Seen != nil {
			row[5] = FewAddresses(in.Lang, ps[i].Seen.IPs)
		}
		return row
	})
	t.Shown = printedHosts
	return t
}

var sourceColumns = []column{{"source", 0}, {"kind", 0}, {"packets", 0}, {"from", 0}, {"until", 0}, {"troubles", 0}}

func (in Input) sourceTable() *paper.Table {
	ss := in.Result.Patrol.Sources
	t := in.tableOf("report.sources", sourceColumns, []int{0, 1, 2, 3, 4, 5}, len(ss), func(i int) []any {
		s := ss[i]
		var troubles []string
		if len(s.Errors) > 0 {
			troubles = append(troubles, strconv.Itoa(len(s.Errors)))
		}
		return []any{s.Name, s.Kind, s.Packets, in.moment(s.First), in.moment(s.Last), strings.Join(troubles, "")}
	})
	t.Shown = printedFindings
	return t
}
