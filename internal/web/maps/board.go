package maps

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strconv"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/diagram"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/report"
	"github.com/mimawari/mimawari/internal/web/page"
)

type zoneRow struct {
	N    int
	Name string
	diagram.Box
}

type mapView struct {
	page.Frame
	Zones      []zoneRow
	Hosts      int
	Act, Watch int
	Links      int
	Stamp      string
}

func (s Site) board(w http.ResponseWriter, r *http.Request) error {
	b, at, _, err := s.Desk.Board(r.Context())
	if err != nil {
		return err
	}
	l := api.Lang(r)
	v := mapView{Frame: s.Kit.Frame(r, "map.title", "map"), Hosts: len(b.Cells), Links: len(b.Links), Stamp: s.stamp(l, at)}
	for i := range b.Boxes {
		v.Zones = append(v.Zones, zoneRow{N: i, Name: diagram.BoxName(l, &b.Boxes[i]), Box: b.Boxes[i]})
		v.Act += b.Boxes[i].Act
		v.Watch += b.Boxes[i].Watch
	}
	return s.Kit.Render(w, r, http.StatusOK, mapPage, v)
}

// boardDoc is the board for the canvas: short, because it is 20,000 hosts.
type boardDoc struct {
	Edition string   `json:"edition"`
	W       float64  `json:"w"`
	H       float64  `json:"h"`
	Head    float64  `json:"head"`
	Margin  float64  `json:"margin"`
	Boxes   [][]any  `json:"boxes"` // name, x, y, w, h, columns, first cell, cells, act, watch, undeclared
	Risk    string   `json:"risk"`  // one digit a cell
	Links   [][3]int `json:"links"` // cell, cell or -1, risk
}

func (s Site) boardData(w http.ResponseWriter, r *http.Request) error {
	b, _, edition, err := s.Desk.Board(r.Context())
	if err != nil {
		return err
	}
	l := api.Lang(r)
	d := boardDoc{Edition: edition, W: round(b.W), H: round(b.H), Head: diagram.Head, Margin: diagram.Margin, Boxes: [][]any{}, Links: [][3]int{}}
	for i := range b.Boxes {
		x := &b.Boxes[i]
		d.Boxes = append(d.Boxes, []any{diagram.BoxName(l, x), round(x.X), round(x.Y), round(x.W), round(x.H), x.Cols, x.First, x.N, x.Act, x.Watch, x.Undeclared})
	}
	levels := make([]byte, len(b.Cells))
	for i := range b.Cells {
		levels[i] = '0' + byte(b.Cells[i].Risk) //nolint:gosec // 0, 1 or 2
	}
	d.Risk = string(levels)
	for _, k := range b.Links {
		d.Links = append(d.Links, [3]int{k.From, k.To, int(k.Risk)})
	}
	return zippedJSON(w, r, d)
}

func round(x float64) float64 { return math.Round(x*100) / 100 }

// zippedJSON writes v compressed where the browser takes it.
func zippedJSON(w http.ResponseWriter, r *http.Request, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("BUG: a reply can't be encoded: %w", err)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	return send(w, r, b)
}

// cellsAtOnce is how many hosts the canvas asks for when somebody points at one of them.
const cellsAtOnce = 64

// cells names the hosts from one cell on: id, name, address, class in words.
func (s Site) cells(w http.ResponseWriter, r *http.Request) error {
	b, _, edition, err := s.Desk.Board(r.Context())
	if err != nil {
		return err
	}
	from, err := strconv.Atoi(r.URL.Query().Get("from"))
	if err != nil || from < 0 || from >= len(b.Cells) {
		return &api.Refused{Key: "map.no_cell"}
	}
	part := b.Cells[from:min(from+cellsAtOnce, len(b.Cells))]
	named, err := s.named(r, part)
	if err != nil {
		return err
	}
	out := make([][4]string, len(part))
	for i := range part {
		x := named[i]
		out[i] = [4]string{x.ID, x.Name, x.IP, report.ClassName(api.Lang(r), x.Class)}
	}
	return page.JSON(w, http.StatusOK, map[string]any{"edition": edition, "from": from, "cells": out})
}

// namedCell is a cell with what people call the host.
type namedCell struct {
	ID, Name, IP string
	Class        model.Class
	Risk         diagram.Risk
	Declared     bool
}

func (s Site) named(r *http.Request, part []diagram.Cell) ([]namedCell, error) {
	ids := make([]string, len(part))
	for i := range part {
		ids[i] = part[i].ID
	}
	hosts, err := s.Desk.Hosts(r.Context(), ids)
	if err != nil {
		return nil, err
	}
	out := make([]namedCell, len(part))
	for i := range part {
		c := &part[i]
		out[i] = namedCell{ID: c.ID, Class: c.Class, Risk: c.Risk, Declared: c.Declared != ""}
		if c.IP.IsValid() {
			out[i].IP = c.IP.String()
		}
		out[i].Name = out[i].IP
		if h, ok := hosts[c.ID]; ok {
			out[i].Name = page.Frame{}.HostName(h)
		}
	}
	return out, nil
}

type zoneView struct {
	page.Frame
	Zone  zoneRow
	Cells []namedCell
	From  int
	Only  string
	Next  string
	Total int
}

const zonePageSize = 100

// zone lists the hosts of one zone, those with something to do first if asked for.
func (s Site) zone(w http.ResponseWriter, r *http.Request) error {
	b, _, _, err := s.Desk.Board(r.Context())
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(r.PathValue("n"))
	if err != nil || n < 0 || n >= len(b.Boxes) {
		return page.Missing(w, r)
	}
	q := r.URL.Query()
	cells := b.Cells[b.Boxes[n].First : b.Boxes[n].First+b.Boxes[n].N]
	if q.Get("only") == "risk" {
		cells = risky(cells)
	}
	from, _ := strconv.Atoi(q.Get("after")) // anything else is the beginning
	from = min(max(from, 0), len(cells))
	part := cells[from:min(from+zonePageSize, len(cells))]
	named, err := s.named(r, part)
	if err != nil {
		return err
	}
	v := zoneView{
		Frame: s.Kit.Frame(r, "map.zone_title", "map"), Zone: zoneRow{N: n, Name: diagram.BoxName(api.Lang(r), &b.Boxes[n]), Box: b.Boxes[n]},
		Cells: named, From: from, Only: q.Get("only"), Total: len(cells),
	}
	v.Title = v.Zone.Name + " - " + locale.T(v.Lang, "map.title")
	if end := from + len(part); end < len(cells) {
		v.Next = page.Next(r.URL.Path, q, strconv.Itoa(end))
	}
	return s.Kit.Render(w, r, http.StatusOK, zonePage, v)
}

func risky(cells []diagram.Cell) (out []diagram.Cell) {
	for _, level := range []diagram.Risk{diagram.Act, diagram.Watch} {
		for _, c := range cells {
			if c.Risk == level {
				out = append(out, c)
			}
		}
	}
	return out
}

// RiskText is a level in words, with its sign.
func (v zoneView) RiskText(r diagram.Risk) string { return v.T(diagram.RiskKey(r)) }
