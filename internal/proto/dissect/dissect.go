// Package dissect is what all protocol decoders share: the context of a packet, the recorder that takes what hosts say of
// themselves, a bounds-checked reader, and the interfaces that the engine (package proto) drives them through.
//
// It knows no protocol. Decoders never keep the slices they are shown, never log, never ask the clock: time is Ctx.At.
package dissect

import (
	"net/netip"
	"strings"

	"github.com/mimawari/mimawari/internal/model"
)

// Ctx is the packet or stream segment that a decoder is shown, and where it puts what it finds. The caller owns and
// reuses it; decoders must not keep it.
type Ctx struct {
	At               int64 // packet time, ns since 1970 UTC
	Src, Dst         netip.Addr
	SrcPort, DstPort uint16
	SrcMAC, DstMAC   model.MAC
	VLAN             uint16
	ToServer         bool // from the side that opened the flow to the other one
	App              App  // what the flow is believed to be; a decoder may set it to something finer
	Rec              *Recorder
	Facts            *[]model.Fact // of the flow, nil if no more can be kept
	// Handover is set by a stream decoder that returns more false because another protocol follows on the same
	// connection (STARTTLS, HTTP CONNECT, SSLRequest): what it did not consume and all that follows is matched anew.
	// The flow keeps the first protocol as its App. The engine clears it before each call.
	Handover bool
}

// MaxFacts bounds the facts kept with one flow.
const MaxFacts = 8

// Fact keeps a value with the flow, once per kind and value, at most MaxFacts of them.
func (c *Ctx) Fact(k model.Kind, v string) {
	if c.Facts == nil || v == "" || len(*c.Facts) >= MaxFacts {
		return
	}
	v = model.Clean(v)
	for _, f := range *c.Facts {
		if f.Kind == k && f.Value == v {
			return
		}
	}
	*c.Facts = append(*c.Facts, model.Fact{Kind: k, Value: strings.Clone(v)}) // v may be a View of a packet
}

// Say records something that the sender of this packet says of itself.
func (c *Ctx) Say(k model.Kind, v string) { c.Rec.add(c.entry(k, c.Src, c.SrcMAC, netip.Addr{}, 0), v) }

// SayAt is Say for a service: the value belongs to the sender's port (banners, certificates, server headers).
func (c *Ctx) SayAt(k model.Kind, v string) {
	c.Rec.add(c.entry(k, c.Src, c.SrcMAC, netip.Addr{}, c.SrcPort), v)
}

// SayTo is Say where the other side is part of what is said (SNI, clear-text login as seen from the server, DICOM operation).
// The port is the server's.
func (c *Ctx) SayTo(k model.Kind, v string) {
	port := c.DstPort
	if !c.ToServer {
		port = c.SrcPort
	}
	c.Rec.add(c.entry(k, c.Src, c.SrcMAC, c.Dst, port), v)
}

// SayOf records something that this packet says of its receiver; the sender is the peer, the port the server's.
func (c *Ctx) SayOf(k model.Kind, v string) {
	port := c.DstPort
	if !c.ToServer {
		port = c.SrcPort
	}
	c.Rec.add(c.entry(k, c.Dst, c.DstMAC, c.Src, port), v)
}

// SayAbout records something about a third machine, for instance a DNS answer about an address.
func (c *Ctx) SayAbout(k model.Kind, subject netip.Addr, mac model.MAC, v string) {
	c.Rec.add(c.entry(k, subject, mac, netip.Addr{}, 0), v)
}

// Bind records that mac and addr belong together.
func (c *Ctx) Bind(k model.BindingKind, mac model.MAC, addr netip.Addr) {
	c.Rec.Bind(k, mac, addr, c.VLAN, c.At)
}

// Deal is what a decoder tells of an act of the client on the server. Zero fields are not known; Count zero is one.
type Deal struct {
	Action      model.Action
	Object, Who string // may be Views of a packet
	Outcome     model.Outcome
	Count       uint64
	Bytes       [2]uint64 // from the client, to the client
}

// Deal records an act between the two sides of this flow, whichever of them sent the packet.
func (c *Ctx) Deal(d Deal) {
	client, server, port := c.Src, c.Dst, c.DstPort
	if !c.ToServer {
		client, server, port = c.Dst, c.Src, c.SrcPort
	}
	c.Rec.journal.add(c.At, client, server, port, c.App, d)
}

func (c *Ctx) entry(k model.Kind, subject netip.Addr, mac model.MAC, peer netip.Addr, port uint16) entry {
	return entry{at: c.At, kind: k, subject: subject, mac: mac, vlan: c.VLAN, peer: peer, port: port}
}

// Stream decodes one TCP connection. The engine makes a new one for each connection once Spec.Match said yes.
type Stream interface {
	// Data is shown the bytes of one direction (c.ToServer says which) that were not consumed yet, at least one of them
	// new, starting where the last call for this direction left off. It returns how many are done with: n may exceed
	// len(b), then the rest is skipped without being shown; n < len(b) asks for the remainder again together with what
	// follows. more false ends decoding of the whole connection. The engine keeps at most MaxPending unconsumed bytes.
	Data(c *Ctx, b []byte) (n int, more bool)
	// Gap says that n bytes of one direction were lost. A decoder that can't go on returns false.
	Gap(c *Ctx, n int) (more bool)
}

// MaxPending is how many unconsumed bytes of one direction the engine keeps for a decoder (room for a TLS certificate flight).
const MaxPending = 16 << 10

// Verdict is a decoder's answer to the first bytes of a stream or to a datagram.
type Verdict uint8

// The verdicts.
const (
	No    Verdict = iota // not this protocol
	Maybe                // too short to say: ask again with more bytes
	Yes
)

// StreamSpec announces a TCP protocol to the engine.
type StreamSpec struct {
	App   App
	Ports []uint16 // usual server ports: asked first there, and before the others
	// Match looks at the first bytes that the client (c.ToServer) or the server sent, at most 64 kB, often one segment.
	// It must not need Ports to be right: protocols run elsewhere too. PortOnly protocols may say Yes more easily on their ports.
	Match func(c *Ctx, b []byte) Verdict
	New   func() Stream
	// Make is for decoders whose connections share state: each engine calls it once and uses the function it gives instead
	// of New. The state is used by one goroutine and must be bounded. Nil for most.
	Make func() func() Stream
}

// DatagramSpec announces a UDP protocol to the engine.
type DatagramSpec struct {
	App   App
	Ports []uint16
	// Data decodes one datagram and says whether it is this protocol. It is asked for the first datagrams of a flow,
	// and for every one if Every is set and the flow is known to be this protocol.
	Data  func(c *Ctx, b []byte) Verdict
	Every bool
	// Make is for decoders that need state across datagrams: each engine calls it once and uses the function it gives
	// instead of Data. The state is used by one goroutine and must be bounded.
	Make func() func(c *Ctx, b []byte) Verdict
	// PortOnly: never asked on other ports, because the format is too weak to recognise.
	PortOnly bool
}

// Prefix says whether b begins with s; Maybe if b is too short to tell.
func Prefix(b []byte, s string) Verdict {
	n := min(len(b), len(s))
	switch {
	case string(b[:n]) != s[:n]:
		return No
	case n < len(s):
		return Maybe
	}
	return Yes
}
