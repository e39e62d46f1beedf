package main

import (
	"context"
	"embed"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/lookup"
	"github.com/mimawari/mimawari/internal/web"
	"github.com/mimawari/mimawari/internal/web/page"
)

//go:embed pages
var pages embed.FS

var (
	indexPage      = page.MustParse(pages, "index")
	componentsPage = page.MustParse(pages, "components")
)

// today is the day on which everything in the book happens.
var today = time.Date(2026, 4, 15, 9, 30, 0, 0, tokyo)

var tokyo = time.FixedZone("JST", 9*3600)

func clock() time.Time { return today }

// book serves the stories. Which one is open is in a cookie, so that the links of the pages stay inside of it.
type book struct {
	kit    *page.Kit
	front  *http.ServeMux
	states map[string]http.Handler
	apps   []*app.App
}

const (
	stateCookie = "state"
	roleCookie  = "role"
)

func open(ctx context.Context, dir string) (*book, error) {
	b := &book{kit: &page.Kit{Now: clock, Zone: tokyo, Report: report}, front: http.NewServeMux(), states: map[string]http.Handler{}}
	for name, fill := range states {
		s, err := b.state(ctx, filepath.Join(dir, name), fill)
		if err != nil {
			b.close()
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		b.states[name] = s
	}
	b.kit.Mount(b.front, []page.Route{
		{Pattern: "GET /stories", Need: auth.SignedIn, Do: b.index},
		{Pattern: "GET /stories/{name}", Need: auth.SignedIn, Do: b.show},
		{Pattern: "GET /components", Need: auth.SignedIn, Do: b.components},
		{Pattern: "POST /lang", Need: auth.SignedIn, Do: b.kit.ChooseLang},
		{Pattern: "GET /static/{name}", Need: auth.Everyone, Do: page.Static},
	})
	return b, nil
}

func report(err error) { fmt.Fprintln(os.Stderr, "storybook:", err) }

// state is a whole server of its own with this data.
func (b *book) state(ctx context.Context, dir string, fill func(context.Context, *app.App) error) (http.Handler, error) {
	a, err := app.OpenServing(ctx, dir)
	if err != nil {
		return nil, err
	}
	b.apps = append(b.apps, a)
	if err := fill(ctx, a); err != nil {
		return nil, err
	}
	in, err := app.NewIntake(ctx, a, app.IntakeOptions{Now: clock, Zone: tokyo, Report: report, Interfaces: []string{"eth0"}})
	if err != nil {
		return nil, err
	}
	s := web.Site{
		Memory: a.Store, Desk: &app.Desk{App: a, Now: clock}, Notes: &app.Notes{App: a, Now: clock}, Trails: a.Store, Intake: in, Settings: a.Store,
		House: a, Institution: a.Store.Institution, Finder: &lookup.Finder{Source: a.Store}, Zone: tokyo, Now: clock, Report: report,
	}
	mux := http.NewServeMux()
	b.kit.Mount(mux, web.Routes(b.kit, s))
	return mux, nil
}

func (b *book) close() {
	for _, a := range b.apps {
		if err := a.Close(); err != nil {
			report(err)
		}
	}
}

// ServeHTTP shows the book itself, or the open story's pages to its reader.
func (b *book) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	role := auth.Role(cookie(r, roleCookie, string(auth.Administrator)))
	r = r.WithContext(auth.WithViewer(r.Context(), auth.Viewer{ID: "reader", Login: "hanako", Name: "佐藤 花子", Role: role, Session: "story"}))
	if _, pattern := b.front.Handler(r); pattern != "" {
		b.front.ServeHTTP(w, r)
		return
	}
	s, ok := b.states[cookie(r, stateCookie, "")]
	if !ok {
		http.Redirect(w, r, "/stories", http.StatusSeeOther)
		return
	}
	s.ServeHTTP(w, r)
}

func cookie(r *http.Request, name, otherwise string) string {
	if c, err := r.Cookie(name); err == nil {
		return c.Value
	}
	return otherwise
}

type indexView struct {
	page.Frame
	Stories []story
}

func (b *book) index(w http.ResponseWriter, r *http.Request) error {
	return b.kit.Render(w, r, http.StatusOK, indexPage, indexView{b.kit.Frame(r, "web.brand", ""), stories})
}

// show opens a story: its data, its reader, and what was just done.
func (b *book) show(w http.ResponseWriter, r *http.Request) error {
	i := slices.IndexFunc(stories, func(s story) bool { return s.Name == r.PathValue("name") })
	if i < 0 {
		return page.Missing(w, r)
	}
	s := stories[i]
	set := func(name, value string) {
		http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
	}
	set(stateCookie, s.State)
	set(roleCookie, string(s.role()))
	if l, ok := locale.Parse(r.URL.Query().Get("lang")); ok {
		set("lang", string(l))
	}
	if s.Done.Key != "" {
		page.Done(w, r, s.Path, s.Done)
		return nil
	}
	http.Redirect(w, r, s.Path, http.StatusSeeOther)
	return nil
}
