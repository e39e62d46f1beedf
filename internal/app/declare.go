package app

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mimawari/mimawari/internal/inventory"
	"github.com/mimawari/mimawari/internal/ledger"
	"github.com/mimawari/mimawari/internal/ledger/decide"
	"github.com/mimawari/mimawari/internal/model"
)

// Declarer carries out what people decide on the ledger, beside a patrol or not: each decision is one transaction, made on
// the moment that it was decided on or made anew.
type Declarer struct {
	App  *App
	Now  func() time.Time
	Zone *time.Location

	looking sync.Mutex // one looks, the others wait for what it sees
	seen    atomic.Pointer[moment]

	reading sync.Mutex // one reads the ledger, the others wait for it
	rows    atomic.Pointer[declaredRows]
}

// declaredRows is the newest ledger, kept until there is a newer one: the pages of a machine need one row of it.
type declaredRows struct {
	version int
	ledger  *model.Ledger
	index   *ledger.Index
	hosts   map[string]*model.LedgerHost // by key
}

// moment is what was looked at, with what is needed to carry decisions out.
type moment struct {
	decide.Moment
	stored map[string]*model.LedgerRef // as the store has them
	list   []model.Host
	at     time.Time
}

// keepLook is how long a look stays good: what was kept until a date ends without anybody changing anything.
const keepLook = 10 * time.Minute

// Look gives what is declared beside what is seen. It reads the data anew only if something changed.
func (d *Declarer) Look(ctx context.Context) (*decide.Moment, error) {
	m, err := d.newest(ctx)
	if err != nil {
		return nil, err
	}
	return &m.Moment, nil
}

func (d *Declarer) newest(ctx context.Context) (*moment, error) {
	stamp, err := d.App.Store.Stamp(ctx)
	if err != nil {
		return nil, err
	}
	if m := d.fresh(stamp); m != nil {
		return m, nil
	}
	d.looking.Lock()
	defer d.looking.Unlock()
	if m := d.fresh(stamp); m != nil {
		return m, nil
	}
	m, err := d.look(ctx, stamp)
	if err != nil {
		return nil, err
	}
	d.seen.Store(m)
	return m, nil
}

func (d *Declarer) fresh(s model.Stamp) *moment {
	m := d.seen.Load()
	if m == nil || m.Stamp != s || d.Now().Sub(m.at) > keepLook {
		return nil
	}
	return m
}

func (d *Declarer) look(ctx context.Context, stamp model.Stamp) (*moment, error) {
	m := &moment{Moment: decide.Moment{Stamp: stamp, Hosts: map[string]model.Host{}}, stored: map[string]*model.LedgerRef{}, at: d.Now()}
	rows, err := d.declared(ctx, stamp.Ledger)
	if err != nil {
		return nil, err
	}
	m.Ledger, m.Index = rows.ledger, rows.index
	if m.list, err = d.App.Store.AllHosts(ctx); err != nil {
		return nil, err
	}
	for i := range m.list {
		h := &m.list[i]
		m.stored[h.ID] = h.Ledger
		h.Ledger = inventory.Refer(m.Index, h)
		m.Hosts[h.ID] = *h
		if h.Last.After(m.Last) {
			m.Last = h.Last
		}
	}
	marks, err := d.App.Store.Marks(ctx)
	if err != nil {
		return nil, err
	}
	asked, err := d.App.Store.Inquiries(ctx)
	if err != nil {
		return nil, err
	}
	m.Pairing = decide.Match(decide.Input{Ledger: m.Ledger, Hosts: m.list, Aside: inventory.Aside(m.Index), Marks: marks, Inquiries: asked, Now: d.Now()})
	return m, nil
}

// declared gives the ledger of that version, which is the newest.
func (d *Declarer) declared(ctx context.Context, version int) (*declaredRows, error) {
	if x := d.rows.Load(); x != nil && x.version == version {
		return x, nil
	}
	d.reading.Lock()
	defer d.reading.Unlock()
	if x := d.rows.Load(); x != nil && x.version == version {
		return x, nil
	}
	l, err := d.App.Store.LatestLedger(ctx)
	if err != nil {
		return nil, err
	}
	x := &declaredRows{ledger: l, index: ledger.NewIndex(l), hosts: map[string]*model.LedgerHost{}}
	if l != nil {
		x.version = l.Version
		for i := range l.Hosts {
			x.hosts[l.Hosts[i].Key] = &l.Hosts[i]
		}
	}
	d.rows.Store(x)
	return x, nil
}

// DeclaredHost gives the declared row with that key as the newest ledger has it, nil if it has none.
func (d *Declarer) DeclaredHost(ctx context.Context, key string) (*model.LedgerHost, error) {
	stamp, err := d.App.Store.Stamp(ctx)
	if err != nil {
		return nil, err
	}
	x, err := d.declared(ctx, stamp.Ledger)
	if err != nil {
		return nil, err
	}
	return x.hosts[key], nil
}

// Warm reads the ledger, so that the first reader of a machine's page does not have to.
func (d *Declarer) Warm(ctx context.Context) error {
	_, err := d.DeclaredHost(ctx, "")
	return err
}

// tries is how often a decision is made anew because somebody else changed something meanwhile.
const tries = 8

// carry makes an act on the newest moment and stores it. hosts and findings say what it is about.
func (d *Declarer) carry(ctx context.Context, hosts, findings []string, make func(decide.World) (model.Act, error)) (b model.Batch, err error) {
	for range tries {
		var m *moment
		var act model.Act
		if m, err = d.newest(ctx); err != nil {
			return b, err
		}
		w, err2 := d.world(ctx, m, hosts, findings)
		if err2 != nil {
			return b, err2
		}
		if act, err = make(w); err != nil {
			return b, err
		}
		act.Refs = m.refs(act.Ledger)
		if b, err = d.App.Store.SaveAct(ctx, act); !errors.Is(err, model.ErrMoved) {
			return b, err
		}
		d.seen.Store(nil)
	}
	return b, err
}

func (d *Declarer) world(ctx context.Context, m *moment, hosts, findings []string) (decide.World, error) {
	w := decide.World{Ledger: m.Ledger, Hosts: m.Hosts, Marks: map[string]model.Mark{}, Inquiries: map[string]model.Inquiry{}}
	for _, h := range hosts {
		findings = append(findings, model.FindingID(decide.RuleStranger, h))
	}
	var err error
	if w.Findings, err = d.App.Store.FindingsAbout(ctx, hosts, findings); err != nil {
		return w, err
	}
	marks, err := d.App.Store.Marks(ctx)
	if err != nil {
		return w, err
	}
	for _, x := range marks {
		w.Marks[x.Host] = x
	}
	asked, err := d.App.Store.Inquiries(ctx)
	for _, q := range asked {
		w.Inquiries[q.ID] = q
	}
	return w, err
}

// refs gives the hosts that are another declared row in l than is stored; none if the ledger stays.
func (m *moment) refs(l *model.Ledger) (out []model.HostRef) {
	if l == nil {
		return nil
	}
	x := ledger.NewIndex(l)
	for i := range m.list {
		h := &m.list[i]
		if r := inventory.Refer(x, h); !sameRef(r, m.stored[h.ID]) {
			out = append(out, model.HostRef{Host: h.ID, Ref: r})
		}
	}
	return out
}

func sameRef(a, b *model.LedgerRef) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

func (d *Declarer) by(p decide.Person) decide.By {
	return decide.By{Who: p.Name, Why: p.Why, At: d.Now(), Lang: p.Lang, NewID: func(prefix string) string {
		var b [8]byte
		_, _ = rand.Read(b[:]) // never fails since Go 1.24
		return prefix + hex.EncodeToString(b[:])
	}}
}

// version gives a stored version; nil for 0.
func (d *Declarer) version(ctx context.Context, n int) (*model.Ledger, error) {
	if n == 0 {
		return nil, nil
	}
	l, err := d.App.Store.LedgerVersion(ctx, n)
	if err != nil {
		return nil, fmt.Errorf("ledger version %d: %w", n, err)
	}
	return l, nil
}
