package ledger

import (
	"archive/zip"
	"cmp"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"
)

// sheetMarks are the things about a sheet that the row reader does not give: merged areas, and formulas whose result
// was never stored. They come after or beside the rows in the file (ECMA-376 part 1, 18.3.1), so they are read first.
type sheetMarks struct {
	merges  []merge         // sorted by first row
	active  []merge         // those that reach the row being read
	formula map[[2]int]bool // column, row of formulas without a stored result
	styled  bool            // there are numbers that are shown otherwise than stored
	left    []string        // limits that were reached
}

type merge struct {
	left, top, right, bottom int // 1-based, inclusive
	value                    cell
}

// Limits of one sheet; variables only so that tests need no workbook of that size.
var (
	maxMerges   = 100_000
	maxFormulas = 100_000
)

func (m *sheetMarks) reached(code string) {
	if !slices.Contains(m.left, code) {
		m.left = append(m.left, code)
	}
}

// scanSheet reads the marks of one sheet; a nil part has none.
func scanSheet(part *zip.File) (sheetMarks, error) {
	m := sheetMarks{formula: map[[2]int]bool{}}
	if part == nil {
		return m, nil
	}
	rc, err := part.Open()
	if err != nil {
		return m, err
	}
	defer rc.Close()
	d := xml.NewDecoder(io.LimitReader(rc, MaxUnzip))
	d.Strict = false
	s := markScan{marks: &m}
	for {
		t, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return m, err
		}
		s.token(t)
	}
	slices.SortStableFunc(m.merges, func(a, b merge) int { return cmp.Compare(a.top, b.top) })
	return m, nil
}

// markScan follows the tokens of a sheet: which cell, has it a formula, has it a value.
type markScan struct {
	marks             *sheetMarks
	ref               string
	formula, value    bool
	inValue, inInline bool
}

func (s *markScan) token(t xml.Token) {
	switch e := t.(type) {
	case xml.StartElement:
		s.start(e)
	case xml.CharData:
		if (s.inValue || s.inInline) && len(e) > 0 {
			s.value = true
		}
	case xml.EndElement:
		switch e.Name.Local {
		case "v":
			s.inValue = false
		case "is":
			s.inInline = false
		case "c":
			s.endCell()
		}
	}
}

func (s *markScan) start(e xml.StartElement) {
	switch e.Name.Local {
	case "c":
		s.ref, s.formula, s.value = attr(e, "r"), false, false
		s.marks.styled = s.marks.styled || styledNumber(attr(e, "t"), attr(e, "s"))
	case "f":
		s.formula = true
	case "v":
		s.inValue = true
	case "is":
		s.inInline = true
	case "mergeCell":
		s.marks.addMerge(attr(e, "ref"))
	}
}

// styledNumber tells from the type and style of a cell that its text is not what is stored.
func styledNumber(kind, style string) bool {
	switch kind {
	case "s", "str", "inlineStr", "e":
		return false
	case "", "n":
		return style != "" && style != "0"
	}
	return true
}

func (s *markScan) endCell() {
	if !s.formula || s.value {
		return
	}
	if len(s.marks.formula) >= maxFormulas {
		s.marks.reached("formulas_left_out")
		return
	}
	if c, r, err := excelize.CellNameToCoordinates(s.ref); err == nil {
		s.marks.formula[[2]int{c, r}] = true
	}
}

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func (m *sheetMarks) addMerge(ref string) {
	from, to, ok := strings.Cut(ref, ":")
	if !ok {
		return
	}
	if len(m.merges) >= maxMerges {
		m.reached("merges_left_out")
		return
	}
	c1, r1, err1 := excelize.CellNameToCoordinates(from)
	c2, r2, err2 := excelize.CellNameToCoordinates(to)
	if err1 != nil || err2 != nil {
		return
	}
	m.merges = append(m.merges, merge{left: min(c1, c2), top: min(r1, r2), right: max(c1, c2), bottom: max(r1, r2)})
}

// apply fills the merged cells of r and marks its broken formulas. Rows must come in order.
func (m *sheetMarks) apply(r *row) {
	if len(m.formula) > 0 {
		for i := range r.cells {
			if m.formula[[2]int{i + 1, r.n}] {
				r.cells[i] = cell{fault: "formula_empty"}
			}
		}
	}
	for len(m.merges) > 0 && m.merges[0].top <= r.n {
		g := m.merges[0]
		m.merges = m.merges[1:]
		if g.top == r.n {
			g.value = r.at(g.left - 1)
		}
		m.active = append(m.active, g)
	}
	m.active = slices.DeleteFunc(m.active, func(g merge) bool { return g.bottom < r.n })
	for _, g := range m.active {
		g.fill(r)
	}
}

func (g merge) fill(r *row) {
	if g.value.text == "" && g.value.fault == "" || g.left > MaxCols {
		return
	}
	right := min(g.right, MaxCols)
	if right > len(r.cells) {
		r.cells = append(r.cells, make([]cell, right-len(r.cells))...)
	}
	for c := g.left; c <= right; c++ {
		v := g.value
		switch {
		case c > g.left:
			v.carried = carriedAcross
		case r.n > g.top:
			v.carried = carriedDown
		default:
			continue
		}
		if v.carried == carriedDown {
			v.fault = "" // said once, where it is
		}
		if r.cells[c-1].text == "" && r.cells[c-1].fault == "" {
			r.cells[c-1] = v
		}
	}
}

// sheetParts finds the file of each sheet inside the workbook.
func sheetParts(zr *zip.Reader) map[string]*zip.File {
	files := map[string]*zip.File{}
	for _, f := range zr.File {
		files[strings.ToLower(strings.ReplaceAll(f.Name, "\\", "/"))] = f
	}
	targets := map[string]string{}
	eachElement(files["xl/_rels/workbook.xml.rels"], "Relationship", func(e xml.StartElement) {
		targets[attr(e, "Id")] = attr(e, "Target")
	})
	parts := map[string]*zip.File{}
	eachElement(files["xl/workbook.xml"], "sheet", func(e xml.StartElement) {
		t := targets[attr(e, "id")]
		if !strings.HasPrefix(t, "/") {
			t = path.Join("xl", t)
		}
		parts[attr(e, "name")] = files[strings.ToLower(strings.TrimPrefix(t, "/"))]
	})
	return parts
}

// eachElement visits the start tags of that name in a small part; it stops at the first error, as the row reader will
// report a broken workbook.
func eachElement(f *zip.File, name string, visit func(xml.StartElement)) {
	if f == nil {
		return
	}
	rc, err := f.Open()
	if err != nil {
		return
	}
	defer rc.Close()
	d := xml.NewDecoder(io.LimitReader(rc, 8<<20))
	for {
		t, err := d.RawToken()
		if err != nil {
			return
		}
		if e, ok := t.(xml.StartElement); ok && e.Name.Local == name {
			visit(e)
		}
	}
}
