package diagram

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

// Limits of an exploration: what does not fit is counted and is in the table of the host.
const (
	MaxExplored  = 300 // hosts and addresses in one picture
	peersOfOne   = 24  // that are drawn of an opened host
	maxOpened    = 40
	exploreRow   = 10.0
	exploreWidth = 190.0
)

// Exploration is who talks to whom around one host, opened hop by hop.
type Exploration struct {
	Nodes []Explored
	Ties  []Tie
	Left  int // peers of opened hosts that are not drawn
}

// Explored is a host, or an address of which no host is known.
type Explored struct {
	ID     string // "" for an address
	Key    string // ID, or the address
	Name   string
	IP     string
	Class  model.Class
	Risk   Risk
	Known  bool // declared in the ledger
	Hop    int
	Opened bool
	Peers  int // how many it has, if it is opened
}

// Tie sums the talks between two nodes.
type Tie struct {
	From, To int // who began most
	Apps     []string
	Flows    uint64
	Bytes    uint64
	First    time.Time
	Last     time.Time
	New      bool // began in the week before the newest patrol
}

// ExploreInput is what an exploration is made of. Trails and Hosts hold at least those of the opened hosts.
type ExploreInput struct {
	Opened   []string // ids; the first is where it starts
	Trails   map[string]model.Trail
	Hosts    map[string]model.Host
	Findings []model.Finding
	Newest   time.Time // of the last patrol
	Ledger   bool      // there is a ledger, so hosts that are not in it stand out
}

// explorer makes an exploration.
type explorer struct {
	ExploreInput
	Exploration
	at    map[string]int
	ties  map[[2]int]int
	level map[string]Risk
}

// Explore opens the hosts one after the other: each adds its peers, the newest and largest first.
func Explore(in ExploreInput) Exploration {
	e := &explorer{ExploreInput: in, at: map[string]int{}, ties: map[[2]int]int{}, level: risks(in.Findings)}
	for i, id := range in.Opened {
		if i < maxOpened {
			e.open(id)
		}
	}
	slices.SortStableFunc(e.Ties, func(a, b Tie) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
	return e.Exploration
}

func (e *explorer) node(p model.Party, hop int) (int, bool) {
	key := p.Host
	if key == "" {
		key = p.Addr.String()
	}
	if i, ok := e.at[key]; ok {
		return i, true
	}
	if len(e.Nodes) >= MaxExplored {
		return 0, false
	}
	x := Explored{ID: p.Host, Key: key, Name: key, Hop: hop, Risk: e.level[p.Host]}
	if p.Addr.IsValid() {
		x.IP, x.Name = p.Addr.String(), p.Addr.String()
	}
	if h, ok := e.Hosts[p.Host]; ok && p.Host != "" {
		x.Name, x.Class, x.Known = hostTitle(&h), h.Class, h.Ledger != nil
		if len(h.IPs) > 0 {
			x.IP = h.IPs[0].String()
		}
	}
	e.at[key] = len(e.Nodes)
	e.Nodes = append(e.Nodes, x)
	return len(e.Nodes) - 1, true
}

func (e *explorer) open(id string) {
	t := e.Trails[id]
	me, ok := e.node(model.Party{Host: id}, 0)
	if !ok || e.Nodes[me].Opened {
		return
	}
	e.Nodes[me].Opened = true
	peers := peersOf(t, e.Newest)
	e.Nodes[me].Peers = len(peers)
	for i, p := range peers {
		_, there := e.at[p.key]
		if i >= peersOfOne && !there {
			e.Left++
			continue
		}
		at, ok := e.node(p.party, e.Nodes[me].Hop+1)
		if !ok {
			e.Left++
			continue
		}
		e.tie(me, at, p)
	}
}

func (e *explorer) tie(me, at int, p peer) {
	key := [2]int{min(me, at), max(me, at)}
	if _, twice := e.ties[key]; twice || me == at {
		return
	}
	e.ties[key] = len(e.Ties)
	t := p.tie
	t.From, t.To = me, at
	if !p.client {
		t.From, t.To = at, me
	}
	e.Ties = append(e.Ties, t)
}

// peer sums the talks of a host with one other.
type peer struct {
	key    string
	party  model.Party
	client bool
	tie    Tie
}

func peersOf(t model.Trail, newest time.Time) []peer {
	index, out := map[string]int{}, []peer(nil)
	clients := map[string]int{}
	for i := range t.Talks {
		k := &t.Talks[i]
		p, client := k.Peer(t.Host)
		key := cmp.Or(p.Host, p.Addr.String())
		at, ok := index[key]
		if !ok {
			at = len(out)
			index[key] = at
			out = append(out, peer{key: key, party: p, tie: Tie{First: k.First}})
		}
		x := &out[at].tie
		x.Flows += k.Flows
		x.Bytes += k.BytesOut + k.BytesIn
		if k.First.Before(x.First) {
			x.First = k.First
		}
		if k.Last.After(x.Last) {
			x.Last = k.Last
		}
		if app := AppName(k.App, k.Proto, k.Port); !slices.Contains(x.Apps, app) {
			x.Apps = append(x.Apps, app)
		}
		if client {
			clients[key]++
		} else {
			clients[key]--
		}
	}
	for i := range out {
		out[i].client = clients[out[i].key] >= 0
		out[i].tie.New = IsNew(out[i].tie.First, newest)
	}
	slices.SortStableFunc(out, func(a, b peer) int {
		if a.tie.New != b.tie.New {
			if a.tie.New {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(b.tie.Bytes, a.tie.Bytes), strings.Compare(a.key, b.key))
	})
	return out
}

// newSince is how long a talk counts as new.
const newSince = 7 * 24 * time.Hour

// IsNew reports whether something that began at first is new at the time of the newest patrol.
func IsNew(first, newest time.Time) bool { return first.After(newest.Add(-newSince)) }

// ExplorePicture draws an exploration in columns by hops. link gives where a click on a node leads.
func ExplorePicture(l locale.Lang, x Exploration, ledger bool, stamp string, link func(*Explored) string) *Picture {
	tiles, nodes, edges := make([]tile, len(x.Nodes)), make([]flowNode, len(x.Nodes)), make([]flowEdge, len(x.Ties))
	for i := range x.Nodes {
		n := &x.Nodes[i]
		tiles[i] = tile{title: n.Name, risk: n.Risk, link: link(n)}
		if n.IP != "" && n.IP != n.Name {
			tiles[i].lines = []string{n.IP}
		}
		if ledger && n.ID != "" && !n.Known {
			tiles[i].standing = undeclared
		}
		if n.ID == "" {
			tiles[i].lines = append(tiles[i].lines, locale.T(l, "map.outside_address"))
		}
		nodes[i] = flowNode{W: exploreWidth, H: tiles[i].height(), Layer: n.Hop}
	}
	for i, t := range x.Ties {
		edges[i] = flowEdge{From: t.From, To: t.To}
	}
	w, h := layered(nodes, edges)
	p := &Picture{W: math.Max(w+2*edge, 860), H: h + 2*edge + titleRoom + legend + 2*exploreRow}
	head := p.heading(l, "map.explore", stamp)
	shift(nodes, edges, edge, edge+head)
	flows := make([]Flow, len(edges))
	for i, e := range edges {
		t := &x.Ties[i]
		flows[i] = Flow{From: x.Nodes[t.From].Name, To: x.Nodes[t.To].Name, Apps: t.Apps, Bytes: t.Bytes}
		color, width := Gray, 1.2
		if t.New {
			color, width = Blue, 2.4
			flows[i].Apps = append([]string{"★ " + t.Apps[0]}, t.Apps[1:]...)
		}
		p.add(Item{Kind: Line, Points: e.Points, Stroke: color, Width: width, Arrow: true, Hint: flowWords(&flows[i])})
	}
	for i := range tiles {
		p.tile(l, &tiles[i], nodes[i].X, nodes[i].Y, nodes[i].W)
	}
	p.labels(nodes, edges, flows)
	p.text(edge, p.H-edge-legend+4, p.W-2*edge, 12, false, Gray, locale.T(l, "map.explore_legend"))
	p.standingLegend(l)
	return p
}
