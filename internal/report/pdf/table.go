package pdf

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/mimawari/mimawari/internal/report/paper"
)

// Sizes of tables.
const (
	cellSize, cellLead = 8.5, 12.5
	cellSide, cellEdge = 4.0, 3.5 // padding
)

// grid is a table while it is placed.
type grid struct {
	*layout
	t      *paper.Table
	widths []float64
	head   [][]string // lines of each head
}

func (l *layout) table(t *paper.Table) {
	l.tableOf(t, l.doc.T("rest", "all", strconv.Itoa(len(t.Rows)), "shown", strconv.Itoa(len(t.Visible())), "n", strconv.Itoa(t.Rest()), "name", t.Name))
}

// tableOf places a table; rest is said if not all rows are shown.
func (l *layout) tableOf(t *paper.Table, rest string) {
	l.caption(t)
	if len(t.Rows) == 0 {
		l.para(paper.Para{Text: t.Empty})
		return
	}
	g := &grid{layout: l, t: t}
	rows := make([][]string, len(t.Visible()))
	for i, r := range t.Visible() {
		rows[i] = g.drawn(r)
	}
	g.widths = g.columns(rows)
	for i, c := range t.Columns {
		g.head = append(g.head, l.ink.wrap(text{l.ink.draw(c.Head), bold, cellSize}, g.widths[i]-2*cellSide))
	}
	l.need(g.height(g.head) + 2*cellLead)
	g.header()
	for i, r := range rows {
		g.row(t.Rows[i], r)
	}
	l.y += 4
	if t.Rest() > 0 {
		l.para(paper.Para{Text: rest, Style: paper.Small})
	}
	l.y += 6
}

func (l *layout) caption(t *paper.Table) {
	if t.Name == "" {
		return
	}
	total := text{l.doc.T("total", "n", strconv.Itoa(len(t.Rows))), regular, 8.5}
	if t.Fixed {
		total.s = ""
	}
	space := l.ink.width(total)
	if l.headed == t.Name { // the heading just above says it
		l.putText(right-space, l.y-26+base(20, 8.5), total, gray)
		return
	}
	l.need(90)
	l.putText(right-space, l.y+base(16, 9.5), total, gray)
	l.stack(l.set(t.Name, bold, 10, 16, inner-space-10, 0, black), box{})
	l.y += 3
}

func (g *grid) drawn(cells []paper.Cell) []string {
	out := make([]string, len(cells))
	for i, c := range cells {
		out[i] = g.ink.draw(c.Text)
	}
	return out
}

// columns shares the width out: each column gets what its longest word needs; what is left goes where text would
// otherwise break, less than in proportion, so that one long column does not starve the others.
func (g *grid) columns(rows [][]string) []float64 {
	n := len(g.t.Columns)
	least, most := make([]float64, n), make([]float64, n)
	for i, c := range g.t.Columns {
		least[i], most[i] = g.extent(text{g.ink.draw(c.Head), bold, cellSize}, false)
		for _, r := range rows {
			a, b := g.extent(text{r[i], regular, cellSize}, c.Keep || c.Number)
			least[i], most[i] = math.Max(least[i], a), math.Max(most[i], b)
		}
		least[i], most[i] = math.Ceil(least[i])+2*cellSide, math.Ceil(most[i])+2*cellSide
	}
	if sum(least) > inner {
		return squeeze(least)
	}
	return g.stretch(least, most)
}

// extent gives the least and the most width that a text can use. Words longer than a quarter of the page are cut.
func (g *grid) extent(t text, keep bool) (least, most float64) {
	const longest, short = inner / 4, 5 * cellSize
	for para := range strings.SplitSeq(t.s, "\n") {
		whole := g.ink.width(text{para, t.w, t.size})
		most = math.Max(most, whole)
		if whole <= least {
			continue
		}
		if keep && whole < 1.4*longest {
			least = math.Max(least, whole)
			continue
		}
		least = math.Max(least, math.Min(whole, short)) // Japanese may break anywhere, but 未対応 should not
		for _, seg := range segments(para) {
			least = math.Max(least, math.Min(longest, g.ink.width(text{strings.TrimRight(seg, " "), t.w, t.size})))
		}
	}
	return least, most
}

func sum(a []float64) (n float64) {
	for _, x := range a {
		n += x
	}
	return n
}

// squeeze makes columns fit that do not: all shrink alike, but none below a readable width.
func squeeze(w []float64) []float64 {
	floor := math.Min(34, inner/float64(len(w)))
	free, fixed := sum(w)-floor*float64(len(w)), inner-floor*float64(len(w))
	out := slices.Clone(w)
	for i := range out {
		out[i] = floor + math.Max(0, out[i]-floor)*fixed/math.Max(free, 1)
	}
	if s := sum(out); s > inner { // some were below the floor
		for i := range out {
			out[i] *= inner / s
		}
	}
	return out
}

// stretch hands out what is left above the least widths.
func (g *grid) stretch(least, most []float64) []float64 {
	out := slices.Clone(least)
	for left := inner - sum(out); left > 0.5; {
		weights := make([]float64, len(out))
		for i := range out {
			weights[i] = math.Sqrt(math.Max(0, most[i]-out[i]))
		}
		total := sum(weights)
		if total < 0.01 {
			g.widen(out, left)
			break
		}
		before := left
		for i := range out {
			more := math.Min(before*weights[i]/total, most[i]-out[i])
			if more > 0 {
				out[i] += more
				left -= more
			}
		}
		if before-left < 0.1 {
			break
		}
	}
	return out
}

// widen gives what nobody needs to the columns of text, evenly.
func (g *grid) widen(out []float64, left float64) {
	var soft []int
	for i, c := range g.t.Columns {
		if !c.Number && !c.Keep {
			soft = append(soft, i)
		}
	}
	if len(soft) == 0 {
		for i := range out {
			soft = append(soft, i)
		}
	}
	for _, i := range soft {
		out[i] += left / float64(len(soft))
	}
}

func (g *grid) height(cells [][]string) float64 {
	n := 1
	for _, c := range cells {
		n = max(n, len(c))
	}
	return float64(n)*cellLead + 2*cellEdge
}

func (g *grid) header() {
	h := g.height(g.head)
	g.fill(left, g.y, inner, h, sky)
	g.cells(g.head, nil, bold)
	g.y += h
	g.fill(left, g.y-0.8, inner, 0.8, blue)
}

// turnPage begins a page with the head of the table.
func (g *grid) turnPage() {
	g.turn()
	g.header()
}

// row places a row; one that does not fit on the page goes to the next, one that fits on no page is continued there.
func (g *grid) row(cells []paper.Cell, drawn []string) {
	lines := make([][]string, len(drawn))
	for i, s := range drawn {
		lines[i] = g.ink.wrap(text{s, g.weight(cells[i]), cellSize}, g.widths[i]-2*cellSide)
	}
	if h := g.height(lines); g.y+h > bottom && h < (bottom-top)/2 {
		g.turnPage()
	}
	for {
		room := int((bottom - g.y - 2*cellEdge) / cellLead)
		if room < 1 {
			g.turnPage()
			continue
		}
		now, later, more := split(lines, room)
		g.cells(now, cells, regular)
		g.y += g.height(now)
		g.fill(left, g.y-0.5, inner, 0.5, hair)
		if !more {
			return
		}
		lines = later
		g.turnPage()
	}
}

// split cuts the lines of a row after n.
func split(lines [][]string, n int) (now, later [][]string, more bool) {
	for _, c := range lines {
		k := min(n, len(c))
		now, later = append(now, c[:k]), append(later, c[k:])
		more = more || k < len(c)
	}
	return now, later, more
}

func (g *grid) weight(c paper.Cell) weight {
	if _, ok := c.Value.(paper.Level); ok {
		return bold
	}
	return regular
}

// cells draws the lines of one row, or of the head if there are no cells.
func (g *grid) cells(lines [][]string, cells []paper.Cell, w weight) {
	x := left
	for i, c := range lines {
		ink, weight := black, w
		if cells != nil {
			weight = g.weight(cells[i])
			if lv, ok := cells[i].Value.(paper.Level); ok {
				ink = levelColor(lv)
			}
		}
		for j, s := range c {
			t := text{s, weight, cellSize}
			at := x + cellSide
			if g.t.Columns[i].Number {
				at = x + g.widths[i] - cellSide - g.ink.width(t)
			}
			g.putText(at, g.y+cellEdge+float64(j)*cellLead+base(cellLead, cellSize), t, ink)
		}
		x += g.widths[i]
	}
}
