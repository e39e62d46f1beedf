// Package gate lets people in: set-up of the first administrator, sign-in, second factor, sign-in links, sign-out, and the middleware that
// says for each request who asks. Until there is an administrator nothing but the set-up answers. All of it works without JavaScript,
// but passkeys, which browsers offer to scripts only.
//
// It decides nothing about passwords, codes and sessions (package auth does) and nothing about permissions (package page does).
package gate

import (
	"embed"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/auth/directory"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/web/page"
)

//go:embed pages
var pages embed.FS

// Site is the gate of one server.
type Site struct {
	Kit    *page.Kit
	Keeper *auth.Keeper
	// Code must be typed to set up the first administrator from another machine; the server prints it. "" allows it from this machine only.
	Code string
	// Provider signs people in elsewhere. May be nil.
	Provider Provider

	// Restore takes an archive in place of a set-up; it asks whether the code that came with it is good enough. nil: it can't be done here.
	Restore func(w http.ResponseWriter, r *http.Request, permit func(code string) bool) error

	ready *atomic.Bool // there is an administrator; it never ends
}

// New gives the gate.
func New(k *page.Kit, keeper *auth.Keeper, code string) *Site {
	return &Site{Kit: k, Keeper: keeper, Code: code, ready: new(atomic.Bool)}
}

// The addresses of the gate.
const (
	setUpPath   = "/setup"
	restorePath = "/setup/restore"
	secondPath  = "/signin/second"
	enrolPath   = "/signin/enrol"
	enterPath   = "/enter"
	oidcPath    = "/signin/oidc"
)

// Routes are the addresses of the gate. They answer everyone; what is done is noted by the keeper itself.
func (s *Site) Routes() []page.Route {
	rs := []page.Route{
		{Pattern: "GET " + setUpPath, Do: s.setUpPage},
		{Pattern: "POST " + setUpPath, Do: s.setUp},
		{Pattern: "POST " + restorePath, Do: s.restore, Large: true},
		{Pattern: "GET " + page.SignIn, Do: s.signInPage},
		{Pattern: "POST " + page.SignIn, Do: s.signIn},
		{Pattern: "POST " + page.SignIn + "/passkey/options", Do: s.passkeyOptions, JSON: true},
		{Pattern: "POST " + page.SignIn + "/passkey", Do: s.passkey, JSON: true},
		{Pattern: "GET " + secondPath, Do: s.secondPage},
		{Pattern: "POST " + secondPath, Do: s.second},
		{Pattern: "GET " + enrolPath, Do: s.enrolPage},
		{Pattern: "POST " + enrolPath, Do: s.enrol},
		{Pattern: "GET " + enrolPath + "/qr.png", Do: s.enrolQR},
		{Pattern: "POST " + enrolPath + "/passkey/options", Do: s.enrolPasskeyOptions, JSON: true},
		{Pattern: "POST " + enrolPath + "/passkey", Do: s.enrolPasskey, JSON: true},
		{Pattern: "GET " + enterPath, Do: s.enterPage},
		{Pattern: "POST " + enterPath, Do: s.enter},
		{Pattern: "GET " + oidcPath, Do: s.leave},
		{Pattern: "GET " + directory.BackPath, Do: s.comeBack},
		{Pattern: "POST /signout", Do: s.signOut},
	}
	for i := range rs {
		rs[i].Need, rs[i].Quiet = auth.Everyone, true
	}
	return rs
}

// Middleware says who asks, and lets nothing but the set-up answer while there is no administrator.
func (s *Site) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.WithContext(auth.WithClient(r.Context(), clientOf(r)))
		empty, err := s.empty(r)
		if err != nil {
			s.trouble(w, r, err)
			return
		}
		if empty && !beforeSetUp(r.URL.Path) {
			s.sendToSetUp(w, r)
			return
		}
		v, err := s.viewer(r)
		if err != nil {
			s.trouble(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(auth.WithViewer(r.Context(), v)))
	})
}

func (s *Site) empty(r *http.Request) (bool, error) {
	if s.ready.Load() {
		return false, nil
	}
	empty, err := s.Keeper.Empty(r.Context())
	if err == nil && !empty {
		s.ready.Store(true)
	}
	return empty, err
}

// beforeSetUp reports what answers while there is no administrator.
func beforeSetUp(path string) bool {
	return path == setUpPath || path == restorePath || path == "/healthz" || path == "/readyz" || path == "/lang" || strings.HasPrefix(path, "/static/")
}

func (s *Site) sendToSetUp(w http.ResponseWriter, r *http.Request) {
	if isAPI(r.URL.Path) || r.Method != http.MethodGet {
		s.say(w, r, http.StatusServiceUnavailable, "gate.not_set_up")
		return
	}
	http.Redirect(w, r, setUpPath, http.StatusSeeOther)
}

func isAPI(path string) bool { return strings.HasPrefix(path, "/api/") || path == "/metrics" }

// say answers machines, and what is no page.
func (s *Site) say(w http.ResponseWriter, r *http.Request, status int, key string) {
	l := api.Lang(r)
	_ = page.JSON(w, status, map[string]any{"error": map[string]string{"code": key, "text": locale.T(l, key)}}) // strings can be encoded
}

func (s *Site) trouble(w http.ResponseWriter, r *http.Request, err error) {
	if s.Kit.Report != nil {
		s.Kit.Report(err)
	}
	s.say(w, r, http.StatusInternalServerError, "api.internal")
}

// viewer is who asks: by an API token where machines ask, else by the session's cookie. A token that is no good is nobody: it does not
// fall back to the cookie.
func (s *Site) viewer(r *http.Request) (auth.Viewer, error) {
	if token, ok := bearer(r); ok && isAPI(r.URL.Path) {
		v, err := s.Keeper.Bearer(r.Context(), token)
		var refused *auth.Error
		if errors.As(err, &refused) {
			return auth.Viewer{}, nil
		}
		return v, err
	}
	v, _, err := s.Keeper.Look(r.Context(), secretOf(r))
	return v, err
}

func bearer(r *http.Request) (string, bool) {
	h := r.Header.Get("Authorization")
	if len(h) < 7 || !strings.EqualFold(h[:7], "Bearer ") {
		return "", h != ""
	}
	return strings.TrimSpace(h[7:]), true
}

// clientOf is where a request comes from. Forwarded headers are not believed: anybody can write them.
func clientOf(r *http.Request) auth.Client {
	c := auth.Client{Agent: r.UserAgent()}
	if a, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		c.Addr = a.Addr().Unmap()
	}
	return c
}

// near reports whether the request comes from this machine itself, and not through a proxy on it.
func near(r *http.Request) bool {
	for _, h := range []string{"X-Forwarded-For", "X-Forwarded-Host", "Forwarded", "Via", "X-Real-Ip"} {
		if r.Header.Get(h) != "" {
			return false
		}
	}
	a := clientOf(r).Addr
	return a.IsValid() && a.IsLoopback()
}

// cookieName is that of the session. With TLS the browser itself makes sure that it was set by this host, for all of it and over TLS
// (__Host-). Without, it tells servers on other ports of this machine apart.
func cookieName(r *http.Request) string {
	if r.TLS != nil {
		return "__Host-mimawari"
	}
	if _, port, err := net.SplitHostPort(r.Host); err == nil {
		return "mimawari-" + port
	}
	return "mimawari"
}

// secretOf is the session that the browser has.
func secretOf(r *http.Request) string {
	c, err := r.Cookie(cookieName(r))
	if err != nil {
		return ""
	}
	return c.Value
}

// keep gives the browser its session. It ends with the browser, and at the time that the keeper says.
func keep(w http.ResponseWriter, r *http.Request, secret string) {
	http.SetCookie(w, &http.Cookie{Name: cookieName(r), Value: secret, Path: "/", HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteLaxMode})
}

func forget(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, &http.Cookie{Name: cookieName(r), Path: "/", MaxAge: -1, HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteLaxMode})
}

// SiteOf is this site as the browser sees it: passkeys belong to it.
func SiteOf(r *http.Request) auth.Site {
	host, scheme := r.Host, "http"
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if r.TLS != nil {
		scheme = "https"
	}
	return auth.Site{Host: host, Origin: scheme + "://" + r.Host}
}

// view is what every page of the gate shows.
type view struct {
	page.Frame
	Error     string // what was refused, in words
	Login     string
	Name      string
	Next      string
	Key       string
	NeedKey   bool
	Secret    string
	Codes     []string
	Passkey   bool
	Elsewhere string // the button that leads to the identity provider, "" if there is none
}

func (s *Site) frame(r *http.Request, title string) view {
	v := view{Frame: s.Kit.Frame(r, title, ""), Next: nextOf(r), Login: r.PostFormValue("login"), Name: r.PostFormValue("name")}
	v.Bare = true
	return v
}

// nextOf is where somebody wanted to go before signing in.
func nextOf(r *http.Request) string {
	if n := r.FormValue("next"); n != "" {
		return page.Back(n)
	}
	return "/"
}

// refused shows the form again with the refusal in words. An error that is none is ours: the kernel shows it.
func (s *Site) refused(w http.ResponseWriter, r *http.Request, t *page.Template, v view, err error) error {
	var e *auth.Error
	if !errors.As(err, &e) {
		return err
	}
	v.Error = locale.T(v.Lang, "auth.error."+e.Code, e.Pairs...)
	return s.Kit.Render(w, r, statusOf(e), t, v)
}

func statusOf(e *auth.Error) int {
	switch e.Code {
	case auth.CodeWait, auth.CodeBusy:
		return http.StatusTooManyRequests
	case auth.CodeWrong, auth.CodeWrongCode, auth.CodeUsedCode, auth.CodeLink, auth.CodePasskey, auth.CodeSignInAgain:
		return http.StatusUnauthorized
	}
	return http.StatusBadRequest
}

// inWords turns a refusal of the keeper into one that the kernel shows in words.
func inWords(err error) error {
	var e *auth.Error
	if errors.As(err, &e) {
		return &api.Refused{Key: "auth.error." + e.Code, Pairs: e.Pairs}
	}
	return err
}

// go on after a step of the sign-in: to what is left to prove, or to where the person wanted to go.
func (s *Site) goOn(w http.ResponseWriter, r *http.Request, e auth.Entry) {
	keep(w, r, e.Secret)
	http.Redirect(w, r, nextStep(e.Stage, nextOf(r)), http.StatusSeeOther)
}

func nextStep(stage, next string) string {
	switch stage {
	case auth.StageSecond:
		return page.With(secondPath, nil, "next", next)
	case auth.StageEnrol:
		return page.With(enrolPath, nil, "next", next)
	}
	return next
}
