package web_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/web/pagetest"
	"github.com/mimawari/mimawari/internal/web/webtest"
)

// Every page at desktop and phone width in Japanese, and a few in English: no violation of WCAG 2.2 AA that axe can see, and nothing
// wider than the screen.
func TestPagesAreAccessible(t *testing.T) {
	script := pagetest.Axe(t)
	srv, a := site(t, false)
	ctx := pagetest.Browser(t, 10*time.Minute)
	r := result()
	link := webtest.Link(t, keeper(t, a), srv.URL, auth.Administrator)
	for _, p := range []string{"/signin?lang=ja", link[len(srv.URL):] + "&lang=ja", "/signin?lang=en"} {
		checkPage(t, ctx, srv.URL+p, "door-desktop", pagetest.Desktop, script)
		checkPage(t, ctx, srv.URL+p, "door-phone", pagetest.Phone, script)
	}
	enter(t, ctx, link)
	pages := []string{"/settings", "/account", "/account/totp", "/settings/users", "/settings/directory", "/settings/tokens", "/settings/audit", "/", "/hosts", "/hosts/" + r.Hosts[0].ID, "/findings", "/findings/" + r.Findings[0].ID, "/silences", "/intake", "/search?q=10.1", "/start/begin", "/start/institution", "/start/contacts", "/start/look", "/start/ledger", "/start/report"}
	pages = append(pages, "/settings/notifications", "/settings/notifications/new/mail", "/settings/notifications/new/lineworks")
	for _, p := range pages {
		checkPage(t, ctx, srv.URL+p+"?lang=ja", "ja-desktop", pagetest.Desktop, script)
		checkPage(t, ctx, srv.URL+p+"?lang=ja", "ja-phone", pagetest.Phone, script)
	}
	checkPage(t, ctx, srv.URL+"/?lang=en", "en-desktop", pagetest.Desktop, script)
	checkPage(t, ctx, srv.URL+"/findings/"+r.Findings[0].ID+"?lang=en", "en-phone", pagetest.Phone, script)
	checkPage(t, ctx, srv.URL+"/nothing?lang=en", "en-phone", pagetest.Phone, script)
}

// enter signs the browser in.
func enter(t *testing.T, ctx context.Context, link string) {
	t.Helper()
	err := chromedp.Do(ctx, chromedp.Navigate(link), chromedp.Click(`form[action="/enter"] button`), chromedp.WaitVisible(`form[action="/signout"]`))
	if err != nil {
		t.Fatalf("sign in: %v", err)
	}
}

// checkPage looks at a page as everybody's tests do, and keeps a picture where one is asked for.
func checkPage(t *testing.T, ctx context.Context, url, name string, size pagetest.Size, script string) {
	t.Helper()
	pagetest.Check(t, ctx, url, size, script)
	if dir := os.Getenv("MIMAWARI_SHOTS"); dir != "" {
		shoot(t, ctx, filepath.Join(dir, name+strings.NewReplacer("/", "_", "?", "_", "&", "_", "=", "_", "%", "_").Replace(url[strings.LastIndex(url, ":"):min(len(url), strings.LastIndex(url, ":")+60)])+".png"))
	}
}

// shoot writes what the page looks like, for people.
func shoot(t *testing.T, ctx context.Context, file string) {
	t.Helper()
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(file, png, 0o600)
	}
	if err != nil {
		t.Error(err)
	}
}
