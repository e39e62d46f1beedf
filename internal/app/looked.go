package app

import (
	"net/netip"
	"slices"

	"github.com/mimawari/mimawari/internal/inventory"
	"github.com/mimawari/mimawari/internal/model"
)

// empty reports that nothing could be read: such a patrol concludes nothing.
func empty(s *model.Seen) bool {
	return s.Stats.Packets == 0 && len(s.Bindings) == 0 && len(s.Observations) == 0 && len(s.Conversations) == 0
}

// unread is the outcome of a patrol that could read nothing: what was known stays as it is, and nothing is stored.
func (p *patrol) unread(seen *model.Seen, out *Outcome) {
	out.Hosts, out.Findings, out.Bindings = p.known.Hosts, p.known.Findings, p.known.Bindings
	out.Patrol = p.round(seen, p.known, nil, out.Ledger, p.options.Now().UTC())
}

// looked tells of a finding whether this patrol would have seen its cause: the rule had what it needs, the patrol looked not
// earlier than when the cause was last seen, and it saw at least one machine of the network where that was. A capture of
// another building, or last month's, resolves nothing.
func looked(seen *model.Seen, hosts []model.Host, covered map[string]bool) func(model.Finding) bool {
	segments, present := map[netip.Prefix]bool{}, map[string]bool{}
	for i := range hosts {
		if h := &hosts[i]; inventory.Present(h, seen) {
			present[h.ID] = true
			for _, a := range h.IPs {
				segments[segment(a)] = true
			}
		}
	}
	here := func(a model.Asset) bool {
		ip, err := netip.ParseAddr(a.IP)
		return err != nil || present[a.Host] || segments[segment(model.Normal(ip))]
	}
	return func(f model.Finding) bool {
		return covered[f.Rule] && !seen.Last.Before(f.Last) && (len(f.Assets) == 0 || slices.ContainsFunc(f.Assets, here))
	}
}

// segment is the usual extent of a network: /24 or /64.
func segment(a netip.Addr) netip.Prefix {
	bits := 24
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits)
	return p
}
