// Package hunt is the page 探す: it asks the memory of flows (package memory) who had to do with an address or a name in the past. It finds
// nothing itself. Lists of indicators are for the command line.
package hunt

import (
	"context"
	"embed"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/memory"
	"github.com/mimawari/mimawari/internal/web/page"
)

//go:embed pages
var pages embed.FS

var huntPage = page.MustParse(pages, "hunt")

// Past is the memory of flows.
type Past interface {
	Hunt(ctx context.Context, q memory.Query) (*memory.Found, error)
}

// Site is what the page needs.
type Site struct {
	Kit  *page.Kit
	Past Past // nil: there is no memory, and no page
	Zone *time.Location
}

// Routes are the addresses of this package.
func (s Site) Routes() []page.Route {
	return []page.Route{
		{Pattern: "GET /hunt", Need: auth.Look, Do: s.hunt},
		{Pattern: "GET /hunt.csv", Need: auth.Look, Do: s.csv},
	}
}

// How many rows a page and a file have, how long what is typed may be, and how long one search may take.
const (
	shown    = 200
	exported = 50_000
	maxTyped = 253
	patience = 90 * time.Second
)

// turns is how many searches go on at once; others wait.
var turns = make(chan struct{}, 2)

type view struct {
	page.Frame
	Query  url.Values
	Asked  bool
	Found  *memory.Found
	Wrong  string // key of what is wrong with what was typed
	Export string
}

func (s Site) hunt(w http.ResponseWriter, r *http.Request) error {
	if s.Past == nil {
		return page.Missing(w, r)
	}
	v := view{Frame: s.Kit.Frame(r, "hunt.title", "hunt"), Query: r.URL.Query()}
	q, asked, wrong := s.query(v.Query)
	v.Asked, v.Wrong, v.Export = asked, wrong, "/hunt.csv?"+v.Query.Encode()
	if status := http.StatusBadRequest; wrong != "" {
		return s.Kit.Render(w, r, status, huntPage, v)
	}
	if asked {
		var err error
		q.Limit = shown
		if v.Found, err = s.ask(r.Context(), q); err != nil {
			return err
		}
	}
	return s.Kit.Render(w, r, http.StatusOK, huntPage, v)
}

func (s Site) csv(w http.ResponseWriter, r *http.Request) error {
	q, asked, wrong := s.query(r.URL.Query())
	if s.Past == nil || !asked || wrong != "" {
		return page.Missing(w, r)
	}
	q.Limit = exported
	found, err := s.ask(r.Context(), q)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="hunt.csv"`)
	return memory.WriteCSV(w, found.Rows)
}

func (s Site) ask(ctx context.Context, q memory.Query) (*memory.Found, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case turns <- struct{}{}:
		defer func() { <-turns }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return s.Past.Hunt(ctx, q)
}

// query reads the form. wrong is the key of the words for what can't be read.
func (s Site) query(v url.Values) (q memory.Query, asked bool, wrong string) {
	get := func(name string) string {
		t := strings.TrimSpace(v.Get(name))
		return t[:min(len(t), maxTyped)]
	}
	if q.Host, wrong = address(get("host"), wrong); wrong == "" {
		q.Peer, wrong = address(get("peer"), wrong)
	}
	q.Name, q.JA4 = get("name"), get("ja4")
	if p := get("port"); p != "" {
		n, err := strconv.Atoi(p)
		if err != nil || n < 1 || n > 65535 {
			wrong = "hunt.wrong_port"
		}
		q.Port = n
	}
	q.Since, wrong = s.day(get("since"), 0, wrong)
	q.Until, wrong = s.day(get("until"), 1, wrong)
	return q, q.Host != nil || q.Peer != nil || q.Name != "" || q.JA4 != "" || q.Port != 0, wrong
}

func address(text, wrong string) ([]netip.Prefix, string) {
	if text == "" {
		return nil, wrong
	}
	p, err := memory.ParseAddress(text)
	if err != nil {
		return nil, "hunt.wrong_address"
	}
	return []netip.Prefix{p}, wrong
}

func (s Site) day(text string, more int, wrong string) (time.Time, string) {
	if text == "" {
		return time.Time{}, wrong
	}
	t, err := time.ParseInLocation(time.DateOnly, text, s.zone())
	if err != nil {
		return t, "hunt.wrong_day"
	}
	return t.AddDate(0, 0, more), wrong
}

func (s Site) zone() *time.Location {
	if s.Zone == nil {
		return time.UTC
	}
	return s.Zone
}

// Began is when a flow began.
func (v view) Began(r memory.Row) time.Time { return time.UnixMilli(r.First) }

// Of searches for everything of an address.
func (v view) Of(a string) string { return "/hunt?host=" + url.QueryEscape(a) }

// Size is a number of bytes.
func (v view) Size(n int64) string { return v.Bytes(uint64(max(n, 0))) }
