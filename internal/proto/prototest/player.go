package prototest

import (
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// Player turns frames into calls of one engine.
type Player struct {
	Engine *proto.Engine
	split  int
	rec    *dissect.Recorder
	flows  map[FlowKey]*flow
	done   map[FlowKey]Flow
}

type flow struct {
	key    FlowKey
	stream *proto.Stream
	udp    proto.Datagram
	facts  []model.Fact
	next   [2]uint32 // to the client, to the server
	known  [2]bool
	wait   [2]map[uint32][]byte
}

// NewPlayer makes a player with an engine of its own; split as in RunFlows.
func NewPlayer(split int) *Player {
	rec := dissect.NewRecorder(dissect.Limits{})
	return &Player{Engine: proto.New(rec), split: split, rec: rec, flows: map[FlowKey]*flow{}, done: map[FlowKey]Flow{}}
}

// Frame plays one frame.
func (p *Player) Frame(link layers.LinkType, at int64, data []byte) {
	c := &dissect.Ctx{At: at}
	pkt := gopacket.NewPacket(data, link, gopacket.DecodeOptions{NoCopy: true, Lazy: true})
	for _, l := range pkt.Layers() {
		switch l := l.(type) {
		case *layers.Ethernet:
			copy(c.SrcMAC[:], l.SrcMAC)
			copy(c.DstMAC[:], l.DstMAC)
			if p.notIP(c, uint16(l.EthernetType), l.Length, l.Payload) {
				return
			}
		case *layers.Dot1Q:
			c.VLAN = l.VLANIdentifier
			if p.notIP(c, uint16(l.Type), 0, l.Payload) {
				return
			}
		case *layers.IPv4:
			c.Src, c.Dst = addr(l.SrcIP), addr(l.DstIP)
			if p.packet(c, uint8(l.Protocol), l.Payload) {
				return
			}
		case *layers.IPv6:
			c.Src, c.Dst = addr(l.SrcIP), addr(l.DstIP)
			if p.packet(c, uint8(l.NextHeader), l.Payload) {
				return
			}
		case *layers.UDP:
			c.SrcPort, c.DstPort = uint16(l.SrcPort), uint16(l.DstPort)
			p.datagram(c, l.Payload)
			return
		case *layers.TCP:
			c.SrcPort, c.DstPort = uint16(l.SrcPort), uint16(l.DstPort)
			p.segment(c, l)
			return
		}
	}
}

func addr(ip []byte) netip.Addr {
	a, _ := netip.AddrFromSlice(ip)
	return a.Unmap()
}

func (p *Player) notIP(c *dissect.Ctx, typ, length uint16, b []byte) bool {
	switch typ {
	case 0x0800, 0x86dd, 0x8100, 0x88a8, 0x8863, 0x8864:
		return false
	}
	if length > 0 {
		typ = length
	}
	p.Engine.Frame(c, typ, b)
	return true
}

func (p *Player) packet(c *dissect.Ctx, ipProto uint8, b []byte) bool {
	switch ipProto {
	case 4, 6, 17, 41, 47, 0, 43, 44, 60:
		return false
	}
	app := p.Engine.Packet(c, ipProto, b)
	k := FlowKey{Client: netip.AddrPortFrom(c.Src, 0), Server: netip.AddrPortFrom(c.Dst, 0), Proto: ipProto}
	p.done[k] = Flow{App: app}
	return true
}

// flow finds or makes the flow of c and sets c.ToServer and c.Facts.
func (p *Player) flow(c *dissect.Ctx, ipProto uint8, first bool) *flow {
	src, dst := netip.AddrPortFrom(c.Src, c.SrcPort), netip.AddrPortFrom(c.Dst, c.DstPort)
	k := FlowKey{Client: src, Server: dst, Proto: ipProto}
	f := p.flows[k]
	c.ToServer = true
	if f == nil {
		if f = p.flows[FlowKey{Client: dst, Server: src, Proto: ipProto}]; f != nil {
			c.ToServer = false
		}
	}
	if f != nil && first {
		p.close(f)
		f, c.ToServer = nil, true
	}
	if f == nil {
		f = &flow{key: k}
		if ipProto == 6 {
			f.stream = p.Engine.Open()
		}
		p.flows[k] = f
	}
	c.Facts = &f.facts
	return f
}

func (p *Player) close(f *flow) {
	app := f.udp.App
	if f.stream != nil {
		app = f.stream.App
		p.Engine.Close(&dissect.Ctx{}, f.stream)
	}
	if was := p.done[f.key]; app == dissect.Unknown {
		app = was.App
	}
	p.done[f.key] = Flow{App: app, Facts: f.facts}
	delete(p.flows, f.key)
}

func (p *Player) datagram(c *dissect.Ctx, b []byte) {
	p.Engine.Datagram(c, &p.flow(c, 17, false).udp, b)
}

func (p *Player) segment(c *dissect.Ctx, t *layers.TCP) {
	f := p.flow(c, 6, t.SYN && !t.ACK && p.closed(c, t))
	if t.SYN && t.ACK && c.ToServer && !f.known[0] && !f.known[1] {
		delete(p.flows, f.key) // the SYN was not captured
		f.key.Client, f.key.Server = f.key.Server, f.key.Client
		p.flows[f.key] = f
		c.ToServer = false
	}
	i := 0
	if c.ToServer {
		i = 1
	}
	seq := t.Seq
	if t.SYN {
		f.next[i], f.known[i] = seq+1, true
		return
	}
	if !f.known[i] {
		f.next[i], f.known[i] = seq, true
	}
	p.order(c, f, i, seq, t.Payload)
}

// closed reports whether a SYN opens another connection than the one that has these ports now.
func (p *Player) closed(c *dissect.Ctx, t *layers.TCP) bool {
	f := p.flows[FlowKey{Client: netip.AddrPortFrom(c.Src, c.SrcPort), Server: netip.AddrPortFrom(c.Dst, c.DstPort), Proto: 6}]
	return f != nil && f.known[1] && f.next[1] != t.Seq+1
}

// order shows b if it is next, else keeps it; after 64 segments out of order the hole is taken as lost.
func (p *Player) order(c *dissect.Ctx, f *flow, i int, seq uint32, b []byte) {
	if d := int32(f.next[i] - seq); d > 0 {
		b = b[min(int(d), len(b)):]
		seq = f.next[i]
	}
	if len(b) == 0 {
		return
	}
	if seq == f.next[i] {
		p.show(c, f, i, b)
		p.waiting(c, f, i)
		return
	}
	if f.wait[i] == nil {
		f.wait[i] = map[uint32][]byte{}
	}
	f.wait[i][seq] = append([]byte(nil), b...)
	if len(f.wait[i]) > 64 {
		p.lost(c, f, i)
	}
}

func (p *Player) waiting(c *dissect.Ctx, f *flow, i int) {
	for len(f.wait[i]) > 0 {
		b, ok := f.wait[i][f.next[i]]
		if !ok {
			p.stale(f, i)
			return
		}
		delete(f.wait[i], f.next[i])
		p.show(c, f, i, b)
	}
}

func (p *Player) stale(f *flow, i int) {
	for seq := range f.wait[i] {
		if int32(f.next[i]-seq) > 0 {
			delete(f.wait[i], seq)
		}
	}
}

func (p *Player) lost(c *dissect.Ctx, f *flow, i int) {
	n := uint32(1 << 31)
	for seq := range f.wait[i] {
		n = min(n, seq-f.next[i])
	}
	p.Engine.Gap(c, f.stream, int(n))
	f.next[i] += n
	p.waiting(c, f, i)
}

func (p *Player) show(c *dissect.Ctx, f *flow, i int, b []byte) {
	f.next[i] += uint32(len(b))
	step := len(b)
	if p.split > 0 {
		step = p.split
	}
	for len(b) > 0 {
		k := min(step, len(b))
		p.Engine.Data(c, f.stream, b[:k])
		b = b[k:]
	}
}

// End closes all flows and gives what was recorded.
func (p *Player) End() ([]model.Observation, map[FlowKey]Flow) {
	for _, f := range p.flows {
		p.close(f)
	}
	obs := dissect.Merge(p.rec).Observations
	return obs, p.done
}

// Bindings gives the addresses and MACs that were seen together.
func (p *Player) Bindings() []model.Binding {
	binds := dissect.Merge(p.rec).Bindings
	return binds
}
