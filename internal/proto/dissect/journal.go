package dissect

import (
	"cmp"
	"encoding/binary"
	"hash/maphash"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// journal sums acts: equal ones within one span of packet time are one entry. It begins with a minute a span. When it is full the
// spans widen, so that entries join: the past is remembered more coarsely, not forgotten. Only when a day's span does not help are
// new acts left out, and counted. Repeating a known act allocates nothing.
type journal struct {
	limit     int
	span      int64 // ns
	seed      maphash.Seed
	slots     []slot // open addressing over list
	list      []act
	texts     []string
	textIDs   map[string]uint32
	actions   []model.Action
	actionIDs map[model.Action]uint16
	perClient map[clientAction]uint16 // entries of one client and action
	dropped   uint64
}

const (
	firstSpan   = int64(time.Minute)
	widening    = 6
	widestSpan  = firstSpan * widening * widening * widening * widening // 21.6 h
	maxOfClient = 4096                                                  // entries of one client and action; past it, names are left out
	maxTexts    = 1 << 17
)

type act struct {
	actKey
	first, last int64
	count       uint64
	bytes       [2]uint64
}

// actKey is what makes two acts of one span the same.
type actKey struct {
	client, server netip.Addr
	object, who    uint32
	port, action   uint16
	app            App
	outcome        model.Outcome
}

type clientAction struct {
	client netip.Addr
	action uint16
}

func newJournal(limit int) journal {
	return journal{
		limit: limit, span: firstSpan, seed: maphash.MakeSeed(),
		textIDs: map[string]uint32{"": 0}, texts: []string{""}, actionIDs: map[model.Action]uint16{}, perClient: map[clientAction]uint16{},
	}
}

func (j *journal) add(at int64, client, server netip.Addr, port uint16, app App, d Deal) {
	k := actKey{client: model.Normal(client), server: model.Normal(server), port: port, app: app, outcome: d.Outcome, action: j.action(d.Action)}
	count := max(d.Count, 1)
	of := clientAction{k.client, k.action}
	object, known := j.text(model.Clean(d.Object))
	who, knownWho := j.text(model.Clean(d.Who))
	k.object, k.who = object, who
	if known && knownWho {
		if a := j.find(&k, at); a != nil {
			a.take(at, count, d.Bytes)
			return
		}
	}
	if j.perClient[of] >= maxOfClient {
		k.object, k.who = 0, 0
	} else {
		k.object, k.who = j.keep(model.Clean(d.Object)), j.keep(model.Clean(d.Who))
	}
	if a := j.find(&k, at); a != nil {
		a.take(at, count, d.Bytes)
		return
	}
	if len(j.list) >= j.limit && !j.widen() {
		j.dropped++
		return
	}
	if a := j.find(&k, at); a != nil { // a wider span holds it
		a.take(at, count, d.Bytes)
		return
	}
	j.perClient[of] = min(j.perClient[of]+1, maxOfClient)
	j.append(act{actKey: k, first: at, last: at, count: count, bytes: d.Bytes})
}

func (a *act) take(at int64, count uint64, bytes [2]uint64) {
	a.first, a.last, a.count = min(a.first, at), max(a.last, at), a.count+count
	a.bytes[0] += bytes[0]
	a.bytes[1] += bytes[1]
}

func (j *journal) action(a model.Action) uint16 {
	id, ok := j.actionIDs[a]
	if !ok {
		id = uint16(len(j.actions))
		j.actions = append(j.actions, a)
		j.actionIDs[a] = id
	}
	return id
}

func (j *journal) text(s string) (id uint32, known bool) {
	id, known = j.textIDs[s]
	return id, known
}

// keep gives the number of s; 0, which is no text, if the table is full.
func (j *journal) keep(s string) uint32 {
	if id, ok := j.textIDs[s]; ok {
		return id
	}
	if len(j.texts) >= maxTexts {
		return 0
	}
	s = strings.Clone(s) // never pin a packet buffer
	id := uint32(len(j.texts))
	j.texts = append(j.texts, s)
	j.textIDs[s] = id
	return id
}

func (j *journal) find(k *actKey, at int64) *act {
	if len(j.slots) == 0 {
		return nil
	}
	h, mask := j.hash(k, at), uint32(len(j.slots)-1)
	for i := h & mask; j.slots[i].ref != 0; i = (i + 1) & mask {
		if j.slots[i].hash != h {
			continue
		}
		if a := &j.list[j.slots[i].ref-1]; a.actKey == *k && a.first/j.span == at/j.span {
			return a
		}
	}
	return nil
}

func (j *journal) append(a act) {
	if 2*len(j.list) >= len(j.slots) {
		j.index(max(2*len(j.slots), 1<<8))
	}
	j.list = append(j.list, a)
	j.put(len(j.list))
}

// index makes the slots anew, n of them.
func (j *journal) index(n int) {
	j.slots = make([]slot, n)
	for i := range j.list {
		j.put(i + 1)
	}
}

func (j *journal) put(ref int) {
	a := &j.list[ref-1]
	h, mask := j.hash(&a.actKey, a.first), uint32(len(j.slots)-1)
	i := h & mask
	for j.slots[i].ref != 0 {
		i = (i + 1) & mask
	}
	j.slots[i] = slot{h, uint32(ref)}
}

func (j *journal) hash(k *actKey, at int64) uint32 {
	var scratch [64]byte
	b := appendAddr(scratch[:0], k.client)
	b = appendAddr(b, k.server)
	b = binary.BigEndian.AppendUint32(b, k.object)
	b = binary.BigEndian.AppendUint32(b, k.who)
	b = binary.BigEndian.AppendUint16(b, k.port)
	b = binary.BigEndian.AppendUint16(b, k.action)
	b = append(b, byte(k.app), byte(k.outcome))
	b = binary.BigEndian.AppendUint64(b, uint64(at/j.span))
	return uint32(maphash.Bytes(j.seed, b))
}

// widen joins entries by wider spans, until an eighth of the room is free. It says whether there is any room.
func (j *journal) widen() bool {
	for j.span < widestSpan && len(j.list) > j.limit-j.limit/8-1 {
		j.span *= widening
		was := j.list
		j.list = j.list[:0]
		clear(j.slots)
		clear(j.perClient)
		for _, a := range was { // the list is written behind where it is read
			if b := j.find(&a.actKey, a.first); b != nil {
				b.take(a.first, a.count, a.bytes)
				b.last = max(b.last, a.last)
				continue
			}
			of := clientAction{a.client, a.action}
			j.perClient[of] = min(j.perClient[of]+1, maxOfClient)
			j.list = append(j.list, a)
			j.put(len(j.list))
		}
	}
	return len(j.list) < j.limit
}

// joinJournals gives what the recorders' journals hold, by the widest span among them.
func joinJournals(rs []*Recorder) []model.Transaction {
	n, span := 0, firstSpan
	for _, r := range rs {
		n, span = n+len(r.journal.list), max(span, r.journal.span)
	}
	if n == 0 {
		return nil
	}
	all := make([]model.Transaction, 0, n)
	for _, r := range rs {
		j := &r.journal
		for i := range j.list {
			a := &j.list[i]
			all = append(all, model.Transaction{
				Client: a.client, Server: a.server, Port: a.port, App: a.app.String(), Action: j.actions[a.action],
				Object: j.texts[a.object], Who: j.texts[a.who], Outcome: a.outcome,
				First: stamp(a.first), Last: stamp(a.last), Count: a.count, Bytes: a.bytes,
			})
		}
	}
	return sortTransactions(all, time.Duration(span))
}

// SortTransactions sorts by time, then by what identifies a transaction, and joins equal ones of one minute.
func SortTransactions(all []model.Transaction) []model.Transaction {
	return sortTransactions(all, time.Duration(firstSpan))
}

func sortTransactions(all []model.Transaction, span time.Duration) []model.Transaction {
	slot := func(t *model.Transaction) int64 { return t.First.UnixNano() / int64(span) }
	slices.SortFunc(all, func(a, b model.Transaction) int {
		return cmp.Or(cmp.Compare(slot(&a), slot(&b)), compareTransactions(&a, &b), a.First.Compare(b.First))
	})
	all = joinRuns(all, func(a, b *model.Transaction) bool {
		if slot(a) != slot(b) || compareTransactions(a, b) != 0 {
			return false
		}
		a.First, a.Last, a.Count = earlier(a.First, b.First), later(a.Last, b.Last), a.Count+b.Count
		a.Bytes[0] += b.Bytes[0]
		a.Bytes[1] += b.Bytes[1]
		return true
	})
	slices.SortStableFunc(all, func(a, b model.Transaction) int { return a.First.Compare(b.First) })
	return all
}

// compareTransactions compares what identifies them, but for the time.
func compareTransactions(a, b *model.Transaction) int {
	return cmp.Or(a.Client.Compare(b.Client), a.Server.Compare(b.Server), cmp.Compare(a.Action, b.Action), cmp.Compare(a.Port, b.Port),
		cmp.Compare(a.Object, b.Object), cmp.Compare(a.Who, b.Who), cmp.Compare(a.Outcome, b.Outcome), cmp.Compare(a.App, b.App))
}
