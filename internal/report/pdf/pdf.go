// Package pdf prints a paper.Document as a PDF on A4, with Japanese line breaks (UAX #14 and 禁則), fonts embedded, the head
// of a table repeated on every page, page numbers, an outline.
//
// It lays out and draws; what is said and how much of it is the document's business. Invariants: no character of the
// document vanishes - what the font cannot show becomes 〓 and is listed at the end; nothing is drawn outside the margins;
// the same document gives the same bytes. The pages are not tagged: the accessible form of a report is its HTML.
package pdf

import (
	"fmt"
	"io"

	"github.com/signintech/gopdf"

	"github.com/mimawari/mimawari/internal/report/paper"
)

// A4 in points, and the margins: 18 mm at the sides, enough for a binder's holes.
const (
	pageWidth, pageHeight = 595.28, 841.89
	left, right           = 51.0, pageWidth - 51.0
	top, bottom           = 66.0, pageHeight - 60.0
	inner                 = right - left
)

// color is a colour of the palette.
type color [3]uint8

var (
	black  = color{0x1a, 0x1a, 0x1a}
	gray   = color{0x59, 0x59, 0x5c}
	hair   = color{0xcc, 0xcc, 0xcc}
	pale   = color{0xf3, 0xf4, 0xf8}
	blue   = color{0x00, 0x17, 0xc1}
	sky    = color{0xe8, 0xf1, 0xfe}
	red    = color{0xba, 0x00, 0x00}
	brown  = color{0x8a, 0x41, 0x00}
	amber  = color{0xff, 0xf8, 0xec}
	green  = color{0x19, 0x5c, 0x3b}
	mint   = color{0xf0, 0xf8, 0xf3}
	shade  = color{0xb3, 0xb3, 0xb8}
	levels = [5]color{gray, blue, brown, red, red}
)

func levelColor(l paper.Level) color { return levels[min(max(l, 0), 4)] }

// op is one thing to be drawn. The layout makes a list of them for each page, so that the number of pages is known before
// the first is written.
type op struct {
	x, y, w, h float64 // for text: left end and baseline
	text       text    // text if s is not empty
	color      color
	outline    string // an entry in the outline
}

// Write prints d.
func Write(w io.Writer, d *paper.Document) error {
	f, err := loadFonts()
	if err != nil {
		return err
	}
	l := newLayout(d, newInk(f))
	l.document()
	p := &gopdf.GoPdf{}
	p.Start(gopdf.Config{PageSize: gopdf.Rect{W: pageWidth, H: pageHeight}})
	p.SetInfo(gopdf.PdfInfo{
		Title: l.ink.draw(d.Title + " " + d.Period), Author: l.ink.draw(d.Institution), Creator: "Mimawari", Producer: "Mimawari", CreationDate: d.At,
	})
	for _, name := range weightNames {
		if err := p.AddTTFFontFromFontContainer(name, f.parsed); err != nil {
			return fmt.Errorf("BUG: font %s: %w", name, err)
		}
	}
	for i, page := range l.pages {
		p.AddPage()
		ops := append(l.margins(i), page...)
		for _, o := range ops {
			if err := draw(p, o); err != nil {
				return fmt.Errorf("draw page %d: %w", i+1, err)
			}
		}
	}
	if _, err := p.WriteTo(w); err != nil {
		return fmt.Errorf("write PDF: %w", err)
	}
	return nil
}

func draw(p *gopdf.GoPdf, o op) error {
	switch {
	case o.outline != "":
		p.SetXY(o.x, o.y)
		p.AddOutlineWithPosition(o.outline)
	case o.text.s != "":
		if err := p.SetFont(weightNames[o.text.w], "", o.text.size); err != nil {
			return err
		}
		p.SetTextColor(o.color[0], o.color[1], o.color[2])
		p.SetXY(o.x, o.y)
		return p.Text(o.text.s)
	default:
		p.SetFillColor(o.color[0], o.color[1], o.color[2])
		p.RectFromUpperLeftWithStyle(o.x, o.y, o.w, o.h, "F")
	}
	return nil
}
