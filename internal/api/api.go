package api

import (
	"context"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/mimawari/mimawari/internal/audit"
	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/ledger"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

// prefix is where the API is.
const prefix = "/api/v1"

// maxBody bounds what a request may send.
const maxBody = 64 << 10

// Parts are what the operations need.
type Parts struct {
	Memory Memory
	Desk   Desk
	Finder Finder
	// What is nil is not there: its operations answer 404.
	Versions   Versions
	Declarer   Declarer
	Trails     Trails
	Notes      Notes
	Intake     Intake
	Sources    Sources
	Reports    Shelved
	Teller     Teller
	Keeper     *auth.Keeper
	Trail      *audit.Trail
	House      House
	Retention  Retention
	Past       Past // the memory of flows
	Indicators Indicators
	Now        func() time.Time // nil: the clock
	Zone       *time.Location   // of the institution; nil: UTC
	Shelf      *ledger.Shelf    // holds workbooks between dry run and import
	// Page gives the action of a route of the pages, nil if there is none: what hands out a file is one and the same.
	Page func(pattern string) func(http.ResponseWriter, *http.Request) error
	// Note puts an entry of its own into the audit trail if the request succeeds. May be nil.
	Note func(r *http.Request, action, object string, details ...string)
}

// API answers /api/v1/. Who asks and whether they may is made sure of before: package web mounts each operation behind the
// permission that it names.
type API struct {
	Parts
	huma       huma.API
	routes     collected
	operations []Operation
	document   document
	paths      *http.ServeMux // only to know which methods an address has
	guard      sync.Mutex     // between looking at what is there and overwriting it
}

// Operation is one thing that can be asked of the API.
type Operation struct {
	Method, Path string
	Need         auth.Permission
	Stream       bool     // the answer goes on, or is a file: it is neither kept nor tagged
	Large        bool     // the operation itself bounds what it reads
	Quiet        bool     // one of very many steps: nothing of it is in the audit trail
	Personal     bool     // for a person's session only, not for a token
	Media        []string // what the answer is, if it is not JSON
	Pages        []string // the routes of the pages that do the same

	ID, Tag, Summary, Text string
	maxBody                int64 // 0: maxBody
}

// Pattern is the operation as net/http.ServeMux has it.
func (o Operation) Pattern() string { return o.Method + " " + o.Path }

// collected takes the handlers from huma in place of a mux of its own: the one mux is the pages'.
type collected map[string]http.HandlerFunc

func (c collected) HandleFunc(pattern string, h func(http.ResponseWriter, *http.Request)) {
	c[pattern] = h
}

func (c collected) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusNotFound)
}

// New makes the API.
func New(p Parts) *API {
	a := &API{Parts: p, routes: collected{}, paths: http.NewServeMux()}
	r := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	for t, alias := range aliases {
		r.RegisterTypeAlias(t, alias)
	}
	a.huma = humago.New(a.routes, huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0", Info: &huma.Info{Title: "Mimawari", Version: "1", Description: about},
			Servers:    []*huma.Server{{URL: "/", Description: "where this document was read"}},
			Components: &huma.Components{Schemas: r, SecuritySchemes: schemes},
		},
		Formats: map[string]huma.Format{"application/json": jsonFormat}, DefaultFormat: "application/json", RejectUnknownQueryParameters: true,
	})
	for _, register := range []func(*API){
		(*API).patrolOperations, (*API).hostOperations, (*API).trailOperations, (*API).findingOperations, (*API).suppressionOperations,
		(*API).ledgerOperations, (*API).ledgerRowOperations, (*API).ledgerMachineOperations, (*API).ledgerImportOperations, (*API).intakeOperations, (*API).sourceOperations, (*API).institutionOperations, (*API).houseOperations,
		(*API).downloadOperations, (*API).channelOperations, (*API).peopleOperations,
		(*API).searchOperations, (*API).huntOperations, (*API).indicatorOperations,
		(*API).documentOperations,
	} {
		register(a)
	}
	a.finish()
	return a
}

// Operations are all there are.
func (a *API) Operations() []Operation { return a.operations }

// add registers an operation.
func add[I, O any](a *API, o Operation, f func(context.Context, *I) (*O, error)) {
	for i := range reflect.TypeFor[I]().NumField() {
		if x := reflect.TypeFor[I]().Field(i); !x.IsExported() {
			panic("BUG: " + o.ID + ": huma can't see the input " + x.Name)
		}
	}
	o.Path = prefix + o.Path
	a.operations = append(a.operations, o)
	a.paths.Handle(o.Pattern(), http.NotFoundHandler())
	h := huma.Operation{
		OperationID: o.ID, Method: o.Method, Path: o.Path, Summary: o.Summary, Description: o.Text, Tags: []string{o.Tag},
		MaxBodyBytes: maxBody, DefaultStatus: http.StatusOK, Security: []map[string][]string{{tokenScheme: {string(o.Need)}}},
		Errors: failures(o, reflect.TypeFor[I]()),
	}
	if o.maxBody > 0 {
		h.MaxBodyBytes, h.BodyReadTimeout = o.maxBody, slow
	}
	huma.Register(a.huma, h, f)
}

// slow is how long a large body may take over a slow line.
const slow = 10 * time.Minute

// call is what a request brings along besides its input, and what came of it.
type call struct {
	lang    locale.Lang
	url     *url.URL
	err     error
	request *http.Request
}

type callKey struct{}

// callOf gives the call of ctx; a zero one outside of a request.
func callOf(ctx context.Context) *call {
	if c, ok := ctx.Value(callKey{}).(*call); ok {
		return c
	}
	return &call{lang: locale.Japanese, url: &url.URL{}}
}

// Do gives the action of an operation. An error that it returns is for the caller to show: nothing has been written then.
func (a *API) Do(o Operation) func(http.ResponseWriter, *http.Request) error {
	handle := a.routes[o.Pattern()]
	return func(w http.ResponseWriter, r *http.Request) error {
		if o.Personal && auth.ViewerOf(r.Context()).Session == "" {
			return &Refused{Key: "web.forbidden", Status: http.StatusForbidden}
		}
		c := &call{lang: Lang(r), url: r.URL, request: r}
		r = r.WithContext(context.WithValue(r.Context(), callKey{}, c))
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Add("Vary", "Accept-Language, Authorization, Cookie")
		if o.Stream {
			handle(&hesitant{w, c}, r)
			return c.err
		}
		k := &kept{ResponseWriter: w}
		handle(k, r)
		if c.err != nil {
			return c.err
		}
		k.send(r)
		return nil
	}
}

// Missing answers for addresses that there are not, or not with this method.
func (a *API) Missing(w http.ResponseWriter, r *http.Request) error {
	var allow []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		probe := &http.Request{Method: method, URL: r.URL, Host: r.Host}
		if _, pattern := a.paths.Handler(probe); pattern != "" && pattern != "/" {
			allow = append(allow, method)
		}
	}
	if len(allow) == 0 {
		return model.ErrNotFound
	}
	w.Header().Set("Allow", strings.Join(allow, ", "))
	return &Refused{Key: "api.method", Pairs: []string{"allow", strings.Join(allow, ", ")}, Status: http.StatusMethodNotAllowed}
}

// Lang is the language a request asks for: ?lang=, else the cookie of the pages, else Accept-Language, else Japanese.
func Lang(r *http.Request) locale.Lang {
	if l, ok := locale.Parse(r.URL.Query().Get("lang")); ok {
		return l
	}
	if c, err := r.Cookie("lang"); err == nil {
		if l, ok := locale.Parse(c.Value); ok {
			return l
		}
	}
	if l, ok := locale.Parse(r.Header.Get("Accept-Language")); ok {
		return l
	}
	return locale.Japanese
}

// noted puts an entry into the audit trail if the request succeeds: the same as the page that does the same.
func (a *API) noted(ctx context.Context, action, object string, details ...string) {
	if r := callOf(ctx).request; a.Note != nil && r != nil {
		a.Note(r, action, object, details...)
	}
}

func (a *API) now() time.Time {
	if a.Now == nil {
		return time.Now()
	}
	return a.Now()
}

func (a *API) zone() *time.Location {
	if a.Zone == nil {
		return time.UTC
	}
	return a.Zone
}

// who is the name under which a decision is kept: the person, or the owner of the token.
func who(ctx context.Context) string { return auth.ViewerOf(ctx).Called() }
