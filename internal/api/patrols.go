package api

import (
	"context"
	"net/http"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

func (a *API) patrolOperations() {
	add(a, Operation{
		Method: http.MethodGet, Path: "/patrol", Need: auth.Look, ID: "patrol", Tag: "patrols", Summary: "The newest patrol as one document",
		Text: "The same document as `mimawari patrol --json` prints (docs/schema/patrol-1.json): the patrol, all hosts, all findings with their words.",
	}, a.patrol)
	add(a, Operation{
		Method: http.MethodGet, Path: "/patrols", Need: auth.Look, ID: "patrols", Tag: "patrols", Summary: "The patrols there were, newest first",
	}, a.patrols)
	add(a, Operation{
		Method: http.MethodGet, Path: "/patrols/{id}", Need: auth.Look, ID: "one-patrol", Tag: "patrols", Summary: "One patrol: what was looked at and what came of it",
	}, a.onePatrol)
}

type documentOutput struct{ Body Document }

func (a *API) patrol(ctx context.Context, _ *Common) (*documentOutput, error) {
	res, _, err := Everything(ctx, a.Memory)
	if err != nil {
		return nil, err
	}
	if res.Patrol.ID == "" {
		return nil, model.ErrNotFound
	}
	return &documentOutput{NewDocument(res, callOf(ctx).lang)}, nil
}

type patrolsInput struct {
	Common
	Limit int `query:"limit" minimum:"1" default:"100" doc:"how many patrols; never more than 500"`
}

// PatrolList is the newest patrols.
type PatrolList struct {
	Patrols []model.Patrol `json:"patrols"`
}

type patrolsOutput struct{ Body PatrolList }

func (a *API) patrols(ctx context.Context, in *patrolsInput) (*patrolsOutput, error) {
	ps, err := a.Memory.Patrols(ctx, min(in.Limit, maxPage))
	out := &patrolsOutput{PatrolList{[]model.Patrol{}}}
	for _, p := range ps {
		out.Body.Patrols = append(out.Body.Patrols, NewPatrol(p, callOf(ctx).lang))
	}
	return out, err
}

// ByID is what an operation on one thing takes.
type ByID struct {
	Common
	ID string `path:"id" maxLength:"200" doc:"its id"`
}

type patrolOutput struct{ Body model.Patrol }

func (a *API) onePatrol(ctx context.Context, in *ByID) (*patrolOutput, error) {
	p, err := a.Memory.Patrol(ctx, in.ID)
	return &patrolOutput{NewPatrol(p, callOf(ctx).lang)}, err
}

// NewPatrol puts the words of l into what was wrong, and makes lists of missing ones.
func NewPatrol(p model.Patrol, l locale.Lang) model.Patrol {
	p.Sources, p.Limits, p.Passed = newSources(p.Sources, l), list(p.Limits), list(p.Passed)
	p.New, p.Gone, p.Changed = list(p.New), list(p.Gone), list(p.Changed)
	return p
}

func newSources(ss []model.Source, l locale.Lang) []model.Source {
	out := []model.Source{}
	for _, s := range ss {
		s.Errors = NewTroubles(s.Errors, l)
		out = append(out, s)
	}
	return out
}
