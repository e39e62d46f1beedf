package maps

import (
	"net/http"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/diagram"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/report"
	"github.com/mimawari/mimawari/internal/web/page"
)

type diagramView struct {
	page.Frame
	Stamp string
	Flows []diagram.Flow
	Total int
	Empty bool // nothing declared and nothing seen
}

// shownFlows bounds the table on the page; the file has all.
const shownFlows = 200

func (s Site) diagrams(w http.ResponseWriter, r *http.Request) error {
	systems, at, err := s.Desk.Systems(r.Context())
	if err != nil {
		return err
	}
	house, _, err := s.Desk.House(r.Context())
	if err != nil {
		return err
	}
	l := api.Lang(r)
	flows := systems.Flows(l)
	return s.Kit.Render(w, r, http.StatusOK, diagramPage, diagramView{
		Frame: s.Kit.Frame(r, "map.diagrams", "map"), Stamp: s.stamp(l, at), Flows: flows[:min(len(flows), shownFlows)], Total: len(flows),
		Empty: len(house.Hosts) == 0 && house.Ledger == nil,
	})
}

// Join lists names.
func (v diagramView) Join(s []string) string { return strings.Join(s, ", ") }

func (s Site) diagramFile(w http.ResponseWriter, r *http.Request) error {
	l := api.Lang(r)
	switch r.PathValue("file") {
	case "network.svg", "network.pdf":
		p, at, err := s.network(r, l)
		if err != nil {
			return err
		}
		return s.picture(w, r, "network", p, at)
	case "systems.svg", "systems.pdf":
		systems, at, err := s.Desk.Systems(r.Context())
		if err != nil {
			return err
		}
		return s.picture(w, r, "systems", systems.Picture(l, s.stamp(l, at)), at)
	case "systems.csv":
		return s.flowsCSV(w, r, l)
	}
	return page.Missing(w, r)
}

func (s Site) network(r *http.Request, l locale.Lang) (*diagram.Picture, time.Time, error) {
	house, at, err := s.Desk.House(r.Context())
	if err != nil {
		return nil, at, err
	}
	devices, err := s.Desk.Devices(r.Context())
	if err != nil {
		return nil, at, err
	}
	return diagram.NetworkPicture(diagram.NetworkInput{House: house, Devices: devices, Lang: l, Stamp: s.stamp(l, at)}), at, nil
}

func (s Site) flowsCSV(w http.ResponseWriter, r *http.Request, l locale.Lang) error {
	systems, _, err := s.Desk.Systems(r.Context())
	if err != nil {
		return err
	}
	var head []string
	for _, k := range []string{"map.from", "map.to", "talk.app", "map.pairs", "map.bytes"} {
		head = append(head, locale.T(l, k))
	}
	var rows [][]any
	for _, f := range systems.Flows(l) {
		rows = append(rows, []any{f.From, f.To, strings.Join(f.Apps, ", "), f.Talks, f.Bytes})
	}
	page.Note(r, "map.export", "systems.csv")
	page.Download(w, "text/csv; charset=utf-8", "systems.csv")
	return report.Table(w, head, rows)
}
