package page

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"sync"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/report"
)

//go:embed layout
var layouts embed.FS

// Template is a page with the layout and the components around it.
type Template struct{ parsed func() *template.Template }

var functions = template.FuncMap{
	"mark":  report.SeverityMark,
	"asset": assetURL,
	"dict":  dict,
	"list":  func(xs ...any) []any { return xs },
	"add":   func(a, b int) int { return a + b },
	"text":  func(v any) string { return fmt.Sprint(v) },
}

// base holds layout and components, parsed once.
var base = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("layout.html").Funcs(functions).ParseFS(layouts, "layout/*.html"))
})

// all are the templates of the program.
var all []*Template

// Ready reads all templates now rather than when the first reader waits for them. A broken one is a mistake of ours: it panics.
func Ready() {
	for _, t := range all {
		t.parsed()
	}
}

// MustParse names pages/NAME.html of fsys, which defines "main". Further files (parts that pages share) may be named. For package variables:
// commands that show no page do not pay for them.
func MustParse(fsys fs.FS, name string, parts ...string) *Template {
	files := []string{"pages/" + name + ".html"}
	for _, p := range parts {
		files = append(files, "pages/"+p+".html")
	}
	t := &Template{sync.OnceValue(func() *template.Template {
		return template.Must(template.Must(base().Clone()).ParseFS(fsys, files...))
	})}
	all = append(all, t)
	return t
}

// dict makes the argument of a component out of pairs of name and value.
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, errors.New("dict wants pairs")
	}
	m := make(map[string]any, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		k, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict: %v is no name", pairs[i])
		}
		m[k] = pairs[i+1]
	}
	return m, nil
}

// Render writes a page as a whole or, on a mistake of ours, not at all. view must embed Frame.
func (k *Kit) Render(w http.ResponseWriter, r *http.Request, status int, t *Template, view any) error {
	var b bytes.Buffer
	if err := t.parsed().ExecuteTemplate(&b, "layout.html", view); err != nil {
		return fmt.Errorf("BUG: render %s: %w", r.URL.Path, err)
	}
	forgetFlash(w, r)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the reader went away: nobody to tell
	return nil
}

// RenderPart writes one block of a page without the frame, for what is refreshed in place. view must embed Frame.
func (k *Kit) RenderPart(w http.ResponseWriter, r *http.Request, t *Template, name string, view any) error {
	var b bytes.Buffer
	if err := t.parsed().ExecuteTemplate(&b, name, view); err != nil {
		return fmt.Errorf("BUG: render %s of %s: %w", name, r.URL.Path, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(b.Bytes()) // the reader went away: nobody to tell
	return nil
}

// InPlace reports whether part of a page asks, not a person by going there.
func InPlace(r *http.Request) bool { return r.Header.Get("HX-Request") == "true" }

// JSON writes v. A value that can't be encoded is a mistake of ours.
func JSON(w http.ResponseWriter, status int, v any) error {
	b, err := marshal(v)
	if err != nil {
		return fmt.Errorf("BUG: a reply can't be encoded: %w", err)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n')) // the reader went away: nobody to tell
	return nil
}

// XLSX is the media type of workbooks.
const XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

// Download names the file that the browser saves. name is ours: letters, digits, dots and dashes.
func Download(w http.ResponseWriter, mime, name string) {
	w.Header().Set("Content-Type", mime)
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	w.Header().Set("Cache-Control", "no-store")
}

// ChooseLang keeps the chosen language in a cookie and goes back to the page.
func (k *Kit) ChooseLang(w http.ResponseWriter, r *http.Request) error {
	if l, ok := locale.Parse(r.PostFormValue("lang")); ok {
		http.SetCookie(w, &http.Cookie{
			Name: "lang", Value: string(l), Path: "/", MaxAge: 365 * 24 * 3600, HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteStrictMode,
		})
	}
	http.Redirect(w, r, Back(r.PostFormValue("path")), http.StatusSeeOther)
	return nil
}
