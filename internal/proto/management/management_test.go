package management_test

import (
	"strings"
	"testing"

	"github.com/mimawari/mimawari/internal/proto/datagramtest"
	"github.com/mimawari/mimawari/internal/proto/dissect"
	"github.com/mimawari/mimawari/internal/proto/management"
	"github.com/mimawari/mimawari/internal/proto/streamtest"
)

// el writes one BER element.
func el(tag byte, parts ...string) string {
	v := strings.Join(parts, "")
	if len(v) < 128 {
		return string([]byte{tag, byte(len(v))}) + v
	}
	return string([]byte{tag, 0x82, byte(len(v) >> 8), byte(len(v))}) + v
}

func pdu(tag byte, vars ...string) string {
	return el(tag, el(2, "\x01"), el(2, "\x00"), el(2, "\x00"), el(0x30, vars...))
}

func variable(oid string, tag byte, v string) string { return el(0x30, el(6, oid), el(tag, v)) }

func v2c(community, pdu string) string { return el(0x30, el(2, "\x01"), el(4, community), pdu) }

const (
	sysDescr    = "\x2b\x06\x01\x02\x01\x01\x01\x00"
	sysObjectID = "\x2b\x06\x01\x02\x01\x01\x02\x00"
	sysName     = "\x2b\x06\x01\x02\x01\x01\x05\x00"
	hrDevice    = "\x2b\x06\x01\x02\x01\x19\x03\x02\x01\x03\x01"
	private     = "\x2b\x06\x01\x04\x01\x0b\x02\x03\x09\x01\x01\x07\x00"
	cisco       = "\x2b\x06\x01\x04\x01\x09\x01\x86\x1f"
)

func TestSNMP(t *testing.T) {
	ask := v2c("public", pdu(0xa0, variable(sysDescr, 5, "")))
	answer := v2c("public", pdu(0xa2, variable(sysDescr, 4, "Cisco IOS\r\nVersion 15.2"), variable(sysObjectID, 6, cisco), variable(sysName, 4, "SW-1"),
		variable(hrDevice, 4, "RICOH IM C3000"), variable(private, 4, "MFG:Brother;CMD:PJL;MDL:HL-L5100DN series;CLS:PRINTER;")))
	datagramtest.Check(t, 161, []string{">" + ask, "<" + answer}, dissect.SNMP,
		`server snmp.version "2c" :161`, `server snmp.default_community "public" :161`, `server snmp.sysdescr "Cisco IOS  Version 15.2"`,
		`server snmp.sysobjectid "1.3.6.1.4.1.9.1.799"`, `server name.snmp "SW-1"`, `server snmp.device "RICOH IM C3000"`,
		`server printer.model "Brother HL-L5100DN series"`)
}

// A community that is no default is a password: that it is readable is said, what it is never.
func TestSNMPCommunity(t *testing.T) {
	const secret = "gAkkAi-2024"
	datagramtest.Check(t, 161, []string{">" + v2c(secret, pdu(0xa3)), "<" + v2c(secret, pdu(0xa2))}, dissect.SNMP,
		`server snmp.version "2c" :161`, `server login.cleartext "snmp" <- client :161`)
	datagramtest.Check(t, 161, []string{">" + v2c("public", pdu(0xa0))}, dissect.SNMP) // not answered: not accepted
}

func TestSNMPTraps(t *testing.T) {
	v1 := el(0x30, el(2, "\x00"), el(4, "public"), el(0xa4, el(6, cisco), el(0x40, "\x0a\x00\x00\x32"), el(2, "\x03"), el(2, "\x00"), el(0x43, "\x01"),
		el(0x30, variable(sysName, 4, "SW-9"))))
	datagramtest.Check(t, 162, []string{">" + v1}, dissect.SNMP,
		`client snmp.version "1" :40000`, `10.0.0.50 snmp.sysobjectid "1.3.6.1.4.1.9.1.799"`, `10.0.0.50 name.snmp "SW-9"`)
}

func TestSNMP3(t *testing.T) {
	usm := el(0x30, el(4, "\x80\x00\x00\x09\x03\x02\x00\x00\x00\x00\x09"), el(2, "\x05"), el(2, "\x10"), el(4, "operator"), el(4, "123456789012"), el(4, "12345678"))
	head := el(0x30, el(2, "\x01"), el(2, "\x05\xdc"), el(4, "\x03"), el(2, "\x03"))
	report := el(0x30, el(2, "\x03"), head, el(4, usm), el(0x30, el(4, ""), el(4, ""), pdu(0xa8)))
	encrypted := el(0x30, el(2, "\x03"), head, el(4, usm), el(4, strings.Repeat("x", 40)))
	want := []string{`server snmp.version "3" :161`, `server snmp.engine "enterprise=9" :161`}
	datagramtest.Check(t, 161, []string{"<" + report}, dissect.SNMP, want...)
	datagramtest.Check(t, 161, []string{">" + encrypted, "<" + encrypted}, dissect.SNMP, want...)
}

func TestSNMPDamaged(t *testing.T) {
	good := v2c("public", pdu(0xa2, variable(sysName, 4, "SW-1")))
	for _, b := range []string{good[:len(good)-1], good + "x", "\x30\x84\xff\xff\xff\xff\x02\x01\x00", "\x30\x80\x02\x01\x00", el(0x30, el(2, "\x02"), el(4, "public")), "\x30"} {
		datagramtest.Check(t, 161, []string{"<" + b}, dissect.Unknown)
	}
	// the list of variables claims more than there is
	bad := v2c("x", el(0xa2, el(2, "\x01"), el(2, "\x00"), el(2, "\x00"), "\x30\x30"))
	datagramtest.Check(t, 161, []string{"<" + bad}, dissect.SNMP, `server snmp.version "2c" :161`, `server login.cleartext "snmp" <- client :161`)
}

func TestNTP(t *testing.T) {
	body := strings.Repeat("\x00", 46)
	datagramtest.Check(t, 123, []string{">\x23\x00" + body, "<\x24\x03" + body, "<\x24\x00" + body}, dissect.NTP,
		`client ntp.client "" <- server :123`, `server ntp.server "stratum=3"`)
	datagramtest.Check(t, 123, []string{">\x19\x00" + body, "<\x1a\x02" + body}, dissect.NTP, // active and passive, as Windows domains do
		`client ntp.client "" <- server :123`, `server ntp.server "stratum=2"`)
	datagramtest.Check(t, 123, []string{">\x23\x00" + body[:30]}, dissect.Unknown)
	datagramtest.Check(t, 123, []string{">\x3b\x00" + body}, dissect.Unknown) // version 7
	datagramtest.Check(t, 5123, []string{">\x23\x00" + body}, dissect.Unknown)
}

func TestSyslog(t *testing.T) {
	f := func(msg string, want ...string) {
		t.Helper()
		datagramtest.Check(t, 514, []string{">" + msg}, dissect.Syslog, want...)
	}
	f("<34>Oct 11 22:14:15 web-1 su[12]: failed", `client name.syslog "web-1"`, `client syslog.tag "su"`)
	f("<34>Oct  1 2024 22:14:15 asa-1 : %ASA-6-1", `client name.syslog "asa-1"`)
	f("<34>1 2024-10-11T22:14:15.003Z nas.local smbd 77 - - text", `client name.syslog "nas.local"`, `client syslog.tag "smbd"`)
	f("<34>1 - - - - - - x")
	f(`<189>date=2024-10-11 time=10:00:00 devname="FGT 60F" devid="FG"`)
	f(`<189>date=2024-10-11 time=10:00:00 devname="FGT60F" devid="FG"`, `client name.syslog "FGT60F"`)
	f("<34>Oct 11 22:14:15 10.1.1.1 kernel: x", `client syslog.tag "kernel"`) // an address is no name
	f("<34>free text without a time")
	datagramtest.Check(t, 5514, []string{"><34>free text without a time"}, dissect.Unknown)
	datagramtest.Check(t, 514, []string{"><999>Oct 11 22:14:15 a b: c"}, dissect.Unknown)
	datagramtest.Check(t, 514, []string{"><>Oct"}, dissect.Unknown)
}

func TestSyslogStream(t *testing.T) {
	line := "<34>Oct 11 22:14:15 web-1 su[12]: failed"
	want := []string{`client name.syslog "web-1" x2`, `client syslog.tag "su" x2`}
	streamtest.Check(t, 514, []string{">" + line + "\n" + line + "\n"}, dissect.Syslog, want...)
	streamtest.Check(t, 601, []string{">40 " + line + "40 " + line}, dissect.Syslog, want...)
}

func TestRADIUS(t *testing.T) {
	attr := func(code byte, v string) string { return string([]byte{code, byte(len(v) + 2)}) + v }
	msg := func(code byte, attrs string) string {
		return string([]byte{code, 1, 0, byte(20 + len(attrs))}) + strings.Repeat("a", 16) + attrs
	}
	attrs := attr(1, "yamada") + attr(32, "AP-3F") + attr(8, "\x0a\x00\x00\x32") + attr(31, "02-00-00-00-00-77")
	datagramtest.Check(t, 1812, []string{">" + msg(1, attrs)}, dissect.RADIUS, `client name.radius "AP-3F"`)
	datagramtest.Check(t, 1813, []string{">" + msg(4, attrs)}, dissect.RADIUS, `client name.radius "AP-3F"`, `bind table 02:00:00:00:00:77 10.0.0.50`)
	datagramtest.Check(t, 1812, []string{">" + msg(1, attrs[:9])}, dissect.Unknown)
}

func TestRecognised(t *testing.T) {
	f := func(port uint16, msg string, app dissect.App) {
		t.Helper()
		datagramtest.Check(t, port, []string{">" + msg}, app)
	}
	f(69, "\x00\x01SEP001122334455.cnf.xml\x00octet\x00", dissect.TFTP)
	f(69, "\x00\x01name\x00bogus\x00", dissect.Unknown)
	f(2055, "\x00\x05\x00\x01"+strings.Repeat("\x00", 20+48), dissect.NetFlow)
	f(2055, "\x00\x05\x00\x02"+strings.Repeat("\x00", 20+48), dissect.Unknown)
	f(4739, "\x00\x0a\x00\x14"+strings.Repeat("\x00", 16), dissect.NetFlow)
	f(6343, "\x00\x00\x00\x05\x00\x00\x00\x01"+strings.Repeat("\x00", 20), dissect.SFlow)
}

func TestCaptures(t *testing.T) {
	datagramtest.Capture(t, "captures/ndpi/tls_certificate_too_long.pcap.gz", []string{"ntp"},
		`17.253.54.251 ntp.server "stratum=1" x4`,
		`192.168.1.121 ntp.client "" <- 17.253.54.251 :123 x4`)
	datagramtest.Applications(t, "captures/ndpi/NTPv3.pcap", "ntp", 1) // the server's side only, to port 80
	datagramtest.Capture(t, "captures/ndpi/syslog.pcap.gz", []string{"name.syslog", "syslog.tag"},
		`10.11.105.154 name.syslog "ATMFLJQABIL-UT-83"`,
		`10.94.80.60 name.syslog "ndc3lvmsdptd2"`,
		`10.94.80.60 syslog.tag "filebeat"`,
		`10.94.232.21 name.syslog "NDC3CLNDMVA22" x5`,
		`10.94.232.21 syslog.tag "NetworkManager"`,
		`10.94.232.21 syslog.tag "kernel" x4`,
		`10.186.117.194 name.syslog "iPhone7,2"`,
		`10.186.117.194 syslog.tag "com.dts.freefireth"`,
		`10.251.23.139 name.syslog "nb6" x2`,
		`10.251.23.139 syslog.tag "chillispot" x2`,
		`95.136.242.54 name.syslog "nb6" x2`,
		`95.136.242.54 syslog.tag "nbd" x2`,
		`195.120.165.134 name.syslog "pfSense.localdomain" x4`,
		`195.120.165.134 syslog.tag "suricata" x4`)
}

// Messages that were seen before cost no allocation.
func TestNoAllocation(t *testing.T) {
	rec := dissect.NewRecorder(dissect.Limits{})
	specs := management.Datagrams()
	f := func(i int, port uint16, toServer bool, b string) {
		t.Helper()
		c := datagramtest.Context(port, toServer)
		c.Rec = rec
		msg := []byte(b)
		if n := testing.AllocsPerRun(100, func() { specs[i].Data(c, msg) }); n != 0 {
			t.Errorf("%v allocations for a known %s message", n, specs[i].App)
		}
	}
	f(0, 161, false, v2c("public", pdu(0xa2, variable(sysDescr, 4, "Cisco IOS"), variable(sysObjectID, 6, cisco), variable(private, 4, "MFG:A;MDL:B;"))))
	f(1, 123, false, "\x24\x03"+strings.Repeat("\x00", 46))
	f(2, 514, true, "<34>Oct 11 22:14:15 web-1 su[12]: failed")
}

func FuzzDatagrams(f *testing.F) {
	f.Add([]byte(v2c("public", pdu(0xa2, variable(sysObjectID, 6, cisco), variable(private, 4, "MFG:A;MDL:B;")))))
	f.Add([]byte("<34>Oct 11 22:14:15 web-1 su[12]: failed"))
	f.Add([]byte("\x04\x01\x00\x1c" + strings.Repeat("a", 16) + "\x08\x06\x0a\x00\x00\x32\x01\x02"))
	f.Add([]byte("\x00\x01name\x00octet\x00"))
	f.Fuzz(func(t *testing.T, b []byte) { datagramtest.Fuzz(t, management.Datagrams(), b) })
}

func FuzzStream(f *testing.F) {
	f.Add([]byte("<34>Oct 11 22:14:15 web-1 su[12]: failed\n"), []byte("40 <34>1 - - - - - -"), 7)
	f.Fuzz(func(t *testing.T, a, b []byte, cut int) { streamtest.Fuzz(t, management.Streams(), 514, a, b, cut) })
}
