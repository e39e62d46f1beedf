// Package setup is はじめの準備: the course that leads from an empty server to the first report in less than ten minutes. Restore or begin
// anew, the institution, who administers, whom to call in an emergency, what may be looked at (with the machines seen so far), the
// match with the ledger, the first report. Every step can be passed over and come back to; where one is is remembered.
//
// It decides nothing and reads no files: what is sent and pasted goes to 取込, accounts are made by the gate.
package setup

import (
	"context"
	"embed"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/intake"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/web/page"
)

//go:embed pages
var pages embed.FS

var startPage = page.MustParse(pages, "start", "look", "ledger")

// Settings remember where one is.
type Settings interface {
	Setting(ctx context.Context, key string) (string, error)
	SaveSetting(ctx context.Context, key, value string) error
}

// Institutions know whose network this is.
type Institutions interface {
	Institution(ctx context.Context) (model.Institution, error)
	SaveInstitution(ctx context.Context, x model.Institution) error
}

// Intake takes in what is to be looked at.
type Intake interface {
	Uploads(ctx context.Context) ([]model.Upload, error)
	AskRound(ctx context.Context, r model.Round) (model.Round, error)
	Rounds(ctx context.Context, limit int) ([]model.Round, *intake.RoundProgress, error)
	WatchesNow(ctx context.Context) ([]intake.WatchNow, error)
	Interfaces() []intake.Interface
}

// Site is what the course needs.
type Site struct {
	Kit      *page.Kit
	Settings Settings
	House    Institutions
	Intake   Intake
	Memory   api.Memory
	// Addresses of pages that this server may not have; "" if it has not.
	Restore, Template, Account string
}

const (
	setting = "onboarding"
	path    = "/start"
)

// steps are the steps in their order; the words are "setup.step.NAME".
var steps = []string{"begin", "institution", "administrator", "contacts", "look", "ledger", "report"}

// course is where one is. It is stored as JSON.
type course struct {
	Step     string    `json:"step"`
	Skipped  []string  `json:"skipped,omitempty"`
	Finished time.Time `json:"finished,omitzero"`
}

// Routes are the addresses of this package.
func (s Site) Routes() []page.Route {
	if s.Settings == nil {
		return nil
	}
	return []page.Route{
		{Pattern: "GET " + path, Need: auth.Manage, Do: s.resume},
		{Pattern: "GET " + path + "/{step}", Need: auth.Manage, Do: s.show},
		{Pattern: "POST " + path + "/{step}", Need: auth.Manage, Do: s.save},
	}
}

// First leads an administrator whose server is still empty into the course, once; everybody else to next.
func (s Site) First(next page.Action) page.Action {
	if s.Settings == nil {
		return next
	}
	return func(w http.ResponseWriter, r *http.Request) error {
		if !auth.ViewerOf(r.Context()).May(auth.Manage) {
			return next(w, r)
		}
		v, err := s.Settings.Setting(r.Context(), setting)
		if err != nil {
			return err
		}
		if v == "" {
			ps, err := s.Memory.Patrols(r.Context(), 1)
			if err != nil {
				return err
			}
			if len(ps) == 0 {
				http.Redirect(w, r, path, http.StatusSeeOther)
				return nil
			}
		}
		return next(w, r)
	}
}

func (s Site) load(ctx context.Context) (course, error) {
	c := course{Step: steps[0]}
	v, err := s.Settings.Setting(ctx, setting)
	if err != nil || v == "" {
		return c, err
	}
	if json.Unmarshal([]byte(v), &c) != nil || !slices.Contains(steps, c.Step) {
		return course{Step: steps[0]}, nil // written by another version: begin again, nothing is lost
	}
	return c, nil
}

func (s Site) store(ctx context.Context, c course) error {
	b, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return s.Settings.SaveSetting(ctx, setting, string(b))
}

func (s Site) resume(w http.ResponseWriter, r *http.Request) error {
	c, err := s.load(r.Context())
	if err != nil {
		return err
	}
	http.Redirect(w, r, path+"/"+c.Step, http.StatusSeeOther)
	return nil
}

// view is what a step shows. Only what the step needs is filled.
type view struct {
	page.Frame
	Site        Site
	Step        string
	At          int
	Names       []string
	House       model.Institution
	Kinds       []model.InstitutionKind
	Rows        []model.Contact // of the form: those there are, and empty ones
	Files       []model.Upload
	Unread      []model.Upload
	Ledgers     []model.Upload
	Sources     []intake.WatchNow
	Free        []intake.Interface
	Running     *model.Round
	Progress    *intake.RoundProgress
	Failed      *model.Round
	Patrol      *model.Patrol
	Hosts       int
	Undeclared  int
	Declared    int
	Findings    int
	HasLedger   bool
	Best        int // machines seen so far, by whatever saw most
	MinuteOfAll uint64
}

func (s Site) show(w http.ResponseWriter, r *http.Request) error {
	at := slices.Index(steps, r.PathValue("step"))
	if at < 0 {
		return page.Missing(w, r)
	}
	v := &view{Frame: s.Kit.Frame(r, "setup.title", ""), Site: s, Step: steps[at], At: at, Kinds: model.InstitutionKinds}
	for _, n := range steps {
		v.Names = append(v.Names, v.T("setup.step."+n))
	}
	if err := s.fill(r.Context(), v); err != nil {
		return err
	}
	return s.Kit.Render(w, r, http.StatusOK, startPage, v)
}

// spare is how many empty lines the form of contacts offers, and least how many it has in all.
const (
	spare = 2
	least = 4
)

func (s Site) fill(ctx context.Context, v *view) (err error) {
	switch v.Step {
	case "institution", "contacts":
		if v.House, err = s.House.Institution(ctx); err != nil {
			return err
		}
		v.Rows = append(v.Rows, v.House.Contacts...)
		for n := 0; n < spare || len(v.Rows) < least; n++ {
			v.Rows = append(v.Rows, model.Contact{})
		}
	case "look", "ledger":
		if err = s.fillFiles(ctx, v); err != nil {
			return err
		}
		if err = s.fillSources(ctx, v); err != nil {
			return err
		}
		return s.fillResult(ctx, v)
	case "report":
		return s.fillResult(ctx, v)
	}
	return nil
}

func (s Site) fillFiles(ctx context.Context, v *view) (err error) {
	if v.Files, err = s.Intake.Uploads(ctx); err != nil {
		return err
	}
	for _, f := range v.Files {
		switch {
		case f.State != model.Ready:
		case f.Kind == model.UploadLedger:
			v.Ledgers = append(v.Ledgers, f)
		case f.Round == "":
			v.Unread = append(v.Unread, f)
		}
	}
	rs, progress, err := s.Intake.Rounds(ctx, 10)
	v.Progress = progress
	for i := range rs {
		x := &rs[i]
		switch {
		case x.State == model.RoundRunning, x.State == model.RoundQueued && v.Running == nil:
			v.Running = x
		case i == 0 && x.State == model.RoundFailed:
			v.Failed = x
		}
	}
	if progress != nil {
		v.Best = progress.Hosts
	}
	return err
}

func (s Site) fillSources(ctx context.Context, v *view) (err error) {
	if v.Sources, err = s.Intake.WatchesNow(ctx); err != nil {
		return err
	}
	watched := map[string]bool{}
	for _, x := range v.Sources {
		watched[x.Name] = true
		v.Best = max(v.Best, x.Hosts)
		v.MinuteOfAll += x.Packets
	}
	for _, i := range s.Intake.Interfaces() {
		if !watched[i.Name] {
			v.Free = append(v.Free, i)
		}
	}
	return nil
}

// fillResult takes what patrols have found so far.
func (s Site) fillResult(ctx context.Context, v *view) error {
	ps, err := s.Memory.Patrols(ctx, 1)
	if err != nil {
		return err
	}
	if len(ps) > 0 {
		v.Patrol = &ps[0]
	}
	l, err := s.Memory.LatestLedger(ctx)
	if err != nil {
		return err
	}
	if v.HasLedger = l != nil; v.HasLedger {
		v.Declared = len(l.Hosts)
	}
	hs, err := s.Memory.Hosts(ctx, model.HostQuery{Limit: 1})
	if err != nil {
		return err
	}
	un, err := s.Memory.Hosts(ctx, model.HostQuery{Declared: "no", Limit: 1})
	if err != nil {
		return err
	}
	v.Hosts, v.Undeclared, v.Best = hs.Total, un.Total, max(v.Best, hs.Total)
	fs, err := s.Memory.Findings(ctx, model.FindingQuery{States: []model.State{model.Open, model.Reopened}, Limit: 1})
	v.Findings = fs.Total
	return err
}

// save takes what a step asks for and goes on; skip passes it over, later ends the course for now.
func (s Site) save(w http.ResponseWriter, r *http.Request) error {
	at := slices.Index(steps, r.PathValue("step"))
	if at < 0 {
		return page.Missing(w, r)
	}
	c, err := s.load(r.Context())
	if err != nil {
		return err
	}
	how := r.PostFormValue("go")
	if how == "skip" {
		c.Skipped = append(slices.DeleteFunc(c.Skipped, func(x string) bool { return x == steps[at] }), steps[at])
	} else if how != "later" {
		if err := s.take(r, steps[at]); err != nil {
			return err
		}
		c.Skipped = slices.DeleteFunc(c.Skipped, func(x string) bool { return x == steps[at] })
	}
	c.Step = steps[min(at+1, len(steps)-1)]
	if how == "later" {
		c.Step = steps[at]
	}
	if at == len(steps)-1 && how != "later" {
		c.Finished = s.Kit.Now().UTC()
	}
	if err := s.store(r.Context(), c); err != nil {
		return err
	}
	switch {
	case how == "later":
		page.Done(w, r, "/", page.Flash{Key: "setup.later_done"})
	case !c.Finished.IsZero() && at == len(steps)-1:
		page.Done(w, r, "/", page.Flash{Key: "setup.finished"})
	default:
		http.Redirect(w, r, path+"/"+c.Step, http.StatusSeeOther)
	}
	return nil
}

func (s Site) take(r *http.Request, step string) error {
	ctx := r.Context()
	switch step {
	case "institution":
		x, err := s.House.Institution(ctx)
		if err != nil {
			return err
		}
		beds := strings.TrimSpace(r.PostFormValue("beds"))
		if x.Beds = 0; beds != "" {
			if x.Beds, err = strconv.Atoi(beds); err != nil {
				x.Beds = -1 // which is refused in words
			}
		}
		x.Name, x.Kind = r.PostFormValue("name"), model.InstitutionKind(r.PostFormValue("kind"))
		return s.House.SaveInstitution(ctx, x)
	case "contacts":
		return s.takeContacts(r)
	case "ledger":
		return s.match(r)
	}
	return nil
}

func (s Site) takeContacts(r *http.Request) error {
	x, err := s.House.Institution(r.Context())
	if err != nil {
		return err
	}
	f := r.PostForm // PostFormValue has read it
	x.Contacts = nil
	at := func(name string, i int) string {
		if v := f[name]; i < len(v) {
			return v[i]
		}
		return ""
	}
	for i := range f["role"] {
		x.Contacts = append(x.Contacts, model.Contact{Role: at("role", i), Name: at("name", i), Phone: at("phone", i), Mail: at("mail", i), Note: at("note", i)})
	}
	x.OpenEmergency = f.Get("open") != ""
	return s.House.SaveInstitution(r.Context(), x)
}

// match has the chosen ledger held against everything that was sent so far. Without one the step is only passed.
func (s Site) match(r *http.Request) error {
	id := r.PostFormValue("ledger")
	if id == "" {
		return nil
	}
	all, err := s.Intake.Uploads(r.Context())
	if err != nil {
		return err
	}
	x := model.Round{Ledger: id, Uploads: []string{id}, By: auth.ViewerOf(r.Context()).Called()}
	for _, u := range all {
		if u.State == model.Ready && u.Kind != model.UploadLedger {
			x.Uploads = append(x.Uploads, u.ID)
		}
	}
	_, err = s.Intake.AskRound(r.Context(), x)
	return err
}

// Before is the step before this one.
func (v *view) Before() string { return steps[max(v.At-1, 0)] }
