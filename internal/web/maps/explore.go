package maps

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/diagram"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/report"
	"github.com/mimawari/mimawari/internal/web/page"
)

var explorePage = page.MustParse(pages, "explore")

// Bounds of the explorer: what a person can still read.
const (
	maxNodes  = 300
	maxOpened = 40
	maxPeers  = 40 // of one host, the largest first
)

// week is how long a talk counts as new.
const week = 7 * 24 * time.Hour

// node is a machine of the explorer.
type node struct {
	ID     string // Host.ID, "" for an address of which no host is known
	Key    string
	Name   string
	Hop    int
	Opened bool
	Open   string // address of the page with this one opened too, "" if it can't be
}

// edge is what two nodes talked.
type edge struct {
	From, To string // keys, client first
	Service  string
	Bytes    uint64
	Flows    uint64
	First    time.Time
	Last     time.Time
	New      bool
}

// graph grows from one host, hop by hop.
type graph struct {
	nodes   []*node
	at      map[string]*node
	edges   []edge
	LeftOut int
}

type exploreView struct {
	page.Frame
	Start *node
	Nodes []*node
	Edges []edgeLine
	Left  int
	// Picture, SVG and CSV are the same question as a picture and as files.
	Picture, SVG, CSV string
}

type edgeLine struct {
	edge
	FromNode, ToNode *node
}

// grow reads the talks of the first host and of every opened one.
func (s Site) grow(ctx context.Context, q url.Values, name func(model.Host) string) (*graph, error) {
	g := &graph{at: map[string]*node{}}
	first, err := s.Memory.Host(ctx, q.Get("host"))
	if err != nil {
		return nil, err
	}
	g.add(&node{ID: first.ID, Key: first.ID, Name: name(first)})
	open := append([]string{first.ID}, q["open"]...)
	for i, id := range open[:min(len(open), maxOpened)] {
		n := g.at[id]
		if n == nil || n.ID == "" || n.Opened && i > 0 {
			continue // not reached, or opened already
		}
		n.Opened = true
		if err := s.expand(ctx, g, n, name); err != nil {
			return nil, err
		}
	}
	for _, n := range g.nodes {
		if n.ID != "" && !n.Opened && len(open) < maxOpened {
			n.Open = page.With("/map/explore", q, "host", first.ID) + "&open=" + url.QueryEscape(n.ID)
		}
	}
	return g, nil
}

func (g *graph) add(n *node) *node {
	if have := g.at[n.Key]; have != nil {
		return have
	}
	if len(g.nodes) >= maxNodes {
		g.LeftOut++
		return nil
	}
	g.nodes, g.at[n.Key] = append(g.nodes, n), n
	return n
}

func (s Site) expand(ctx context.Context, g *graph, n *node, name func(model.Host) string) error {
	t, err := s.Memory.Trail(ctx, n.ID)
	if err != nil {
		return err
	}
	slices.SortStableFunc(t.Talks, func(a, b model.Talk) int { return int(min(1<<30, volume(b))) - int(min(1<<30, volume(a))) })
	for i := range t.Talks {
		x := &t.Talks[i]
		if i >= maxPeers {
			g.LeftOut += len(t.Talks) - i
			break
		}
		p, client := x.Peer(n.ID)
		peer, err := s.peer(ctx, g, p, n.Hop+1, name)
		if err != nil {
			return err
		}
		if peer == nil {
			continue
		}
		e := edge{From: n.Key, To: peer.Key, Service: service(*x), Bytes: volume(*x), Flows: x.Flows, First: x.First, Last: x.Last, New: t.Talks[i].Last.Sub(x.First) < week && s.Kit.Now().Sub(x.First) < week}
		if !client {
			e.From, e.To = e.To, e.From
		}
		if !slices.ContainsFunc(g.edges, func(o edge) bool { return o.From == e.From && o.To == e.To && o.Service == e.Service }) {
			g.edges = append(g.edges, e)
		}
	}
	return nil
}

func volume(t model.Talk) uint64 { return t.BytesIn + t.BytesOut }

func (s Site) peer(ctx context.Context, g *graph, p model.Party, hop int, name func(model.Host) string) (*node, error) {
	if p.Host == "" {
		return g.add(&node{Key: p.Addr.String(), Name: p.Addr.String(), Hop: hop}), nil
	}
	if have := g.at[p.Host]; have != nil {
		return have, nil
	}
	h, err := s.Memory.Host(ctx, p.Host)
	if errors.Is(err, model.ErrNotFound) {
		return g.add(&node{Key: p.Host, Name: p.Addr.String(), Hop: hop}), nil
	}
	if err != nil {
		return nil, err
	}
	return g.add(&node{ID: h.ID, Key: h.ID, Name: name(h), Hop: hop}), nil
}

func service(t model.Talk) string {
	name := diagram.AppName(t.App, t.Proto, t.Port)
	if port := strconv.Itoa(int(t.Port)); t.Port != 0 && !strings.Contains(name, port) {
		name += " (" + port + ")"
	}
	return name
}

func (s Site) explore(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	v := exploreView{Frame: s.Kit.Frame(r, "maps.explore", "map")}
	v.Picture, v.CSV = page.With("/map/explore.svg", q, "lang", string(v.Lang)), page.With("/map/explore.csv", q, "lang", string(v.Lang))
	v.SVG = v.Picture + "&download"
	if q.Get("host") == "" {
		return s.Kit.Render(w, r, http.StatusOK, explorePage, v)
	}
	g, err := s.grow(r.Context(), q, v.HostName)
	if err != nil {
		return err
	}
	v.Start, v.Nodes, v.Left = g.nodes[0], g.nodes, g.LeftOut
	for _, e := range g.edges {
		v.Edges = append(v.Edges, edgeLine{e, g.at[e.From], g.at[e.To]})
	}
	return s.Kit.Render(w, r, http.StatusOK, explorePage, v)
}

func (s Site) explorePicture(w http.ResponseWriter, r *http.Request) error {
	f := s.Kit.Frame(r, "maps.explore", "map")
	g, err := s.grow(r.Context(), r.URL.Query(), f.HostName)
	if err != nil {
		return err
	}
	return s.picture(w, r, g.picture(f.T("maps.explore.of", "name", g.nodes[0].Name)), time.Time{}, "explore", false)
}

func (s Site) exploreCSV(w http.ResponseWriter, r *http.Request) error {
	f := s.Kit.Frame(r, "maps.explore", "map")
	g, err := s.grow(r.Context(), r.URL.Query(), f.HostName)
	if err != nil {
		return err
	}
	page.Note(r, "map.export", "explore.csv")
	page.Download(w, "text/csv; charset=utf-8", "explore.csv")
	rows := [][]any{}
	for _, e := range g.edges {
		rows = append(rows, []any{g.at[e.From].Name, g.at[e.To].Name, e.Service, e.Bytes, e.Flows, e.First.UTC(), e.Last.UTC()})
	}
	heads := []string{f.T("maps.from"), f.T("maps.to"), f.T("host.service"), "bytes", f.T("host.flows"), f.T("column.first"), f.T("column.last")}
	return report.Table(w, heads, rows)
}

// Measures of the picture, in CSS pixels.
const (
	boxW, boxH = 180, 30
	gapX, gapY = 130, 10
	margin     = 20
)

// picture draws a column for each hop.
func (g *graph) picture(title string) *diagram.Picture {
	p := &diagram.Picture{Title: title}
	at, rows := map[string]diagram.Point{}, map[int]int{}
	for _, n := range g.nodes {
		at[n.Key] = diagram.Point{X: margin + float64(n.Hop)*(boxW+gapX), Y: margin + float64(rows[n.Hop])*(boxH+gapY)}
		rows[n.Hop]++
		p.W, p.H = max(p.W, at[n.Key].X+boxW+margin), max(p.H, at[n.Key].Y+boxH+margin)
	}
	for _, e := range g.edges {
		a, b := at[e.From], at[e.To]
		from, to := diagram.Point{X: a.X + boxW, Y: a.Y + boxH/2}, diagram.Point{X: b.X, Y: b.Y + boxH/2}
		switch {
		case a.X > b.X:
			from.X, to.X = a.X, b.X+boxW
		case a.X == b.X:
			from.X, to.X = a.X+boxW, b.X+boxW
		}
		color := diagram.Shade
		if e.New {
			color = diagram.Amber
		}
		p.Items = append(p.Items, diagram.Item{Kind: diagram.Line, Points: []diagram.Point{from, to}, Stroke: color, Width: 1.2, Arrow: true, Hint: e.Service})
	}
	for i, n := range g.nodes {
		x := at[n.Key]
		stroke, fill := diagram.Gray, diagram.White
		if n.ID == "" {
			fill = diagram.Pale
		}
		if i == 0 {
			stroke = diagram.Blue
		}
		p.Items = append(p.Items,
			diagram.Item{Kind: diagram.Rect, X: x.X, Y: x.Y, W: boxW, H: boxH, Round: 4, Fill: fill, Stroke: stroke, Width: 1.5, Hint: n.Name},
			diagram.Item{Kind: diagram.Text, X: x.X + 8, Y: x.Y + 20, W: boxW - 16, Size: 13, Bold: i == 0 || n.Opened, Fill: diagram.Black, Text: diagram.Fit(n.Name, 13, i == 0 || n.Opened, boxW-16)})
	}
	return p
}
