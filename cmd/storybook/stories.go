package main

import (
	"context"

	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/web/page"
)

// story is a page in a state that matters.
type story struct {
	Name  string
	State string // data: a key of states
	Path  string
	Role  auth.Role  // who looks; administrator if it does not matter
	Done  page.Flash // what was just done
}

func (s story) role() auth.Role {
	if s.Role == "" {
		return auth.Administrator
	}
	return s.Role
}

// states are the data that stories are told with.
var states = map[string]func(context.Context, *app.App) error{
	"empty":   func(context.Context, *app.App) error { return nil },
	"full":    func(ctx context.Context, a *app.App) error { return keep(ctx, a, clinic(plain)) },
	"hostile": func(ctx context.Context, a *app.App) error { return keep(ctx, a, clinic(hostile)) },
	"long":    func(ctx context.Context, a *app.App) error { return keep(ctx, a, clinic(long)) },
}

// stories are all there are, in the order in which the index shows them. Ids are made of what a thing is, so they do not change.
var stories = []story{
	{Name: "today", State: "full", Path: "/"},
	{Name: "today-empty", State: "empty", Path: "/?empty=1", Role: auth.Operator},
	{Name: "today-executive", State: "full", Path: "/", Role: auth.Executive},
	{Name: "today-hostile", State: "hostile", Path: "/"},
	{Name: "today-long", State: "long", Path: "/"},
	{Name: "today-undo", State: "full", Path: "/", Done: page.Flash{Key: "finding.done.acknowledged", Undo: "/findings/" + findingID(1) + "/reopen"}},
	{Name: "emergency", State: "full", Path: "/emergency"},
	{Name: "emergency-empty", State: "empty", Path: "/emergency"},
	{Name: "findings", State: "full", Path: "/findings"},
	{Name: "findings-none", State: "full", Path: "/findings?q=nothing"},
	{Name: "findings-hostile", State: "hostile", Path: "/findings"},
	{Name: "finding", State: "full", Path: "/findings/" + findingID(0)},
	{Name: "finding-overdue", State: "full", Path: "/findings/" + findingID(2)},
	{Name: "finding-auditor", State: "full", Path: "/findings/" + findingID(0), Role: auth.Auditor},
	{Name: "finding-letter", State: "full", Path: "/findings/" + findingID(0) + "/message"},
	{Name: "silences", State: "full", Path: "/silences"},
	{Name: "silences-empty", State: "empty", Path: "/silences"},
	{Name: "hosts", State: "full", Path: "/hosts"},
	{Name: "hosts-empty", State: "empty", Path: "/hosts"},
	{Name: "hosts-hostile", State: "hostile", Path: "/hosts"},
	{Name: "hosts-long", State: "long", Path: "/hosts"},
	{Name: "host", State: "full", Path: "/hosts/" + hostID(0)},
	{Name: "host-hostile", State: "hostile", Path: "/hosts/" + hostID(0)},
	{Name: "host-undeclared", State: "full", Path: "/hosts/" + hostID(2)},
	{Name: "intake", State: "full", Path: "/intake"},
	{Name: "intake-empty", State: "empty", Path: "/intake"},
	{Name: "start", State: "empty", Path: "/start/begin"},
	{Name: "start-institution", State: "full", Path: "/start/institution"},
	{Name: "start-contacts", State: "full", Path: "/start/contacts"},
	{Name: "start-look", State: "full", Path: "/start/look"},
	{Name: "start-report", State: "full", Path: "/start/report"},
	{Name: "not-found", State: "full", Path: "/nothing"},
	{Name: "bad-filter", State: "full", Path: "/findings?severity=worst"},
}

func hostID(i int) string    { return model.HostID(hostKeys[i]) }
func findingID(i int) string { return model.FindingID(rules[i], "story") }
