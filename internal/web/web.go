// Package web puts the pages and the API under one roof: it gathers the routes of all page packages, guards them and serves them. Each page
// package (today, hosts, findings...) is a room of its own on top of package page. It decides nothing, and shows nothing itself.
//
// Everybody signs in (package gate). Beyond loopback the caller serves TLS; Handler refuses requests that name a host which the
// certificate is not for (DNS rebinding) or come from another site.
package web

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/audit"
	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/ledger"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/web/declared"
	"github.com/mimawari/mimawari/internal/web/finder"
	"github.com/mimawari/mimawari/internal/web/findings"
	"github.com/mimawari/mimawari/internal/web/gate"
	"github.com/mimawari/mimawari/internal/web/hosts"
	"github.com/mimawari/mimawari/internal/web/hunt"
	"github.com/mimawari/mimawari/internal/web/intake"
	"github.com/mimawari/mimawari/internal/web/maps"
	"github.com/mimawari/mimawari/internal/web/metrics"
	"github.com/mimawari/mimawari/internal/web/notifications"
	"github.com/mimawari/mimawari/internal/web/page"
	"github.com/mimawari/mimawari/internal/web/reports"
	"github.com/mimawari/mimawari/internal/web/settings"
	"github.com/mimawari/mimawari/internal/web/setup"
	"github.com/mimawari/mimawari/internal/web/today"
	"github.com/mimawari/mimawari/internal/web/upkeep"
)

// Site is what the pages need.
type Site struct {
	Memory  today.Memory
	Desk    api.Desk
	Notes   hosts.Notes
	Trails  hosts.Trails
	Reports reports.Shelf        // nil: only the report of the last patrol
	Teller  notifications.Teller // nil: there is no page of notifications
	Intake  intake.Desk          // nil: nothing is taken in, and there is no page for it
	// Settings and House are for the course that leads to the first report; without Settings there is none.
	Settings setup.Settings
	House    setup.Institutions
	Maps     maps.Desk // nil: there is no map
	// Certificates, Archives and Retention are for the pages that look after Mimawari itself.
	Certificates Certificates
	Archives     upkeep.Archives
	Retention    upkeep.Retention
	Names        func() []string  // of this machine
	Ledger       Ledger           // nil: there are no pages of the ledger
	Stored       declared.Archive // what Ledger made
	// Institution says whose network this is. May be nil in tests.
	Institution func(context.Context) (model.Institution, error)
	// Finder is the search box; nil: there is none.
	Finder api.Finder
	// Flows is the memory of flows. nil: there is no page to hunt.
	Flows api.Past
	// Indicators are the lists of what is known to be bad. nil: there is no page of them.
	Indicators api.Indicators

	Zone *time.Location
	Now  func() time.Time
	// Report is told of errors that the reader is not shown. May be nil.
	Report func(error)
	// Record takes what people did into the audit trail. May be nil in tests.
	Record func(context.Context, page.Deed) error
	// Keeper lets people in. It must be there: without it nobody could be told from anybody.
	Keeper *auth.Keeper
	Trail  *audit.Trail
	// Directory signs in whom the institution knows already. May be nil: then nobody is asked, and there are no settings for it.
	Directory Directory
	// SetUpCode allows the first administrator to be set up from another machine; "" forbids it.
	SetUpCode string

	meter *metrics.Meter // one for all routes
	shelf *ledger.Shelf  // one for pages and API
}

// metered gives what measures the answers.
func (s Site) metered() *metrics.Meter {
	if s.meter != nil {
		return s.meter
	}
	return &metrics.Meter{Memory: s.Memory, Watches: s.Intake, Report: s.Report}
}

// Ledger is what is declared and what people decide on it.
type Ledger interface {
	declared.Desk
	hosts.Declared
}

// Directory is the institution's directory and identity provider.
type Directory interface {
	gate.Provider
	settings.Directory
}

// Certificates looks after the certificate of the pages and says which names it is for.
type Certificates interface {
	upkeep.Certificates
	Serves(host string) bool
}

// Listen opens addr. Where Loopback says no, the caller must serve it encrypted.
func Listen(ctx context.Context, addr string) (net.Listener, error) {
	var lc net.ListenConfig
	return lc.Listen(ctx, "tcp", addr)
}

// Loopback reports whether only this machine can reach addr (host:port).
func Loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	return err == nil && loopback(host)
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return ip != nil && ip.IsLoopback()
}

// Server gives the HTTP server with its limits.
func Server(s Site) *http.Server {
	return &http.Server{
		Handler: Handler(s), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
	}
}

// menu is the order of the menu. What a viewer may not see is left out.
var menu = []page.Entry{
	{Path: "/", Key: "web.today.menu", Here: "today", Need: auth.Look},
	{Path: "/findings", Key: "web.findings", Here: "findings", Need: auth.Look},
	{Path: "/ledger", Key: "declared.menu", Here: "ledger", Need: auth.Look},
	{Path: "/hosts", Key: "web.hosts", Here: "hosts", Need: auth.Look},
	{Path: "/map", Key: "map.menu", Here: "map", Need: auth.Look},
	{Path: "/hunt", Key: "hunt.title", Here: "hunt", Need: auth.Look},
	{Path: "/reports", Key: "reports.title", Here: "reports", Need: auth.Report},
	{Path: "/intake", Key: "intake.title", Here: "intake", Need: auth.Intake},
	{Path: "/settings", Key: "settings", Here: "settings", Need: auth.SignedIn},
}

// others are the parts of 設定 that are rooms of their own.
var others = []page.Entry{
	{Path: notifications.Path, Key: "notify.page.title", Need: auth.Manage},
	{Path: "/settings/certificate", Key: "upkeep.certificate", Need: auth.Manage},
	{Path: "/settings/archive", Key: "upkeep.archive", Need: auth.Manage},
	{Path: "/settings/retention", Key: "retention.title", Need: auth.Manage},
}

// menuOf leaves out what this server does not do.
func menuOf(s Site) []page.Entry {
	return slices.DeleteFunc(slices.Clone(menu), func(e page.Entry) bool {
		if e.Here == "ledger" {
			return s.Ledger == nil
		}
		return e.Here == "intake" && s.Intake == nil || e.Here == "map" && s.Maps == nil || e.Here == "hunt" && s.Flows == nil || e.Here == "reports" && s.Reports == nil || e.Path == notifications.Path && s.Teller == nil
	})
}

// rooms are the page packages.
func rooms(k *page.Kit, s Site) []interface{ Routes() []page.Route } {
	return []interface{ Routes() []page.Route }{
		today.Site{Kit: k, Memory: s.Memory, Institution: s.Institution, Map: s.Maps != nil},
		hosts.Site{Kit: k, Memory: s.Memory, Notes: s.Notes, Trails: s.Trails, Declared: s.Ledger},
		findings.Site{Kit: k, Memory: s.Memory, Desk: s.Desk, Institution: s.Institution},
		reports.Site{Kit: k, Memory: s.Memory, Shelf: s.Reports, Institution: s.Institution},
		notifications.Site{Kit: k, Teller: s.Teller},
		finder.Site{Kit: k, Finder: s.Finder},
		hunt.Site{Kit: k, Past: s.Flows, Zone: s.Zone},
		intake.Site{Kit: k, Desk: s.Intake},
		course(k, s),
		care(k, s),
		settings.Site{Kit: k, Keeper: s.Keeper, Trail: s.Trail, Directory: s.Directory, Indicators: s.Indicators, Others: others},
		maps.Site{Kit: k, Desk: s.Maps},
		declared.Site{Kit: k, Desk: s.Ledger, Archive: s.Stored, Shelf: s.shelf},
	}
}

// care looks after Mimawari itself.
func care(k *page.Kit, s Site) upkeep.Site {
	return upkeep.Site{Kit: k, Certificates: s.Certificates, Archives: s.Archives, Retention: s.Retention, Names: s.Names}
}

// course leads from an empty server to the first report.
func course(k *page.Kit, s Site) setup.Site {
	x := setup.Site{Kit: k, Settings: s.Settings, House: s.House, Intake: s.Intake, Memory: s.Memory, Template: "/ledger-template.xlsx", Account: "/account"}
	if s.Archives != nil {
		x.Restore = "/settings/archive"
	}
	return x
}

// Routes are all addresses, each with the permission it needs.
func Routes(k *page.Kit, s Site) []page.Route {
	if s.Stored != nil {
		s.shelf = ledger.NewShelf(s.Stored, k.Now)
	}
	rs := []page.Route{
		{Pattern: "GET /healthz", Need: auth.Everyone, Do: healthy},
		{Pattern: "GET /readyz", Need: auth.Everyone, Do: s.ready},
		{Pattern: "GET /static/{name}", Need: auth.Everyone, Do: page.Static},
		{Pattern: "POST /lang", Need: auth.Everyone, Do: k.ChooseLang},
		{Pattern: "/", Need: auth.Everyone, Do: page.Missing},
	}
	rs = append(rs, s.metered().Routes()...)
	for _, room := range rooms(k, s) {
		rs = append(rs, room.Routes()...)
	}
	rs = append(rs, machines(s, rs)...)
	for i := range rs {
		if rs[i].Pattern == "GET /{$}" {
			rs[i].Do = course(k, s).First(rs[i].Do)
		}
	}
	return rs
}

// machines are the operations of the API, each behind the permission that it names. Files are handed out by the actions of the pages.
func machines(s Site, pages []page.Route) []page.Route {
	a := api.New(parts(s, pages))
	rs := []page.Route{{Pattern: "/api/", Need: auth.SignedIn, Do: a.Missing, JSON: true}}
	for _, o := range a.Operations() {
		rs = append(rs, page.Route{Pattern: o.Pattern(), Need: o.Need, Do: a.Do(o), JSON: true, Large: o.Large, Quiet: o.Quiet})
	}
	return rs
}

// parts are what the operations need.
func parts(s Site, pages []page.Route) api.Parts {
	p := api.Parts{Memory: s.Memory, Desk: s.Desk, Finder: s.Finder, Versions: s.Stored, Trails: s.Trails, Notes: s.Notes, Note: page.Note, Keeper: s.Keeper, Trail: s.Trail, Now: s.Now, Zone: s.Zone, Past: s.Flows, Indicators: s.Indicators}
	if s.Reports != nil {
		p.Reports = s.Reports
	}
	if s.Teller != nil {
		p.Teller = s.Teller
	}
	if s.House != nil {
		p.House = s.House
	}
	if s.Retention != nil {
		p.Retention = s.Retention
	}
	if s.Ledger != nil {
		p.Declarer, p.Shelf = s.Ledger, s.shelf
	}
	if s.Intake != nil {
		p.Intake, p.Sources = s.Intake, s.Intake
	}
	do := map[string]page.Action{}
	for _, rt := range pages {
		do[rt.Pattern] = rt.Do
	}
	p.Page = func(pattern string) func(http.ResponseWriter, *http.Request) error { return do[pattern] }
	return p
}

func healthy(w http.ResponseWriter, _ *http.Request) error {
	_, err := fmt.Fprintln(w, "ok")
	return err
}

// ready tells whether the store can be read, and nothing of what is in it.
func (s Site) ready(w http.ResponseWriter, r *http.Request) error {
	ctx, stop := context.WithTimeout(r.Context(), 2*time.Second)
	defer stop()
	if _, err := s.Memory.Patrols(ctx, 1); err != nil {
		if s.Report != nil {
			s.Report(fmt.Errorf("readyz: %w", err))
		}
		http.Error(w, "not ready", http.StatusServiceUnavailable)
		return nil
	}
	return healthy(w, r)
}

// Handler serves pages and API.
func Handler(s Site) http.Handler {
	page.Ready()
	meter := s.metered()
	s.meter = meter
	k := &page.Kit{Now: s.Now, Zone: s.Zone, Report: s.Report, Record: s.Record, Measure: meter.Measure, Menu: menuOf(s), NoSearch: s.Finder == nil, Institution: s.name}
	door := gate.New(k, s.Keeper, s.SetUpCode)
	if s.Archives != nil {
		door.Restore = care(k, s).Take
	}
	door.Provider = s.Directory
	mux := http.NewServeMux()
	k.Mount(mux, append(Routes(k, s), door.Routes()...))
	return guard(s.served, http.NewCrossOriginProtection().Handler(door.Middleware(mux)))
}

// name is what the head of the pages calls the institution. A page does not fail for want of it.
func (s Site) name(ctx context.Context) string {
	if s.Institution == nil {
		return ""
	}
	x, err := s.Institution(ctx)
	if err != nil && s.Report != nil {
		s.Report(fmt.Errorf("the institution's name: %w", err))
	}
	return x.Name
}

// policy is the content security policy: our own files only, nothing inline.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// served reports whether a request may name this host: the machine itself or, encrypted, what the certificate is for.
func (s Site) served(host string, encrypted bool) bool {
	return loopback(host) || encrypted && s.Certificates != nil && s.Certificates.Serves(host)
}

// guard sets the security headers and refuses requests for another host name (DNS rebinding).
func guard(served func(host string, encrypted bool) bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		if r.TLS != nil {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		if !served(strings.Trim(host, "[]"), r.TLS != nil) {
			http.Error(w, "nothing is served under this name", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}
