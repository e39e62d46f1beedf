package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"github.com/mimawari/mimawari/internal/model"
)

// XLSX writes the workbook: findings, hosts, ledger comparison. Each sheet ends with its total.
func XLSX(w io.Writer, in Input) error {
	f := excelize.NewFile()
	defer f.Close()
	b := &book{f: f, in: in}
	b.styles()
	b.sheet("report.sheet.findings", findingColumns, len(in.Result.Findings), func(i int) []any { return in.findingRow(in.Result.Findings[i]) })
	b.sheet("report.sheet.hosts", hostColumns, len(in.Result.Hosts), func(i int) []any { return in.hostRow(&in.Result.Hosts[i]) })
	pairs := Compare(in.Ledger, in.Result.Hosts)
	b.sheet("report.sheet.ledger", pairColumns, len(pairs), func(i int) []any { return in.pairRow(pairs[i]) })
	if b.err == nil {
		b.err = f.DeleteSheet("Sheet1")
	}
	if b.err != nil {
		return fmt.Errorf("make workbook: %w", b.err)
	}
	return f.Write(w)
}

var (
	findingColumns = []column{{"severity", 10}, {"state", 12}, {"title", 60}, {"why", 60}, {"todo", 60}, {"assets", 40}, {"first", 17}, {"last", 17}, {"count", 8}, {"rule", 28}, {"id", 17}, {"evidence", 60}}
	hostColumns    = []column{{"name", 24}, {"ips", 22}, {"macs", 20}, {"class", 18}, {"maker", 26}, {"os", 24}, {"roles", 28}, {"confidence", 10}, {"ledger", 20}, {"first", 17}, {"last", 17}, {"id", 17}}
	pairColumns    = []column{{"compare", 16}, {"declared_name", 24}, {"declared_ip", 20}, {"place", 20}, {"name", 24}, {"ips", 22}, {"macs", 20}, {"class", 18}, {"maker", 26}, {"last", 17}}
)

type column struct {
	key   string
	width float64
}

type book struct {
	f          *excelize.File
	in         Input
	head, body int
	err        error
}

func (b *book) styles() {
	font := "BIZ UDPゴシック"
	b.head, b.err = b.f.NewStyle(&excelize.Style{Font: &excelize.Font{Family: font, Bold: true, Color: "FFFFFF", Size: 10},
		Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"0017C1"}}, Alignment: &excelize.Alignment{WrapText: true, Vertical: "center"}})
	if b.err == nil {
		b.body, b.err = b.f.NewStyle(&excelize.Style{Font: &excelize.Font{Family: font, Size: 10}, Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"}})
	}
}

// sheet streams one sheet: memory does not grow with the rows.
func (b *book) sheet(key string, cols []column, n int, row func(int) []any) {
	if b.err != nil {
		return
	}
	name := b.in.t(key)
	if _, b.err = b.f.NewSheet(name); b.err != nil {
		return
	}
	sw, err := b.f.NewStreamWriter(name)
	if err != nil {
		b.err = err
		return
	}
	head := make([]any, len(cols))
	for i, c := range cols {
		head[i] = excelize.Cell{StyleID: b.head, Value: b.in.t("column." + c.key)}
		b.note(sw.SetColWidth(i+1, i+1, c.width))
	}
	b.note(sw.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}))
	b.note(sw.SetRow("A1", head))
	for i := range n {
		cells := row(i)
		for j := range cells {
			cells[j] = excelize.Cell{StyleID: b.body, Value: safeCell(cells[j])}
		}
		b.note(sw.SetRow("A"+strconv.Itoa(i+2), cells))
	}
	b.note(sw.SetRow("A"+strconv.Itoa(n+3), []any{excelize.Cell{StyleID: b.body, Value: b.in.t("report.total", "n", strconv.Itoa(n))}}))
	b.note(sw.Flush())
	last, err := excelize.CoordinatesToCellName(len(cols), n+1)
	b.note(err)
	b.note(b.f.AutoFilter(name, "A1:"+last, nil))
}

func (b *book) note(err error) {
	if b.err == nil {
		b.err = err
	}
}

// safeCell keeps text from the network from becoming a formula when the workbook is saved as CSV and opened again.
func safeCell(v any) any {
	if s, ok := v.(string); ok && s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return v
}

func (in Input) findingRow(f model.Finding) []any {
	w := in.words(f)
	return []any{SeverityMark(f.Severity) + " " + SeverityName(in.Lang, f.Severity), StateName(in.Lang, f.State), w.Title, w.Why, w.Todo,
		joined(f.Assets, func(a model.Asset) string { return a.Label }), in.time(f.First), in.time(f.Last), f.Count, f.Rule, f.ID,
		joined(f.Evidence, func(e model.Evidence) string { return strings.TrimSpace(e.Where + " " + e.Text) })}
}

func (in Input) hostRow(h *model.Host) []any {
	declared := ""
	if h.Ledger != nil {
		declared = h.Ledger.Name
	}
	return []any{hostName(h), ips(h), macs(h), ClassName(in.Lang, h.Class), product(h), system(h), strings.Join(RoleNames(in.Lang, h.Roles), ", "),
		percent(h.Confidence), declared, in.time(h.First), in.time(h.Last), h.ID}
}

func (in Input) pairRow(p Pairing) []any {
	row := []any{in.t("compare." + p.State()), "", "", "", "", "", "", "", "", ""}
	if d := p.Declared; d != nil {
		row[1], row[2], row[3] = d.Name, joined(d.Addrs, rangeText), placeText(d.Place)
	}
	if h := p.Seen; h != nil {
		row[4], row[5], row[6], row[7], row[8], row[9] = hostName(h), ips(h), macs(h), ClassName(in.Lang, h.Class), product(h), in.time(h.Last)
	}
	return row
}

func rangeText(r model.AddrRange) string {
	if r.Single() {
		return r.From.String()
	}
	return r.From.String() + "-" + r.To.String()
}

func placeText(p model.Place) string {
	if p.Row == 0 {
		return p.Sheet
	}
	return strings.TrimSpace(p.Sheet + " " + strconv.Itoa(p.Row))
}
