package gate

import (
	"bytes"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"image/png"
	"net/http"

	"github.com/pquerna/otp"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/web/page"
)

var (
	setUpForm  = page.MustParse(pages, "setup", "refusal")
	signInForm = page.MustParse(pages, "signin", "refusal")
	secondForm = page.MustParse(pages, "second", "refusal")
	enrolForm  = page.MustParse(pages, "enrol", "refusal")
	codesPage  = page.MustParse(pages, "codes")
	enterForm  = page.MustParse(pages, "enter", "refusal")
)

// NewCode is a set-up code: 80 random bits, so that it can't be guessed.
func NewCode() string { return auth.NewCode() }

func (s *Site) setUpPage(w http.ResponseWriter, r *http.Request) error {
	empty, err := s.empty(r)
	if err != nil {
		return err
	}
	if !empty {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return nil
	}
	v := s.frame(r, "gate.set_up")
	v.NeedKey = !near(r)
	return s.Kit.Render(w, r, http.StatusOK, setUpForm, v)
}

func (s *Site) setUp(w http.ResponseWriter, r *http.Request) error {
	v := s.frame(r, "gate.set_up")
	v.NeedKey = !near(r)
	if v.NeedKey && !s.knows(r.PostFormValue("code")) {
		v.Error = v.T("gate.bad_code")
		return s.Kit.Render(w, r, http.StatusForbidden, setUpForm, v)
	}
	if r.PostFormValue("password") != r.PostFormValue("again") {
		v.Error = v.T("gate.differ")
		return s.Kit.Render(w, r, http.StatusBadRequest, setUpForm, v)
	}
	e, err := s.Keeper.SetUp(r.Context(), auth.NewAccount{Login: v.Login, Name: v.Name, Password: r.PostFormValue("password")})
	if err != nil {
		return s.refused(w, r, setUpForm, v, err)
	}
	s.goOn(w, r, e)
	return nil
}

// restore takes an archive of another machine: its people come with it, so nobody is set up here.
func (s *Site) restore(w http.ResponseWriter, r *http.Request) error {
	empty, err := s.empty(r)
	switch {
	case err != nil:
		return err
	case !empty || s.Restore == nil:
		return page.ErrForbidden
	}
	return s.Restore(w, r, func(code string) bool { return near(r) || s.knows(code) })
}

// knows compares a set-up code. Without a code nobody far knows it.
func (s *Site) knows(code string) bool {
	return s.Code != "" && subtle.ConstantTimeCompare([]byte(auth.PlainCode(code)), []byte(auth.PlainCode(s.Code))) == 1
}

// signInPage shows the form, or what is left to prove.
func (s *Site) signInPage(w http.ResponseWriter, r *http.Request) error {
	v, stage, err := s.Keeper.Look(r.Context(), secretOf(r))
	if err != nil {
		return err
	}
	if v.ID != "" || stage != "" {
		http.Redirect(w, r, nextStep(stage, nextOf(r)), http.StatusSeeOther)
		return nil
	}
	return s.Kit.Render(w, r, http.StatusOK, signInForm, s.signInView(r))
}

func (s *Site) signIn(w http.ResponseWriter, r *http.Request) error {
	e, err := s.Keeper.SignIn(r.Context(), r.PostFormValue("login"), r.PostFormValue("password"))
	if err != nil {
		return s.notIn(w, r, err)
	}
	s.goOn(w, r, e)
	return nil
}

// at gives who is at a stage of the sign-in; somebody who is not is sent to the form, and ok is false.
func (s *Site) at(w http.ResponseWriter, r *http.Request, stage string) (v auth.Viewer, ok bool, err error) {
	v, err = s.Keeper.Halfway(r.Context(), secretOf(r), stage)
	var e *auth.Error
	if errors.As(err, &e) {
		http.Redirect(w, r, page.With(page.SignIn, nil, "next", nextOf(r)), http.StatusSeeOther)
		return v, false, nil
	}
	return v, err == nil, err
}

func (s *Site) secondView(r *http.Request, who auth.Viewer) (view, error) {
	v := s.frame(r, "gate.second")
	v.Login = who.Login
	f, err := s.Keeper.FactorsOf(r.Context(), who.ID)
	for _, p := range f.Passkeys {
		v.Passkey = v.Passkey || p.Site == SiteOf(r).Host
	}
	return v, err
}

func (s *Site) secondPage(w http.ResponseWriter, r *http.Request) error {
	who, ok, err := s.at(w, r, auth.StageSecond)
	if err != nil || !ok {
		return err
	}
	v, err := s.secondView(r, who)
	if err != nil {
		return err
	}
	return s.Kit.Render(w, r, http.StatusOK, secondForm, v)
}

func (s *Site) second(w http.ResponseWriter, r *http.Request) error {
	who, ok, err := s.at(w, r, auth.StageSecond)
	if err != nil || !ok {
		return err
	}
	var e auth.Entry
	if code := r.PostFormValue("recovery"); code != "" {
		e, err = s.Keeper.SecondRecovery(r.Context(), secretOf(r), code)
	} else {
		e, err = s.Keeper.SecondTOTP(r.Context(), secretOf(r), r.PostFormValue("code"))
	}
	if err != nil {
		v, err2 := s.secondView(r, who)
		if err2 != nil {
			return err2
		}
		return s.refused(w, r, secondForm, v, err)
	}
	s.goOn(w, r, e)
	return nil
}

// enrolment is the one that was begun, or a new one.
func (s *Site) enrolment(r *http.Request, account string) (auth.Enrolment, error) {
	e, err := s.Keeper.PendingTOTP(r.Context(), account)
	var refused *auth.Error
	if errors.As(err, &refused) {
		return s.Keeper.BeginTOTP(r.Context(), account)
	}
	return e, err
}

func (s *Site) enrolView(r *http.Request, who auth.Viewer) (view, error) {
	v := s.frame(r, "gate.enrol")
	v.Login = who.Login
	e, err := s.enrolment(r, who.ID)
	v.Secret = e.Secret
	return v, err
}

func (s *Site) enrolPage(w http.ResponseWriter, r *http.Request) error {
	who, ok, err := s.at(w, r, auth.StageEnrol)
	if err != nil || !ok {
		return err
	}
	v, err := s.enrolView(r, who)
	if err != nil {
		return err
	}
	return s.Kit.Render(w, r, http.StatusOK, enrolForm, v)
}

func (s *Site) enrol(w http.ResponseWriter, r *http.Request) error {
	who, ok, err := s.at(w, r, auth.StageEnrol)
	if err != nil || !ok {
		return err
	}
	codes, err := s.Keeper.ConfirmTOTP(auth.WithViewer(r.Context(), who), who.ID, r.PostFormValue("code"))
	if err != nil {
		v, err2 := s.enrolView(r, who)
		if err2 != nil {
			return err2
		}
		return s.refused(w, r, enrolForm, v, err)
	}
	e, err := s.Keeper.Enrolled(r.Context(), secretOf(r))
	if err != nil {
		return inWords(err)
	}
	keep(w, r, e.Secret)
	v := s.frame(r, "gate.codes")
	v.Codes = codes
	return s.Kit.Render(w, r, http.StatusOK, codesPage, v)
}

func (s *Site) enrolQR(w http.ResponseWriter, r *http.Request) error {
	who, err := s.Keeper.Halfway(r.Context(), secretOf(r), auth.StageEnrol)
	if err != nil {
		return inWords(err)
	}
	e, err := s.Keeper.PendingTOTP(r.Context(), who.ID)
	if err != nil {
		return inWords(err)
	}
	return WriteQR(w, e.URI)
}

// WriteQR answers with the picture that authenticator apps read.
func WriteQR(w http.ResponseWriter, uri string) error {
	key, err := otp.NewKeyFromURL(uri)
	if err != nil {
		return err
	}
	img, err := key.Image(240, 240)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "image/png")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(b.Bytes()) // the reader went away: nobody to tell
	return nil
}

// enterPage asks for one press before the link is used up: programs that look at links in advance don't use it up.
func (s *Site) enterPage(w http.ResponseWriter, r *http.Request) error {
	v := s.frame(r, "gate.enter")
	v.Key = r.URL.Query().Get("key")
	v.Path = enterPath // the language switch does not carry the key
	return s.Kit.Render(w, r, http.StatusOK, enterForm, v)
}

func (s *Site) enter(w http.ResponseWriter, r *http.Request) error {
	e, err := s.Keeper.UseLink(r.Context(), r.PostFormValue("key"))
	if err != nil {
		return s.refused(w, r, enterForm, s.frame(r, "gate.enter"), err)
	}
	s.goOn(w, r, e)
	return nil
}

func (s *Site) signOut(w http.ResponseWriter, r *http.Request) error {
	if err := s.Keeper.SignOut(r.Context(), secretOf(r)); err != nil {
		return err
	}
	forget(w, r)
	page.Done(w, r, page.SignIn, page.Flash{Key: "gate.signed_out"})
	return nil
}

// Answer is what the browser's script sends for a passkey.
type Answer struct {
	Ticket string          `json:"ticket"`
	Name   string          `json:"name"`
	Next   string          `json:"next"`
	Answer json.RawMessage `json:"answer"`
}

// Offer sends the options for a passkey.
func Offer(w http.ResponseWriter, options []byte, ticket string, err error) error {
	if err != nil {
		return inWords(err)
	}
	return page.JSON(w, http.StatusOK, map[string]any{"ticket": ticket, "options": json.RawMessage(options)})
}

// ReadAnswer reads what the browser's script sent.
func ReadAnswer(r *http.Request) (a Answer, err error) {
	if err := json.NewDecoder(r.Body).Decode(&a); err != nil {
		return a, &api.Refused{Key: "auth.error." + auth.CodePasskey}
	}
	return a, nil
}

// half is the session of somebody who waits for the second factor; "" for somebody who signs in with a passkey alone.
func (s *Site) half(r *http.Request) (string, error) {
	_, stage, err := s.Keeper.Look(r.Context(), secretOf(r))
	if stage == auth.StageSecond {
		return secretOf(r), err
	}
	return "", err
}

func (s *Site) passkeyOptions(w http.ResponseWriter, r *http.Request) error {
	half, err := s.half(r)
	if err != nil {
		return err
	}
	options, ticket, err := s.Keeper.BeginPasskeySignIn(r.Context(), half, SiteOf(r))
	return Offer(w, options, ticket, err)
}

func (s *Site) passkey(w http.ResponseWriter, r *http.Request) error {
	a, err := ReadAnswer(r)
	if err != nil {
		return err
	}
	half, err := s.half(r)
	if err != nil {
		return err
	}
	e, err := s.Keeper.FinishPasskeySignIn(r.Context(), half, a.Ticket, SiteOf(r), a.Answer)
	if err != nil {
		return inWords(err)
	}
	keep(w, r, e.Secret)
	return page.JSON(w, http.StatusOK, map[string]string{"next": page.Back(a.Next)})
}

func (s *Site) enrolPasskeyOptions(w http.ResponseWriter, r *http.Request) error {
	who, err := s.Keeper.Halfway(r.Context(), secretOf(r), auth.StageEnrol)
	if err != nil {
		return inWords(err)
	}
	options, ticket, err := s.Keeper.BeginPasskey(r.Context(), who.ID, SiteOf(r))
	return Offer(w, options, ticket, err)
}

// enrolPasskey finishes the sign-in; the recovery codes go to the script, which shows them.
func (s *Site) enrolPasskey(w http.ResponseWriter, r *http.Request) error {
	a, err := ReadAnswer(r)
	if err != nil {
		return err
	}
	who, err := s.Keeper.Halfway(r.Context(), secretOf(r), auth.StageEnrol)
	if err != nil {
		return inWords(err)
	}
	codes, err := s.Keeper.FinishPasskey(auth.WithViewer(r.Context(), who), who.ID, a.Ticket, a.Name, SiteOf(r), a.Answer)
	if err != nil {
		return inWords(err)
	}
	e, err := s.Keeper.Enrolled(r.Context(), secretOf(r))
	if err != nil {
		return inWords(err)
	}
	keep(w, r, e.Secret)
	return page.JSON(w, http.StatusOK, map[string]any{"next": page.Back(a.Next), "codes": codes})
}
