package page

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/auth"
)

// Route is one address of the pages or of the API.
type Route struct {
	Pattern string          // as net/http.ServeMux has it: "GET /hosts/{id}"
	Need    auth.Permission // what the viewer must be allowed
	Do      Action
	JSON    bool // troubles are answered as JSON: for machines
	Large   bool // uploads: the action itself bounds what it reads; all others read at most maxForm
	Quiet   bool // the audit trail has only what the action itself notes: it does so better, or is one of very many steps
}

// maxForm bounds what a form or a JSON body may be.
const maxForm = 256 << 10

// Action answers a request. An error it returns, before it has written anything, is shown in words.
type Action func(w http.ResponseWriter, r *http.Request) error

// Deed is a change that somebody made, for the audit trail.
type Deed struct {
	Who     auth.Viewer
	Action  string // the route's pattern, or what Kit.Note said
	Object  string // path of the request, or what Kit.Note said
	Source  string // address of the viewer
	Details []string
}

// Mount adds the routes to mux, each behind its permission. What changes something and succeeds is noted in the audit trail.
func (k *Kit) Mount(mux *http.ServeMux, routes []Route) {
	for _, rt := range routes {
		mux.Handle(rt.Pattern, k.measured(rt, k.handler(rt)))
	}
}

// measured tells Measure of each answer.
func (k *Kit) measured(rt Route, next http.Handler) http.Handler {
	if k.Measure == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began, a := time.Now(), &answer{ResponseWriter: w}
		next.ServeHTTP(a, r)
		k.Measure(rt.Pattern, cmp.Or(a.status, http.StatusOK), time.Since(began))
	})
}

func (k *Kit) handler(rt Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := auth.ViewerOf(r.Context())
		if !v.May(rt.Need) {
			k.refuse(w, r, rt, v)
			return
		}
		if !rt.Large {
			r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		}
		n := &notes{}
		r = r.WithContext(context.WithValue(r.Context(), notesKey{}, n))
		answer := &answer{ResponseWriter: w}
		err := rt.Do(answer, r)
		switch {
		case err != nil && !answer.begun:
			k.fail(w, r, err, rt.JSON)
		case err != nil && k.Report != nil:
			k.Report(err)
		}
		if err == nil && answer.status < http.StatusBadRequest {
			k.record(r, rt, v, n)
		}
	})
}

// refuse sends somebody who has not signed in to the door, and tells everybody else that it is not for them.
func (k *Kit) refuse(w http.ResponseWriter, r *http.Request, rt Route, v auth.Viewer) {
	switch {
	case v.ID != "":
		k.fail(w, r, ErrForbidden, rt.JSON)
	case rt.JSON:
		w.Header().Set("WWW-Authenticate", `Bearer realm="mimawari"`)
		k.fail(w, r, ErrSignIn, true)
	case r.Method == http.MethodGet:
		http.Redirect(w, r, SignIn+"?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
	default:
		k.fail(w, r, ErrSignIn, false)
	}
}

// SignIn is where people sign in.
const SignIn = "/signin"

type notesKey struct{}

type notes struct{ deeds []Deed }

// Note adds an entry of its own to the audit trail if the request succeeds, in place of the general one. details are pairs of
// name and value; no secrets, no patients' data.
func Note(r *http.Request, action, object string, details ...string) {
	if n, ok := r.Context().Value(notesKey{}).(*notes); ok {
		n.deeds = append(n.deeds, Deed{Action: action, Object: object, Details: details})
	}
}

// record hands what was changed to the audit trail. Reading leaves no entry unless the page noted one (exports).
func (k *Kit) record(r *http.Request, rt Route, v auth.Viewer, n *notes) {
	if k.Record == nil {
		return
	}
	deeds := n.deeds
	if len(deeds) == 0 && !rt.Quiet && r.Method != http.MethodGet && r.Method != http.MethodHead {
		deeds = []Deed{{Action: rt.Pattern, Object: r.URL.Path}}
	}
	for _, d := range deeds {
		if d.Who = auth.ViewerOf(r.Context()); d.Who.ID == "" {
			d.Who = v
		}
		d.Source = Source(r)
		if err := k.Record(context.WithoutCancel(r.Context()), d); err != nil && k.Report != nil {
			k.Report(err)
		}
	}
}

// Source is the address that a request came from. Forwarded headers are not believed: anybody can write them.
func Source(r *http.Request) string {
	s := r.RemoteAddr
	if i := strings.LastIndexByte(s, ':'); i > 0 {
		s = s[:i]
	}
	return strings.Trim(s, "[]")
}

// answer remembers whether and how the action answered.
type answer struct {
	http.ResponseWriter
	begun  bool
	status int
}

func (a *answer) WriteHeader(status int) {
	if !a.begun {
		a.begun, a.status = true, status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(b []byte) (int, error) {
	a.begun = true
	return a.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach flushing and deadlines.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
