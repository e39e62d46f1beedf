package inventory

import (
	"net/netip"
	"slices"

	"github.com/mimawari/mimawari/internal/model"
)

// machine is a host being made.
type machine struct {
	model.Host
	nodes    []int
	carrier  bool
	identity identity
	was      *model.Host // what earlier patrols knew of it
}

// hosts makes one machine of each set of joined nodes, in the order of their first node.
func (b *builder) hosts() []machine {
	index := map[int]int{}
	var out []machine
	for i := range b.nodes {
		root := b.find(i)
		k, ok := index[root]
		if !ok {
			k = len(out)
			index[root] = k
			out = append(out, machine{})
		}
		out[k].nodes = append(out[k].nodes, i)
	}
	for i := range out {
		b.fill(&out[i])
	}
	return out
}

func (b *builder) fill(h *machine) {
	var names []ranked
	for _, i := range h.nodes {
		n := &b.nodes[i]
		if !n.mac.IsZero() {
			h.MACs = append(h.MACs, n.mac)
		}
		for _, s := range n.addrs {
			h.IPs = append(h.IPs, s.addr)
		}
		for _, v := range n.vlans {
			h.VLANs = withVLAN(h.VLANs, v)
		}
		h.carrier = h.carrier || n.carrier
		widen(&h.First, &h.Last, n.first, n.last)
		names = b.namesOf(n, names)
		h.identity.add(b.identities[i])
	}
	for _, i := range h.nodes {
		for _, x := range b.nodes[i].obs {
			o := &b.in.Seen.Observations[x]
			if !spoken(o) {
				widen(&h.First, &h.Last, o.First, o.Last)
			}
		}
	}
	slices.SortFunc(h.IPs, netip.Addr.Compare)
	h.IPs = slices.Compact(h.IPs)
	slices.SortFunc(h.MACs, compareMAC)
	h.Names = bestNames(names)
}

func (b *builder) namesOf(n *node, names []ranked) []ranked {
	for _, x := range n.obs {
		o := &b.in.Seen.Observations[x]
		if rank, ok := nameRank[o.Kind]; ok && tells(o.Kind, o.Value) {
			names = append(names, ranked{o.Value, rank})
		}
	}
	return names
}

func (id *identity) add(x identity) {
	for _, n := range x.names {
		id.names = appendNew(id.names, n)
	}
	for _, d := range x.domains {
		id.domains = appendNew(id.domains, d)
	}
	for _, c := range x.ids {
		id.ids = appendNew(id.ids, c)
	}
}
