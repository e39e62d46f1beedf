package detect

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mimawari/mimawari/catalog"
	"github.com/mimawari/mimawari/internal/detect/rhythm"
	"github.com/mimawari/mimawari/internal/indicator"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

var (
	at     = time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)
	later  = at.Add(time.Hour)
	fw     = mustMAC("00:09:0f:aa:00:01")
	lte    = mustMAC("00:1d:93:00:00:07")
	pc     = mustMAC("a4:bb:6d:00:00:20")
	server = mustMAC("00:0c:29:00:00:10")
)

func mustMAC(s string) model.MAC {
	m, err := model.ParseMAC(s)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return m
}

func ip(s string) netip.Addr { return netip.MustParseAddr(s) }

// ledger declares two zones, a firewall as the only line, a server that gives out addresses and a PC.
func ledger() *model.Ledger {
	one := func(s string) []model.AddrRange { return []model.AddrRange{{From: ip(s), To: ip(s)}} }
	return &model.Ledger{
		Networks: []model.Network{
			{Name: "基幹", Prefix: netip.MustParsePrefix("10.1.0.0/16"), Zone: "基幹系", Gateway: ip("10.1.0.1")},
			{Name: "情報", Prefix: netip.MustParsePrefix("10.2.0.0/16"), Zone: "情報系", Gateway: ip("10.2.0.1")},
		},
		Hosts: []model.LedgerHost{
			{Key: "fw", Name: "FW", Addrs: one("10.1.0.1"), Class: model.ClassFirewall},
			{Key: "dhcp", Name: "配布", Addrs: one("10.1.0.5"), Purpose: "DHCPサーバ"},
			{Key: "pc", Name: "受付PC", Addrs: one("10.1.0.20"), Class: model.ClassPC},
		},
		Lines: []model.Line{{Name: "光回線", Kind: model.LineInternet, Gateways: []netip.Addr{ip("10.1.0.1")}, MACs: []model.MAC{fw}}},
	}
}

func tools(t testing.TB) []Tool {
	t.Helper()
	ts, err := LoadTools(catalog.FS)
	if err != nil || len(ts) < 20 {
		t.Fatal(len(ts), err)
	}
	return ts
}

func obs(k model.Kind, subject, peer, value string, m model.MAC) model.Observation {
	o := model.Observation{Kind: k, Value: value, MAC: m, First: at, Last: later, Count: 2, Port: 1}
	if subject != "" {
		o.Subject = ip(subject)
	}
	if peer != "" {
		o.Peer = ip(peer)
	}
	return o
}

func talk(client, srv, app string, proto uint8, port uint16, answered uint64) model.Conversation {
	return model.Conversation{
		Client: ip(client), Server: ip(srv), App: app, Proto: proto, Port: port, Flows: 3, Answered: answered,
		PacketsOut: 9, PacketsIn: 9 * min(answered, 1), First: at, Last: later, ClientMAC: pc, ServerMAC: server,
	}
}

// Each rule: a case that fires and near misses that don't.
func TestRules(t *testing.T) {
	type seen = model.Seen
	gw := func(m model.MAC, out uint64) seen {
		return seen{Gateways: []model.Gateway{{MAC: m, External: out, PeerCount: 2, Clients: []netip.Addr{ip("10.1.0.20")}, Peers: []netip.Addr{ip("203.0.113.9")}, First: at, Last: later}}}
	}
	o := func(x ...model.Observation) seen { return seen{Observations: x} }
	c := func(x ...model.Conversation) seen { return seen{Conversations: x} }
	vpnLine := func(l *model.Ledger) {
		l.Lines = append(l.Lines, model.Line{Name: "保守", Kind: model.LineMaintenance, Peers: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}, Tools: []string{"TeamViewer"}})
	}
	noLedger := func(l *model.Ledger) { *l = model.Ledger{} }
	phone := model.Host{ID: "h-phone", Class: model.ClassPhone, IPs: []netip.Addr{ip("10.1.0.77")}, MACs: []model.MAC{lte}, First: at, Last: later}
	mobile := model.Host{ID: "h-lte", Class: model.ClassMobileRtr, Maker: "SIMCOM", IPs: []netip.Addr{ip("10.1.0.78")}, MACs: []model.MAC{lte}, First: at, Last: later}
	names := func(n int, name func(i int) string) seen {
		var s seen
		for i := range n {
			s.Observations = append(s.Observations, obs(model.DNSQuery, "10.1.0.20", "10.1.0.5", name(i), pc))
		}
		return s
	}
	dice := func(i, n int) string { // letters as a program throws them
		x := uint64(i)*0x9e3779b97f4a7c15 + 1
		b := make([]byte, n)
		for j := range b {
			x = x*6364136223846793005 + 1442695040888963407
			b[j] = "bcdfghjklmnpqrstvwxzaeiouy234567"[x>>59]
		}
		return string(b)
	}
	long := func(server string, hours int, sni string) seen {
		k := talk("10.1.0.20", server, "ssl", 6, 443, 1)
		k.Flows, k.Last = 1, k.First.Add(time.Duration(hours)*time.Hour)
		s := c(k)
		if sni != "" {
			s.Observations = []model.Observation{obs(model.TLSSNI, "10.1.0.20", server, sni, pc)}
		}
		return s
	}
	sends := func(out, in uint64) seen {
		k := talk("10.1.0.20", "198.51.100.9", "ssl", 6, 443, 1)
		k.BytesOut, k.BytesIn = out, in
		other := talk("10.1.0.21", "198.51.100.9", "ssl", 6, 443, 1)
		other.BytesOut, other.BytesIn = 1<<20, 9<<20
		return c(k, other)
	}
	scanner := model.Host{ID: "h-mod", Class: model.ClassModality, IPs: []netip.Addr{ip("10.1.0.50")}, First: at, Last: later}
	for _, tc := range []struct {
		name, rule string
		want       int
		seen       seen
		ledger     func(*model.Ledger)
		hosts      []model.Host
	}{
		{"second router to the internet", "line.unapproved_exit", 1, gw(lte, 50), nil, nil},
		{"the declared firewall", "line.unapproved_exit", 0, gw(fw, 50), nil, nil},
		{"a few strays", "line.unapproved_exit", 0, gw(lte, minExit-1), nil, nil},
		{"VRRP address", "line.unapproved_exit", 0, gw(mustMAC("00:00:5e:00:01:0a"), 50), nil, nil},
		{"nothing declared", "line.unapproved_exit", 0, gw(lte, 50), noLedger, nil},
		{"declared gateway known by ARP only", "line.unapproved_exit", 0, seen{Gateways: gw(lte, 50).Gateways, Bindings: []model.Binding{{MAC: lte, Addr: ip("10.2.0.1"), Kind: model.BindARP}}}, nil, nil},
		{"router passes on the gateway's address in frames", "line.unapproved_exit", 1, seen{Gateways: gw(lte, 50).Gateways, Bindings: []model.Binding{{MAC: lte, Addr: ip("10.2.0.1"), Kind: model.BindFrame}}}, nil, nil},

		{"home router gives out addresses", "line.rogue_dhcp", 1, o(obs(model.DHCPServer, "192.168.11.1", "", "router=192.168.11.1", lte)), nil, nil},
		{"a PC gives out addresses", "line.rogue_dhcp", 1, o(obs(model.DHCPServer, "10.1.0.20", "", "router=10.1.0.20", pc)), nil, nil},
		{"the DHCP server of the ledger", "line.rogue_dhcp", 0, o(obs(model.DHCPServer, "10.1.0.5", "", "router=10.1.0.1", server)), nil, nil},
		{"the gateway", "line.rogue_dhcp", 0, o(obs(model.DHCPServer, "10.2.0.1", "", "router=10.2.0.1", fw)), nil, nil},

		{"PC says it is the IPv6 router", "line.rogue_router_advertisement", 1, o(obs(model.RouterAdvert, "fe80::1", "", "2001:db8::/64", pc)), nil, nil},
		{"the firewall's router advertisement", "line.rogue_router_advertisement", 0, o(obs(model.RouterAdvert, "fe80::1", "", "2001:db8::/64", fw)), nil, nil},

		{"phone forwards to the internet", "line.tethering", 1, gw(lte, 50), nil, []model.Host{phone}},
		{"LTE router is seen", "line.tethering", 1, seen{}, nil, []model.Host{mobile}},
		{"declared LTE line", "line.tethering", 0, seen{}, func(l *model.Ledger) {
			l.Lines = append(l.Lines, model.Line{Kind: model.LineLTE, MACs: []model.MAC{lte}})
		}, []model.Host{mobile}},
		{"a phone that only surfs", "line.tethering", 0, seen{}, nil, []model.Host{phone}},
		{"address of an iPhone hotspot", "line.tethering", 1, seen{Bindings: []model.Binding{{Addr: ip("172.20.10.2"), MAC: pc, Kind: model.BindARP, First: at, Last: later, Count: 1}}}, nil, nil},
		{"the same range, declared", "line.tethering", 0, seen{Bindings: []model.Binding{{Addr: ip("172.20.10.2"), MAC: pc, Kind: model.BindARP}}}, func(l *model.Ledger) {
			l.Networks = append(l.Networks, model.Network{Prefix: netip.MustParsePrefix("172.20.0.0/16")})
		}, nil},

		{"OpenVPN to outside", "line.tunnel", 1, c(talk("10.1.0.20", "198.51.100.4", "openvpn", 17, 1194, 1)), nil, nil},
		{"OpenVPN, never answered", "line.tunnel", 0, c(talk("10.1.0.20", "198.51.100.4", "openvpn", 17, 1194, 0)), nil, nil},
		{"OpenVPN inside", "line.tunnel", 0, c(talk("10.1.0.20", "10.2.0.4", "openvpn", 17, 1194, 1)), nil, nil},
		{"IPsec of the declared maintenance line", "line.tunnel", 0, c(talk("10.1.0.20", "203.0.113.4", "ike", 17, 500, 1)), vpnLine, nil},
		{"6in4 to outside", "line.tunnel", 1, o(obs(model.Tunnel, "10.1.0.20", "198.51.100.4", "6in4", pc)), nil, nil},

		{"TeamViewer by server name", "line.remote_control", 1, o(obs(model.TLSSNI, "10.1.0.20", "198.51.100.4", "router12.teamviewer.com", pc)), nil, nil},
		{"TeamViewer by port", "line.remote_control", 1, c(talk("10.1.0.20", "198.51.100.4", "", 6, 5938, 1)), nil, nil},
		{"a name that only ends alike", "line.remote_control", 0, o(obs(model.TLSSNI, "10.1.0.20", "198.51.100.4", "notteamviewer.com", pc)), nil, nil},
		{"the port inside the house", "line.remote_control", 0, c(talk("10.1.0.20", "10.1.0.9", "", 6, 5938, 1)), nil, nil},
		{"declared tool", "line.remote_control", 0, o(obs(model.TLSSNI, "10.1.0.20", "203.0.113.4", "router12.teamviewer.com", pc)), vpnLine, nil},
		{"resolver asks for others", "line.remote_control", 0, o(obs(model.DNSQuery, "10.1.0.20", "8.8.8.8", "anydesk.com", pc)), nil, []model.Host{{ID: "h", IPs: []netip.Addr{ip("10.1.0.20")}, Roles: []string{"dns_server"}}}},

		{"SMB1 chosen", "service.smb1", 1, o(obs(model.SMBDialect, "10.1.0.9", "", "1 NT LM 0.12", server)), nil, nil},
		{"SMB2 chosen", "service.smb1", 0, o(obs(model.SMBDialect, "10.1.0.9", "", "2.1", server)), nil, nil},
		{"telnet", "service.telnet", 1, c(talk("10.1.0.20", "10.1.0.9", "telnet", 6, 23, 1)), nil, nil},
		{"telnet refused", "service.telnet", 0, c(talk("10.1.0.20", "10.1.0.9", "telnet", 6, 23, 0)), nil, nil},
		{"FTP password", "service.cleartext_login", 1, o(obs(model.CleartextLogin, "10.1.0.9", "10.1.0.20", "ftp", server)), nil, nil},
		{"telnet has its own rule", "service.cleartext_login", 0, o(obs(model.CleartextLogin, "10.1.0.9", "10.1.0.20", "telnet", server)), nil, nil},
		{"RDP from the internet", "service.rdp_from_outside", 1, c(talk("198.51.100.4", "10.1.0.9", "rdp", 6, 3389, 1)), nil, nil},
		{"RDP from the internet, closed", "service.rdp_from_outside", 0, c(talk("198.51.100.4", "10.1.0.9", "", 6, 3389, 0)), nil, nil},
		{"RDP inside", "service.rdp_from_outside", 0, c(talk("10.2.0.4", "10.1.0.9", "rdp", 6, 3389, 1)), nil, nil},
		{"DICOM across zones", "service.dicom_cleartext_between_zones", 1, c(talk("10.2.0.4", "10.1.0.9", "dicom", 6, 104, 1)), nil, nil},
		{"DICOM inside a zone", "service.dicom_cleartext_between_zones", 0, c(talk("10.1.0.4", "10.1.0.9", "dicom", 6, 104, 1)), nil, nil},
		{"DICOM over TLS across zones", "service.dicom_cleartext_between_zones", 0, c(talk("10.2.0.4", "10.1.0.9", "ssl", 6, 2762, 1)), nil, nil},

		{"one port of many that are silent", "detect.scan.hosts", 1, c(knocks(60, 445, 0)...), nil, nil},
		{"a sweep of which a quarter answers", "detect.scan.hosts", 1, c(knocks(80, 445, 4)...), nil, nil},
		{"monitoring: nearly all answer", "detect.scan.hosts", 0, c(knocks(80, 445, 1)...), nil, nil},
		{"a few switched-off printers", "detect.scan.hosts", 0, c(knocks(12, 445, 0)...), nil, nil},
		{"a driver looks for printers by SNMP", "detect.scan.hosts", 0, c(knocks(90, 161, 0)...), nil, nil},
		{"only one direction is seen", "detect.scan.hosts", 0, seen{Conversations: knocks(60, 445, 0), Sources: []model.Source{{Mirror: model.Mirror{TCPFlows: 60, OneWay: 60}}}}, nil, nil},
		{"answers to forged addresses, from outside", "detect.scan.hosts", 0, c(from("198.51.100.7", knocks(60, 80, 0))...), nil, nil},
		{"many ports of one", "detect.scan.ports", 1, c(doors(40, 0)...), nil, nil},
		{"many ports that answer", "detect.scan.ports", 0, c(doors(40, 1)...), nil, nil},
		{"late ends of its own clients' connections", "detect.scan.ports", 0, c(append(doors(40, 0), talk("10.1.0.9", "10.1.0.20", "smb", 6, 445, 1))...), nil, nil},

		{"data in names", "detect.c2.dns_tunnel", 1, names(60, func(i int) string { return dice(i, 40) + ".t.example.net" }), nil, nil},
		{"an antivirus asks by hashes", "detect.c2.dns_tunnel", 0, names(60, func(i int) string { return dice(i, 40) + ".avqs.mcafee.com" }), nil, nil},
		{"many short names", "detect.c2.dns_tunnel", 0, names(60, func(i int) string { return fmt.Sprintf("host%d.intra.example.net", i) }), nil, nil},
		{"names thrown by dice", "detect.c2.dga", 1, names(30, func(i int) string { return dice(i, 16) + ".com" }), nil, nil},
		{"dice below one domain: a content network", "detect.c2.dga", 0, names(30, func(i int) string { return dice(i, 10) + ".example.net" }), nil, nil},
		{"ordinary names", "detect.c2.dga", 0, names(30, func(i int) string {
			return []string{"yamada-shouji", "kitanokaihospital", "windowsupdate", "medicalsystems", "kokuminkenkouhoken"}[i%5] + fmt.Sprint(i) + ".co.jp"
		}), nil, nil},

		{"names of Tor", "detect.c2.tor", 1, o(obs(model.TLSSNI, "10.1.0.20", "198.51.100.4", "www.xq5zt7wvbk2d.com", pc), obs(model.TLSSNI, "10.1.0.20", "198.51.100.5", "www.b7hqzxk3jwpf.com", pc)), nil, nil},
		{"the same, asked for before", "detect.c2.tor", 0, o(obs(model.TLSSNI, "10.1.0.20", "198.51.100.4", "www.xq5zt7wvbk2d.com", pc), obs(model.TLSSNI, "10.1.0.20", "198.51.100.5", "www.b7hqzxk3jwpf.com", pc),
			obs(model.DNSQuery, "10.1.0.20", "10.1.0.5", "www.xq5zt7wvbk2d.com", pc), obs(model.DNSQuery, "10.1.0.20", "10.1.0.5", "www.b7hqzxk3jwpf.com", pc)), nil, nil},

		{"open all day", "detect.c2.long_connection", 1, long("198.51.100.4", 9, ""), nil, nil},
		{"open for an hour", "detect.c2.long_connection", 0, long("198.51.100.4", 1, ""), nil, nil},
		{"the declared peer", "detect.c2.long_connection", 0, long("203.0.113.4", 9, ""), vpnLine, nil},

		{"a large upload", "detect.exfiltration", 1, sends(900<<20, 20<<20), nil, nil},
		{"a large download", "detect.exfiltration", 0, sends(20<<20, 900<<20), nil, nil},
		{"as much back", "detect.exfiltration", 0, sends(900<<20, 800<<20), nil, nil},

		{"a modality on the internet", "detect.modality.internet", 1, c(talk("10.1.0.50", "198.51.100.4", "ssl", 6, 443, 1)), nil, []model.Host{scanner}},
		{"its maker's declared address", "detect.modality.internet", 0, c(talk("10.1.0.50", "203.0.113.4", "ssl", 6, 443, 1)), vpnLine, []model.Host{scanner}},
		{"a modality that nobody answers", "detect.modality.internet", 0, c(talk("10.1.0.50", "198.51.100.4", "ssl", 6, 443, 0)), nil, []model.Host{scanner}},
		{"a modality inside", "detect.modality.internet", 0, c(talk("10.1.0.50", "10.1.0.9", "dicom", 6, 104, 1)), nil, []model.Host{scanner}},

		{"one direction only", "capture.blind", 1, seen{Sources: []model.Source{{Name: "a.pcap", Mirror: model.Mirror{Packets: 900, Unicast: 900, TCPFlows: 40, OneWay: 39}}}}, nil, nil},
		{"both directions", "capture.blind", 0, seen{Sources: []model.Source{{Name: "a.pcap", Mirror: model.Mirror{Packets: 900, Unicast: 900, TCPFlows: 40, OneWay: 5}}}}, nil, nil},
		{"cut frames", "capture.blind", 1, seen{Sources: []model.Source{{Name: "a.pcap", Mirror: model.Mirror{Packets: 900, Unicast: 900, Truncated: 400}}}}, nil, nil},
		{"only broadcasts", "capture.blind", 1, seen{Sources: []model.Source{{Name: "eth0", Mirror: model.Mirror{Packets: 900, Broadcast: 860, MACs: 9, Unicast: 40, OwnUnicast: 40}}}}, nil, nil},
		{"a short quiet capture", "capture.blind", 0, seen{Sources: []model.Source{{Name: "a.pcap", Mirror: model.Mirror{Packets: 20, Broadcast: 20}}}}, nil, nil},
	} {
		t.Run(tc.rule+"/"+tc.name, func(t *testing.T) {
			l := ledger()
			if tc.ledger != nil {
				tc.ledger(l)
			}
			in := Input{Seen: &tc.seen, Hosts: tc.hosts, Ledger: l, Tools: tools(t)}
			var got []model.Finding
			for _, f := range Run(in) {
				if f.Rule == tc.rule {
					got = append(got, f)
				}
			}
			if len(got) != tc.want {
				t.Fatalf("%d findings, want %d: %+v", len(got), tc.want, got)
			}
			for _, f := range got {
				complete(t, f)
			}
			if d := cmp.Diff(Run(in), Run(in)); d != "" {
				t.Errorf("not deterministic: %s", d)
			}
		})
	}
}

// knocks are contacts with n machines on one port. Mode 0: none answers; 1: nine of ten do; 4: one of four does.
func knocks(n int, port uint16, mode int) (out []model.Conversation) {
	for i := range n {
		answered := uint64(0)
		switch {
		case mode == 1 && i%10 != 0, mode == 4 && i%4 == 3:
			answered = 1
		}
		k := talk("10.1.0.20", fmt.Sprintf("10.2.%d.%d", i/200, 1+i%200), "", 6, port, answered)
		k.Flows, k.PacketsOut, k.First, k.Last = 1, 1+answered*4, at.Add(time.Duration(i)*time.Second), at.Add(time.Duration(i+1)*time.Second)
		out = append(out, k)
	}
	return out
}

// from gives the contacts another source.
func from(client string, ks []model.Conversation) []model.Conversation {
	for i := range ks {
		ks[i].Client = ip(client)
	}
	return ks
}

// doors are contacts with n ports of one machine.
func doors(n int, answered uint64) (out []model.Conversation) {
	for i := range n {
		k := talk("10.1.0.20", "10.1.0.9", "", 6, uint16(20+i*7), answered)
		k.Flows, k.PacketsOut, k.First, k.Last = 1, 1+answered*4, at.Add(time.Duration(i)*time.Second), at.Add(time.Duration(i+1)*time.Second)
		out = append(out, k)
	}
	return out
}

// complete: a finding has a time, a count, evidence, and all words filled in.
func complete(t *testing.T, f model.Finding) {
	t.Helper()
	if f.First.IsZero() && f.Rule != "capture.blind" || f.Count == 0 || len(f.Evidence) == 0 {
		t.Errorf("incomplete: %+v", f)
	}
	for _, l := range locale.Langs {
		w := locale.Finding(l, f)
		if w.Todo == "" || strings.Contains(w.Title+w.Why, "?") {
			t.Errorf("%s %s: words are not complete: %+v", f.Rule, l, w)
		}
	}
}

// calls are n calls of one machine to one outside address, with the pauses that wait gives.
func calls(n int, server string, wait func(i int) time.Duration) *rhythm.Recorder {
	r, when := &rhythm.Recorder{}, at
	for i := range n {
		r.Flow(&model.Flow{
			Client: netip.AddrPortFrom(ip("10.1.0.20"), 40000), Server: netip.AddrPortFrom(ip(server), 443), Proto: 6,
			ClientMAC: pc, First: when, Last: when.Add(time.Second), Payload: [2]uint64{300, 200},
		})
		when = when.Add(wait(i))
	}
	return r
}

func TestBeacons(t *testing.T) {
	clock := func(int) time.Duration { return time.Minute }
	person := func(i int) time.Duration {
		return []time.Duration{2, 3, 1, 900, 2, 7, 1500, 1, 4, 40}[i*i%10] * time.Second
	}
	one := seen(talk("10.1.0.20", "198.51.100.7", "ssl", 6, 443, 1))
	crowd := seen(talk("10.1.0.20", "198.51.100.7", "ssl", 6, 443, 1), talk("10.1.0.21", "198.51.100.7", "ssl", 6, 443, 1), talk("10.1.0.22", "198.51.100.7", "ssl", 6, 443, 1))
	named := func(name string) *model.Seen {
		s := seen(one.Conversations...)
		s.Observations = []model.Observation{obs(model.TLSSNI, "10.1.0.20", "198.51.100.7", name, pc)}
		return s
	}
	for _, tc := range []struct {
		name  string
		seen  *model.Seen
		calls *rhythm.Recorder
		want  int
		level model.Severity
	}{
		{"by the clock, no name", one, calls(90, "198.51.100.7", clock), 1, model.Medium},
		{"by the clock, a name thrown by dice", named("cdn.xq5zt7wvbk2d.com"), calls(90, "198.51.100.7", clock), 1, model.High},
		{"by the clock, a service with a name", named("updates.example.com"), calls(90, "198.51.100.7", clock), 1, model.Low},
		{"a service that all use", crowd, calls(90, "198.51.100.7", clock), 0, 0},
		{"a person", one, calls(90, "198.51.100.7", person), 0, 0},
		{"too few to tell", one, calls(beaconCalls-1, "198.51.100.7", func(int) time.Duration { return time.Hour }), 0, 0},
		{"too short to tell", one, calls(90, "198.51.100.7", func(int) time.Duration { return 10 * time.Second }), 0, 0},
		{"nobody listened", one, nil, 0, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []model.Finding
			for _, f := range Run(Input{Seen: tc.seen, Ledger: ledger(), Tools: tools(t), Rhythm: tc.calls}) {
				if f.Rule == "detect.c2.beacon" {
					got = append(got, f)
				}
			}
			if len(got) != tc.want {
				t.Fatalf("%+v", got)
			}
			for _, f := range got {
				complete(t, f)
				if f.Severity != tc.level {
					t.Errorf("%s, want %s: %+v", f.Severity, tc.level, f)
				}
			}
		})
	}
}

func seen(ks ...model.Conversation) *model.Seen { return &model.Seen{Conversations: ks} }

func TestKnownBad(t *testing.T) {
	f, err := indicator.Parse("警察 11月", strings.NewReader("198.51.100.7 # ransomware\nbad.example\nt13d1516h2_8daaf6152771_b186095e22b6\n"), 10)
	if err != nil {
		t.Fatal(err)
	}
	known := indicator.NewSet([]indicator.Feed{*f})
	say := func(o ...model.Observation) *model.Seen { return &model.Seen{Observations: o} }
	resolver := []model.Host{{ID: "h-dns", IPs: []netip.Addr{ip("10.1.0.5")}, Roles: []string{"dns_server"}}}
	for _, tc := range []struct {
		name  string
		seen  *model.Seen
		want  int
		level model.Severity
	}{
		{"it answered", seen(talk("10.1.0.20", "198.51.100.7", "ssl", 6, 443, 1)), 1, model.High},
		{"called in vain", seen(talk("10.1.0.20", "198.51.100.7", "", 6, 443, 0)), 1, model.Medium},
		{"it knocks, nobody answers", seen(talk("198.51.100.7", "10.1.0.9", "", 6, 22, 0)), 0, 0},
		{"it comes in", seen(talk("198.51.100.7", "10.1.0.9", "ssh", 6, 22, 1)), 1, model.High},
		{"its neighbour", seen(talk("10.1.0.20", "198.51.100.8", "ssl", 6, 443, 1)), 0, 0},
		{"a name below it", say(obs(model.TLSSNI, "10.1.0.20", "203.0.113.1", "c2.bad.example", pc)), 1, model.High},
		{"a name that ends alike", say(obs(model.TLSSNI, "10.1.0.20", "203.0.113.1", "notbad.example", pc)), 0, 0},
		{"asked through the resolver", say(obs(model.DNSQuery, "10.1.0.20", "10.1.0.5", "bad.example", pc), obs(model.DNSQuery, "10.1.0.5", "203.0.113.1", "bad.example", server)), 1, model.Medium},
		{"only the resolver was seen", say(obs(model.DNSQuery, "10.1.0.5", "203.0.113.1", "bad.example", server)), 1, model.Medium},
		{"a fingerprint", say(obs(model.TLSJA4, "10.1.0.20", "", "t13d1516h2_8daaf6152771_b186095e22b6", pc)), 1, model.Medium},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []model.Finding
			for _, f := range Run(Input{Seen: tc.seen, Hosts: resolver, Ledger: ledger(), Tools: tools(t), Known: known}) {
				if f.Rule == "detect.c2.known_bad" {
					got = append(got, f)
				}
			}
			if len(got) != tc.want {
				t.Fatalf("%+v", got)
			}
			for _, f := range got {
				complete(t, f)
				if f.Severity != tc.level || f.Params["feed"] != "警察 11月" {
					t.Errorf("%s, want %s: %+v", f.Severity, tc.level, f)
				}
			}
		})
	}
}

func TestEveryRuleHasWords(t *testing.T) {
	for _, r := range Rules {
		if _, ok := locale.RuleOf(r.ID); !ok {
			t.Errorf("catalog/detections says nothing about %s", r.ID)
		}
	}
}

func TestDeclaredPeerMakesRDPHighNotCritical(t *testing.T) {
	l := ledger()
	l.Lines = append(l.Lines, model.Line{Name: "保守", Kind: model.LineMaintenance, Peers: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}})
	s := &model.Seen{Conversations: []model.Conversation{talk("198.51.100.4", "10.1.0.9", "rdp", 6, 3389, 1)}}
	f := Run(Input{Seen: s, Ledger: l, Tools: tools(t)})
	if len(f) != 1 || f[0].Severity != model.High || f[0].Params["line"] != "保守" {
		t.Fatalf("%+v", f)
	}
}

func TestUncoveredRulesDoNotResolve(t *testing.T) {
	got := Covered(Input{Seen: &model.Seen{}})
	if got["service.smb1"] || got["capture.blind"] {
		t.Fatalf("an empty patrol can't say that anything is mended: %v", got)
	}
}

func FuzzLoadedToolNames(f *testing.F) {
	f.Add("a.teamviewer.com")
	f.Add("...")
	f.Add("")
	ts, err := LoadTools(catalog.FS)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if tool, ok := ByName(ts, name); ok && tool.Name == "" {
			t.Fatal("nameless tool")
		}
	})
}
