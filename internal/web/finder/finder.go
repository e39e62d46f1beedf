// Package finder is the page of the search box: what was found, by kind, and while somebody types the same in short under the box. It
// finds nothing itself (package lookup does).
package finder

import (
	"embed"
	"net/http"
	"net/url"
	"strings"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/ledger"
	"github.com/mimawari/mimawari/internal/lookup"
	"github.com/mimawari/mimawari/internal/web/page"
)

//go:embed pages
var pages embed.FS

var searchPage = page.MustParse(pages, "search")

// Site is what the page needs.
type Site struct {
	Kit    *page.Kit
	Finder api.Finder
}

// Routes are the addresses of this package.
func (s Site) Routes() []page.Route {
	if s.Finder == nil {
		return nil
	}
	return []page.Route{{Pattern: "GET /search", Need: auth.Look, Do: s.search}}
}

// Limits of what is typed and of what is shown while typing.
const (
	maxTyped = 200
	inShort  = 12
)

type view struct {
	page.Frame
	Typed  string
	Result lookup.Result
	Short  bool // under the box
}

func (s Site) search(w http.ResponseWriter, r *http.Request) error {
	typed := strings.TrimSpace(r.URL.Query().Get("q"))
	if t := []rune(typed); len(t) > maxTyped {
		typed = string(t[:maxTyped])
	}
	v := view{Typed: typed, Short: page.InPlace(r)}
	limit := lookup.Most
	if v.Short {
		limit = inShort
	}
	var err error
	if v.Result, err = s.Finder.Find(r.Context(), typed, limit); err != nil {
		return err
	}
	w.Header().Set("Vary", "HX-Request")
	v.Frame = s.Kit.Frame(r, "finder.title", "")
	if v.Short {
		return s.Kit.RenderPart(w, r, searchPage, "found", v)
	}
	if to := meant(v.Result); to != "" {
		http.Redirect(w, r, to, http.StatusSeeOther)
		return nil
	}
	return s.Kit.Render(w, r, http.StatusOK, searchPage, v)
}

// meant is the address of the only thing that can be meant, "" if there are several or none.
func meant(r lookup.Result) string {
	switch h, f, row := r.Only(); {
	case h != nil:
		return "/hosts/" + url.PathEscape(h.ID)
	case f != nil:
		return "/findings/" + url.PathEscape(f.ID)
	case row != nil:
		return rowPath(*row)
	}
	return ""
}

// rowPath is where a row of the ledger is shown.
func rowPath(r ledger.Row) string {
	return "/ledger/rows/" + url.PathEscape(string(r.Kind)) + "/" + url.PathEscape(r.ID)
}

// All is the address of the list with everything of one kind that was found.
func (v view) All(path string) string {
	return page.With(path, url.Values{}, "q", v.Typed)
}

// Row is the address of a row of the ledger.
func (v view) Row(r ledger.Row) string { return rowPath(r) }

// Kind is what a kind of row is called.
func (v view) Kind(r ledger.Row) string { return ledger.KindLabel(v.Lang, r.Kind) }

// told are the fields that say most about a row, the first ones of which are shown beside its name.
var told = []string{"ip", "prefix", "department", "location", "system", "purpose", "vendor", "owner", "phone", "role"}

// Says is what a row says besides its name, in short.
func (v view) Says(r ledger.Row) string {
	var out []string
	for _, f := range told {
		if x := r.Value(f); x != "" && x != r.Label && len(out) < 4 {
			out = append(out, strings.Join(strings.Fields(x), " "))
		}
	}
	return strings.Join(out, " · ")
}
