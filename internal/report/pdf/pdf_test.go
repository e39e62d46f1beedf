package pdf

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/report/paper"
)

// printed gives the text of a document as a reader of the PDF gets it, in the order in which it was drawn.
func printed(t *testing.T, d *paper.Document) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, d); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "x.pdf")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("pdftotext", "-raw", "-enc", "UTF-8", file, "-").CombinedOutput()
	if err != nil {
		t.Fatalf("pdftotext (package poppler-utils; scripts/test-setup.sh installs it): %v\n%s", err, out)
	}
	return string(out)
}

// bare is text without spaces, composed: what must be the same on paper and in the source.
func bare(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '\u00ad' {
			return -1
		}
		return r
	}, norm.NFC.String(s))
}

// source lists the texts of a document in the order of drawing.
func source(d *paper.Document) (out []string) {
	out = append(out, d.Institution, d.Title, d.Period, d.Note)
	for _, b := range d.Blocks {
		switch b := b.(type) {
		case paper.Heading:
			out = append(out, b.Text)
		case paper.Para:
			out = append(out, b.Text)
		case paper.Facts:
			for _, f := range b {
				out = append(out, f.Name, f.Value, f.Note)
			}
		case paper.Pairs:
			for _, p := range b {
				out = append(out, p[0], p[1])
			}
		case paper.Cards:
			for _, c := range b {
				out = append(out, c.Mark, c.Title, c.Why, c.Todo)
				out = append(out, c.Meta...)
			}
		case *paper.Table:
			out = append(out, b.Name)
			for _, r := range b.Visible() {
				for _, c := range r {
					out = append(out, c.Text)
				}
			}
		}
	}
	return out
}

// allThere fails if a text of the document is not in the printed text, in order.
func allThere(t *testing.T, d *paper.Document) {
	t.Helper()
	got, at := body(t, d), 0
	for _, s := range source(d) {
		i := strings.Index(got[at:], bare(s))
		if i < 0 {
			t.Fatalf("lost at byte %d: %q\nthere: %.600q", at, bare(s), got[at:])
		}
		at += i + len(bare(s))
	}
}

// body is the printed text without the heads and feet of the pages.
func body(t *testing.T, d *paper.Document) string {
	t.Helper()
	f, err := loadFonts()
	if err != nil {
		t.Fatal(err)
	}
	l := newLayout(d, newInk(f))
	l.document()
	var b strings.Builder
	pages := strings.Split(strings.TrimSuffix(printed(t, d), "\f"), "\f")
	if len(pages) != len(l.pages) {
		t.Fatalf("%d pages, want %d", len(pages), len(l.pages))
	}
	for i, p := range pages {
		frame := ""
		for _, o := range l.margins(i) {
			frame += bare(o.text.s)
		}
		rest, ok := strings.CutPrefix(bare(p), frame)
		if !ok {
			t.Fatalf("page %d does not begin with %q: %.200q", i+1, frame, bare(p))
		}
		b.WriteString(rest)
	}
	return b.String()
}

var words = strings.Fields(`電子カルテ 更新 担当者 台帳にない端末 （確認） 「未対応」 、 。 ー ッ ・ … ―― 2026年11月25日 3件 １２台 ￥1,200 50% 192.168.20.15
	fe80::1ff:fe23:4567:890a NURSE-STATION-03-PRINTER.ward.hospital.example.jp FortiGate 60E CVE-2024-21762 https://example.jp/a/b?c=d ～ ／ 髙﨑 濵德 ㈱ № ㋿
	ﾊﾝｶｸ ｶﾞ Ångström naïve VPN装置 のファームウェア が 古い ' " ) ( !? ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZ 々 ゞ ぁぃ (令和8年) x-y-z a_b_c`)

func randomText(r *rand.Rand, n int) string {
	var b strings.Builder
	for range n {
		b.WriteString(words[r.IntN(len(words))])
		if r.IntN(4) == 0 {
			b.WriteByte(' ')
		}
	}
	return strings.TrimSpace(b.String())
}

// Random text in narrow columns: every character is on the paper, in order.
func TestNoCharacterIsLost(t *testing.T) {
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 1))
		table := &paper.Table{Name: "表"}
		for c := range 2 + r.IntN(7) {
			table.Columns = append(table.Columns, paper.Column{Head: fmt.Sprint("列", c), Number: r.IntN(5) == 0, Keep: r.IntN(5) == 0})
		}
		for range 12 {
			var row []paper.Cell
			for range table.Columns {
				row = append(row, paper.Str(randomText(r, r.IntN(9))))
			}
			table.Rows = append(table.Rows, row)
		}
		d := &paper.Document{Lang: locale.Japanese, Title: randomText(r, 6), Institution: randomText(r, 9), Period: "令和8年11月", Blocks: []paper.Block{
			paper.Heading{Text: randomText(r, 5)},
			paper.Para{Text: randomText(r, 120)},
			paper.Para{Text: randomText(r, 40), Style: paper.Warn},
			table,
			paper.Cards{{Level: 4, Mark: "■■ 緊急", Title: randomText(r, 9), Why: randomText(r, 30), Todo: randomText(r, 30), Meta: []string{randomText(r, 20)}}},
			paper.Pairs{{randomText(r, 4), randomText(r, 30)}, {"x", randomText(r, 400)}},
			paper.Facts{{Name: randomText(r, 4), Value: "12", Note: randomText(r, 3)}, {Name: "b", Value: "3"}},
		}}
		allThere(t, d)
	}
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

// What the font lacks is never silently dropped.
func TestMissingGlyphsAreShownAndListed(t *testing.T) {
	d := &paper.Document{Lang: locale.Japanese, Title: "報告", Blocks: []paper.Block{
		paper.Para{Text: "\U00020BB7野家 👨‍👩‍👧 עברית 葛\U000E0100城 か\u3099 e\u0301 \u0007 A\u202Eevil q\u0308"},
	}}
	got := bare(printed(t, d))
	for _, want := range []string{"〓野家〓〓〓〓〓〓葛城がé〓A〓evilq", "この文書に出せない文字", "U+20BB7", "U+1F468U+200DU+1F469U+200DU+1F467", "U+845BU+E0100葛1", "U+0007", "U+202E"} {
		if !strings.Contains(got, bare(want)) {
			t.Errorf("lacks %q:\n%s", want, got)
		}
	}
	var plain bytes.Buffer
	d.Blocks = []paper.Block{paper.Para{Text: "髙﨑濵德邉①㈱№㋿✓鷗𠮟"}}
	if err := Write(&plain, d); err != nil {
		t.Fatal(err)
	}
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

// The head of a table is on every page that it is on, and the number of rows that are not shown is said.
func TestLongTable(t *testing.T) {
	table := &paper.Table{Name: "機器", Shown: 200, Columns: []paper.Column{{Head: "名前の欄"}, {Head: "番号", Number: true}}}
	for i := range 3000 {
		table.Rows = append(table.Rows, []paper.Cell{paper.Str(fmt.Sprint("端末", i)), paper.Str(fmt.Sprint(i))})
	}
	pages := strings.Split(printed(t, &paper.Document{Lang: locale.Japanese, Title: "一覧", Blocks: []paper.Block{table}}), "\f")
	for i, p := range pages[:len(pages)-1] {
		if !strings.Contains(bare(p), "名前の欄番号") {
			t.Errorf("page %d lacks the head:\n%s", i+1, p)
		}
	}
	all := bare(strings.Join(pages, ""))
	for _, want := range []string{"合計3000件", "端末199199", "全3000件のうち200件を載せました。残り2800件", fmt.Sprintf("%d/%dページ", len(pages)-1, len(pages)-1)} {
		if !strings.Contains(all, want) {
			t.Errorf("lacks %q", want)
		}
	}
	if strings.Contains(all, "端末200200") {
		t.Error("row 201 is shown")
	}
}

func TestSameDocumentSameBytes(t *testing.T) {
	d := &paper.Document{Lang: locale.Japanese, Title: "報告", At: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC), Blocks: []paper.Block{paper.Para{Text: "本文の文字"}}}
	var a, b bytes.Buffer
	if err := Write(&a, d); err != nil {
		t.Fatal(err)
	}
	if err := Write(&b, d); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("twice the same document, different files")
	}
}
