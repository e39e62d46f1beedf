package inventory

import (
	"net/netip"
	"slices"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// card is one MAC and the addresses that were seen with it.
type card struct {
	addrs       map[netip.Addr]*pairing
	carrier     bool // sends packets of other machines: a router, a proxy, a bridge
	bridge      bool // sends only packets of machines that are on the same segment: no router
	wayOut      bool // packets to the internet go through it
	proxy       bool // claims other machines' addresses too (RFC 1027)
	first, last time.Time
	vlans       []uint16
}

// pairing is one address seen with one MAC.
type pairing struct {
	claimed     bool // ARP, NDP, DHCP or a table say so, not only frames
	routed      bool // its packets came from more than one hop away
	first, last time.Time
}

// Limits of reasoning about MACs.
const (
	proxyClaims  = 16 // a MAC that claims more IPv4 addresses than this answers for others
	carriedAlone = 3  // a MAC that claims nothing but frames this many IPv4 addresses is a router
	maxVLANs     = 64
)

func (b *builder) card(m model.MAC, vlan uint16, first, last time.Time) *card {
	if m.IsZero() || m.IsGroup() {
		return nil
	}
	c := b.cards[m]
	if c == nil {
		c = &card{addrs: map[netip.Addr]*pairing{}}
		b.cards[m] = c
	}
	widen(&c.first, &c.last, first, last)
	c.vlans = withVLAN(c.vlans, vlan)
	return c
}

func (c *card) pair(a netip.Addr, first, last time.Time) *pairing {
	p := c.addrs[a]
	if p == nil {
		p = &pairing{}
		c.addrs[a] = p
	}
	widen(&p.first, &p.last, first, last)
	return p
}

func withVLAN(list []uint16, v uint16) []uint16 {
	i, ok := slices.BinarySearch(list, v)
	if v == 0 || ok || len(list) >= maxVLANs {
		return list
	}
	return slices.Insert(list, i, v)
}

// widen stretches first..last; zero times are not known.
func widen(first, last *time.Time, f, l time.Time) {
	if !f.IsZero() && (first.IsZero() || f.Before(*first)) {
		*first = f
	}
	if l.After(*last) {
		*last = l
	}
}

// readBindings collects which MAC was seen with which address, from bindings, conversations and observations.
func (b *builder) readBindings() {
	s := b.in.Seen
	for i := range s.Bindings {
		x := &s.Bindings[i]
		c := b.card(x.MAC, x.VLAN, x.First, x.Last)
		if x.Kind != model.BindFrame && x.Addr.IsGlobalUnicast() && x.Addr.Is6() {
			b.declared[x.Addr] = true // a global IPv6 address that a neighbour claims is a neighbour's
		}
		if c == nil || !b.ours(x.Addr) {
			continue
		}
		p := c.pair(x.Addr, x.First, x.Last)
		if x.Kind != model.BindFrame && !p.claimed {
			p.claimed = true
			b.claims[x.Addr] = append(b.claims[x.Addr], x.MAC)
		}
	}
	for i := range s.Conversations {
		b.readConversation(&s.Conversations[i])
	}
	for i := range s.Observations {
		b.readObservation(&s.Observations[i])
	}
}

func (b *builder) readConversation(x *model.Conversation) {
	if x.Tunnel != "" {
		return // the MACs are those of the tunnel's ends
	}
	if b.ours(x.Client) {
		if c := b.card(x.ClientMAC, x.VLAN, x.First, x.Last); c != nil {
			c.pair(x.Client, x.First, x.Last)
		}
	}
	if x.PacketsIn > 0 && b.ours(x.Server) {
		if c := b.card(x.ServerMAC, x.VLAN, x.First, x.Last); c != nil {
			c.pair(x.Server, x.First, x.Last)
		}
	}
}

func (b *builder) readObservation(o *model.Observation) {
	if spoken(o) {
		return
	}
	c := b.card(o.MAC, o.VLAN, o.First, o.Last)
	if c == nil || !b.ours(o.Subject) {
		return
	}
	p := c.pair(o.Subject, o.First, o.Last)
	if o.Kind == model.FingerprintSYN && hops(o.Value) > 0 {
		p.routed = true
	}
}

// markCarriers finds the MACs whose frames carry other machines' packets.
func (b *builder) markCarriers() {
	for _, g := range b.in.Seen.Gateways {
		if g.External == 0 {
			continue // only inbound: may be one host with a public address
		}
		if c := b.card(g.MAC, g.VLAN, g.First, g.Last); c != nil {
			c.carrier, c.wayOut = true, true
		}
	}
	for m, c := range b.cards {
		c.proxy = c.claims4() > proxyClaims
		c.carrier = c.carrier || c.proxy || m.IsVirtualRouter() || b.carries(m, c)
		c.bridge = c.carrier && !c.wayOut && !c.proxy && !m.IsVirtualRouter() && b.bridges(m, c)
	}
}

// bridges reports whether everything that c carries is also claimed by other cards here, but for one address in their segment: a PC whose virtual
// machines share its Wi-Fi card, or a Wi-Fi repeater, puts its own MAC on their frames.
func (b *builder) bridges(m model.MAC, c *card) bool {
	guests := map[netip.Prefix]bool{}
	var alone []netip.Addr
	for a := range c.addrs {
		switch {
		case !a.Is4() || a.IsLinkLocalUnicast():
		case slices.ContainsFunc(b.claims[a], func(x model.MAC) bool { return x != m }):
			guests[segment(a)] = true
		default:
			alone = append(alone, a)
		}
	}
	return len(guests) > 0 && (len(alone) == 0 || len(alone) == 1 && guests[segment(alone[0])])
}

// guest reports whether the address, which m uses too, is a virtual machine's: m's machine lets it onto the network, or routes for it.
func (b *builder) guest(m model.MAC, a netip.Addr) bool {
	return !virtual(m) && b.guests[a]
}

// virtualCards are the prefixes that hypervisors give their guests' cards: VMware, VirtualBox, Hyper-V, Xen, KVM, Parallels.
var virtualCards = [][3]byte{
	{0x00, 0x0c, 0x29},
	{0x00, 0x50, 0x56},
	{0x00, 0x05, 0x69},
	{0x08, 0x00, 0x27},
	{0x00, 0x15, 0x5d},
	{0x00, 0x16, 0x3e},
	{0x52, 0x54, 0x00},
	{0x00, 0x1c, 0x42},
}

func virtual(m model.MAC) bool { return slices.Contains(virtualCards, [3]byte(m[:3])) }

func (c *card) claims4() (n int) {
	for a, p := range c.addrs {
		if p.claimed && a.Is4() {
			n++
		}
	}
	return n
}

func (b *builder) carries(m model.MAC, c *card) bool {
	framed, away := 0, false
	for a, p := range c.addrs {
		if p.claimed || a.IsLinkLocalUnicast() {
			continue
		}
		if p.routed || len(b.claims[a]) > 0 {
			return true
		}
		if a.Is4() {
			framed++
			away = away || !c.near(a)
		}
	}
	if c.claims4() > 0 {
		return away
	}
	return framed >= carriedAlone || framed == 2 && !c.inTurn()
}

// leaseGap is how long a machine is silent at least between two addresses of its own that nobody saw it claim. Shorter changes are
// more likely a router's: its clients take turns too.
const leaseGap = 10 * time.Minute

// inTurn reports whether the IPv4 addresses were used one after the other, as when a machine gets a new lease: in one segment and
// with a pause between.
func (c *card) inTurn() bool {
	for a, p := range c.addrs {
		for x, q := range c.addrs {
			if a == x || !a.Is4() || !x.Is4() || a.IsLinkLocalUnicast() || x.IsLinkLocalUnicast() {
				continue
			}
			if segment(a) != segment(x) || p.last.Add(leaseGap).After(q.first) && q.last.Add(leaseGap).After(p.first) {
				return false
			}
		}
	}
	return true
}

// near reports whether c claims an address in a's /24: the commonest size of a segment, and networks need not be declared.
func (c *card) near(a netip.Addr) bool {
	for x, p := range c.addrs {
		if p.claimed && segment(x) == segment(a) {
			return true
		}
	}
	return false
}

// holds reports whether the address is m's own.
func (b *builder) holds(m model.MAC, c *card, a netip.Addr, p *pairing) bool {
	switch {
	case b.guest(m, a):
		return false
	case c.proxy && a.Is4():
		return p.claimed && b.proxyOwn(m, c, a)
	case p.claimed || a.IsLinkLocalUnicast():
		return true
	case c.wayOut && !p.routed && len(b.claims[a]) == 0 && b.routerOwn(m, c, a):
		return true
	case c.carrier || p.routed || len(b.claims[a]) > 0:
		return false
	case a.Is6() || c.claims4() > 0:
		return true
	}
	return c.framedAlone(a)
}

// routerOwn: a router that claimed nothing while we looked owns the one address among those it carries that is in a segment of its
// neighbours: packets between neighbours do not pass it.
func (b *builder) routerOwn(m model.MAC, c *card, a netip.Addr) bool {
	if c.claims4() > 0 || !b.neighboured(m, a) {
		return false
	}
	for x := range c.addrs {
		if x != a && x.Is4() && !x.IsLinkLocalUnicast() && b.neighboured(m, x) {
			return false
		}
	}
	return true
}

// neighboured reports whether another card that carries for nobody has an address in a's segment.
func (b *builder) neighboured(m model.MAC, a netip.Addr) bool {
	return a.Is4() && slices.ContainsFunc(b.residents[segment(a)], func(x model.MAC) bool { return x != m })
}

// settle notes two cards of end machines in each segment, enough to tell whether there is one beside a given card, and the addresses of
// virtual machines.
func (b *builder) settle() {
	for m, c := range b.cards {
		if c.carrier {
			continue
		}
		for a := range c.addrs {
			b.guests[a] = b.guests[a] || virtual(m)
			if s := segment(a); a.Is4() && !a.IsLinkLocalUnicast() && len(b.residents[s]) < 2 {
				b.residents[s] = appendNew(b.residents[s], m)
			}
		}
	}
}

// proxyOwn picks, of the many addresses that a proxy claims, those that are its own: declared with its MAC, a declared
// gateway, or else the lowest.
func (b *builder) proxyOwn(m model.MAC, c *card, a netip.Addr) bool {
	if b.in.Ledger != nil {
		for _, h := range b.in.Ledger.ByIP(a) {
			if slices.Contains(h.MACs, m) {
				return true
			}
		}
		if n := b.in.Ledger.NetworkOf(a); n != nil && n.Gateway.IsValid() {
			return n.Gateway == a
		}
	}
	for x, p := range c.addrs {
		if p.claimed && x.Is4() && x.Less(a) {
			return false
		}
	}
	return true
}

// framedAlone: a MAC that claims nothing owns the one IPv4 address that it sends from, or two if it used them one after
// the other (a new lease), never two at a time.
func (c *card) framedAlone(a netip.Addr) bool {
	own := c.addrs[a]
	for x, p := range c.addrs {
		if x == a || !x.Is4() || x.IsLinkLocalUnicast() {
			continue
		}
		if !p.last.Before(own.first) && !own.last.Before(p.first) {
			return false
		}
	}
	return true
}
