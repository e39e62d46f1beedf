package flow

import (
	"strings"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/capture"
	"github.com/mimawari/mimawari/internal/model"
)

// talk is a TCP connection with a request and an answer.
func talk(c seg, at int64) []capture.Frame {
	c.opts = "\x02\x04\x05\xb4\x01\x03\x03\x08\x01\x01\x04\x02"
	c.flags, c.seq = syn, 99
	first := c.tcp(at)
	return []capture.Frame{
		first, c.back(syn|ackFlag, 499, 100, "").tcp(at + 1), c.with(ackFlag, 100, 500, "").tcp(at + 2),
		c.with(ackFlag|psh, 100, 500, "hello").tcp(at + 3), c.back(ackFlag|psh, 500, 105, "hi").tcp(at + 4),
		c.with(ackFlag|fin, 105, 502, "").tcp(at + 5), c.back(ackFlag|fin, 502, 106, "").tcp(at + 6), c.with(ackFlag, 106, 503, "").tcp(at + 7),
	}
}

func TestConnStates(t *testing.T) {
	c := seg{src: host1, dst: host2, sport: 40000, dport: 80}
	full := talk(c, sec)
	f := func(name, state, history string, all ...capture.Frame) {
		t.Helper()
		flows, _ := run(t, Config{}, all)
		if len(flows) != 1 || flows[0].State != state || flows[0].History != history {
			t.Errorf("%s: %d flows, first %+v, want %s %s", name, len(flows), flows, state, history)
		}
	}
	f("whole", "SF", "ShADdFf", full...)
	f("syn", "S0", "S", full[0], full[0])
	f("refused", "REJ", "Sr", full[0], c.back(rst|ackFlag, 0, 100, "").tcp(2*sec))
	f("open", "S1", "ShADd", full[:5]...)
	f("client closed", "S2", "ShADdF", full[:6]...)
	f("server closed", "S3", "ShADdf", append(full[:5:5], c.back(ackFlag|fin, 502, 105, "").tcp(2*sec))...)
	f("client reset", "RSTO", "ShADdR", append(full[:5:5], c.with(rst, 105, 0, "").tcp(2*sec))...)
	f("server reset", "RSTR", "ShADdr", append(full[:5:5], c.back(rst, 502, 0, "").tcp(2*sec))...)
	f("half scan", "RSTO", "ShR", full[0], full[1], c.with(rst, 100, 0, "").tcp(2*sec))
	f("syn then reset", "RSTOS0", "SR", full[0], c.with(rst, 100, 0, "").tcp(2*sec))
	f("data then reset", "OTH", "DR", full[3], c.with(rst, 105, 0, "").tcp(2*sec))
	f("syn with fin", "SH", "Q", c.with(syn|fin, 99, 0, "").tcp(sec))
	f("syn with reset", "OTH", "QR", c.with(syn|rst, 99, 0, "").tcp(sec))
	f("fin with reset", "RSTO", "ShAIFR", full[0], full[1], full[2], c.with(fin|rst, 100, 0, "").tcp(2*sec))
	f("syn then fin", "SH", "SF", full[0], c.with(fin, 100, 0, "").tcp(2*sec))
	f("server only", "SHR", "^hf", full[1], full[6])
	f("middle", "OTH", "Dd", full[3], c.back(psh|ackFlag, 500, 105, "hi").tcp(2*sec))
	f("again", "SF", "ShADTdFf", full[0], full[1], full[2], full[3], full[3], full[4], full[5], full[6])
}

func TestFlowFields(t *testing.T) {
	c := seg{src: host1, dst: host2, sport: 40000, dport: 80, vlan: 12}
	flows, seen := run(t, Config{}, talk(c, sec))
	if len(flows) != 1 {
		t.Fatalf("%d flows", len(flows))
	}
	f := flows[0]
	if f.Client.String() != "10.0.0.1:40000" || f.Server.String() != "10.0.0.2:80" || f.VLAN != 12 || f.Proto != 6 {
		t.Errorf("%+v", f)
	}
	if f.Packets != [2]uint64{5, 3} || f.Payload != [2]uint64{5, 2} || f.IPBytes != [2]uint64{5*40 + 12 + 5, 3*40 + 2} || f.Lost != [2]uint64{} {
		t.Errorf("%+v", f)
	}
	if f.ClientMAC.String() != "02:00:00:00:00:01" || f.ServerMAC.String() != "02:00:00:00:00:02" || f.First.UnixNano() != sec || f.Last.UnixNano() != sec+7 {
		t.Errorf("%+v", f)
	}
	if len(seen.Conversations) != 1 || seen.Conversations[0].Answered != 1 || seen.Conversations[0].Port != 80 || seen.Conversations[0].BytesIn != 122 {
		t.Errorf("%+v", seen.Conversations)
	}
	said := map[model.Kind]string{}
	for _, o := range seen.Observations {
		said[o.Kind] = o.Subject.String() + " " + o.Value
	}
	if said[model.FingerprintSYN] != "10.0.0.1 ttl=64 win=8192 opts=M1460,N,W8,N,N,S" || said[model.ServicePort] != "10.0.0.2 tcp" {
		t.Errorf("%v", said)
	}
	if len(seen.Bindings) != 2 || seen.Bindings[0].Kind != model.BindFrame || seen.Bindings[0].Count != 1 {
		t.Errorf("%+v", seen.Bindings)
	}
	if m := seen.Sources[0].Mirror; m.TCPFlows != 1 || m.OneWay != 0 || m.TCPBytes != 7 || m.LostBytes != 0 || m.Unicast != 8 || m.MACs != 2 {
		t.Errorf("%+v", m)
	}
}

func TestWhoIsTheServer(t *testing.T) {
	f := func(sport, dport uint16, udp bool, want uint16) {
		t.Helper()
		c := seg{src: host1, dst: host2, sport: sport, dport: dport, flags: ackFlag, data: "x"}
		frame := c.tcp(sec)
		if udp {
			frame = c.udp(sec)
		}
		flows, _ := run(t, Config{}, []capture.Frame{frame})
		if len(flows) != 1 || flows[0].Server.Port() != want {
			t.Errorf("%d to %d: %+v", sport, dport, flows)
		}
	}
	f(443, 50000, false, 443)
	f(50000, 443, false, 443)
	f(11112, 40000, false, 11112)
	f(40000, 40001, false, 40001)
	f(53, 33333, true, 53)
	f(67, 68, true, 67)
	f(68, 67, true, 67)
	f(123, 123, true, 123)
}

func TestTimeouts(t *testing.T) {
	c := seg{src: host1, dst: host2, sport: 40000, dport: 9999}
	f := func(want int, all ...capture.Frame) {
		t.Helper()
		if flows, _ := run(t, Config{}, all); len(flows) != want {
			t.Errorf("%d flows, want %d", len(flows), want)
		}
	}
	f(1, c.udp(0), c.udp(59*sec))
	f(2, c.udp(0), c.udp(61*sec))
	f(1, c.with(ackFlag, 1, 1, "x").tcp(0), c.with(ackFlag, 2, 1, "x").tcp(299*sec))
	f(2, c.with(ackFlag, 1, 1, "x").tcp(0), c.with(ackFlag, 2, 1, "x").tcp(301*sec))
	full := talk(c, 0)
	f(1, append(full[:8:8], c.back(ackFlag, 503, 106, "").tcp(4*sec))...)
	f(2, append(full[:8:8], c.back(ackFlag, 503, 106, "").tcp(6*sec))...)
	again := talk(c, 2*sec)
	again[0].Data[14+20+7] += 100         // another initial sequence number
	f(2, append(full[:8:8], again...)...) // the ports are used again at once
	never, _ := run(t, Config{Timeouts: Timeouts{UDP: Never}}, []capture.Frame{c.udp(0), c.udp(1e6 * sec)})
	if len(never) != 1 {
		t.Errorf("%d flows without a timeout", len(never))
	}
}

// A clock that jumps must neither hang nor split the flows of others.
func TestClockJumps(t *testing.T) {
	a, b := seg{src: host1, dst: host2, sport: 40000, dport: 9999}, seg{src: host1, dst: host2, sport: 40001, dport: 9999}
	day := 86400 * sec
	var all []capture.Frame
	for i := range int64(500) {
		at := 20_000*day + i*sec/10
		all = append(all, a.udp(at))
		if i%50 == 25 {
			all = append(all, b.udp(at+30*365*day)) // 30 years ahead
		}
		if i%50 == 30 {
			all = append(all, b.udp(0))
		}
	}
	flows, seen := run(t, Config{}, all)
	n := 0
	for _, f := range flows {
		if f.Client.Port() == 40000 {
			n++
			if f.Packets[0] != 500 {
				t.Errorf("%d packets", f.Packets[0])
			}
		}
	}
	if n != 1 || seen.Stats.Packets != uint64(len(all)) {
		t.Errorf("%d flows, %d packets", n, seen.Stats.Packets)
	}
	back, _ := run(t, Config{}, append(many(a, 200, 20_000*day), many(a, 200, 10_000*day)...))
	if len(back) < 2 || len(back) > 3 { // the batch in which it happens has frames of both times
		t.Errorf("%d flows when the clock is set back", len(back))
	}
}

func many(c seg, n int, at int64) (all []capture.Frame) {
	for i := range n {
		all = append(all, c.udp(at+int64(i)*1e6))
	}
	return all
}

func TestSweepEndsFlowsWithoutFinish(t *testing.T) {
	var all []capture.Frame
	for i := range 2000 {
		c := seg{src: host1, dst: host2, sport: uint16(i + 1), dport: 40000}
		all = append(all, c.udp(int64(i)*sec))
	}
	p := New(Config{Shards: 1})
	if err := p.Run(t.Context(), source(8, all)); err != nil {
		t.Fatal(err)
	}
	if n := p.active.Load(); n > 300 {
		t.Errorf("%d flows are active, at most 60 of them were heard of in the last minute", n)
	}
}

func TestLoss(t *testing.T) {
	c := seg{src: host1, dst: host2, sport: 40000, dport: 9999}
	full := talk(c, sec)[:5]
	lossy := append(full, c.with(ackFlag, 1105, 502, "later").tcp(2*sec), c.back(ackFlag, 502, 1110, "").tcp(2*sec+1))
	flows, seen := run(t, Config{}, lossy)
	if len(flows) != 1 || flows[0].Lost != [2]uint64{1000, 0} || !strings.Contains(flows[0].History, "G") {
		t.Errorf("%+v", flows)
	}
	if m := seen.Sources[0].Mirror; m.LostBytes != 1000 || m.TCPBytes != 1012 {
		t.Errorf("%+v", m)
	}
	filled := append(lossy, c.with(ackFlag, 105, 502, strings.Repeat("x", 1000)).tcp(2*sec+2))
	if flows, _ = run(t, Config{}, filled); flows[0].Lost != [2]uint64{} {
		t.Errorf("lost %v although it came later", flows[0].Lost)
	}
}

// The mirror port gave only what carries no data: the acknowledgements tell that there was some.
func TestAllDataLost(t *testing.T) {
	c := seg{src: host1, dst: host2, sport: 40000, dport: 9999}
	full := talk(c, sec)
	_, seen := run(t, Config{}, append(full[:3:3], full[5:]...))
	if m := seen.Sources[0].Mirror; m.TCPFlows != 1 || m.LostBytes < 7 || m.TCPBytes != m.LostBytes {
		t.Errorf("5 bytes of the request and 2 of the answer are missing: %+v", m)
	}
	empty := []capture.Frame{full[0], full[1], full[2], c.with(ackFlag|fin, 100, 500, "").tcp(2 * sec), c.back(ackFlag|fin, 500, 101, "").tcp(2*sec + 1), c.with(ackFlag, 101, 501, "").tcp(2*sec + 2)}
	_, seen = run(t, Config{}, empty)
	if m := seen.Sources[0].Mirror; m.TCPFlows != 0 || m.LostBytes != 0 {
		t.Errorf("a connection without data lost none: %+v", m)
	}
}

func TestOneWay(t *testing.T) {
	c := seg{src: host1, dst: host2, sport: 40000, dport: 9999}
	var there, back []capture.Frame
	for _, f := range talk(c, sec) {
		if f.Data[11] == 1 {
			there = append(there, f)
		}
	}
	c.vlan = 20
	for _, f := range talk(c, sec) {
		if f.Data[11] == 2 {
			back = append(back, f)
		}
	}
	_, seen := run(t, Config{}, there)
	if m := seen.Sources[0].Mirror; m.TCPFlows != 1 || m.OneWay != 1 {
		t.Errorf("one direction: %+v", m)
	}
	_, seen = run(t, Config{}, append(there, back...))
	if m := seen.Sources[0].Mirror; m.TCPFlows != 2 || m.OneWay != 0 {
		t.Errorf("directions in two VLANs: %+v", m)
	}
}

func TestGateways(t *testing.T) {
	out := seg{src: host1, dst: outer, sport: 40000, dport: 443}
	all := talk(out, sec)
	moved := out.with(ackFlag, 106, 503, "").tcp(2 * sec)
	moved.Data[5] = 99 // the way out is another router now
	_, seen := run(t, Config{}, append(all, moved))
	if len(seen.Gateways) != 2 {
		t.Fatalf("%+v", seen.Gateways)
	}
	g, h := seen.Gateways[0], seen.Gateways[1]
	if g.MAC.String() != "02:00:00:00:00:07" || g.External != 5 || g.Inbound != 3 || g.PeerCount != 1 || g.Clients[0].String() != "10.0.0.1" || g.Peers[0].String() != "198.51.100.7" {
		t.Errorf("%+v", g)
	}
	if h.MAC.String() != "02:00:00:00:00:63" || h.External != 1 || h.Bytes != 40 || h.First.UnixNano() != 2*sec {
		t.Errorf("%+v", h)
	}
	for _, b := range seen.Bindings {
		if b.Addr.String() == "198.51.100.7" {
			t.Error("an address of the internet was bound to the router's MAC")
		}
	}
}

func TestFlowLimit(t *testing.T) {
	var all []capture.Frame
	for i := range 1000 {
		all = append(all, seg{src: host1 + uint32(i), dst: host2 + 5000, sport: 50000, dport: 40000}.udp(int64(i)*1e6))
	}
	flows, seen := run(t, Config{MaxFlows: 100, Limits: Limits{Conversations: 50}}, all)
	if len(flows) != 1000 || len(seen.Conversations) != 50 {
		t.Errorf("%d flows, %d conversations", len(flows), len(seen.Conversations))
	}
	want := map[string]model.Limit{"flows": {Name: "flows", Max: 100, Dropped: 900}, "conversations": {Name: "conversations", Max: 50, Dropped: 950}}
	for _, l := range seen.Limits {
		if l != want[l.Name] {
			t.Errorf("%+v", l)
		}
		delete(want, l.Name)
	}
	if len(want) != 0 {
		t.Errorf("not reported: %v", want)
	}
}

// Past the limit peers on the internet are summed by network.
func TestConversationsFold(t *testing.T) {
	var all []capture.Frame
	for i := range uint32(100) {
		all = append(all, seg{src: host1, dst: outer + i<<8, sport: 50000, dport: 40000}.udp(int64(i)*1e6))
	}
	_, seen := run(t, Config{Limits: Limits{Conversations: 10}}, all)
	last := seen.Conversations[0]
	if len(seen.Conversations) != 11 || last.Server.String() != "198.51.0.0" || last.Flows != 90 {
		t.Errorf("%d conversations, the sum is %+v", len(seen.Conversations), last)
	}
}

func TestSeenIsTimed(t *testing.T) {
	_, seen := run(t, Config{}, many(seg{src: host1, dst: host2, sport: 1, dport: 2}, 3, 5*sec))
	if !seen.First.Equal(time.Unix(5, 0)) || !seen.Last.Equal(time.Unix(5, 2e6)) || seen.Stats.IPPackets != 3 {
		t.Errorf("%+v", seen.Stats)
	}
}

// EndFlows shows what has not ended yet, once; the sums stay what they were.
func TestEndFlows(t *testing.T) {
	shown := 0
	p := New(Config{Shards: 2, OnFlow: func(*model.Flow) { shown++ }})
	all := talk(seg{src: host1, dst: host2, sport: 40000, dport: 80}, sec)[:5]
	if err := p.Run(t.Context(), source(64, all)); err != nil || shown != 0 {
		t.Fatal(err, shown)
	}
	p.EndFlows()
	before := p.Snapshot()
	p.EndFlows()
	after := p.Finish()
	if shown != 1 || len(before.Conversations) != 1 || len(after.Conversations) != 1 {
		t.Errorf("%d shown, conversations %d and %d", shown, len(before.Conversations), len(after.Conversations))
	}
}
