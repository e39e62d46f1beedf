package diagram

import (
	"cmp"
	"math"
	"slices"

	"github.com/mimawari/mimawari/internal/model"
)

// Board is the map of the institution: a box for each zone, in it a cell for each host. Measures are in cells; a box
// has a head of Head cells above its hosts and a margin of Margin around them.
type Board struct {
	W, H  float64
	Boxes []Box
	Cells []Cell // in the order of the boxes, row by row
	Links []Link // only what findings call not permitted or dangerous
}

// The measures of a box, in cells.
const (
	Head   = 2.0
	Margin = 0.6
	Gap    = 1.0 // between boxes
)

// Box is one zone.
type Box struct {
	Name       string // "" for hosts of which no place is known
	Undeclared bool   // the name is an address range that the ledger does not have
	X, Y, W, H float64
	Cols       int
	First, N   int // its cells: Cells[First : First+N]
	Act, Watch int // hosts at these levels
}

// Cell is one host.
type Cell struct {
	model.Brief
	Risk Risk
	Box  int
}

// Link is something that should not be between two hosts, or between a host and the outside.
type Link struct {
	From, To int // cells; To is -1 for the outside
	Risk     Risk
	Finding  string // id
	Rule     string
}

// Outside is the place of the internet on the board: above the middle.
func (b *Board) Outside() (x, y float64) { return b.W / 2, 0 }

// Exit sums the links of one box to the outside.
type Exit struct {
	Box, N int
	Risk   Risk
}

// Exits are the boxes with links to the outside.
func (b *Board) Exits() (out []Exit) {
	at := map[int]int{}
	for _, k := range b.Links {
		if k.To >= 0 {
			continue
		}
		box := b.Cells[k.From].Box
		i, ok := at[box]
		if !ok {
			i = len(out)
			at[box] = i
			out = append(out, Exit{Box: box})
		}
		out[i].N++
		out[i].Risk = max(out[i].Risk, k.Risk)
	}
	slices.SortFunc(out, func(x, y Exit) int { return cmp.Compare(x.Box, y.Box) })
	return out
}

// At is the middle of a cell.
func (b *Board) At(cell int) (x, y float64) {
	box := &b.Boxes[b.Cells[cell].Box]
	i := cell - box.First
	return box.X + Margin + float64(i%box.Cols) + 0.5, box.Y + Head + float64(i/box.Cols) + 0.5
}

// shape is how much wider than high a board should be.
const shape = 1.7

// minCols keeps a box wide enough for its name.
const minCols = 11

// maxLinks bounds the links of a board; the worst stay.
const maxLinks = 1000

// MakeBoard places all hosts. Hosts keep their places as long as no host comes or goes: findings change colours only.
func MakeBoard(h House) *Board {
	b, groups := &Board{}, grouped(h)
	level := risks(h.Findings)
	var sizes []int
	for i, g := range groups {
		box := Box{Name: g.area.name, Undeclared: g.area.kind == bySubnet, First: len(b.Cells), N: len(g.hosts)}
		for _, x := range g.hosts {
			c := Cell{Brief: *x, Risk: level[x.ID], Box: i}
			b.Cells = append(b.Cells, c)
			switch c.Risk {
			case Act:
				box.Act++
			case Watch:
				box.Watch++
			}
		}
		b.Boxes, sizes = append(b.Boxes, box), append(sizes, len(g.hosts))
	}
	b.place(sizes)
	b.link(h.Findings)
	return b
}

// group is the hosts of an area.
type group struct {
	area  area
	hosts []*model.Brief
}

func grouped(h House) []group {
	a, index := newAreas(h.Ledger), map[area]int{}
	var gs []group
	for i := range h.Hosts {
		x := &h.Hosts[i]
		key := a.of(x)
		k, ok := index[key]
		if !ok {
			k = len(gs)
			index[key] = k
			gs = append(gs, group{area: key})
		}
		gs[k].hosts = append(gs[k].hosts, x)
	}
	slices.SortFunc(gs, func(a, b group) int { return a.area.compare(b.area) })
	for _, g := range gs {
		slices.SortFunc(g.hosts, func(a, b *model.Brief) int {
			return cmp.Or(cmp.Compare(classRank(a.Class), classRank(b.Class)), a.IP.Compare(b.IP), cmp.Compare(a.ID, b.ID))
		})
	}
	return gs
}

// classRank: what carries the network first, then what serves, then the rest.
func classRank(c model.Class) int {
	switch c {
	case model.ClassFirewall, model.ClassRouter, model.ClassVPN, model.ClassMobileRtr:
		return 0
	case model.ClassSwitch, model.ClassAP:
		return 1
	case model.ClassServer, model.ClassHIS, model.ClassPACS, model.ClassNAS, model.ClassVMHost:
		return 2
	case model.ClassMedical, model.ClassModality:
		return 3
	case model.ClassUnknown:
		return 9
	}
	return 4
}

// place lays the boxes out in strips, in their order: a strip takes boxes as long as that makes them more like squares
// (strip treemap; Bederson, Shneiderman, Wattenberg 2002). All boxes of a strip have as many rows.
func (b *Board) place(sizes []int) {
	total := 0
	for _, n := range sizes {
		total += max(n, 2*minCols)
	}
	width := max(3*minCols, int(math.Ceil(math.Sqrt(float64(total)*shape))))
	y := Head // room for the outside
	for i := 0; i < len(sizes); {
		n, rows := strip(sizes[i:], width)
		x := 0.0
		for k := i; k < i+n; k++ {
			box := &b.Boxes[k]
			box.Cols = max(minCols, (sizes[k]+rows-1)/rows)
			box.X, box.Y, box.W = x, y, float64(box.Cols)+2*Margin
			box.H = Head + float64(rows) + Margin
			x += box.W + Gap
		}
		b.W = math.Max(b.W, x-Gap)
		y += Head + float64(rows) + Margin + Gap
		i += n
	}
	b.stretch(sizes)
	b.H = math.Max(y-Gap, Head)
}

// strip tells how many of the boxes go into the next strip and how many rows it has.
func strip(sizes []int, width int) (n, rows int) {
	best := math.Inf(1)
	for k := 1; k <= len(sizes); k++ {
		r, ok := rowsFor(sizes[:k], width)
		if !ok && k > 1 {
			break
		}
		worst := 0.0
		for _, s := range sizes[:k] {
			w, h := float64(max(minCols, (s+r-1)/r)), float64(r)+Head
			worst += math.Max(w/h, h/w)
		}
		if worst /= float64(k); worst > best && k > 1 {
			break
		}
		best, n, rows = worst, k, r
	}
	return n, rows
}

// rowsFor gives the fewest rows with which the boxes fit beside each other; false if they don't with any number.
func rowsFor(sizes []int, width int) (int, bool) {
	sum := 0
	for _, s := range sizes {
		sum += s
	}
	if len(sizes)*(minCols+2+int(Gap))-int(Gap) > width {
		return max(1, (sum+width-1)/width), false
	}
	for r := max(1, sum/width); ; r++ {
		w := -int(Gap)
		for _, s := range sizes {
			w += max(minCols, (s+r-1)/r) + 2 + int(Gap)
		}
		if w <= width {
			return r, true
		}
	}
}

// stretch lets the last box of each strip reach the edge, so that the board is a rectangle.
func (b *Board) stretch(sizes []int) {
	for i := range b.Boxes {
		last := i == len(b.Boxes)-1 || b.Boxes[i+1].Y != b.Boxes[i].Y
		if last && sizes[i] > 0 {
			box := &b.Boxes[i]
			box.W = b.W - box.X
			box.Cols = max(box.Cols, int(box.W-2*Margin))
		}
	}
}

// link draws a line for each finding of traffic: between the machines that it names, or to the outside.
func (b *Board) link(fs []model.Finding) {
	cell := make(map[string]int, len(b.Cells))
	for i := range b.Cells {
		cell[b.Cells[i].ID] = i
	}
	for i := range fs {
		f := &fs[i]
		if r := RiskOf(f.Severity); r > Fine {
			b.Links = append(b.Links, linksOf(f, r, cell)...)
		}
	}
	slices.SortStableFunc(b.Links, func(x, y Link) int {
		return cmp.Or(cmp.Compare(y.Risk, x.Risk), cmp.Compare(x.Finding, y.Finding), cmp.Compare(x.From, y.From), cmp.Compare(x.To, y.To))
	})
	b.Links = b.Links[:min(len(b.Links), maxLinks)]
}

func linksOf(f *model.Finding, r Risk, cell map[string]int) (out []Link) {
	between, outside := traffic(f.Rule)
	if !between && !outside {
		return nil
	}
	first := -1
	for _, x := range f.Assets {
		at, ok := cell[x.Host]
		switch {
		case !ok:
		case outside:
			out = append(out, Link{From: at, To: -1, Risk: r, Finding: f.ID, Rule: f.Rule})
		case first < 0:
			first = at
		case at != first:
			out = append(out, Link{From: first, To: at, Risk: r, Finding: f.ID, Rule: f.Rule})
		}
	}
	return out
}

// traffic says whether a rule is about something that passes between hosts, or between a host and the outside.
func traffic(rule string) (between, outside bool) {
	switch rule {
	case "service.telnet", "service.cleartext_login", "service.dicom_cleartext_between_zones", "service.smb1":
		return true, false
	case "service.rdp_from_outside", "line.unapproved_exit", "line.tunnel", "line.remote_control", "line.tethering":
		return false, true
	}
	return false, false
}
