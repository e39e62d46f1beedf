package flow

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/mimawari/mimawari/internal/model"
)

// gateways watches which MACs carry packets between the inside and the internet.
type gateways struct {
	index    map[gatewayKey]int
	list     []gateway
	peers    map[peerKey]struct{}
	max      int
	maxPeers int
	dropped  uint64
}

type gatewayKey struct {
	mac  model.MAC
	vlan uint16
}

type peerKey struct {
	gateway int
	addr    addr
}

type gateway struct {
	key                      gatewayKey
	first, last              int64
	external, bytes, inbound uint64
	clients, peers           earliest
	peerCount                int
}

// Bounds of model.Gateway.
const (
	maxGatewayClients = 64
	maxGatewayPeers   = 16
	maxPeerCount      = 4096
)

// way is what one direction of a flow sent.
type way struct {
	src, dst       addr
	srcMAC, dstMAC model.MAC
	vlan           uint16
	first, last    int64
	packets, bytes uint64
}

func newGateways(l *Limits) gateways {
	return gateways{index: map[gatewayKey]int{}, peers: map[peerKey]struct{}{}, max: l.Gateways, maxPeers: l.Peers}
}

// carried notes the MAC that w went through on its way to or from the internet.
func (r *rollup) carried(w way) {
	if w.packets == 0 || w.srcMAC.IsZero() && w.dstMAC.IsZero() {
		return
	}
	src, dst := w.src.netip(), w.dst.netip()
	switch {
	case model.IsInternal(src) && model.IsExternal(dst) && !w.dstMAC.IsZero() && !w.dstMAC.IsGroup():
		if g := r.gateways.at(gatewayKey{w.dstMAC, w.vlan}, w); g != nil {
			g.external += w.packets
			g.bytes += w.bytes
			g.clients.add(maxGatewayClients, w.src, w.first)
			g.peers.add(maxGatewayPeers, w.dst, w.first)
			r.gateways.peer(g, w.dst)
		}
	case model.IsExternal(src) && model.IsInternal(dst) && !w.srcMAC.IsZero():
		if g := r.gateways.at(gatewayKey{w.srcMAC, w.vlan}, w); g != nil {
			g.inbound += w.packets
		}
	}
}

func (gs *gateways) at(k gatewayKey, w way) *gateway {
	i, ok := gs.index[k]
	if !ok {
		if len(gs.list) >= gs.max {
			gs.dropped++
			return nil
		}
		i = len(gs.list)
		gs.index[k] = i
		gs.list = append(gs.list, gateway{key: k, first: w.first, last: w.last})
	}
	g := &gs.list[i]
	g.first, g.last = min(g.first, w.first), max(g.last, w.last)
	return g
}

func (gs *gateways) peer(g *gateway, a addr) {
	k := peerKey{gs.index[g.key], a}
	if _, ok := gs.peers[k]; ok || g.peerCount >= maxPeerCount || len(gs.peers) >= gs.maxPeers {
		return
	}
	gs.peers[k] = struct{}{}
	g.peerCount++
}

// merge adds what another shard saw.
func (gs *gateways) merge(o *gateways) {
	gs.dropped += o.dropped
	for i := range o.list {
		og := &o.list[i]
		g := gs.at(og.key, way{first: og.first, last: og.last})
		if g == nil {
			continue
		}
		g.external, g.bytes, g.inbound = g.external+og.external, g.bytes+og.bytes, g.inbound+og.inbound
		for _, m := range og.clients {
			g.clients.add(maxGatewayClients, m.addr, m.at)
		}
		for _, m := range og.peers {
			g.peers.add(maxGatewayPeers, m.addr, m.at)
		}
	}
	for k := range o.peers {
		gs.peer(&gs.list[gs.index[o.list[k.gateway].key]], k.addr)
	}
}

func (gs *gateways) models() []model.Gateway {
	var all []model.Gateway
	for i := range gs.list {
		g := &gs.list[i]
		all = append(all, model.Gateway{
			MAC: g.key.mac, VLAN: g.key.vlan, First: stamp(g.first), Last: stamp(g.last),
			External: g.external, Bytes: g.bytes, Inbound: g.inbound, Clients: g.clients.sorted(), Peers: g.peers.sorted(), PeerCount: uint64(g.peerCount),
		})
	}
	slices.SortFunc(all, func(a, b model.Gateway) int {
		return cmp.Or(slices.Compare(a.MAC[:], b.MAC[:]), cmp.Compare(a.VLAN, b.VLAN))
	})
	return all
}

// earliest keeps the addresses that were seen first, in order of time and then address. What it keeps does not depend on
// the order in which they are added.
type earliest []met

type met struct {
	at   int64
	addr addr
}

func (m met) compare(o met) int {
	return cmp.Or(cmp.Compare(m.at, o.at), cmp.Compare(m.addr.hi, o.addr.hi), cmp.Compare(m.addr.lo, o.addr.lo))
}

func (l *earliest) add(limit int, a addr, at int64) {
	m := met{at, a}
	if len(*l) == limit && m.compare((*l)[limit-1]) >= 0 {
		return
	}
	for i, o := range *l {
		if o.addr != a {
			continue
		}
		if o.at <= at {
			return
		}
		*l = slices.Delete(*l, i, i+1)
		break
	}
	i, _ := slices.BinarySearchFunc(*l, m, met.compare)
	*l = slices.Insert(*l, i, m)
	if len(*l) > limit {
		*l = (*l)[:limit]
	}
}

func (l earliest) sorted() []netip.Addr {
	var out []netip.Addr
	for _, m := range l {
		out = append(out, m.addr.netip())
	}
	slices.SortFunc(out, netip.Addr.Compare)
	return out
}
