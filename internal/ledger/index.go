package ledger

import (
	"net/netip"
	"slices"
	"sort"

	"github.com/mimawari/mimawari/internal/model"
)

// Index answers who an address, a MAC or a name is declared to be. It is immutable and may be used by many at once.
// What it returns points into the ledger and must not be changed.
type Index struct {
	ledger *model.Ledger
	ip     map[netip.Addr][]*model.LedgerHost
	mac    map[model.MAC][]*model.LedgerHost
	name   map[string][]*model.LedgerHost
	ranges []rangeEntry // sorted by first address
	nets   *networks
}

type rangeEntry struct {
	model.AddrRange
	host *model.LedgerHost
	most netip.Addr // highest last address of this and all earlier entries of the family
}

// NewIndex makes the index of l; a nil ledger declares nothing.
func NewIndex(l *model.Ledger) *Index {
	if l == nil {
		l = &model.Ledger{}
	}
	x := &Index{ledger: l, ip: map[netip.Addr][]*model.LedgerHost{}, mac: map[model.MAC][]*model.LedgerHost{}, name: map[string][]*model.LedgerHost{}, nets: newNetworks(l.Networks)}
	for i := range l.Hosts {
		x.add(&l.Hosts[i])
	}
	slices.SortStableFunc(x.ranges, func(a, b rangeEntry) int { return a.From.Compare(b.From) })
	for i := range x.ranges {
		r := &x.ranges[i]
		r.most = r.To
		if i > 0 && x.ranges[i-1].most.BitLen() == r.To.BitLen() && r.most.Less(x.ranges[i-1].most) {
			r.most = x.ranges[i-1].most
		}
	}
	return x
}

func (x *Index) add(h *model.LedgerHost) {
	for _, r := range h.Addrs {
		if r.Single() {
			x.ip[r.From] = append(x.ip[r.From], h)
		} else {
			x.ranges = append(x.ranges, rangeEntry{AddrRange: r, host: h})
		}
	}
	for _, m := range h.MACs {
		x.mac[m] = append(x.mac[m], h)
	}
	for _, k := range []string{nameKey(h.Name), fold(h.AssetNo)} {
		if k != "" && !slices.Contains(x.name[k], h) {
			x.name[k] = append(x.name[k], h)
		}
	}
}

// Ledger gives the ledger the index was made of; never nil.
func (x *Index) Ledger() *model.Ledger { return x.ledger }

// Empty reports whether no host is declared.
func (x *Index) Empty() bool { return len(x.ledger.Hosts) == 0 }

// ByIP gives the hosts that declare a: first those that name it alone, machines in use before retired ones, then those
// with a range that contains it, the narrowest first.
func (x *Index) ByIP(a netip.Addr) []*model.LedgerHost {
	a = model.Normal(a)
	single := x.ip[a]
	ranged := x.inRanges(a)
	if len(ranged) == 0 && !mixedRetired(single) {
		return single
	}
	out := slices.Concat(single, ranged)
	slices.SortStableFunc(out[:len(single)], byInUse)
	slices.SortStableFunc(out[len(single):], byInUse)
	return out
}

func mixedRetired(hs []*model.LedgerHost) bool {
	return len(hs) > 1 && slices.ContainsFunc(hs, func(h *model.LedgerHost) bool { return h.Retired })
}

func byInUse(a, b *model.LedgerHost) int {
	switch {
	case a.Retired == b.Retired:
		return 0
	case b.Retired:
		return -1
	}
	return 1
}

// inRanges walks back from the last range that begins at or before a, as long as an earlier one can still reach it.
func (x *Index) inRanges(a netip.Addr) []*model.LedgerHost {
	i := sort.Search(len(x.ranges), func(i int) bool { return a.Less(x.ranges[i].From) })
	var hits []rangeEntry
	for i--; i >= 0 && !x.ranges[i].most.Less(a) && x.ranges[i].From.BitLen() == a.BitLen(); i-- {
		if x.ranges[i].Contains(a) {
			hits = append(hits, x.ranges[i])
		}
	}
	slices.SortStableFunc(hits, func(p, q rangeEntry) int { // inside the same address: later start or earlier end is narrower
		if c := q.From.Compare(p.From); c != 0 {
			return c
		}
		return p.To.Compare(q.To)
	})
	var out []*model.LedgerHost
	for _, h := range hits {
		if !slices.Contains(out, h.host) {
			out = append(out, h.host)
		}
	}
	return out
}

// ByMAC gives the hosts that declare m.
func (x *Index) ByMAC(m model.MAC) []*model.LedgerHost {
	if m.IsZero() {
		return nil
	}
	return x.mac[m]
}

// ByName gives the hosts with that name or asset number. Case, width and domain do not count: PC-001, ｐｃ－００１ and
// pc-001.hospital.local are one name.
func (x *Index) ByName(name string) []*model.LedgerHost {
	if k := nameKey(name); k != "" {
		return x.name[k]
	}
	return nil
}

// NameKey gives the form in which names are compared.
func NameKey(name string) string { return nameKey(name) }

// NetworkOf gives the narrowest declared network that contains a, nil if none.
func (x *Index) NetworkOf(a netip.Addr) *model.Network { return x.nets.of(model.Normal(a)) }

// Lines gives the declared lines to the outside.
func (x *Index) Lines() []model.Line { return x.ledger.Lines }

// networks finds the narrowest network of an address: one map for all, tried with the prefix lengths that occur.
type networks struct {
	by4, by6 map[netip.Prefix]*model.Network
	len4     []int // descending
	len6     []int
}

func newNetworks(ns []model.Network) *networks {
	x := &networks{by4: map[netip.Prefix]*model.Network{}, by6: map[netip.Prefix]*model.Network{}}
	for i := range ns {
		p := ns[i].Prefix
		by, lens := x.by4, &x.len4
		switch {
		case !p.IsValid():
			continue
		case p.Addr().Is6():
			by, lens = x.by6, &x.len6
		}
		if by[p.Masked()] == nil {
			by[p.Masked()] = &ns[i]
		}
		if !slices.Contains(*lens, p.Bits()) {
			*lens = append(*lens, p.Bits())
		}
	}
	for _, lens := range [][]int{x.len4, x.len6} {
		slices.SortFunc(lens, func(a, b int) int { return b - a })
	}
	return x
}

func (x *networks) of(a netip.Addr) *model.Network {
	by, lens := x.by4, x.len4
	if a.Is6() {
		by, lens = x.by6, x.len6
	}
	for _, bits := range lens {
		if p, err := a.Prefix(bits); err == nil {
			if n := by[p]; n != nil {
				return n
			}
		}
	}
	return nil
}
