package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/report"
)

//go:embed pages
var sources embed.FS

// templates are parsed once: each page with the layout around it.
var templates = func() map[string]*template.Template {
	m := map[string]*template.Template{}
	for _, name := range []string{"today", "hosts", "host", "findings", "finding", "silences", "trouble"} {
		m[name] = template.Must(template.New("layout.html").Funcs(template.FuncMap{"mark": report.SeverityMark}).
			ParseFS(sources, "pages/layout.html", "pages/"+name+".html"))
	}
	return m
}()

type pages struct{ Site }

// frame is what the layout needs; every page's view embeds it.
type frame struct {
	Lang  locale.Lang
	Title string
	Here  string // which menu entry is current
	Path  string // of this page, for the language switch
	now   time.Time
	zone  *time.Location
}

func (p *pages) frame(r *http.Request, title, here string) frame {
	l := api.Lang(r)
	return frame{Lang: l, Title: locale.T(l, title), Here: here, Path: r.URL.RequestURI(), now: p.Now(), zone: p.Zone}
}

// T is a text of the pages.
func (f frame) T(key string, pairs ...any) string {
	s := make([]string, 0, len(pairs))
	for _, x := range pairs {
		s = append(s, fmt.Sprint(x))
	}
	return locale.T(f.Lang, key, s...)
}

// When is the exact time, as people read it.
func (f frame) When(t time.Time) string { return report.Time(t, f.zone) }

// Ago is a time as a distance: 12分前.
func (f frame) Ago(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	d := f.now.Sub(t)
	switch {
	case d < time.Minute:
		return f.T("web.now")
	case d < time.Hour:
		return f.T("web.minutes_ago", "n", int(d.Minutes()))
	case d < 48*time.Hour:
		return f.T("web.hours_ago", "n", int(d.Hours()))
	}
	return f.T("web.days_ago", "n", int(d.Hours()/24))
}

// Class, Roles, Severity and State are enumerations in words.
func (f frame) Class(c model.Class) string { return report.ClassName(f.Lang, c) }

// Roles are the roles in words.
func (f frame) Roles(r []string) []string { return report.RoleNames(f.Lang, r) }

// Severity is the severity in words.
func (f frame) Severity(s model.Severity) string { return report.SeverityName(f.Lang, s) }

// State is the state in words.
func (f frame) State(s model.State) string { return report.StateName(f.Lang, s) }

// Words is a finding in words.
func (f frame) Words(x model.Finding) api.Finding { return api.NewFinding(x, f.Lang) }

// Trouble is what is wrong with an input, in words.
func (f frame) Trouble(t model.Trouble) string { return locale.Trouble(f.Lang, t) }

// Percent shows 0..1.
func (f frame) Percent(x float64) string { return strconv.Itoa(int(x*100+0.5)) + "%" }

// HostName is how a person would call the host.
func (f frame) HostName(h model.Host) string {
	switch {
	case h.Ledger != nil && h.Ledger.Name != "":
		return h.Ledger.Name
	case len(h.Names) > 0:
		return h.Names[0]
	case len(h.IPs) > 0:
		return h.IPs[0].String()
	case len(h.MACs) > 0:
		return h.MACs[0].String()
	}
	return h.ID
}

// render writes a page as a whole or, on a mistake of ours, not at all.
func (p *pages) render(w http.ResponseWriter, r *http.Request, status int, name string, view any) {
	var b bytes.Buffer
	if err := templates[name].Execute(&b, view); err != nil {
		if p.Report != nil {
			p.Report(fmt.Errorf("render %s: %w", name, err))
		}
		http.Error(w, locale.T(api.Lang(r), "api.internal"), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the reader went away: nobody to tell
}

var errNoPage = fmt.Errorf("page: %w", model.ErrNotFound)

// fail shows an error in words; the cause of an internal one is only reported.
func (p *pages) fail(w http.ResponseWriter, r *http.Request, err error) {
	status, key, pairs := api.Status(err)
	if status == http.StatusInternalServerError && p.Report != nil {
		p.Report(fmt.Errorf("%s %s: %w", r.Method, r.URL.Path, err))
	}
	f := p.frame(r, "web.trouble", "")
	p.render(w, r, status, "trouble", struct {
		frame
		Text string
	}{f, locale.T(f.Lang, key, pairs...)})
}

// lang keeps the chosen language in a cookie and goes back to the page.
func (p *pages) lang(w http.ResponseWriter, r *http.Request) {
	if l, ok := locale.Parse(r.PostFormValue("lang")); ok {
		http.SetCookie(w, &http.Cookie{Name: "lang", Value: string(l), Path: "/", MaxAge: 365 * 24 * 3600, HttpOnly: true, SameSite: http.SameSiteStrictMode})
	}
	http.Redirect(w, r, back(r.PostFormValue("path")), http.StatusSeeOther)
}

// back makes sure that a redirect stays on this site.
func back(path string) string {
	u, err := url.Parse(path)
	if err != nil || u.IsAbs() || u.Host != "" || len(u.Path) == 0 || u.Path[0] != '/' || len(u.Path) > 1 && (u.Path[1] == '/' || u.Path[1] == '\\') {
		return "/"
	}
	return u.RequestURI()
}
