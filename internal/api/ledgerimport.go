package api

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/ledger"
	"github.com/mimawari/mimawari/internal/model"
)

func (a *API) ledgerImportOperations() {
	op := func(method, path, id, summary, text string, pages ...string) Operation {
		return Operation{Method: method, Path: path, Need: auth.Declare, ID: id, Tag: "ledger", Summary: summary, Text: text, Pages: pages}
	}
	const one = "POST /ledger/import/{id}"
	bring := op(http.MethodPost, "/ledger/imports", "ledger-import", "Bring a workbook or CSV: a dry run",
		"The body is the file. The answer says how it was understood, what is wrong with it and what would change; nothing is stored yet. It is held for 30 minutes, for whoever brought it.", "POST /ledger/import")
	bring.Large, bring.maxBody = true, ledger.MaxFile+1
	add(a, bring, a.bring)
	add(a, op(http.MethodGet, "/ledger/imports/{id}", "ledger-import-look", "The dry run once more", "", "GET /ledger/import/{id}"), a.trial)
	add(a, op(http.MethodPut, "/ledger/imports/{id}/mapping", "ledger-import-mapping", "Correct how headers and sheets were understood",
		"It is learnt for the next import too, once this one is taken in.", one), a.teach)
	add(a, op(http.MethodPost, "/ledger/imports/{id}/take-in", "ledger-import-take-in", "Take the workbook in",
		"base is the version with which it was compared: if there is a newer one by now the answer is 412.", one), a.takeIn)
	add(a, op(http.MethodDelete, "/ledger/imports/{id}", "ledger-import-forget", "Let the workbook go", "", one), a.forget)
	add(a, Operation{
		Method: http.MethodPost, Path: "/ledger/inquiries/{id}/sent", Need: auth.Declare, ID: "ledger-sent", Tag: "ledger", Summary: "Note that a question is on its way", Pages: []string{"POST /ledger/inquiries/{id}"},
	}, a.ledgerSent)
	type versioned struct {
		Common
		Version int `query:"version" minimum:"1" doc:"a version; without it the newest"`
	}
	alias[versioned](a, file("/ledger/export.xlsx", "GET /ledger.xlsx", auth.Look, "ledger-xlsx", "ledger", "The ledger as a workbook", mediaXLSX))
	alias[versioned](a, file("/ledger/export.csv", "GET /ledger.csv", auth.Look, "ledger-csv", "ledger", "The machines of the ledger as CSV", mediaCSV))
	alias[Common](a, file("/ledger/template.xlsx", "GET /ledger-template.xlsx", auth.Look, "ledger-template", "ledger", "An empty workbook to fill in", mediaXLSX))
}

// Resting is what happens to rows that a workbook does not have.
type Resting struct {
	Rest string `query:"rest" enum:"keep,retire,remove" default:"keep" doc:"rows that the workbook has not: they stay, count as disposed of, or go"`
}

type bringInput struct {
	Common
	Resting
	Name    string `query:"name" required:"true" maxLength:"200" doc:"its name; the ending says whether it is a workbook or CSV" example:"台帳.xlsx"`
	RawBody []byte
}

// ImportTrial is the dry run of an import.
type ImportTrial struct {
	ID        string               `json:"id"`
	File      string               `json:"file"`
	Base      int                  `json:"base"` // the version with which it was compared, 0 if there was none
	Sheets    []ledger.SheetReport `json:"sheets"`
	Wrong     []ImportSlip         `json:"wrong"`       // the worst first, 200 at most
	MoreWrong int                  `json:"more_wrong"`  // those that are not listed
	Changes   ledger.Changes       `json:"changes"`     // what taking it in would change
	OnlyHere  int                  `json:"only_stored"` // rows that the workbook has not
	Unchanged int                  `json:"unchanged"`   // rows that would stay as they are
}

// ImportSlip is something wrong in a workbook.
type ImportSlip struct {
	Severity model.Severity `json:"severity"`
	Place    string         `json:"place"`
	Title    string         `json:"title"`
	Todo     string         `json:"todo"`
}

type trialOutput struct{ Body ImportTrial }

// shownWrong bounds what is listed of what is wrong.
const shownWrong = 200

func (a *API) bring(ctx context.Context, in *bringInput) (*trialOutput, error) {
	if a.Shelf == nil {
		return nil, model.ErrNotFound
	}
	h, err := a.Shelf.Hold(ctx, in.Name, slices.Clone(in.RawBody), auth.ViewerOf(ctx).ID, who(ctx)) // huma uses the buffer again
	if err != nil {
		return nil, inWords(ctx, err)
	}
	a.noted(ctx, "ledger.upload", "/ledger/import", "file", h.Name, "bytes", strconv.Itoa(len(in.RawBody)))
	return a.tried(ctx, h, in.Rest)
}

func (a *API) held(ctx context.Context, id string) (ledger.Held, error) {
	if a.Shelf == nil {
		return ledger.Held{}, model.ErrNotFound
	}
	h, ok := a.Shelf.Get(id, auth.ViewerOf(ctx).ID)
	if !ok {
		return h, &Refused{Key: "declared.upload_gone", Status: http.StatusNotFound}
	}
	return h, nil
}

func (a *API) tried(ctx context.Context, h ledger.Held, rest string) (*trialOutput, error) {
	m, err := a.Declarer.Look(ctx)
	if err != nil {
		return nil, err
	}
	t := ledger.Try(m.Ledger, h.Report.Ledger, rest)
	t.Changes.Added, t.Changes.Removed, t.Changes.Changed = list(t.Changes.Added), list(t.Changes.Removed), list(t.Changes.Changed)
	out := ImportTrial{
		ID: h.ID, File: h.Name, Base: m.Stamp.Ledger, Sheets: []ledger.SheetReport{}, Wrong: []ImportSlip{}, Changes: t.Changes, OnlyHere: len(t.OnlyStored), Unchanged: t.Unchanged,
	}
	for _, s := range h.Report.Sheets {
		s.Columns = list(s.Columns)
		out.Sheets = append(out.Sheets, s)
	}
	fs := ledger.Findings(h.Report)
	slices.SortStableFunc(fs, func(a, b model.Finding) int { return int(b.Severity) - int(a.Severity) })
	for _, f := range fs[:min(len(fs), shownWrong)] {
		w := NewFinding(f, callOf(ctx).lang)
		out.Wrong = append(out.Wrong, ImportSlip{f.Severity, f.Params["place"], w.Title, w.Todo})
	}
	out.MoreWrong = len(fs) - len(out.Wrong) + h.Report.LeftOut
	return &trialOutput{out}, nil
}

type trialInput struct {
	ByID
	Resting
}

func (a *API) trial(ctx context.Context, in *trialInput) (*trialOutput, error) {
	h, err := a.held(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return a.tried(ctx, h, in.Rest)
}

// MappingBody corrects how a workbook was understood.
type MappingBody struct {
	Columns map[string]string `json:"columns,omitempty" doc:"by header: the field that it is, or - if it means nothing here"`
	Sheets  map[string]string `json:"sheets,omitempty" doc:"by name of the sheet: its kind, or - to pass it over"`
}

type teachInput struct {
	ByID
	Resting
	Body MappingBody
}

func (a *API) teach(ctx context.Context, in *teachInput) (*trialOutput, error) {
	h, err := a.held(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if h, err = a.Shelf.Teach(ctx, h, corrections(in.Body.Columns), corrections(in.Body.Sheets), who(ctx)); err != nil {
		return nil, inWords(ctx, err)
	}
	return a.tried(ctx, h, in.Rest)
}

func corrections(m map[string]string) (out []string) {
	for k, v := range m {
		out = append(out, k+"="+v)
	}
	slices.Sort(out)
	return out
}

// TakeInBody says how a workbook is taken in.
type TakeInBody struct {
	Base int    `json:"base" minimum:"0" doc:"the version with which it was compared"`
	Rest string `json:"rest" required:"false" enum:"keep,retire,remove" default:"keep" doc:"rows that the workbook has not: they stay, count as disposed of, or go"`
	Why  string `json:"why" required:"false" maxLength:"2000" doc:"why; kept with the decision"`
}

type takeInInput struct {
	ByID
	Body TakeInBody
}

func (a *API) takeIn(ctx context.Context, in *takeInInput) (*ledgerDecisionOutput, error) {
	h, err := a.held(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	b, err := a.Declarer.TakeIn(ctx, h.Report.Ledger, in.Body.Rest, in.Body.Base, person(ctx, in.Body.Why))
	if err == nil {
		err = a.Shelf.Taken(ctx, h)
	}
	return a.decided(ctx, b, err)
}

// decided answers with a decision on the ledger, and notes it.
func (a *API) decided(ctx context.Context, b model.Batch, err error) (*ledgerDecisionOutput, error) {
	if err != nil {
		return nil, inWords(ctx, err)
	}
	a.done(ctx, b)
	return &ledgerDecisionOutput{newDecision(b)}, nil
}

// Nothing is the answer where there is nothing to say but that it is done.
type Nothing struct {
	Done bool `json:"done"`
}

type nothingOutput struct{ Body Nothing }

func (a *API) forget(ctx context.Context, in *ByID) (*nothingOutput, error) {
	h, err := a.held(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	a.Shelf.Drop(h)
	return &nothingOutput{Nothing{true}}, nil
}

func (a *API) ledgerSent(ctx context.Context, in *ByID) (*ledgerDecisionOutput, error) {
	if a.Declarer == nil {
		return nil, model.ErrNotFound
	}
	b, err := a.Declarer.Sent(ctx, in.ID, person(ctx, ""))
	return a.decided(ctx, b, err)
}
