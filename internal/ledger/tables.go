package ledger

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/mimawari/mimawari/internal/model"
)

// tableRead is the reading of one table of a sheet: most sheets have one, some have several side by side.
type tableRead struct {
	lay        layout
	start, end int    // columns of the table; end is exclusive
	block      string // letter of the first column, "" for the only or first table
	octets     int    // first of four columns with one octet each, -1 if there are none
	literal    bool   // an export of ours: every row says exactly what it says
	follows    bool   // the row above was read into the ledger
	section    string // what the heading row above says, "" if none
	named      int    // rows with a name so far
	lastHost   int    // index of the last host read
	lastRow    int    // number of the last row; a gap means empty rows, which CSV does not give
	pending    []*entry
	lone       []*entry
	free       []*entry
}

const noOctets = -1

// tablesOf splits a sheet whose header repeats from left to right into its tables.
func tablesOf(lay layout, head []row, m Mapping) []*tableRead {
	starts := repeats(&lay)
	if len(starts) < 2 {
		t := &tableRead{lay: lay, end: MaxCols, octets: noOctets, literal: exportHeader(&lay)}
		t.findOctets(head)
		return []*tableRead{t}
	}
	mt := &matcher{taught: m, seen: map[matchKey]match{}}
	var out []*tableRead
	for n, from := range starts {
		t := &tableRead{start: from, end: MaxCols, octets: noOctets}
		if n == 0 {
			t.start = 0
		} else {
			t.block = letter(from)
		}
		if n+1 < len(starts) {
			t.end = starts[n+1]
		}
		t.fit(mt, lay, head)
		out = append(out, t)
	}
	return out
}

func (t *tableRead) fit(mt *matcher, whole layout, head []row) {
	mask := func(ss []string) []string {
		out := make([]string, len(ss))
		copy(out[t.start:], ss[t.start:min(t.end, len(ss))])
		return out
	}
	t.lay = mt.fit(whole.kind, mask(whole.headers))
	t.lay.from, t.lay.span, t.lay.last = whole.from, whole.span, mask(whole.last)
	rows := make([]row, len(head))
	for i, r := range head {
		rows[i] = t.window(r)
	}
	t.lay.learnFromValues(rows)
	t.findOctets(rows)
}

// repeats gives the first columns of tables side by side: the header repeats, with a name and an address in each.
func repeats(l *layout) []int {
	if l.kind != KindHosts {
		return nil
	}
	texts := make([]string, len(l.last))
	first := -1
	for i, s := range l.last {
		if texts[i] = foldHeader(s); texts[i] != "" && first < 0 {
			first = i
		}
	}
	if first < 0 {
		return nil
	}
	starts := []int{first}
	for j := first + 2; j < len(texts); j++ {
		if texts[j] == texts[first] && l.repeatsAt(texts, first, j) {
			starts = append(starts, j)
		}
	}
	return starts
}

func (l *layout) repeatsAt(texts []string, first, at int) bool {
	named, addressed := false, false
	for k := 0; at+k < len(texts) && first+k < at; k++ {
		if texts[first+k] == "" || texts[at+k] != texts[first+k] {
			break
		}
		c, ok := matchHeader(KindHosts, texts[first+k], Mapping{})
		named = named || ok && (c.field == "name" || c.field == "asset_no")
		addressed = addressed || ok && (c.field == "ip" || c.field == "mac")
	}
	return named && addressed
}

// window gives the cells of r that belong to the table.
func (t *tableRead) window(r row) row {
	if t.start == 0 && t.end >= len(r.cells) {
		return r
	}
	out := row{n: r.n, cells: make([]cell, min(len(r.cells), t.end))}
	if t.start < len(out.cells) {
		copy(out.cells[t.start:], r.cells[t.start:len(out.cells)])
	}
	return out
}

// exportHeader recognises the header that Export writes. There a row without a name is a machine without a name.
func exportHeader(l *layout) bool {
	fields := exported(KindHosts)
	if l.kind != KindHosts || len(l.headers) < len(fields) {
		return false
	}
	for i, f := range fields {
		if l.uses[i].Field != f || l.uses[i].Score < 1 {
			return false
		}
	}
	return true
}

// findOctets looks for an address over four columns: 192 | 168 | 1 | 10 under one header.
func (t *tableRead) findOctets(head []row) {
	l := &t.lay
	if l.kind != KindHosts || len(l.columns["ip"]) == 0 {
		return
	}
	rows := head[l.from+l.span:]
	at := l.columns["ip"][0]
	for k := range 4 {
		if at+k >= len(l.uses) || k > 0 && l.headers[at+k] != "" && l.uses[at+k].Field != "ip" || share(rows, at+k, isOctet) < 0.6 {
			return
		}
	}
	t.octets = at
	l.columns["ip"] = slices.DeleteFunc(slices.Clone(l.columns["ip"]), func(c int) bool { return c > at && c < at+4 })
	for k := 1; k < 4; k++ {
		l.uses[at+k].Field, l.uses[at+k].Score, l.uses[at+k].Lost = "ip", 1, false
	}
}

func isOctet(s string) bool {
	n, err := strconv.Atoi(fold(s))
	return err == nil && len(s) <= 9 && n >= 0 && n <= 999
}

// joinOctets puts the four cells of an address into the first.
func (t *tableRead) joinOctets(r row) row {
	if t.octets == noOctets || t.octets >= len(r.cells) {
		return r
	}
	out := row{n: r.n, cells: slices.Clone(r.cells)}
	var parts []string
	own := carriedDown
	for k := range 4 {
		c := r.at(t.octets + k)
		if c.text != "" && c.carried != carriedAcross {
			parts = append(parts, c.text)
			own = min(own, c.carried)
		}
		if t.octets+k < len(out.cells) {
			out.cells[t.octets+k] = cell{}
		}
	}
	if len(parts) == 1 && !isOctet(parts[0]) { // "DHCP" over all four
		out.cells[t.octets] = r.at(t.octets)
	} else if len(parts) > 0 {
		out.cells[t.octets] = cell{text: strings.Join(parts, "."), carried: own}
	}
	return out
}

// headings begin with these marks if they are not merged over the table.
const headingMarks = "■□◆◇●▼▽▲△★☆【〔［<＜≪《"

var (
	wardWords  = regexp.MustCompile(`(科|課|部|室|病棟|係|局|センター|外来|病院|医院|クリニック|棟)$`)
	placeWords = regexp.MustCompile(`(^|[^a-z])b?\d+ ?(階|f)$|地下|フロア$`)
	totalWords = regexp.MustCompile(`^(合計|小計|総計|総数|計|total|subtotal)[0-9]*(台|件|個|本|units)?$`)
)

// heading gives the text of a row that is a heading between machines: alone in its row, merged over most of
// the table or marked.
func (e *entry) heading() (string, bool) {
	text, across, marked := "", 0, false
	for _, c := range e.row.cells {
		switch {
		case c.carried == carriedAcross:
			across++
		case c.fault != "" || c.text != "" && text != "":
			return "", false
		case c.text != "":
			text = c.text
			marked = strings.ContainsAny(firstRune(text), headingMarks)
		}
	}
	text = strings.TrimSpace(strings.Trim(text, headingMarks+"】〕］>＞≫》"))
	over := across >= 2 && (across+1)*10 >= filled(e.lay.headers)*6
	return text, text != "" && (over || marked) && len([]rune(text)) <= 40 && !isAddress(text)
}

func filled(ss []string) (n int) {
	for _, s := range ss {
		if s != "" {
			n++
		}
	}
	return n
}

func firstRune(s string) string {
	for _, r := range s {
		return string(r)
	}
	return ""
}

// sectionRow takes a heading for the machines below it. What it means is said; a heading that means nothing to us is left
// to the words about rows without a name.
func (s *sheetImport) sectionRow(t *tableRead, e *entry) bool {
	text, ok := e.heading()
	if !ok {
		return false
	}
	field := sectionField(text)
	if field == "" || totalWords.MatchString(foldHeader(text)) {
		t.section = ""
		e.unnamed(KindHosts)
		return true
	}
	t.section = text
	e.slipRow("section_read", "text", text, "field", field, "kind", string(KindHosts))
	return true
}

func sectionField(text string) string {
	switch t := fold(text); {
	case placeWords.MatchString(t):
		return "location"
	case wardWords.MatchString(t):
		return "department"
	case string(classOf(t)) != "":
		return "kind"
	}
	return ""
}

// under fills in what the heading above says, where the row itself says nothing.
func (t *tableRead) under(h *model.LedgerHost) {
	at := map[string]*string{"location": &h.Location, "department": &h.Department, "kind": &h.Kind}[sectionField(t.section)]
	if at != nil && *at == "" {
		*at = t.section
		h.Class = classOf(h.Kind, h.Purpose)
	}
}
