package api

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/ledger"
	"github.com/mimawari/mimawari/internal/ledger/decide"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

func (a *API) ledgerRowOperations() {
	op := func(method, path, id, summary, text string, pages ...string) Operation {
		need := auth.Declare
		if method == http.MethodGet {
			need = auth.Look
		}
		return Operation{Method: method, Path: path, Need: need, ID: id, Tag: "ledger", Summary: summary, Text: text, Pages: pages}
	}
	const save = "POST /ledger/rows/{kind}/{id}"
	doubt := "What looks wrong (two machines with one address) is said with 409 and nothing is stored, unless anyway is true."
	add(a, op(http.MethodGet, "/ledger/kinds", "ledger-kinds", "The kinds of rows and their fields", ""), a.ledgerKinds)
	add(a, op(http.MethodPost, "/ledger/rows/{kind}", "ledger-row-add", "Add a row", doubt, save), a.addRow)
	add(a, op(http.MethodGet, "/ledger/rows/{kind}/{id}", "ledger-row", "One row of the newest version", "", "GET /ledger/rows/{kind}/{id}"), a.ledgerRow)
	add(a, op(http.MethodPut, "/ledger/rows/{kind}/{id}", "ledger-row-edit", "Change fields of a row", "Fields that are not named stay. With If-Match a row that somebody else "+
		"changed meanwhile is refused with 412, and who changed what. "+doubt, save), a.editRow)
	add(a, op(http.MethodDelete, "/ledger/rows/{kind}/{id}", "ledger-row-remove", "Remove a row", "", save), a.removeRow)
}

// LedgerKinds are the kinds of rows that there are.
type LedgerKinds struct {
	Kinds []LedgerKind `json:"kinds"`
}

// LedgerKind is one kind of row.
type LedgerKind struct {
	Kind   string        `json:"kind"`
	Label  string        `json:"label"`
	Fields []LedgerField `json:"fields"`
}

// LedgerField is one field of a kind of row.
type LedgerField struct {
	Field string `json:"field"` // its name in fields of a row
	Label string `json:"label"` // the header that it has in a workbook
}

type ledgerKindsOutput struct{ Body LedgerKinds }

func (a *API) ledgerKinds(ctx context.Context, _ *Common) (*ledgerKindsOutput, error) {
	l, out := callOf(ctx).lang, LedgerKinds{}
	for _, k := range ledger.Kinds {
		x := LedgerKind{Kind: string(k), Label: ledger.KindLabel(l, k)}
		for _, f := range ledger.Fields(k) {
			x.Fields = append(x.Fields, LedgerField{f, ledger.FieldLabel(l, k, f)})
		}
		out.Kinds = append(out.Kinds, x)
	}
	return &ledgerKindsOutput{out}, nil
}

// OfKind is what an operation on rows of one kind takes.
type OfKind struct {
	Kind string `path:"kind" enum:"hosts,networks,zones,lines,systems,vendors,contracts,people,departments,sites" doc:"the kind of row"`
}

type ledgerRowInput struct {
	ByID
	OfKind
}

// OneRow is one row, and the version in which it stands so.
type OneRow struct {
	Version int       `json:"version"`
	Row     LedgerRow `json:"row"`
}

type ledgerRowOutput struct{ Body OneRow }

func (a *API) ledgerRow(ctx context.Context, in *ledgerRowInput) (*ledgerRowOutput, error) {
	_, out, err := a.row(ctx, in.Kind, in.ID)
	return &ledgerRowOutput{out}, err
}

// row finds a row of the newest version.
func (a *API) row(ctx context.Context, kind, id string) (ledger.Row, OneRow, error) {
	l, err := a.version(ctx, 0)
	if err != nil {
		return ledger.Row{}, OneRow{}, err
	}
	r, ok := ledger.FindRow(l, ledger.Kind(kind), id)
	if !ok {
		return r, OneRow{}, model.ErrNotFound
	}
	return r, OneRow{l.Version, newLedgerRow(r)}, nil
}

// RowBody is what a row shall say.
type RowBody struct {
	Fields map[string]string `json:"fields" doc:"what fields shall say, by name; a field that is not named stays" example:"{\"location\":\"2階 検査室\"}"`
	Why    string            `json:"why" required:"false" maxLength:"2000" doc:"why; kept with the decision"`
	Anyway bool              `json:"anyway" required:"false" doc:"store it although something looks wrong"`
}

// RowSaved is a row as it was stored.
type RowSaved struct {
	Decision LedgerDecision `json:"decision"`
	ID       string         `json:"id"`     // of the row now
	Doubts   []FieldDoubt   `json:"doubts"` // what looks wrong and was stored all the same
}

// FieldDoubt is something that looks wrong.
type FieldDoubt struct {
	Field string `json:"field"` // "" if the row as a whole is meant
	Text  string `json:"text"`
}

type rowSavedOutput struct{ Body RowSaved }

type addRowInput struct {
	Common
	OfKind
	Body RowBody
}

func (a *API) addRow(ctx context.Context, in *addRowInput) (*rowSavedOutput, error) {
	e := decide.RowEdit{Anyway: in.Body.Anyway}
	e.Kind, e.Values = ledger.Kind(in.Kind), in.Body.Fields
	return a.saveRow(ctx, e, in.Body.Why)
}

type editRowInput struct {
	ByID
	OfKind
	Guarded
	Body RowBody
}

func (a *API) editRow(ctx context.Context, in *editRowInput) (*rowSavedOutput, error) {
	e := decide.RowEdit{Anyway: in.Body.Anyway}
	e.Kind, e.ID, e.Values = ledger.Kind(in.Kind), in.ID, in.Body.Fields
	if err := a.seen(ctx, in.Guarded, &e); err != nil {
		return nil, err
	}
	return a.saveRow(ctx, e, in.Body.Why)
}

type removeRowInput struct {
	ByID
	OfKind
	Guarded
	Why string `query:"why" maxLength:"2000" doc:"why; kept with the decision"`
}

func (a *API) removeRow(ctx context.Context, in *removeRowInput) (*rowSavedOutput, error) {
	e := decide.RowEdit{}
	e.Kind, e.ID, e.Remove = ledger.Kind(in.Kind), in.ID, true
	if err := a.seen(ctx, in.Guarded, &e); err != nil {
		return nil, err
	}
	return a.saveRow(ctx, e, in.Why)
}

// seen notes on which row an edit was made, so that it is compared once more where it is stored.
func (a *API) seen(ctx context.Context, g Guarded, e *decide.RowEdit) error {
	row, now, err := a.row(ctx, string(e.Kind), e.ID)
	if err != nil {
		return err
	}
	if err := g.check(func(locale.Lang) any { return now }); err != nil {
		return err
	}
	if g.IfMatch != "" {
		e.Digest, e.Version = row.Digest(), now.Version
	}
	return nil
}

func (a *API) saveRow(ctx context.Context, e decide.RowEdit, why string) (*rowSavedOutput, error) {
	if a.Declarer == nil {
		return nil, model.ErrNotFound
	}
	s, err := a.Declarer.EditRow(ctx, e, person(ctx, why))
	if err != nil {
		return nil, inWords(ctx, err)
	}
	a.done(ctx, s.Batch)
	return &rowSavedOutput{RowSaved{newDecision(s.Batch), s.ID, doubts(callOf(ctx).lang, s)}}, nil
}

// done notes a decision on the ledger as the pages do.
func (a *API) done(ctx context.Context, b model.Batch) {
	action, object, details := decide.Deed(b)
	a.noted(ctx, action, object, details...)
}

func doubts(l locale.Lang, s decide.RowSaved) []FieldDoubt {
	out := []FieldDoubt{}
	for _, x := range s.Slips {
		out = append(out, FieldDoubt{x.Field, ledger.SlipWords(l, x.Slip).Title})
	}
	for _, x := range s.Clash {
		out = append(out, FieldDoubt{"", ledger.SlipWords(l, x).Title})
	}
	return out
}

// inWords turns what the ledger's room refuses into an error of ours.
func inWords(ctx context.Context, err error) error {
	l := callOf(ctx).lang
	var no *decide.Refusal
	var bad *ledger.Refusal
	var file *ledger.FileError
	var header *ledger.MappingError
	var doubt *decide.Doubtful
	var late *decide.Overtaken
	refused := func(text string) error {
		return &Refused{Key: "declared.refused", Pairs: []string{"text", text}}
	}
	switch {
	case errors.As(err, &no) && (no.Code == "moved" || no.Code == "conflict"):
		return &Refused{Key: no.Key(), Pairs: no.Pairs, Status: http.StatusPreconditionFailed}
	case errors.As(err, &no):
		return &Refused{Key: no.Key(), Pairs: no.Pairs}
	case errors.As(err, &bad) && bad.Code == "no_row":
		return model.ErrNotFound
	case errors.As(err, &bad):
		return refused(bad.In(l))
	case errors.As(err, &file):
		return refused(file.In(l))
	case errors.As(err, &header):
		return refused(header.In(l))
	case errors.As(err, &doubt):
		var texts []string
		for _, d := range doubts(l, doubt.RowSaved) {
			texts = append(texts, d.Text)
		}
		return &Refused{Key: "api.doubtful", Pairs: []string{"text", strings.Join(texts, " / ")}, Status: http.StatusConflict}
	case errors.As(err, &late):
		return &Refused{Key: "api.overtaken", Pairs: []string{"text", changes(l, late)}, Status: http.StatusPreconditionFailed}
	case errors.Is(err, model.ErrMoved):
		return &Refused{Key: "ledger.decide.moved", Status: http.StatusPreconditionFailed}
	}
	return err
}

// changes says who changed what of a row.
func changes(l locale.Lang, o *decide.Overtaken) string {
	var texts []string
	for _, c := range o.Changes {
		t := c.Who
		if c.Field != "" {
			t += ": " + ledger.FieldLabel(l, o.Now.Kind, c.Field) + " " + c.Before + " → " + c.After
		}
		texts = append(texts, model.Clean(t))
	}
	if len(texts) == 0 {
		return "-"
	}
	return strings.Join(texts, " / ")
}
