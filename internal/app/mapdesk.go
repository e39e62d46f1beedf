package app

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/mimawari/mimawari/internal/diagram"
	"github.com/mimawari/mimawari/internal/model"
)

// MapDesk gives the pages what their pictures are made of. What takes long is made once and kept until the data change.
type MapDesk struct {
	App *App

	mu      sync.Mutex
	edition string
	patrol  string // of the hosts that are kept
	ledger  string // version of the ledger that is kept
	house   diagram.House
	at      time.Time
	board   *diagram.Board
	systems *diagram.Systems
}

// fresh makes sure, under the lock, that what is kept is of now. Only what changed is read again.
func (d *MapDesk) fresh(ctx context.Context) error {
	edition, err := d.App.Store.Edition(ctx)
	if err != nil || edition == d.edition && d.board != nil {
		return err
	}
	part := strings.SplitN(edition, ".", 3)
	house, at := d.house, d.at
	if d.board == nil || d.ledger != part[1] {
		if house.Ledger, err = d.App.Store.LatestLedger(ctx); err != nil {
			return err
		}
	}
	if d.board == nil || d.patrol != part[0] {
		if house.Hosts, at, err = d.App.seen(ctx); err != nil {
			return err
		}
	}
	if house.Findings, err = d.App.waiting(ctx); err != nil {
		return err
	}
	d.edition, d.patrol, d.ledger, d.house, d.at = edition, part[0], part[1], house, at
	d.board, d.systems = diagram.MakeBoard(house), nil
	return nil
}

// Warm makes what the first reader of the map would wait for.
func (d *MapDesk) Warm(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.fresh(ctx)
}

// Board gives the zone board, the time of the patrol that it shows, and a mark that changes with it.
func (d *MapDesk) Board(ctx context.Context) (*diagram.Board, time.Time, string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	err := d.fresh(ctx)
	return d.board, d.at, d.edition, err
}

// House gives all that is declared and seen.
func (d *MapDesk) House(ctx context.Context) (diagram.House, time.Time, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	err := d.fresh(ctx)
	return d.house, d.at, err
}

// Systems gives what systems exchange.
func (d *MapDesk) Systems(ctx context.Context) (*diagram.Systems, time.Time, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.fresh(ctx); err != nil {
		return nil, d.at, err
	}
	if d.systems == nil {
		s, err := d.App.Systems(ctx, d.house)
		if err != nil {
			return nil, d.at, err
		}
		d.systems = s
	}
	return d.systems, d.at, nil
}

// Devices gives the machines between networks.
func (d *MapDesk) Devices(ctx context.Context) ([]model.Host, error) { return d.App.Devices(ctx) }

// Trails gives what is remembered of hosts.
func (d *MapDesk) Trails(ctx context.Context, ids []string) (map[string]model.Trail, error) {
	return d.App.Store.Trails(ctx, ids)
}

// Hosts gives hosts by id.
func (d *MapDesk) Hosts(ctx context.Context, ids []string) (map[string]model.Host, error) {
	return d.App.Store.HostsOf(ctx, ids)
}

// Find gives hosts that match a text.
func (d *MapDesk) Find(ctx context.Context, q model.HostQuery) (model.HostPage, error) {
	return d.App.Store.Hosts(ctx, q)
}
