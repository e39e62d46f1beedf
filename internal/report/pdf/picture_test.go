package pdf

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/diagram"
)

// What a picture cuts to fit by its estimate must fit in the real font too.
func TestEstimatedWidthsAreWideEnough(t *testing.T) {
	f, err := loadFonts()
	if err != nil {
		t.Fatal(err)
	}
	k := newInk(f)
	letters := []rune("電子カルテ系ｱｲｳ病棟、。（）ー々ABCWMabcwmil0123456789-_./:() ①㈱αЖ→■▲")
	rng := rand.New(rand.NewPCG(2, 3))
	for range 3000 {
		var b strings.Builder
		for range 3 + rng.IntN(20) {
			b.WriteRune(letters[rng.IntN(len(letters))])
		}
		for _, w := range []weight{regular, bold} {
			s := k.draw(b.String())
			if real, guess := k.width(text{s, w, 10}), diagram.Width(s, 10, w == bold); real > guess {
				t.Fatalf("%q is %.1f wide, the estimate is %.1f", s, real, guess)
			}
		}
	}
}

func TestPicture(t *testing.T) {
	p := &diagram.Picture{Title: "図", W: 3000, H: 900, Items: []diagram.Item{
		{Kind: diagram.Rect, W: 3000, H: 900, Fill: diagram.White},
		{Kind: diagram.Rect, X: 10, Y: 10, W: 200, H: 50, Round: 6, Stroke: diagram.Black, Width: 1, Dash: true},
		{Kind: diagram.Rect, X: 10, Y: 10, W: 3, H: 0, Round: 6, Fill: diagram.Pale},
		{Kind: diagram.Text, X: 20, Y: 30, Size: 12, Text: "電子カルテ 𠮷 <&>", Fill: diagram.Black, Align: diagram.Middle},
		{Kind: diagram.Text, X: 20, Y: 30, Size: 12, Text: "", Fill: diagram.Black},
		{Kind: diagram.Line, Points: []diagram.Point{{X: 1, Y: 2}, {X: 30, Y: 40}, {X: 30, Y: 40}}, Stroke: diagram.Red, Width: 1, Arrow: true},
		{Kind: diagram.Polygon, Points: []diagram.Point{{X: 1, Y: 2}, {X: 30, Y: 40}, {X: 1, Y: 40}}, Fill: diagram.Amber},
		{Kind: diagram.Cells, Points: []diagram.Point{{X: 5, Y: 5}}, Size: 4, Fill: diagram.Shade},
	}}
	var a, b bytes.Buffer
	at := time.Date(2026, 10, 7, 0, 0, 0, 0, time.UTC)
	if err := Picture(&a, p, at); err != nil {
		t.Fatal(err)
	}
	if err := Picture(&b, p, at); err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(a.Bytes(), []byte("%PDF-1")) || !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("not the same PDF twice")
	}
}

func TestSheets(t *testing.T) {
	f := func(w, h, wantW, wantH float64) {
		t.Helper()
		gotW, gotH, scale := sheet(&diagram.Picture{W: w, H: h})
		if gotW != wantW || gotH != wantH || w*scale > gotW || h*scale > gotH {
			t.Errorf("%v x %v on %v x %v at %v", w, h, gotW, gotH, scale)
		}
	}
	f(800, 600, 841.89, 595.28)
	f(600, 800, 595.28, 841.89)
	f(2000, 1200, 1190.55, 841.89)
	f(90000, 10, 3370.39, 2383.94)
}
