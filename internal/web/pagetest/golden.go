package pagetest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

var update = flag.Bool("update", false, "write the golden screenshots anew")

// Two pictures are the same if at most so many of their pixels differ by more than this in a colour: letters are smoothed a little
// differently by every version of the browser.
const (
	farPixel = 48    // of 255, in one of the colours
	farPart  = 0.005 // of all pixels
)

// Font makes sure that the letters are the same everywhere: with another font every picture would differ.
func Font(t testing.TB) {
	t.Helper()
	out, err := exec.Command("fc-list", ":family=BIZ UDPGothic").Output()
	if err != nil || len(bytes.TrimSpace(out)) == 0 {
		Need(t, "no font BIZ UDPGothic: run scripts/test-setup.sh")
	}
}

// tallest is how much of a page a screenshot has, from its top.
const tallest = 1600

// Shot gives the open page as a picture.
func Shot(t testing.TB, ctx context.Context) []byte {
	t.Helper()
	b, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatal(err)
	}
	m, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	r := m.Bounds()
	part := image.NewRGBA(image.Rect(0, 0, r.Dx(), min(tallest, r.Dy())))
	draw.Draw(part, part.Rect, m, r.Min, draw.Src)
	var out bytes.Buffer
	if err := png.Encode(&out, part); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// Golden holds a screenshot against testdata/NAME.png. What came instead is left in the folder MIMAWARI_SHOTS, if that is set.
func Golden(t testing.TB, name string, shot []byte) {
	t.Helper()
	file := filepath.Join("testdata", name+".png")
	if *update {
		if err := os.WriteFile(file, shrink(shot), 0o644); err != nil { //nolint:gosec // part of the source
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v: write it with go test -update", err)
	}
	if err := Same(want, shot); err != nil {
		t.Errorf("%s: %v. If that is meant: go test -update", file, err)
		keep(t, name, shot)
	}
}

func keep(t testing.TB, name string, shot []byte) {
	if dir := os.Getenv("MIMAWARI_SHOTS"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, strings.ReplaceAll(name, "/", "_")+".png"), shot, 0o600); err != nil {
			t.Error(err)
		}
	}
}

// shrink writes a picture with its most frequent colours only: a third of the size, and nothing that the comparison would see.
func shrink(b []byte) []byte {
	m, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		return b
	}
	small := image.NewPaletted(m.Bounds(), palette(m))
	draw.Draw(small, small.Rect, m, m.Bounds().Min, draw.Src)
	var out bytes.Buffer
	e := png.Encoder{CompressionLevel: png.BestCompression}
	if e.Encode(&out, small) != nil {
		return b
	}
	return out.Bytes()
}

// colours is how many a golden picture keeps: letters are smoothed in some twenty shades of a few colours.
const colours = 64

func palette(m image.Image) color.Palette {
	count := map[color.RGBA]int{}
	r := m.Bounds()
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			count[color.RGBAModel.Convert(m.At(x, y)).(color.RGBA)]++
		}
	}
	all := slices.SortedFunc(maps.Keys(count), func(a, b color.RGBA) int {
		return cmp.Or(count[b]-count[a], int(a.R)-int(b.R), int(a.G)-int(b.G), int(a.B)-int(b.B))
	})
	var p color.Palette
	for _, c := range all[:min(colours, len(all))] {
		p = append(p, c)
	}
	return p
}

// Same says how two pictures differ, nil if they do not.
func Same(want, got []byte) error {
	a, err := png.Decode(bytes.NewReader(want))
	if err != nil {
		return err
	}
	b, err := png.Decode(bytes.NewReader(got))
	if err != nil {
		return err
	}
	if a.Bounds() != b.Bounds() {
		return fmt.Errorf("is %v, was %v", b.Bounds().Size(), a.Bounds().Size())
	}
	all := a.Bounds().Dx() * a.Bounds().Dy()
	if all == 0 {
		return errors.New("an empty picture")
	}
	if n := differing(a, b); float64(n) > farPart*float64(all) {
		return fmt.Errorf("%.2f %% of the pixels differ", 100*float64(n)/float64(all))
	}
	return nil
}

func differing(a, b image.Image) (n int) {
	r := a.Bounds()
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if far(a, b, x, y) {
				n++
			}
		}
	}
	return n
}

func far(a, b image.Image, x, y int) bool {
	r1, g1, b1, _ := a.At(x, y).RGBA()
	r2, g2, b2, _ := b.At(x, y).RGBA()
	return max(apart(r1, r2), apart(g1, g2), apart(b1, b2)) > farPixel<<8
}

func apart(x, y uint32) uint32 { return max(x, y) - min(x, y) }
