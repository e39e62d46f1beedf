package inventory

import (
	"net/netip"
	"slices"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// How long a host that is not seen any more is remembered.
const (
	keepHost   = 400 * 24 * time.Hour
	keepRandom = 30 * 24 * time.Hour // only random MACs: the phone comes back under another one
)

// Present reports whether h was seen in the patrol.
func Present(h *model.Host, seen *model.Seen) bool {
	if h.Last.After(seen.Last) && !seen.Last.IsZero() {
		return appears(h, seen) // an older capture, read after a newer one
	}
	return !h.Last.IsZero() && !seen.Last.IsZero() && !h.Last.Before(seen.First)
}

// appears looks for h itself.
func appears(h *model.Host, seen *model.Seen) bool {
	is := func(a netip.Addr, m model.MAC) bool {
		return slices.Contains(h.MACs, m) || len(h.MACs) == 0 && slices.Contains(h.IPs, a)
	}
	return slices.ContainsFunc(seen.Bindings, func(b model.Binding) bool { return is(b.Addr, b.MAC) }) ||
		slices.ContainsFunc(seen.Observations, func(o model.Observation) bool { return is(o.Subject, o.MAC) })
}

// absent gives the known hosts that were not seen this time and are not forgotten yet. Those whose only card now belongs to another
// host (two entries that turned out to be one machine) go.
func (b *builder) absent(hosts []machine) []model.Host {
	was := map[string]bool{}
	for i := range hosts {
		was[hosts[i].ID] = true
	}
	var out []model.Host
	for _, h := range b.in.Known {
		if was[h.ID] || b.merged(&h) || forgotten(&h, b.in.Seen.Last) {
			continue
		}
		out = append(out, h)
	}
	return out
}

func (b *builder) merged(h *model.Host) bool {
	if len(h.MACs) == 0 {
		return false
	}
	for _, m := range h.MACs {
		if _, ok := b.byMAC[m]; !ok {
			return false
		}
	}
	return true
}

func forgotten(h *model.Host, now time.Time) bool {
	keep := keepHost
	if len(h.MACs) > 0 && !slices.ContainsFunc(h.MACs, func(m model.MAC) bool { return !m.IsLocal() }) {
		keep = keepRandom
	}
	return now.Sub(h.Last) > keep
}

// Compare tells what became of the hosts between two patrols: ids that are new, that were known but are not in this patrol, and
// whose addresses, MACs, class, system or version changed. Sorted.
func Compare(before, now []model.Host, seen *model.Seen) (fresh, gone, changed []string) {
	old := make(map[string]*model.Host, len(before))
	for i := range before {
		old[before[i].ID] = &before[i]
	}
	here := map[string]bool{}
	for i := range now {
		h := &now[i]
		if !Present(h, seen) {
			continue
		}
		here[h.ID] = true
		was := old[h.ID]
		switch {
		case was == nil:
			fresh = append(fresh, h.ID)
		case differs(was, h):
			changed = append(changed, h.ID)
		}
	}
	for id := range old {
		if !here[id] {
			gone = append(gone, id)
		}
	}
	slices.Sort(fresh)
	slices.Sort(gone)
	slices.Sort(changed)
	return fresh, gone, changed
}

func differs(a, b *model.Host) bool {
	return a.Class != b.Class || a.OS != b.OS || a.Version != b.Version || !slices.Equal(a.IPs, b.IPs) || !slices.Equal(a.MACs, b.MACs)
}

// Remember joins the bindings of this patrol into those known: of each address and VLAN the owners that were seen last, with at most
// the claims of one time. Frames are no claims and are not remembered.
func Remember(known, seen []model.Binding) []model.Binding {
	type place struct {
		addr string
		vlan uint16
	}
	latest := map[place]model.Binding{}
	for _, list := range [][]model.Binding{known, seen} {
		for _, x := range list {
			if x.Kind == model.BindFrame || x.MAC.IsZero() || x.MAC.IsGroup() {
				continue
			}
			k := place{x.Addr.String(), x.VLAN}
			if was, ok := latest[k]; !ok || newer(&x, &was) {
				latest[k] = x
			}
		}
	}
	out := make([]model.Binding, 0, len(latest))
	for _, x := range latest {
		out = append(out, x)
	}
	slices.SortFunc(out, func(a, b model.Binding) int {
		if c := a.Addr.Compare(b.Addr); c != 0 {
			return c
		}
		return int(a.VLAN) - int(b.VLAN)
	})
	return out
}

// newer decides which of two owners is remembered: the later one, and of equal times the lower MAC, so that order does not matter.
func newer(x, was *model.Binding) bool {
	if c := x.Last.Compare(was.Last); c != 0 {
		return c > 0
	}
	return compareMAC(x.MAC, was.MAC) < 0
}
