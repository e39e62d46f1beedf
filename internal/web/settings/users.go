package settings

import (
	"net/http"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/web/page"
)

const usersPath = "/settings/users"

var (
	usersPage = page.MustParse(pages, "users")
	userPage  = page.MustParse(pages, "user")
)

// users is who may use Mimawari, and as what.
func (s Site) users() []page.Route {
	rs := []page.Route{
		{Pattern: "GET " + usersPath, Do: s.usersPage},
		{Pattern: "POST " + usersPath, Do: s.addUser},
		{Pattern: "GET " + usersPath + "/{id}", Do: s.userPage},
		{Pattern: "POST " + usersPath + "/{id}/role", Do: s.setRole},
		{Pattern: "POST " + usersPath + "/{id}/password", Do: s.setPassword},
		{Pattern: "POST " + usersPath + "/{id}/disable", Do: s.disable(true)},
		{Pattern: "POST " + usersPath + "/{id}/enable", Do: s.disable(false)},
		{Pattern: "POST " + usersPath + "/{id}/reset", Do: s.resetFactors},
		{Pattern: "POST " + usersPath + "/{id}/sessions/end", Do: s.endSessions},
	}
	for i := range rs {
		rs[i].Need, rs[i].Quiet = auth.Manage, true
	}
	return rs
}

type usersView struct {
	page.Frame
	People []model.Account
	Roles  []auth.Role
}

func (s Site) usersPage(w http.ResponseWriter, r *http.Request) error {
	all, err := s.Keeper.Store.Accounts(r.Context())
	if err != nil {
		return err
	}
	return s.Kit.Render(w, r, http.StatusOK, usersPage, usersView{s.Kit.Frame(r, "settings.users", "settings"), all, auth.Roles})
}

func (s Site) addUser(w http.ResponseWriter, r *http.Request) error {
	a, err := s.Keeper.Add(r.Context(), auth.NewAccount{
		Login: r.PostFormValue("login"), Name: r.PostFormValue("name"), Role: auth.Role(r.PostFormValue("role")), Password: r.PostFormValue("password"),
	})
	if err != nil {
		return inWords(err)
	}
	page.Done(w, r, usersPath, page.Flash{Key: "settings.users.added", Pairs: []string{"login", a.Login}})
	return nil
}

type userView struct {
	page.Frame
	Person   model.Account
	Factor   bool
	Roles    []auth.Role
	Sessions []auth.Session
}

func (s Site) userPage(w http.ResponseWriter, r *http.Request) error {
	v := userView{Frame: s.Kit.Frame(r, "settings.users", "settings"), Roles: auth.Roles}
	var err error
	if v.Person, err = s.Keeper.Store.Account(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	v.Factor = v.Person.SecondFactor()
	if v.Sessions, err = s.Keeper.Sessions(r.Context(), v.Person.ID); err != nil {
		return err
	}
	return s.Kit.Render(w, r, http.StatusOK, userPage, v)
}

func back(r *http.Request) string { return usersPath + "/" + r.PathValue("id") }

func (s Site) setRole(w http.ResponseWriter, r *http.Request) error {
	err := s.Keeper.SetRole(r.Context(), r.PathValue("id"), auth.Role(r.PostFormValue("role")))
	return changed(w, r, err, back(r), "settings.saved")
}

func (s Site) setPassword(w http.ResponseWriter, r *http.Request) error {
	err := s.Keeper.SetPassword(r.Context(), r.PathValue("id"), r.PostFormValue("password"))
	return changed(w, r, err, back(r), "settings.saved")
}

func (s Site) disable(off bool) page.Action {
	return func(w http.ResponseWriter, r *http.Request) error {
		return changed(w, r, s.Keeper.Disable(r.Context(), r.PathValue("id"), off), back(r), "settings.saved")
	}
}

func (s Site) resetFactors(w http.ResponseWriter, r *http.Request) error {
	return changed(w, r, s.Keeper.ResetFactors(r.Context(), r.PathValue("id")), back(r), "settings.saved")
}

func (s Site) endSessions(w http.ResponseWriter, r *http.Request) error {
	return changed(w, r, s.Keeper.EndSessions(r.Context(), r.PathValue("id"), ""), back(r), "settings.session.ended")
}
