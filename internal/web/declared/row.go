package declared

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/mimawari/mimawari/internal/ledger"
	"github.com/mimawari/mimawari/internal/ledger/decide"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/web/page"
)

var rowPage = page.MustParse(pages, "row", "parts")

// newRow is the id of a row that is not there yet.
const newRow = "new"

// input is one field of the form.
type input struct {
	Field, Label, Value, Error string
	Now                        string // what the ledger says now, if somebody changed it meanwhile
	Choices                    []string
	Long                       bool
}

type rowView struct {
	page.Frame
	Kind    ledger.Kind
	ID      string
	Label   string
	Inputs  []input
	Why     string
	Version int
	Digest  string
	Back    string
	Seen    string // id of the machine that is this row
	Doubts  []string
	Late    *decide.Overtaken
	Failed  string
}

// FieldLabel is the header of a field.
func (v rowView) FieldLabel(f string) string { return ledger.FieldLabel(v.Lang, v.Kind, f) }

func (s Site) row(w http.ResponseWriter, r *http.Request) error {
	k, id := ledger.Kind(r.PathValue("kind")), r.PathValue("id")
	m, err := s.Desk.Look(r.Context())
	if err != nil {
		return err
	}
	row, ok := ledger.FindRow(m.Ledger, k, id)
	if id == newRow && ledger.Fields(k) != nil {
		row, ok = ledger.Row{Kind: k}, true
	}
	if !ok {
		return model.ErrNotFound
	}
	v := s.form(r, m, row, id)
	for i := range v.Inputs {
		v.Inputs[i].Value = row.Value(v.Inputs[i].Field)
	}
	return s.Kit.Render(w, r, http.StatusOK, rowPage, v)
}

// form is the form of a row without its values.
func (s Site) form(r *http.Request, m *decide.Moment, row ledger.Row, id string) rowView {
	v := rowView{Frame: s.Kit.Frame(r, "declared.row", "ledger"), Kind: row.Kind, ID: id, Label: row.Label, Version: m.Stamp.Ledger, Back: backTo(row.Kind)}
	if id != newRow {
		v.Digest = row.Digest()
		v.Title = row.Label
	} else {
		v.Title = v.T("declared.row_new", "kind", ledger.KindLabel(v.Lang, row.Kind))
	}
	for _, f := range ledger.Fields(row.Kind) {
		v.Inputs = append(v.Inputs, input{Field: f, Label: ledger.FieldLabel(v.Lang, row.Kind, f), Choices: fieldChoices(v.Lang, m, row.Kind, f), Long: f == "note" || f == "scope"})
	}
	if row.Kind == ledger.KindHosts && id != newRow {
		for _, h := range m.Hosts {
			if h.Ledger != nil && h.Ledger.Key == row.Key {
				v.Seen = h.ID
			}
		}
	}
	return v
}

func backTo(k ledger.Kind) string {
	if k == ledger.KindHosts {
		return "/ledger"
	}
	return "/ledger/rows/" + string(k)
}

// fieldChoices are offered, others may still be typed.
func fieldChoices(l locale.Lang, m *decide.Moment, k ledger.Kind, field string) (out []string) {
	if to, ok := ledger.Linked(k, field); ok {
		for _, r := range ledger.Rows(m.Ledger, to) {
			if len(out) < 300 && r.Label != "" {
				out = append(out, r.Label)
			}
		}
		return out
	}
	if key := "ledger.choices." + string(k) + "." + field; locale.Has(key) {
		return strings.Split(locale.T(l, key), ",")
	}
	return nil
}

func (s Site) save(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	e := rowEdit(r)
	if ledger.Fields(e.Kind) == nil {
		return model.ErrNotFound
	}
	saved, err := s.Desk.EditRow(r.Context(), e, person(r))
	if err == nil {
		return done(w, r, backTo(e.Kind), saved.Batch)
	}
	return s.again(w, r, e, err)
}

func rowEdit(r *http.Request) decide.RowEdit {
	e := decide.RowEdit{Digest: r.PostFormValue("digest"), Anyway: r.PostFormValue("anyway") != ""}
	e.Kind, e.ID, e.Remove = ledger.Kind(r.PathValue("kind")), r.PathValue("id"), r.PostFormValue("remove") != ""
	e.Version, _ = strconv.Atoi(r.PostFormValue("version")) // what is no number says nothing of who changed what
	if e.ID == newRow {
		e.ID, e.Digest = "", ""
	}
	e.Values = valuesOf(r.PostForm)
	return e
}

// valuesOf takes the fields of a form that are named "f.FIELD".
func valuesOf(form url.Values) map[string]string {
	out := map[string]string{}
	for n, vs := range form {
		if f, ok := strings.CutPrefix(n, "f."); ok && len(vs) > 0 {
			out[f] = vs[0]
		}
	}
	return out
}

// again shows the form with what was typed and what is wrong with it.
func (s Site) again(w http.ResponseWriter, r *http.Request, e decide.RowEdit, cause error) error {
	var no *ledger.Refusal
	var doubt *decide.Doubtful
	var late *decide.Overtaken
	if !errors.As(cause, &no) && !errors.As(cause, &doubt) && !errors.As(cause, &late) || no != nil && no.Code == "no_row" {
		return cause
	}
	m, err := s.Desk.Look(r.Context())
	if err != nil {
		return err
	}
	row, ok := ledger.FindRow(m.Ledger, e.Kind, e.ID)
	if late != nil && !late.Gone {
		row, ok = late.Now, true
	}
	if !ok {
		row = ledger.Row{Kind: e.Kind}
	}
	v := s.form(r, m, row, r.PathValue("id"))
	if ok {
		v.ID = row.ID
	}
	v.Why, v.Late = r.PostFormValue("why"), late
	if late == nil { // the second look at the same row is not a look at what somebody else wrote
		v.Digest, v.Version = e.Digest, e.Version
	}
	for i := range v.Inputs {
		x := &v.Inputs[i]
		typed, given := e.Values[x.Field]
		if x.Value = typed; !given {
			x.Value = row.Value(x.Field)
		}
		if late != nil && row.Value(x.Field) != x.Value {
			x.Now = row.Value(x.Field)
		}
	}
	v.say(no, doubt)
	return s.Kit.Render(w, r, http.StatusConflict, rowPage, v)
}

// say puts what is wrong to the fields, and the rest on top.
func (v *rowView) say(no *ledger.Refusal, doubt *decide.Doubtful) {
	if no != nil {
		v.Failed = no.In(v.Lang)
		v.atFields(no.Slips)
	}
	if doubt != nil {
		v.atFields(doubt.Slips)
		for _, x := range doubt.Slips {
			v.Doubts = append(v.Doubts, ledger.SlipWords(v.Lang, x.Slip).Title)
		}
		for _, x := range doubt.Clash {
			v.Doubts = append(v.Doubts, ledger.SlipWords(v.Lang, x).Title)
		}
	}
}

func (v *rowView) atFields(slips []ledger.FieldSlip) {
	for _, x := range slips {
		for i := range v.Inputs {
			if v.Inputs[i].Field == x.Field && x.Field != "" {
				v.Inputs[i].Error = ledger.SlipWords(v.Lang, x.Slip).Title
			}
		}
	}
}
