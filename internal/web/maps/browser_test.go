package maps_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/web/pagetest"
)

// The board by keys alone: a host is chosen, its name is said, Enter opens it. And no page is wider than a phone or has
// anything that axe finds wrong.
func TestInABrowser(t *testing.T) {
	base, h := serve(t, 300)
	script := pagetest.Axe(t)
	b := pagetest.NewWindow(t, 3*time.Minute)
	var talks model.Trail
	for x := range h.Result.Trails {
		if len(x.Talks) > 3 {
			talks = x
			break
		}
	}
	for _, path := range []string{"/map", "/map/zone/0", "/map/explore", "/map/explore?host=" + talks.Host, "/map/diagrams"} {
		pagetest.Check(t, b.Context, base+path, pagetest.Desktop, script)
		pagetest.Check(t, b.Context, base+path, pagetest.Phone, script)
	}
	err := chromedp.Do(b.Context, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(base+"/map"), chromedp.WaitVisible("mm-zones canvas"),
		chromedp.Focus("mm-zones canvas"), chromedp.KeyEvent(kb.ArrowRight), chromedp.KeyEvent(kb.ArrowRight))
	if err != nil {
		t.Fatal(err)
	}
	const said = `document.querySelector("mm-zones p").textContent`
	if _, err := chromedp.Run(b.Context, chromedp.Poll[bool](said+`.includes("HIS-") || `+said+`.includes("onerror")`)); err != nil {
		text, _ := chromedp.Run(b.Context, chromedp.Evaluate[string](said))
		t.Fatalf("%v: it says %q", err, text)
	}
	if err := chromedp.Do(b.Context, chromedp.KeyEvent(kb.Enter)); err != nil {
		t.Fatal(err)
	}
	arrives(t, b.Context)
}

// Clicks open what was clicked, also after the board was moved and made larger.
func TestClickOnACell(t *testing.T) {
	base, _ := serve(t, 300)
	pagetest.Axe(t)
	b := pagetest.NewWindow(t, time.Minute)
	err := chromedp.Do(b.Context, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(base+"/map"), chromedp.WaitVisible("mm-zones canvas"),
		chromedp.Focus("mm-zones canvas"), chromedp.KeyEvent("+"), chromedp.KeyEvent("+"))
	if err != nil {
		t.Fatal(err)
	}
	const place = `(() => { const r = document.querySelector("mm-zones canvas").getBoundingClientRect(); return [r.left, r.top, r.width, r.height] })()`
	r, err := chromedp.Run(b.Context, chromedp.Evaluate[[]float64](place))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 400 { // point here and there until a cell answers
		x, y := r[0]+r[2]*(0.2+0.6*float64(i%20)/20), r[1]+r[3]*(0.2+0.6*float64(i/20)/20)
		over, err := pointed(b.Context, x, y)
		if err != nil {
			t.Fatal(err)
		}
		if !over {
			continue
		}
		if err := chromedp.Do(b.Context, chromedp.MouseClickXY(x, y)); err != nil {
			t.Fatal(err)
		}
		arrives(t, b.Context)
		return
	}
	t.Fatal("no cell under the pointer: " + strings.TrimSpace(fmt.Sprint(r)))
}

func pointed(ctx context.Context, x, y float64) (bool, error) {
	if err := chromedp.Do(ctx, chromedp.MouseEvent(chromedp.MouseMoved, x, y)); err != nil {
		return false, err
	}
	return chromedp.Run(ctx, chromedp.Evaluate[bool](`document.querySelector("mm-zones canvas").classList.contains("over")`))
}

// arrives waits for the page of a host. While the browser goes there it may not answer.
func arrives(t *testing.T, ctx context.Context) {
	t.Helper()
	at := ""
	for range 100 {
		at, _ = chromedp.Run(ctx, chromedp.Evaluate[string](`location.pathname`)) // asked again
		if strings.HasPrefix(at, "/hosts/h-") {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("the browser is at %q", at)
}
