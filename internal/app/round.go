package app

import (
	"net/netip"
	"slices"
	"time"

	"github.com/mimawari/mimawari/internal/detect/rhythm"
	"github.com/mimawari/mimawari/internal/inventory"
	"github.com/mimawari/mimawari/internal/model"
)

// round sums the patrol up and compares it with the one before.
func (p *patrol) round(seen *model.Seen, known model.Known, hosts []model.Host, l *model.Ledger, now time.Time) model.Patrol {
	r := model.Patrol{
		ID: p.id, Started: p.started, Ended: now, First: seen.First, Last: seen.Last, Sources: seen.Sources, Stats: seen.Stats,
		Limits: seen.Limits, Passed: seen.Passed,
	}
	if n := p.rhythm.Dropped(); n > 0 {
		r.Limits = append(slices.Clone(r.Limits), model.Limit{Name: "rhythm", Max: rhythm.MaxPairs, Dropped: n})
	}
	if l != nil {
		r.Ledger = l.Version
	}
	if known.Last != nil {
		r.Previous = known.Last.ID
	}
	for i := range hosts {
		if inventory.Present(&hosts[i], seen) {
			r.Seen++
		}
	}
	if !empty(seen) {
		r.New, r.Gone, r.Changed = inventory.Compare(known.Hosts, hosts, seen)
		if r.Gone = missed(r.Gone, known, hosts, seen); p.young {
			r.Gone = nil
		}
	}
	return r
}

// missed keeps of the hosts that are not here those that one would expect to be: there at the patrol before, not later than
// what was looked at now, and in a network of which others were seen. A list of eight addresses says nothing about the rest
// of the house.
func missed(gone []string, known model.Known, hosts []model.Host, seen *model.Seen) []string {
	if known.Last == nil {
		return nil
	}
	looked := map[netip.Prefix]bool{}
	for i := range hosts {
		if inventory.Present(&hosts[i], seen) {
			for _, a := range hosts[i].IPs {
				looked[segment(a)] = true
			}
		}
	}
	was := make(map[string]*model.Host, len(known.Hosts))
	for i := range known.Hosts {
		was[known.Hosts[i].ID] = &known.Hosts[i]
	}
	return slices.DeleteFunc(gone, func(id string) bool {
		h := was[id]
		return h.Last.Before(known.Last.First) || !seen.Last.After(h.Last) ||
			!slices.ContainsFunc(h.IPs, func(a netip.Addr) bool { return looked[segment(a)] })
	})
}
