package flow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/mimawari/mimawari/internal/capture"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// Pipeline turns the frames of sources into flows and sums them up. Run may be called for one source after the other; flows
// go on from one to the next. Snapshot may be called at any time from any goroutine.
type Pipeline struct {
	cfg    Config
	shards []*shard
	active atomic.Int64
	convs  atomic.Int64

	clock int64 // sweeping time of the batch before

	mu      sync.Mutex // guards sources and flow
	sources []model.Source
	flow    model.Flow
}

// New makes a pipeline. Zero fields of cfg take their default.
func New(cfg Config) *Pipeline {
	p := &Pipeline{cfg: cfg.withDefaults()}
	seed := rand.Uint64()
	for range p.cfg.Shards {
		p.shards = append(p.shards, p.newShard(seed))
	}
	return p
}

func (p *Pipeline) newShard(seed uint64) *shard {
	c, l := &p.cfg, &p.cfg.Limits
	rec := dissect.NewRecorder(c.Record)
	rec.Watched = c.Watched
	s := &shard{
		cfg: c, decoder: decoder{c.Convention}, engine: proto.New(rec), rec: rec, table: newTable(seed), active: &p.active,
		assembler: assembler{perFlow: l.FlowBuffer, buffers: buffers{max: max(l.Buffers/c.Shards, bufferSize)}},
		joiner:    joiner{max: max(l.Fragments/c.Shards, 1), maxBytes: max(l.FragmentBytes/c.Shards, maxDatagram)},
		sums:      newRollup(l, &p.convs, seed), strays: map[uint32]strays{},
	}
	if c.OnFlow != nil {
		s.facts = map[uint32][]model.Fact{}
		s.emit = p.emit
	}
	return s
}

func (p *Pipeline) emit(s *shard, e *entry, n uint32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.describe(e, n, &p.flow)
	p.cfg.OnFlow(&p.flow)
}

func addrPort(a addr, port uint16) netip.AddrPort { return netip.AddrPortFrom(a.netip(), port) }

// Run takes everything that src gives. It returns nil at the end of the source, else the source's error (a
// *capture.Damage if the file is broken) after everything before it has been taken. It does not close src.
func (p *Pipeline) Run(ctx context.Context, src capture.Source) error {
	n := p.addSource(src.Info())
	step, done := p.workers(n)
	var err error
	for {
		var b *capture.Batch
		if b, err = src.Next(ctx); err != nil {
			break
		}
		step(b)
		p.setSource(n, src.Info())
	}
	done()
	p.setSource(n, src.Info())
	if errors.Is(err, io.EOF) {
		return nil
	}
	var damage *capture.Damage
	if errors.As(err, &damage) || ctx.Err() != nil {
		return err
	}
	return fmt.Errorf("read frames of %s: %w", src.Info().Name, err)
}

func (p *Pipeline) addSource(info model.Source) int {
	for _, s := range p.shards {
		s.mu.Lock()
		s.mirrors = append(s.mirrors, newMirror(p.cfg.Limits.MACs))
		s.mu.Unlock()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sources = append(p.sources, info)
	return len(p.sources) - 1
}

func (p *Pipeline) setSource(n int, info model.Source) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sources[n] = info
}

// setBack is how far before the sweeping time a batch must begin for the clock to count as set back rather than for
// frames to be out of order.
const setBack = int64(120e9)

func (p *Pipeline) tick(b *capture.Batch) tick {
	if len(b.Frames) == 0 {
		return tick{clock: p.clock}
	}
	first := b.Frames[0].At
	for i := range b.Frames {
		first = min(first, b.Frames[i].At)
	}
	t := tick{clock: max(first, p.clock), back: p.clock-first > setBack}
	if t.back {
		t.clock = first
	}
	p.clock = t.clock
	return t
}

// Snapshot gives what was seen so far, with the flows that have not ended yet as they are.
func (p *Pipeline) Snapshot() *model.Seen { return p.seen(true) }

// EndFlows ends all flows, so that OnFlow is shown them. What was seen stays: the pipeline may go on.
func (p *Pipeline) EndFlows() {
	for _, s := range p.shards {
		s.mu.Lock()
		s.endAll()
		s.mu.Unlock()
	}
}

// Finish ends all flows and gives what was seen. Where limits were hit Seen.Limits says so: "flows" ended early,
// "conversations" whose peer on the internet was widened to its /16 (IPv6 /32) or that were left out, "buffers" (TCP segments
// ahead of a gap), "fragments", "gateways", "macs", "hosts" (MACs and addresses of too many machines), "observations", "bindings", "transactions". It gives the memory back: nothing may be called after it.
func (p *Pipeline) Finish() *model.Seen {
	for _, s := range p.shards {
		s.mu.Lock()
		s.endAll()
		s.table = newTable(0)
		s.mu.Unlock()
	}
	runtime.GC() // the table must be gone before the result is built, or both make the peak
	return p.seen(false)
}

// seen merges the shards; with open, flows that have not ended count too.
func (p *Pipeline) seen(open bool) *model.Seen {
	for _, s := range p.shards {
		s.mu.Lock()
		defer s.mu.Unlock()
	}
	m := newMerger(&p.cfg)
	for _, s := range p.shards {
		m.count(s)
	}
	noted := p.merge(!open)
	m.room(p.shards)
	for _, s := range p.shards {
		m.add(s, open)
		if !open {
			s.sums = newRollup(&p.cfg.Limits, &p.convs, 0)
		}
	}
	out := m.seen()
	out.Observations, out.Bindings, out.Transactions = noted.Observations, noted.Bindings, noted.Transactions
	out.Limits = append(out.Limits, noted.Limits...)
	if cut := limitMachines(out, p.cfg.Limits.Identities, p.cfg.Limits.Weak); cut > 0 {
		out.Limits = append(out.Limits, model.Limit{Name: "hosts", Max: uint64(p.cfg.Limits.Identities), Dropped: cut})
	}
	slices.SortFunc(out.Limits, func(a, b model.Limit) int { return strings.Compare(a.Name, b.Name) })
	out.Sources = p.withMirrors(m.mirrors)
	return out
}

// merge sums the recorders, and lets go of them if they have been used for the last time.
func (p *Pipeline) merge(last bool) dissect.Noted {
	var recs []*dissect.Recorder
	for _, s := range p.shards {
		recs = append(recs, s.rec)
		if last {
			s.rec, s.engine, s.ctx = nil, nil, dissect.Ctx{}
		}
	}
	noted := dissect.Merge(recs...)
	if last {
		clear(recs)
		runtime.GC() // the same for the recorders
	}
	return noted
}

func (p *Pipeline) withMirrors(mirrors []mirror) []model.Source {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := slices.Clone(p.sources)
	for i := range all {
		was := all[i].Mirror
		all[i].Mirror = mirrors[i].Mirror
		all[i].Mirror.Dropped, all[i].Mirror.OwnUnicast = was.Dropped, was.OwnUnicast
		all[i].Mirror.Truncated = max(was.Truncated, mirrors[i].Truncated)
	}
	return all
}
