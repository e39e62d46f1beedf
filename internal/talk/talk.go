package talk

import (
	"hash/maphash"
	"iter"
	"net/netip"
	"slices"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

const tcp = 6

// oneWayPackets is how many packets a flow of which only one direction was seen must have to count: attempts have fewer.
const oneWayPackets = 10

// Counter makes trails of what was seen. A live patrol, which hands over everything seen since its beginning again and
// again, sets Live: then each packet is counted once.
type Counter struct {
	Live           bool
	counted, fresh map[uint64]amount
}

// amount is how much of a conversation was counted.
type amount struct{ flows, out, in uint64 }

var seed = maphash.MakeSeed()

// Trails gives what seen adds to the trails of hosts. Call Saved when they are stored.
func (c *Counter) Trails(hosts []model.Host, seen *model.Seen) iter.Seq[model.Trail] {
	v := &view{hosts: hosts, seen: seen, index: newIndex(hosts)}
	if c.Live {
		c.fresh = make(map[uint64]amount, len(seen.Conversations))
	}
	v.collect(c)
	return v.trails
}

// Saved tells that what Trails gave last is stored.
func (c *Counter) Saved() { c.counted, c.fresh = c.fresh, nil }

// part gives what of a conversation is not counted yet; false if nothing.
func (c *Counter) part(x *model.Conversation) (amount, bool) {
	now := amount{x.Flows, x.BytesOut, x.BytesIn}
	if !c.Live {
		return now, true
	}
	key := maphash.Comparable(seed, struct {
		client, server       netip.Addr
		clientMAC, serverMAC model.MAC
		vlan, port           uint16
		proto                uint8
		app, tunnel          string
	}{x.Client, x.Server, x.ClientMAC, x.ServerMAC, x.VLAN, x.Port, x.Proto, x.App, x.Tunnel})
	c.fresh[key] = now
	was := c.counted[key]
	now.flows -= min(was.flows, now.flows)
	now.out -= min(was.out, now.out)
	now.in -= min(was.in, now.in)
	return now, now != amount{}
}

// view is one patrol while its trails are made.
type view struct {
	hosts []model.Host
	seen  *model.Seen
	index index
	refs  [][]ref // by host
	parts []amount
	stays map[int32][]model.Stay
}

// ref points at a conversation of a host.
type ref struct {
	conversation int32
	client       int32 // host, -1 if none is known
	server       int32
}

func (v *view) collect(c *Counter) {
	v.refs, v.parts = make([][]ref, len(v.hosts)), make([]amount, len(v.seen.Conversations))
	for i := range v.seen.Conversations {
		x := &v.seen.Conversations[i]
		if !isTalk(x) {
			continue
		}
		r := ref{int32(i), v.index.find(x.Client, x.ClientMAC), v.index.find(x.Server, x.ServerMAC)}
		if r.client < 0 && r.server < 0 {
			continue
		}
		var some bool
		if v.parts[i], some = c.part(x); !some {
			continue
		}
		if r.client >= 0 {
			v.refs[r.client] = append(v.refs[r.client], r)
		}
		if r.server >= 0 && r.server != r.client {
			v.refs[r.server] = append(v.refs[r.server], r)
		}
	}
	v.collectStays()
}

// isTalk leaves out attempts and what goes to groups.
func isTalk(x *model.Conversation) bool {
	if !x.Client.IsValid() || !x.Server.IsValid() || !unicast(x.Client) || !unicast(x.Server) {
		return false
	}
	if x.Proto != tcp || x.Answered > 0 {
		return true
	}
	return x.PacketsIn == 0 && x.PacketsOut >= oneWayPackets*max(x.Flows, 1)
}

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

func unicast(a netip.Addr) bool { return !a.IsMulticast() && !a.IsUnspecified() && a != broadcast }

// collectStays notes which host was seen under which address with which card.
func (v *view) collectStays() {
	v.stays = map[int32][]model.Stay{}
	for _, b := range v.seen.Bindings {
		h := v.index.find(b.Addr, b.MAC)
		if h >= 0 && slices.Contains(v.hosts[h].MACs, b.MAC) {
			v.stays[h] = append(v.stays[h], model.Stay{Addr: b.Addr, MAC: b.MAC, First: b.First, Last: b.Last})
		}
	}
	for i := range v.hosts {
		h := &v.hosts[i]
		if len(h.MACs) > 0 || h.Last.Before(v.seen.First) || h.Last.After(v.seen.Last) {
			continue
		}
		for _, a := range h.IPs { // beyond a router: the card is not known
			v.stays[int32(i)] = append(v.stays[int32(i)], model.Stay{Addr: a, First: later(h.First, v.seen.First), Last: h.Last})
		}
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// trails hands out the hosts that there is something to say of.
func (v *view) trails(yield func(model.Trail) bool) {
	for i := range v.hosts {
		stays := v.stays[int32(i)]
		if len(v.refs[i]) == 0 && len(stays) == 0 {
			continue
		}
		t := model.Trail{Host: v.hosts[i].ID, Stays: stays, Talks: v.talks(v.refs[i])}
		if !yield(t.Join()) {
			return
		}
	}
}

func (v *view) talks(refs []ref) []model.Talk {
	talks := make([]model.Talk, len(refs))
	for i, r := range refs {
		x, n := &v.seen.Conversations[r.conversation], v.parts[r.conversation]
		talks[i] = model.Talk{
			Client: v.party(r.client, x.Client), Server: v.party(r.server, x.Server), Proto: x.Proto, Port: x.Port, App: x.App,
			Flows: n.flows, BytesOut: n.out, BytesIn: n.in, First: x.First, Last: x.Last,
		}
	}
	return talks
}

func (v *view) party(host int32, a netip.Addr) model.Party {
	if host < 0 {
		return model.Party{Addr: a}
	}
	return model.Party{Host: v.hosts[host].ID, Addr: a}
}
