package pdf

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/signintech/gopdf"

	"github.com/mimawari/mimawari/internal/diagram"
)

// sheets are the paper sizes for pictures, in points, the longer side first: A4 to A0.
var sheets = [][2]float64{{841.89, 595.28}, {1190.55, 841.89}, {1683.78, 1190.55}, {2383.94, 1683.78}, {3370.39, 2383.94}}

const (
	pictureMargin = 28.0
	largestScale  = 0.75 // a CSS pixel is three quarters of a point
	smallestScale = 0.5  // below it small text can't be read: a larger sheet is taken
)

// Picture prints p on one sheet, the smallest on which it can be read.
func Picture(w io.Writer, p *diagram.Picture, at time.Time) error {
	f, err := loadFonts()
	if err != nil {
		return err
	}
	width, height, scale := sheet(p)
	g := &gopdf.GoPdf{}
	g.Start(gopdf.Config{PageSize: gopdf.Rect{W: width, H: height}})
	c := &canvas{GoPdf: g, ink: newInk(f), scale: scale, x0: (width - p.W*scale) / 2, y0: (height - p.H*scale) / 2}
	g.SetInfo(gopdf.PdfInfo{Title: c.ink.draw(p.Title), Creator: "Mimawari", Producer: "Mimawari", CreationDate: at})
	for _, name := range weightNames {
		if err := g.AddTTFFontFromFontContainer(name, f.parsed); err != nil {
			return fmt.Errorf("BUG: font %s: %w", name, err)
		}
	}
	g.AddPage()
	for i := range p.Items {
		if err := c.item(&p.Items[i]); err != nil {
			return fmt.Errorf("draw %s: %w", p.Title, err)
		}
	}
	if _, err := g.WriteTo(w); err != nil {
		return fmt.Errorf("write PDF: %w", err)
	}
	return nil
}

func sheet(p *diagram.Picture) (w, h, scale float64) {
	for _, s := range sheets {
		w, h = s[0], s[1]
		if p.H > p.W {
			w, h = h, w
		}
		scale = math.Min(largestScale, math.Min((w-2*pictureMargin)/p.W, (h-2*pictureMargin)/p.H))
		if scale >= smallestScale {
			break
		}
	}
	return w, h, scale
}

// canvas draws the items of a picture.
type canvas struct {
	*gopdf.GoPdf
	ink           *ink
	scale, x0, y0 float64
}

func (c *canvas) at(x, y float64) (float64, float64) { return c.x0 + x*c.scale, c.y0 + y*c.scale }

func (c *canvas) item(i *diagram.Item) error {
	switch i.Kind {
	case diagram.Text:
		return c.text(i)
	case diagram.Rect:
		return c.rect(i)
	case diagram.Polygon:
		c.pen(i)
		c.GoPdf.Polygon(c.points(i.Points), style(i))
	case diagram.Cells:
		c.pen(i)
		for _, p := range i.Points {
			x, y := c.at(p.X, p.Y)
			c.RectFromUpperLeftWithStyle(x, y, i.Size*c.scale, i.Size*c.scale, "F")
		}
	case diagram.Line:
		c.pen(i)
		for k, ps := 1, c.points(i.Points); k < len(ps); k++ {
			c.GoPdf.Line(ps[k-1].X, ps[k-1].Y, ps[k].X, ps[k].Y)
		}
		if i.Arrow && len(i.Points) > 1 {
			c.fill(i.Stroke)
			c.GoPdf.Polygon(c.points(diagram.ArrowHead(i)), "F")
		}
	}
	return nil
}

func (c *canvas) points(ps []diagram.Point) []gopdf.Point {
	out := make([]gopdf.Point, len(ps))
	for i, p := range ps {
		out[i].X, out[i].Y = c.at(p.X, p.Y)
	}
	return out
}

func style(i *diagram.Item) string {
	s := ""
	if i.Stroke != "" {
		s = "D"
	}
	if i.Fill != "" {
		s = "F" + s
	}
	return s
}

// pen takes the colours and the line of an item.
func (c *canvas) pen(i *diagram.Item) {
	c.fill(i.Fill)
	if r, g, b, ok := rgb(i.Stroke); ok {
		c.SetStrokeColor(r, g, b)
		c.SetLineWidth(i.Width * c.scale)
		c.SetCustomLineType(nil, 0)
		if i.Dash {
			c.SetCustomLineType([]float64{6 * c.scale, 4 * c.scale}, 0)
		}
	}
}

func (c *canvas) fill(x diagram.Color) {
	if r, g, b, ok := rgb(x); ok {
		c.SetFillColor(r, g, b)
	}
}

func (c *canvas) rect(i *diagram.Item) error {
	s := style(i)
	if s == "" {
		return nil
	}
	c.pen(i)
	x, y := c.at(i.X, i.Y)
	w, h := i.W*c.scale, i.H*c.scale
	if r := math.Min(i.Round*c.scale, math.Min(w, h)/2); r > 0.3 {
		return c.Rectangle(x, y, x+w, y+h, s, r, 8)
	}
	c.RectFromUpperLeftWithStyle(x, y, w, h, s)
	return nil
}

func (c *canvas) text(i *diagram.Item) error {
	t := text{c.ink.draw(i.Text), regular, i.Size * c.scale}
	if i.Bold {
		t.w = bold
	}
	if t.s == "" {
		return nil
	}
	x, y := c.at(i.X, i.Y)
	switch i.Align {
	case diagram.Middle:
		x -= c.ink.width(t) / 2
	case diagram.End:
		x -= c.ink.width(t)
	}
	if err := c.SetFont(weightNames[t.w], "", t.size); err != nil {
		return err
	}
	r, g, b, _ := rgb(i.Fill)
	c.SetTextColor(r, g, b)
	c.SetXY(x, y)
	return c.Text(t.s)
}

// rgb reads "#rrggbb"; false for no colour.
func rgb(x diagram.Color) (r, g, b uint8, ok bool) {
	if len(x) != 7 {
		return 0, 0, 0, false
	}
	n, err := strconv.ParseUint(string(x[1:]), 16, 32)
	return uint8(n >> 16), uint8(n >> 8), uint8(n), err == nil //nolint:gosec // 24 bits
}
