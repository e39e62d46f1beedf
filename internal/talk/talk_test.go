package talk

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

var begin = time.Date(2026, 10, 7, 8, 0, 0, 0, time.UTC)

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

func hostOf(id, ip string, mac byte) model.Host {
	h := model.Host{ID: id, IPs: []netip.Addr{addr(ip)}, First: begin, Last: begin.Add(time.Hour)}
	if mac != 0 {
		h.MACs = []model.MAC{{2, 0, 0, 0, 0, mac}}
	}
	return h
}

// hospital: a PC, a server, a PC behind a router, two machines that both say they are 10.0.0.9.
func hospital() []model.Host {
	return []model.Host{hostOf("pc", "10.0.0.1", 1), hostOf("karte", "10.0.0.2", 2), hostOf("far", "10.9.0.1", 0), hostOf("nine", "10.0.0.9", 9), hostOf("other", "10.0.0.9", 10)}
}

func said(client, server string, mutate func(*model.Conversation)) model.Conversation {
	c := model.Conversation{
		Client: addr(client), Server: addr(server), Proto: 6, Port: 443, App: "ssl", Flows: 3, Answered: 3, PacketsOut: 30, PacketsIn: 30,
		BytesOut: 1000, BytesIn: 5000, First: begin, Last: begin.Add(time.Minute),
	}
	if mutate != nil {
		mutate(&c)
	}
	return c
}

func seenOf(cs ...model.Conversation) *model.Seen {
	return &model.Seen{First: begin, Last: begin.Add(time.Hour), Conversations: cs}
}

func trails(c *Counter, hosts []model.Host, seen *model.Seen) map[string]model.Trail {
	m := map[string]model.Trail{}
	for t := range c.Trails(hosts, seen) {
		m[t.Host] = t
	}
	c.Saved()
	return m
}

func TestBothSidesRemember(t *testing.T) {
	got := trails(&Counter{}, hospital(), seenOf(said("10.0.0.1", "10.0.0.2", nil), said("10.0.0.1", "192.0.2.7", nil), said("198.51.100.1", "192.0.2.7", nil)))
	pc, karte := got["pc"].Talks, got["karte"].Talks
	if len(pc) != 2 || len(karte) != 1 {
		t.Fatalf("%+v", got)
	}
	if p, client := karte[0].Peer("karte"); p.Host != "pc" || client || karte[0].BytesIn != 5000 {
		t.Errorf("%+v", karte[0])
	}
	if i := slices.IndexFunc(pc, func(k model.Talk) bool { return k.Server.Addr == addr("192.0.2.7") && k.Server.Host == "" }); i < 0 {
		t.Errorf("%+v", pc)
	}
}

func TestWhatIsNoTalk(t *testing.T) {
	f := func(want bool, server string, mutate func(*model.Conversation)) {
		t.Helper()
		got := trails(&Counter{}, hospital(), seenOf(said("10.0.0.1", server, mutate)))
		if (len(got["pc"].Talks) == 1) != want {
			t.Errorf("%+v", got["pc"])
		}
	}
	refused := func(c *model.Conversation) { c.Answered, c.PacketsOut = 0, 3 }
	oneWay := func(c *model.Conversation) { c.Answered, c.PacketsIn, c.PacketsOut = 0, 0, 90 }
	attempts := func(c *model.Conversation) { c.Answered, c.PacketsIn, c.PacketsOut = 0, 0, 12 }
	syslog := func(c *model.Conversation) { c.Proto, c.Port, c.Answered, c.PacketsIn = 17, 514, 0, 0 }
	f(true, "10.0.0.2", nil)
	f(false, "10.0.0.2", refused)
	f(false, "10.0.0.2", attempts)
	f(true, "10.0.0.2", oneWay)
	f(true, "10.0.0.2", syslog)
	f(false, "224.0.0.251", syslog)
	f(false, "ff02::1", syslog)
	f(false, "255.255.255.255", syslog)
}

func TestTwoHostsWithOneAddress(t *testing.T) {
	got := trails(&Counter{}, hospital(), seenOf(said("10.0.0.9", "10.0.0.2", func(c *model.Conversation) { c.ClientMAC = model.MAC{2, 0, 0, 0, 0, 10} })))
	if len(got["other"].Talks) != 1 || len(got["nine"].Talks) != 0 {
		t.Errorf("%+v", got)
	}
}

// DHCP gave the address to another machine: the talk is the new one's.
func TestAnAddressThatMoved(t *testing.T) {
	hosts := hospital()
	hosts[3].Last = begin.Add(-48 * time.Hour)
	got := trails(&Counter{}, hosts, seenOf(said("10.0.0.9", "10.0.0.2", nil)))
	if len(got["other"].Talks) != 1 || len(got["nine"].Talks) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestTheSameTalkOnTwoVLANs(t *testing.T) {
	got := trails(&Counter{}, hospital(), seenOf(said("10.0.0.1", "10.0.0.2", nil), said("10.0.0.1", "10.0.0.2", func(c *model.Conversation) { c.VLAN = 7; c.Last = begin.Add(9 * time.Minute) })))
	k := got["pc"].Talks
	if len(k) != 1 || k[0].Flows != 6 || !k[0].Last.Equal(begin.Add(9*time.Minute)) {
		t.Errorf("%+v", k)
	}
}

// A live patrol hands over all it saw again and again; each packet counts once.
func TestALiveWatchCountsOnce(t *testing.T) {
	c, hosts, sum := &Counter{Live: true}, hospital(), model.Trail{}
	for _, flows := range []uint64{2, 2, 5, 9} {
		x := said("10.0.0.1", "10.0.0.2", func(c *model.Conversation) {
			c.Flows, c.BytesOut, c.BytesIn, c.Last = flows, flows*100, flows*700, begin.Add(time.Duration(flows)*time.Minute)
		})
		got := trails(c, hosts, seenOf(x))
		if flows == 2 && sum.Talks != nil && len(got["pc"].Talks) != 0 {
			t.Error("what did not change is given again")
		}
		sum = sum.Merge(got["pc"])
	}
	if k := sum.Talks; len(k) != 1 || k[0].Flows != 9 || k[0].BytesOut != 900 || k[0].BytesIn != 6300 {
		t.Errorf("%+v", k)
	}
	// What could not be stored is given again.
	y := seenOf(said("10.0.0.1", "192.0.2.1", nil))
	for range c.Trails(hosts, y) {
		break
	}
	if got := trails(c, hosts, y); len(got["pc"].Talks) != 1 {
		t.Errorf("lost: %+v", got)
	}
}

func TestStays(t *testing.T) {
	seen := seenOf()
	seen.Bindings = []model.Binding{
		{MAC: model.MAC{2, 0, 0, 0, 0, 1}, Addr: addr("10.0.0.1"), Kind: model.BindARP, First: begin, Last: begin.Add(time.Minute)},
		{MAC: model.MAC{2, 0, 0, 0, 0, 1}, Addr: addr("10.0.0.1"), Kind: model.BindFrame, First: begin, Last: begin.Add(2 * time.Minute)},
		{MAC: model.MAC{2, 0, 0, 0, 0, 2}, Addr: addr("10.9.0.1"), Kind: model.BindFrame, First: begin, Last: begin}, // the router's frame
	}
	got := trails(&Counter{}, hospital(), seen)
	pc, far := got["pc"].Stays, got["far"].Stays
	if len(pc) != 1 || pc[0].MAC[5] != 1 || !pc[0].Last.Equal(begin.Add(2*time.Minute)) {
		t.Errorf("%+v", pc)
	}
	if len(far) != 1 || !far[0].MAC.IsZero() || !far[0].Last.Equal(begin.Add(time.Hour)) || len(got) != 2 {
		t.Errorf("%+v", got)
	}
}
