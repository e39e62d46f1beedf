package pdf

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/report/paper"
)

// bare is text without spaces, composed: what must be the same on paper and in the source.
func bare(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, norm.NFC.String(s))
}

// A line is never wider than its column, keeps all characters, and 禁則 holds wherever there is another place to break.
func TestWrap(t *testing.T) {
	f, err := loadFonts()
	if err != nil {
		t.Fatal(err)
	}
	k := newInk(f)
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 2))
		s := k.draw(randomText(r, 1+r.IntN(40)))
		width := 20 + 200*r.Float64()
		lines := k.wrap(text{s, regular, 9}, width)
		if got := bare(strings.Join(lines, "")); got != bare(s) {
			t.Fatalf("seed %d: %q became %q", seed, s, lines)
		}
		for i, l := range lines {
			if w := k.width(text{l, regular, 9}); w > width+0.001 && len([]rune(l)) > 1 {
				t.Errorf("seed %d: line %q is %.1f wide of %.1f", seed, l, w, width)
			}
			if first := []rune(l + " ")[0]; i > 0 && width > 90 && !strings.Contains(s, " "+string(first)) && strings.ContainsRune("、。）」・ーッ～／…", first) {
				t.Errorf("seed %d, width %.0f: line begins with %c: %q", seed, width, first, lines)
			}
		}
	}
}

func TestWrapLikeAPrinter(t *testing.T) {
	f, err := loadFonts()
	if err != nil {
		t.Fatal(err)
	}
	k := newInk(f)
	check := func(s string, width float64, want ...string) {
		t.Helper()
		if got := k.wrap(text{s, regular, 10}, width); strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("%q at %.0f: %q, want %q", s, width, got, want)
		}
	}
	check("一二三四五六七八九十", 52, "一二三四五", "六七八九十")
	check("一二三四五。六七八", 52, "一二三四", "五。六七八") // 追い出し
	check("一二三四（六七八）九", 52, "一二三四", "（六七八）九")
	check("対応した事項は3件です", 86, "対応した事項は", "3件です")    // the number stays with what it counts
	check("あいうえおかきくけこさ。", 110, "あいうえおかきく", "けこさ。") // no line of one character at the end
	check("a b  c", 400, "a b  c")
	check("改行\nする", 400, "改行", "する")
	check("", 100, "")
	check("NURSE-STATION-03.ward.example.jp", 100, "NURSE-", "STATION-03.", "ward.example.jp")
}

// Nothing is drawn outside the margins, and no two texts of a page lie on each other.
func TestNothingCollides(t *testing.T) {
	f, err := loadFonts()
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 3))
		table := &paper.Table{Name: randomText(r, 8), Shown: 40}
		for range 1 + r.IntN(9) {
			table.Columns = append(table.Columns, paper.Column{Head: randomText(r, 2), Number: r.IntN(4) == 0, Keep: r.IntN(4) == 0})
		}
		for range 60 {
			var row []paper.Cell
			for range table.Columns {
				row = append(row, paper.Str(randomText(r, r.IntN(6))))
			}
			table.Rows = append(table.Rows, row)
		}
		table.Rows[3][0] = paper.Str(randomText(r, 900)) // longer than a page
		d := &paper.Document{Lang: locale.English, Title: randomText(r, 30), Institution: randomText(r, 60), Period: randomText(r, 9), Blocks: []paper.Block{
			paper.Facts{{Name: randomText(r, 9), Value: "1234567890", Note: randomText(r, 6)}, {Name: "x", Value: "1"}},
			paper.Bars{Title: randomText(r, 4), Series: []string{"今週", "先週"}, Bars: []paper.Bar{{Name: randomText(r, 5), Values: []float64{3, 90000}}, {Name: "y", Values: []float64{0, 1}, Level: 3}}},
			table,
			paper.Pairs{{randomText(r, 20), randomText(r, 3)}},
			paper.Cards{{Level: 9, Mark: "■", Title: randomText(r, 9), Why: randomText(r, 800)}},
		}}
		l := newLayout(d, newInk(f))
		l.document()
		for i, page := range l.pages {
			collisions(t, l, append(l.margins(i), page...), fmt.Sprintf("seed %d page %d", seed, i+1))
		}
	}
}

func collisions(t *testing.T, l *layout, ops []op, where string) {
	t.Helper()
	type rect struct{ x0, y0, x1, y1 float64 }
	var texts []rect
	var said []string
	for _, o := range ops {
		if o.outline != "" {
			continue
		}
		r := rect{o.x, o.y, o.x + o.w, o.y + o.h}
		if o.text.s != "" {
			r = rect{o.x, o.y - 0.86*o.text.size, o.x + l.ink.width(o.text), o.y + 0.1*o.text.size}
		}
		if r.x0 < left-0.01 || r.x1 > right+0.6 || r.y0 < 30 || r.y1 > pageHeight-30 {
			t.Fatalf("%s: %q at %+v is outside", where, o.text.s, r)
		}
		if o.text.s == "" {
			continue
		}
		for i, q := range texts {
			if r.x0 < q.x1-0.3 && q.x0 < r.x1-0.3 && r.y0 < q.y1-0.3 && q.y0 < r.y1-0.3 {
				t.Fatalf("%s: %q lies on %q", where, o.text.s, said[i])
			}
		}
		texts, said = append(texts, r), append(said, o.text.s)
	}
}
