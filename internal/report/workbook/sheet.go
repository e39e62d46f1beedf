package workbook

import (
	"strconv"

	"github.com/xuri/excelize/v2"
)

// Sheet is a sheet that is written line by line: a summary.
type Sheet struct {
	b    *Book
	name string
	n    int
	cols []Column
}

// Summary adds a sheet of lines, with columns as wide as given.
func (b *Book) Summary(name string, widths ...float64) *Sheet {
	s := &Sheet{b: b, name: name}
	if b.err != nil {
		return s
	}
	b.begin(name)
	for i, w := range widths {
		s.cols = append(s.cols, Column{Width: w})
		col, err := excelize.ColumnNumberToName(i + 1)
		b.note(err)
		b.note(b.f.SetColWidth(name, col, col, w))
	}
	return s
}

func (s *Sheet) put(height float64, cells ...excelize.Cell) {
	s.n++
	for i, c := range cells {
		at, err := excelize.CoordinatesToCellName(i+1, s.n)
		s.b.note(err)
		s.b.note(s.b.f.SetCellValue(s.name, at, c.Value))
		s.b.note(s.b.f.SetCellStyle(s.name, at, at, c.StyleID))
	}
	if height > 0 {
		s.b.note(s.b.f.SetRowHeight(s.name, s.n, height))
	}
}

// Name is the line at the top.
func (s *Sheet) Name(text string) { s.put(28, excelize.Cell{StyleID: s.b.name, Value: Safe(text)}) }

// Title is a line above others, with a free one before it.
func (s *Sheet) Title(text string) {
	s.n++
	s.put(22, excelize.Cell{StyleID: s.b.bold, Value: Safe(text)})
}

// Head is the head of a small table.
func (s *Sheet) Head(heads ...string) {
	cells := make([]excelize.Cell, len(heads))
	for i, h := range heads {
		cells[i] = excelize.Cell{StyleID: s.b.head, Value: Safe(h)}
	}
	s.put(22, cells...)
}

// Line is a row of cells.
func (s *Sheet) Line(values ...any) {
	cells := make([]excelize.Cell, len(values))
	for i, v := range values {
		cells[i] = s.b.cell(v)
	}
	height := 0.0
	if len(values) <= len(s.cols) {
		height = rowHeight(s.cols, values)
	}
	s.put(height, cells...)
}

// Wide is a sentence over the width of the sheet.
func (s *Sheet) Wide(text string) {
	width := 0.0
	for _, c := range s.cols {
		width += c.Width
	}
	s.put(rowHeight([]Column{{Width: width}}, []any{text}), s.b.cell(text))
	last, err := excelize.CoordinatesToCellName(len(s.cols), s.n)
	s.b.note(err)
	if len(s.cols) > 1 {
		s.b.note(s.b.f.MergeCell(s.name, "A"+strconv.Itoa(s.n), last))
	}
}
