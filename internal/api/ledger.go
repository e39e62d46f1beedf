package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/ledger"
	"github.com/mimawari/mimawari/internal/ledger/decide"
	"github.com/mimawari/mimawari/internal/model"
)

// Versions has what was declared, in all its versions, and what was decided on it.
type Versions interface {
	LedgerVersion(ctx context.Context, n int) (*model.Ledger, error)
	LedgerVersions(ctx context.Context) ([]model.LedgerInfo, error)
	Batches(ctx context.Context, limit int) ([]model.Batch, error)
	Inquiries(ctx context.Context) ([]model.Inquiry, error)
}

// Declarer carries out what people change in the ledger.
type Declarer interface {
	Look(ctx context.Context) (*decide.Moment, error)
	Known(ctx context.Context, es []decide.Entry, p decide.Person) (model.Batch, []ledger.FieldSlip, error)
	NotKnown(ctx context.Context, hosts []string, owner string, p decide.Person) (model.Batch, error)
	Ask(ctx context.Context, qs []decide.Question, to, mail string, sent bool, p decide.Person) (model.Batch, error)
	Accept(ctx context.Context, cs []decide.Choice, p decide.Person) (model.Batch, []ledger.FieldSlip, error)
	Keep(ctx context.Context, cs []decide.Choice, owner string, until time.Time, p decide.Person) (model.Batch, error)
	EditRow(ctx context.Context, e decide.RowEdit, p decide.Person) (decide.RowSaved, error)
	TakeIn(ctx context.Context, imported *model.Ledger, rest string, base int, p decide.Person) (model.Batch, error)
	Restore(ctx context.Context, version int, p decide.Person) (model.Batch, error)
	Sent(ctx context.Context, id string, p decide.Person) (model.Batch, error)
	Undo(ctx context.Context, id string, rest bool, p decide.Person) (decide.Undone, error)
	Answer(ctx context.Context, id, answer string, p decide.Person) (model.Batch, error)
}

func (a *API) ledgerOperations() {
	get := func(path, id, summary string) Operation {
		return Operation{Method: http.MethodGet, Path: path, Need: auth.Look, ID: id, Tag: "ledger", Summary: summary}
	}
	change := func(path, id, summary, text, page string) Operation {
		return Operation{Method: http.MethodPost, Path: path, Need: auth.Declare, ID: id, Tag: "ledger", Summary: summary, Text: text, Pages: []string{page}}
	}
	add(a, get("/ledger/versions", "ledger-versions", "The versions of the ledger, newest first"), a.ledgerVersions)
	add(a, get("/ledger/rows/{kind}", "ledger-rows", "The rows of one kind: hosts, networks, zones, lines, systems, vendors, contracts, people, departments, sites"), a.ledgerRows)
	add(a, get("/ledger/diff", "ledger-diff", "What differs between two versions"), a.ledgerDiff)
	add(a, get("/ledger/decisions", "ledger-decisions", "What was decided and changed, newest first"), a.ledgerDecisions)
	add(a, get("/ledger/inquiries", "ledger-inquiries", "What departments were asked"), a.ledgerInquiries)
	add(a, change("/ledger/versions/{n}/restore", "ledger-restore", "Make an old version the newest", "The versions between stay.", "POST /ledger/versions/{n}/restore"), a.ledgerRestore)
	add(a, change("/ledger/decisions/{id}/undo", "ledger-undo", "Take a decision back", "What somebody else has changed since is refused, unless rest is true: then the rest is taken back.", "POST /ledger/undo/{id}"), a.ledgerUndo)
	add(a, change("/ledger/inquiries/{id}", "ledger-answer", "Note what was answered", "", "POST /ledger/inquiries/{id}"), a.ledgerAnswer)
}

// LedgerVersionList is the versions of the ledger.
type LedgerVersionList struct {
	Versions []model.LedgerInfo `json:"versions"`
}

type ledgerVersionsOutput struct{ Body LedgerVersionList }

func (a *API) ledgerVersions(ctx context.Context, _ *Common) (*ledgerVersionsOutput, error) {
	if a.Versions == nil {
		return nil, model.ErrNotFound
	}
	vs, err := a.Versions.LedgerVersions(ctx)
	return &ledgerVersionsOutput{LedgerVersionList{list(vs)}}, err
}

// version gives a version of the ledger; 0 is the newest, which may be none.
func (a *API) version(ctx context.Context, n int) (*model.Ledger, error) {
	if n == 0 {
		return a.Memory.LatestLedger(ctx)
	}
	if a.Versions == nil {
		return nil, model.ErrNotFound
	}
	return a.Versions.LedgerVersion(ctx, n)
}

type ledgerRowsInput struct {
	Common
	Paging
	Kind    string `path:"kind" enum:"hosts,networks,zones,lines,systems,vendors,contracts,people,departments,sites" doc:"the kind of row"`
	Version int    `query:"version" minimum:"0" default:"0" doc:"a version; without it the newest"`
	Q       string `query:"q" maxLength:"200" doc:"part of a cell"`
}

// LedgerRowList is part of the rows of one kind.
type LedgerRowList struct {
	Version int         `json:"version"` // 0 if there is no ledger
	Rows    []LedgerRow `json:"rows"`
	Total   int         `json:"total"` // of all pages together
	Next    string      `json:"next"`  // goes into after; "" at the end
}

// LedgerRow is one declared row.
type LedgerRow struct {
	ID     string            `json:"id"` // of the row in this version
	Key    string            `json:"key"`
	Label  string            `json:"label"`
	Fields map[string]string `json:"fields"` // those that say something
	Extra  map[string]string `json:"extra"`  // columns that have no meaning to Mimawari, by their header
	Place  model.Place       `json:"place"`
}

type ledgerRowsOutput struct {
	Link string `header:"Link" doc:"leads to the next page"`
	Body LedgerRowList
}

func (a *API) ledgerRows(ctx context.Context, in *ledgerRowsInput) (*ledgerRowsOutput, error) {
	l, err := a.version(ctx, in.Version)
	if err != nil {
		return nil, err
	}
	rows := slices.DeleteFunc(ledger.Rows(l, ledger.Kind(in.Kind)), func(r ledger.Row) bool { return !r.Has(in.Q) })
	out := LedgerRowList{Rows: []LedgerRow{}, Total: len(rows)}
	if l != nil {
		out.Version = l.Version
	}
	part, after, err := paged(rows, in.Paging)
	if err != nil {
		return nil, err
	}
	out.Next = after
	for _, r := range part {
		out.Rows = append(out.Rows, newLedgerRow(r))
	}
	return &ledgerRowsOutput{next(ctx, out.Next), out}, nil
}

func newLedgerRow(r ledger.Row) LedgerRow {
	h := newRowHit(r, false)
	x := LedgerRow{ID: h.ID, Key: h.Key, Label: h.Label, Fields: h.Fields, Extra: map[string]string{}, Place: r.Place}
	for _, e := range r.Extra {
		x.Extra[e.Header] = e.Value
	}
	return x
}

type ledgerDiffInput struct {
	Common
	From int `query:"from" required:"true" minimum:"1" doc:"the older version"`
	To   int `query:"to" minimum:"0" default:"0" doc:"the newer version; without it the newest"`
}

type ledgerDiffOutput struct{ Body ledger.Changes }

func (a *API) ledgerDiff(ctx context.Context, in *ledgerDiffInput) (*ledgerDiffOutput, error) {
	from, err := a.version(ctx, in.From)
	if err != nil {
		return nil, err
	}
	to, err := a.version(ctx, in.To)
	if err != nil {
		return nil, err
	}
	c := ledger.Diff(from, to)
	c.Added, c.Removed, c.Changed = list(c.Added), list(c.Removed), list(c.Changed)
	return &ledgerDiffOutput{c}, nil
}

// LedgerDecisions is what was decided.
type LedgerDecisions struct {
	Decisions []LedgerDecision `json:"decisions"`
}

// LedgerDecision is one decision of a person on one or many rows.
type LedgerDecision struct {
	ID       string    `json:"id"`
	Kind     string    `json:"kind"` // known, not_known, ask, answer, accept, keep, edit, add, remove, import, restore, undo
	Who      string    `json:"who"`
	Why      string    `json:"why"`
	At       time.Time `json:"at"`
	Subjects []string  `json:"subjects"` // what the rows are called; the first 20
	Count    int       `json:"count"`    // how many rows
	Before   int       `json:"before"`   // version it was made on, 0 if there was none
	After    int       `json:"after"`    // version that it made, 0 if it left the ledger as it was
	Undoes   string    `json:"undoes"`   // id of the decision that this one takes back
	Undone   string    `json:"undone"`   // id of the decision that took this one back
}

func newDecision(b model.Batch) LedgerDecision {
	return LedgerDecision{b.ID, b.Kind, b.Who, b.Why, b.At, list(b.Subjects), b.Count, b.Before, b.After, b.Undoes, b.Undone}
}

type ledgerDecisionsOutput struct{ Body LedgerDecisions }

type limitInput struct {
	Common
	Limit int `query:"limit" minimum:"1" default:"100" doc:"how many; never more than 500"`
}

func (a *API) ledgerDecisions(ctx context.Context, in *limitInput) (*ledgerDecisionsOutput, error) {
	if a.Versions == nil {
		return nil, model.ErrNotFound
	}
	bs, err := a.Versions.Batches(ctx, min(in.Limit, maxPage))
	out := LedgerDecisions{[]LedgerDecision{}}
	for _, b := range bs {
		out.Decisions = append(out.Decisions, newDecision(b))
	}
	return &ledgerDecisionsOutput{out}, err
}

// InquiryList is what departments were asked.
type InquiryList struct {
	Inquiries []model.Inquiry `json:"inquiries"`
}

type inquiriesOutput struct{ Body InquiryList }

func (a *API) ledgerInquiries(ctx context.Context, _ *Common) (*inquiriesOutput, error) {
	if a.Versions == nil {
		return nil, model.ErrNotFound
	}
	qs, err := a.Versions.Inquiries(ctx)
	return &inquiriesOutput{InquiryList{list(qs)}}, err
}

// WhyBody says why something is done.
type WhyBody struct {
	Why  string `json:"why" required:"false" maxLength:"2000" doc:"why; kept with the decision"`
	Rest bool   `json:"rest" required:"false" doc:"take back what can be, although somebody else has changed some of it"`
}

type ledgerRestoreInput struct {
	Common
	N    int `path:"n" minimum:"1" doc:"the version"`
	Body WhyBody
}

type ledgerDecisionOutput struct{ Body LedgerDecision }

func (a *API) ledgerRestore(ctx context.Context, in *ledgerRestoreInput) (*ledgerDecisionOutput, error) {
	if a.Declarer == nil {
		return nil, model.ErrNotFound
	}
	b, err := a.Declarer.Restore(ctx, in.N, person(ctx, in.Body.Why))
	return a.decided(ctx, b, err)
}

type ledgerUndoInput struct {
	ByID
	Body WhyBody
}

func (a *API) ledgerUndo(ctx context.Context, in *ledgerUndoInput) (*ledgerDecisionOutput, error) {
	if a.Declarer == nil {
		return nil, model.ErrNotFound
	}
	u, err := a.Declarer.Undo(ctx, in.ID, in.Body.Rest, person(ctx, in.Body.Why))
	return a.decided(ctx, u.Batch, err)
}

// AnswerBody is what a department answered.
type AnswerBody struct {
	Answer string `json:"answer" minLength:"1" maxLength:"2000" doc:"what was answered"`
}

type ledgerAnswerInput struct {
	ByID
	Body AnswerBody
}

func (a *API) ledgerAnswer(ctx context.Context, in *ledgerAnswerInput) (*ledgerDecisionOutput, error) {
	if a.Declarer == nil {
		return nil, model.ErrNotFound
	}
	b, err := a.Declarer.Answer(ctx, in.ID, model.Clean(in.Body.Answer), person(ctx, ""))
	return a.decided(ctx, b, err)
}

func person(ctx context.Context, why string) decide.Person {
	return decide.Person{Name: who(ctx), Why: model.Clean(why), Lang: callOf(ctx).lang}
}
