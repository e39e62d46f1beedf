package inventory

import (
	"fmt"
	"slices"

	"github.com/mimawari/mimawari/internal/inventory/oui"
	"github.com/mimawari/mimawari/internal/inventory/product"
	"github.com/mimawari/mimawari/internal/model"
)

// fact is one thing that rules can look at.
type fact struct {
	kind  model.Kind
	value string
}

// identifier collects the facts of all machines and matches them; equal facts are matched once.
type identifier struct {
	b     *builder
	host  []int // machine of each node
	facts []map[fact]bool
	memo  map[fact][]product.Hit
}

// identify says what each machine is.
func (b *builder) identify(hosts []machine) {
	id := &identifier{b: b, host: make([]int, len(b.nodes)), facts: make([]map[fact]bool, len(hosts)), memo: map[fact][]product.Hit{}}
	for i := range hosts {
		id.facts[i] = map[fact]bool{}
		for _, n := range hosts[i].nodes {
			id.host[n] = i
		}
	}
	for i := range hosts {
		id.own(i, &hosts[i])
	}
	id.observed()
	id.conversed()
	for i := range hosts {
		id.conclude(i, &hosts[i])
		id.facts[i] = nil
	}
}

func (id *identifier) add(host int, k model.Kind, v string) {
	if host >= 0 && v != "" && id.b.in.Catalog.Knows(k) {
		id.facts[host][fact{k, v}] = true
	}
}

func (id *identifier) own(i int, h *machine) {
	for _, m := range h.MACs {
		if [3]byte(m[:3]) != [3]byte{} { // assigned to Xerox, but what is seen are loopbacks and captures made anonymous
			if !m.IsVirtualRouter() { // an address of a protocol, not of a maker
				id.add(i, product.KindOUI, oui.Lookup(m))
			}
		}
	}
	for _, a := range h.IPs {
		id.add(i, product.KindAddr, a.String())
	}
}

func (id *identifier) observed() {
	obs := id.b.in.Seen.Observations
	for i := range obs {
		o := &obs[i]
		if n := id.b.owner[i]; n >= 0 {
			id.add(id.host[n], o.Kind, o.Value)
			if o.Kind == model.ServicePort && o.Port != 0 {
				id.add(id.host[n], product.KindPort, fmt.Sprintf("%s/%d", o.Value, o.Port))
			}
		}
		switch o.Kind {
		case model.DICOMOp:
			id.peer(o, product.KindServed)
		case model.DICOMSOP:
			id.peer(o, product.KindSOPServe)
		}
	}
}

func (id *identifier) peer(o *model.Observation, k model.Kind) {
	if n := id.b.resolve(o.Peer, model.MAC{}, o.Last); n >= 0 && o.Peer.IsValid() {
		id.add(id.host[n], k, o.Value)
	}
}

func (id *identifier) conversed() {
	cs := id.b.in.Seen.Conversations
	for i := range cs {
		c := &cs[i]
		if c.Answered == 0 {
			continue
		}
		if n := id.b.resolve(c.Server, c.ServerMAC, c.Last); n >= 0 && c.Server.IsValid() {
			id.add(id.host[n], product.KindServes, c.App)
			if t := transport(c.Proto); t != "" {
				id.add(id.host[n], product.KindPort, fmt.Sprintf("%s/%d", t, c.Port))
			}
		}
		if n := id.b.resolve(c.Client, c.ClientMAC, c.Last); n >= 0 && c.Client.IsValid() {
			id.add(id.host[n], product.KindUses, c.App)
		}
	}
}

func transport(proto uint8) string {
	switch proto {
	case 6:
		return "tcp"
	case 17:
		return "udp"
	}
	return ""
}

func (id *identifier) match(f fact) []product.Hit {
	hits, ok := id.memo[f]
	if !ok {
		hits = id.b.in.Catalog.Match(f.kind, f.value)
		id.memo[f] = hits
	}
	return hits
}

// conclude turns the facts of one machine into signals and the signals into what it is.
func (id *identifier) conclude(i int, h *machine) {
	facts := make([]fact, 0, len(id.facts[i]))
	for f := range id.facts[i] {
		facts = append(facts, f)
	}
	slices.SortFunc(facts, compareFacts)
	g := gather{best: map[signalKey]int{}, parts: map[*product.Rule]*partial{}}
	for _, f := range facts {
		g.take(f, id.match(f))
	}
	g.builtIn(h)
	covers := id.b.in.Catalog.Covers
	for _, r := range rolesOf(g.signals) {
		f := fact{product.KindRole, r}
		g.take(f, id.match(f))
	}
	g.identity(&h.identity)
	if h.was != nil {
		g.carry(h.was.Signals)
		g.names(h)
	}
	h.Signals = g.sorted()
	describe(&h.Host, covers)
}

// names keeps names of earlier patrols behind those seen now.
func (g *gather) names(h *machine) {
	for _, n := range h.was.Names {
		if len(h.Names) < maxNames && !slices.Contains(h.Names, n) {
			h.Names = append(h.Names, n)
		}
	}
}
