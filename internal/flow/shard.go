package flow

import (
	"sync"
	"sync/atomic"

	"github.com/mimawari/mimawari/internal/capture"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// engine is what a shard needs of proto.Engine.
type engine interface {
	Frame(c *dissect.Ctx, typ uint16, b []byte)
	Packet(c *dissect.Ctx, ipProto uint8, b []byte) dissect.App
	Datagram(c *dissect.Ctx, s *proto.Datagram, b []byte)
	Open() *proto.Stream
	Data(c *dissect.Ctx, s *proto.Stream, b []byte)
	Gap(c *dissect.Ctx, s *proto.Stream, n int)
	Close(c *dissect.Ctx, s *proto.Stream)
	Limits() []model.Limit
}

// shard owns the flows of some address pairs. One goroutine at a time uses it, holding mu.
type shard struct {
	mu      sync.Mutex
	cfg     *Config
	decoder decoder
	engine  engine
	rec     *dissect.Recorder
	table   table
	active  *atomic.Int64 // flows of all shards

	assembler assembler
	streams   []*stream
	idle      []uint32 // unused elements of streams
	joiner    joiner
	strays    map[uint32]strays       // of active flows
	facts     map[uint32][]model.Fact // of active flows; nil if nobody wants them
	noted     []model.Fact

	p       packet
	ctx     dissect.Ctx
	out     outlet
	text    [128]byte // scratch for the SYN fingerprint
	clock   int64     // sweeping time
	hand    uint32    // next entry to be swept
	source  uint16
	stats   model.Stats
	mirrors []mirror
	sums    rollup
	evicted uint64
	emit    func(*shard, *entry, uint32)
	first   int64
	last    int64
}

// frame takes one frame of the current source.
func (s *shard) frame(f *capture.Frame) {
	p := &s.p
	v := s.decoder.decode(f, p)
	m := &s.mirrors[s.source]
	m.frame(f, p, v)
	s.stats.Packets++
	s.stats.Bytes += uint64(f.Wire)
	s.seen(f.At)
	switch v {
	case isPacket:
		s.stats.IPPackets++
		s.packet(p)
	case isFragment:
		s.stats.IPPackets++
		s.joiner.take(s, p)
	case isIgnored:
		s.stats.IPPackets++
	case isFrame:
		m.sender(p.srcMAC)
		if s.cfg.HeadersOnly {
			return
		}
		s.context(p)
		s.ctx.ToServer = true
		s.engine.Frame(&s.ctx, p.typ, p.payload)
	}
}

func (s *shard) seen(at int64) {
	if s.first == 0 || at < s.first {
		s.first = at
	}
	s.last = max(s.last, at)
}

// context prepares ctx for a packet that belongs to no flow yet.
func (s *shard) context(p *packet) {
	s.ctx = dissect.Ctx{At: p.at, SrcMAC: p.srcMAC, DstMAC: p.dstMAC, VLAN: p.vlan, Rec: s.rec}
}

// packet accounts p to its flow, which begins here if it is not known, and shows the payload to the decoders.
func (s *shard) packet(p *packet) {
	var k key
	swapped := k.of(p)
	h := uint32(k.hash(s.table.seed))
	n, ok := s.table.find(&k, h)
	if ok {
		e := s.table.at(n)
		if dir := e.direction(swapped); s.over(e, p.at) || p.proto == protoTCP && s.cfg.Convention != NDPI && e.reused(dir, p) {
			s.end(n)
			ok = false
		}
	}
	if !ok {
		n = s.begin(&k, h, p, swapped)
	}
	e := s.table.at(n)
	dir := e.direction(swapped)
	e.count(dir, p)
	if e.packets[dir] == uint64(p.count) {
		s.firstOf(e, dir, p)
	} else if e.srcMAC[dir] != p.srcMAC || e.dstMAC[dir] != p.dstMAC {
		s.astray(n, e, dir, p)
	}
	switch p.proto {
	case protoTCP:
		s.tcp(n, e, dir, p)
	case protoUDP:
		s.udp(n, e, dir, p)
	default:
		s.other(n, e, dir, p)
	}
}

// direction is 0 for the client's packets, 1 for the server's.
func (e *entry) direction(swapped bool) int {
	if swapped != e.is(clientHigh) {
		return 1
	}
	return 0
}

func (e *entry) count(dir int, p *packet) {
	e.first, e.last = min(e.first, p.at), max(e.last, p.at)
	e.packets[dir] += uint64(p.count)
	e.ipBytes[dir] += p.ipBytes
	e.payload[dir] += uint64(p.payLen)
}

// over reports that e had ended before a packet at this time came.
func (s *shard) over(e *entry, at int64) bool {
	limit := s.patience(e)
	return limit >= 0 && (max(at, s.clock)-e.last > limit || e.last-at > limit)
}

// patience is the idle timeout of e in ns, negative for never.
func (s *shard) patience(e *entry) int64 {
	t := &s.cfg.Timeouts
	switch e.key.proto() {
	case protoTCP:
		if e.closed() {
			return int64(t.Closed)
		}
		return int64(t.TCP)
	case protoUDP:
		return int64(t.UDP)
	}
	return int64(t.Other)
}

func (s *shard) begin(k *key, h uint32, p *packet, swapped bool) uint32 {
	if s.active.Load() >= int64(s.cfg.MaxFlows) {
		s.evict()
	}
	s.active.Add(1)
	n := s.table.add(k, h)
	e := s.table.at(n)
	e.first, e.last, e.source, e.tunnel = p.at, p.at, s.source, p.tunnel
	if swapped {
		e.set(clientHigh)
	}
	if s.cfg.HeadersOnly {
		e.set(noPayload)
	}
	if fromServer(p) {
		e.flags ^= clientHigh
		e.mark(0, histFlip)
	}
	s.stats.Flows++
	if p.outerSrc.set() && s.cfg.Convention != NDPI {
		s.ctx = dissect.Ctx{At: p.at, Src: p.outerSrc.netip(), Dst: p.outerDst.netip(), VLAN: p.vlan, Rec: s.rec, ToServer: true}
		s.ctx.SayTo(model.Tunnel, p.tunnel.String())
	}
	return n
}

// firstOf notes what the first packet of a direction tells.
func (s *shard) firstOf(e *entry, dir int, p *packet) {
	e.srcMAC[dir], e.dstMAC[dir] = p.srcMAC, p.dstMAC
	s.mirrors[s.source].sender(p.srcMAC)
	s.bind(p)
}

// bind notes which MAC an internal address came from.
func (s *shard) bind(p *packet) {
	if p.srcMAC.IsZero() {
		return
	}
	if a := p.src.netip(); model.IsInternal(a) {
		s.rec.Bind(model.BindFrame, p.srcMAC, a, p.vlan, p.at)
	}
}

// astray accounts a packet whose MACs are not the flow's: the way has changed, or a mirror shows both sides of a router.
func (s *shard) astray(n uint32, e *entry, dir int, p *packet) {
	if e.srcMAC[dir] != p.srcMAC {
		s.bind(p)
	}
	x := s.strays[n]
	x.packets[dir] += uint64(p.count)
	x.bytes[dir] += p.ipBytes
	s.strays[n] = x
	e.set(strayed)
	s.sums.carried(way{
		src: p.src, dst: p.dst, srcMAC: p.srcMAC, dstMAC: p.dstMAC, vlan: p.vlan,
		first: p.at, last: p.at, packets: uint64(p.count), bytes: p.ipBytes,
	})
}

// flowContext prepares ctx for payload of e in direction dir.
func (s *shard) flowContext(n uint32, e *entry, dir int, at int64) *dissect.Ctx {
	client, server, cport, sport := e.ends()
	c := &s.ctx
	c.At, c.VLAN, c.App, c.Rec = at, e.key.vlan(), e.app, s.rec
	c.ToServer = dir == 0
	if c.ToServer {
		c.Src, c.Dst, c.SrcPort, c.DstPort = client.netip(), server.netip(), cport, sport
	} else {
		c.Src, c.Dst, c.SrcPort, c.DstPort = server.netip(), client.netip(), sport, cport
	}
	c.SrcMAC, c.DstMAC = e.srcMAC[dir], e.dstMAC[dir]
	c.Facts = nil
	if s.facts != nil {
		s.noted = append(s.noted[:0], s.facts[n]...)
		c.Facts = &s.noted
	}
	return c
}

// keepFacts stores what the decoders noted for flow n.
func (s *shard) keepFacts(n uint32) {
	if s.facts != nil && len(s.noted) > len(s.facts[n]) {
		s.facts[n] = append([]model.Fact(nil), s.noted...)
	}
}

func (s *shard) udp(n uint32, e *entry, dir int, p *packet) {
	if dir == 1 && !e.is(served) && (e.packets[0] > 0) {
		s.service(n, e, p.at, "udp")
	}
	if e.is(noPayload) || len(p.payload) == 0 {
		return
	}
	c := s.flowContext(n, e, dir, p.at)
	s.engine.Datagram(c, &e.datagram, p.payload)
	e.app = e.datagram.App
	if e.datagram.Done {
		e.set(noPayload)
	}
	if c.Facts != nil && dir == 0 && e.app == dissect.DNS {
		if name := asked(p.payload); name != "" {
			c.Fact(model.DNSQuery, name)
		}
	}
	s.keepFacts(n)
}

func (s *shard) other(n uint32, e *entry, dir int, p *packet) {
	if p.partial || e.is(noPayload) {
		return
	}
	c := s.flowContext(n, e, dir, p.at)
	if app := s.engine.Packet(c, p.proto, p.payload); app != dissect.Unknown {
		e.app = app
	}
	s.keepFacts(n)
}

// service observes that the server answered. Addresses of the internet are left out: they are no machines of ours.
func (s *shard) service(n uint32, e *entry, at int64, transport string) {
	e.set(served)
	_, server, _, port := e.ends()
	if a := server.netip(); server.group() || model.IsExternal(a) || port >= 49152 && e.app == dissect.Unknown {
		return
	}
	s.flowContext(n, e, 1, at).SayAt(model.ServicePort, transport)
}
