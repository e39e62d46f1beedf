package paper

import (
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"

	"github.com/mimawari/mimawari/internal/report/workbook"
)

// XLSX writes the workbook: a first sheet with all that is no table, then a sheet for each table with all its rows.
func XLSX(w io.Writer, d *Document) error {
	b := workbook.New(func(n int) string { return d.T("total", "n", strconv.Itoa(n)) })
	names := sheetNames(d)
	s := b.Summary(names[nil], 40, 26, 20, 20, 20)
	if d.Institution != "" {
		s.Wide(d.Institution)
	}
	s.Name(strings.TrimSpace(d.Title + " " + d.Period))
	if d.Note != "" {
		s.Wide(d.Note)
	}
	for _, x := range d.Blocks {
		summarize(s, d, x, names)
	}
	for _, x := range d.Blocks {
		if t, ok := x.(*Table); ok && !t.Fixed {
			b.Table(names[t], widths(t), len(t.Rows), func(i int) []any { return values(t.Rows[i]) })
		}
	}
	return b.Write(w)
}

// sheetNames gives each table its own name; nil is the first sheet.
func sheetNames(d *Document) map[*Table]string {
	names, used := map[*Table]string{nil: workbook.SheetName(d.Title)}, map[string]bool{}
	used[strings.ToLower(names[nil])] = true
	for _, x := range d.Blocks {
		t, ok := x.(*Table)
		if !ok {
			continue
		}
		name := workbook.SheetName(t.Name)
		for n := 2; used[strings.ToLower(name)]; n++ {
			end := " " + strconv.Itoa(n)
			r := []rune(workbook.SheetName(t.Name))
			name = string(r[:min(len(r), 31-len(end))]) + end
		}
		used[strings.ToLower(name)] = true
		names[t] = name
	}
	return names
}

func summarize(s *workbook.Sheet, d *Document, x Block, names map[*Table]string) {
	switch x := x.(type) {
	case Heading:
		s.Title(x.Text)
	case Para:
		if x.Text != "" {
			s.Wide(x.Text)
		}
	case Facts:
		for _, f := range x {
			s.Line(f.Name, value(f.Value), f.Note)
		}
	case Pairs:
		for _, p := range x {
			s.Line(p[0], p[1])
		}
	case Bars:
		s.Head(append([]string{x.Title}, x.Series...)...)
		for _, b := range x.Bars {
			line := []any{b.Name}
			for _, v := range b.Values {
				line = append(line, v)
			}
			s.Line(line...)
		}
	case Cards:
		for _, c := range x {
			s.Line(workbook.Mark{Level: int(c.Level), Text: c.Mark})
			for _, t := range append([]string{c.Title, c.Why, d.T("todo", "text", c.Todo)}, c.Meta...) {
				s.Wide(t)
			}
		}
	case *Table:
		if x.Fixed {
			summarizeTable(s, x)
			return
		}
		s.Wide(d.T("sheet", "name", names[x], "n", strconv.Itoa(len(x.Rows))))
	}
}

// summarizeTable puts a small table into the first sheet.
func summarizeTable(s *workbook.Sheet, t *Table) {
	s.Title(t.Name)
	heads := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		heads[i] = c.Head
	}
	s.Head(heads...)
	for _, r := range t.Rows {
		s.Line(values(r)...)
	}
}

// value gives a number as a number.
func value(s string) any {
	if n, err := strconv.Atoi(strings.ReplaceAll(s, ",", "")); err == nil {
		return n
	}
	return s
}

func values(cells []Cell) []any {
	out := make([]any, len(cells))
	for i, c := range cells {
		switch v := c.Value.(type) {
		case time.Time:
			out[i] = workbook.Moment{Time: v, Text: c.Text}
		case Level:
			out[i] = workbook.Mark{Level: int(v), Text: c.Text}
		case nil:
			out[i] = c.Text
		default:
			out[i] = v
		}
	}
	return out
}

// widths looks at the first rows: a column is as wide as what is in it, within what can be read.
func widths(t *Table) []workbook.Column {
	const look, narrow, wide = 200, 9, 52
	out := make([]workbook.Column, len(t.Columns))
	for i, c := range t.Columns {
		w := runewidth.StringWidth(c.Head) + 4 // the arrow of the filter
		for _, r := range t.Rows[:min(look, len(t.Rows))] {
			w = max(w, runewidth.StringWidth(r[i].Text)+2)
		}
		out[i] = workbook.Column{Head: c.Head, Width: math.Min(math.Max(float64(w), narrow), wide)}
	}
	return out
}
