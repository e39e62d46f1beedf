// Package proto recognises application protocols on frames, datagrams and TCP streams, and records what hosts say of
// themselves. It keeps no flows (package flow does) and draws no conclusions (inventory and detect do).
//
// One Engine belongs to one shard and is used by one goroutine. A protocol is named only when its bytes say so, never
// from a port number alone; ports only decide who is asked first.
//
// Memory is bounded: each direction of a connection holds at most dissect.MaxPending unconsumed bytes, and all
// connections of an engine together at most MaxHeld; a connection that would pass that is no longer decoded, and counted.
package proto

import (
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
	"github.com/mimawari/mimawari/internal/proto/neighbour"
)

// MaxHeld bounds the unconsumed bytes that one engine holds for all its connections.
const MaxHeld = 16 << 20

// Engine holds the decoders' state that outlives one packet.
type Engine struct {
	rec     *dissect.Recorder
	table   *table
	make    []func() dissect.Stream                      // of streams, in their order
	data    []func(*dissect.Ctx, []byte) dissect.Verdict // of datagrams, in their order
	free    []*Stream
	small   [][]byte
	large   [][]byte
	scratch []byte
	held    int
	refused uint64 // connections given up because of MaxHeld
}

// New makes an engine that records into rec.
func New(rec *dissect.Recorder) *Engine {
	e := &Engine{rec: rec, table: tables()}
	for i := range streams {
		f := streams[i].New
		if streams[i].Make != nil {
			f = streams[i].Make()
		}
		e.make = append(e.make, f)
	}
	for i := range datagrams {
		f := datagrams[i].Data
		if datagrams[i].Make != nil {
			f = datagrams[i].Make()
		}
		e.data = append(e.data, f)
	}
	return e
}

// Limits names the limits of the engine that were reached.
func (e *Engine) Limits() []model.Limit {
	if e.refused == 0 {
		return nil
	}
	return []model.Limit{{Name: "buffers", Max: MaxHeld, Dropped: e.refused}}
}

// Frame is shown what is not IP: ARP, LLDP, CDP, STP... typ is the EtherType, or below 1536 the length field of an
// IEEE 802.3 frame, in which case b starts at the LLC header.
func (e *Engine) Frame(c *dissect.Ctx, typ uint16, b []byte) {
	c.Rec = e.rec
	neighbour.Frame(c, typ, b)
}

// Packet is shown IP payloads that are neither TCP nor UDP (ICMP, ICMPv6 with neighbour discovery, IGMP, VRRP, GRE, ESP...).
// It returns what the flow is.
func (e *Engine) Packet(c *dissect.Ctx, ipProto uint8, b []byte) dissect.App {
	c.Rec = e.rec
	return neighbour.Packet(c, ipProto, b)
}
