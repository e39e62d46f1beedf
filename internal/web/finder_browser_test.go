package web_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/web/pagetest"
	"github.com/mimawari/mimawari/internal/web/webtest"
)

// Somebody types into the box of the head: the hits come by themselves, the arrow goes to the first, Escape closes; Enter goes to the
// only thing that can be meant.
func TestLiveSearch(t *testing.T) {
	srv, a := site(t, false)
	ctx := pagetest.Browser(t, 3*time.Minute)
	enter(t, ctx, webtest.Link(t, keeper(t, a), srv.URL, auth.Administrator))
	do := func(script string) string {
		t.Helper()
		out, err := chromedp.Run(ctx, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise))
		if err != nil {
			t.Fatalf("%s: %v", script, err)
		}
		return out
	}
	for _, size := range [][2]int64{{1280, 900}, {390, 844}} {
		if err := chromedp.Do(ctx, chromedp.EmulateViewport(size[0], size[1]), chromedp.Navigate(srv.URL+"/hosts?lang=ja")); err != nil {
			t.Fatal(err)
		}
		do(`(async()=>{const b=document.querySelector("#find");b.focus();b.value="10.1.0";b.dispatchEvent(new Event("input",{bubbles:true}));
			for(let i=0;i<100&&!document.querySelector("#found a");i++)await new Promise(r=>setTimeout(r,100));return ""})()`)
		if n := do(`String(document.querySelectorAll("#found a").length)`); n == "0" {
			t.Fatal("nothing came")
		}
		if got := do(`document.querySelector("#found h2").textContent`); got != "機器 2" {
			t.Errorf("the first heading is %q", got)
		}
		if got := do(`document.querySelector("#find").dispatchEvent(new KeyboardEvent("keydown",{key:"ArrowDown",bubbles:true,cancelable:true}));String(document.activeElement.closest("#found")!==null)`); got != "true" {
			t.Error("the arrow does not go to the hits")
		}
		if got := do(`String(document.documentElement.scrollWidth<=document.documentElement.clientWidth)`); got != "true" {
			t.Error("wider than the screen")
		}
		if dir := os.Getenv("MIMAWARI_SHOTS"); dir != "" {
			shoot(t, ctx, filepath.Join(dir, "live-search-"+map[int64]string{1280: "desktop", 390: "phone"}[size[0]]+".png"))
		}
		if got := do(`document.activeElement.dispatchEvent(new KeyboardEvent("keydown",{key:"Escape",bubbles:true}));String(document.querySelectorAll("#found a").length)+document.activeElement.id`); got != "0find" {
			t.Errorf("after Escape: %s", got)
		}
	}
	do(`const b=document.querySelector("#find");b.value="10.1.0.20";setTimeout(()=>b.form.requestSubmit(),50);""`)
	want, got := "/hosts/"+result().Hosts[0].ID, ""
	for range 50 {
		time.Sleep(100 * time.Millisecond)
		if out, err := chromedp.Run(ctx, chromedp.Evaluate[string](`location.pathname`)); err == nil {
			if got = out; got == want { // while it goes there nothing can be asked
				return
			}
		}
	}
	t.Errorf("Enter goes to %s", got)
}
