// Package workbook writes Excel workbooks that look alike: a head row that stays and filters, rows high enough to be read,
// A4 landscape one page wide, numbers as numbers and dates as dates, and a total under each table.
//
// It knows nothing of what the rows mean. Invariants: no text becomes a formula, wherever it came from; tables are
// streamed, so that memory does not grow with their rows.
package workbook

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
	"github.com/xuri/excelize/v2"
)

// Moment is a time in a table: a date for a spreadsheet, Text elsewhere. The zero time is an empty cell.
type Moment struct {
	time.Time
	Text string
}

// String gives the time as people read it.
func (m Moment) String() string { return m.Text }

// Ratio is a share from 0 to 1: a number for a spreadsheet, percent elsewhere.
type Ratio float64

// String gives the share in percent.
func (r Ratio) String() string { return strconv.Itoa(int(float64(r)*100+0.5)) + "%" }

// Mark is a word with a level from 0, the mildest, to 4; it has a coloured cell.
type Mark struct {
	Level int
	Text  string
}

// String gives the word.
func (m Mark) String() string { return m.Text }

// Column is a column of a table; Width is in digits, as Excel counts it.
type Column struct {
	Head  string
	Width float64
}

// Book is a workbook being made. The first error stays and is given by Write.
type Book struct {
	f                                             *excelize.File
	head, body, date, number, percent, bold, name int
	marks                                         [5]int
	sheets                                        int
	total                                         func(n int) string
	err                                           error
}

// New begins a workbook; total is what stands under a table of n rows.
func New(total func(n int) string) *Book {
	b := &Book{f: excelize.NewFile(), total: total}
	b.styles()
	return b
}

// Write ends the workbook and writes it.
func (b *Book) Write(w io.Writer) error {
	defer b.f.Close()
	if b.err != nil {
		return fmt.Errorf("make workbook: %w", b.err)
	}
	return b.f.Write(w)
}

// markColors are the fills behind a level: pale, so that the words stay readable in print.
var markColors = [5]string{"F2F2F2", "E8F1FE", "FFF3D6", "FDE3E1", "F9C9C5"}

func font(size float64, bold bool, color string) *excelize.Font {
	return &excelize.Font{Family: "BIZ UDPゴシック", Size: size, Bold: bold, Color: color}
}

func fill(c string) excelize.Fill {
	return excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{c}}
}

func (b *Book) styles() {
	line := []excelize.Border{{Type: "left", Color: "BFBFBF", Style: 1}, {Type: "right", Color: "BFBFBF", Style: 1}, {Type: "top", Color: "BFBFBF", Style: 1}, {Type: "bottom", Color: "BFBFBF", Style: 1}}
	top := &excelize.Alignment{WrapText: true, Vertical: "top"}
	stamp := "yyyy-mm-dd hh:mm"
	add := func(s excelize.Style) int {
		id, err := b.f.NewStyle(&s)
		b.note(err)
		return id
	}
	b.head = add(excelize.Style{Border: line, Font: font(10, true, "FFFFFF"), Fill: fill("0017C1"), Alignment: &excelize.Alignment{WrapText: true, Vertical: "center"}})
	b.body = add(excelize.Style{Border: line, Font: font(10, false, ""), Alignment: top})
	b.date = add(excelize.Style{Border: line, Font: font(10, false, ""), Alignment: &excelize.Alignment{Horizontal: "left", Vertical: "top"}, CustomNumFmt: &stamp})
	b.number = add(excelize.Style{Border: line, Font: font(10, false, ""), Alignment: &excelize.Alignment{Vertical: "top"}, NumFmt: 3})
	b.percent = add(excelize.Style{Border: line, Font: font(10, false, ""), Alignment: top, NumFmt: 9})
	b.bold = add(excelize.Style{Font: font(11, true, ""), Alignment: &excelize.Alignment{Vertical: "center"}})
	b.name = add(excelize.Style{Font: font(16, true, "")})
	for i, c := range markColors {
		b.marks[i] = add(excelize.Style{Border: line, Font: font(10, i >= 3, ""), Fill: fill(c), Alignment: top})
	}
}

// begin adds a sheet that prints on A4 landscape, one page wide, with the header on every page.
func (b *Book) begin(name string) {
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

// Table streams one table into a sheet of its own: memory does not grow with the rows.
func (b *Book) Table(name string, cols []Column, n int, row func(int) []any) {
	if b.err != nil {
		return
	}
	b.begin(name)
	b.note(b.f.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Titles", RefersTo: "'" + strings.ReplaceAll(name, "'", "''") + "'!$1:$1", Scope: name}))
	sw, err := b.f.NewStreamWriter(name)
	if err != nil {
		b.note(err)
		return
	}
	head := make([]any, len(cols))
	for i, c := range slices.Backward(cols) { // the writer puts each before the last, and Excel wants them ascending
		head[i] = excelize.Cell{StyleID: b.head, Value: Safe(c.Head)}
		b.note(sw.SetColWidth(i+1, i+1, c.Width))
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
	b.note(sw.SetRow("A"+strconv.Itoa(n+3), []any{excelize.Cell{StyleID: b.bold, Value: b.total(n)}}))
	b.note(sw.Flush())
	last, err := excelize.CoordinatesToCellName(len(cols), n+1)
	b.note(err)
	b.note(b.f.AutoFilter(name, "A1:"+last, nil))
}

// cell gives numbers as numbers and dates as dates, so that they can be sorted and counted.
func (b *Book) cell(v any) excelize.Cell {
	switch x := v.(type) {
	case Moment:
		if x.IsZero() {
			return excelize.Cell{StyleID: b.date, Value: ""}
		}
		return excelize.Cell{StyleID: b.date, Value: x.Time}
	case Ratio:
		return excelize.Cell{StyleID: b.percent, Value: float64(x)}
	case int, uint64, float64:
		return excelize.Cell{StyleID: b.number, Value: x}
	case Mark:
		return excelize.Cell{StyleID: b.marks[min(max(x.Level, 0), 4)], Value: Safe(x.Text)}
	}
	return excelize.Cell{StyleID: b.body, Value: Safe(v)}
}

// Excel does not fit the height of rows that a program wrote until somebody edits them, so it is set here.
const (
	lineHeight = 14.5 // points of a line at 10 points
	maxHeight  = 320  // a row must not fill the screen; Excel's own limit is 409
)

func rowHeight(cols []Column, cells []any) float64 {
	lines := 1
	for i, c := range cells {
		if s, ok := c.(string); ok {
			lines = max(lines, wrapped(s, cols[i].Width))
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

func (b *Book) note(err error) {
	if b.err == nil {
		b.err = err
	}
}

// maxCell is the longest text that Excel takes.
const maxCell = 32767

// Safe keeps text from becoming a formula when the workbook is saved as CSV and opened again, and within what Excel takes.
func Safe(v any) any {
	s, ok := v.(string)
	if !ok || s == "" {
		return v
	}
	if strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		s = "'" + s
	}
	if len(s) > maxCell { // bytes are never fewer than characters
		if r := []rune(s); len(r) > maxCell {
			s = string(r[:maxCell-1]) + "…"
		}
	}
	return s
}

// SheetName makes a name that Excel takes: 31 characters, none of :\/?*[], no quote at an end, not empty.
func SheetName(s string) string {
	s = strings.Trim(strings.Map(func(r rune) rune {
		if strings.ContainsRune(`:\/?*[]`, r) || r < ' ' {
			return '_'
		}
		return r
	}, s), "' ")
	for utf8.RuneCountInString(s) > 31 {
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	if s == "" {
		return "_"
	}
	return s
}
