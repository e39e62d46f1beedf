package diagram

import (
	"strings"

	"github.com/mimawari/mimawari/internal/locale"
)

// standing says how what is declared and what is seen agree.
type standing int

const (
	agreed     standing = iota
	unseen              // declared, but not seen: dashed
	undeclared          // seen, but not in the ledger: thick, with ▲ and the word
)

// tile is a box with a title and lines of text.
type tile struct {
	title    string
	lines    []string
	standing standing
	risk     Risk
	link     string
	hint     string
}

const (
	tilePad   = 9.0
	tileTitle = 13.0
	tileText  = 11.0
	tileLead  = 16.0
)

// height is how much room t needs.
func (t *tile) height() float64 {
	n := len(t.lines)
	if t.standing != agreed {
		n++
	}
	return 2*tilePad + tileTitle + 4 + float64(n)*tileLead
}

// tile draws t with its corner at x, y.
func (p *Picture) tile(l locale.Lang, t *tile, x, y, w float64) {
	h := t.height()
	box := Item{Kind: Rect, X: x, Y: y, W: w, H: h, Round: 6, Fill: White, Stroke: Gray, Width: 1, Link: t.link, Hint: t.words(l)}
	word, color := "", Gray
	switch t.standing {
	case unseen:
		box.Dash, word = true, locale.T(l, "map.unseen")
	case undeclared:
		box.Width, box.Stroke, word, color = 3, Black, "▲ "+locale.T(l, "map.undeclared"), Amber
	}
	p.add(box)
	room := w - 2*tilePad
	at := y + tilePad + tileTitle - 1
	if t.risk > Fine {
		p.mark(x+w-tilePad-12, y+tilePad-1, 12, t.risk)
		room -= 18
	}
	p.text(x+tilePad, at, room, tileTitle, true, Black, t.title)
	at += 4
	for _, s := range t.lines {
		at += tileLead
		p.text(x+tilePad, at-3, w-2*tilePad, tileText, false, Gray, s)
	}
	if word != "" {
		p.text(x+tilePad, at+tileLead-3, w-2*tilePad, tileText, true, color, word)
	}
}

// words is t for those who hear it.
func (t *tile) words(l locale.Lang) string {
	parts := append([]string{t.title}, t.lines...)
	switch t.standing {
	case unseen:
		parts = append(parts, locale.T(l, "map.unseen"))
	case undeclared:
		parts = append(parts, locale.T(l, "map.undeclared"))
	}
	if t.risk > Fine {
		parts = append(parts, locale.T(l, RiskKey(t.risk)))
	}
	if t.hint != "" {
		parts = append(parts, t.hint)
	}
	return strings.Join(parts, " / ")
}

// standingLegend explains dashed and thick borders and the marks.
func (p *Picture) standingLegend(l locale.Lang) {
	x, y := edge, p.H-edge-6
	for _, r := range []Risk{Act, Watch} {
		x = p.legendEntry(x, y, r, strings.TrimLeft(locale.T(l, RiskKey(r)), "■▲□ "))
	}
	for _, e := range []struct {
		key  string
		item Item
	}{
		{"map.legend.unseen", Item{Stroke: Gray, Width: 1, Dash: true}},
		{"map.legend.undeclared", Item{Stroke: Black, Width: 3}},
	} {
		e.item.Kind, e.item.X, e.item.Y, e.item.W, e.item.H, e.item.Fill = Rect, x, y-11, 24, 13, White
		p.add(e.item)
		s := locale.T(l, e.key)
		w := Width(s, 12, false)
		p.text(x+30, y, w, 12, false, Black, s)
		x += 30 + w + 20
	}
}
