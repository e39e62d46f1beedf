package api

import (
	"context"
	"time"

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
	LatestLedger(context.Context) (*model.Ledger, error)
}

// Memory is what the pages and the API read.
type Memory interface {
	Hosts
	Findings
	Rounds
}

// Decision is what a person says of a finding.
type Decision struct {
	State  model.State `json:"state"` // open, acknowledged, accepted, resolved
	Reason string      `json:"reason"`
	Owner  string      `json:"owner"`
	Until  time.Time   `json:"until,omitzero"` // for accepted
	Who    string      `json:"-"`
}

// Desk carries out what people decide.
type Desk interface {
	Decide(ctx context.Context, id string, d Decision) error
	Silence(ctx context.Context, s model.Suppression) error
	Unsilence(ctx context.Context, id string) error
}

// Refused is a decision that can't be carried out as it stands; Key selects the words.
type Refused struct {
	Key   string
	Pairs []string
}

func (r *Refused) Error() string { return r.Key }

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
