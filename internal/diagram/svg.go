package diagram

import (
	"bufio"
	"encoding/xml"
	"io"
	"math"
	"strconv"
	"strings"
)

// fontFamily is what reads well where there is no font of ours to send.
const fontFamily = `"BIZ UDPGothic", "Hiragino Sans", "Noto Sans CJK JP", "Yu Gothic", sans-serif`

// SVG writes p as a file that stands alone. Links and hints are kept; there are no styles and no scripts in it.
func SVG(w io.Writer, p *Picture) error {
	b := bufio.NewWriter(w)
	s := &svg{b}
	s.open("svg", "xmlns", "http://www.w3.org/2000/svg", "viewBox", "0 0 "+num(p.W)+" "+num(p.H), "width", num(p.W), "height", num(p.H),
		"role", "group", "aria-label", p.Title, "font-family", fontFamily)
	s.b.WriteString("\n")
	s.element("title", p.Title)
	s.b.WriteString("\n")
	for i := range p.Items {
		s.item(&p.Items[i])
		s.b.WriteString("\n")
	}
	s.b.WriteString("</svg>\n")
	return b.Flush()
}

type svg struct{ b *bufio.Writer }

// open writes a start tag; attributes are pairs, those without value are left out.
func (s *svg) open(tag string, attrs ...string) {
	s.b.WriteString("<" + tag)
	for i := 0; i+1 < len(attrs); i += 2 {
		if attrs[i+1] == "" {
			continue
		}
		s.b.WriteString(" " + attrs[i] + `="`)
		_ = xml.EscapeText(s.b, []byte(attrs[i+1])) // the buffer keeps its first error
		s.b.WriteString(`"`)
	}
	s.b.WriteString(">")
}

func (s *svg) element(tag, text string, attrs ...string) {
	s.open(tag, attrs...)
	_ = xml.EscapeText(s.b, []byte(text)) // the buffer keeps its first error
	s.b.WriteString("</" + tag + ">")
}

func (s *svg) item(i *Item) {
	if i.Link != "" {
		s.open("a", "href", i.Link)
		defer s.b.WriteString("</a>")
	}
	switch i.Kind {
	case Rect:
		s.shape("rect", i, "x", num(i.X), "y", num(i.Y), "width", num(i.W), "height", num(i.H), "rx", some(i.Round))
	case Polygon:
		s.shape("polygon", i, "points", points(i.Points))
	case Cells:
		s.shape("path", i, "d", squares(i))
	case Line:
		s.shape("polyline", i, "points", points(i.Points))
		if i.Arrow && len(i.Points) > 1 {
			s.shape("polygon", &Item{Fill: i.Stroke}, "points", points(arrowHead(i)))
		}
	case Text:
		weight := ""
		if i.Bold {
			weight = "bold"
		}
		s.open("text", "x", num(i.X), "y", num(i.Y), "font-size", num(i.Size), "font-weight", weight, "fill", string(i.Fill), "text-anchor", anchors[i.Align])
		s.hint(i)
		_ = xml.EscapeText(s.b, []byte(i.Text)) // the buffer keeps its first error
		s.b.WriteString("</text>")
	}
}

var anchors = [...]string{"", "middle", "end"}

func (s *svg) shape(tag string, i *Item, attrs ...string) {
	fill, stroke, dash := string(i.Fill), string(i.Stroke), ""
	if fill == "" {
		fill = "none"
	}
	if i.Dash {
		dash = "6 4"
	}
	attrs = append(attrs, "fill", fill, "stroke", stroke)
	if stroke != "" {
		attrs = append(attrs, "stroke-width", num(i.Width), "stroke-dasharray", dash)
	}
	s.open(tag, attrs...)
	s.hint(i)
	s.b.WriteString("</" + tag + ">")
}

func (s *svg) hint(i *Item) {
	if i.Hint != "" {
		s.element("title", i.Hint)
	}
}

func num(x float64) string { return strconv.FormatFloat(math.Round(x*100)/100, 'f', -1, 64) }

func some(x float64) string {
	if x == 0 {
		return ""
	}
	return num(x)
}

func squares(i *Item) string {
	var b strings.Builder
	side := num(i.Size)
	for _, p := range i.Points {
		b.WriteString("M" + num(p.X) + " " + num(p.Y) + "h" + side + "v" + side + "h-" + side + "z")
	}
	return b.String()
}

func points(ps []Point) string {
	var b strings.Builder
	for i, p := range ps {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(num(p.X) + "," + num(p.Y))
	}
	return b.String()
}
