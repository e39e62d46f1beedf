package settings

import (
	"net/http"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/web/gate"
	"github.com/mimawari/mimawari/internal/web/page"
)

const accountPath = "/account"

var (
	accountPage = page.MustParse(pages, "account")
	totpPage    = page.MustParse(pages, "totp")
	codesPage   = page.MustParse(pages, "codes")
)

// account is somebody's own: name, password, second factors, sessions. A token has none of it: its bearer is a program.
func (s Site) account() []page.Route {
	rs := []page.Route{
		{Pattern: "GET " + accountPath, Do: s.accountPage},
		{Pattern: "POST " + accountPath + "/name", Do: s.rename},
		{Pattern: "POST " + accountPath + "/password", Do: s.changePassword},
		{Pattern: "GET " + accountPath + "/totp", Do: s.totpPage},
		{Pattern: "GET " + accountPath + "/totp/qr.png", Do: s.totpQR},
		{Pattern: "POST " + accountPath + "/totp", Do: s.confirmTOTP},
		{Pattern: "POST " + accountPath + "/totp/remove", Do: s.removeTOTP},
		{Pattern: "POST " + accountPath + "/recovery", Do: s.newRecovery},
		{Pattern: "POST " + accountPath + "/passkey/options", Do: s.passkeyOptions, JSON: true},
		{Pattern: "POST " + accountPath + "/passkey", Do: s.passkey, JSON: true},
		{Pattern: "POST " + accountPath + "/passkey/remove", Do: s.removePasskey},
		{Pattern: "POST " + accountPath + "/sessions/end", Do: s.endSession},
		{Pattern: "POST " + accountPath + "/sessions/end-others", Do: s.endOthers},
	}
	for i := range rs {
		rs[i].Need, rs[i].Quiet = auth.SignedIn, true
		rs[i].Do = personally(rs[i].Do)
	}
	return rs
}

// personally keeps API tokens away: with one nobody can make themselves a password or a passkey.
func personally(do page.Action) page.Action {
	return func(w http.ResponseWriter, r *http.Request) error {
		if auth.ViewerOf(r.Context()).Session == "" {
			return page.ErrForbidden
		}
		return do(w, r)
	}
}

type accountView struct {
	page.Frame
	auth.Factors
	Role     string
	Sessions []auth.Session
	Mine     string
}

func (s Site) accountPage(w http.ResponseWriter, r *http.Request) error {
	v := accountView{Frame: s.Kit.Frame(r, "settings.account", "settings")}
	v.Mine, v.Role = v.Viewer.Session, locale.T(v.Lang, "auth.role."+string(v.Viewer.Role))
	var err error
	if v.Factors, err = s.Keeper.FactorsOf(r.Context(), v.Viewer.ID); err != nil {
		return err
	}
	if v.Sessions, err = s.Keeper.Sessions(r.Context(), v.Viewer.ID); err != nil {
		return err
	}
	return s.Kit.Render(w, r, http.StatusOK, accountPage, v)
}

// changed goes back to path with words about what was done, or shows what was refused.
func changed(w http.ResponseWriter, r *http.Request, err error, path, key string) error {
	if err != nil {
		return inWords(err)
	}
	page.Done(w, r, path, page.Flash{Key: key})
	return nil
}

func (s Site) rename(w http.ResponseWriter, r *http.Request) error {
	err := s.Keeper.Rename(r.Context(), auth.ViewerOf(r.Context()).ID, r.PostFormValue("name"))
	return changed(w, r, err, accountPath, "settings.saved")
}

func (s Site) changePassword(w http.ResponseWriter, r *http.Request) error {
	if r.PostFormValue("password") != r.PostFormValue("again") {
		return refused("gate.differ")
	}
	err := s.Keeper.ChangePassword(r.Context(), auth.ViewerOf(r.Context()), r.PostFormValue("present"), r.PostFormValue("password"))
	return changed(w, r, err, accountPath, "settings.password.changed")
}

type totpView struct {
	page.Frame
	Secret string
}

// totpPage shows a new secret; what was in force stays so until a code of the new one was typed.
func (s Site) totpPage(w http.ResponseWriter, r *http.Request) error {
	v := totpView{Frame: s.Kit.Frame(r, "settings.totp", "settings")}
	e, err := s.Keeper.BeginTOTP(r.Context(), v.Viewer.ID)
	if err != nil {
		return inWords(err)
	}
	v.Secret = e.Secret
	return s.Kit.Render(w, r, http.StatusOK, totpPage, v)
}

func (s Site) totpQR(w http.ResponseWriter, r *http.Request) error {
	e, err := s.Keeper.PendingTOTP(r.Context(), auth.ViewerOf(r.Context()).ID)
	if err != nil {
		return inWords(err)
	}
	return gate.WriteQR(w, e.URI)
}

func (s Site) confirmTOTP(w http.ResponseWriter, r *http.Request) error {
	codes, err := s.Keeper.ConfirmTOTP(r.Context(), auth.ViewerOf(r.Context()).ID, r.PostFormValue("code"))
	if err != nil || codes == nil {
		return changed(w, r, err, accountPath, "settings.saved")
	}
	return s.showCodes(w, r, codes)
}

type codesView struct {
	page.Frame
	Codes []string
}

func (s Site) showCodes(w http.ResponseWriter, r *http.Request, codes []string) error {
	return s.Kit.Render(w, r, http.StatusOK, codesPage, codesView{s.Kit.Frame(r, "gate.codes", "settings"), codes})
}

// confirmed asks for the password before a second factor is taken away: a session left open must not be enough.
func (s Site) confirmed(r *http.Request) error {
	return s.Keeper.Confirm(r.Context(), auth.ViewerOf(r.Context()), r.PostFormValue("present"))
}

func (s Site) removeTOTP(w http.ResponseWriter, r *http.Request) error {
	err := s.confirmed(r)
	if err == nil {
		err = s.Keeper.RemoveTOTP(r.Context(), auth.ViewerOf(r.Context()).ID)
	}
	return changed(w, r, err, accountPath, "settings.removed")
}

func (s Site) newRecovery(w http.ResponseWriter, r *http.Request) error {
	err := s.confirmed(r)
	if err != nil {
		return inWords(err)
	}
	codes, err := s.Keeper.NewRecovery(r.Context(), auth.ViewerOf(r.Context()).ID)
	if err != nil {
		return inWords(err)
	}
	return s.showCodes(w, r, codes)
}

func (s Site) passkeyOptions(w http.ResponseWriter, r *http.Request) error {
	options, ticket, err := s.Keeper.BeginPasskey(r.Context(), auth.ViewerOf(r.Context()).ID, gate.SiteOf(r))
	return gate.Offer(w, options, ticket, err)
}

func (s Site) passkey(w http.ResponseWriter, r *http.Request) error {
	a, err := gate.ReadAnswer(r)
	if err != nil {
		return err
	}
	codes, err := s.Keeper.FinishPasskey(r.Context(), auth.ViewerOf(r.Context()).ID, a.Ticket, a.Name, gate.SiteOf(r), a.Answer)
	if err != nil {
		return inWords(err)
	}
	return page.JSON(w, http.StatusOK, map[string]any{"next": accountPath, "codes": codes})
}

func (s Site) removePasskey(w http.ResponseWriter, r *http.Request) error {
	err := s.confirmed(r)
	if err == nil {
		err = s.Keeper.RemovePasskey(r.Context(), auth.ViewerOf(r.Context()).ID, r.PostFormValue("id"))
	}
	return changed(w, r, err, accountPath, "settings.removed")
}

func (s Site) endSession(w http.ResponseWriter, r *http.Request) error {
	err := s.Keeper.EndSession(r.Context(), auth.ViewerOf(r.Context()).ID, r.PostFormValue("id"))
	return changed(w, r, err, accountPath, "settings.session.ended")
}

func (s Site) endOthers(w http.ResponseWriter, r *http.Request) error {
	v := auth.ViewerOf(r.Context())
	return changed(w, r, s.Keeper.EndSessions(r.Context(), v.ID, v.Session), accountPath, "settings.session.ended")
}
