package pdf_test

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
	"github.com/mimawari/mimawari/internal/report/pdf"
	"github.com/mimawari/mimawari/internal/report/periodic"
	"github.com/mimawari/mimawari/internal/report/periodic/periodictest"
)

// printed gives the text of a document as a reader of the PDF gets it, in the order in which it was drawn.
func printed(t *testing.T, d *paper.Document) string {
	t.Helper()
	var b bytes.Buffer
	if err := pdf.Write(&b, d); err != nil {
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
	frames, err := pdf.Frames(d)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	pages := strings.Split(strings.TrimSuffix(printed(t, d), "\f"), "\f")
	if len(pages) != len(frames) {
		t.Fatalf("%d pages, want %d", len(pages), len(frames))
	}
	for i, p := range pages {
		frame := bare(frames[i])
		rest, ok := strings.CutPrefix(bare(p), frame)
		if !ok {
			t.Fatalf("page %d does not begin with %q: %.200q", i+1, frame, bare(p))
		}
		b.WriteString(rest)
	}
	return b.String()
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
				row = append(row, paper.Str(pdf.RandomText(r, r.IntN(9))))
			}
			table.Rows = append(table.Rows, row)
		}
		d := &paper.Document{Lang: locale.Japanese, Title: pdf.RandomText(r, 6), Institution: pdf.RandomText(r, 9), Period: "令和8年11月", Blocks: []paper.Block{
			paper.Heading{Text: pdf.RandomText(r, 5)},
			paper.Para{Text: pdf.RandomText(r, 120)},
			paper.Para{Text: pdf.RandomText(r, 40), Style: paper.Warn},
			table,
			paper.Cards{{Level: 4, Mark: "■■ 緊急", Title: pdf.RandomText(r, 9), Why: pdf.RandomText(r, 30), Todo: pdf.RandomText(r, 30), Meta: []string{pdf.RandomText(r, 20)}}},
			paper.Pairs{{pdf.RandomText(r, 4), pdf.RandomText(r, 30)}, {"x", pdf.RandomText(r, 400)}},
			paper.Facts{{Name: pdf.RandomText(r, 4), Value: "12", Note: pdf.RandomText(r, 3)}, {Name: "b", Value: "3"}},
		}}
		allThere(t, d)
	}
}

// Every kind of report, in both languages, also with hostile names and when it is long: all of it is on the paper.
func TestReportsArePrintedInFull(t *testing.T) {
	for _, l := range locale.Langs {
		for name, d := range map[string]*paper.Document{
			"monthly": periodic.Report(periodictest.Busy(l, 60, 40)), "long": periodic.Report(periodictest.Busy(l, 3000, 200)),
			"weekly": periodic.Report(periodictest.Week(l, 60, 40)), "quiet": periodic.Report(periodictest.Quiet(l)),
			"blind": periodic.Report(periodictest.Blind(l)), "handover": periodic.HandOver(periodictest.HandOver(l)),
			"empty": periodic.HandOver(periodic.HandOverInput{Input: periodictest.Blind(l)}),
		} {
			t.Run(name+" "+string(l), func(t *testing.T) { allThere(t, d) })
		}
		t.Run("hostile "+string(l), func(t *testing.T) {
			got := body(t, periodic.Report(periodictest.Hostile(periodictest.Busy(l, 60, 40))))
			for _, want := range []string{"=cmd|'/Ccalc'!A0", "<script>alert(1)</script>", "〓gnp.exe", "〓野家", "U+20BB7", "U+202E", "0001", "']]></svg>{{.}}"} {
				if !strings.Contains(got, want) {
					t.Errorf("lacks %q", want)
				}
			}
		})
	}
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
	if err := pdf.Write(&plain, d); err != nil {
		t.Fatal(err)
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
	if err := pdf.Write(&a, d); err != nil {
		t.Fatal(err)
	}
	if err := pdf.Write(&b, d); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("twice the same document, different files")
	}
}
