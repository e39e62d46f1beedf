// Package pagetest looks at pages as a browser shows them: headless Chromium, the accessibility rules of axe, screenshots held against
// golden ones. It is for tests only, and signs nobody in.
package pagetest

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// Size is the width and height of a window.
type Size [2]int64

// The two windows that every page must suit.
var (
	Desktop = Size{1280, 900}
	Phone   = Size{390, 844}
)

// Need fails in continuous integration and is passed over elsewhere: the set-up script installs what is missing.
func Need(t testing.TB, reason string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(reason)
	}
	t.Skip(reason)
}

// Browser starts Chromium without any traffic of its own; it ends with the test.
func Browser(t testing.TB, limit time.Duration) context.Context {
	t.Helper()
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(t)), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("font-render-hinting", "none"), chromedp.Flag("force-color-profile", "srgb"))
	ctx, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	ctx, stop = context.WithTimeout(ctx, limit)
	t.Cleanup(stop)
	return ctx
}

func chromium(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			return p
		}
	}
	Need(t, "no Chromium: run scripts/test-setup.sh")
	return ""
}

// Axe gives the script that knows the accessibility rules.
func Axe(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if b, err := os.ReadFile(filepath.Join(dir, ".cache/npm/node_modules/axe-core/axe.min.js")); err == nil {
			return string(b)
		}
	}
	Need(t, "no axe-core: run scripts/test-setup.sh")
	return ""
}

// Open shows a page in a window of this size.
func Open(t testing.TB, ctx context.Context, url string, size Size) {
	t.Helper()
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(size[0], size[1]), chromedp.Navigate(url)); err != nil {
		t.Fatalf("%s: %v", url, err)
	}
}

const runAxe = `axe.run(document,{runOnly:['wcag2a','wcag2aa','wcag21aa','wcag22aa','best-practice']}).then(r=>JSON.stringify(r.violations.map(v=>v.id+': '+v.nodes.map(n=>n.html).join(' '))))`

// Violations are the accessibility rules that the open page breaks. script is what Axe gave.
func Violations(ctx context.Context, script string) (vs []string, err error) {
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[chromedp.Void](script)); err != nil {
		return nil, err
	}
	out, err := chromedp.Run(ctx, chromedp.Evaluate[string](runAxe, chromedp.EvalAwaitPromise))
	if err != nil {
		return nil, err
	}
	return vs, json.Unmarshal([]byte(out), &vs)
}

// TooWide reports whether the open page is wider than its window.
func TooWide(ctx context.Context) (bool, error) {
	return chromedp.Run(ctx, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > document.documentElement.clientWidth`))
}

// Check opens a page and complains of violations and of a page wider than its window.
func Check(t testing.TB, ctx context.Context, url string, size Size, script string) {
	t.Helper()
	Open(t, ctx, url, size)
	vs, err := Violations(ctx, script)
	if err != nil {
		t.Fatalf("%s: %v", url, err)
	}
	for _, v := range vs {
		t.Errorf("%d px %s: %s", size[0], url, v)
	}
	if wide, err := TooWide(ctx); err != nil || wide {
		t.Errorf("%d px %s: wider than the screen (%v)", size[0], url, err)
	}
}
