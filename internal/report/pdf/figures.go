package pdf

import (
	"math"
	"strconv"

	"github.com/mimawari/mimawari/internal/report/paper"
)

// facts places a row of large numbers, four beside each other.
func (l *layout) facts(fs paper.Facts) {
	const perRow, gap, pad = 4, 8.0, 8.0
	for len(fs) > 0 {
		n := min(perRow, len(fs))
		width := (inner - gap*(perRow-1)) / perRow
		l.factRow(fs[:n], width, gap, pad)
		fs = fs[n:]
	}
	l.y += 4
}

func (l *layout) factRow(fs paper.Facts, width, gap, pad float64) {
	boxes, height := make([][]line, len(fs)), 0.0
	for i, f := range fs {
		lines := l.set(f.Name, regular, 8.5, 12.5, width-2*pad, 0, gray)
		value := l.set(f.Value, bold, 19, 25, width-2*pad, 0, black)
		lines = append(lines, value...)
		if f.Note != "" {
			lines = append(lines, l.set(f.Note, regular, 8, 12, width-2*pad, 0, gray)...)
		}
		boxes[i] = lines
		h := 2 * pad
		for _, x := range lines {
			h += x.lead
		}
		height = math.Max(height, h)
	}
	l.need(height)
	for i, lines := range boxes {
		x, y := left+float64(i)*(width+gap), l.y+pad
		l.fill(x, l.y, width, height, pale)
		for _, ln := range lines {
			l.putText(x+pad, y+base(ln.lead, ln.text.size), ln.text, ln.color)
			y += ln.lead
		}
	}
	l.y += height + gap
}

// pairs places names and values, one pair a line.
func (l *layout) pairs(ps paper.Pairs) {
	const nameWidth, size, lead, edge = inner * 0.32, 9.5, 15.0, 3.0
	for _, p := range ps {
		names := l.set(p[0], regular, size, lead, nameWidth-8, 0, gray)
		values := l.set(p[1], regular, size, lead, inner-nameWidth, 0, black)
		for len(names)+len(values) > 0 {
			l.need(lead + 2*edge)
			room := max(1, int((bottom-l.y-2*edge)/lead))
			a, b := min(room, len(names)), min(room, len(values))
			for i, ln := range names[:a] {
				l.putText(left, l.y+edge+float64(i)*lead+base(lead, size), ln.text, ln.color)
			}
			for i, ln := range values[:b] {
				l.putText(left+nameWidth, l.y+edge+float64(i)*lead+base(lead, size), ln.text, ln.color)
			}
			l.y += float64(max(a, b))*lead + 2*edge
			l.fill(left, l.y-0.5, inner, 0.5, hair)
			names, values = names[a:], values[b:]
			if len(names)+len(values) > 0 {
				l.turn()
			}
		}
	}
	l.y += 8
}

// Sizes of bars: each, between those of a group, after a group.
const barHeight, barApart, barAfter = 9.0, 2.0, 7.0

// barsHeight is what bars need, a page at most.
func barsHeight(b paper.Bars) float64 {
	return 40 + math.Min((float64(len(b.Series))*(barHeight+barApart)+barAfter)*float64(len(b.Bars)), bottom-top-80)
}

// bars places horizontal bars: the first series in the colour of its level, the others in grey.
func (l *layout) bars(b paper.Bars) {
	const height, apart = barHeight, barApart
	most, labels := 1.0, 60.0
	for _, x := range b.Bars {
		labels = math.Max(labels, math.Min(inner*0.3, l.ink.width(text{l.ink.draw(x.Name), regular, 9})+10))
		for _, v := range x.Values {
			most = math.Max(most, v)
		}
	}
	group := float64(len(b.Series))*(height+apart) + barAfter
	l.need(barsHeight(b))
	l.stack(l.set(b.Title, bold, 10, 16, inner, 0, black), box{})
	l.legend(b)
	for _, x := range b.Bars {
		l.need(group)
		name := l.set(x.Name, regular, 9, height+apart, labels-8, 0, black)
		for i, ln := range name[:min(len(name), len(b.Series))] {
			l.putText(left, l.y+float64(i)*(height+apart)+base(height, 9), ln.text, black)
		}
		for i, v := range x.Values {
			w := math.Max(0.6, v/most*(inner-labels-40))
			y := l.y + float64(i)*(height+apart)
			l.fill(left+labels, y, w, height, seriesColor(i, x.Level))
			l.putText(left+labels+w+5, y+base(height, 8.5), text{number(v), regular, 8.5}, black)
		}
		l.y += group
	}
	l.y += 4
}

func (l *layout) legend(b paper.Bars) {
	x := left
	for i, s := range b.Series {
		t := text{l.ink.draw(s), regular, 8.5}
		l.fill(x, l.y+3, 9, 9, seriesColor(i, 1))
		l.putText(x+13, l.y+base(15, 8.5), t, gray)
		x += 13 + l.ink.width(t) + 16
	}
	l.y += 20
}

func seriesColor(i int, lv paper.Level) color {
	if i > 0 {
		return shade
	}
	return levelColor(lv)
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
