package inventory

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// node is a MAC with the addresses it holds, or an address whose MAC is not known. Joined nodes make a host.
type node struct {
	mac         model.MAC
	addrs       []span
	vlans       []uint16
	carrier     bool
	first, last time.Time
	obs         []int // observations that are about it
}

// span is an address and when the node had it.
type span struct {
	addr        netip.Addr
	first, last time.Time
}

// makeNodes turns cards into nodes, then makes nodes for addresses that showed themselves but that no card holds.
func (b *builder) makeNodes() {
	macs := make([]model.MAC, 0, len(b.cards))
	for m := range b.cards {
		macs = append(macs, m)
	}
	slices.SortFunc(macs, compareMAC)
	for _, m := range macs {
		b.addCard(m, b.cards[m])
	}
	for _, a := range b.active() {
		if len(b.byAddr[a.addr]) == 0 && !a.addr.IsLinkLocalUnicast() {
			b.byAddr[a.addr] = []int{len(b.nodes)}
			b.nodes = append(b.nodes, node{addrs: []span{a}, first: a.first, last: a.last})
		}
	}
	b.parent = make([]int, len(b.nodes))
	for i := range b.parent {
		b.parent[i] = i
	}
}

func (b *builder) addCard(m model.MAC, c *card) {
	n := node{mac: m, vlans: c.vlans, carrier: c.carrier && !c.bridge, first: c.first, last: c.last}
	for a, p := range c.addrs {
		if b.holds(m, c, a, p) {
			n.addrs = append(n.addrs, span{a, p.first, p.last})
		}
	}
	slices.SortFunc(n.addrs, func(x, y span) int { return x.addr.Compare(y.addr) })
	b.byMAC[m] = len(b.nodes)
	for _, s := range n.addrs {
		b.byAddr[s.addr] = append(b.byAddr[s.addr], len(b.nodes))
	}
	b.nodes = append(b.nodes, n)
}

// active gives the addresses that sent something themselves, sorted, with the time of it.
func (b *builder) active() []span {
	seen := map[netip.Addr]*span{}
	note := func(a netip.Addr, first, last time.Time) {
		if !b.ours(a) {
			return
		}
		s := seen[a]
		if s == nil {
			s = &span{addr: a}
			seen[a] = s
		}
		widen(&s.first, &s.last, first, last)
	}
	for i := range b.in.Seen.Bindings {
		x := &b.in.Seen.Bindings[i]
		note(x.Addr, x.First, x.Last)
	}
	for i := range b.in.Seen.Observations {
		if o := &b.in.Seen.Observations[i]; !spoken(o) {
			note(o.Subject, o.First, o.Last)
		}
	}
	for i := range b.in.Seen.Conversations {
		x := &b.in.Seen.Conversations[i]
		note(x.Client, x.First, x.Last)
		if x.PacketsIn > 0 || x.Answered > 0 {
			note(x.Server, x.First, x.Last)
		}
	}
	out := make([]span, 0, len(seen))
	for _, s := range seen {
		out = append(out, *s)
	}
	slices.SortFunc(out, func(x, y span) int { return x.addr.Compare(y.addr) })
	return out
}

// spoken reports whether others said it of the subject: no proof that the subject exists, and the MAC may be anyone's.
func spoken(o *model.Observation) bool {
	switch o.Kind {
	case model.NameDNS, model.NameHTTP, model.DICOMCalled, model.HL7Receiver, model.NameTable, model.CleartextLogin, model.SNMPDefault:
		return true
	}
	return false
}

// hops reads "ttl=61 ..." and gives how many routers the packet passed: TTLs start at 32, 64, 128 or 255. More than 20 hops
// inside an institution are not believed: then the sender chose an odd value.
func hops(syn string) int {
	rest, ok := strings.CutPrefix(syn, "ttl=")
	if !ok {
		return 0
	}
	rest, _, _ = strings.Cut(rest, " ")
	ttl, err := strconv.Atoi(rest)
	if err != nil {
		return 0
	}
	for _, start := range []int{32, 64, 128, 255} {
		if ttl <= start {
			if d := start - ttl; d <= 20 {
				return d
			}
			return 0
		}
	}
	return 0
}

// attribute gives each observation to the node that it is about.
func (b *builder) attribute() {
	obs := b.in.Seen.Observations
	b.owner = make([]int, len(obs))
	for i := range obs {
		n := b.resolve(obs[i].Subject, obs[i].MAC, obs[i].Last)
		b.owner[i] = n
		if n >= 0 {
			b.nodes[n].obs = append(b.nodes[n].obs, i)
			b.nodes[n].vlans = withVLAN(b.nodes[n].vlans, obs[i].VLAN)
		}
	}
}

// resolve finds the node that had addr at that time, -1 if none. Without an address the MAC decides.
func (b *builder) resolve(addr netip.Addr, mac model.MAC, at time.Time) int {
	byMAC, hasMAC := b.byMAC[mac]
	if !addr.IsValid() || addr.IsUnspecified() {
		if hasMAC {
			return byMAC
		}
		return -1
	}
	held := b.byAddr[addr]
	if hasMAC && slices.Contains(held, byMAC) {
		return byMAC
	}
	best, gap := -1, time.Duration(0)
	for _, n := range held {
		if d := b.nodes[n].distance(addr, at); best < 0 || d < gap {
			best, gap = n, d
		}
	}
	return best
}

// distance is how far at is from the time in which n had the address.
func (n *node) distance(a netip.Addr, at time.Time) time.Duration {
	i, ok := slices.BinarySearchFunc(n.addrs, a, func(s span, a netip.Addr) int { return s.addr.Compare(a) })
	if !ok {
		return time.Duration(1<<63 - 1)
	}
	s := n.addrs[i]
	switch {
	case at.Before(s.first):
		return s.first.Sub(at)
	case at.After(s.last):
		return at.Sub(s.last)
	}
	return 0
}
