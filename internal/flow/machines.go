package flow

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// machines chooses whom a result tells of when there are too many addresses and MACs for any real network: a flood with
// random senders, or a scan that is answered by a tarpit. What comes after (inventory, findings, store) needs about 1.6 kB for
// each machine, so memory is bounded here. Those that showed themselves well come first.
type machines struct {
	weight map[identity]merit
	kept   map[identity]struct{}
	cut    uint64 // identities left out
}

// identity is a MAC, or an internal address.
type identity struct {
	addr netip.Addr
	mac  model.MAC
}

// merit is the packets that an identity sent, with solid added if a single forged packet can't have made it up; and when it
// was first seen, which keeps a MAC and its address side by side.
type merit struct {
	packets int64
	first   time.Time
}

const solid = int64(1) << 48

// limitMachines leaves out of s what is only about machines past the limit, and tells how many those were. Of entries that are
// about a kept machine, a MAC that is not kept is taken off.
func limitMachines(s *model.Seen, max, weak int) (left uint64) {
	if mostIdentities(s) <= min(max, weak) {
		return 0
	}
	m := &machines{weight: map[identity]merit{}}
	m.weigh(s)
	if len(m.weight) <= min(max, weak) {
		return 0
	}
	m.choose(max, weak)
	if m.cut == 0 {
		return 0
	}
	s.Bindings = slices.DeleteFunc(s.Bindings, func(b model.Binding) bool { return !m.has(b.Addr, model.MAC{}) || !m.has(netip.Addr{}, b.MAC) })
	s.Observations = slices.DeleteFunc(s.Observations, func(o model.Observation) bool {
		return !m.has(o.Subject, model.MAC{}) || !o.Subject.IsValid() && !m.has(netip.Addr{}, o.MAC)
	})
	s.Conversations = slices.DeleteFunc(s.Conversations, func(c model.Conversation) bool {
		return !m.has(c.Client, model.MAC{}) || !m.has(c.Server, model.MAC{})
	})
	s.Transactions = slices.DeleteFunc(s.Transactions, func(x model.Transaction) bool {
		return !m.has(x.Client, model.MAC{}) || !m.has(x.Server, model.MAC{})
	})
	for i := range s.Observations {
		m.bare(&s.Observations[i].MAC)
	}
	for i := range s.Conversations {
		m.bare(&s.Conversations[i].ClientMAC)
		m.bare(&s.Conversations[i].ServerMAC)
	}
	return m.cut
}

// mostIdentities is how many there can be, without counting them.
func mostIdentities(s *model.Seen) int {
	return 2*len(s.Bindings) + 2*len(s.Observations) + 4*len(s.Conversations)
}

func (m *machines) weigh(s *model.Seen) {
	for i := range s.Bindings {
		b := &s.Bindings[i]
		w := int64(b.Count)
		if b.Kind != model.BindFrame {
			w += solid
		}
		m.add(b.Addr, b.MAC, merit{w, b.First})
	}
	for i := range s.Observations {
		o := &s.Observations[i]
		w := solid
		if o.Kind == model.FingerprintSYN { // one forged packet makes it
			w = int64(o.Count)
		}
		m.add(o.Subject, o.MAC, merit{w, o.First})
	}
	for i := range s.Conversations {
		c := &s.Conversations[i]
		w := int64(0)
		if c.Answered > 0 {
			w = solid
		}
		m.add(c.Client, c.ClientMAC, merit{w + int64(c.PacketsOut), c.First})
		if c.PacketsIn > 0 {
			m.add(c.Server, c.ServerMAC, merit{w + int64(c.PacketsIn), c.First})
		}
	}
}

func (m *machines) add(a netip.Addr, mac model.MAC, w merit) {
	if a.IsValid() && model.IsInternal(a) {
		m.raise(identity{addr: a}, w)
	}
	if !mac.IsZero() && !mac.IsGroup() {
		m.raise(identity{mac: mac}, w)
	}
}

// raise adds up packets; being solid counts once.
func (m *machines) raise(id identity, by merit) {
	was, ok := m.weight[id]
	if !ok || by.first.Before(was.first) {
		was.first = by.first
	}
	was.packets = was.packets&^solid + by.packets&^solid | was.packets&solid | by.packets&solid
	m.weight[id] = was
}

// choose keeps the heaviest: solid ones up to max, then others as long as all together are not more than weak.
func (m *machines) choose(max, weak int) {
	all := make([]identity, 0, len(m.weight))
	for id := range m.weight {
		all = append(all, id)
	}
	slices.SortFunc(all, func(a, b identity) int {
		x, y := m.weight[a], m.weight[b]
		return cmp.Or(cmp.Compare(y.packets, x.packets), x.first.Compare(y.first), a.addr.Compare(b.addr), slices.Compare(a.mac[:], b.mac[:]))
	})
	n := 0
	for n < len(all) && (n < weak || n < max && m.weight[all[n]].packets >= solid) {
		n++
	}
	m.cut = uint64(len(all) - n)
	m.kept = make(map[identity]struct{}, n)
	for _, id := range all[:n] {
		m.kept[id] = struct{}{}
	}
	m.weight = nil
}

// has reports whether a (or mac, if it is not zero) is kept, or nothing that is chosen from.
func (m *machines) has(a netip.Addr, mac model.MAC) bool {
	if !mac.IsZero() && !mac.IsGroup() {
		_, ok := m.kept[identity{mac: mac}]
		return ok
	}
	if !a.IsValid() || !model.IsInternal(a) {
		return true
	}
	_, ok := m.kept[identity{addr: a}]
	return ok
}

func (m *machines) bare(mac *model.MAC) {
	if !m.has(netip.Addr{}, *mac) {
		*mac = model.MAC{}
	}
}
