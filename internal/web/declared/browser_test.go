package declared_test

import (
	"context"
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/mimawari/mimawari/internal/ledger"
)

// need fails in continuous integration and is passed over elsewhere: the set-up script installs what is missing.
func need(t *testing.T, reason string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(reason)
	}
	t.Skip(reason)
}

// browser starts Chromium and gives axe's script.
func browser(t *testing.T) (context.Context, string) {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil && path == "" {
			path = p
		}
	}
	axe, err := os.ReadFile("../../../.cache/npm/node_modules/axe-core/axe.min.js")
	if path == "" || err != nil {
		need(t, "no Chromium or no axe-core: run scripts/test-setup.sh")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true))
	ctx, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	ctx, stop = context.WithTimeout(ctx, 10*time.Minute)
	t.Cleanup(stop)
	return ctx, string(axe)
}

// accessible wants no violation of WCAG 2.2 AA that axe can see, and nothing wider than the screen.
func accessible(ctx context.Context, t *testing.T, name, axe string) {
	t.Helper()
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[chromedp.Void](axe)); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	out, err := chromedp.Run(ctx, chromedp.Evaluate[string](`axe.run(document,{runOnly:['wcag2a','wcag2aa','wcag21aa','wcag22aa','best-practice']}).then(r=>JSON.stringify(r.violations.map(v=>v.id+': '+v.nodes.map(n=>n.html).join(' '))))`, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var violations []string
	if err := json.Unmarshal([]byte(out), &violations); err != nil {
		t.Fatal(err)
	}
	for _, v := range violations {
		t.Errorf("%s: %.600s", name, v)
	}
	wide, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > document.documentElement.clientWidth`))
	if err != nil || wide {
		t.Errorf("%s: wider than the screen (%v)", name, err)
	}
	if dir := os.Getenv("MIMAWARI_SHOTS"); dir != "" {
		png, err := chromedp.Run(ctx, chromedp.FullScreenshot(90))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, strings.NewReplacer("/", "_", "?", "_", "&", "_", "=", "_", "%", "_", " ", "_").Replace(name)+".png"), png, 0o600)
		}
		if err != nil {
			t.Error(err)
		}
	}
}

func TestPagesAreAccessible(t *testing.T) {
	ctx, axe := browser(t)
	c := open(t, 12)
	c.post("/ledger/decide", url.Values{"what": {"ask"}, "id": {machine(5).ID}, "to": {"検査科"}, "mail": {"a@example.jp"}, "go": {"1"}, "sent": {"1"}})
	c.post("/ledger/decide", url.Values{"what": {"not_known"}, "id": {machine(3).ID}, "owner": {"鈴木"}, "go": {"1"}})
	c.post("/ledger/rows/people/new", url.Values{"f.name": {"だれか"}})
	rows := ledger.Rows(c.newest(), ledger.KindHosts)
	_, _, at := c.upload("a.csv", []byte("機器名,IP,なぞ\nA,10.9.9.9,x\nB,10.9.9.999,y\nPC-00002,10.0.0.2,z\n"))
	pages := []string{
		"/ledger", "/ledger?status=differs", "/ledger?q=zzz", "/ledger/seen/" + machine(1).ID, "/ledger/seen/" + machine(4).ID, "/ledger/rows/vendors", "/ledger/rows/lines", "/ledger/rows/hosts/" + rows[0].ID,
		"/ledger/rows/lines/new", "/ledger/versions", "/ledger/versions/diff?from=1&to=2", "/ledger/inquiries", "/ledger/import", at, at + "?rest=remove",
	}
	for _, p := range pages {
		for _, lang := range []string{"ja", "en"} {
			for width, height := range map[int64]int64{1280: 900, 390: 844} {
				sep := "?"
				if strings.Contains(p, "?") {
					sep = "&"
				}
				if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, height), chromedp.Navigate(c.URL+p+sep+"lang="+lang)); err != nil {
					t.Fatal(err)
				}
				accessible(ctx, t, lang+"-"+map[int64]string{1280: "desktop", 390: "phone"}[width]+" "+p, axe)
			}
		}
	}
}

// With a script running: pick two machines, decide, see them gone from the list, undo, see them again. The preview, and a row's
// form inside the list, are accessible too.
func TestBulkAndUndoInABrowser(t *testing.T) {
	ctx, axe := browser(t)
	c := open(t, 12)
	click := func(sel string) {
		t.Helper()
		if err := chromedp.Do(ctx, chromedp.Click(sel), chromedp.WaitReady("footer"), chromedp.Sleep(300*time.Millisecond)); err != nil {
			t.Fatalf("%s: %v", sel, err)
		}
	}
	count := func(sel string) int {
		t.Helper()
		n, err := chromedp.Run(ctx, chromedp.Evaluate[int](`document.querySelectorAll(`+"`"+sel+"`"+`).length`))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(c.URL+"/ledger?status=undeclared&lang=ja")); err != nil {
		t.Fatal(err)
	}
	if n := count("tbody tr"); n != 6 {
		t.Fatalf("%d rows", n)
	}
	click(`input[value="` + machine(3).ID + `"]`)
	click(`input[value="` + machine(5).ID + `"]`)
	click(`button[value="known"]`)
	accessible(ctx, t, "preview", axe)
	if err := chromedp.Do(ctx, chromedp.SendKeys(`#d-department`, "放射線科")); err != nil {
		t.Fatal(err)
	}
	click(`form.card button:not([value])`)
	if n := count("tbody tr"); n != 4 || count(".flash") != 1 {
		t.Fatalf("after the decision: %d rows", n)
	}
	accessible(ctx, t, "after the decision", axe)
	click(`.flash button`)
	if err := chromedp.Do(ctx, chromedp.Navigate(c.URL+"/ledger?status=undeclared")); err != nil {
		t.Fatal(err)
	}
	if n := count("tbody tr"); n != 6 {
		t.Fatalf("after the undo: %d rows", n)
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(c.URL+"/ledger?status=differs")); err != nil {
		t.Fatal(err)
	}
	click(`a.edit`)
	if err := chromedp.Do(ctx, chromedp.WaitVisible(`#editor #e-location`), chromedp.SendKeys(`#e-location`, "2階")); err != nil {
		t.Fatal(err)
	}
	accessible(ctx, t, "form in the list", axe)
	click(`#editor form button`)
	if c.newest().Hosts[0].Location != "2階" {
		t.Errorf("%+v", c.newest().Hosts[0])
	}
}
