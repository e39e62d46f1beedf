package diagram

import (
	"math"
	"strconv"
	"strings"

	"github.com/mimawari/mimawari/internal/locale"
)

// The width of the drawn board, and between what a cell's size may be, in units.
const (
	boardWidth        = 1400.0
	minCell, maxCell  = 4.0, 16.0
	edge              = 16.0 // around every picture
	titleRoom, legend = 34.0, 34.0
)

// BoardPicture draws the board. stamp is what stands beside the title: the time of the data.
func BoardPicture(l locale.Lang, b *Board, stamp string) *Picture {
	unit := math.Min(maxCell, math.Max(minCell, boardWidth/math.Max(b.W, 1)))
	p := &Picture{W: math.Max(b.W*unit, 640) + 2*edge, H: b.H*unit + 2*edge + titleRoom + legend}
	head := p.heading(l, "map.title", stamp)
	d := &boardDrawing{Picture: p, b: b, lang: l, unit: unit, x0: edge, y0: edge + head}
	for i := range b.Boxes {
		d.box(&b.Boxes[i])
	}
	d.links()
	p.boardLegend(l, len(b.Links) > 0)
	return p
}

// heading writes the title and gives how much room it takes.
func (p *Picture) heading(l locale.Lang, key, stamp string) float64 {
	p.Title = locale.T(l, key)
	p.rect(0, 0, p.W, p.H, White, "")
	room := Width(p.Title, 20, true)
	p.text(edge, edge+18, room, 20, true, Black, p.Title)
	p.text(edge+room+16, edge+18, p.W-2*edge-room-16, 12, false, Gray, stamp)
	return titleRoom
}

type boardDrawing struct {
	*Picture
	b      *Board
	lang   locale.Lang
	unit   float64
	x0, y0 float64
}

func (d *boardDrawing) box(x *Box) {
	u := d.unit
	left, top := d.x0+x.X*u, d.y0+x.Y*u
	d.add(Item{
		Kind: Rect, X: left, Y: top, W: x.W * u, H: x.H * u, Round: 4, Fill: Pale, Stroke: Gray, Width: 1, Dash: x.Undeclared,
		Hint: BoxName(d.lang, x) + " " + strconv.Itoa(x.N),
	})
	size := math.Min(13, math.Max(7, 1.15*u))
	d.text(left+5, top+size+3, x.W*u-10, size, true, Black, BoxName(d.lang, x)+" "+strconv.Itoa(x.N))
	var fine []Point
	side := 0.76 * u
	for i := x.First; i < x.First+x.N; i++ {
		cx, cy := d.at(i)
		switch d.b.Cells[i].Risk {
		case Act:
			d.add(Item{Kind: Rect, X: cx - 0.47*u, Y: cy - 0.47*u, W: 0.94 * u, H: 0.94 * u, Fill: Red})
		case Watch:
			d.add(Item{Kind: Polygon, Points: triangle(cx-0.47*u, cy-0.47*u, 0.94*u), Fill: Amber})
		default:
			fine = append(fine, Point{cx - side/2, cy - side/2})
		}
	}
	if len(fine) > 0 {
		d.add(Item{Kind: Cells, Points: fine, Size: side, Fill: Shade})
	}
}

// BoxName is how a zone is called: hosts of which no place is known have a name too.
func BoxName(l locale.Lang, x *Box) string {
	if x.Name == "" {
		return locale.T(l, "map.unknown_zone")
	}
	return x.Name
}

func (d *boardDrawing) at(cell int) (x, y float64) {
	x, y = d.b.At(cell)
	return d.x0 + x*d.unit, d.y0 + y*d.unit
}

// maxDrawn is how many lines between hosts are drawn on the whole board: more would hide it.
const maxDrawn = 60

// links are drawn above the boxes, those that want action over the others. What goes outside is one line a zone.
func (d *boardDrawing) links() {
	out := d.b.Exits()
	for i := range out {
		x := &d.b.Boxes[out[i].Box]
		bx, by := d.b.Outside()
		d.add(Item{
			Kind: Line, Points: []Point{{d.x0 + (x.X+x.W/2)*d.unit, d.y0 + x.Y*d.unit}, {d.x0 + bx*d.unit, d.y0 + by*d.unit}},
			Stroke: riskColor(out[i].Risk), Width: 1.6, Dash: out[i].Risk < Act, Hint: BoxName(d.lang, x) + " " + strconv.Itoa(out[i].N),
		})
	}
	for i := min(len(d.b.Links), maxDrawn) - 1; i >= 0; i-- {
		k := &d.b.Links[i]
		if k.To < 0 {
			continue
		}
		ax, ay := d.at(k.From)
		bx, by := d.at(k.To)
		d.add(Item{Kind: Line, Points: []Point{{ax, ay}, {bx, by}}, Stroke: riskColor(k.Risk), Width: 1.2, Dash: k.Risk < Act})
	}
	if len(out) > 0 {
		d.internet()
	}
}

func (d *boardDrawing) internet() {
	x, y := d.b.Outside()
	s := locale.T(d.lang, "map.internet")
	w := Width(s, 12, true) + 16
	left, top := d.x0+x*d.unit-w/2, d.y0+y*d.unit-4
	d.add(Item{Kind: Rect, X: left, Y: top, W: w, H: 20, Round: 10, Fill: White, Stroke: Black, Width: 1.5})
	d.text(left+8, top+14, w-16, 12, true, Black, s)
}

func riskColor(r Risk) Color {
	switch r {
	case Act:
		return Red
	case Watch:
		return Amber
	}
	return Shade
}

// RiskKey is the key of the words for a level.
func RiskKey(r Risk) string {
	return [...]string{"map.fine", "map.watch", "map.act"}[r]
}

func (p *Picture) boardLegend(l locale.Lang, links bool) {
	x, y := edge, p.H-edge-6
	for _, r := range []Risk{Act, Watch, Fine} {
		x = p.legendEntry(x, y, r, strings.TrimLeft(locale.T(l, RiskKey(r)), "■▲□ "))
	}
	if links {
		p.add(Item{Kind: Line, Points: []Point{{x, y - 5}, {x + 26, y - 5}}, Stroke: Red, Width: 1.5})
		s := locale.T(l, "map.link")
		p.text(x+32, y, Width(s, 12, false), 12, false, Black, s)
	}
}

// legendEntry draws the mark of a level with its word and gives where the next one begins.
func (p *Picture) legendEntry(x, y float64, r Risk, word string) float64 {
	p.mark(x, y-10, 11, r)
	w := Width(word, 12, false)
	p.text(x+17, y, w, 12, false, Black, word)
	return x + 17 + w + 20
}

// mark draws the sign of a level: shape and colour.
func (p *Picture) mark(x, y, size float64, r Risk) {
	switch r {
	case Act:
		p.add(Item{Kind: Rect, X: x, Y: y, W: size, H: size, Fill: Red})
	case Watch:
		p.add(Item{Kind: Polygon, Points: triangle(x, y, size), Fill: Amber})
	default:
		p.add(Item{Kind: Rect, X: x + 1, Y: y + 1, W: size - 2, H: size - 2, Fill: Shade})
	}
}
