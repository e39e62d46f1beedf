// Package settings is 設定: who may use Mimawari and how they sign in, one's own account, API tokens, the audit trail, and what other
// rooms let people set. Each section is a file of its own: an entry in sections, its routes, its pages. It decides nothing.
package settings

import (
	"embed"
	"errors"
	"net/http"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/audit"
	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/web/page"
)

//go:embed pages
var pages embed.FS

// Site is what the sections need; each adds what it needs itself.
type Site struct {
	Kit        *page.Kit
	Keeper     *auth.Keeper
	Trail      *audit.Trail
	Directory  Directory      // nil: there is none
	Indicators api.Indicators // nil: there are none, and no section
	Others     []page.Entry   // parts of 設定 that are rooms of their own; what each is for is the text KEY.about
}

// section is a part of 設定. Its title is the text "settings.NAME", what it is for "settings.NAME.text".
type section struct {
	name   string
	path   string
	need   auth.Permission
	routes func(Site) []page.Route
}

// sections are the parts of 設定 in the order in which they are listed. A new one goes here and into a file of its own.
var sections = []section{
	{"account", accountPath, auth.SignedIn, Site.account},
	{"users", usersPath, auth.Manage, Site.users},
	{"directory", directoryPath, auth.Manage, Site.directory},
	{"indicators", indicatorsPath, auth.Manage, Site.indicators},
	{"tokens", tokensPath, auth.SignedIn, Site.tokens},
	{"audit", auditPath, auth.Audit, Site.audit},
}

// Routes are the addresses of all sections.
func (s Site) Routes() []page.Route {
	rs := []page.Route{{Pattern: "GET /settings", Need: auth.SignedIn, Do: s.index}}
	for _, x := range sections {
		rs = append(rs, x.routes(s)...)
	}
	return rs
}

var indexPage = page.MustParse(pages, "index")

type entry struct{ Path, Title, Text string }

type indexView struct {
	page.Frame
	Sections []entry
}

// index lists the sections that the viewer may see.
func (s Site) index(w http.ResponseWriter, r *http.Request) error {
	v := indexView{Frame: s.Kit.Frame(r, "settings", "settings")}
	for _, x := range sections {
		if v.Viewer.May(x.need) && (x.path != indicatorsPath || s.Indicators != nil) {
			v.Sections = append(v.Sections, entry{x.path, v.T("settings." + x.name), v.T("settings." + x.name + ".text")})
		}
	}
	for _, x := range s.Others {
		if v.Viewer.May(x.Need) {
			v.Sections = append(v.Sections, entry{x.Path, v.T(x.Key), v.T(x.Key + ".about")})
		}
	}
	return s.Kit.Render(w, r, http.StatusOK, indexPage, v)
}

// inWords turns a refusal of the keeper into one that the kernel shows in words.
func inWords(err error) error {
	var e *auth.Error
	if errors.As(err, &e) {
		return &api.Refused{Key: "auth.error." + e.Code, Pairs: e.Pairs}
	}
	return err
}

func refused(key string, pairs ...string) error { return &api.Refused{Key: key, Pairs: pairs} }
