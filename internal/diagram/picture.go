package diagram

// Kind is what an Item is.
type Kind int

// The kinds of items.
const (
	Rect Kind = iota
	Text
	Line    // through Points
	Polygon // of Points, closed
	Cells   // squares of Size with their corners at Points
)

// Align says which part of a text X names.
type Align int

// The alignments.
const (
	Start Align = iota
	Middle
	End
)

// Color is "#rrggbb", "" for none.
type Color string

// The colours: grey for what is well, colour only for risk.
const (
	Black Color = "#1a1a1a"
	Gray  Color = "#595959"
	Shade Color = "#b3b3b3"
	Hair  Color = "#d9d9d9"
	Pale  Color = "#f2f2f2"
	White Color = "#ffffff"
	Red   Color = "#ce0000"
	Amber Color = "#a34d00"
	Blue  Color = "#0017c1"
)

// Point is a place, from the left and from the top.
type Point struct{ X, Y float64 }

// Item is one thing drawn.
type Item struct {
	Kind         Kind
	X, Y, W, H   float64 // Rect: corner and size. Text: place of the baseline, W is the room that it was cut to
	Round        float64 // Rect: radius of the corners
	Points       []Point
	Text         string
	Size         float64
	Bold         bool
	Align        Align
	Fill, Stroke Color // Text: Fill
	Width        float64
	Dash         bool
	Arrow        bool   // Line: a head at the last point
	Link         string // where a click leads, "" nowhere
	Hint         string // more of it in words, for who points at it or hears it
}

// Picture is a drawing of W x H units; a unit is a CSS pixel.
type Picture struct {
	Title string // what it shows, for those who do not see it
	W, H  float64
	Items []Item
}

func (p *Picture) add(i Item) { p.Items = append(p.Items, i) }

// text puts s into room, cut to it. y is the baseline.
func (p *Picture) text(x, y, room, size float64, bold bool, fill Color, s string) {
	p.add(Item{Kind: Text, X: x, Y: y, W: room, Size: size, Bold: bold, Fill: fill, Text: Fit(s, size, bold, room)})
}

func (p *Picture) rect(x, y, w, h float64, fill, stroke Color) {
	p.add(Item{Kind: Rect, X: x, Y: y, W: w, H: h, Fill: fill, Stroke: stroke, Width: 1})
}

// Paint is the fill as SVG writes it.
func (i Item) Paint() string { return orNone(i.Fill) }

// Line is the stroke as SVG writes it.
func (i Item) Line() string { return orNone(i.Stroke) }

// Path are the points as SVG writes them.
func (i Item) Path() string { return points(i.Points) }

// Head is the head of an arrow as SVG writes it.
func (i Item) Head() string {
	if len(i.Points) < 2 {
		return ""
	}
	return points(arrowHead(&i))
}

// Anchor is the alignment as SVG writes it.
func (i Item) Anchor() string {
	if i.Align == Start {
		return "start"
	}
	return anchors[i.Align]
}

func orNone(c Color) string {
	if c == "" {
		return "none"
	}
	return string(c)
}
