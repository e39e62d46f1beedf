package page

import (
	"context"
	"net/http"
	"time"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/locale"
)

// Kit is what every page is given.
type Kit struct {
	Now    func() time.Time
	Zone   *time.Location
	Report func(error)                       // told of errors that the reader is not shown; may be nil
	Record func(context.Context, Deed) error // the audit trail; may be nil in tests
	Menu   []Entry
	// NoSearch leaves out the search box.
	NoSearch bool
	// Measure is told of each answer: the route's pattern, the status and how long it took. May be nil.
	Measure func(route string, status int, took time.Duration)
	// Institution gives the name shown in the head, "" if it is not known. May be nil.
	Institution func(context.Context) string
}

// Entry is a place in the menu, shown to those who may go there.
type Entry struct {
	Path string
	Key  string // of its words
	Here string // Frame.Here of its pages
	Need auth.Permission
}

// Frame makes what the layout needs; every page's view embeds it. title is the key of a text; here names the entry of the
// menu that is current.
func (k *Kit) Frame(r *http.Request, title, here string) Frame {
	l := api.Lang(r)
	f := Frame{
		Lang: l, Title: locale.T(l, title), Here: here, Path: r.URL.RequestURI(), Viewer: auth.ViewerOf(r.Context()),
		NoSearch: k.NoSearch, now: k.Now(), zone: k.Place(), Flash: flashOf(r),
	}
	if f.Viewer.ID != "" && k.Institution != nil {
		f.Institution = k.Institution(r.Context())
	}
	for _, e := range k.Menu {
		if f.Viewer.May(e.Need) {
			f.Menu = append(f.Menu, e)
		}
	}
	return f
}

// Place is the time zone of the institution.
func (k *Kit) Place() *time.Location {
	if k.Zone == nil {
		return time.UTC
	}
	return k.Zone
}

// Day reads a day of a form; the whole day counts, so it is its end. "" is the zero time.
func (k *Kit) Day(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.ParseInLocation(time.DateOnly, s, k.Place())
	if err != nil || t.Year() > 9999 {
		return time.Time{}, &api.Refused{Key: "web.bad_date", Pairs: []string{"text", s}}
	}
	return t.Add(24*time.Hour - time.Second), nil
}
