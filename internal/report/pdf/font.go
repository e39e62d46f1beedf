package pdf

import (
	"bytes"
	"compress/gzip"
	"embed"
	"fmt"
	"io"
	"sync"

	"github.com/signintech/gopdf"
	"github.com/signintech/gopdf/fontmaker/core"
)

// The fonts are BIZ UDPGothic (Open Font License, see fonts/OFL.txt); scripts/fonts.sh makes them.
//
//go:embed fonts/*.gz
var fontFiles embed.FS

// weight selects one of the two fonts.
type weight int

const (
	regular weight = iota
	bold
)

var weightNames = [...]string{"Regular", "Bold"}

// face is what the layout needs to know of a font.
type face struct {
	width [0x10000]uint16 // advance in thousandths of the size; 0: no glyph
}

// fonts are both faces and what gopdf reads them from. They are parsed once and then only read.
type fonts struct {
	faces  [2]*face
	parsed *gopdf.FontContainer
}

var loadFonts = sync.OnceValues(func() (*fonts, error) {
	f := &fonts{parsed: &gopdf.FontContainer{}}
	for i, name := range weightNames {
		data, err := unpack("fonts/BIZUDPGothic-" + name + ".ttf.gz")
		if err != nil {
			return nil, fmt.Errorf("BUG: font %s: %w", name, err)
		}
		if f.faces[i], err = measure(data); err != nil {
			return nil, fmt.Errorf("BUG: font %s: %w", name, err)
		}
		if err := f.parsed.AddTTFFontData(name, data); err != nil {
			return nil, fmt.Errorf("BUG: font %s: %w", name, err)
		}
	}
	return f, nil
})

func unpack(name string) ([]byte, error) {
	b, err := fontFiles.ReadFile(name)
	if err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// measure reads which characters there are and how wide, rounded as gopdf writes it into the file.
func measure(data []byte) (*face, error) {
	var p core.TTFParser
	if err := p.ParseFontData(data); err != nil {
		return nil, err
	}
	widths, f := p.Widths(), &face{}
	for r, glyph := range p.Chars() {
		if glyph == 0 || r <= 0x20 && r != ' ' || r >= len(f.width) {
			continue
		}
		w := widths[min(glyph, uint(len(widths)-1))]
		f.width[r] = uint16(w * 1000 / p.UnitsPerEm()) //nolint:gosec // a glyph is at most a few em wide
	}
	return f, nil
}

// has reports whether the font can show r.
func (f *face) has(r rune) bool { return r >= ' ' && int(r) < len(f.width) && f.width[r] > 0 }

// of gives the width of s at a size in points.
func (f *face) of(s string, size float64) float64 {
	n := 0
	for _, r := range s {
		if int(r) < len(f.width) {
			n += int(f.width[r])
		}
	}
	return float64(n) * size / 1000
}
