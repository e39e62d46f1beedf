// Package declared shows the ledger (台帳): what is declared beside what is seen, with the decisions that people make on the
// difference, corrections row by row, the import of workbooks with a dry run, versions, questions to departments and exports.
//
// It decides nothing (package ledger/decide does), stores nothing itself and holds an uploaded workbook only until it is
// taken in or forgotten.
package declared

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/ledger"
	"github.com/mimawari/mimawari/internal/ledger/decide"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/web/page"
)

//go:embed pages
var pages embed.FS

// Looker gives what is declared beside what is seen.
type Looker interface {
	Look(ctx context.Context) (*decide.Moment, error)
}

// Decider carries out decisions on machines.
type Decider interface {
	Known(ctx context.Context, es []decide.Entry, p decide.Person) (model.Batch, []ledger.FieldSlip, error)
	NotKnown(ctx context.Context, hosts []string, owner string, p decide.Person) (model.Batch, error)
	Ask(ctx context.Context, qs []decide.Question, to, mail string, sent bool, p decide.Person) (model.Batch, error)
	Accept(ctx context.Context, cs []decide.Choice, p decide.Person) (model.Batch, []ledger.FieldSlip, error)
	Keep(ctx context.Context, cs []decide.Choice, owner string, until time.Time, p decide.Person) (model.Batch, error)
	Undo(ctx context.Context, id string, rest bool, p decide.Person) (decide.Undone, error)
}

// Editor changes rows and whole versions.
type Editor interface {
	EditRow(ctx context.Context, e decide.RowEdit, p decide.Person) (decide.RowSaved, error)
	TakeIn(ctx context.Context, imported *model.Ledger, rest string, base int, p decide.Person) (model.Batch, error)
	Restore(ctx context.Context, version int, p decide.Person) (model.Batch, error)
}

// Asker keeps questions to departments.
type Asker interface {
	Sent(ctx context.Context, id string, p decide.Person) (model.Batch, error)
	Answer(ctx context.Context, id, answer string, p decide.Person) (model.Batch, error)
}

// Archive has what was stored.
type Archive interface {
	ledger.Settings
	LedgerVersion(ctx context.Context, n int) (*model.Ledger, error)
	LedgerVersions(ctx context.Context) ([]model.LedgerInfo, error)
	Batches(ctx context.Context, limit int) ([]model.Batch, error)
	Inquiries(ctx context.Context) ([]model.Inquiry, error)
}

// Desk is all that people do on these pages.
type Desk interface {
	Looker
	Decider
	Editor
	Asker
}

// Site is what the pages need.
type Site struct {
	Kit     *page.Kit
	Desk    Desk
	Archive Archive
	Shelf   *ledger.Shelf // holds uploaded workbooks between the steps of an import
}

// New gives the pages with a shelf of their own.
func New(k *page.Kit, d Desk, a Archive) Site {
	return Site{Kit: k, Desk: d, Archive: a, Shelf: ledger.NewShelf(a, k.Now)}
}

// Routes are the addresses of this package.
func (s Site) Routes() []page.Route {
	if s.Desk == nil {
		return nil
	}
	rs := []page.Route{
		{Pattern: "GET /ledger", Need: auth.Look, Do: s.machines},
		{Pattern: "GET /ledger/seen/{id}", Need: auth.Look, Do: s.pair},
		{Pattern: "GET /ledger/decide/{id}", Need: auth.Look, Do: s.pair},
		{Pattern: "POST /ledger/decide", Need: auth.Declare, Do: s.decide, Large: true},
		{Pattern: "POST /ledger/undo/{id}", Need: auth.Declare, Do: s.undo},
		{Pattern: "GET /ledger/rows/{kind}", Need: auth.Look, Do: s.rows},
		{Pattern: "GET /ledger/rows/{kind}/{id}", Need: auth.Look, Do: s.row},
		{Pattern: "POST /ledger/rows/{kind}/{id}", Need: auth.Declare, Do: s.save},
		{Pattern: "GET /ledger/import", Need: auth.Declare, Do: s.upload},
		{Pattern: "POST /ledger/import", Need: auth.Declare, Do: s.receive, Large: true},
		{Pattern: "GET /ledger/import/{id}", Need: auth.Declare, Do: s.compare},
		{Pattern: "POST /ledger/import/{id}", Need: auth.Declare, Do: s.takeIn},
		{Pattern: "GET /ledger/versions", Need: auth.Look, Do: s.versions},
		{Pattern: "GET /ledger/versions/diff", Need: auth.Look, Do: s.diff},
		{Pattern: "POST /ledger/versions/{n}/restore", Need: auth.Declare, Do: s.restore},
		{Pattern: "GET /ledger/inquiries", Need: auth.Look, Do: s.inquiries},
		{Pattern: "POST /ledger/inquiries/{id}", Need: auth.Declare, Do: s.answer},
		{Pattern: "GET /ledger.xlsx", Need: auth.Look, Do: s.xlsx},
		{Pattern: "GET /ledger.csv", Need: auth.Look, Do: s.csv},
		{Pattern: "GET /ledger-template.xlsx", Need: auth.Look, Do: s.template},
	}
	for i := range rs {
		rs[i].Do = inWords(rs[i].Do)
	}
	return rs
}

// inWords turns what the domain refuses into words for the reader.
func inWords(do page.Action) page.Action {
	return func(w http.ResponseWriter, r *http.Request) error {
		err := do(w, r)
		var no *decide.Refusal
		var bad *ledger.Refusal
		var file *ledger.FileError
		switch {
		case errors.As(err, &no):
			return &api.Refused{Key: no.Key(), Pairs: no.Pairs}
		case errors.As(err, &bad):
			return &api.Refused{Key: "declared.refused", Pairs: []string{"text", bad.In(api.Lang(r))}}
		case errors.As(err, &file):
			return &api.Refused{Key: "declared.refused", Pairs: []string{"text", file.In(api.Lang(r))}}
		case errors.Is(err, model.ErrMoved):
			return &api.Refused{Key: "ledger.decide.moved"}
		}
		return err
	}
}

func person(r *http.Request) decide.Person {
	v := auth.ViewerOf(r.Context())
	return decide.Person{Name: cmp.Or(v.Name, v.Login, v.ID), Why: r.PostFormValue("why"), Lang: api.Lang(r)}
}

// done goes to path with what was done and the way back.
func done(w http.ResponseWriter, r *http.Request, path string, b model.Batch) error {
	action, object, details := decide.Deed(b)
	page.Note(r, action, object, details...)
	key := "ledger.done." + b.Kind
	if b.Kind == model.BatchUndo {
		key = "ledger.done.undo.web"
	}
	page.Done(w, r, path, page.Flash{Key: key, Pairs: []string{"n", itoa(b.Count), "names", decide.Names(b)}, Undo: "/ledger/undo/" + url.PathEscape(b.ID)})
	return nil
}
