package flow

import (
	"maps"
	"slices"
	"sync/atomic"

	"github.com/mimawari/mimawari/internal/model"
)

// merger sums what the shards saw.
type merger struct {
	cfg      *Config
	out      model.Seen
	first    int64
	last     int64
	gateways gateways
	mirrors  []mirror
	buffers  uint64
	fragment uint64
	evicted  uint64
	left     uint64
}

func newMerger(cfg *Config) *merger {
	l := cfg.Limits
	l.Peers *= cfg.Shards
	l.Gateways *= cfg.Shards
	return &merger{cfg: cfg, gateways: newGateways(&l)}
}

// room makes place for the conversations of all shards at once.
func (m *merger) room(shards []*shard) {
	n := 0
	for _, s := range shards {
		n += s.sums.list.len
	}
	m.out.Conversations = make([]model.Conversation, 0, n)
}

// add takes a shard. With open it works on copies, to which the flows that have not ended are added.
func (m *merger) add(s *shard, open bool) {
	sums, mirrors := &s.sums, s.mirrors
	if open {
		sums, mirrors = s.withOpen()
	}
	for i := range mirrors {
		if i == len(m.mirrors) {
			m.mirrors = append(m.mirrors, newMirror(m.cfg.Limits.MACs))
		}
		m.mirrors[i].add(&mirrors[i])
	}
	m.gateways.merge(&sums.gateways)
	for i := range sums.list.len {
		m.out.Conversations = append(m.out.Conversations, sums.list.at(i).model())
	}
	m.left += sums.folded + sums.dropped
}

// count takes the counters of a shard.
func (m *merger) count(s *shard) {
	st := &m.out.Stats
	st.Packets += s.stats.Packets
	st.IPPackets += s.stats.IPPackets
	st.Bytes += s.stats.Bytes
	st.Flows += s.stats.Flows
	if s.first != 0 && (m.first == 0 || s.first < m.first) {
		m.first = s.first
	}
	m.last = max(m.last, s.last)
	m.buffers += s.assembler.buffers.full
	for _, l := range s.engine.Limits() { // the decoders' buffers hold the same kind of bytes
		m.buffers += l.Dropped
	}
	m.fragment += s.joiner.dropped
	m.evicted += s.evicted
}

// withOpen copies the sums and adds the flows that have not ended.
func (s *shard) withOpen() (*rollup, []mirror) {
	sums := s.sums
	total := new(atomic.Int64)
	total.Store(s.sums.total.Load())
	sums.total = total
	sums.slots, sums.list = slices.Clone(sums.slots), sums.list.clone()
	sums.gateways = s.sums.gateways.clone()
	var mirrors []mirror
	for i := range s.mirrors {
		mirrors = append(mirrors, s.mirrors[i].clone())
	}
	for n := range s.table.used {
		if e := s.table.at(n); e.is(live) {
			s.settle(n, e, &sums, mirrors)
		}
	}
	return &sums, mirrors
}

func (gs *gateways) clone() gateways {
	c := *gs
	c.index, c.peers, c.list = maps.Clone(gs.index), maps.Clone(gs.peers), slices.Clone(gs.list)
	for i := range c.list {
		c.list[i].clients, c.list[i].peers = slices.Clone(c.list[i].clients), slices.Clone(c.list[i].peers)
	}
	return c
}

func (m *merger) seen() *model.Seen {
	m.out.Gateways = m.gateways.models()
	m.out.Conversations = sortConversations(m.out.Conversations)
	if m.first != 0 {
		m.out.First, m.out.Last = stamp(m.first), stamp(m.last)
	}
	l := &m.cfg.Limits
	spilled := uint64(0)
	for i := range m.mirrors {
		spilled += m.mirrors[i].spilled
	}
	for _, x := range []model.Limit{
		{Name: "flows", Max: uint64(m.cfg.MaxFlows), Dropped: m.evicted},
		{Name: "conversations", Max: uint64(l.Conversations), Dropped: m.left},
		{Name: "buffers", Max: uint64(l.Buffers), Dropped: m.buffers},
		{Name: "fragments", Max: uint64(l.Fragments), Dropped: m.fragment},
		{Name: "gateways", Max: uint64(l.Gateways), Dropped: m.gateways.dropped},
		{Name: "macs", Max: uint64(l.MACs), Dropped: spilled},
	} {
		if x.Dropped > 0 {
			m.out.Limits = append(m.out.Limits, x)
		}
	}
	out := m.out // not a pointer into m: that would keep the pipeline and all that the shards hold alive
	return &out
}
