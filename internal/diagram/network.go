package diagram

import (
	"math"
	"net/netip"
	"slices"
	"strconv"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

// NetworkInput is what the network diagram (ネットワーク構成図) shows.
type NetworkInput struct {
	House
	Devices []model.Host // routers, firewalls, VPN appliances, mobile routers that were seen
	Lang    locale.Lang
	Stamp   string // the time of the data, in words
	HostURL func(id string) string
}

// maxDevices bounds the routers drawn one by one; the rest is a number.
const maxDevices = 24

// network is the diagram while it is made.
type network struct {
	NetworkInput
	areas   *areas
	zones   []zoneBox
	zoneAt  map[area]int
	tiles   []tile // lines, then devices
	nodes   []flowNode
	edges   []flowEdge
	levels  map[string]Risk
	devices int // index of the first device tile
	links   map[[2]int]bool
}

// zoneBox is a zone with its networks.
type zoneBox struct {
	area     area
	networks []networkCell
	index    map[string]int
}

// networkCell is a network: declared, seen, or both.
type networkCell struct {
	name, prefix string
	vlan         uint16
	declared     bool
	hosts        int
	act, watch   int
}

// NetworkPicture draws outside lines on the left, then what routes, then the zones with their networks.
func NetworkPicture(in NetworkInput) *Picture {
	n := &network{NetworkInput: in, areas: newAreas(in.Ledger), zoneAt: map[area]int{}, levels: risks(in.Findings), links: map[[2]int]bool{}}
	n.declaredNetworks()
	n.seenHosts()
	n.lines()
	n.routers()
	return n.draw()
}

func (n *network) zone(a area) *zoneBox {
	i, ok := n.zoneAt[a]
	if !ok {
		i = len(n.zones)
		n.zoneAt[a] = i
		n.zones = append(n.zones, zoneBox{area: a, index: map[string]int{}})
	}
	return &n.zones[i]
}

func (z *zoneBox) network(key string) *networkCell {
	i, ok := z.index[key]
	if !ok {
		i = len(z.networks)
		z.index[key] = i
		z.networks = append(z.networks, networkCell{prefix: key})
	}
	return &z.networks[i]
}

// zoneOf is the zone that a network stands in: its own area if it has none.
func (n *network) zoneOf(d *model.Network) area {
	return n.areas.of(&model.Brief{IP: d.Prefix.Addr()})
}

func (n *network) declaredNetworks() {
	if n.Ledger == nil {
		return
	}
	for i := range n.Ledger.Networks {
		d := &n.Ledger.Networks[i]
		if !d.Prefix.IsValid() {
			continue
		}
		c := n.zone(n.zoneOf(d)).network(d.Prefix.Masked().String())
		c.name, c.vlan, c.declared = d.Name, d.VLAN, true
	}
}

func (n *network) seenHosts() {
	for i := range n.Hosts {
		h := &n.Hosts[i]
		a, key, declared := n.areas.of(h), "", false
		if d := n.areas.network(h.IP); d != nil {
			a, key, declared = n.zoneOf(d), d.Prefix.Masked().String(), true
		} else if h.IP.IsValid() {
			key = subnet(h.IP).String()
		}
		c := n.zone(a).network(key)
		c.declared = c.declared || declared
		c.hosts++
		switch n.levels[h.ID] {
		case Act:
			c.act++
		case Watch:
			c.watch++
		}
	}
	slices.SortStableFunc(n.zones, func(a, b zoneBox) int { return a.area.compare(b.area) })
	for i := range n.zones {
		n.zoneAt[n.zones[i].area] = i
	}
}

// lines are the ways out: those in the ledger, and those that findings tell of.
func (n *network) lines() {
	t := func(key string, pairs ...string) string { return locale.T(n.Lang, key, pairs...) }
	if n.Ledger != nil {
		for i := range n.Ledger.Lines {
			l := &n.Ledger.Lines[i]
			x := tile{title: l.Name, lines: []string{t("map.line." + string(l.Kind))}}
			for _, s := range []string{l.Purpose, l.Carrier, l.Vendor} {
				if s != "" {
					x.lines = append(x.lines, s)
				}
			}
			n.tiles = append(n.tiles, x)
		}
	}
	exits := 0
	for i := range n.Findings {
		if _, outside := traffic(n.Findings[i].Rule); outside {
			exits++
		}
	}
	if exits > 0 {
		n.tiles = append(n.tiles, tile{title: t("map.internet"), lines: []string{t("map.exits", "n", strconv.Itoa(exits))}, standing: undeclared, risk: Act})
	}
	n.devices = len(n.tiles)
}

// routers are the machines between: seen ones, then those that the ledger alone has.
func (n *network) routers() {
	seen := map[string]bool{}
	devices := slices.Clone(n.Devices)
	slices.SortStableFunc(devices, func(a, b model.Host) int { return classRank(a.Class) - classRank(b.Class) })
	for i := range n.Hosts {
		seen[n.Hosts[i].Declared] = true
	}
	left := 0
	for i := range devices {
		h := &devices[i]
		if len(n.tiles)-n.devices >= maxDevices {
			left++
			continue
		}
		n.router(h)
	}
	if n.Ledger != nil {
		for i := range n.Ledger.Hosts {
			d := &n.Ledger.Hosts[i]
			if classRank(d.Class) > 0 || seen[d.Key] || d.Retired {
				continue
			}
			if len(n.tiles)-n.devices >= maxDevices {
				left++
				continue
			}
			n.declaredRouter(d)
		}
	}
	if left > 0 {
		n.tiles = append(n.tiles, tile{title: locale.T(n.Lang, "map.more", "n", strconv.Itoa(left))})
	}
}

func (n *network) router(h *model.Host) {
	x := tile{title: hostTitle(h), risk: n.levels[h.ID], link: n.url(h.ID)}
	for _, s := range []string{productOf(h), addrsText(h.IPs)} {
		if s != "" {
			x.lines = append(x.lines, s)
		}
	}
	if h.Ledger == nil && n.Ledger != nil {
		x.standing = undeclared
	}
	at := len(n.tiles)
	n.tiles = append(n.tiles, x)
	for _, ip := range h.IPs {
		n.joinZone(at, ip)
		n.joinLines(at, ip)
	}
	if n.Ledger == nil {
		return
	}
	for i := range n.Ledger.Networks {
		if d := &n.Ledger.Networks[i]; d.Gateway.IsValid() && slices.Contains(h.IPs, d.Gateway) {
			n.join(at, n.zoneAt[n.zoneOf(d)], true)
		}
	}
	for i := range n.Findings {
		if _, outside := traffic(n.Findings[i].Rule); outside && slices.ContainsFunc(n.Findings[i].Assets, func(a model.Asset) bool { return a.Host == h.ID }) {
			n.join(n.devices-1, at, false)
		}
	}
}

func (n *network) declaredRouter(d *model.LedgerHost) {
	at := len(n.tiles)
	x := tile{title: d.Name, standing: unseen}
	if s := joinWords(d.Maker, d.Model); s != "" {
		x.lines = append(x.lines, s)
	}
	n.tiles = append(n.tiles, x)
	for _, r := range d.Addrs {
		n.joinZone(at, r.From)
		n.joinLines(at, r.From)
	}
}

func (n *network) joinZone(at int, ip netip.Addr) {
	a := n.areas.of(&model.Brief{IP: ip})
	if z, ok := n.zoneAt[a]; ok {
		n.join(at, z, true)
	}
}

func (n *network) joinLines(at int, ip netip.Addr) {
	if n.Ledger == nil {
		return
	}
	for i := range n.Ledger.Lines {
		if slices.Contains(n.Ledger.Lines[i].Gateways, ip) {
			n.join(i, at, false)
		}
	}
}

// join notes an edge once. Zones come after all tiles: their numbers are known at the end, so they are kept negative.
func (n *network) join(a, b int, zone bool) {
	if zone {
		b = -1 - b
	}
	if a < 0 || n.links[[2]int{a, b}] {
		return
	}
	n.links[[2]int{a, b}] = true
	n.edges = append(n.edges, flowEdge{From: a, To: b})
}

func (n *network) url(id string) string {
	if n.HostURL == nil {
		return ""
	}
	return n.HostURL(id)
}

const (
	tileWidth = 220.0
	cellW     = 176.0
	cellH     = 50.0
	zoneHead  = 30.0
	zonePad   = 10.0
)

func (z *zoneBox) cols() int {
	return min(4, max(1, int(math.Ceil(math.Sqrt(float64(len(z.networks))/2)))))
}

func (n *network) draw() *Picture {
	for i := range n.tiles {
		layer := 0
		if i >= n.devices {
			layer = 1
		}
		n.nodes = append(n.nodes, flowNode{W: tileWidth, H: n.tiles[i].height(), Layer: layer})
	}
	for i := range n.zones {
		z := &n.zones[i]
		rows := (len(z.networks) + z.cols() - 1) / z.cols()
		n.nodes = append(n.nodes, flowNode{W: float64(z.cols())*(cellW+6) - 6 + 2*zonePad, H: zoneHead + float64(rows)*(cellH+6) - 6 + zonePad, Layer: 2})
	}
	for i := range n.edges {
		if n.edges[i].To < 0 {
			n.edges[i].To = len(n.tiles) - 1 - n.edges[i].To
		}
	}
	w, h := layered(n.nodes, n.edges)
	p := &Picture{W: math.Max(w+2*edge, 760), H: h + 2*edge + titleRoom + legend}
	head := p.heading(n.Lang, "map.network_diagram", n.Stamp)
	shift(n.nodes, n.edges, edge, edge+head)
	for _, e := range n.edges {
		p.add(Item{Kind: Line, Points: e.Points, Stroke: Gray, Width: 1.4})
	}
	for i := range n.tiles {
		p.tile(n.Lang, &n.tiles[i], n.nodes[i].X, n.nodes[i].Y, n.nodes[i].W)
	}
	for i := range n.zones {
		n.drawZone(p, &n.zones[i], n.nodes[len(n.tiles)+i])
	}
	p.standingLegend(n.Lang)
	return p
}

func shift(nodes []flowNode, edges []flowEdge, dx, dy float64) {
	for i := range nodes {
		nodes[i].X += dx
		nodes[i].Y += dy
	}
	for i := range edges {
		for k := range edges[i].Points {
			edges[i].Points[k].X += dx
			edges[i].Points[k].Y += dy
		}
	}
}

func (n *network) drawZone(p *Picture, z *zoneBox, at flowNode) {
	p.add(Item{Kind: Rect, X: at.X, Y: at.Y, W: at.W, H: at.H, Round: 6, Fill: Pale, Stroke: Gray, Width: 1, Dash: z.area.kind == bySubnet})
	name := z.area.name
	if name == "" {
		name = locale.T(n.Lang, "map.unknown_zone")
	}
	p.text(at.X+zonePad, at.Y+20, at.W-2*zonePad, 14, true, Black, name)
	for i := range z.networks {
		x := at.X + zonePad + float64(i%z.cols())*(cellW+6)
		y := at.Y + zoneHead + float64(i/z.cols())*(cellH+6)
		n.drawNetwork(p, &z.networks[i], x, y)
	}
}

func (n *network) drawNetwork(p *Picture, c *networkCell, x, y float64) {
	box := Item{Kind: Rect, X: x, Y: y, W: cellW, H: cellH, Round: 4, Fill: White, Stroke: Shade, Width: 1}
	note, color := locale.T(n.Lang, "map.hosts", "n", strconv.Itoa(c.hosts)), Gray
	switch {
	case c.declared && c.hosts == 0:
		box.Dash, note = true, locale.T(n.Lang, "map.unseen")
	case !c.declared && c.prefix != "" && n.Ledger != nil:
		box.Width, box.Stroke, color = 3, Black, Amber
		note = "▲ " + locale.T(n.Lang, "map.undeclared") + " " + note
	}
	p.add(box)
	title, under := c.name, c.prefix
	if title == "" {
		title, under = c.prefix, ""
	}
	if title == "" {
		title = locale.T(n.Lang, "map.no_address")
	}
	if c.vlan > 0 {
		under += "  VLAN " + strconv.Itoa(int(c.vlan))
	}
	p.text(x+7, y+15, cellW-14, 12, true, Black, title)
	p.text(x+7, y+29, cellW-14, 10.5, false, Gray, under)
	room := cellW - 14
	for _, m := range []struct {
		n int
		r Risk
	}{{c.watch, Watch}, {c.act, Act}} {
		if m.n > 0 {
			s := strconv.Itoa(m.n)
			w := Width(s, 10.5, true)
			room -= w + 20
			p.mark(x+7+room+6, y+34, 10, m.r)
			p.text(x+7+room+19, y+43, w, 10.5, true, Black, s)
		}
	}
	p.text(x+7, y+43, room, 10.5, false, color, note)
}
