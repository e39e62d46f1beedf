package inventory

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/mimawari/mimawari/internal/model"
)

// Limits of joining: more nodes than this under one name or id are copies of one disk image, not one machine.
const (
	maxTwins    = 4
	maxOwnNames = 3 // a node with more names of its own stands for several machines (NAT)
	teamSpread  = 8 // team members' MACs differ by less
)

func (b *builder) find(i int) int {
	for b.parent[i] != i {
		b.parent[i] = b.parent[b.parent[i]]
		i = b.parent[i]
	}
	return i
}

func (b *builder) union(i, j int) {
	i, j = b.find(i), b.find(j)
	if i != j {
		b.parent[max(i, j)] = min(i, j)
	}
}

// identity is what a node says it is.
type identity struct {
	names   []name
	domains []string
	ids     []string // DHCP client ids
}

// join unites the nodes that are one machine.
func (b *builder) join() {
	b.joinEUI64()
	b.joinTeams()
	ids := make([]identity, len(b.nodes))
	for i := range b.nodes {
		ids[i] = b.identity(&b.nodes[i])
	}
	b.identities = ids
	b.joinClientIDs(ids)
	b.joinNames(ids)
}

// joinEUI64 joins IPv6 addresses that carry a MAC (RFC 4291 appendix A) to that MAC.
func (b *builder) joinEUI64() {
	for i := range b.nodes {
		n := &b.nodes[i]
		if !n.mac.IsZero() || len(n.addrs) != 1 {
			continue
		}
		if m, ok := macIn(n.addrs[0].addr); ok {
			if j, ok := b.byMAC[m]; ok {
				b.union(i, j)
			}
		}
	}
}

func macIn(a netip.Addr) (model.MAC, bool) {
	x := a.As16()
	if !a.Is6() || x[11] != 0xff || x[12] != 0xfe {
		return model.MAC{}, false
	}
	return model.MAC{x[8] ^ 2, x[9], x[10], x[13], x[14], x[15]}, true
}

// joinTeams joins neighbouring MACs that answer for the same address: the ports of one machine (NIC teaming).
func (b *builder) joinTeams() {
	for _, held := range b.byAddr {
		for _, i := range held {
			for _, j := range held {
				if i < j && neighbours(b.nodes[i].mac, b.nodes[j].mac) {
					b.union(i, j)
				}
			}
		}
	}
}

func neighbours(a, b model.MAC) bool {
	if a.IsZero() || b.IsZero() || a.IsVirtualRouter() || b.IsVirtualRouter() || [5]byte(a[:5]) != [5]byte(b[:5]) {
		return false
	}
	d := int(a[5]) - int(b[5])
	return d > -teamSpread && d < teamSpread
}

func (b *builder) identity(n *node) (id identity) {
	for _, i := range n.obs {
		o := &b.in.Seen.Observations[i]
		switch o.Kind {
		case model.DHCPClientID:
			id.ids = appendNew(id.ids, o.Value)
		case model.DomainDNS, model.DomainNetBIOS:
			if d := domainKey(o.Value); d != "" {
				id.domains = appendNew(id.domains, d)
			}
		}
		rank, ok := nameRank[o.Kind]
		if !ok || rank > ownName || !tells(o.Kind, o.Value) {
			continue
		}
		x := splitName(o.Value)
		if d := domainKey(x.domain); d != "" {
			id.domains = appendNew(id.domains, d)
		}
		x.domain = ""
		if x.short != "" {
			id.names = appendNew(id.names, x)
		}
	}
	return id
}

func appendNew[T comparable](list []T, x T) []T {
	if slices.Contains(list, x) {
		return list
	}
	return append(list, x)
}

// joinClientIDs joins nodes with the same DHCP client id (a DUID is one per machine, RFC 4361), unless their names differ:
// then the id was copied with a disk image.
func (b *builder) joinClientIDs(ids []identity) {
	groups := map[string][]int{}
	for i := range ids {
		for _, id := range ids[i].ids {
			groups[duid(id)] = append(groups[duid(id)], i)
		}
	}
	b.joinGroups(groups, func(i, j, _ int) bool {
		x, y := &ids[i], &ids[j]
		return len(x.names) == 0 || len(y.names) == 0 || overlap(x.names, y.names)
	})
}

// duid leaves out the interface number of an RFC 4361 client id (ff, IAID, DUID): it differs between twins.
func duid(hex string) string {
	if strings.HasPrefix(hex, "ff") && len(hex) > 10 {
		return "duid:" + hex[10:]
	}
	return hex
}

// joinNames joins nodes with a common name of their own within one domain. Names that makers give do not count; without a domain
// only two nodes are joined (a laptop's wired and wireless card).
func (b *builder) joinNames(ids []identity) {
	groups := map[string][]int{}
	for i := range ids {
		if len(ids[i].names) > maxOwnNames {
			continue
		}
		for _, n := range ids[i].names {
			if !n.generic() {
				groups[n.short] = append(groups[n.short], i)
			}
		}
	}
	b.joinGroups(groups, func(i, j, machines int) bool {
		x, y := ids[i].domains, ids[j].domains
		return overlap(x, y) || machines == 2 && (len(x) == 0 || len(y) == 0)
	})
}

// joinGroups unites the members of each group that may be one; groups with too many machines are left alone.
func (b *builder) joinGroups(groups map[string][]int, may func(i, j, machines int) bool) {
	keys := make([]string, 0, len(groups))
	for k := range groups {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		g := groups[k]
		machines := b.machines(g)
		if machines < 2 || machines > maxTwins {
			continue
		}
		for x, i := range g {
			for _, j := range g[x+1:] {
				if may(i, j, machines) {
					b.union(i, j)
				}
			}
		}
	}
}

// machines counts the members of g that are not joined already.
func (b *builder) machines(g []int) int {
	roots := map[int]bool{}
	for _, i := range g {
		roots[b.find(i)] = true
	}
	return len(roots)
}

func overlap[T comparable](x, y []T) bool {
	for _, v := range x {
		if slices.Contains(y, v) {
			return true
		}
	}
	return false
}
