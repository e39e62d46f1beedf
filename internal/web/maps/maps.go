// Package maps shows 地図: the board of zones with its table, the diagrams of network and systems, and who a host talks to, hop by hop. It
// places nothing (package diagram does) and decides nothing. Pictures are files of their own, so that they print, and every picture has a
// table beside it that says the same.
package maps

import (
	"bytes"
	"context"
	"embed"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/diagram"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/report"
	"github.com/mimawari/mimawari/internal/report/pdf"
	"github.com/mimawari/mimawari/internal/web/page"
)

//go:embed pages
var pages embed.FS

var (
	mapPage      = page.MustParse(pages, "map")
	diagramsPage = page.MustParse(pages, "diagrams")
)

// Houses gives what the pictures are made of.
type Houses interface {
	House(ctx context.Context) (diagram.House, time.Time, error)
	Devices(ctx context.Context) ([]model.Host, error)
	Systems(ctx context.Context, h diagram.House) (*diagram.Systems, error)
}

// Memory is what the explorer reads.
type Memory interface {
	api.Memory
	Trail(ctx context.Context, host string) (model.Trail, error)
	DataVersion(ctx context.Context) (int64, error)
}

// Site is what the pages need.
type Site struct {
	Kit    *page.Kit
	Houses Houses
	Memory Memory
	kept   *kept
}

// New gives the pages.
func New(k *page.Kit, h Houses, m Memory) Site { return Site{k, h, m, &kept{}} }

// Routes are the addresses of this package.
func (s Site) Routes() []page.Route {
	if s.Houses == nil || s.Memory == nil {
		return nil
	}
	return []page.Route{
		{Pattern: "GET /map", Need: auth.Look, Do: s.board},
		{Pattern: "GET /map/board.json", Need: auth.Look, Do: s.boardJSON, JSON: true},
		{Pattern: "GET /map/board.svg", Need: auth.Look, Do: s.boardPicture},
		{Pattern: "GET /map/board.pdf", Need: auth.Look, Do: s.boardPicture},
		{Pattern: "GET /map/explore", Need: auth.Look, Do: s.explore},
		{Pattern: "GET /map/explore.svg", Need: auth.Look, Do: s.explorePicture},
		{Pattern: "GET /map/explore.csv", Need: auth.Look, Do: s.exploreCSV},
		{Pattern: "GET /map/diagrams", Need: auth.Look, Do: s.diagrams},
		{Pattern: "GET /map/diagrams/{name}", Need: auth.Look, Do: s.diagram},
	}
}

// kept holds the board as long as the data stay the same: twenty thousand machines are not placed anew for every reader.
type kept struct {
	mu      sync.Mutex
	version int64
	board   *diagram.Board
	at      time.Time
}

func (s Site) current(ctx context.Context) (*diagram.Board, time.Time, error) {
	s.kept.mu.Lock()
	defer s.kept.mu.Unlock()
	n, err := s.Memory.DataVersion(ctx)
	if err != nil || s.kept.board != nil && s.kept.version == n {
		return s.kept.board, s.kept.at, err
	}
	h, at, err := s.Houses.House(ctx)
	if err != nil {
		return nil, at, err
	}
	s.kept.version, s.kept.board, s.kept.at = n, diagram.MakeBoard(h), at
	return s.kept.board, at, nil
}

// zone is a line of the table beside the board.
type zone struct {
	Name           string
	N, Act, Watch  int
	Undeclared, On bool
	First, Last    int // its cells
}

type mapView struct {
	page.Frame
	Zones []zone
	Total int
	At    time.Time
	Rest  int // hosts of the chosen zone that are not listed
	Hosts []diagram.Cell
	Zone  string
}

// shownHosts is how many hosts of a zone are listed: the list of hosts has all.
const shownHosts = 200

func (s Site) board(w http.ResponseWriter, r *http.Request) error {
	b, at, err := s.current(r.Context())
	if err != nil {
		return err
	}
	v := mapView{Frame: s.Kit.Frame(r, "maps.title", "map"), Total: len(b.Cells), At: at, Zone: r.URL.Query().Get("zone")}
	for i := range b.Boxes {
		x := &b.Boxes[i]
		z := zone{Name: diagram.BoxName(v.Lang, x), N: x.N, Act: x.Act, Watch: x.Watch, Undeclared: x.Undeclared, First: x.First, Last: x.First + x.N}
		if z.On = v.Zone != "" && z.Name == v.Zone; z.On {
			v.Hosts = b.Cells[z.First:min(z.Last, z.First+shownHosts)]
			v.Rest = z.N - len(v.Hosts)
		}
		v.Zones = append(v.Zones, z)
	}
	return s.Kit.Render(w, r, http.StatusOK, mapPage, v)
}

// Risk is the level of a cell, by shape and word.
func (v mapView) Risk(c diagram.Cell) string {
	return v.T(diagram.RiskKey(c.Risk))
}

func (s Site) boardJSON(w http.ResponseWriter, r *http.Request) error {
	b, _, err := s.current(r.Context())
	if err != nil {
		return err
	}
	return page.JSON(w, http.StatusOK, diagram.NewBoardDocument(api.Lang(r), b))
}

func (s Site) boardPicture(w http.ResponseWriter, r *http.Request) error {
	b, at, err := s.current(r.Context())
	if err != nil {
		return err
	}
	l := api.Lang(r)
	return s.picture(w, r, diagram.BoardPicture(l, b, s.stamp(l, at)), at, "map", strings.HasSuffix(r.URL.Path, ".pdf"))
}

// stamp is the time of the data in words.
func (s Site) stamp(l locale.Lang, at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return locale.T(l, "map.stamp", "at", report.Time(at, s.Kit.Place()))
}

// picture writes a drawing as SVG, to be shown or (?download) saved, or as PDF.
func (s Site) picture(w http.ResponseWriter, r *http.Request, p *diagram.Picture, at time.Time, name string, asPDF bool) error {
	var b bytes.Buffer
	if asPDF {
		if err := pdf.Picture(&b, p, at); err != nil {
			return err
		}
		page.Note(r, "map.export", name+".pdf")
		page.Download(w, "application/pdf", name+".pdf")
		_, err := io.Copy(w, &b)
		return err
	}
	if err := diagram.SVG(&b, p); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Cache-Control", "private, no-cache")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'") // a picture opened by itself runs nothing
	if r.URL.Query().Has("download") {
		page.Note(r, "map.export", name+".svg")
		page.Download(w, "image/svg+xml", name+".svg")
	}
	_, err := io.Copy(w, &b)
	return err
}

type diagramsView struct {
	page.Frame
	Which string
	Tabs  []map[string]any
}

// diagrams shows the network diagram and the system diagram, each with what differs between ledger and what was seen.
func (s Site) diagrams(w http.ResponseWriter, r *http.Request) error {
	v := diagramsView{Frame: s.Kit.Frame(r, "maps.diagrams", "map"), Which: "network"}
	if r.URL.Query().Get("which") == "system" {
		v.Which = "system"
	}
	for _, x := range []string{"network", "system"} {
		v.Tabs = append(v.Tabs, map[string]any{"href": "/map/diagrams?which=" + x, "text": v.T("map." + x + "_diagram"), "on": x == v.Which})
	}
	return s.Kit.Render(w, r, http.StatusOK, diagramsPage, v)
}

func (s Site) diagram(w http.ResponseWriter, r *http.Request) error {
	name, kind, _ := strings.Cut(r.PathValue("name"), ".")
	if name != "network" && name != "system" || kind != "svg" && kind != "pdf" {
		return page.Missing(w, r)
	}
	h, at, err := s.Houses.House(r.Context())
	if err != nil {
		return err
	}
	l := api.Lang(r)
	if name == "network" {
		devices, err := s.Houses.Devices(r.Context())
		if err != nil {
			return err
		}
		return s.picture(w, r, diagram.NetworkPicture(diagram.NetworkInput{House: h, Devices: devices, Lang: l, Stamp: s.stamp(l, at)}), at, name, kind == "pdf")
	}
	systems, err := s.Houses.Systems(r.Context(), h)
	if err != nil {
		return err
	}
	return s.picture(w, r, systems.Picture(l, s.stamp(l, at)), at, name, kind == "pdf")
}
