package flow

import (
	"cmp"
	"math/bits"
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
	seed     uint64
	slots    []uint32 // open addressing: number in list plus one
	list     conversations
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
	clientMAC, serverMAC model.MAC
	flows, answered      uint64
	packets, bytes       [2]uint64
	first, last          int64
}

func newRollup(l *Limits, total *atomic.Int64, seed uint64) rollup {
	return rollup{limits: l, total: total, seed: seed, slots: make([]uint32, 1<<10), gateways: newGateways(l)}
}

// settle adds a flow.
func (r *rollup) settle(e *entry, x *strays) {
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
		r.carried(way{
			src: from, dst: to, srcMAC: e.srcMAC[dir], dstMAC: e.dstMAC[dir], vlan: e.key.vlan(), first: e.first, last: e.last,
			packets: e.packets[dir] - x.packets[dir], bytes: e.ipBytes[dir] - x.bytes[dir],
		})
	}
}

// conversation finds or makes the sum for k. Past the limit a peer on the internet is widened to its /16 (IPv6: /32), for
// which a tenth more is allowed; nil if that does not help.
func (r *rollup) conversation(k conversationKey) *conversation {
	limit := int64(r.limits.Conversations)
	if c := r.find(&k); c != nil || r.total.Load() < limit {
		return r.orAdd(c, &k)
	}
	c, s := model.IsExternal(k.client.netip()), model.IsExternal(k.server.netip())
	switch {
	case c == s:
		return nil
	case c:
		k.client = k.client.network()
	default:
		k.server = k.server.network()
	}
	found := r.find(&k)
	if found == nil && r.total.Load() >= limit+limit/10 {
		return nil
	}
	r.folded++
	return r.orAdd(found, &k)
}

func (k *conversationKey) hash(seed uint64) uint64 {
	rest := uint64(k.port)<<48 | uint64(k.vlan)<<32 | uint64(k.proto)<<16 | uint64(k.app)<<8 | uint64(k.tunnel)
	return mix(mix(seed^k.client.lo^bits.RotateLeft64(k.server.lo, 32)) ^ mix(k.client.hi+bits.RotateLeft64(k.server.hi, 17)) ^ rest)
}

func (r *rollup) find(k *conversationKey) *conversation {
	mask := uint64(len(r.slots) - 1)
	for i := k.hash(r.seed) & mask; r.slots[i] != 0; i = (i + 1) & mask {
		if c := r.list.at(int(r.slots[i] - 1)); c.key == *k {
			return c
		}
	}
	return nil
}

func (r *rollup) orAdd(c *conversation, k *conversationKey) *conversation {
	if c != nil {
		return c
	}
	r.total.Add(1)
	c = r.list.add()
	c.key = *k
	if r.list.len*2 <= len(r.slots) {
		r.put(r.list.len - 1)
		return c
	}
	r.slots = make([]uint32, 2*len(r.slots))
	for i := range r.list.len {
		r.put(i)
	}
	return c
}

func (r *rollup) put(n int) {
	mask := uint64(len(r.slots) - 1)
	i := r.list.at(n).key.hash(r.seed) & mask
	for r.slots[i] != 0 {
		i = (i + 1) & mask
	}
	r.slots[i] = uint32(n + 1)
}

// conversations is a list that grows without moving.
type conversations struct {
	chunks []*[chunkSize]conversation
	len    int
}

func (l *conversations) at(i int) *conversation { return &l.chunks[i>>chunkBits][i&(chunkSize-1)] }

func (l *conversations) add() *conversation {
	if l.len == len(l.chunks)*chunkSize {
		l.chunks = append(l.chunks, new([chunkSize]conversation))
	}
	l.len++
	return l.at(l.len - 1)
}

func (l *conversations) clone() conversations {
	c := conversations{len: l.len}
	for _, chunk := range l.chunks {
		same := *chunk
		c.chunks = append(c.chunks, &same)
	}
	return c
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
	if c.flows == 0 || cmp.Or(cmp.Compare(e.first, c.first), slices.Compare(clientMAC[:], c.clientMAC[:]), slices.Compare(serverMAC[:], c.serverMAC[:])) < 0 {
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
	return model.Conversation{
		Client: c.key.client.netip(), Server: c.key.server.netip(), ClientMAC: c.clientMAC, ServerMAC: c.serverMAC,
		VLAN: c.key.vlan, Proto: c.key.proto, Port: c.key.port, App: c.key.app.String(), Tunnel: c.key.tunnel.String(),
		Flows: c.flows, Answered: c.answered, PacketsOut: c.packets[0], PacketsIn: c.packets[1], BytesOut: c.bytes[0], BytesIn: c.bytes[1],
		First: stamp(c.first), Last: stamp(c.last),
	}
}

func stamp(ns int64) time.Time { return time.Unix(0, ns).UTC() }

// sortConversations sorts by what identifies a conversation and joins equal ones: shards hold different outer address pairs,
// but the same two machines may talk through several tunnels.
func sortConversations(all []model.Conversation) []model.Conversation {
	slices.SortFunc(all, func(a, b model.Conversation) int {
		if c := compareIdentity(&a, &b); c != 0 {
			return c
		}
		return cmp.Or(a.First.Compare(b.First), slices.Compare(a.ClientMAC[:], b.ClientMAC[:]),
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

// compareIdentity looks no further than it must: most pairs differ in the first two fields.
func compareIdentity(a, b *model.Conversation) int {
	if c := a.Client.Compare(b.Client); c != 0 {
		return c
	}
	if c := a.Server.Compare(b.Server); c != 0 {
		return c
	}
	return cmp.Or(cmp.Compare(a.Proto, b.Proto), cmp.Compare(a.Port, b.Port),
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
