package dhcp_test

import (
	"strings"
	"testing"

	"github.com/mimawari/mimawari/internal/proto/datagramtest"
	"github.com/mimawari/mimawari/internal/proto/dhcp"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// bootp builds a message: op, addresses (four bytes each), options.
func bootp(op byte, ciaddr, yiaddr, giaddr string, opts ...string) string {
	pad := func(s string) string { return s + strings.Repeat("\x00", 4-len(s)) }
	b := string([]byte{op, 1, 6, 0}) + "\x12\x34\x56\x78\x00\x00\x00\x00" + pad(ciaddr) + pad(yiaddr) + pad("") + pad(giaddr) +
		"\x02\x00\x00\x00\x00\x01" + strings.Repeat("\x00", 10+192)
	return b + "\x63\x82\x53\x63" + strings.Join(opts, "") + "\xff"
}

func opt(code byte, v string) string { return string([]byte{code, byte(len(v))}) + v }

const (
	addr   = "\x0a\x00\x00\x32" // 10.0.0.50
	server = "\x0a\x00\x00\x09"
	relay  = "\x0a\x00\x01\x01"
)

func TestClient(t *testing.T) {
	request := bootp(1, "", "", "", opt(53, "\x03"), opt(12, "PC-01\x00"), opt(50, addr), opt(55, "\x01\x03\x06"), opt(60, "MSFT 5.0"),
		opt(61, "\x01\x02\x00\x00\x00\x00\x01"), opt(81, "\x00\x00\x00PC-01.example.jp"))
	datagramtest.Check(t, 67, []string{">" + request}, dissect.DHCP,
		`02:00:00:00:00:01 name.dhcp "PC-01"`,
		`02:00:00:00:00:01 name.fqdn "PC-01.example.jp"`,
		`02:00:00:00:00:01 dhcp.vendor_class "MSFT 5.0"`,
		`02:00:00:00:00:01 dhcp.params "1,3,6"`,
		`02:00:00:00:00:01 dhcp.request "10.0.0.50"`)
}

// The name is in wire form, the client id is no MAC, and the host name hides in the overloaded file field.
func TestClientOddities(t *testing.T) {
	b := bootp(1, addr, "", "", opt(53, "\x08"), opt(52, "\x01"), opt(61, "\xff\x00\x01"), opt(81, "\x05\x00\x00\x02pc\x07example\x00"))
	b = b[:108] + opt(12, "HIDDEN") + "\xff" + strings.Repeat("\x00", 236-108-9) + b[236:]
	datagramtest.Check(t, 67, []string{">" + b}, dissect.DHCP,
		`10.0.0.50 name.dhcp "HIDDEN"`,
		`10.0.0.50 name.fqdn "pc.example"`,
		`10.0.0.50 dhcp.client_id "ff0001"`,
		`10.0.0.50 dhcp.request ""`)
}

func TestServer(t *testing.T) {
	ack := bootp(2, "", addr, "", opt(53, "\x05"), opt(54, server), opt(51, "\x00\x00\x0e\x10"), opt(3, relay), opt(6, server+relay), opt(15, "example.jp"))
	datagramtest.Check(t, 67, []string{"<" + ack}, dissect.DHCP,
		`server dhcp.server "router=10.0.1.1 dns=10.0.0.9,10.0.1.1 lease=3600"`,
		`10.0.0.50 domain.dns "example.jp"`,
		`bind dhcp 02:00:00:00:00:01 10.0.0.50`)
}

// An offer binds nothing: the client may take another server's.
func TestOffer(t *testing.T) {
	offer := bootp(2, "", addr, "", opt(53, "\x02"), opt(54, server))
	datagramtest.Check(t, 67, []string{"<" + offer}, dissect.DHCP, `server dhcp.server ""`)
}

// What a relay passes on is the word of the server that option 54 names; without it nobody is named.
func TestRelayIsNotTheServer(t *testing.T) {
	datagramtest.Check(t, 67, []string{"<" + bootp(2, "", addr, relay, opt(53, "\x05"), opt(54, "\x0a\x09\x09\x09"))}, dissect.DHCP,
		`10.9.9.9 dhcp.server ""`, `bind dhcp 02:00:00:00:00:01 10.0.0.50`)
	datagramtest.Check(t, 67, []string{"<" + bootp(2, "", addr, relay, opt(53, "\x05"))}, dissect.DHCP,
		`bind dhcp 02:00:00:00:00:01 10.0.0.50`)
}

// A refusal and a PXE boot server give no address.
func TestNoServer(t *testing.T) {
	datagramtest.Check(t, 67, []string{"<" + bootp(2, "", "", "", opt(53, "\x06"), opt(54, server))}, dissect.DHCP)
	datagramtest.Check(t, 4011, []string{"<" + bootp(2, "", "", "", opt(53, "\x02"), opt(54, server), opt(60, "PXEClient"))}, dissect.DHCP)
}

func TestDamaged(t *testing.T) {
	good := bootp(1, "", "", "", opt(53, "\x01"), opt(12, "PC"))
	datagramtest.Check(t, 67, []string{">" + good[:200]}, dissect.Unknown)
	datagramtest.Check(t, 67, []string{">" + good[:240] + "\x0c\xffPC"}, dissect.DHCP, `02:00:00:00:00:01 dhcp.request ""`)
	datagramtest.Check(t, 9999, []string{">" + strings.Replace(good, "\x63\x82\x53\x63", "abcd", 1)}, dissect.Unknown)
}

func opt6(code byte, v string) string { return string([]byte{0, code, 0, byte(len(v))}) + v }

const (
	duid   = "\x00\x03\x00\x01\x02\x00\x00\x00\x00\x77"
	global = "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x50"
	linked = "\xfe\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x07"
)

func ia(life string) string {
	return opt6(3, "\x00\x00\x00\x01"+"\x00\x00\x00\x00\x00\x00\x00\x00"+opt6(5, global+life+life))
}

func TestV6Client(t *testing.T) {
	solicit := "\x01abc" + opt6(1, duid) + opt6(6, "\x00\x17\x00\x18") + opt6(16, "\x00\x00\x01\x37\x00\x08MSFT 5.0") + opt6(39, "\x00\x02pc") +
		opt6(3, "\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00")
	datagramtest.Check(t, 547, []string{">" + solicit}, dissect.DHCPv6,
		`client dhcp.params "v6:23,24"`, `client dhcp.vendor_class "MSFT 5.0"`, `client name.dhcp "pc"`, `client dhcp.request ""`)
	relayed := "\x0c\x00" + global + linked + opt6(9, solicit)
	datagramtest.Check(t, 547, []string{">" + relayed}, dissect.DHCPv6,
		`fe80::7 dhcp.params "v6:23,24"`, `fe80::7 dhcp.vendor_class "MSFT 5.0"`, `fe80::7 name.dhcp "pc"`, `fe80::7 dhcp.request ""`)
}

func TestV6Server(t *testing.T) {
	reply := "\x07abc" + opt6(1, duid) + ia("\x00\x00\x0e\x10") + opt6(23, global) + opt6(24, "\x07example\x02jp\x00")
	datagramtest.Check(t, 547, []string{"<" + reply}, dissect.DHCPv6,
		`server dhcp.server "v6 dns=2001:db8::50 lease=3600"`, `2001:db8::50 domain.dns "example.jp"`, `bind dhcp 02:00:00:00:00:77 2001:db8::50`)
	datagramtest.Check(t, 547, []string{"<\x02abc" + opt6(1, duid) + ia("\x00\x00\x0e\x10")}, dissect.DHCPv6, `server dhcp.server "v6 lease=3600"`)
	datagramtest.Check(t, 547, []string{"<\x07abc" + opt6(13, "\x00\x02no")}, dissect.DHCPv6) // refusal
	datagramtest.Check(t, 547, []string{"<" + reply[:len(reply)-1]}, dissect.Unknown)         // cut
}

func TestCaptures(t *testing.T) {
	kinds := []string{"dhcp", "name.dhcp", "name.fqdn"}
	datagramtest.Capture(t, "captures/ndpi/android.pcap.gz", append(kinds, "bind"),
		`192.168.2.1 dhcp.server "router=192.168.2.1 dns=192.168.2.1 lease=85536" x2`,
		`4c:6a:f6:9f:f6:27 dhcp.params "1,3,6,15,26,28,51,58,59,43" x2`,
		`4c:6a:f6:9f:f6:27 dhcp.request ""`,
		`4c:6a:f6:9f:f6:27 dhcp.request "192.168.2.16"`,
		`4c:6a:f6:9f:f6:27 dhcp.vendor_class "android-dhcp-9" x2`,
		`d8:30:62:56:00:1c dhcp.params "1,121,3,6,15,119,252,95,44,46" x10`,
		`d8:30:62:56:00:1c dhcp.request "" x10`,
		`d8:30:62:56:00:1c name.dhcp "Lucas-iMac" x10`,
		`fe80::4e6a:f6ff:fe9f:f627 dhcp.params "v6:23,24" x2`,
		`fe80::4e6a:f6ff:fe9f:f627 dhcp.request "" x2`,
		`bind arp c6:2c:03:60:6a:64 192.168.2.1`,
		`bind arp 4c:6a:f6:9f:f6:27 192.168.2.16`,
		`bind dhcp 4c:6a:f6:9f:f6:27 192.168.2.16`,
		`bind ndp 4c:6a:f6:9f:f6:27 fe80::4e6a:f6ff:fe9f:f627`)
	datagramtest.Capture(t, "captures/ndpi/zoom.pcap.gz", kinds, // a switch that asks for an address
		`d8:0d:17:d6:55:ab dhcp.params "1,3"`,
		`d8:0d:17:d6:55:ab dhcp.request ""`,
		`d8:0d:17:d6:55:ab dhcp.vendor_class "TL-SG116E"`,
		`d8:0d:17:d6:55:ab name.dhcp "TL-SG116E"`)
	datagramtest.Capture(t, "captures/ad-lab/miscellaneous.pcap.gz", kinds, // each frame is in the capture twice, the copy with the bridge's MAC
		`fe80::dd72:4a5:3ad4:c569 dhcp.params "v6:24,23,17,39" x34`,
		`fe80::dd72:4a5:3ad4:c569 dhcp.params "v6:24,23,17,39" x34`,
		`fe80::dd72:4a5:3ad4:c569 dhcp.request "" x34`,
		`fe80::dd72:4a5:3ad4:c569 dhcp.request "" x34`,
		`fe80::dd72:4a5:3ad4:c569 dhcp.vendor_class "MSFT 5.0" x34`,
		`fe80::dd72:4a5:3ad4:c569 dhcp.vendor_class "MSFT 5.0" x34`,
		`fe80::dd72:4a5:3ad4:c569 name.dhcp "WIN-CNNEQ7OCUQS" x21`,
		`fe80::dd72:4a5:3ad4:c569 name.dhcp "WIN-CNNEQ7OCUQS" x21`,
		`fe80::dd72:4a5:3ad4:c569 name.fqdn "WIN-CNNEQ7OCUQS.picklesworth.local" x13`,
		`fe80::dd72:4a5:3ad4:c569 name.fqdn "WIN-CNNEQ7OCUQS.picklesworth.local" x13`)
	datagramtest.Capture(t, "captures/ndpi/dhcp-fuzz.pcapng", kinds, `192.168.1.104 name.dhcp "MK03862"`)
}

// A message that was seen before costs no allocation.
func TestNoAllocation(t *testing.T) {
	request := []byte(bootp(1, "", "", "", opt(53, "\x03"), opt(12, "PC-01"), opt(50, addr), opt(55, "\x01\x03\x06"), opt(60, "MSFT 5.0")))
	rec := dissect.NewRecorder(dissect.Limits{})
	c := datagramtest.Context(67, true)
	c.Rec = rec
	data := dhcp.Datagrams()[0].Data
	if n := testing.AllocsPerRun(100, func() { data(c, request) }); n != 0 {
		t.Errorf("%v allocations for a known message", n)
	}
}

func FuzzDatagrams(f *testing.F) {
	f.Add([]byte(bootp(2, "", addr, relay, opt(53, "\x05"), opt(52, "\x03"), opt(81, "\x04\x00\x00\x02pc\x00"))))
	f.Add([]byte("\x0c\x00" + global + linked + opt6(9, "\x07abc"+opt6(1, duid)+ia("\x00\x00\x0e\x10")+opt6(24, "\x07example\x02jp\x00"))))
	f.Fuzz(func(t *testing.T, b []byte) { datagramtest.Fuzz(t, dhcp.Datagrams(), b) })
}
