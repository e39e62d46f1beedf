package gate

import (
	"context"
	"net/http"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/web/page"
)

// Provider is where people sign in elsewhere.
type Provider interface {
	// Button gives the text of the button, and whether there is to be one.
	Button(ctx context.Context) (label string, on bool, err error)
	Begin(ctx context.Context, origin, next string) (to, ticket string, err error)
	Finish(ctx context.Context, origin, ticket, state, code string) (who auth.Known, next string, err error)
}

// signInView is the form, with the button that leads elsewhere. Without the provider's settings people must still be able to sign in here.
func (s *Site) signInView(r *http.Request) view {
	v := s.frame(r, "gate.sign_in")
	if s.Provider == nil {
		return v
	}
	label, on, err := s.Provider.Button(r.Context())
	if err != nil && s.Kit.Report != nil {
		s.Kit.Report(err)
	}
	if err != nil || !on {
		return v
	}
	if v.Elsewhere = label; label == "" {
		v.Elsewhere = v.T("directory.button")
	}
	return v
}

// notIn shows the form again with why.
func (s *Site) notIn(w http.ResponseWriter, r *http.Request, err error) error {
	return s.refused(w, r, signInForm, s.signInView(r), err)
}

// ticketCookie is what the browser keeps while somebody is at the provider.
func ticketCookie(r *http.Request, value string, age int) *http.Cookie {
	// Lax: it must come along when the provider sends the browser back.
	return &http.Cookie{Name: cookieName(r) + "-oidc", Value: value, Path: "/", MaxAge: age, HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteLaxMode}
}

// ticketAge is how long the browser keeps the ticket, in seconds; the ticket itself ends then too.
const ticketAge = 600

// leave sends somebody to the provider. It is a link: a form may lead to no other site here.
func (s *Site) leave(w http.ResponseWriter, r *http.Request) error {
	if s.Provider == nil {
		return model.ErrNotFound
	}
	to, ticket, err := s.Provider.Begin(r.Context(), SiteOf(r).Origin, nextOf(r))
	if err != nil {
		return s.notIn(w, r, err)
	}
	http.SetCookie(w, ticketCookie(r, ticket, ticketAge))
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// comeBack takes whom the provider sends back. What the provider says in "error" is not shown: anybody can write it.
func (s *Site) comeBack(w http.ResponseWriter, r *http.Request) error {
	if s.Provider == nil {
		return model.ErrNotFound
	}
	ticket := ""
	if c, err := r.Cookie(ticketCookie(r, "", 0).Name); err == nil {
		ticket = c.Value
	}
	http.SetCookie(w, ticketCookie(r, "", -1))
	q := r.URL.Query()
	who, next, err := s.Provider.Finish(r.Context(), SiteOf(r).Origin, ticket, q.Get("state"), q.Get("code"))
	if err != nil {
		return s.notIn(w, r, err)
	}
	e, err := s.Keeper.SignInKnown(r.Context(), who)
	if err != nil {
		return s.notIn(w, r, err)
	}
	keep(w, r, e.Secret)
	http.Redirect(w, r, nextStep(e.Stage, page.Back(next)), http.StatusSeeOther)
	return nil
}
