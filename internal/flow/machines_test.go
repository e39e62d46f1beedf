package flow

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"

	"github.com/mimawari/mimawari/internal/model"
)

// crowd is a network of n machines that answer, and a flood of forged senders; entries are in the order of Seen.
func crowd(n, forged int) *model.Seen {
	s := new(model.Seen)
	for i := range n + forged {
		a, mac := netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, 10<<24|uint32(i)))), model.MAC{2, 0, 0, byte(i >> 16), byte(i >> 8), byte(i)}
		at := stamp(int64(i+1) * sec)
		c := model.Conversation{Client: a, ClientMAC: mac, Server: netip.MustParseAddr("10.255.0.1"), ServerMAC: model.MAC{2, 1}, PacketsOut: 1, First: at}
		kind := model.BindFrame
		if i < n {
			c.Answered, c.PacketsIn, kind = 1, 1, model.BindARP
		}
		s.Conversations = append(s.Conversations, c)
		s.Bindings = append(s.Bindings, model.Binding{MAC: mac, Addr: a, Kind: kind, Count: 1, First: at})
		s.Observations = append(s.Observations, model.Observation{Subject: a, MAC: mac, Kind: model.FingerprintSYN, Value: "ttl=64", Count: 1, First: at})
	}
	return s
}

func TestMachinesOfAFloodAreLeftOut(t *testing.T) {
	f := func(n, forged, most, weak, wantMachines int, wantCut uint64) {
		t.Helper()
		s := crowd(n, forged)
		if got := limitMachines(s, most, weak); got != wantCut {
			t.Errorf("%d identities left out, want %d", got, wantCut)
		}
		for name, got := range map[string]int{"conversations": len(s.Conversations), "bindings": len(s.Bindings), "observations": len(s.Observations)} {
			if got > wantMachines || got < wantMachines-1 {
				t.Errorf("%s of %d machines, want %d", name, got, wantMachines)
			}
		}
		answered := slices.IndexFunc(s.Conversations, func(c model.Conversation) bool { return c.Answered == 0 })
		if n <= wantMachines && answered >= 0 && answered < n {
			t.Errorf("a machine that answers was left out for one that does not: %d of %d", answered, n)
		}
	}
	// The server is two identities more: its address and its MAC.
	f(100, 1000, 10_000, 10_000, 1100, 0)
	f(100, 1000, 500, 300, 149, 2*1100+2-300) // the real ones, then as many as there is room
	f(100, 1000, 500, 10, 100, 2*1000)        // no room: only the real ones
	f(100, 0, 150, 10, 74, 2*100+2-150)       // too many real ones
}

// What is kept does not depend on the order in which shards give it.
func TestMachinesAreChosenAlike(t *testing.T) {
	a, b := crowd(50, 500), crowd(50, 500)
	slices.Reverse(b.Bindings)
	slices.Reverse(b.Conversations)
	if x, y := limitMachines(a, 300, 200), limitMachines(b, 300, 200); x != y || x == 0 {
		t.Errorf("%d and %d left out", x, y)
	}
	slices.Reverse(b.Bindings)
	slices.Reverse(b.Conversations)
	if d := diff(a, b); d != "" {
		t.Errorf("%.1000s", d)
	}
}
