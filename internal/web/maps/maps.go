// Package maps shows where everything is and who talks to whom: the zone board with its table, the hosts of a zone, the
// exploration hop by hop, the network and system diagrams, each also as a file. It places nothing and judges nothing:
// package diagram makes the pictures, findings say what is risky.
package maps

import (
	"bytes"
	"compress/gzip"
	"context"
	"embed"
	"net/http"
	"net/url"
	"strings"
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
	mapPage     = page.MustParse(pages, "map")
	zonePage    = page.MustParse(pages, "zone")
	explorePage = page.MustParse(pages, "explore", "picture")
	diagramPage = page.MustParse(pages, "diagrams")
)

// Desk gives what the pictures are made of.
type Desk interface {
	Board(ctx context.Context) (b *diagram.Board, at time.Time, edition string, err error)
	House(ctx context.Context) (diagram.House, time.Time, error)
	Systems(ctx context.Context) (*diagram.Systems, time.Time, error)
	Devices(ctx context.Context) ([]model.Host, error)
	Trails(ctx context.Context, ids []string) (map[string]model.Trail, error)
	Hosts(ctx context.Context, ids []string) (map[string]model.Host, error)
	Find(ctx context.Context, q model.HostQuery) (model.HostPage, error)
}

// Site is what the pages need.
type Site struct {
	Kit  *page.Kit
	Desk Desk // nil: there is no map
}

// Routes are the addresses of this package.
func (s Site) Routes() []page.Route {
	if s.Desk == nil {
		return nil
	}
	return []page.Route{
		{Pattern: "GET /map", Need: auth.Look, Do: s.board},
		{Pattern: "GET /map/board.json", Need: auth.Look, Do: s.boardData, JSON: true},
		{Pattern: "GET /map/cells.json", Need: auth.Look, Do: s.cells, JSON: true},
		{Pattern: "GET /map/zone/{n}", Need: auth.Look, Do: s.zone},
		{Pattern: "GET /map/board.svg", Need: auth.Look, Do: s.boardFile},
		{Pattern: "GET /map/board.pdf", Need: auth.Look, Do: s.boardFile},
		{Pattern: "GET /map/explore", Need: auth.Look, Do: s.explore},
		{Pattern: "GET /map/explore.svg", Need: auth.Look, Do: s.exploreFile},
		{Pattern: "GET /map/explore.pdf", Need: auth.Look, Do: s.exploreFile},
		{Pattern: "GET /map/explore.csv", Need: auth.Look, Do: s.exploreCSV},
		{Pattern: "GET /map/diagrams", Need: auth.Look, Do: s.diagrams},
		{Pattern: "GET /map/diagrams/{file}", Need: auth.Look, Do: s.diagramFile},
	}
}

// stamp is the time of the data in words.
func (s Site) stamp(l locale.Lang, at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return locale.T(l, "map.stamp", "at", report.Time(at, s.Kit.Place()))
}

// picture sends p as the kind of file that the path ends with: to be shown on a page, or to be saved.
func (s Site) picture(w http.ResponseWriter, r *http.Request, name string, p *diagram.Picture, at time.Time) error {
	var b bytes.Buffer
	mime, err := "image/svg+xml", error(nil)
	if strings.HasSuffix(r.URL.Path, ".pdf") {
		mime, err = "application/pdf", pdf.Picture(&b, p, at)
		name += ".pdf"
	} else {
		err = diagram.SVG(&b, p)
		name += ".svg"
	}
	if err != nil {
		return err
	}
	if r.URL.Query().Has("download") || mime == "application/pdf" {
		page.Note(r, "map.export", name)
		page.Download(w, mime, name)
	} else {
		w.Header().Set("Content-Type", mime)
		if w.Header().Get("Cache-Control") == "" {
			w.Header().Set("Cache-Control", "no-store")
		}
	}
	return send(w, r, b.Bytes())
}

// send writes b, compressed where the browser takes it: pictures and lists of 20,000 machines shrink to a tenth.
func send(w http.ResponseWriter, r *http.Request, b []byte) error {
	w.Header().Add("Vary", "Accept-Encoding")
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		var out bytes.Buffer
		z := gzip.NewWriter(&out)
		_, _ = z.Write(b) // a buffer takes everything
		_ = z.Close()
		w.Header().Set("Content-Encoding", "gzip")
		b = out.Bytes()
	}
	_, _ = w.Write(b) // the reader went away: nobody to tell
	return nil
}

func (s Site) boardFile(w http.ResponseWriter, r *http.Request) error {
	b, at, edition, err := s.Desk.Board(r.Context())
	if err != nil {
		return err
	}
	l := api.Lang(r)
	tag := `"` + edition + "." + string(l) + `"`
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	p := diagram.BoardPicture(l, b, s.stamp(l, at))
	w.Header().Set("ETag", tag)
	w.Header().Set("Cache-Control", "private, no-cache") // browsers ask each time whether it is still the same
	return s.picture(w, r, "map", p, at)
}

// hostURL is where a host is shown.
func hostURL(id string) string { return "/hosts/" + url.PathEscape(id) }
