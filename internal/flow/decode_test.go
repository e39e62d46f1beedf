package flow

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/mimawari/mimawari/internal/capture"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

func ipv6(src, dst byte, next uint8, payload []byte) []byte {
	h := make([]byte, 40, 40+len(payload))
	h[0], h[6], h[7] = 0x60, next, 64
	binary.BigEndian.PutUint16(h[4:], uint16(len(payload)))
	h[8], h[9], h[23] = 0x20, 1, src
	h[24], h[25], h[39] = 0x20, 1, dst
	return append(h, payload...)
}

func join2(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

var (
	innerUDP = udpHeader(40000, 9999, []byte("hello"))
	inner4   = ipv4(host1, host2, protoUDP, innerUDP)
	inner6   = ipv6(1, 2, protoUDP, innerUDP)
	innerEth = join2(ethernetHeader(1, 2, etherIPv4), inner4)
	outer4   = func(proto uint8, b ...[]byte) []byte { return ipv4(outer, outer+1, proto, join2(b...)) }
	outerUDP = func(port uint16, b ...[]byte) []byte {
		return outer4(protoUDP, udpHeader(50000, port, join2(b...)))
	}
)

// Every way of wrapping must give the same flow inside, named by its tunnel.
func TestLinksAndTunnels(t *testing.T) {
	f := func(name, tunnel string, link capture.LinkType, data []byte) {
		t.Helper()
		flows, seen := run(t, Config{}, []capture.Frame{{At: sec, Data: data, Wire: uint32(len(data)), Link: link}})
		if len(flows) != 1 {
			t.Errorf("%s: %d flows, mirror %+v", name, len(flows), seen.Sources[0].Mirror)
			return
		}
		if g := flows[0]; g.Tunnel != tunnel || g.Client.Port() != 40000 || g.Server.Port() != 9999 || g.Payload[0] != 5 {
			t.Errorf("%s: %+v", name, g)
		}
	}
	eth := func(typ uint16, b ...[]byte) []byte { return join2(ethernetHeader(1, 2, typ), join2(b...)) }
	f("Ethernet", "", linkEthernet, eth(etherIPv4, inner4))
	f("IPv6", "", linkEthernet, eth(etherIPv6, inner6))
	f("padding", "", linkEthernet, eth(etherIPv4, inner4, make([]byte, 13)))
	f("VLAN", "", linkEthernet, eth(etherVLAN, []byte{0, 5, 8, 0}, inner4))
	f("QinQ", "", linkEthernet, eth(etherQinQ, []byte{0, 5, 0x81, 0, 0, 6, 8, 0}, inner4))
	f("old QinQ", "", linkEthernet, eth(etherOldQ, []byte{0, 5, 0x81, 0, 0, 6, 8, 0}, inner4))
	f("SNAP", "", linkEthernet, eth(uint16(8+len(inner4)), []byte{0xaa, 0xaa, 3, 0, 0, 0, 8, 0}, inner4))
	f("MPLS", "mpls", linkEthernet, eth(etherMPLS, []byte{0, 1, 0, 64, 0, 2, 1, 64}, inner4))
	f("MPLS pseudowire", "mpls", linkEthernet, eth(etherMPLS, []byte{0, 2, 1, 64, 0, 0, 0, 0}, innerEth))
	f("PPPoE", "pppoe", linkEthernet, eth(etherPPPoE, []byte{0x11, 0, 0, 1, 0, byte(2 + len(inner4)), 0, 0x21}, inner4))
	f("raw", "", linkRaw, inner4)
	f("raw IPv6", "", linkIPv6, inner6)
	f("null", "", linkNull, join2([]byte{2, 0, 0, 0}, inner4))
	f("loop", "", linkLoop, join2([]byte{0, 0, 0, 30}, inner6))
	f("PPP", "", linkPPP, join2([]byte{0xff, 3, 0, 0x21}, inner4))
	f("PPP short", "", linkPPP, join2([]byte{0x57}, inner6))
	f("HDLC", "", linkPPPHDLC, join2([]byte{0x0f, 0, 8, 0}, inner4))
	f("Cisco HDLC", "", linkCHDLC, join2([]byte{0x8f, 0, 8, 0}, inner4))
	f("PPPoE link", "pppoe", linkPPPoE, join2([]byte{0x11, 0, 0, 1, 0, 0, 0, 0x21}, inner4))
	f("cooked", "", linkSLL, join2([]byte{0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0}, inner4))
	f("cooked 2", "", linkSLL2, join2([]byte{8, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0}, inner4))
	f("ipip", "ipip", linkRaw, outer4(protoIPIP, inner4))
	f("6in4", "6in4", linkRaw, outer4(protoIPv6, inner6))
	f("4in6", "4in6", linkRaw, ipv6(8, 9, protoIPIP, inner4))
	f("gre", "gre", linkRaw, outer4(protoGRE, []byte{0, 0, 8, 0}, inner4))
	f("gre with key and sequence", "gre", linkRaw, outer4(protoGRE, []byte{0xb0, 0, 8, 0, 1, 1, 0, 0, 0, 0, 0, 7, 0, 0, 0, 1}, inner4))
	f("nvgre", "nvgre", linkRaw, outer4(protoGRE, []byte{0x20, 0, 0x65, 0x58, 0, 0, 1, 0}, innerEth))
	f("eoip", "eoip", linkRaw, outer4(protoGRE, []byte{0x20, 1, 0x64, 0, 0, 42, 7, 0}, innerEth))
	f("erspan", "erspan", linkRaw, outer4(protoGRE, []byte{0, 0, 0x88, 0xbe}, innerEth))
	f("erspan 2", "erspan", linkRaw, outer4(protoGRE, []byte{0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 1, 0, 0, 0, 0, 0, 0}, innerEth))
	f("erspan 3", "erspan", linkRaw, outer4(protoGRE, []byte{0x10, 0, 0x22, 0xeb, 0, 0, 0, 1}, make([]byte, 12), innerEth))
	f("pptp", "pptp", linkRaw, outer4(protoGRE, []byte{0x30, 1, 0x88, 0x0b, 0, 40, 0, 1, 0, 0, 0, 1, 0xff, 3, 0, 0x21}, inner4))
	f("etherip", "etherip", linkRaw, outer4(protoEther, []byte{0x30, 0}, innerEth))
	f("mpls in IP", "mpls", linkRaw, outer4(protoMPLS, []byte{0, 2, 1, 64}, inner4))
	f("vxlan", "vxlan", linkRaw, outerUDP(portVXLAN, []byte{8, 0, 0, 0, 0, 0, 5, 0}, innerEth))
	f("gtp", "gtp", linkRaw, outerUDP(portGTPU, []byte{0x30, 0xff, 0, byte(len(inner4)), 0, 0, 0, 1}, inner4))
	f("gtp with extension", "gtp", linkRaw, outerUDP(portGTPU, []byte{0x34, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0x85, 1, 0, 9, 0}, inner6))
	f("teredo", "teredo", linkRaw, outerUDP(portTeredo, inner6))
	f("teredo with origin", "teredo", linkRaw, outerUDP(portTeredo, []byte{0, 0, 1, 2, 3, 4, 5, 6}, inner6))
	f("gre in vxlan", "vxlan", linkRaw, outerUDP(portVXLAN, []byte{8, 0, 0, 0, 0, 0, 5, 0}, ethernetHeader(1, 2, etherIPv4), ipv4(host1, outer, protoGRE, join2([]byte{0, 0, 8, 0}, inner4))))
	f("extension headers", "", linkRaw, ipv6(1, 2, 0, join2([]byte{60, 0, 1, 4, 0, 0, 0, 0, protoUDP, 0, 1, 4, 0, 0, 0, 0}, innerUDP)))
	f("atomic fragment", "", linkRaw, ipv6(1, 2, 44, join2([]byte{protoUDP, 0, 0, 0, 0, 0, 0, 9}, innerUDP)))
	tso := slices.Clone(inner4)
	tso[2], tso[3] = 0, 0
	f("TSO", "", linkRaw, tso)
}

func TestTooDeepAndBrokenTunnelsCountOutside(t *testing.T) {
	deep := inner4
	for range 6 {
		deep = outer4(protoIPIP, deep)
	}
	flows, _ := run(t, Config{}, []capture.Frame{{At: 1, Data: deep, Wire: uint32(len(deep)), Link: linkRaw}})
	if len(flows) != 1 || flows[0].Proto != protoIPIP || flows[0].Tunnel != "ipip" {
		t.Errorf("%+v", flows)
	}
	broken := outer4(protoGRE, []byte{0, 0, 8, 0, 1, 2, 3})
	flows, seen := run(t, Config{}, []capture.Frame{{At: 1, Data: broken, Wire: uint32(len(broken)), Link: linkRaw}})
	if len(flows) != 1 || flows[0].Proto != protoGRE || flows[0].Tunnel != "" || seen.Stats.IPPackets != 1 {
		t.Errorf("%+v", flows)
	}
}

func TestTunnelIsObserved(t *testing.T) {
	data := outer4(protoGRE, []byte{0, 0, 8, 0}, inner4)
	_, seen := run(t, Config{}, []capture.Frame{{At: 1, Data: data, Wire: uint32(len(data)), Link: linkRaw}})
	for _, o := range seen.Observations {
		if o.Kind == model.Tunnel && o.Value == "gre" && o.Subject.String() == "198.51.100.7" && o.Peer.String() == "198.51.100.8" {
			return
		}
	}
	t.Errorf("%+v", seen.Observations)
}

func TestCountedOnly(t *testing.T) {
	all := []capture.Frame{
		{At: 1, Data: make([]byte, 60), Wire: 60, Link: linkRadiotap},
		{At: 2, Data: make([]byte, 60), Wire: 60, Link: 250},
		{At: 3, Data: make([]byte, 9), Wire: 60, Link: linkEthernet},
		frame(4, join2(ethernetHeader(1, 2, etherIPv4), []byte{0x41}, inner4[1:])),
	}
	_, seen := run(t, Config{}, all)
	if m := seen.Sources[0].Mirror; m.WiFi != 1 || m.Unknown != 3 || m.Truncated != 1 || m.Packets != 4 || seen.Stats.Flows != 0 {
		t.Errorf("%+v", m)
	}
}

func TestPingIsOneFlow(t *testing.T) {
	echo := func(src, dst uint32, typ byte) capture.Frame {
		return frame(1, join2(ethernetHeader(1, 2, etherIPv4), ipv4(src, dst, protoICMP, []byte{typ, 0, 0, 0, 0, 1, 0, 1})))
	}
	flows, seen := run(t, Config{}, []capture.Frame{echo(host1, host2, 8), echo(host2, host1, 0), echo(host1, host2, 3)})
	if len(flows) != 2 || flows[0].Client.String() != "10.0.0.1:8" || flows[0].Server.String() != "10.0.0.2:0" || flows[0].Packets != [2]uint64{1, 1} {
		t.Errorf("%+v", flows)
	}
	if len(seen.Conversations) != 1 || seen.Conversations[0].Port != 0 || seen.Conversations[0].PacketsOut != 2 {
		t.Errorf("%+v", seen.Conversations)
	}
	if flows, _ = run(t, Config{}, []capture.Frame{echo(host2, host1, 0)}); flows[0].Client.String() != "10.0.0.1:8" || flows[0].History != "^" {
		t.Errorf("an answer alone: %+v", flows)
	}
}

// fragments cuts an IP payload into IPv4 fragments of at most n bytes.
func fragments(id uint16, proto uint8, payload []byte, n int) (all []capture.Frame) {
	for off := 0; off < len(payload); off += n {
		end := min(off+n, len(payload))
		p := ipv4(host1, host2, proto, payload[off:end])
		binary.BigEndian.PutUint16(p[4:], id)
		fo := uint16(off / 8)
		if end < len(payload) {
			fo |= 0x2000
		}
		binary.BigEndian.PutUint16(p[6:], fo)
		all = append(all, frame(sec, join2(ethernetHeader(1, 2, etherIPv4), p)))
	}
	return all
}

func TestFragments(t *testing.T) {
	whole := fragments(7, protoUDP, udpHeader(40000, 9999, story(4000)), 1480)
	f := func(name string, packets, payload uint64, port uint16, all ...capture.Frame) {
		t.Helper()
		flows, seen := run(t, Config{}, all)
		if len(flows) != 1 || flows[0].Packets[0] != packets || flows[0].Payload[0] != payload || flows[0].Server.Port() != port {
			t.Errorf("%s: %+v", name, flows)
		}
		if seen.Stats.IPPackets != packets {
			t.Errorf("%s: %d IP packets", name, seen.Stats.IPPackets)
		}
	}
	f("in order", 3, 4000, 9999, whole...)
	f("backwards", 3, 4000, 9999, whole[2], whole[1], whole[0])
	f("repeated", 6, 4000, 9999, whole[0], whole[0], whole[1], whole[2], whole[2], whole[1])
	f("first only", 1, 1472, 9999, whole[0])
	f("without the first", 2, 0, 0, whole[1], whole[2])
}

// listener is an engine that writes down the datagrams it is shown.
type listener struct {
	*proto.Engine
	heard [][]byte
}

func (l *listener) Datagram(_ *dissect.Ctx, _ *proto.Datagram, b []byte) {
	l.heard = append(l.heard, slices.Clone(b))
}

func TestFragmentsAreJoinedRightly(t *testing.T) {
	text := story(5000)
	all := fragments(9, protoUDP, udpHeader(1, 2, text), 1480)
	forged := fragments(9, protoUDP, udpHeader(1, 2, make([]byte, 5000)), 1480)
	f := func(order ...capture.Frame) {
		t.Helper()
		p := New(Config{Shards: 1})
		ear := &listener{Engine: proto.New(dissect.NewRecorder(dissect.Limits{}))}
		p.shards[0].engine = ear
		if err := p.Run(t.Context(), source(2, order)); err != nil {
			t.Fatal(err)
		}
		if len(ear.heard) != 1 || !bytes.Equal(ear.heard[0], text) {
			t.Errorf("%d datagrams heard", len(ear.heard))
		}
	}
	f(all[0], all[1], all[2], all[3])
	f(all[3], all[1], all[0], all[2])
	f(all[2], all[0], all[0], all[3], all[1], all[1])
	f(all[0], all[1], forged[1], forged[0], all[2], all[3]) // what came first stays
}

func TestFragmentLimits(t *testing.T) {
	var all []capture.Frame
	for id := range uint16(3000) {
		f := fragments(id, protoUDP, udpHeader(id, 9999, story(4000)), 1480)[id%2]
		f.At += int64(id) * 1e6
		all = append(all, f)
	}
	p := New(Config{Shards: 1, Limits: Limits{Fragments: 64, FragmentBytes: 128 << 10}})
	if err := p.Run(t.Context(), source(50, all)); err != nil {
		t.Fatal(err)
	}
	jn := &p.shards[0].joiner
	if len(jn.order) > 64 || len(jn.waiting) != len(jn.order) || jn.bytes > 128<<10 || jn.dropped == 0 {
		t.Errorf("%d waiting, %d bytes, %d given up", len(jn.order), jn.bytes, jn.dropped)
	}
	seen := p.Finish()
	var packets uint64
	for _, c := range seen.Conversations {
		packets += c.PacketsOut + c.PacketsIn
	}
	if packets != 3000 || len(seen.Limits) == 0 || seen.Limits[0].Name != "fragments" {
		t.Errorf("%d packets, limits %+v", packets, seen.Limits)
	}
}
