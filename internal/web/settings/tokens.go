package settings

import (
	"net/http"
	"strconv"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/web/page"
)

const tokensPath = "/settings/tokens"

var (
	tokensPage = page.MustParse(pages, "tokens")
	tokenPage  = page.MustParse(pages, "token")
)

// tokens is what programs use in place of a person's sign-in. Everybody has their own; an administrator sees and revokes all.
func (s Site) tokens() []page.Route {
	rs := []page.Route{
		{Pattern: "GET " + tokensPath, Do: s.tokensPage},
		{Pattern: "POST " + tokensPath, Do: s.createToken},
		{Pattern: "POST " + tokensPath + "/revoke", Do: s.revokeToken},
	}
	for i := range rs {
		rs[i].Need, rs[i].Quiet = auth.SignedIn, true
		rs[i].Do = personally(rs[i].Do)
	}
	return rs
}

type tokensView struct {
	page.Frame
	Tokens []auth.Token
	Logins map[string]string
	Scopes []auth.Permission
	Max    int
}

// whose is whose tokens the viewer deals with: "" for everybody's.
func whose(v auth.Viewer) string {
	if v.May(auth.Manage) {
		return ""
	}
	return v.ID
}

func (s Site) tokensPage(w http.ResponseWriter, r *http.Request) error {
	v := tokensView{Frame: s.Kit.Frame(r, "settings.tokens", "settings"), Logins: map[string]string{}, Max: auth.MaxTokenDays}
	for _, p := range auth.Permissions {
		if v.Viewer.May(p) {
			v.Scopes = append(v.Scopes, p)
		}
	}
	var err error
	if v.Tokens, err = s.Keeper.Tokens(r.Context(), whose(v.Viewer)); err != nil {
		return err
	}
	all, err := s.Keeper.Store.Accounts(r.Context())
	for _, a := range all {
		v.Logins[a.ID] = a.Login
	}
	if err != nil {
		return err
	}
	return s.Kit.Render(w, r, http.StatusOK, tokensPage, v)
}

type tokenView struct {
	page.Frame
	Token  auth.Token
	Secret string
}

// createToken shows the secret this once.
func (s Site) createToken(w http.ResponseWriter, r *http.Request) error {
	days, err := strconv.Atoi(r.PostFormValue("days"))
	if err != nil {
		days = 0 // refused in words by the keeper
	}
	n := auth.NewToken{Name: r.PostFormValue("name"), Days: days}
	for _, p := range r.PostForm["scope"] {
		n.Scopes = append(n.Scopes, auth.Permission(p))
	}
	t, secret, err := s.Keeper.CreateToken(r.Context(), auth.ViewerOf(r.Context()).ID, n)
	if err != nil {
		return inWords(err)
	}
	return s.Kit.Render(w, r, http.StatusOK, tokenPage, tokenView{s.Kit.Frame(r, "settings.tokens", "settings"), t, secret})
}

func (s Site) revokeToken(w http.ResponseWriter, r *http.Request) error {
	err := s.Keeper.RevokeToken(r.Context(), whose(auth.ViewerOf(r.Context())), r.PostFormValue("id"))
	return changed(w, r, err, tokensPath, "settings.tokens.revoked")
}
