package inventory

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mimawari/mimawari/internal/model"
)

func same(t *testing.T, hosts []model.Host, a, b string) {
	t.Helper()
	if at(t, hosts, a).ID != at(t, hosts, b).ID {
		t.Errorf("%s and %s are two hosts, want one", a, b)
	}
}

func apart(t *testing.T, hosts []model.Host, a, b string) {
	t.Helper()
	if at(t, hosts, a).ID == at(t, hosts, b).ID {
		t.Errorf("%s and %s are one host, want two", a, b)
	}
}

func TestOneMACWithIPv4AndIPv6(t *testing.T) {
	w := newWorld()
	w.bind(model.BindARP, "00:11:22:33:44:55", "192.168.1.5")
	w.bind(model.BindFrame, "00:11:22:33:44:55", "fe80::1:2:3")
	w.bind(model.BindNDP, "00:11:22:33:44:55", "2001:db8:1::7")
	hosts := w.hosts()
	same(t, hosts, "192.168.1.5", "fe80::1:2:3")
	same(t, hosts, "192.168.1.5", "2001:db8:1::7")
	if len(hosts) != 1 {
		t.Errorf("%d hosts, want 1", len(hosts))
	}
}

func TestRouterCarriesOthers(t *testing.T) {
	w := newWorld()
	const router = "00:a0:de:00:00:01"
	w.bind(model.BindARP, router, "192.168.1.1")
	w.bind(model.BindFrame, router, "192.168.1.1")
	w.bind(model.BindFrame, router, "10.0.5.20")
	w.bind(model.BindFrame, router, "10.0.5.21")
	w.bind(model.BindFrame, router, "8.8.8.8")
	hosts := w.hosts()
	apart(t, hosts, "192.168.1.1", "10.0.5.20")
	apart(t, hosts, "10.0.5.21", "10.0.5.20")
	if h := at(t, hosts, "10.0.5.20"); len(h.MACs) != 0 {
		t.Errorf("a carried address has MAC %v, want none", h.MACs)
	}
	if h := at(t, hosts, "192.168.1.1"); !slices.Contains(h.Roles, "gateway") || h.Class != model.ClassRouter {
		t.Errorf("the router is %q with roles %v", h.Class, h.Roles)
	}
	if len(hosts) != 3 {
		t.Errorf("%d hosts, want 3: the internet is no host", len(hosts))
	}
}

func TestRoutedBySilentGateway(t *testing.T) {
	w := newWorld()
	w.bind(model.BindFrame, "00:a0:de:00:00:01", "10.0.5.20")
	w.says("00:a0:de:00:00:01", "10.0.5.20", model.FingerprintSYN, "ttl=127 win=64240 opts=M1460")
	if h := at(t, w.hosts(), "10.0.5.20"); len(h.MACs) != 0 {
		t.Errorf("a TTL of 127 shows one hop, but the host got the router's MAC %v", h.MACs)
	}
	w.seen.Observations[0].Value = "ttl=128 win=64240 opts=M1460"
	if h := at(t, w.hosts(), "10.0.5.20"); len(h.MACs) != 1 {
		t.Error("a neighbour lost its MAC")
	}
}

func TestVirtualRouterIsNotJoined(t *testing.T) {
	w := newWorld()
	w.bind(model.BindARP, "00:00:5e:00:01:0a", "192.168.1.254")
	w.bind(model.BindARP, "00:00:0c:11:11:11", "192.168.1.252")
	w.bind(model.BindARP, "00:00:0c:22:22:22", "192.168.1.253")
	w.bind(model.BindFrame, "00:00:5e:00:01:0a", "10.9.9.9")
	hosts := w.hosts()
	apart(t, hosts, "192.168.1.254", "192.168.1.252")
	apart(t, hosts, "192.168.1.252", "192.168.1.253")
	apart(t, hosts, "10.9.9.9", "192.168.1.254")
}

func TestProxyARPDoesNotOwnAll(t *testing.T) {
	w := newWorld()
	for _, a := range []string{"1", "20", "21", "22", "23", "24", "25", "26", "27", "28", "29", "30", "31", "32", "33", "34", "35", "36"} {
		w.bind(model.BindARP, "00:a0:de:00:00:01", "192.168.1."+a)
	}
	hosts := w.hosts()
	apart(t, hosts, "192.168.1.1", "192.168.1.20")
	if h := at(t, hosts, "192.168.1.1"); len(h.MACs) != 1 {
		t.Error("the proxy lost its own address")
	}
}

func TestTwinCardsByNameInOneDomain(t *testing.T) {
	w := newWorld()
	const wired, wifi = "00:11:22:33:44:55", "ac:bc:32:33:44:99"
	w.bind(model.BindARP, wired, "192.168.1.5")
	w.bind(model.BindARP, wifi, "192.168.7.9")
	for m, a := range map[string]string{wired: "192.168.1.5", wifi: "192.168.7.9"} {
		w.says(m, a, model.NameNetBIOS, "ISHI-NOTE-07")
		w.says(m, a, model.DomainNetBIOS, "HOSPITAL")
	}
	same(t, w.hosts(), "192.168.1.5", "192.168.7.9")

	w.seen.Observations[0].Value, w.seen.Observations[2].Value = "raspberrypi", "raspberrypi"
	apart(t, w.hosts(), "192.168.1.5", "192.168.7.9")
}

func TestSameNameInTwoDomainsStaysApart(t *testing.T) {
	w := newWorld()
	w.bind(model.BindARP, "00:11:22:33:44:55", "192.168.1.5")
	w.bind(model.BindARP, "00:11:22:33:44:66", "192.168.1.6")
	w.says("00:11:22:33:44:55", "192.168.1.5", model.NameFQDN, "uketsuke.clinic-a.example")
	w.says("00:11:22:33:44:66", "192.168.1.6", model.NameFQDN, "uketsuke.clinic-b.example")
	apart(t, w.hosts(), "192.168.1.5", "192.168.1.6")
}

func TestClonedMachinesStayApart(t *testing.T) {
	w := newWorld()
	for i, m := range []string{"00:11:22:33:44:10", "00:11:22:33:44:20", "00:11:22:33:44:30", "00:11:22:33:44:40", "00:11:22:33:44:50"} {
		a := "192.168.1.1" + string(rune('0'+i))
		w.bind(model.BindARP, m, a)
		w.says(m, a, model.NameNetBIOS, "MASTERIMAGE")
	}
	if n := len(w.hosts()); n != 5 {
		t.Errorf("%d hosts, want 5: one disk image on five machines", n)
	}
}

func TestRandomMACJoinedByClientID(t *testing.T) {
	w := newWorld()
	w.bindAt(model.BindARP, "a2:11:22:33:44:55", "192.168.1.5", 0, 10*time.Minute)
	w.bindAt(model.BindARP, "b6:11:22:33:44:99", "192.168.1.8", 20*time.Minute, time.Hour)
	w.says("a2:11:22:33:44:55", "", model.DHCPClientID, "ff00000001000100012b3c4d5e001122334455")
	w.says("b6:11:22:33:44:99", "", model.DHCPClientID, "ff00000002000100012b3c4d5e001122334455")
	same(t, w.hosts(), "192.168.1.5", "192.168.1.8")
	w.says("a2:11:22:33:44:55", "", model.NameDHCP, "vm-web")
	w.says("b6:11:22:33:44:99", "", model.NameDHCP, "vm-db")
	apart(t, w.hosts(), "192.168.1.5", "192.168.1.8")
}

func TestVirtualMachinesKeepTheirMACs(t *testing.T) {
	w := newWorld()
	w.bind(model.BindARP, "00:50:56:00:00:01", "192.168.1.11")
	w.bind(model.BindARP, "00:50:56:00:00:02", "192.168.1.12")
	w.bind(model.BindARP, "b4:96:91:00:00:10", "192.168.1.10")
	if n := len(w.hosts()); n != 3 {
		t.Errorf("%d hosts, want 3", n)
	}
}

func TestTeamedCardsAreOneMachine(t *testing.T) {
	w := newWorld()
	w.bind(model.BindARP, "b4:96:91:00:00:10", "192.168.1.10")
	w.bind(model.BindARP, "b4:96:91:00:00:11", "192.168.1.10")
	if hosts := w.hosts(); len(hosts) != 1 || len(hosts[0].MACs) != 2 {
		t.Errorf("got %+v, want one host with two MACs", hosts)
	}
}

// One address, first of one machine, then of another: each observation goes to the machine that had the address then.
func TestAddressReusedByAnotherMachine(t *testing.T) {
	w := newWorld()
	w.bindAt(model.BindARP, "00:11:22:33:44:55", "192.168.1.50", 0, 10*time.Minute)
	w.bindAt(model.BindARP, "00:11:22:aa:bb:cc", "192.168.1.50", 40*time.Minute, time.Hour)
	w.seen.Observations = []model.Observation{
		{Subject: ip("192.168.1.50"), Kind: model.NameNTLM, Value: "OLD-PC", First: noon, Last: noon.Add(5 * time.Minute)},
		{Subject: ip("192.168.1.50"), Kind: model.NameNTLM, Value: "NEW-PC", First: noon.Add(50 * time.Minute), Last: noon.Add(55 * time.Minute)},
	}
	hosts := w.hosts()
	if len(hosts) != 2 {
		t.Fatalf("%d hosts, want 2", len(hosts))
	}
	for _, h := range hosts {
		want := "OLD-PC"
		if h.MACs[0] == mac("00:11:22:aa:bb:cc") {
			want = "NEW-PC"
		}
		if !slices.Equal(h.Names, []string{want}) {
			t.Errorf("%v has names %v, want %s", h.MACs, h.Names, want)
		}
	}
}

func TestLeaseChangesOfOneMachine(t *testing.T) {
	w := newWorld()
	w.bindAt(model.BindDHCP, "00:11:22:33:44:55", "192.168.1.50", 0, 10*time.Minute)
	w.bindAt(model.BindDHCP, "00:11:22:33:44:55", "192.168.1.77", 40*time.Minute, time.Hour)
	same(t, w.hosts(), "192.168.1.50", "192.168.1.77")
}

func TestWhatIsNoHost(t *testing.T) {
	w := newWorld()
	w.network("LAN", "192.168.1.0/24")
	w.bind(model.BindARP, "00:11:22:33:44:55", "192.168.1.5")
	w.says("", "8.8.8.8", model.NameDNS, "dns.google")
	w.says("", "192.168.1.99", model.NameDNS, "old-server.hospital.local") // only DNS speaks of it
	w.says("", "224.0.0.251", model.MDNSService, "_ipp._tcp")
	c := w.talks("192.168.1.5", "192.168.1.66", 445, "") // never answered: a scan
	c.Answered, c.PacketsIn = 0, 0
	w.talks("192.168.1.5", "192.168.1.255", 137, "nbns")
	w.talks("0.0.0.0", "255.255.255.255", 67, "dhcp")
	w.talks("192.168.1.5", "93.184.216.34", 443, "ssl")
	if hosts := w.hosts(); len(hosts) != 1 {
		t.Errorf("got %d hosts, want 1: %+v", len(hosts), hosts)
	}
}

func TestDeclaredPublicNetworkIsOurs(t *testing.T) {
	w := newWorld()
	w.bind(model.BindARP, "00:11:22:33:44:55", "203.0.113.10")
	if hosts := w.hosts(); len(hosts[0].IPs) != 0 {
		t.Errorf("a public address became %v", hosts[0].IPs)
	}
	w.network("DMZ", "203.0.113.0/28")
	at(t, w.hosts(), "203.0.113.10")
}

func TestIDsStayWhenMachinesMove(t *testing.T) {
	w := newWorld()
	w.bind(model.BindARP, "00:11:22:33:44:55", "192.168.1.5")
	w.says("00:11:22:33:44:55", "192.168.1.5", model.NameNTLM, "KARTE-01")
	w.says("00:11:22:33:44:55", "192.168.1.5", model.DomainDNS, "hospital.local")
	w.says("00:11:22:33:44:55", "192.168.1.5", model.DHCPVendor, "MSFT 5.0")
	first := at(t, w.hosts(), "192.168.1.5")

	f := func(name string, fill func(*world), addr string, want bool) {
		t.Helper()
		n := w.tomorrow(24 * time.Hour)
		fill(n)
		for i := range n.seen.Bindings {
			n.seen.Bindings[i].First, n.seen.Bindings[i].Last = n.seen.First, n.seen.Last
		}
		for i := range n.seen.Observations {
			n.seen.Observations[i].First, n.seen.Observations[i].Last = n.seen.First, n.seen.Last
		}
		for _, h := range n.hosts() {
			if !slices.Contains(h.IPs, ip(addr)) || !Present(&h, &n.seen) {
				continue
			}
			if got := h.ID == first.ID; got != want {
				t.Errorf("%s: keeps its id: %v, want %v", name, got, want)
			}
			if want && (h.OS != first.OS || !h.First.Equal(first.First)) {
				t.Errorf("%s: forgot what was known: %+v", name, h)
			}
			return
		}
		t.Errorf("%s: no host", name)
	}
	f("same MAC, new address", func(n *world) { n.bind(model.BindARP, "00:11:22:33:44:55", "192.168.1.9") }, "192.168.1.9", true)
	f("same address behind a router", func(n *world) { n.says("", "192.168.1.5", model.TLSSNI, "x.example") }, "192.168.1.5", true)
	f("same name and domain, other card", func(n *world) {
		n.bind(model.BindARP, "00:99:22:33:44:55", "192.168.1.70")
		n.says("00:99:22:33:44:55", "192.168.1.70", model.NameFQDN, "karte-01.hospital.local")
	}, "192.168.1.70", true)
	f("other card at the address", func(n *world) { n.bind(model.BindARP, "00:99:22:33:44:55", "192.168.1.5") }, "192.168.1.5", false)
	f("other name at the address", func(n *world) { n.says("", "192.168.1.5", model.NameNTLM, "IJI-02") }, "192.168.1.5", false)
}

func TestAgainOnTheSameData(t *testing.T) {
	w := newWorld()
	w.bind(model.BindARP, "00:11:22:33:44:55", "192.168.1.5")
	w.bind(model.BindFrame, "00:a0:de:00:00:01", "10.0.5.20")
	w.bind(model.BindFrame, "00:a0:de:00:00:01", "10.0.5.21")
	w.bind(model.BindFrame, "00:a0:de:00:00:01", "10.0.5.22")
	w.says("00:11:22:33:44:55", "192.168.1.5", model.DHCPVendor, "MSFT 5.0")
	one := w.hosts()
	w.known.Hosts = one
	two := w.hosts()
	opts := cmp.Options{cmpopts.EquateComparable(netip.Addr{}), cmpopts.EquateEmpty()}
	if d := cmp.Diff(one, two, opts); d != "" {
		t.Errorf("the second round on the same data differs: %s", d)
	}
	fresh, gone, changed := Compare(one, two, &w.seen)
	if len(fresh)+len(gone)+len(changed) != 0 {
		t.Errorf("new %v gone %v changed %v, want nothing", fresh, gone, changed)
	}
}

func TestCompare(t *testing.T) {
	seen := &model.Seen{First: noon, Last: noon.Add(time.Hour)}
	old := model.Host{ID: "a", Last: noon.Add(-time.Hour)}
	stays, changes := model.Host{ID: "b", Last: noon}, model.Host{ID: "c", Last: noon}
	now := changes
	now.OS = "Windows 11"
	fresh, gone, changed := Compare([]model.Host{old, stays, changes}, []model.Host{old, stays, now, {ID: "d", Last: noon}}, seen)
	if !slices.Equal(fresh, []string{"d"}) || !slices.Equal(gone, []string{"a"}) || !slices.Equal(changed, []string{"c"}) {
		t.Errorf("new %v gone %v changed %v", fresh, gone, changed)
	}
}
