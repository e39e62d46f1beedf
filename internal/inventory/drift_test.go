package inventory

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

// expect checks how many findings of a rule there are, and that each can be said in full in both languages.
func expect(t *testing.T, fs []model.Finding, rule string, n int) []model.Finding {
	t.Helper()
	got := of(fs, rule)
	if len(got) != n {
		t.Errorf("%s fired %d times, want %d: %+v", rule, len(got), n, got)
	}
	for _, f := range got {
		for _, l := range locale.Langs {
			w := locale.Finding(l, f)
			for _, s := range []string{w.Title, w.Why, w.Todo} {
				if s == "" || strings.Contains(s, "?") || regexp.MustCompile(`\{[a-z_]+\}`).MatchString(s) {
					t.Errorf("%s in %s has a hole: %q", rule, l, s)
				}
			}
		}
		if f.ID == "" || f.First.IsZero() || f.Last.Before(f.First) || f.Count == 0 || rule != RuleNoLedger && (len(f.Assets) == 0 || len(f.Evidence) == 0) {
			t.Errorf("%s is not complete: %+v", rule, f)
		}
	}
	return got
}

func TestUnknownHost(t *testing.T) {
	w := newWorld()
	w.network("基幹系", "192.168.1.0/24").Gateway = ip("192.168.1.1")
	w.network("ゲストWi-Fi", "192.168.50.0/24")
	w.host("KARTE-01", "192.168.1.5", "00:11:22:33:44:55")
	w.bind(model.BindARP, "00:11:22:33:44:55", "192.168.1.5")
	w.bind(model.BindARP, "00:a0:de:00:00:01", "192.168.1.1")
	w.bind(model.BindFrame, "00:a0:de:00:00:01", "10.99.0.7") // through the router, from elsewhere
	w.bind(model.BindARP, "00:00:5e:00:01:0a", "192.168.1.254")
	w.bind(model.BindFrame, "00:a0:de:00:00:01", "8.8.8.8")
	expect(t, w.drift(), RuleUnknownHost, 0)

	w.bind(model.BindARP, "b8:27:eb:12:34:56", "192.168.1.77")
	w.bind(model.BindARP, "b8:27:eb:12:34:99", "192.168.50.9")
	w.bind(model.BindARP, "a2:27:eb:12:34:77", "192.168.50.8")
	w.says("a2:27:eb:12:34:77", "192.168.50.8", model.NameDHCP, "iPhone")
	w.says("a2:27:eb:12:34:77", "192.168.50.8", model.DHCPParams, "1,121,3,6,15,108,114,119,252")
	for _, f := range expect(t, w.drift(), RuleUnknownHost, 3) {
		want := map[string]model.Severity{"192.168.1.77": model.High, "192.168.50.9": model.Medium, "192.168.50.8": model.Info}[f.Assets[0].IP]
		if f.Severity != want {
			t.Errorf("%s has severity %s, want %s (%v)", f.Assets[0].IP, f.Severity, want, f.Params)
		}
	}
}

func TestRetiredHostThatRuns(t *testing.T) {
	w := newWorld()
	w.host("OLD-SV", "192.168.1.5").Retired = true
	w.bind(model.BindARP, "00:11:22:33:44:55", "192.168.1.5")
	f := expect(t, w.drift(), RuleUnknownHost, 1)
	if len(f) == 1 && f[0].Params["reason_key"] != "inventory.reason.retired" {
		t.Errorf("reason %s", f[0].Params["reason_key"])
	}
	w.ledger.Hosts[0].Retired = false
	expect(t, w.drift(), RuleUnknownHost, 0)
}

func TestNoLedgerIsOneFinding(t *testing.T) {
	w := newWorld()
	for _, a := range []string{"192.168.1.5", "192.168.1.6", "192.168.1.7"} {
		w.says("", a, model.TLSSNI, "x.example")
	}
	fs := w.drift()
	expect(t, fs, RuleNoLedger, 1)
	expect(t, fs, RuleUnknownHost, 0)
	w.host("KARTE-01", "192.168.1.5")
	expect(t, w.drift(), RuleNoLedger, 0)
}

func TestMissingHost(t *testing.T) {
	w := newWorld()
	w.network("基幹系", "192.168.1.0/24")
	w.network("検査", "192.168.2.0/24")
	w.host("SV-01", "192.168.1.10").Class = model.ClassServer
	w.host("PC-01", "192.168.1.20").Class = model.ClassPC
	w.host("NOTE-01", "192.168.1.21").Kind = "ノートPC"
	w.host("CT-01", "192.168.1.30").Class = model.ClassModality
	w.host("LAB-01", "192.168.2.10").Class = model.ClassServer // nobody looks at this network
	w.host("OLD-01", "192.168.1.99").Retired = true
	w.host("POOL", "").Addrs = []model.AddrRange{{From: ip("192.168.1.200"), To: ip("192.168.1.220")}}
	for _, a := range []string{"192.168.1.10", "192.168.1.20", "192.168.1.30", "192.168.1.40"} {
		w.bind(model.BindARP, "00:11:22:33:44:"+a[10:], a)
	}
	expect(t, w.drift(), RuleMissingHost, 0) // the first look says nothing about silence

	f := func(days int, want ...string) {
		t.Helper()
		n := w.tomorrow(time.Duration(days) * 24 * time.Hour)
		n.bindAt(model.BindARP, "00:11:22:33:44:40", "192.168.1.40", time.Duration(days)*day, time.Duration(days)*day+time.Hour)
		got := map[string]bool{}
		for _, x := range expect(t, n.drift(), RuleMissingHost, len(want)) {
			got[x.Assets[0].Label] = true
		}
		for _, k := range want {
			if !got[k] {
				t.Errorf("after %d days %s is not missed: %v", days, k, got)
			}
		}
	}
	f(1)
	f(3, "SV-01")
	f(8, "SV-01", "CT-01")
	f(15, "SV-01", "CT-01", "PC-01")
	f(31, "SV-01", "CT-01", "PC-01", "NOTE-01")
}

func TestDuplicateIP(t *testing.T) {
	const a, b = "00:11:22:33:44:55", "ac:bc:32:00:00:01"
	fires := func(name string, want int, fill func(*world)) {
		t.Helper()
		w := newWorld()
		fill(w)
		t.Log(name)
		expect(t, w.drift(), RuleDuplicateIP, want)
	}
	both := func(w *world) {
		w.bind(model.BindARP, a, "192.168.1.5").Moves = 2
		w.bind(model.BindARP, b, "192.168.1.5").Moves = 2
	}
	fires("flip-flop", 1, both)
	fires("flip-flop under DHCP", 1, func(w *world) { both(w); w.bind(model.BindDHCP, "00:11:22:00:00:01", "192.168.1.9") })
	fires("handed over once under DHCP", 0, func(w *world) {
		both(w)
		w.seen.Bindings[0].Moves, w.seen.Bindings[1].Moves = 1, 1
		w.bind(model.BindDHCP, "00:11:22:00:00:01", "192.168.1.9")
	})
	fires("given to another after a gap", 0, func(w *world) {
		w.bindAt(model.BindARP, a, "192.168.1.5", 0, 10*time.Minute)
		w.bindAt(model.BindARP, b, "192.168.1.5", 30*time.Minute, time.Hour)
	})
	fires("VRRP", 0, func(w *world) {
		w.bind(model.BindARP, "00:00:5e:00:01:0a", "192.168.1.254")
		w.bind(model.BindARP, a, "192.168.1.254")
	})
	fires("HSRP", 0, func(w *world) {
		w.bind(model.BindARP, "00:00:0c:07:ac:01", "192.168.1.254")
		w.bind(model.BindARP, a, "192.168.1.254")
	})
	fires("teamed cards", 0, func(w *world) {
		w.bind(model.BindARP, "b4:96:91:00:00:10", "192.168.1.5")
		w.bind(model.BindARP, "b4:96:91:00:00:11", "192.168.1.5")
	})
	fires("cards of one machine", 0, func(w *world) {
		both(w)
		w.says(a, "", model.NameDHCP, "iji-note-3")
		w.says(b, "", model.NameDHCP, "iji-note-3")
	})
	fires("proxy ARP", 0, func(w *world) {
		for _, x := range strings.Fields("2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19") {
			w.bind(model.BindARP, b, "192.168.1."+x)
		}
		w.bind(model.BindARP, a, "192.168.1.5")
	})
	fires("only frames", 0, func(w *world) {
		w.bind(model.BindARP, a, "192.168.1.5")
		w.bind(model.BindFrame, b, "192.168.1.5")
	})
	fires("same address in two VLANs", 0, func(w *world) {
		both(w)
		w.seen.Bindings[0].VLAN = 10
	})
}

func TestMACChange(t *testing.T) {
	const a, b = "00:11:22:33:44:55", "ac:bc:32:00:00:01"
	fires := func(name string, want int, fill func(before, now *world)) {
		t.Helper()
		w := newWorld()
		n := &world{seen: model.Seen{First: noon.Add(48 * time.Hour), Last: noon.Add(49 * time.Hour)}}
		fill(w, n)
		n.known.Hosts, n.known.Bindings = w.hosts(), Remember(nil, w.seen.Bindings)
		t.Log(name)
		expect(t, n.drift(), RuleMACChange, want)
	}
	later := func(n *world, m, addr string) { n.bindAt(model.BindARP, m, addr, 48*time.Hour, 49*time.Hour) }
	swap := func(w, n *world) { w.bind(model.BindARP, a, "192.168.1.5"); later(n, b, "192.168.1.5") }
	fires("since the patrol before", 1, swap)
	fires("the same card", 0, func(w, n *world) { w.bind(model.BindARP, a, "192.168.1.5"); later(n, a, "192.168.1.5") })
	fires("DHCP seen", 0, func(w, n *world) { swap(w, n); n.bind(model.BindDHCP, a, "192.168.1.9") })
	fires("DHCP declared", 0, func(w, n *world) { swap(w, n); n.network("LAN", "192.168.1.0/24").DHCP = true })
	fires("random MAC", 0, func(w, n *world) {
		w.bind(model.BindARP, a, "192.168.1.5")
		later(n, "a6:bc:32:00:00:01", "192.168.1.5")
	})
	fires("FHRP", 0, func(w, n *world) {
		w.bind(model.BindARP, a, "192.168.1.5")
		later(n, "00:00:5e:00:01:05", "192.168.1.5")
	})
	fires("not the ledger's", 1, func(_, n *world) { n.host("SV-01", "192.168.1.5", a); later(n, b, "192.168.1.5") })
	fires("the ledger's", 0, func(w, n *world) {
		w.bind(model.BindARP, a, "192.168.1.5") // replaced, and the ledger corrected since
		n.host("SV-01", "192.168.1.5", b)
		later(n, b, "192.168.1.5")
	})
	fires("within the capture", 1, func(_, n *world) {
		n.bindAt(model.BindARP, a, "192.168.1.5", 48*time.Hour, 48*time.Hour+10*time.Minute)
		n.bindAt(model.BindARP, b, "192.168.1.5", 48*time.Hour+20*time.Minute, 49*time.Hour)
	})
}

func TestNameMismatch(t *testing.T) {
	f := func(declared, seen string, want int) {
		t.Helper()
		w := newWorld()
		w.host(declared, "192.168.1.5", "00:11:22:33:44:55")
		w.bind(model.BindARP, "00:11:22:33:44:55", "192.168.1.5")
		w.says("00:11:22:33:44:55", "192.168.1.5", model.NameNetBIOS, seen)
		expect(t, w.drift(), RuleNameMismatch, want)
	}
	f("KARTE-01", "IJI-PC-03", 1)
	f("karte-01", "KARTE-01", 0)
	f("ＫＡＲＴＥ－０１", "KARTE-01", 0)
	f("karte-01.hospital.local", "KARTE-01", 0)
	f("radiology-workstation-2", "RADIOLOGY-WORKS", 0)
	f("受付のパソコン", "DESKTOP-9QK2LMN", 0)

	w := newWorld()
	w.host("KARTE-01", "192.168.1.5")
	w.bind(model.BindARP, "00:11:22:33:44:55", "192.168.1.5")
	w.says("", "192.168.1.5", model.NameHTTP, "intranet.hospital.local") // others' word for it is no name of its own
	expect(t, w.drift(), RuleNameMismatch, 0)
}

func TestUnknownNetwork(t *testing.T) {
	w := newWorld()
	w.bind(model.BindARP, "00:11:22:33:44:55", "192.168.88.5")
	expect(t, w.drift(), RuleUnknownNetwork, 0) // no networks declared
	w.network("基幹系", "192.168.1.0/24")
	w.bind(model.BindARP, "00:11:22:33:44:66", "192.168.88.6")
	w.bind(model.BindARP, "00:11:22:33:44:77", "169.254.10.1")
	if f := expect(t, w.drift(), RuleUnknownNetwork, 1); len(f) == 1 && f[0].Count != 2 {
		t.Errorf("%d hosts, want 2", f[0].Count)
	}
	w.network("業者", "192.168.88.0/24")
	expect(t, w.drift(), RuleUnknownNetwork, 0)
}

func TestPublicSource(t *testing.T) {
	w := newWorld()
	const m = "00:11:22:33:44:55"
	w.bind(model.BindARP, m, "192.168.1.5")
	w.talks("203.0.113.9", "192.168.1.8", 80, "http").ClientMAC = mac(m)
	expect(t, w.drift(), RulePublicSource, 1)

	w.seen.Gateways = []model.Gateway{{MAC: mac(m), External: 5, First: noon, Last: noon}}
	expect(t, w.drift(), RulePublicSource, 0) // it is the way out: answers from the internet come through it
	w.seen.Gateways = nil
	w.network("DMZ", "203.0.113.0/24")
	expect(t, w.drift(), RulePublicSource, 0)
	w.ledger.Networks = nil
	w.seen.Conversations[0].Client = ip("2001:db8::9")
	expect(t, w.drift(), RulePublicSource, 0)
}

func TestCovered(t *testing.T) {
	w := newWorld()
	w.bind(model.BindFrame, "00:11:22:33:44:55", "192.168.1.5")
	in := DriftInput{Seen: &w.seen}
	c := Covered(in)
	if c[RuleUnknownHost] || c[RuleDuplicateIP] || !c[RuleNoLedger] {
		t.Errorf("without ledger and ARP: %v", c)
	}
	w.bind(model.BindARP, "00:11:22:33:44:55", "192.168.1.5")
	if c := Covered(in); !c[RuleDuplicateIP] {
		t.Errorf("with ARP: %v", c)
	}
}

// Equal input in another order gives equal findings.
func TestDriftIsDeterministic(t *testing.T) {
	build := func() string {
		w := newWorld()
		w.network("基幹系", "192.168.1.0/24")
		w.host("SV-01", "192.168.1.10")
		for _, x := range strings.Fields("11 12 13 14 15 16 17 18 19") {
			w.bind(model.BindARP, "00:11:22:33:44:"+x, "192.168.2."+x)
		}
		var ids []string
		for _, f := range w.drift() {
			ids = append(ids, f.ID+f.Params["hosts"])
		}
		return strings.Join(ids, " ")
	}
	first := build()
	for range 10 {
		if again := build(); again != first {
			t.Fatalf("%s\n%s", first, again)
		}
	}
}
