package dissect

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"hash/maphash"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// Limits bounds what one Recorder keeps. Past a limit new entries are dropped and counted; known ones go on counting.
type Limits struct {
	Observations int // in all
	PerSubject   int // values of one kind of one subject
	Bindings     int
	Transactions int // see journal
}

// DefaultLimits is what one shard keeps by default: about 100 bytes an observation or transaction, 64 a binding.
var DefaultLimits = Limits{Observations: 200_000, PerSubject: 128, Bindings: 100_000, Transactions: 100_000}

// Recorder keeps observations, bindings and transactions, each once with first, last and count. It is owned by one goroutine.
// Repeating a known observation allocates nothing.
type Recorder struct {
	// Watched says of a name (SNI, DNS query) that it must be kept past PerSubject. May be nil.
	Watched func(name string) bool

	journal    journal
	limits     Limits
	seed       maphash.Seed
	slots      []slot // open addressing over list
	list       []observation
	values     []string
	valueIDs   map[string]uint32
	kinds      []model.Kind
	kindIDs    map[model.Kind]uint16
	perSubj    map[subjectKind]uint16
	binds      map[bindKey]uint32
	bindings   []binding
	owner      map[ownerKey]model.MAC // who claimed an address last, ARP and NDP
	dropped    [2]uint64              // observations, bindings
	scratch    [512]byte
	scratchKey [64]byte
}

// slot is empty if ref is 0; ref is the observation's number plus one.
type slot struct{ hash, ref uint32 }

type observation struct {
	subject, peer netip.Addr
	first, last   int64
	count         uint64
	value         uint32
	kind, vlan    uint16
	port          uint16
	mac           model.MAC
}

type subjectKind struct {
	subject netip.Addr
	mac     model.MAC
	kind    uint16
}

type bindKey struct {
	addr netip.Addr
	mac  model.MAC
	vlan uint16
	kind model.BindingKind
}

type ownerKey struct {
	addr netip.Addr
	vlan uint16
}

type binding struct {
	key         bindKey
	first, last int64
	count       uint64
	moves       uint32
}

type entry struct {
	at            int64
	kind          model.Kind
	subject, peer netip.Addr
	mac           model.MAC
	vlan, port    uint16
}

// NewRecorder makes a recorder; zero fields of l take their default.
func NewRecorder(l Limits) *Recorder {
	l.Observations = cmp.Or(l.Observations, DefaultLimits.Observations)
	l.PerSubject = cmp.Or(l.PerSubject, DefaultLimits.PerSubject)
	l.Bindings = cmp.Or(l.Bindings, DefaultLimits.Bindings)
	l.Transactions = cmp.Or(l.Transactions, DefaultLimits.Transactions)
	return &Recorder{
		journal: newJournal(l.Transactions),
		limits:  l, seed: maphash.MakeSeed(), slots: make([]slot, 1<<10),
		valueIDs: map[string]uint32{}, kindIDs: map[model.Kind]uint16{},
		perSubj: map[subjectKind]uint16{}, binds: map[bindKey]uint32{}, owner: map[ownerKey]model.MAC{},
	}
}

func (r *Recorder) kindID(k model.Kind) uint16 {
	id, ok := r.kindIDs[k]
	if !ok {
		id = uint16(len(r.kinds))
		r.kinds = append(r.kinds, k)
		r.kindIDs[k] = id
	}
	return id
}

func (r *Recorder) add(e entry, v string) {
	v = model.Clean(v)
	e.subject, e.peer = model.Normal(e.subject), model.Normal(e.peer)
	kind := r.kindID(e.kind)
	h := r.hash(&e, kind, v)
	if o := r.find(&e, kind, v, h); o != nil {
		o.count++
		o.first, o.last = min(o.first, e.at), max(o.last, e.at)
		return
	}
	sk := subjectKind{subject: e.subject, kind: kind}
	if !e.subject.IsValid() {
		sk.mac = e.mac
	}
	n := r.perSubj[sk]
	if len(r.list) >= r.limits.Observations || int(n) >= r.limits.PerSubject && (r.Watched == nil || !r.Watched(v)) {
		r.dropped[0]++
		return
	}
	r.perSubj[sk] = n + 1
	id, ok := r.valueIDs[v]
	if !ok {
		v = string(append([]byte(nil), v...)) // never pin a packet buffer
		id = uint32(len(r.values))
		r.values = append(r.values, v)
		r.valueIDs[v] = id
	}
	if 2*len(r.list) >= len(r.slots) {
		r.grow()
	}
	r.list = append(r.list, observation{
		subject: e.subject, peer: e.peer, first: e.at, last: e.at, count: 1, value: id,
		kind: kind, vlan: e.vlan, port: e.port, mac: e.mac,
	})
	r.put(slot{h, uint32(len(r.list))})
}

// hash is over what identifies an observation: subject, MAC, VLAN, kind, value, port - and the peer, which add's callers leave zero unless it
// matters.
func (r *Recorder) hash(e *entry, kind uint16, v string) uint32 {
	b := appendAddr(r.scratchKey[:0], e.subject)
	b = append(b, e.mac[:]...)
	b = binary.BigEndian.AppendUint16(b, e.vlan)
	b = binary.BigEndian.AppendUint16(b, kind)
	b = binary.BigEndian.AppendUint16(b, e.port)
	b = appendAddr(b, e.peer)
	return uint32(maphash.Bytes(r.seed, b) ^ maphash.String(r.seed, v)*3)
}

func appendAddr(b []byte, a netip.Addr) []byte {
	if !a.IsValid() {
		return append(b, 0)
	}
	x := a.As16()
	return append(append(b, 1), x[:]...)
}

// find gives the observation that is the same as e, nil if there is none.
func (r *Recorder) find(e *entry, kind uint16, v string, h uint32) *observation {
	mask := uint32(len(r.slots) - 1)
	for i := h & mask; r.slots[i].ref != 0; i = (i + 1) & mask {
		if r.slots[i].hash != h {
			continue
		}
		o := &r.list[r.slots[i].ref-1]
		if o.subject == e.subject && o.kind == kind && o.port == e.port && o.mac == e.mac && o.vlan == e.vlan && o.peer == e.peer && r.values[o.value] == v {
			return o
		}
	}
	return nil
}

func (r *Recorder) put(s slot) {
	mask := uint32(len(r.slots) - 1)
	i := s.hash & mask
	for r.slots[i].ref != 0 {
		i = (i + 1) & mask
	}
	r.slots[i] = s
}

func (r *Recorder) grow() {
	old := r.slots
	r.slots = make([]slot, 2*len(old))
	for _, s := range old {
		if s.ref != 0 {
			r.put(s)
		}
	}
}

// Bind records that mac and addr were seen together at time at (ns).
func (r *Recorder) Bind(k model.BindingKind, mac model.MAC, addr netip.Addr, vlan uint16, at int64) {
	if mac.IsZero() || mac.IsGroup() || !addr.IsValid() || addr.IsUnspecified() || addr.IsMulticast() {
		return
	}
	key := bindKey{addr: model.Normal(addr), mac: mac, vlan: vlan, kind: k}
	i, ok := r.binds[key]
	if !ok {
		if len(r.bindings) >= r.limits.Bindings {
			r.dropped[1]++
			return
		}
		i = uint32(len(r.bindings))
		r.binds[key] = i
		r.bindings = append(r.bindings, binding{key: key, first: at, last: at})
	}
	b := &r.bindings[i]
	b.count++
	b.first, b.last = min(b.first, at), max(b.last, at)
	if k != model.BindARP && k != model.BindNDP {
		return
	}
	o := ownerKey{addr: key.addr, vlan: vlan}
	if was, ok := r.owner[o]; ok && was != mac {
		b.moves++
	}
	r.owner[o] = mac
}

// Noted is what recorders hold together, sorted.
type Noted struct {
	Observations []model.Observation
	Bindings     []model.Binding
	Transactions []model.Transaction
	Limits       []model.Limit // those that were reached: "observations", "bindings", "transactions"
}

// Merge sums recorders.
func Merge(rs ...*Recorder) Noted {
	var n Noted
	var observations, bindings int
	for _, r := range rs {
		observations, bindings = observations+len(r.list), bindings+len(r.bindings)
	}
	n.Observations, n.Bindings = slices.Grow(n.Observations, observations), slices.Grow(n.Bindings, bindings)
	limits := [...]model.Limit{{Name: "observations"}, {Name: "bindings"}, {Name: "transactions"}}
	for _, r := range rs {
		r.give(&n)
		for i, max := range [...]int{r.limits.Observations, r.limits.Bindings, r.limits.Transactions} {
			limits[i].Max += uint64(max)
		}
		limits[0].Dropped += r.dropped[0]
		limits[1].Dropped += r.dropped[1]
		limits[2].Dropped += r.journal.dropped
	}
	for _, l := range limits {
		if l.Dropped > 0 {
			n.Limits = append(n.Limits, l)
		}
	}
	n.Observations, n.Bindings, n.Transactions = SortObservations(n.Observations), SortBindings(n.Bindings), joinJournals(rs)
	return n
}

func (r *Recorder) give(n *Noted) {
	for _, o := range r.list {
		n.Observations = append(n.Observations, model.Observation{
			Subject: o.subject, MAC: o.mac, VLAN: o.vlan, Kind: r.kinds[o.kind],
			Value: r.values[o.value], Peer: o.peer, Port: o.port, First: stamp(o.first), Last: stamp(o.last), Count: o.count,
		})
	}
	for _, b := range r.bindings {
		n.Bindings = append(n.Bindings, model.Binding{
			MAC: b.key.mac, Addr: b.key.addr, VLAN: b.key.vlan, Kind: b.key.kind,
			First: stamp(b.first), Last: stamp(b.last), Count: b.count, Moves: b.moves,
		})
	}
}

func stamp(ns int64) time.Time { return time.Unix(0, ns).UTC() }

// SortObservations sorts by what identifies an observation and joins equal ones.
func SortObservations(all []model.Observation) []model.Observation {
	slices.SortFunc(all, func(a, b model.Observation) int { return compareObservations(&a, &b) })
	return joinRuns(all, func(a, b *model.Observation) bool {
		if a.Subject != b.Subject || a.MAC != b.MAC || a.VLAN != b.VLAN || a.Kind != b.Kind || a.Value != b.Value ||
			a.Peer != b.Peer || a.Port != b.Port || a.Source != b.Source {
			return false
		}
		a.First, a.Last, a.Count = earlier(a.First, b.First), later(a.Last, b.Last), a.Count+b.Count
		return true
	})
}

// compareObservations looks no further than it must: most pairs differ in the first fields.
func compareObservations(a, b *model.Observation) int {
	if c := a.Subject.Compare(b.Subject); c != 0 {
		return c
	}
	if c := bytes.Compare(a.MAC[:], b.MAC[:]); c != 0 {
		return c
	}
	if c := strings.Compare(string(a.Kind), string(b.Kind)); c != 0 {
		return c
	}
	if c := strings.Compare(a.Value, b.Value); c != 0 {
		return c
	}
	return cmp.Or(a.Peer.Compare(b.Peer), cmp.Compare(a.Port, b.Port), cmp.Compare(a.VLAN, b.VLAN), cmp.Compare(a.Source, b.Source), a.First.Compare(b.First))
}

// SortBindings sorts by what identifies a binding and joins equal ones.
func SortBindings(all []model.Binding) []model.Binding {
	slices.SortFunc(all, func(a, b model.Binding) int {
		if c := a.Addr.Compare(b.Addr); c != 0 {
			return c
		}
		return cmp.Or(slices.Compare(a.MAC[:], b.MAC[:]), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.VLAN, b.VLAN),
			cmp.Compare(a.Source, b.Source), a.First.Compare(b.First))
	})
	return joinRuns(all, func(a, b *model.Binding) bool {
		if a.MAC != b.MAC || a.Addr != b.Addr || a.VLAN != b.VLAN || a.Kind != b.Kind || a.Source != b.Source {
			return false
		}
		a.First, a.Last, a.Count, a.Moves = earlier(a.First, b.First), later(a.Last, b.Last), a.Count+b.Count, a.Moves+b.Moves
		return true
	})
}

// joinRuns folds each element into the one before it where join says they are the same.
func joinRuns[T any](all []T, join func(a, b *T) bool) []T {
	out := all[:0]
	for i := range all {
		if n := len(out); n > 0 && join(&out[n-1], &all[i]) {
			continue
		}
		out = append(out, all[i])
	}
	return out
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
