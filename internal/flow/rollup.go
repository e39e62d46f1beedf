package flow

import (
	"cmp"
	"slices"
	"sync/atomic"
	"time"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// rollup sums the flows of one shard that have ended.
type rollup struct {
	limits   *Limits
	total    *atomic.Int64 // conversations of all shards
	index    map[conversationKey]uint32
	list     []conversation
	folded   uint64 // flows whose peer was widened to its network because of the limit
	dropped  uint64 // flows that are in no conversation
	gateways gateways
}

type conversationKey struct {
	client, server addr
	port, vlan     uint16
	proto          uint8
	app            dissect.App
	tunnel         tunnelKind
}

type conversation struct {
	key                  conversationKey
	clientMAC, serverMAC mac48
	flows, answered      uint64
	packets, bytes       [2]uint64
	first, last          int64
}

func newRollup(l *Limits, total *atomic.Int64) rollup {
	return rollup{limits: l, total: total, index: map[conversationKey]uint32{}, gateways: newGateways(l)}
}

// settle adds a flow.
func (r *rollup) settle(e *entry) {
	client, server, _, port := e.ends()
	switch e.key.proto() {
	case protoTCP, protoUDP, protoSCTP, protoDCCP, protoUDPLit:
	default:
		port = 0 // ICMP's types would only multiply the conversations
	}
	k := conversationKey{client: client, server: server, port: port, vlan: e.key.vlan(), proto: e.key.proto(), app: e.app, tunnel: e.tunnel}
	if c := r.conversation(k); c != nil {
		c.add(e)
	} else {
		r.dropped++
	}
	for dir, from := range [2]addr{client, server} {
		to := server
		if dir == 1 {
			to = client
		}
		r.carried(way{src: from, dst: to, srcMAC: e.srcMAC[dir], dstMAC: e.dstMAC[dir], vlan: e.key.vlan(), first: e.first, last: e.last,
			packets: e.packets[dir] - e.stray[dir].packets, bytes: e.ipBytes[dir] - e.stray[dir].bytes})
	}
}

// conversation finds or makes the sum for k. Past the limit a peer on the internet is widened to its /16 (IPv6: /32), for
// which a tenth more is allowed; nil if that does not help.
func (r *rollup) conversation(k conversationKey) *conversation {
	if i, ok := r.index[k]; ok {
		return &r.list[i]
	}
	if limit := int64(r.limits.Conversations); r.total.Load() >= limit {
		c, s := model.IsExternal(k.client.netip()), model.IsExternal(k.server.netip())
		if c == s {
			return nil
		}
		if c {
			k.client = k.client.network()
		} else {
			k.server = k.server.network()
		}
		i, ok := r.index[k]
		if ok || r.total.Load() < limit+limit/10 {
			r.folded++
		}
		if ok {
			return &r.list[i]
		}
		if r.total.Load() >= limit+limit/10 {
			return nil
		}
	}
	r.total.Add(1)
	r.index[k] = uint32(len(r.list))
	r.list = append(r.list, conversation{key: k})
	return &r.list[len(r.list)-1]
}

func (a addr) network() addr {
	if a.is4() {
		return addr{0, a.lo &^ 0xffff}
	}
	return addr{a.hi &^ 0xffffffff, 0}
}

func (c *conversation) add(e *entry) {
	clientMAC, serverMAC := cmp.Or(e.srcMAC[0], e.dstMAC[1]), cmp.Or(e.dstMAC[0], e.srcMAC[1])
	// The MACs are those of the earliest flow, whatever the order in which flows end.
	if c.flows == 0 || cmp.Or(cmp.Compare(e.first, c.first), cmp.Compare(clientMAC, c.clientMAC), cmp.Compare(serverMAC, c.serverMAC)) < 0 {
		c.clientMAC, c.serverMAC = clientMAC, serverMAC
	}
	if c.flows == 0 {
		c.first, c.last = e.first, e.last
	}
	c.first, c.last = min(c.first, e.first), max(c.last, e.last)
	c.flows++
	if e.payload[1] > 0 || e.key.proto() == protoTCP && e.state[1] >= tcpSynAck && e.state[1] != tcpReset {
		c.answered++
	}
	for dir := range 2 {
		c.packets[dir] += e.packets[dir]
		c.bytes[dir] += e.ipBytes[dir]
	}
}

func (c *conversation) model() model.Conversation {
	return model.Conversation{Client: c.key.client.netip(), Server: c.key.server.netip(), ClientMAC: c.clientMAC.model(), ServerMAC: c.serverMAC.model(),
		VLAN: c.key.vlan, Proto: c.key.proto, Port: c.key.port, App: c.key.app.String(), Tunnel: c.key.tunnel.String(),
		Flows: c.flows, Answered: c.answered, PacketsOut: c.packets[0], PacketsIn: c.packets[1], BytesOut: c.bytes[0], BytesIn: c.bytes[1],
		First: stamp(c.first), Last: stamp(c.last)}
}

func stamp(ns int64) time.Time { return time.Unix(0, ns).UTC() }

// sortConversations sorts by what identifies a conversation and joins equal ones: shards hold different outer address pairs,
// but the same two machines may talk through several tunnels.
func sortConversations(all []model.Conversation) []model.Conversation {
	slices.SortFunc(all, func(a, b model.Conversation) int {
		return cmp.Or(compareIdentity(&a, &b), a.First.Compare(b.First), slices.Compare(a.ClientMAC[:], b.ClientMAC[:]),
			slices.Compare(a.ServerMAC[:], b.ServerMAC[:]))
	})
	out := all[:0]
	for i := range all {
		if n := len(out); n > 0 && compareIdentity(&out[n-1], &all[i]) == 0 {
			join(&out[n-1], &all[i])
			continue
		}
		out = append(out, all[i])
	}
	return out
}

func compareIdentity(a, b *model.Conversation) int {
	return cmp.Or(a.Client.Compare(b.Client), a.Server.Compare(b.Server), cmp.Compare(a.Proto, b.Proto), cmp.Compare(a.Port, b.Port),
		cmp.Compare(a.VLAN, b.VLAN), cmp.Compare(a.App, b.App), cmp.Compare(a.Tunnel, b.Tunnel))
}

// join adds b, which began no earlier, to a.
func join(a, b *model.Conversation) {
	a.Flows, a.Answered = a.Flows+b.Flows, a.Answered+b.Answered
	a.PacketsOut, a.PacketsIn = a.PacketsOut+b.PacketsOut, a.PacketsIn+b.PacketsIn
	a.BytesOut, a.BytesIn = a.BytesOut+b.BytesOut, a.BytesIn+b.BytesIn
	if b.Last.After(a.Last) {
		a.Last = b.Last
	}
}
