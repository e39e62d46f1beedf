package settings

import (
	"context"
	"errors"
	"net/http"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/auth/directory"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/web/gate"
	"github.com/mimawari/mimawari/internal/web/page"
)

const directoryPath = "/settings/directory"

var directoryPage = page.MustParse(pages, "directory")

// Directory keeps how people sign in elsewhere.
type Directory interface {
	Load(ctx context.Context, kind string) (s directory.Settings, on bool, err error)
	Save(ctx context.Context, x directory.Draft) error
	Off(ctx context.Context, kind string) error
	Try(ctx context.Context, x directory.Draft, login string) (directory.Outcome, error)
}

// directory is 外部のサインイン.
func (s Site) directory() []page.Route {
	rs := []page.Route{
		{Pattern: "GET " + directoryPath, Do: s.directoryPage},
		{Pattern: "POST " + directoryPath + "/{kind}", Do: s.setDirectory},
		{Pattern: "POST " + directoryPath + "/{kind}/test", Do: s.tryDirectory},
		{Pattern: "POST " + directoryPath + "/{kind}/off", Do: s.directoryOff},
	}
	for i := range rs {
		rs[i].Need, rs[i].Quiet = auth.Manage, true
	}
	return rs
}

// directoryForm is the form of one kind.
type directoryForm struct {
	Draft  directory.Draft
	On     bool
	Error  string // what is wrong, in words
	Found  *directory.Outcome
	Person string // the login that was looked for
}

type directoryView struct {
	page.Frame
	LDAP, OIDC directoryForm
	Back       string // the address to register at the provider
	Roles      []auth.Role
}

// directoryView shows what is kept, and in place of that x, if it was just typed.
func (s Site) directoryView(r *http.Request, x *directoryForm) (directoryView, error) {
	v := directoryView{Frame: s.Kit.Frame(r, "settings.directory", "settings"), Back: gate.SiteOf(r).Origin + directory.BackPath, Roles: auth.Roles}
	for kind, form := range map[string]*directoryForm{directory.LDAP: &v.LDAP, directory.OIDC: &v.OIDC} {
		kept, on, err := s.Directory.Load(r.Context(), kind)
		words := directoryWords(v.Lang, err)
		if err != nil && words == "" {
			return v, err
		}
		if form.Draft = kept.Draft(); !on {
			form.Draft = directory.NewDraft(kind)
		}
		if x != nil && x.Draft.Kind == kind {
			*form = *x
		}
		form.On = on
		if form.Error == "" {
			form.Error = words
		}
	}
	return v, nil
}

// directoryWords says what is wrong, "" if err is none that a person can do something about.
func directoryWords(l locale.Lang, err error) string {
	var e *directory.Error
	if !errors.As(err, &e) {
		return ""
	}
	return locale.T(l, e.Key(), e.Pairs()...)
}

func (s Site) directoryPage(w http.ResponseWriter, r *http.Request) error {
	return s.showDirectory(w, r, http.StatusOK, nil)
}

func (s Site) showDirectory(w http.ResponseWriter, r *http.Request, status int, x *directoryForm) error {
	if s.Directory == nil {
		return model.ErrNotFound
	}
	v, err := s.directoryView(r, x)
	if err != nil {
		return err
	}
	return s.Kit.Render(w, r, status, directoryPage, v)
}

func draftOf(r *http.Request) directory.Draft {
	f := r.PostFormValue
	return directory.Draft{
		Kind: r.PathValue("kind"), URL: f("url"), User: f("user"), Secret: f("secret"), CA: f("ca"), Base: f("base"), Filter: f("filter"),
		Claim: f("claim"), Label: f("label"), Groups: f("groups"),
	}
}

// directoryRefused shows the form again, with what was typed but the secret.
func (s Site) directoryRefused(w http.ResponseWriter, r *http.Request, x directory.Draft, err error) error {
	words := directoryWords(s.Kit.Frame(r, "settings", "settings").Lang, err)
	if words == "" {
		return err
	}
	if x.Kind != directory.LDAP && x.Kind != directory.OIDC {
		return model.ErrNotFound
	}
	return s.showDirectory(w, r, http.StatusBadRequest, &directoryForm{Draft: x, Error: words, Person: r.PostFormValue("person")})
}

func (s Site) setDirectory(w http.ResponseWriter, r *http.Request) error {
	if s.Directory == nil {
		return model.ErrNotFound
	}
	x := draftOf(r)
	if err := s.Directory.Save(r.Context(), x); err != nil {
		return s.directoryRefused(w, r, x, err)
	}
	page.Done(w, r, directoryPath, page.Flash{Key: "settings.saved"})
	return nil
}

func (s Site) tryDirectory(w http.ResponseWriter, r *http.Request) error {
	if s.Directory == nil {
		return model.ErrNotFound
	}
	x, person := draftOf(r), r.PostFormValue("person")
	found, err := s.Directory.Try(r.Context(), x, person)
	if err != nil {
		return s.directoryRefused(w, r, x, err)
	}
	return s.showDirectory(w, r, http.StatusOK, &directoryForm{Draft: x, Found: &found, Person: person})
}

func (s Site) directoryOff(w http.ResponseWriter, r *http.Request) error {
	if s.Directory == nil {
		return model.ErrNotFound
	}
	if err := s.Directory.Off(r.Context(), r.PathValue("kind")); err != nil {
		return s.directoryRefused(w, r, draftOf(r), err)
	}
	page.Done(w, r, directoryPath, page.Flash{Key: "directory.is_off"})
	return nil
}
