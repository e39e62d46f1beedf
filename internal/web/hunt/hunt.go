// Package hunt is the page 探す: it asks the memory of flows (package memory) who had to do with an address or a name in the past. It finds
// nothing itself. Lists of indicators are for the command line.
package hunt

import (
	"embed"
	"net/http"
	"net/url"
	"time"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/memory"
	"github.com/mimawari/mimawari/internal/web/page"
)

//go:embed pages
var pages embed.FS

var huntPage = page.MustParse(pages, "hunt")

// Site is what the page needs.
type Site struct {
	Kit  *page.Kit
	Past api.Past // nil: there is no memory, and no page
	Zone *time.Location
}

// Routes are the addresses of this package.
func (s Site) Routes() []page.Route {
	return []page.Route{
		{Pattern: "GET /hunt", Need: auth.Look, Do: s.hunt},
		{Pattern: "GET /hunt.csv", Need: auth.Look, Do: s.csv},
	}
}

// How many rows a page and a file have.
const (
	shown    = 200
	exported = 50_000
)

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
	q, asked, wrong := api.HuntQuery(v.Query, s.zone())
	v.Asked, v.Wrong, v.Export = asked, wrong, "/hunt.csv?"+v.Query.Encode()
	if status := http.StatusBadRequest; wrong != "" {
		return s.Kit.Render(w, r, status, huntPage, v)
	}
	if asked {
		var err error
		q.Limit = shown
		if v.Found, err = api.Hunt(r.Context(), s.Past, q); err != nil {
			return err
		}
	}
	return s.Kit.Render(w, r, http.StatusOK, huntPage, v)
}

func (s Site) csv(w http.ResponseWriter, r *http.Request) error {
	q, asked, wrong := api.HuntQuery(r.URL.Query(), s.zone())
	if s.Past == nil || !asked || wrong != "" {
		return page.Missing(w, r)
	}
	q.Limit = exported
	found, err := api.Hunt(r.Context(), s.Past, q)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="hunt.csv"`)
	return memory.WriteCSV(w, found.Rows)
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
