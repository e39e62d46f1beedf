package diagram

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

// Systems gathers what the system diagram (システム構成図) shows: the systems of the ledger, their machines, their vendors, and
// what they exchange by the trails of their hosts.
type Systems struct {
	house  House
	nodes  []systemNode
	index  map[string]int
	hostAt map[string]int // node of each seen host
	flows  map[[2]int]*Flow
}

// systemNode is a system, or one of the groups that are none.
type systemNode struct {
	name     string
	group    string // key of the words for what is no system, "" for a system
	declared *model.System
	servers  [2]int // declared, seen
	others   [2]int
	names    []string // of servers
	risk     Risk
}

// The groups of what belongs to no system.
const (
	noSystem   = "map.no_system"
	notInBook  = "map.undeclared_hosts"
	theOutside = "map.internet"
)

// Flow is what passes from one system to another.
type Flow struct {
	From, To string // names, in words
	Talks    int
	Bytes    uint64
	Apps     []string // the largest first
	apps     map[string]uint64
}

// maxSystems and maxSystemFlows bound what is drawn; the largest stay.
const (
	maxSystems     = 60
	maxSystemFlows = 80
)

// NewSystems sorts the hosts of h into systems.
func NewSystems(h House) *Systems {
	s := &Systems{house: h, index: map[string]int{}, hostAt: map[string]int{}, flows: map[[2]int]*Flow{}}
	if h.Ledger != nil {
		for i := range h.Ledger.Systems {
			s.nodes[s.node(h.Ledger.Systems[i].Name, "")].declared = &h.Ledger.Systems[i]
		}
	}
	byKey := newAreas(h.Ledger).hosts
	seen, level := map[string]bool{}, risks(h.Findings)
	for i := range h.Hosts {
		x := &h.Hosts[i]
		d := byKey[x.Declared]
		at := s.nodeOf(d, x.Declared)
		seen[x.Declared] = true
		s.hostAt[x.ID] = at
		n := &s.nodes[at]
		n.risk = max(n.risk, level[x.ID])
		if d == nil {
			n.count(x.Class, "", 1)
		}
	}
	if h.Ledger != nil {
		for i := range h.Ledger.Hosts {
			d := &h.Ledger.Hosts[i]
			if d.Retired {
				continue
			}
			n := &s.nodes[s.nodeOf(d, d.Key)]
			n.count(d.Class, d.Name, 0)
			if seen[d.Key] {
				n.count(d.Class, "", 1)
			}
		}
	}
	return s
}

func (n *systemNode) count(c model.Class, name string, column int) {
	if classRank(c) != 2 {
		n.others[column]++
		return
	}
	n.servers[column]++
	if name != "" && len(n.names) < 3 {
		n.names = append(n.names, name)
	}
}

func (s *Systems) node(name, group string) int {
	key := group + "\x00" + name
	i, ok := s.index[key]
	if !ok {
		i = len(s.nodes)
		s.index[key] = i
		s.nodes = append(s.nodes, systemNode{name: name, group: group})
	}
	return i
}

func (s *Systems) nodeOf(d *model.LedgerHost, key string) int {
	switch {
	case d != nil && d.System != "":
		return s.node(d.System, "")
	case key != "":
		return s.node("", noSystem)
	}
	return s.node("", notInBook)
}

// Add counts the talks of a host: those that it began, and those that came from no host.
func (s *Systems) Add(t model.Trail) {
	for i := range t.Talks {
		k := &t.Talks[i]
		peer, client := k.Peer(t.Host)
		if !client && peer.Host != "" {
			continue // counted with the client
		}
		from, ok1 := s.party(k.Client)
		to, ok2 := s.party(k.Server)
		if !ok1 || !ok2 || from == to {
			continue
		}
		f := s.flows[[2]int{from, to}]
		if f == nil {
			f = &Flow{apps: map[string]uint64{}}
			s.flows[[2]int{from, to}] = f
		}
		f.Talks++
		f.Bytes += k.BytesOut + k.BytesIn
		f.apps[AppName(k.App, k.Proto, k.Port)] += k.BytesOut + k.BytesIn
	}
}

// party gives the node of one side; false for an address inside of which no host is known any more.
func (s *Systems) party(p model.Party) (int, bool) {
	if at, ok := s.hostAt[p.Host]; ok {
		return at, true
	}
	if p.Host == "" && model.IsExternal(p.Addr) {
		return s.node("", theOutside), true
	}
	return 0, false
}

// name is what a node is called.
func (s *Systems) name(l locale.Lang, i int) string {
	if n := &s.nodes[i]; n.group == "" {
		return n.name
	}
	return locale.T(l, s.nodes[i].group)
}

// Flows are all flows between systems, the largest first.
func (s *Systems) Flows(l locale.Lang) []Flow {
	out := make([]Flow, 0, len(s.flows))
	for _, k := range s.pairs() {
		f := *s.flows[k]
		f.From, f.To = s.name(l, k[0]), s.name(l, k[1])
		f.Apps = slices.SortedFunc(maps.Keys(f.apps), func(a, b string) int {
			return cmp.Or(cmp.Compare(f.apps[b], f.apps[a]), strings.Compare(a, b))
		})
		out = append(out, f)
	}
	return out
}

func (s *Systems) pairs() [][2]int {
	return slices.SortedFunc(maps.Keys(s.flows), func(a, b [2]int) int {
		return cmp.Or(cmp.Compare(s.flows[b].Bytes, s.flows[a].Bytes), slices.Compare(a[:], b[:]))
	})
}

// Picture draws the systems in columns: who asks on the left, who answers on the right.
func (s *Systems) Picture(l locale.Lang, stamp string) *Picture {
	shown, nodes, edges, flows := s.choose(l)
	tiles := make([]tile, len(shown))
	for i, at := range shown {
		tiles[i] = s.tile(l, at)
		nodes[i].W, nodes[i].H = tileWidth+20, tiles[i].height()
	}
	w, h := layered(nodes, edges)
	p := &Picture{W: math.Max(w+2*edge+20, 860), H: h + 2*edge + titleRoom + legend + 20}
	head := p.heading(l, "map.system_diagram", stamp)
	shift(nodes, edges, edge, edge+head)
	for i, e := range edges {
		p.add(Item{Kind: Line, Points: e.Points, Stroke: Gray, Width: thickness(flows[i].Bytes), Arrow: true, Hint: flowWords(&flows[i])})
	}
	for i := range tiles {
		p.tile(l, &tiles[i], nodes[i].X, nodes[i].Y, nodes[i].W)
	}
	p.labels(nodes, edges, flows)
	if left := len(s.flows) - len(edges) + len(s.nodes) - len(shown); left > 0 {
		p.text(edge, p.H-edge-legend+4, p.W-2*edge, 12, false, Gray, locale.T(l, "map.not_drawn", "n", strconv.Itoa(left)))
	}
	p.standingLegend(l)
	return p
}

func flowWords(f *Flow) string {
	return f.From + " → " + f.To + ": " + strings.Join(f.Apps[:min(len(f.Apps), 5)], ", ")
}

// thickness grows with the decimal exponent of an amount.
func thickness(bytes uint64) float64 {
	return 1 + math.Min(1.6, 0.3*math.Max(0, math.Log10(float64(bytes)+1)-6))
}

// choose takes the systems and flows that are drawn.
func (s *Systems) choose(l locale.Lang) (shown []int, nodes []flowNode, edges []flowEdge, flows []Flow) {
	all, pairs := s.Flows(l), s.pairs()
	weight := make([]uint64, len(s.nodes))
	for k, f := range s.flows {
		weight[k[0]] += f.Bytes
		weight[k[1]] += f.Bytes
	}
	for i := range s.nodes {
		shown = append(shown, i)
	}
	if len(shown) > maxSystems {
		slices.SortStableFunc(shown, func(a, b int) int { return cmp.Compare(weight[b], weight[a]) })
		shown = shown[:maxSystems]
		slices.Sort(shown)
	}
	at := make(map[int]int, len(shown))
	for i, n := range shown {
		at[n] = i
	}
	for i, k := range pairs {
		from, ok1 := at[k[0]]
		to, ok2 := at[k[1]]
		if ok1 && ok2 && len(edges) < maxSystemFlows {
			edges, flows = append(edges, flowEdge{From: from, To: to}), append(flows, all[i])
		}
	}
	nodes = make([]flowNode, len(shown))
	for i, level := range rank(len(shown), edges, 4) {
		nodes[i].Layer = level
	}
	return shown, nodes, edges, flows
}

func (s *Systems) tile(l locale.Lang, at int) tile {
	n := &s.nodes[at]
	t := tile{title: s.name(l, at), risk: n.risk}
	if n.group == theOutside {
		return t
	}
	if d := n.declared; d != nil {
		if d.Vendor != "" {
			t.lines = append(t.lines, locale.T(l, "map.vendor", "name", d.Vendor))
		}
		if d.Owner != "" {
			t.lines = append(t.lines, locale.T(l, "map.owner", "name", d.Owner))
		}
	}
	if n.group == notInBook {
		if s.house.Ledger != nil {
			t.standing = undeclared
		}
		t.lines = append(t.lines, locale.T(l, "map.hosts", "n", strconv.Itoa(n.servers[1]+n.others[1])))
		return t
	}
	for _, c := range []struct {
		key string
		n   [2]int
	}{{"map.servers", n.servers}, {"map.terminals", n.others}} {
		if c.n[0]+c.n[1] > 0 {
			t.lines = append(t.lines, locale.T(l, c.key, "declared", strconv.Itoa(c.n[0]), "seen", strconv.Itoa(c.n[1])))
		}
	}
	if len(n.names) > 0 {
		t.lines = append(t.lines, strings.Join(n.names, ", "))
	}
	if n.servers[1]+n.others[1] == 0 {
		t.standing = unseen
	}
	return t
}

// labels writes what passes beside the lines, where there is room: never over a box or another label.
func (p *Picture) labels(nodes []flowNode, edges []flowEdge, flows []Flow) {
	var taken []rect
	for _, n := range nodes {
		taken = append(taken, rect{n.X, n.Y, n.W, n.H})
	}
	for i, e := range edges {
		s := Fit(strings.Join(flows[i].Apps[:min(2, len(flows[i].Apps))], ", "), 10, false, 86)
		w := Width(s, 10, false)
		for _, at := range []float64{0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8} {
			m := along(e.Points, at)
			r := rect{m.X - w/2 - 2, m.Y - 7, w + 4, 14}
			if s == "" || r.x < edge || r.x+r.w > p.W-edge || slices.ContainsFunc(taken, r.meets) {
				continue
			}
			taken = append(taken, r)
			p.rect(r.x, r.y, r.w, r.h, White, "")
			p.add(Item{Kind: Text, X: m.X, Y: m.Y + 4, W: w, Size: 10, Fill: Black, Align: Middle, Text: s, Hint: flowWords(&flows[i])})
			break
		}
	}
}
