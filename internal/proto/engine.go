// Package proto recognises application protocols on frames, datagrams and TCP streams, and records what hosts say of
// themselves. It keeps no flows (package flow does) and draws no conclusions (inventory and detect do).
//
// One Engine belongs to one shard and is used by one goroutine.
package proto

import (
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// Engine holds the decoders' state that outlives one packet.
type Engine struct {
	rec *dissect.Recorder
}

// New makes an engine that records into rec.
func New(rec *dissect.Recorder) *Engine { return &Engine{rec: rec} }

// Frame is shown what is not IP: ARP, LLDP, CDP, STP... typ is the EtherType, or below 1536 the length field of an
// IEEE 802.3 frame, in which case b starts at the LLC header.
func (e *Engine) Frame(c *dissect.Ctx, typ uint16, b []byte) {}

// Packet is shown IP payloads that are neither TCP nor UDP (ICMP, ICMPv6 with neighbour discovery, IGMP, VRRP, GRE, ESP...).
// It returns what the flow is.
func (e *Engine) Packet(c *dissect.Ctx, ipProto uint8, b []byte) dissect.App { return dissect.Unknown }

// Datagram is the state of a UDP flow; the zero value is a new flow. It holds no pointers.
type Datagram struct {
	App   dissect.App
	Tries uint8 // datagrams looked at while App was unknown
	Done  bool  // nothing more to learn: the caller need not show more
}

// Datagram is shown a UDP payload (complete or, for fragments that could not be joined, its first part).
func (e *Engine) Datagram(c *dissect.Ctx, s *Datagram, b []byte) {}

// Stream is the state of one TCP connection. Engines reuse them.
type Stream struct {
	App  dissect.App
	Done bool // nothing more to learn: the caller may stop reassembling
}

// Open starts a connection; Close must follow.
func (e *Engine) Open() *Stream { return &Stream{} }

// Data is shown the next in-order bytes of one direction (c.ToServer). Bytes are shown once.
func (e *Engine) Data(c *dissect.Ctx, s *Stream, b []byte) {}

// Gap says that n bytes of one direction were lost before the next Data.
func (e *Engine) Gap(c *dissect.Ctx, s *Stream, n int) {}

// Close ends a connection and gives s back for reuse.
func (e *Engine) Close(c *dissect.Ctx, s *Stream) {}
