package pagetest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Window is a browser that remembers what it complains of: scripts that were refused, alerts that opened.
type Window struct {
	Context context.Context

	mu   sync.Mutex
	said []string
}

// NewWindow starts a browser.
func NewWindow(t testing.TB, limit time.Duration) *Window {
	t.Helper()
	w := &Window{Context: Browser(t, limit)}
	if err := chromedp.Do(w.Context); err != nil {
		t.Fatal(err)
	}
	err := chromedp.Listen(w.Context, func(ev any) {
		switch ev := ev.(type) {
		case *page.EventJavascriptDialogOpening:
			w.say("a dialogue opened: " + ev.Message)
		case *log.EventEntryAdded:
			if ev.Entry.Source == log.EntrySourceSecurity {
				w.say(ev.Entry.Text)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *Window) say(s string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.said = append(w.said, s)
}

// Said is what the browser complained of so far.
func (w *Window) Said() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.said...)
}
