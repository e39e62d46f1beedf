package diagram

import (
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

// BoardDocument is a board for other programs: positions are in cells, from the left and from the top.
type BoardDocument struct {
	Schema string         `json:"schema"`
	W      float64        `json:"w"`
	H      float64        `json:"h"`
	Zones  []ZoneDocument `json:"zones"`
	Links  []LinkDocument `json:"links"`
}

// ZoneDocument is one box with its hosts.
type ZoneDocument struct {
	Name     string         `json:"name"`
	Declared bool           `json:"declared"`
	X        float64        `json:"x"`
	Y        float64        `json:"y"`
	W        float64        `json:"w"`
	H        float64        `json:"h"`
	Act      int            `json:"act"`
	Watch    int            `json:"watch"`
	Hosts    []CellDocument `json:"hosts"`
}

// CellDocument is one host: X and Y are the middle of its cell.
type CellDocument struct {
	ID    string      `json:"id"`
	IP    string      `json:"ip"`
	Class model.Class `json:"class"`
	Risk  string      `json:"risk"` // act, watch, fine
	X     float64     `json:"x"`
	Y     float64     `json:"y"`
}

// LinkDocument is traffic that a finding is about.
type LinkDocument struct {
	From    string `json:"from"`
	To      string `json:"to"` // "" for the outside
	Finding string `json:"finding"`
	Rule    string `json:"rule"`
}

// String names the level for other programs.
func (r Risk) String() string { return [...]string{"fine", "watch", "act"}[r] }

// NewBoardDocument describes b.
func NewBoardDocument(l locale.Lang, b *Board) BoardDocument {
	d := BoardDocument{Schema: "mimawari.map/1", W: b.W, H: b.H, Zones: []ZoneDocument{}, Links: []LinkDocument{}}
	for i := range b.Boxes {
		x := &b.Boxes[i]
		z := ZoneDocument{Name: BoxName(l, x), Declared: !x.Undeclared && x.Name != "", X: x.X, Y: x.Y, W: x.W, H: x.H, Act: x.Act, Watch: x.Watch}
		for k := x.First; k < x.First+x.N; k++ {
			c := &b.Cells[k]
			cell := CellDocument{ID: c.ID, Class: c.Class, Risk: c.Risk.String()}
			if c.IP.IsValid() {
				cell.IP = c.IP.String()
			}
			cell.X, cell.Y = b.At(k)
			z.Hosts = append(z.Hosts, cell)
		}
		d.Zones = append(d.Zones, z)
	}
	for _, k := range b.Links {
		x := LinkDocument{From: b.Cells[k.From].ID, Finding: k.Finding, Rule: k.Rule}
		if k.To >= 0 {
			x.To = b.Cells[k.To].ID
		}
		d.Links = append(d.Links, x)
	}
	return d
}
