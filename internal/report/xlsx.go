package report

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"
	"github.com/xuri/excelize/v2"

	"github.com/mimawari/mimawari/internal/model"
)

// XLSX writes the workbook. For a patrol: what to do, the summary, all findings, hosts, ledger comparison. Without one
// (a list of hosts or findings alone) only the sheets that were asked for. Each table ends with its total.
func XLSX(w io.Writer, in Input) error {
	f := excelize.NewFile()
	defer f.Close()
	b := &book{f: f, in: in}
	b.styles()
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
	if b.err != nil {
		return fmt.Errorf("make workbook: %w", b.err)
	}
	return f.Write(w)
}

// patrolled tells a report on a patrol from a mere list.
func (in Input) patrolled() bool {
	return in.Result.Patrol.ID != "" || !in.Result.Patrol.Ended.IsZero()
}

var (
	todoColumns    = []column{{"severity", 10}, {"title", 42}, {"todo", 52}, {"why", 46}, {"assets", 26}, {"last", 16}, {"state", 10}, {"id", 17}}
	findingColumns = []column{{"severity", 10}, {"state", 10}, {"title", 40}, {"why", 44}, {"todo", 44}, {"assets", 28}, {"first", 16}, {"last", 16}, {"count", 8}, {"evidence", 56}, {"rule", 26}, {"id", 17}}
	hostColumns    = []column{{"name", 24}, {"ips", 22}, {"macs", 19}, {"class", 16}, {"maker", 26}, {"os", 22}, {"roles", 24}, {"confidence", 10}, {"ledger", 20}, {"first", 16}, {"last", 16}, {"id", 17}}
	pairColumns    = []column{{"compare", 14}, {"declared_name", 24}, {"declared_ip", 20}, {"place", 18}, {"name", 24}, {"ips", 22}, {"macs", 19}, {"class", 16}, {"maker", 26}, {"last", 16}}
)

type column struct {
	key   string
	width float64
}

// moment is a time in a table: a date for a spreadsheet, text elsewhere. The zero time is an empty cell.
type moment struct {
	time.Time
	text string
}

// String gives the time as people read it.
func (m moment) String() string { return m.text }

// ratio is a share from 0 to 1: a number for a spreadsheet, percent elsewhere.
type ratio float64

// String gives the share in percent.
func (r ratio) String() string { return strconv.Itoa(int(float64(r)*100+0.5)) + "%" }

func (in Input) moment(t time.Time) moment {
	if in.Zone != nil {
		t = t.In(in.Zone)
	}
	return moment{t, in.time(t)}
}

type book struct {
	f                                             *excelize.File
	in                                            Input
	head, body, date, number, percent, bold, name int
	marks                                         [5]int // severity, as model.Severity counts
	sheets                                        int
	err                                           error
}

// markColors are the fills behind a severity: pale, so that the words stay readable in print.
var markColors = [5]string{"F2F2F2", "E8F1FE", "FFF3D6", "FDE3E1", "F9C9C5"}

func (b *book) styles() {
	line := []excelize.Border{{Type: "left", Color: "BFBFBF", Style: 1}, {Type: "right", Color: "BFBFBF", Style: 1}, {Type: "top", Color: "BFBFBF", Style: 1}, {Type: "bottom", Color: "BFBFBF", Style: 1}}
	font := func(size float64, bold bool, color string) *excelize.Font {
		return &excelize.Font{Family: "BIZ UDPゴシック", Size: size, Bold: bold, Color: color}
	}
	top := &excelize.Alignment{WrapText: true, Vertical: "top"}
	stamp := "yyyy-mm-dd hh:mm"
	add := func(s excelize.Style) int {
		id, err := b.f.NewStyle(&s)
		b.note(err)
		return id
	}
	fill := func(c string) excelize.Fill {
		return excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{c}}
	}
	b.head = add(excelize.Style{Border: line, Font: font(10, true, "FFFFFF"), Fill: fill("0017C1"), Alignment: &excelize.Alignment{WrapText: true, Vertical: "center"}})
	b.body = add(excelize.Style{Border: line, Font: font(10, false, ""), Alignment: top})
	b.date = add(excelize.Style{Border: line, Font: font(10, false, ""), Alignment: &excelize.Alignment{Horizontal: "left", Vertical: "top"}, CustomNumFmt: &stamp})
	b.number = add(excelize.Style{Border: line, Font: font(10, false, ""), Alignment: &excelize.Alignment{Vertical: "top"}, NumFmt: 3})
	b.percent = add(excelize.Style{Border: line, Font: font(10, false, ""), Alignment: top, NumFmt: 9})
	b.bold = add(excelize.Style{Font: font(11, true, ""), Alignment: &excelize.Alignment{Vertical: "center"}})
	b.name = add(excelize.Style{Font: font(16, true, "")})
	for i, c := range markColors {
		b.marks[i] = add(excelize.Style{Border: line, Font: font(10, i >= int(model.High), ""), Fill: fill(c), Alignment: top})
	}
}

// begin adds a sheet that prints on A4 landscape, one page wide, with the header on every page.
func (b *book) begin(name string) {
	if b.sheets++; b.sheets == 1 {
		b.note(b.f.SetSheetName("Sheet1", name))
	} else {
		_, err := b.f.NewSheet(name)
		b.note(err)
	}
	size, wide, tall, landscape, fit := 9, 1, 0, "landscape", true
	side, edge, header := 0.4, 0.75, 0.35
	b.note(b.f.SetSheetProps(name, &excelize.SheetPropsOptions{FitToPage: &fit}))
	b.note(b.f.SetPageLayout(name, &excelize.PageLayoutOptions{Size: &size, Orientation: &landscape, FitToWidth: &wide, FitToHeight: &tall}))
	b.note(b.f.SetPageMargins(name, &excelize.PageLayoutMarginsOptions{Left: &side, Right: &side, Top: &edge, Bottom: &edge, Header: &header, Footer: &header}))
	b.note(b.f.SetHeaderFooter(name, &excelize.HeaderFooterOptions{OddHeader: "&L&A&R&D", OddFooter: "&C&P / &N"}))
}

// sheet streams one table: memory does not grow with the rows.
func (b *book) sheet(key string, cols []column, n int, row func(int) []any) {
	if b.err != nil {
		return
	}
	name := b.in.t(key)
	b.begin(name)
	b.note(b.f.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Titles", RefersTo: "'" + name + "'!$1:$1", Scope: name}))
	sw, err := b.f.NewStreamWriter(name)
	if err != nil {
		b.note(err)
		return
	}
	head := make([]any, len(cols))
	for i, c := range slices.Backward(cols) { // the writer puts each before the last, and Excel wants them ascending
		head[i] = excelize.Cell{StyleID: b.head, Value: b.in.t("column." + c.key)}
		b.note(sw.SetColWidth(i+1, i+1, c.width))
	}
	b.note(sw.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}))
	b.note(sw.SetRow("A1", head, excelize.RowOpts{Height: 22}))
	for i := range n {
		cells := row(i)
		height := rowHeight(cols, cells)
		for j := range cells {
			cells[j] = b.cell(cells[j])
		}
		b.note(sw.SetRow("A"+strconv.Itoa(i+2), cells, excelize.RowOpts{Height: height}))
	}
	b.note(sw.SetRow("A"+strconv.Itoa(n+3), []any{excelize.Cell{StyleID: b.bold, Value: b.in.t("report.total", "n", strconv.Itoa(n))}}))
	b.note(sw.Flush())
	last, err := excelize.CoordinatesToCellName(len(cols), n+1)
	b.note(err)
	b.note(b.f.AutoFilter(name, "A1:"+last, nil))
}

// cell gives numbers as numbers and dates as dates, so that they can be sorted and counted.
func (b *book) cell(v any) excelize.Cell {
	switch x := v.(type) {
	case moment:
		if x.IsZero() {
			return excelize.Cell{StyleID: b.date, Value: ""}
		}
		return excelize.Cell{StyleID: b.date, Value: x.Time}
	case ratio:
		return excelize.Cell{StyleID: b.percent, Value: float64(x)}
	case int, uint64:
		return excelize.Cell{StyleID: b.number, Value: x}
	case severity:
		return excelize.Cell{StyleID: b.marks[x.Severity], Value: x.text}
	}
	return excelize.Cell{StyleID: b.body, Value: safeCell(v)}
}

// Excel does not fit the height of rows that a program wrote until somebody edits them, so it is set here.
const (
	lineHeight = 14.5 // points of a line at 10 points
	maxHeight  = 320  // a row must not fill the screen; Excel's own limit is 409
)

func rowHeight(cols []column, cells []any) float64 {
	lines := 1
	for i, c := range cells {
		if s, ok := c.(string); ok {
			lines = max(lines, wrapped(s, cols[i].width))
		}
	}
	return math.Min(float64(lines)*lineHeight+3, maxHeight)
}

// wrapped counts the lines of s in a column that many digits wide. Japanese breaks anywhere; a little is left for Latin
// words that move to the next line.
func wrapped(s string, width float64) int {
	n := 0
	for line := range strings.SplitSeq(s, "\n") {
		n += max(1, int(math.Ceil(float64(runewidth.StringWidth(line))*1.08/(width-1))))
	}
	return n
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
