package app

import (
	"context"
	"time"

	"github.com/mimawari/mimawari/internal/diagram"
	"github.com/mimawari/mimawari/internal/model"
)

// House gives what the pictures of the institution are made of, and the time of the patrol that saw it; the zero time if
// there was none.
func (a *App) House(ctx context.Context) (h diagram.House, at time.Time, err error) {
	if h.Ledger, err = a.Store.LatestLedger(ctx); err != nil {
		return h, at, err
	}
	if h.Hosts, at, err = a.seen(ctx); err != nil {
		return h, at, err
	}
	h.Findings, err = a.waiting(ctx)
	return h, at, err
}

// seen gives all hosts in brief, and when the last patrol ended.
func (a *App) seen(ctx context.Context) (hosts []model.Brief, at time.Time, err error) {
	if hosts, err = a.Store.Briefs(ctx); err != nil {
		return nil, at, err
	}
	ps, err := a.Store.Patrols(ctx, 1)
	if err == nil && len(ps) > 0 {
		at = ps[0].Ended
	}
	return hosts, at, err
}

// waiting gives the findings that pictures show: those that wait for somebody and matter.
func (a *App) waiting(ctx context.Context) (fs []model.Finding, err error) {
	states := []model.State{model.Open, model.Reopened, model.Acknowledged}
	for q := (model.FindingQuery{States: states, MinSeverity: model.Medium, Limit: 5000}); ; {
		p, err := a.Store.Findings(ctx, q)
		if err != nil {
			return nil, err
		}
		fs = append(fs, p.Findings...)
		if q.After = p.Next; q.After == "" {
			return fs, nil
		}
	}
}

// deviceClasses are the machines between networks.
var deviceClasses = []model.Class{model.ClassFirewall, model.ClassRouter, model.ClassVPN, model.ClassMobileRtr}

// Devices gives the routers, firewalls, VPN appliances and mobile routers that were seen.
func (a *App) Devices(ctx context.Context) (out []model.Host, err error) {
	for _, c := range deviceClasses {
		p, err := a.Store.Hosts(ctx, model.HostQuery{Class: string(c), Limit: 1000})
		if err != nil {
			return nil, err
		}
		out = append(out, p.Hosts...)
	}
	return out, nil
}

// Systems gathers which systems of h talk to each other.
func (a *App) Systems(ctx context.Context, h diagram.House) (*diagram.Systems, error) {
	s := diagram.NewSystems(h)
	err := a.Store.EachTrail(ctx, func(t model.Trail) bool {
		s.Add(t)
		return true
	})
	return s, err
}

// Peers gives the hosts that a trail names, by id.
func (a *App) Peers(ctx context.Context, t model.Trail) (map[string]model.Host, error) {
	var ids []string
	named := map[string]bool{t.Host: true}
	for i := range t.Talks {
		if p, _ := t.Talks[i].Peer(t.Host); p.Host != "" && !named[p.Host] {
			named[p.Host] = true
			ids = append(ids, p.Host)
		}
	}
	return a.Store.HostsOf(ctx, append(ids, t.Host))
}
