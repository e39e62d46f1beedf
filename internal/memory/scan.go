package memory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parquet-go/parquet-go"
)

// Found is what a hunt found: the newest rows, and how many there are in all.
type Found struct {
	Rows    []Row  `json:"rows"`
	Total   uint64 `json:"total"`
	Days    int    `json:"days"`    // looked at
	Skipped int    `json:"skipped"` // row groups that did not have to be read
	Read    int    `json:"read"`    // row groups that were
}

// block is a row group in columns: only what the query asks for is there.
type block struct {
	group parquet.RowGroup
	cols  map[string]*column
	index map[string]int
	from  int64 // first row that is loaded
	to    int64
}

// column holds the values of one column: numbers, or numbers of a dictionary's values.
type column struct {
	ints  []int32
	longs []int64
	dict  parquet.Dictionary
}

func newBlock(f *parquet.File, g parquet.RowGroup) *block {
	b := &block{group: g, cols: map[string]*column{}, index: map[string]int{}, to: g.NumRows()}
	for i, c := range f.Schema().Columns() {
		b.index[c[0]] = i
	}
	return b
}

// marks holds each value of a dictionary against the query without reading a row.
func (b *block) marks(name string, mark func([]byte) uint8) (all []uint8, any uint8, err error) {
	i, ok := b.index[name]
	if !ok {
		return nil, 0, fmt.Errorf("no column %s", name)
	}
	chunk, ok := b.group.ColumnChunks()[i].(*parquet.FileColumnChunk)
	if !ok {
		return nil, 0, fmt.Errorf("column %s is not of a file", name)
	}
	pages := chunk.PagesFrom(chunk.File())
	defer func() { _ = pages.Close() }() // only read
	dict, err := pages.ReadDictionary()
	if err != nil {
		return nil, 0, err
	}
	if dict == nil {
		return nil, 0, fmt.Errorf("column %s has no dictionary", name)
	}
	all = make([]uint8, dict.Len())
	for i := range all {
		m := mark(dict.Index(int32(i)).ByteArray())
		all[i] = m
		any |= m
	}
	return all, any, nil
}

// load reads the rows from..to of a column.
func (b *block) load(name string) (*column, error) {
	if c := b.cols[name]; c != nil {
		return c, nil
	}
	i, ok := b.index[name]
	if !ok {
		return nil, fmt.Errorf("no column %s", name)
	}
	pages := b.group.ColumnChunks()[i].Pages()
	defer func() { _ = pages.Close() }() // only read
	if b.from > 0 {
		if err := pages.SeekToRow(b.from); err != nil {
			return nil, err
		}
	}
	c, want := &column{}, int(b.to-b.from)
	for max(len(c.ints), len(c.longs)) < want {
		p, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			return nil, io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, err
		}
		err = c.take(p)
		parquet.Release(p)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", name, err)
		}
	}
	b.cols[name] = c
	return c, nil
}

func (c *column) take(p parquet.Page) error {
	d := p.Data()
	switch kind := p.Type().Kind(); {
	case p.Dictionary() != nil:
		c.dict = p.Dictionary()
		c.ints = append(c.ints, d.Int32()...)
	case kind == parquet.Int32:
		c.ints = append(c.ints, d.Int32()...)
	case kind == parquet.Int64:
		c.longs = append(c.longs, d.Int64()...)
	default:
		return fmt.Errorf("values of kind %v without a dictionary", kind)
	}
	return nil
}

// number gives row i of a column of numbers.
func (c *column) number(i int) int64 {
	if c.dict != nil {
		return int64(c.dict.Index(c.ints[i]).Int32())
	}
	if c.longs != nil {
		return c.longs[i]
	}
	return int64(c.ints[i])
}

func (c *column) text(i int) string { return string(c.dict.Index(c.ints[i]).ByteArray()) }

// narrow forgets all rows but those from first to last, counted from the beginning of the group.
func (b *block) narrow(first, last int64) {
	for _, c := range b.cols {
		if c.ints != nil {
			c.ints = c.ints[first-b.from : last+1-b.from]
		}
		if c.longs != nil {
			c.longs = c.longs[first-b.from : last+1-b.from]
		}
	}
	b.from, b.to = first, last+1
}

// search gives the rows of the block that the query wants, counted from b.from after the block was narrowed to them. skipped says
// that the dictionaries told that there are none.
func (q *Query) search(b *block) (hits []int, skipped bool, err error) {
	type part struct {
		name string
		mark func([]byte) uint8
		asks bool
	}
	list := q.List != nil
	parts := [5]part{
		{"client", q.address, list || len(q.Host)+len(q.Peer) > 0},
		{"server", q.address, list || len(q.Host)+len(q.Peer) > 0},
		{"name", q.name, list || q.Name != ""},
		{"ja4", q.ja4, list || q.JA4 != ""},
		{"facts", q.fact, q.Fact != ""},
	}
	var marks [5][]uint8
	var any [5]uint8
	for i, p := range parts {
		if !p.asks {
			continue
		}
		if marks[i], any[i], err = b.marks(p.name, p.mark); err != nil {
			return nil, false, err
		}
	}
	if !q.wants(seen{any[0], any[1], any[2], any[3], any[4]}) {
		return nil, true, nil
	}
	var cols [5]*column
	for i, p := range parts {
		if any[i] == 0 {
			continue
		}
		if cols[i], err = b.load(p.name); err != nil {
			return nil, false, err
		}
	}
	at := func(i, row int) uint8 {
		if cols[i] == nil {
			return 0
		}
		return marks[i][cols[i].ints[row]]
	}
	n := int(b.to - b.from)
	for row := range n {
		if q.wants(seen{at(0, row), at(1, row), at(2, row), at(3, row), at(4, row)}) {
			hits = append(hits, row)
		}
	}
	hits, err = q.narrowTo(b, hits)
	return hits, false, err
}

// narrowTo loads what else decides only where there is still something to decide.
func (q *Query) narrowTo(b *block, hits []int) ([]int, error) {
	if len(hits) == 0 {
		return nil, nil
	}
	first := hits[0]
	b.narrow(b.from+int64(first), b.from+int64(hits[len(hits)-1]))
	for i := range hits {
		hits[i] -= first
	}
	if q.Port > 0 {
		c, err := b.load("server_port")
		if err != nil {
			return nil, err
		}
		hits = slices.DeleteFunc(hits, func(i int) bool { return c.number(i) != int64(q.Port) })
	}
	if q.Since.IsZero() && q.Until.IsZero() {
		return hits, nil
	}
	c, err := b.load("first")
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(hits, func(i int) bool {
		return !q.Since.IsZero() && c.longs[i] < q.Since.UnixMilli() || !q.Until.IsZero() && c.longs[i] >= q.Until.UnixMilli()
	}), nil
}

// hitFunc is shown the hits of one block. Calls do not overlap for one day.
type hitFunc func(b *block, hits []int) error

// day looks through one day. Files that vanish meanwhile were joined into another: then all is looked at again.
func (s *Files) day(day int64, q *Query, begin func(files int), hit hitFunc, count *Found) error {
	for try := 0; ; try++ {
		files, err := s.list(day)
		if err != nil {
			return err
		}
		begin(len(files))
		for _, f := range files {
			if err = withFile(f, func(p *parquet.File) error { return q.file(p, hit, count) }); err != nil {
				break
			}
		}
		if !errors.Is(err, errGone) || try == 10 {
			return err
		}
	}
}

func (q *Query) file(p *parquet.File, hit hitFunc, count *Found) error {
	for _, g := range p.RowGroups() {
		b := newBlock(p, g)
		hits, skipped, err := q.search(b)
		if err != nil {
			return err
		}
		if skipped {
			count.Skipped++
			continue
		}
		count.Read++
		if len(hits) > 0 {
			if err := hit(b, hits); err != nil {
				return err
			}
		}
	}
	return nil
}

// wanted gives the days of the query, newest first. A flow belongs to the day it began.
func (s *Files) wanted(q *Query) ([]int64, error) {
	q.prepare()
	days, err := s.days()
	if err != nil {
		return nil, err
	}
	days = slices.DeleteFunc(days, func(d int64) bool {
		return !q.Since.IsZero() && d < dayOf(q.Since.UnixMilli()) || !q.Until.IsZero() && d*dayMillis >= q.Until.UnixMilli()
	})
	slices.Reverse(days)
	return days, nil
}

// each works on days, as many at a time as there are processors.
func each(ctx context.Context, days []int64, progress func(done, total int), work func(i int, day int64) error) error {
	var next, done atomic.Int64
	var all sync.WaitGroup
	var mu sync.Mutex
	var first error
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for range min(runtime.GOMAXPROCS(0), len(days)) {
		all.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(days) {
					return
				}
				err := work(i, days[i])
				mu.Lock()
				if err != nil {
					first = cmp.Or(first, err)
					cancel()
				}
				if n := int(done.Add(1)); progress != nil {
					progress(n, len(days))
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return cmp.Or(first, context.Cause(ctx))
}

// Hunt implements FlowStore.
func (s *Files) Hunt(ctx context.Context, q Query) (*Found, error) {
	days, err := s.wanted(&q)
	if err != nil {
		return nil, err
	}
	out := &Found{Days: len(days)}
	var mu sync.Mutex
	var kept atomic.Int64 // rows of days that are done; newer days come first
	err = each(ctx, days, q.Progress, func(_ int, day int64) error {
		h := &hunted{limit: q.limit(), full: kept.Load() >= int64(q.limit())}
		var n Found
		if err := s.day(day, &q, h.begin, h.take, &n); err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		out.Rows = append(out.Rows, h.rows...)
		kept.Add(int64(len(h.rows)))
		out.Total, out.Skipped, out.Read = out.Total+h.total, out.Skipped+n.Skipped, out.Read+n.Read
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(out.Rows, func(a, b Row) int { return cmp.Or(cmp.Compare(b.First, a.First), compare(&a, &b)) })
	out.Rows = out.Rows[:min(len(out.Rows), q.limit())]
	return out, nil
}

// hunted collects the rows of one day.
type hunted struct {
	limit int
	full  bool // newer days gave enough: only count
	total uint64
	rows  []Row
	twice map[uint64]struct{} // nil if there is one file only: in that, no row is there twice
}

func (h *hunted) begin(files int) {
	h.total, h.rows, h.twice = 0, nil, nil
	if files > 1 {
		h.twice = map[uint64]struct{}{}
	}
}

func (h *hunted) take(b *block, hits []int) error {
	if h.full && h.twice == nil {
		h.total += uint64(len(hits))
		return nil
	}
	for _, i := range hits {
		if h.full || len(h.rows) >= 4*h.limit+1024 {
			h.shrink()
		}
		r, err := b.row(i, h.full)
		if err != nil {
			return err
		}
		if h.twice != nil {
			id := r.id()
			if _, ok := h.twice[id]; ok {
				continue
			}
			h.twice[id] = struct{}{}
		}
		h.total++
		if !h.full {
			h.rows = append(h.rows, r)
		}
	}
	h.shrink()
	return nil
}

// shrink keeps the newest rows.
func (h *hunted) shrink() {
	if len(h.rows) <= h.limit {
		return
	}
	slices.SortFunc(h.rows, func(a, b Row) int { return cmp.Compare(b.First, a.First) })
	h.rows = h.rows[:h.limit]
}

// row reads a row; only what identifies it if brief.
func (b *block) row(i int, brief bool) (r Row, err error) {
	text := func(to *string, name string) {
		var c *column
		if err == nil {
			if c, err = b.load(name); err == nil {
				*to = c.text(i)
			}
		}
	}
	number := func(name string) (n int64) {
		var c *column
		if err == nil {
			if c, err = b.load(name); err == nil {
				n = c.number(i)
			}
		}
		return n
	}
	text(&r.Client, "client")
	text(&r.Server, "server")
	text(&r.Tunnel, "tunnel")
	r.Proto, r.ServerPort, r.ClientPort, r.VLAN = int32(number("proto")), int32(number("server_port")), int32(number("client_port")), int32(number("vlan"))
	if r.First = number("first"); brief {
		return r, err
	}
	for _, c := range []struct {
		to   *string
		name string
	}{{&r.App, "app"}, {&r.State, "state"}, {&r.Name, "name"}, {&r.JA4, "ja4"}, {&r.Facts, "facts"}} {
		text(c.to, c.name)
	}
	r.Duration, r.PacketsOut, r.PacketsIn = number("duration"), number("packets_out"), number("packets_in")
	r.BytesOut, r.BytesIn = number("bytes_out"), number("bytes_in")
	return r, err
}

// Peer is what one end of a query's flows had to do with another address.
type Peer struct {
	Client, Server string
	Proto, Port    int32
	Flows          uint64
	BytesOut       int64
	BytesIn        int64
	First, Last    time.Time
}

type peerKey struct {
	client, server string
	proto, port    int32
}

// MaxPeers bounds what Peers gives; the sums of what is past it are in none.
const MaxPeers = 100_000

// Peers implements FlowStore. The most bytes come first.
func (s *Files) Peers(ctx context.Context, q Query) ([]Peer, error) {
	days, err := s.wanted(&q)
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	all := map[peerKey]*Peer{}
	err = each(ctx, days, q.Progress, func(_ int, day int64) error {
		t := &tally{}
		if err := s.day(day, &q, t.begin, t.take, &Found{}); err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		for k, p := range t.sums {
			merge(all, k, p)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := make([]Peer, 0, len(all))
	for _, p := range all {
		out = append(out, *p)
	}
	slices.SortFunc(out, func(a, b Peer) int {
		return cmp.Or(cmp.Compare(b.BytesOut+b.BytesIn, a.BytesOut+a.BytesIn), cmp.Compare(a.Client, b.Client), cmp.Compare(a.Server, b.Server), cmp.Compare(a.Port, b.Port), cmp.Compare(a.Proto, b.Proto))
	})
	return out, nil
}

// tally sums up one day.
type tally struct {
	sums  map[peerKey]*Peer
	twice map[uint64]struct{}
}

func (t *tally) begin(files int) {
	t.sums, t.twice = map[peerKey]*Peer{}, nil
	if files > 1 {
		t.twice = map[uint64]struct{}{}
	}
}

func (t *tally) take(b *block, hits []int) error {
	var c [8]*column
	for i, name := range [8]string{"client", "server", "proto", "server_port", "first", "bytes_out", "bytes_in", "duration"} {
		var err error
		if c[i], err = b.load(name); err != nil {
			return err
		}
	}
	// Rows lie by their ends: mostly the next row belongs to the sum before.
	var last [4]int32
	var sum *Peer
	for _, i := range hits {
		if t.twice != nil {
			r, err := b.row(i, true)
			if err != nil {
				return err
			}
			id := r.id()
			if _, ok := t.twice[id]; ok {
				continue
			}
			t.twice[id] = struct{}{}
		}
		if k := [4]int32{c[0].ints[i], c[1].ints[i], c[2].ints[i], c[3].ints[i]}; sum == nil || k != last {
			last = k
			key := peerKey{c[0].text(i), c[1].text(i), int32(c[2].number(i)), int32(c[3].number(i))}
			if sum = t.sums[key]; sum == nil {
				sum = &Peer{Client: key.client, Server: key.server, Proto: key.proto, Port: key.port}
				t.sums[key] = sum
			}
		}
		first := time.UnixMilli(c[4].longs[i]).UTC()
		sum.add(&Peer{Flows: 1, BytesOut: c[5].longs[i], BytesIn: c[6].longs[i], First: first, Last: first.Add(time.Duration(c[7].longs[i]) * time.Millisecond)})
	}
	return nil
}

func (p *Peer) add(x *Peer) {
	if p.Flows == 0 || x.First.Before(p.First) {
		p.First = x.First
	}
	if x.Last.After(p.Last) {
		p.Last = x.Last
	}
	p.Flows += x.Flows
	p.BytesOut += x.BytesOut
	p.BytesIn += x.BytesIn
}

func merge(all map[peerKey]*Peer, k peerKey, p *Peer) {
	if known := all[k]; known != nil {
		known.add(p)
	} else if len(all) < MaxPeers {
		all[k] = p
	}
}
