package api

import (
	"context"
	"time"

	"github.com/mimawari/mimawari/internal/lookup"
	"github.com/mimawari/mimawari/internal/model"
)

// Hosts answers questions about hosts.
type Hosts interface {
	Hosts(context.Context, model.HostQuery) (model.HostPage, error)
	Host(ctx context.Context, id string) (model.Host, error)
}

// Findings answers questions about findings and what silences them.
type Findings interface {
	Findings(context.Context, model.FindingQuery) (model.FindingPage, error)
	Finding(ctx context.Context, id string) (model.Finding, []model.Event, error)
	FindingCounts(context.Context) ([]model.FindingCount, error)
	Suppressions(context.Context) ([]model.Suppression, error)
}

// Rounds answers questions about patrols and the ledger they were held against.
type Rounds interface {
	Patrols(ctx context.Context, limit int) ([]model.Patrol, error)
	Patrol(ctx context.Context, id string) (model.Patrol, error)
	LatestLedger(context.Context) (*model.Ledger, error)
}

// Named knows whose network this is.
type Named interface {
	Institution(context.Context) (model.Institution, error)
}

// Memory is what the pages and the API read.
type Memory interface {
	Hosts
	Findings
	Rounds
	Named
}

// Finder is the search box.
type Finder interface {
	Find(ctx context.Context, text string, limit int) (lookup.Result, error)
}

// Decision is what a person says of a finding.
type Decision struct {
	State  model.State
	Reason string
	Owner  string
	Until  time.Time // for accepted
	Who    string
	Seen   int // how many events its history had when the person looked; 0: does not say. Another by now is model.ErrChanged
}

// Desk carries out what people decide.
type Desk interface {
	Decide(ctx context.Context, id string, d Decision) error
	Silence(ctx context.Context, s model.Suppression) error
	Unsilence(ctx context.Context, id string) error
}

// Everything reads all hosts or findings page by page, for exports.
func Everything(ctx context.Context, m Memory) (r model.Result, l *model.Ledger, err error) {
	if r.Hosts, err = AllHosts(ctx, m, model.HostQuery{}); err != nil {
		return r, nil, err
	}
	if r.Findings, err = AllFindings(ctx, m, model.FindingQuery{}); err != nil {
		return r, nil, err
	}
	ps, err := m.Patrols(ctx, 1)
	if err != nil {
		return r, nil, err
	}
	if len(ps) > 0 {
		r.Patrol = ps[0]
	}
	l, err = m.LatestLedger(ctx)
	return r, l, err
}

const exportPage = 1000

// AllHosts reads every host of a query.
func AllHosts(ctx context.Context, m Hosts, q model.HostQuery) (all []model.Host, err error) {
	q.Limit = exportPage
	for {
		p, err := m.Hosts(ctx, q)
		if err != nil {
			return nil, err
		}
		all = append(all, p.Hosts...)
		if p.Next == "" {
			return all, nil
		}
		q.After = p.Next
	}
}

// AllFindings reads every finding of a query.
func AllFindings(ctx context.Context, m Findings, q model.FindingQuery) (all []model.Finding, err error) {
	q.Limit = exportPage
	for {
		p, err := m.Findings(ctx, q)
		if err != nil {
			return nil, err
		}
		all = append(all, p.Findings...)
		if p.Next == "" {
			return all, nil
		}
		q.After = p.Next
	}
}
