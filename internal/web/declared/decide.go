package declared

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/ledger"
	"github.com/mimawari/mimawari/internal/ledger/decide"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/web/page"
)

var (
	pairPage   = page.MustParse(pages, "pair", "parts")
	decidePage = page.MustParse(pages, "decide", "parts")
	undoPage   = page.MustParse(pages, "undo", "parts")
)

// asked is a decision as a form asks for it.
type asked struct {
	What   string
	Pairs  []*decide.Pair // on which it can be made
	Others int            // on which it can't
	All    bool
	Filter string // query of the list, if all that it shows are meant
	Go     bool
	Moved  bool // the list is another one than the reader saw
}

// maxDecision bounds the form of a decision: the ids of 20,000 machines.
const maxDecision = 1 << 20

func readAsked(w http.ResponseWriter, r *http.Request, m *decide.Moment) (a asked, err error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxDecision)
	if err := r.ParseForm(); err != nil {
		return a, badForm(err)
	}
	a = asked{What: r.PostFormValue("what"), All: r.PostFormValue("all") != "", Filter: r.PostFormValue("filter"), Go: r.PostFormValue("go") != ""}
	if !slices.Contains(decide.Decisions, a.What) {
		return a, &decide.Refusal{Code: "nothing"}
	}
	var meant []*decide.Pair
	if a.All {
		q, err := url.ParseQuery(a.Filter)
		if err != nil {
			return a, badForm(err)
		}
		meant = m.Pairing.Select(filterOf(q))
	} else {
		meant = m.Pairing.ByID(r.PostForm["id"])
	}
	a.Pairs, a.Others = decide.Fitting(a.What, meant)
	a.Moved = a.Go && a.All && r.PostFormValue("n") != itoa(len(a.Pairs))
	if len(a.Pairs) == 0 {
		return a, &decide.Refusal{Code: "nothing"}
	}
	return a, nil
}

func badForm(err error) error {
	return &api.Refused{Key: "api.bad_query", Pairs: []string{"text", err.Error()}}
}

func (s Site) decide(w http.ResponseWriter, r *http.Request) error {
	m, err := s.Desk.Look(r.Context())
	if err != nil {
		return err
	}
	a, err := readAsked(w, r, m)
	if err != nil {
		return err
	}
	if !a.Go || a.Moved {
		return s.preview(w, r, m, a)
	}
	b, err := s.carryOut(r, a)
	if err != nil {
		return err
	}
	back := "/ledger"
	if a.Filter != "" {
		back += "?" + a.Filter
	}
	return done(w, r, back, b)
}

func (s Site) carryOut(r *http.Request, a asked) (b model.Batch, err error) {
	ctx, p, owner := r.Context(), person(r), r.PostFormValue("owner")
	var ids []string
	var choices []decide.Choice
	for _, x := range a.Pairs {
		ids = append(ids, x.ID)
		choices = append(choices, decide.ChoiceOf(x, r.PostForm["field"]))
	}
	switch a.What {
	case "known":
		b, _, err = s.Desk.Known(ctx, entries(r.PostForm, ids), p)
		return b, err
	case "not_known":
		return s.Desk.NotKnown(ctx, ids, owner, p)
	case "ask":
		qs := make([]decide.Question, len(ids))
		for i, id := range ids {
			qs[i] = decide.Question{Host: id}
			if len(ids) == 1 {
				qs[i].Subject, qs[i].Text = r.PostFormValue("subject"), r.PostFormValue("text")
			}
		}
		return s.Desk.Ask(ctx, qs, r.PostFormValue("to"), r.PostFormValue("mail"), r.PostFormValue("sent") != "", p)
	case "accept":
		b, _, err = s.Desk.Accept(ctx, choices, p)
		return b, err
	}
	until, err := s.Kit.Day(r.PostFormValue("until"))
	if err != nil {
		return b, err
	}
	return s.Desk.Keep(ctx, choices, owner, until, p)
}

// entries gives what was typed to every machine: of one all fields, of several those that are not empty.
func entries(form url.Values, ids []string) []decide.Entry {
	values := valuesOf(form)
	if len(ids) > 1 {
		for f, v := range values {
			if strings.TrimSpace(v) == "" {
				delete(values, f)
			}
		}
	}
	out := make([]decide.Entry, len(ids))
	for i, id := range ids {
		out[i] = decide.Entry{Host: id, Values: values}
	}
	return out
}

// commonFields are asked for when several machines are taken in at once: what is not on the wire.
var commonFields = []string{"kind", "department", "location", "system", "owner", "vendor", "note"}

type decideView struct {
	page.Frame
	asked
	IDs         []string
	Shown       []*decide.Pair
	Inputs      []input
	People      []string
	Addressees  []model.Person
	Subject     string
	Text        string
	Fields      []string // that differ on any of them
	Tomorrow    string
	HalfYear    string
	Departments []string
}

// FieldLabel is the header of a field.
func (v decideView) FieldLabel(f string) string {
	return ledger.FieldLabel(v.Lang, ledger.KindHosts, f)
}

// maxShown is how many of the machines a preview lists.
const maxShown = 50

func (s Site) preview(w http.ResponseWriter, r *http.Request, m *decide.Moment, a asked) error {
	v := s.decideForm(r, m, a)
	return s.Kit.Render(w, r, http.StatusOK, decidePage, v)
}

func (s Site) decideForm(r *http.Request, m *decide.Moment, a asked) decideView {
	v := decideView{Frame: s.Kit.Frame(r, "declared.do."+a.What, "ledger"), asked: a, Shown: a.Pairs[:min(len(a.Pairs), maxShown)]}
	if !a.All {
		for _, p := range a.Pairs {
			v.IDs = append(v.IDs, p.ID)
		}
	}
	v.Addressees = decide.Addressees(m.Ledger)
	for _, p := range v.Addressees {
		v.People = append(v.People, p.Name)
	}
	v.Tomorrow, v.HalfYear = v.Day(v.Now().Add(24*time.Hour)), v.Day(v.Now().AddDate(0, 6, 0))
	one := a.Pairs[0]
	switch a.What {
	case "known":
		v.Inputs = knownInputs(v.Frame, m, a.Pairs)
	case "ask":
		if len(a.Pairs) == 1 {
			v.Subject, v.Text = decide.Draft(v.Lang, m.Index, one.Seen, person(r).Name, s.Kit.Place())
		}
	case "accept", "keep":
		v.Fields = differingFields(a.Pairs, a.What == "accept")
	}
	return v
}

func knownInputs(f page.Frame, m *decide.Moment, ps []*decide.Pair) (out []input) {
	fields, values := commonFields, map[string]string{}
	if len(ps) == 1 {
		fields, values = ledger.Fields(ledger.KindHosts), decide.Propose(m.Index, ps[0].Seen)
	}
	for _, x := range fields {
		out = append(out, input{Field: x, Label: ledger.FieldLabel(f.Lang, ledger.KindHosts, x), Value: values[x], Choices: fieldChoices(f.Lang, m, ledger.KindHosts, x), Long: x == "note"})
	}
	return out
}

func differingFields(ps []*decide.Pair, empty bool) (out []string) {
	for _, f := range decide.Comparable() {
		if slices.ContainsFunc(ps, func(p *decide.Pair) bool {
			return slices.ContainsFunc(p.Differs, func(d decide.Difference) bool { return d.Field == f && (empty || !d.Empty) })
		}) {
			out = append(out, f)
		}
	}
	return out
}

type pairView struct {
	page.Frame
	Pair   *decide.Pair
	Row    ledger.Row
	Fields []pairField
	Forms  []decideView
}

// pairField is one line of the comparison.
type pairField struct {
	Field, Label, Declared, Seen, State string // State: "", differs, kept, empty
}

func (s Site) pair(w http.ResponseWriter, r *http.Request) error {
	m, err := s.Desk.Look(r.Context())
	if err != nil {
		return err
	}
	p := m.Pairing.Get(r.PathValue("id"))
	if p == nil {
		return model.ErrNotFound
	}
	v := pairView{Frame: s.Kit.Frame(r, "declared.pair", "ledger"), Pair: p}
	v.Title = p.Label()
	if p.Declared != nil {
		v.Row = ledger.RowOf(p.Declared)
	}
	v.Fields = pairFields(v.Frame, v.Row, p)
	if v.May("declare") {
		for _, what := range decide.Decisions {
			if p.Fits(what) {
				v.Forms = append(v.Forms, s.decideForm(r, m, asked{What: what, Pairs: []*decide.Pair{p}}))
			}
		}
	}
	return s.Kit.Render(w, r, http.StatusOK, pairPage, v)
}

func pairFields(f page.Frame, row ledger.Row, p *decide.Pair) (out []pairField) {
	for _, field := range ledger.Fields(ledger.KindHosts) {
		x := pairField{Field: field, Label: ledger.FieldLabel(f.Lang, ledger.KindHosts, field), Declared: row.Value(field)}
		if p.Seen != nil {
			x.Seen = decide.SeenValue(p.Seen, field)
		}
		for _, d := range p.Differs {
			if d.Field == field {
				x.Seen, x.State = d.Seen, "differs"
				if d.Kept {
					x.State = "kept"
				} else if d.Empty {
					x.State = "empty"
				}
			}
		}
		if x.Declared != "" || x.Seen != "" {
			out = append(out, x)
		}
	}
	return out
}

type undoView struct {
	page.Frame
	Undone decide.Undone
	ID     string
}

// FieldLabel is what a kind of row is called.
func (v undoView) KindLabel(k ledger.Kind) string { return ledger.KindLabel(v.Lang, k) }

func (s Site) undo(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	u, err := s.Desk.Undo(r.Context(), id, r.PostFormValue("rest") != "", person(r))
	if err == nil {
		return done(w, r, "/ledger", u.Batch)
	}
	if len(u.Clashes) == 0 {
		return err
	}
	v := undoView{Frame: s.Kit.Frame(r, "declared.undo", "ledger"), Undone: u, ID: id}
	return s.Kit.Render(w, r, http.StatusConflict, undoPage, v)
}
