package today

import (
	"context"
	"sync"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/model"
)

// facts are what the page shows of the data, whoever looks and whenever.
type facts struct {
	Patrol     *model.Patrol // the last one, nil if there was none: then the rest is empty
	Hosts      int
	Undeclared int
	HasLedger  bool
	Active     int
	Urgent     int
	open       []model.Finding // that wait for somebody, the most severe first, at most lookahead
	openTotal  int
	taken      []model.Finding // that somebody took on: their day may be over
}

// kept holds the facts as long as the data stay the same: this is the page that everybody opens, and reloads.
type kept struct {
	mu      sync.Mutex
	version int64
	last    *facts
}

// facts gives those of the data as they are. The version is asked for first: a change in between makes the next reader read again.
func (k *kept) facts(ctx context.Context, m Memory) (*facts, error) {
	n, err := m.DataVersion(ctx)
	if err != nil {
		return nil, err
	}
	k.mu.Lock() // everybody waits for the one who reads: the answer is the same for all
	defer k.mu.Unlock()
	if k.last != nil && k.version == n {
		return k.last, nil
	}
	if n, err = m.DataVersion(ctx); err != nil { // it may have changed while waiting
		return nil, err
	}
	if k.last != nil && k.version == n {
		return k.last, nil
	}
	f, err := read(ctx, m)
	if err != nil {
		return nil, err
	}
	k.version, k.last = n, f
	return f, nil
}

func read(ctx context.Context, m Memory) (*facts, error) {
	f := &facts{}
	ps, err := m.Patrols(ctx, 1)
	if err != nil || len(ps) == 0 {
		return f, err
	}
	f.Patrol = &ps[0]
	taken, err := m.Findings(ctx, model.FindingQuery{States: []model.State{model.Acknowledged}, MinSeverity: model.Low, Limit: 10 * lookahead})
	if err != nil {
		return nil, err
	}
	open, err := m.Findings(ctx, model.FindingQuery{States: []model.State{model.Open, model.Reopened}, MinSeverity: model.Low, Limit: lookahead})
	if err != nil {
		return nil, err
	}
	f.open, f.openTotal, f.taken = open.Findings, open.Total, taken.Findings
	if err := f.countHosts(ctx, m); err != nil {
		return nil, err
	}
	return f, f.countFindings(ctx, m)
}

func (f *facts) countHosts(ctx context.Context, m Memory) error {
	hs, err := m.Hosts(ctx, model.HostQuery{Limit: 1})
	if err != nil {
		return err
	}
	un, err := m.Hosts(ctx, model.HostQuery{Declared: "no", Limit: 1})
	if err != nil {
		return err
	}
	ls, err := m.LedgerVersions(ctx) // the ledger itself may be large, and nothing of it is shown
	f.Hosts, f.Undeclared, f.HasLedger = hs.Total, un.Total, len(ls) > 0
	return err
}

func (f *facts) countFindings(ctx context.Context, m Memory) error {
	cs, err := m.FindingCounts(ctx)
	for _, c := range cs {
		for _, x := range api.ActiveStates {
			if c.State == x {
				f.Active += c.Count
				if c.Severity >= model.High {
					f.Urgent += c.Count
				}
			}
		}
	}
	return err
}
