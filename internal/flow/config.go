package flow

import (
	"cmp"
	"runtime"
	"time"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// Convention says whose counting rules apply where tools differ.
type Convention uint8

const (
	// Ours is the default.
	Ours Convention = iota
	// NDPI counts as ndpiReader does, so that the two can be compared: later fragments are ignored instead of joined, ICMP
	// and all other protocols without ports are one flow per address pair, the way into a tunnel is not part of a flow's
	// identity, a reused TCP port does not begin a new flow, a few tunnels stay closed.
	NDPI
)

// Never as a timeout keeps flows until Finish.
const Never = time.Duration(-1)

// Timeouts say after how much idle packet time a flow has ended. Zero is the default, Never turns one off.
type Timeouts struct {
	TCP    time.Duration // 300 s
	Closed time.Duration // TCP after FIN in both directions or RST: 5 s
	UDP    time.Duration // 60 s
	Other  time.Duration // 60 s
}

// Limits bound memory. Zero fields take their default.
type Limits struct {
	Conversations int // 150,000 in all; beyond, see Pipeline.Finish
	Identities    int // MACs and internal addresses in the result, in all: 75,000
	Weak          int // the same, where some never did more than send packets that nobody answered: 30,000
	Gateways      int // 256 per shard
	Peers         int // distinct external peers counted, all gateways of a shard together: 16,384
	MACs          int // distinct source MACs counted per shard and source: 32,768
	FlowBuffer    int // out-of-order TCP bytes held per flow: 64 KiB
	Buffers       int // the same in all: 32 MiB
	Fragments     int // datagrams being joined, in all: 1,024
	FragmentBytes int // bytes held for them, in all: 4 MiB
}

// Config is what a Pipeline can be told. The zero value is the default.
type Config struct {
	Shards     int // goroutines that work on flows; 1 does everything in the caller's. Default: one for each processor, at most 4
	MaxFlows   int // active flows in all; beyond, the idlest of a sample ends early. Default 200,000
	Timeouts   Timeouts
	Limits     Limits
	Record     dissect.Limits // of all shards' recorders together, but for PerSubject. Default 150,000 observations, 100,000 bindings, 100,000 transactions
	Convention Convention
	// HeadersOnly counts flows without showing any payload to the decoders.
	HeadersOnly bool
	// Watched is handed to the recorders. May be nil.
	Watched func(name string) bool
	// OnFlow is shown each flow when it has ended. Calls never overlap; with more than one shard their order is not fixed.
	// The flow is reused after the call returns. May be nil: then no facts are kept with flows.
	OnFlow func(*model.Flow)
}

// FragmentAge is how long a fragment waits for the rest, in packet time (RFC 8200 section 4.5: 60 s; RFC 791: 15 s).
const FragmentAge = 30 * time.Second

func (c Config) withDefaults() Config {
	c.Shards = min(max(cmp.Or(c.Shards, min(runtime.GOMAXPROCS(0), 4)), 1), maxShards)
	c.MaxFlows = max(cmp.Or(c.MaxFlows, 200_000), 16)
	r := &c.Record
	r.Observations = max(cmp.Or(r.Observations, 150_000)/c.Shards, 1)
	r.Bindings = max(cmp.Or(r.Bindings, 100_000)/c.Shards, 1)
	r.Transactions = max(cmp.Or(r.Transactions, 100_000)/c.Shards, 1)
	t := &c.Timeouts
	t.TCP, t.Closed = cmp.Or(t.TCP, 300*time.Second), cmp.Or(t.Closed, 5*time.Second)
	t.UDP, t.Other = cmp.Or(t.UDP, 60*time.Second), cmp.Or(t.Other, 60*time.Second)
	l := &c.Limits
	l.Conversations, l.Gateways = cmp.Or(l.Conversations, 150_000), cmp.Or(l.Gateways, 256)
	l.Identities, l.Weak = cmp.Or(l.Identities, 75_000), cmp.Or(l.Weak, 30_000)
	l.Peers, l.MACs = cmp.Or(l.Peers, 1<<14), cmp.Or(l.MACs, 1<<15)
	l.FlowBuffer, l.Buffers = cmp.Or(l.FlowBuffer, 64<<10), cmp.Or(l.Buffers, 32<<20)
	l.Fragments, l.FragmentBytes = cmp.Or(l.Fragments, 1024), cmp.Or(l.FragmentBytes, 4<<20)
	return c
}

const maxShards = 64
