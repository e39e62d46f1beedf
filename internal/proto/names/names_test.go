package names_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/mimawari/mimawari/internal/proto/datagramtest"
	"github.com/mimawari/mimawari/internal/proto/dissect"
	"github.com/mimawari/mimawari/internal/proto/names"
	"github.com/mimawari/mimawari/internal/proto/streamtest"
)

// head builds a header: flags and the four counts.
func head(flags string, counts ...byte) string {
	b := "\x12\x34" + flags
	for _, n := range counts {
		b += string([]byte{0, n})
	}
	return b
}

// wire writes a dotted name in labels.
func wire(name string) string {
	b := ""
	for _, l := range strings.Split(name, ".") {
		b += string([]byte{byte(len(l))}) + l
	}
	return b + "\x00"
}

func question(name string, typ byte) string { return wire(name) + string([]byte{0, typ, 0, 1}) }

func rr(name string, typ byte, class, data string) string {
	return name + string([]byte{0, typ}) + class + "\x00\x00\x00\x78" + string([]byte{byte(len(data) >> 8), byte(len(data))}) + data
}

const (
	in    = "\x00\x01"
	flush = "\x80\x01"
	here  = "\xc0\x0c" // pointer to the question's name
	ip9   = "\x0a\x00\x00\x09"
)

func TestDNS(t *testing.T) {
	query := head("\x01\x00", 1, 0, 0, 0) + question("PACS.Example.jp", 1)
	answer := head("\x81\x80", 1, 2, 0, 0) + question("PACS.Example.jp", 1) + rr(here, 5, in, wire("pacs-1.example.jp")) + rr(wire("pacs-1.example.jp"), 1, in, "\x0a\x00\x00\x32")
	datagramtest.Check(t, 53, []string{">" + query, "<" + answer}, dissect.DNS,
		`client dns.query "pacs.example.jp" <- server :53`, `server dns.server "recursion"`, `10.0.0.50 name.dns "pacs.example.jp"`)
}

func TestReverse(t *testing.T) {
	f := func(name, want string) {
		t.Helper()
		q := question(name, 12)
		wants := []string{`server dns.server ""`}
		if want != "" {
			wants = append(wants, want)
		}
		datagramtest.Check(t, 53, []string{">" + head("\x01\x00", 1, 0, 0, 0) + q, "<" + head("\x81\x00", 1, 1, 0, 0) + q + rr(here, 12, in, wire("gw.example.jp"))},
			dissect.DNS, wants...)
	}
	f("50.0.0.10.in-addr.arpa", `10.0.0.50 name.dns "gw.example.jp"`)
	f("8.8.8.8.in-addr.arpa", "") // not ours
	f("300.0.0.10.in-addr.arpa", "")
	f("0.0.10.in-addr.arpa", "")
	f("1."+strings.Repeat("0.", 29)+"d.f.ip6.arpa", `fd00::1 name.dns "gw.example.jp"`)
}

func TestControllers(t *testing.T) {
	q := question("_ldap._tcp.Site-A._sites.dc._msdcs.corp.local", 33)
	srv := rr(here, 33, in, "\x00\x00\x00\x64\x01\x85"+wire("dc1.corp.local"))
	datagramtest.Check(t, 53, []string{"<" + head("\x85\x80", 1, 1, 0, 1) + q + srv + rr(wire("dc1.corp.local"), 1, in, "\x0a\x00\x00\x32")}, dissect.DNS,
		`server dns.server "recursion"`, `client domain.dns "corp.local"`, `10.0.0.50 ad.controller "corp.local"`)
}

// External addresses are kept only for names that somebody watches.
func TestWatched(t *testing.T) {
	rec := dissect.NewRecorder(dissect.Limits{})
	rec.Watched = func(name string) bool { return name == "relay.example" }
	data := names.Datagrams()[4].Make()
	for _, n := range []string{"relay.example", "other.example"} {
		c := datagramtest.Context(53, false)
		c.Rec = rec
		data(c, []byte(head("\x81\x80", 1, 1, 0, 0)+question(n, 1)+rr(here, 1, in, "\xcb\x00\x71\x05")))
	}
	obs := dissect.Merge(rec).Observations
	for _, o := range obs {
		if o.Subject == netip.MustParseAddr("203.0.113.5") && o.Value != "relay.example" {
			t.Errorf("kept %q", o.Value)
		}
	}
	if len(obs) != 2 {
		t.Errorf("got %v", datagramtest.Lines(obs))
	}
}

// Elsewhere than on port 53 a message must be right to the last byte.
func TestAwayFromHome(t *testing.T) {
	query := head("\x01\x00", 1, 0, 0, 0) + question("a.example", 1)
	datagramtest.Check(t, 5300, []string{">" + query}, dissect.DNS, `client dns.query "a.example" <- server :5300`)
	datagramtest.Check(t, 5300, []string{">" + query + "x"}, dissect.Unknown)
	datagramtest.Check(t, 5300, []string{">" + head("\x01\x00", 1, 0, 0, 0) + question("a\x01b.example", 1)}, dissect.Unknown)
	datagramtest.Check(t, 443, []string{">" + head("\x01\x00", 1, 0, 0, 0) + question("2.dnscrypt-cert.example", 16)}, dissect.DNSCrypt,
		`client dns.query "2.dnscrypt-cert.example" <- server :443`)
}

// Pointers that loop, point forward or run on for ever end the message, whatever else is in it.
func TestBadNames(t *testing.T) {
	for _, name := range []string{"\xc0\x0c", "\xc0\xff", "\x01a\xc0\x0c", strings.Repeat("\x3f"+strings.Repeat("a", 63), 5) + "\x00", "\x40a", "\x05ab"} {
		datagramtest.Check(t, 53, []string{">" + head("\x01\x00", 1, 0, 0, 0) + name + "\x00\x01\x00\x01"}, dissect.DNS)
	}
	datagramtest.Check(t, 53, []string{">" + head("\x01\x00", 1, 0, 0, 0)[:11]}, dissect.Unknown)
}

func TestStream(t *testing.T) {
	query := head("\x01\x00", 1, 0, 0, 0) + question("a.example", 1)
	answer := head("\x81\x80", 1, 1, 0, 0) + question("a.example", 1) + rr(here, 1, in, "\x0a\x00\x00\x32")
	frame := func(b string) string { return string([]byte{0, byte(len(b))}) + b }
	streamtest.Check(t, 53, []string{">" + frame(query) + frame(query), "<" + frame(answer)}, dissect.DNS,
		`client dns.query "a.example" <- server :53 x2`, `server dns.server "recursion"`, `10.0.0.50 name.dns "a.example"`)
}

func TestMDNS(t *testing.T) {
	answer := head("\x84\x00", 0, 6, 0, 0) +
		rr(wire("_services._dns-sd._udp.local"), 12, in, wire("_ipp._tcp.local")) +
		rr(wire("RICOH v1.2._http._tcp.local"), 33, flush, "\x00\x00\x00\x00\x00\x50"+wire("ricoh.local")) +
		rr(wire("RICOH._ipp._tcp.local"), 16, flush, "\x12ty=RICOH IM C3000\x00\x08note=3F?\x09usb_MFG=X") +
		rr(wire("ricoh.local"), 28, flush, "\xfe\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x09") +
		rr(wire("ricoh.local"), 1, flush, ip9) +
		rr(wire("ricoh.local"), 13, flush, "\x03ARM\x05LINUX")
	datagramtest.Check(t, 5353, []string{"<" + answer}, dissect.MDNS,
		`server mdns.service "_ipp._tcp"`, `server mdns.service "_http._tcp"`, `server mdns.txt "ty=RICOH IM C3000"`, `server mdns.txt "usb_mfg=X"`,
		`server mdns.txt "hinfo=ARM LINUX"`, `server name.mdns "ricoh" x2`, `fe80::9 name.mdns "ricoh"`)
}

// Known answers in a query and farewells say nothing; what a query is about to claim does.
func TestMDNSQuery(t *testing.T) {
	a := rr(wire("other.local"), 1, in, "\x0a\x00\x00\x32")
	probe := head("\x00\x00", 1, 1, 1, 0) + question("pc.local", 255) + a + rr(wire("pc.local"), 1, in, "\x0a\x00\x00\x01")
	datagramtest.Check(t, 5353, []string{">" + probe}, dissect.MDNS, `client name.mdns "pc"`)
	hidden := rr(wire("1c3a0d5e-7a50-4b5b-9c5e-0d3a5e1c7a50.local"), 1, flush, "\x0a\x00\x00\x01")
	datagramtest.Check(t, 5353, []string{">" + head("\x84\x00", 0, 1, 0, 0) + hidden}, dissect.MDNS)
	bye := strings.Replace(a, "\x00\x00\x00\x78", "\x00\x00\x00\x00", 1)
	datagramtest.Check(t, 5353, []string{">" + head("\x84\x00", 0, 1, 0, 0) + bye}, dissect.MDNS)
}

func TestLLMNR(t *testing.T) {
	q := question("FILESV", 1)
	datagramtest.Check(t, 5355, []string{">" + head("\x00\x00", 1, 0, 0, 0) + q, "<" + head("\x80\x00", 1, 1, 0, 0) + q + rr(here, 1, in, ip9)}, dissect.LLMNR,
		`server name.llmnr "FILESV"`)
}

// nb writes a NetBIOS name: 15 characters and a suffix in half-ASCII.
func nb(name string, suffix byte) string {
	raw := name + strings.Repeat(" ", 15-len(name)) + string([]byte{suffix})
	b := "\x20"
	for i := range len(raw) {
		b += string([]byte{'A' + raw[i]>>4, 'A' + raw[i]&15})
	}
	return b + "\x00"
}

func TestNBNS(t *testing.T) {
	register := func(name string, suffix byte, flags string) string {
		return ">" + head("\x29\x10", 1, 0, 0, 1) + nb(name, suffix) + "\x00\x20\x00\x01" + rr(here, 32, in, flags+"\x0a\x00\x00\x01")
	}
	datagramtest.Check(t, 137, []string{
		register("PC-01", 0x20, "\x00\x00"), register("CORP", 0x00, "\x80\x00"), register("YAMADA", 0x03, "\x00\x00"),
		register("CORP", 0x1c, "\x80\x00"), register("INet~Services", 0x1c, "\x80\x00"),
	}, dissect.NBNS, `client name.netbios "PC-01"`, `client domain.netbios "CORP" x2`, `client ad.controller "CORP"`)
}

func TestNodeStatus(t *testing.T) {
	entry := func(name string, suffix byte, flags string) string {
		return name + strings.Repeat(" ", 15-len(name)) + string([]byte{suffix}) + flags
	}
	list := "\x03" + entry("SERVER1", 0, "\x04\x00") + entry("CORP", 0, "\x84\x00") + entry("CORP", 0x1b, "\x04\x00") + "\x02\x00\x00\x00\x00\x09" + strings.Repeat("\x00", 40)
	b := head("\x84\x00", 0, 1, 0, 0) + rr(nb("*", 0), 33, in, list)
	datagramtest.Check(t, 137, []string{"<" + b}, dissect.NBNS,
		`server name.netbios "SERVER1"`, `server domain.netbios "CORP" x2`, `server ad.controller "CORP"`, `bind table 02:00:00:00:00:09 10.0.0.9`)
}

func TestBrowser(t *testing.T) {
	frame := "\x0f\x00\x80\xfc\x0a\x00SV2012" + strings.Repeat("\x00", 10) + "\x06\x02\x0b\x92\x84\x00\x0f\x01\x55\xaa\x00"
	slot := "\\MAILSLOT\\BROWSE\x00"
	words := strings.Repeat("\x00", 22) + string([]byte{byte(len(frame)), 0, byte(32 + 35 + 2 + len(slot)), 0}) + "\x03\x00\x01\x00\x01\x00\x02\x00"
	smb := "\xffSMB\x25" + strings.Repeat("\x00", 27) + "\x11" + words + "\x00\x00" + slot + frame
	b := "\x11\x0a\x00\x01\x0a\x00\x00\x01\x00\x8a\x00\xbb\x00\x00" + nb("SV2012", 0x20) + nb("CORP", 0x1e) + smb
	datagramtest.Check(t, 138, []string{">" + b}, dissect.NBDGM,
		`client name.netbios "SV2012" x2`, `client os.browser "6.2"`, `client browser.type "domain_controller,print_server,nt_workstation,nt_server"`,
		`client domain.netbios "CORP"`, `client ad.controller "CORP"`)
}

func TestCaptures(t *testing.T) {
	datagramtest.Capture(t, "captures/ndpi/wechat.pcap.gz", []string{"name.netbios", "domain.netbios", "os.browser", "browser", "name.mdns"},
		`192.168.1.100 browser.type "print_server,nt_workstation"`,
		`192.168.1.100 domain.netbios "WORKGROUP"`,
		`192.168.1.100 name.netbios "GIOVANNI-PC" x4`,
		`192.168.1.100 os.browser "6.1"`)
	datagramtest.Capture(t, "captures/ndpi/whatsapp_login_call.pcap.gz", []string{"name.mdns", "mdns"},
		`169.254.166.207 name.mdns "Lucas-iMac" x2`,
		`192.168.2.1 name.mdns "Lucas-iMac" x2`,
		`fe80::c42c:3ff:fe60:6a64 name.mdns "Lucas-iMac" x4`,
		`fe80::da30:62ff:fe56:1c name.mdns "Lucas-iMac" x4`)
	datagramtest.Capture(t, "captures/ndpi/tls_certificate_too_long.pcap.gz", []string{"name.mdns", "mdns"},
		`192.168.1.121 mdns.service "_companion-link._tcp" x2`,
		`192.168.1.121 mdns.txt "model=MacBookPro14,1"`,
		`192.168.1.121 mdns.txt "osxvers=20"`,
		`192.168.1.121 name.mdns "MBPro" x2`,
		`fe80::829:b8e7:3737:6dbe name.mdns "MBPro"`)
	datagramtest.Capture(t, "captures/ad-lab/winrm_psremote_05-16.pcap.gz", []string{"os.browser", "browser"},
		`192.168.1.195 browser.type "domain_controller,nt_workstation"`, // each line twice: the bridge's copy has its own MAC
		`192.168.1.195 browser.type "domain_controller,nt_workstation"`,
		`192.168.1.195 os.browser "6.1"`,
		`192.168.1.195 os.browser "6.1"`,
		`192.168.1.46 browser.type "nt_workstation"`,
		`192.168.1.46 browser.type "nt_workstation"`,
		`192.168.1.46 os.browser "6.1"`,
		`192.168.1.46 os.browser "6.1"`)
	datagramtest.Capture(t, "captures/ad-lab/aug19.pcap.gz", []string{"dns.server"},
		`192.168.1.1 dns.server "recursion" x13`,
		`192.168.1.195 dns.server "recursion" x25`, // and once more with the bridge's MAC
		`192.168.1.195 dns.server "recursion"`)
}

// Messages that were seen before cost no allocation.
func TestNoAllocation(t *testing.T) {
	rec := dissect.NewRecorder(dissect.Limits{})
	specs := names.Datagrams()
	f := func(i int, port uint16, toServer bool, b string) {
		t.Helper()
		c := datagramtest.Context(port, toServer)
		c.Rec = rec
		data, msg := specs[i].Make(), []byte(b)
		if n := testing.AllocsPerRun(100, func() { data(c, msg) }); n != 0 {
			t.Errorf("%v allocations for a known %s message", n, specs[i].App)
		}
	}
	f(4, 53, true, head("\x01\x00", 1, 0, 0, 0)+question("PACS.example.jp", 1))
	f(4, 53, false, head("\x81\x80", 1, 1, 0, 0)+question("a.example", 1)+rr(here, 1, in, ip9))
	f(0, 5353, false, head("\x84\x00", 0, 2, 0, 0)+rr(wire("R._ipp._tcp.local"), 16, flush, "\x05ty=AB")+rr(wire("ricoh.local"), 1, flush, ip9))
	f(2, 137, true, head("\x29\x10", 1, 0, 0, 1)+nb("PC", 0x20)+"\x00\x20\x00\x01"+rr(here, 32, in, "\x00\x00"+ip9))
}

func FuzzDatagrams(f *testing.F) {
	f.Add([]byte(head("\x84\x00", 0, 2, 0, 0) + rr(wire("R._ipp._tcp.local"), 16, flush, "\x05ty=AB") + rr(wire("r.local"), 1, flush, ip9)))
	f.Add([]byte(head("\x81\x80", 1, 2, 0, 0) + question("_ldap._tcp.dc._msdcs.corp.local", 33) + rr(here, 1, in, ip9) + rr(here, 12, in, here)))
	f.Add([]byte(head("\x29\x10", 1, 0, 0, 1) + nb("PC", 0x20) + "\x00\x20\x00\x01" + rr(here, 32, in, "\x00\x00"+ip9)))
	f.Add([]byte("\x11\x0a\x00\x01\x0a\x00\x00\x01\x00\x8a\x00\xbb\x00\x00" + nb("A", 0) + nb("B", 0x1d) + "\xffSMB\x25"))
	f.Fuzz(func(t *testing.T, b []byte) { datagramtest.Fuzz(t, names.Datagrams(), b) })
}

func FuzzStream(f *testing.F) {
	b := []byte(head("\x01\x00", 1, 0, 0, 0) + question("a.example", 1))
	f.Add(append([]byte{0, byte(len(b))}, b...), b, 3)
	f.Fuzz(func(t *testing.T, a, b []byte, cut int) { streamtest.Fuzz(t, names.Streams(), 53, a, b, cut) })
}
