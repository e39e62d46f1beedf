package flow

import (
	"context"
	"testing"

	"github.com/mimawari/mimawari/internal/capture"
	"github.com/mimawari/mimawari/internal/model"
)

// FuzzFrame runs frames of any link type, cut from the input, through the whole pipeline with the decoders. Every packet that is
// counted must be in a flow.
func FuzzFrame(f *testing.F) {
	c := seg{src: host1, dst: host2, sport: 40000, dport: 80, vlan: 7}
	for _, fr := range []capture.Frame{
		c.with(syn, 1, 0, "").tcp(1), c.with(ackFlag, 2, 1, "GET / HTTP/1.1\r\n\r\n").tcp(2), c.udp(3),
		frame(4, append(ethernetHeader(1, 2, etherIPv4), ipv4(host1, host2, protoGRE, append([]byte{0, 0, 8, 0}, ipv4(host1, host2, protoUDP, udpHeader(1, 2, nil))...))...)),
	} {
		f.Add(uint16(linkEthernet), fr.Data)
		f.Add(uint16(linkRaw), fr.Data[14:])
		f.Add(uint16(linkSLL), append(make([]byte, 2), fr.Data...))
	}
	f.Fuzz(func(t *testing.T, link uint16, data []byte) {
		var all []capture.Frame
		for i := 0; len(data) > 0 && i < 64; i++ { // the first byte of each piece says how long it is
			n := min(len(data), 1+int(data[0])*8)
			all = append(all, capture.Frame{At: int64(i) * 1e9, Data: data[:n:n], Wire: uint32(n), Link: capture.LinkType(link)})
			data = data[n:]
		}
		if i := len(all); i > 0 {
			whole := all[0]
			whole.Data = append([]byte(nil), whole.Data...)
			all = append(all, whole)
		}
		var packets uint64
		p := New(Config{Shards: 1, MaxFlows: 16, Limits: Limits{Fragments: 4}, OnFlow: func(f *model.Flow) { packets += f.Packets[0] + f.Packets[1] }})
		if err := p.Run(context.Background(), source(7, all)); err != nil {
			t.Fatal(err)
		}
		seen := p.Finish()
		if packets != seen.Stats.IPPackets {
			t.Fatalf("%d IP packets, %d in flows", seen.Stats.IPPackets, packets)
		}
		if seen.Stats.Packets != uint64(len(all)) {
			t.Fatalf("%d of %d frames counted", seen.Stats.Packets, len(all))
		}
	})
}
