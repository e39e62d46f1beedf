package flow

import (
	"maps"

	"github.com/mimawari/mimawari/internal/capture"
	"github.com/mimawari/mimawari/internal/model"
)

// mirror counts what one shard saw of one source.
type mirror struct {
	model.Mirror
	macs    map[model.MAC]struct{}
	lastMAC model.MAC
	maxMACs int
	spilled uint64
	halves  map[half5]bool // one-way TCP flows without their VLAN; true: the higher end sent
}

// half5 is a TCP flow without its VLAN.
type half5 struct {
	lo, hi addr
	ports  uint32
}

const maxHalves = 1 << 15

func newMirror(maxMACs int) mirror {
	return mirror{macs: map[model.MAC]struct{}{}, halves: map[half5]bool{}, maxMACs: maxMACs}
}

func (m *mirror) clone() mirror {
	c := *m
	c.macs, c.halves = maps.Clone(m.macs), maps.Clone(m.halves)
	return c
}

func (m *mirror) frame(f *capture.Frame, p *packet, v verdict) {
	m.Packets++
	if p.cut > 0 {
		m.Truncated++
	}
	switch v {
	case isUnknown:
		m.Unknown++
	case isWiFi:
		m.WiFi++
	}
	switch {
	case len(f.Data) < 14:
	case f.Link == linkEthernet && f.Data[0]&1 != 0:
		m.Broadcast++
	case f.Link == linkEthernet:
		m.Unicast++
	case f.Link == linkSLL && (f.Data[1] == 1 || f.Data[1] == 2): // broadcast, multicast
		m.Broadcast++
	case f.Link == linkSLL:
		m.Unicast++
	}
}

// sender counts distinct source MACs.
func (m *mirror) sender(a model.MAC) {
	if a == m.lastMAC || a.IsZero() {
		return
	}
	m.lastMAC = a
	if _, ok := m.macs[a]; ok {
		return
	}
	if len(m.macs) >= m.maxMACs {
		m.spilled++
		return
	}
	m.macs[a] = struct{}{}
}

// flow judges a TCP flow that has ended.
func (m *mirror) flow(e *entry) {
	lost := [2]uint64{e.lost(0), e.lost(1)}
	if e.payload[0]+e.payload[1]+lost[0]+lost[1] == 0 {
		return
	}
	m.TCPFlows++
	if e.packets[0] == 0 || e.packets[1] == 0 {
		m.OneWay++
		m.pair(e)
	}
	for dir := range 2 {
		m.LostBytes += lost[dir]
		m.TCPBytes += e.payload[dir] + lost[dir]
	}
}

// lost is what is missing of a direction and was sent and received, since somebody acknowledged.
func (e *entry) lost(dir int) uint64 {
	if !e.is(ackKnown0 << (1 - dir)) {
		return 0
	}
	return uint64(e.missing[dir])
}

// pair finds the other direction of a one-way flow in another VLAN: then neither is one-way.
func (m *mirror) pair(e *entry) {
	k := half5{lo: e.key.lo, hi: e.key.hi, ports: uint32(e.key.rest >> 32)}
	high := e.is(clientHigh) == (e.packets[0] > 0)
	other, ok := m.halves[k]
	switch {
	case !ok && len(m.halves) < maxHalves:
		m.halves[k] = high
	case ok && other != high:
		delete(m.halves, k)
		m.OneWay -= 2
	}
}

// add sums what shards saw of one source.
func (m *mirror) add(o *mirror) {
	m.Packets += o.Packets
	m.Truncated += o.Truncated
	m.Unknown += o.Unknown
	m.WiFi += o.WiFi
	m.Broadcast += o.Broadcast
	m.Unicast += o.Unicast
	m.TCPFlows += o.TCPFlows
	m.OneWay += o.OneWay
	m.TCPBytes += o.TCPBytes
	m.LostBytes += o.LostBytes
	m.spilled += o.spilled
	for a := range o.macs {
		m.macs[a] = struct{}{}
	}
	m.MACs = uint64(len(m.macs))
}
