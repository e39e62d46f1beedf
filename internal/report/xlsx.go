package report

import (
	"io"
	"strconv"
	"time"

	"github.com/mimawari/mimawari/internal/report/workbook"
)

// XLSX writes the workbook. For a patrol: what to do, the summary, all findings, hosts, ledger comparison. Without one
// (a list of hosts or findings alone) only the sheets that were asked for. Each table ends with its total.
func XLSX(w io.Writer, in Input) error {
	b := &book{Book: workbook.New(func(n int) string { return in.t("report.total", "n", strconv.Itoa(n)) }), in: in}
	patrol := in.patrolled()
	if patrol {
		active := Active(in.Result.Findings)
		b.sheet("report.sheet.todo", todoColumns, len(active), func(i int) []any { return in.todoRow(active[i]) })
		b.summary()
	}
	if patrol || in.Result.Findings != nil || in.Result.Hosts == nil {
		b.sheet("report.sheet.findings", findingColumns, len(in.Result.Findings), func(i int) []any { return in.findingRow(in.Result.Findings[i]) })
	}
	if patrol || in.Result.Hosts != nil {
		b.sheet("report.sheet.hosts", hostColumns, len(in.Result.Hosts), func(i int) []any { return in.hostRow(&in.Result.Hosts[i]) })
	}
	if pairs := Compare(in.Ledger, in.Result.Hosts); patrol && in.Ledger != nil {
		b.sheet("report.sheet.ledger", pairColumns, len(pairs), func(i int) []any { return in.pairRow(pairs[i]) })
	}
	return b.Write(w)
}

// patrolled tells a report on a patrol from a mere list.
func (in Input) patrolled() bool {
	return in.Result.Patrol.ID != "" || !in.Result.Patrol.Ended.IsZero()
}

var (
	todoColumns    = []column{{"severity", 10}, {"title", 42}, {"todo", 52}, {"why", 46}, {"assets", 26}, {"last", 16}, {"state", 10}, {"id", 17}}
	findingColumns = []column{{"severity", 10}, {"state", 10}, {"title", 40}, {"why", 44}, {"todo", 44}, {"assets", 28}, {"first", 16}, {"last", 16}, {"count", 8}, {"evidence", 56}, {"rule", 26}, {"id", 17}, {"harmless", 44}, {"attack", 30}}
	hostColumns    = []column{{"name", 24}, {"ips", 22}, {"macs", 19}, {"class", 16}, {"maker", 26}, {"os", 22}, {"roles", 24}, {"confidence", 10}, {"ledger", 20}, {"first", 16}, {"last", 16}, {"id", 17}}
	pairColumns    = []column{{"compare", 14}, {"declared_name", 24}, {"declared_ip", 20}, {"place", 18}, {"name", 24}, {"ips", 22}, {"macs", 19}, {"class", 16}, {"maker", 26}, {"last", 16}}
)

type column struct {
	key   string
	width float64
}

func (in Input) moment(t time.Time) workbook.Moment {
	if in.Zone != nil {
		t = t.In(in.Zone)
	}
	return workbook.Moment{Time: t, Text: in.time(t)}
}

// book is the workbook of a patrol or of a list.
type book struct {
	*workbook.Book
	in Input
}

func (b *book) sheet(key string, cols []column, n int, row func(int) []any) {
	heads := make([]workbook.Column, len(cols))
	for i, c := range cols {
		heads[i] = workbook.Column{Head: b.in.t("column." + c.key), Width: c.width}
	}
	b.Table(b.in.t(key), heads, n, row)
}
