package pdf

import (
	"strconv"
	"strings"

	"github.com/mimawari/mimawari/internal/report/paper"
)

// layout places a document on pages, from top to bottom.
type layout struct {
	doc    *paper.Document
	ink    *ink
	pages  [][]op
	y      float64     // where the next thing goes
	next   paper.Block // what comes after the block that is being placed
	headed string      // the heading that nothing follows yet
}

func newLayout(d *paper.Document, k *ink) *layout {
	l := &layout{doc: d, ink: k}
	l.turn()
	l.y = 48 // the first page has no running head
	return l
}

// turn begins a page.
func (l *layout) turn() { l.pages, l.y = append(l.pages, nil), top }

// need begins a page if h does not fit on this one.
func (l *layout) need(h float64) {
	if l.y+h > bottom && l.y > top {
		l.turn()
	}
}

func (l *layout) put(o op) {
	n := len(l.pages) - 1
	l.pages[n] = append(l.pages[n], o)
}

// putText draws text at a baseline, unless it is empty.
func (l *layout) putText(x, y float64, t text, c color) {
	if t.s != "" {
		l.put(op{x: x, y: y, text: t, color: c})
	}
}

func (l *layout) fill(x, y, w, h float64, c color) { l.put(op{x: x, y: y, w: w, h: h, color: c}) }

// line is a line of text in a stack of lines.
type line struct {
	text   text
	color  color
	indent float64
	lead   float64 // height of the line
	gap    float64 // free space above
}

// base is where the baseline of a line of that height is: the Japanese em box stands in the middle.
func base(lead, size float64) float64 { return (lead-size)/2 + 0.88*size }

// set breaks s into lines of a width.
func (l *layout) set(s string, w weight, size, lead, width, indent float64, c color) (out []line) {
	for _, s := range l.ink.wrap(text{l.ink.draw(s), w, size}, width-indent) {
		out = append(out, line{text: text{s, w, size}, color: c, indent: indent, lead: lead})
	}
	return out
}

// box is how a stack of lines is framed.
type box struct {
	pad      float64
	fill     color
	bar      color
	barWidth float64 // 0: no frame
	whole    bool    // kept on one page if it fits on one
}

// stack places lines, over as many pages as they need.
func (l *layout) stack(lines []line, b box) {
	total := 2 * b.pad
	for _, x := range lines {
		total += x.lead + x.gap
	}
	if b.whole && total < bottom-top {
		l.need(total)
	}
	for len(lines) > 0 {
		n, h := 0, 2*b.pad
		for n < len(lines) && (l.y+h+lines[n].lead+lines[n].gap <= bottom || n == 0 && l.y <= top) {
			h += lines[n].lead + lines[n].gap
			n++
		}
		if n > 0 {
			l.chunk(lines[:n], b, h)
			lines = lines[n:]
		}
		if len(lines) > 0 {
			l.turn()
		}
	}
}

// chunk draws lines that fit on the page.
func (l *layout) chunk(lines []line, b box, h float64) {
	if b.barWidth > 0 {
		l.fill(left, l.y, inner, h, b.fill)
		l.fill(left, l.y, b.barWidth, h, b.bar)
	}
	y := l.y + b.pad
	for _, x := range lines {
		y += x.gap
		l.putText(left+b.barWidth+b.pad+x.indent, y+base(x.lead, x.text.size), x.text, x.color)
		y += x.lead
	}
	l.y += h
}

// document places everything.
func (l *layout) document() {
	l.title()
	for i, b := range l.doc.Blocks {
		l.next = nil
		if i+1 < len(l.doc.Blocks) {
			l.next = l.doc.Blocks[i+1]
		}
		l.block(b)
	}
	l.missing()
}

// least is how much of a block must stand on the page of its heading.
func (l *layout) least(b paper.Block) float64 {
	switch b := b.(type) {
	case paper.Bars:
		return barsHeight(b)
	case *paper.Table:
		return 90
	case paper.Cards, paper.Facts:
		return 110
	case paper.Heading:
		return 0
	}
	return 45
}

func (l *layout) block(b paper.Block) {
	if h, ok := b.(paper.Heading); ok {
		l.heading(h)
		l.headed = h.Text
		return
	}
	switch b := b.(type) {
	case paper.Para:
		l.para(b)
	case paper.Facts:
		l.facts(b)
	case paper.Pairs:
		l.pairs(b)
	case paper.Bars:
		l.bars(b)
	case paper.Cards:
		for _, c := range b {
			l.card(c)
		}
	case *paper.Table:
		l.table(b)
	}
	l.headed = ""
}

func (l *layout) title() {
	d := l.doc
	l.fill(left, l.y, inner, 4, blue)
	l.y += 16
	var lines []line
	add := func(gap float64, more []line) {
		if len(more) > 0 {
			more[0].gap = gap
		}
		lines = append(lines, more...)
	}
	if d.Institution != "" {
		add(0, l.set(d.Institution, regular, 11, 16, inner, 0, black))
	}
	add(4, l.set(d.Title, bold, 20, 28, inner, 0, black))
	if d.Period != "" {
		add(3, l.set(d.Period, regular, 11.5, 17, inner, 0, black))
	}
	if d.Note != "" {
		add(3, l.set(d.Note, regular, 8.5, 13, inner, 0, gray))
	}
	l.stack(lines, box{})
	l.y += 12
}

func (l *layout) heading(h paper.Heading) {
	if h.Page && l.y > top {
		l.turn()
	}
	if l.y > top {
		l.y += 14
	}
	lines := l.set(h.Text, bold, 13, 20, inner-12, 0, black)
	l.need(float64(len(lines))*20 + 6 + l.least(l.next))
	l.put(op{x: left, y: l.y, outline: l.ink.draw(h.Text)})
	l.fill(left, l.y+2, 4, float64(len(lines))*20-4, blue)
	for i := range lines {
		lines[i].indent = 12
	}
	l.stack(lines, box{})
	l.y += 6
}

func (l *layout) para(p paper.Para) {
	if p.Text == "" {
		return
	}
	switch p.Style {
	case paper.Lead:
		l.stack(l.set(p.Text, bold, 11.5, 19, inner, 0, black), box{})
	case paper.Small:
		l.stack(l.set(p.Text, regular, 8.5, 13.5, inner, 0, gray), box{})
	case paper.Warn:
		l.stack(l.set(p.Text, regular, 9.5, 15, inner-19, 0, black), box{pad: 8, fill: amber, bar: brown, barWidth: 3, whole: true})
	case paper.Calm:
		l.stack(l.set(p.Text, bold, 11, 18, inner-23, 0, black), box{pad: 10, fill: mint, bar: green, barWidth: 3, whole: true})
	default:
		l.stack(l.set(p.Text, regular, 9.5, 15.5, inner, 0, black), box{})
	}
	l.y += 6
}

func (l *layout) card(c paper.Card) {
	const pad = 9.0
	width := inner - 2*pad - 4
	lines := l.set(c.Mark, bold, 9, 14, width, 0, levelColor(c.Level))
	add := func(gap float64, more []line) {
		if len(more) > 0 {
			more[0].gap = gap
		}
		lines = append(lines, more...)
	}
	add(1, l.set(c.Title, bold, 11, 17, width, 0, black))
	add(2, l.set(c.Why, regular, 9.5, 15, width, 0, black))
	if c.Todo != "" {
		add(3, l.set(l.doc.T("todo", "text", c.Todo), bold, 9.5, 15, width, 0, black))
	}
	for i, m := range c.Meta {
		add(map[bool]float64{true: 3}[i == 0], l.set(m, regular, 8.5, 13, width, 0, gray))
	}
	l.stack(lines, box{pad: pad, fill: pale, bar: levelColor(c.Level), barWidth: 4, whole: true})
	l.y += 7
}

// missing tells which characters could not be shown.
func (l *layout) missing() {
	const most = 120
	gaps := l.ink.gaps()
	if len(gaps) == 0 {
		return
	}
	l.heading(paper.Heading{Text: l.doc.T("missing")})
	l.para(paper.Para{Text: l.doc.T("missing.note"), Style: paper.Small})
	t := &paper.Table{Name: l.doc.T("missing"), Shown: most, Columns: []paper.Column{
		{Head: l.doc.T("missing.codes")}, {Head: l.doc.T("missing.shown")}, {Head: l.doc.T("missing.times"), Number: true},
	}}
	for _, g := range gaps {
		t.Rows = append(t.Rows, []paper.Cell{paper.Str(g.codes()), paper.Str(g.shown), paper.Str(strconv.Itoa(g.times))})
	}
	l.tableOf(t, l.doc.T("missing.rest", "n", strconv.Itoa(t.Rest())))
}

// margins are the head and the foot of page i.
func (l *layout) margins(i int) (ops []op) {
	small := func(s string, y float64, atRight bool, width float64) {
		t := text{l.ink.draw(oneLine(s)), regular, 8}
		t = l.shorten(t, width)
		x := left
		if atRight {
			x = right - l.ink.width(t)
		}
		if t.s != "" {
			ops = append(ops, op{x: x, y: y, text: t, color: gray})
		}
	}
	if i > 0 {
		small(l.doc.Head(), 44, false, inner*0.34)
		small(strings.TrimSpace(l.doc.Title+" "+l.doc.Period), 44, true, inner*0.63)
		ops = append(ops, op{x: left, y: 50, w: inner, h: 0.6, color: hair})
	}
	small(l.doc.T("foot"), pageHeight-36, false, inner/2)
	small(l.doc.T("page", "n", strconv.Itoa(i+1), "all", strconv.Itoa(len(l.pages))), pageHeight-36, true, inner/2)
	return ops
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// shorten cuts a running head that is too long; it stands in full on the first page.
func (l *layout) shorten(t text, width float64) text {
	if l.ink.width(t) <= width {
		return t
	}
	r := []rune(t.s)
	for len(r) > 0 && l.ink.width(text{string(r) + "…", t.w, t.size}) > width {
		r = r[:len(r)-1]
	}
	t.s = string(r) + "…"
	return t
}
