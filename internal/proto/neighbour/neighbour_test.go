package neighbour_test

import (
	"strings"
	"testing"

	"github.com/mimawari/mimawari/internal/proto/datagramtest"
	"github.com/mimawari/mimawari/internal/proto/dissect"
	"github.com/mimawari/mimawari/internal/proto/neighbour"
)

const (
	me    = "\x02\x00\x00\x00\x00\x01"
	zeros = "\x00\x00\x00\x00\x00\x00"
)

func TestARP(t *testing.T) {
	head := "\x00\x01\x08\x00\x06\x04\x00"
	f := func(op, spa string, want ...string) {
		t.Helper()
		datagramtest.CheckFrame(t, 0x0806, head+op+me+spa+zeros+"\x0a\x00\x00\x09", want...)
	}
	bound := `bind arp 02:00:00:00:00:01 10.0.0.1`
	f("\x01", "\x0a\x00\x00\x01", bound)
	f("\x02", "\x0a\x00\x00\x01", bound)
	f("\x01", "\x00\x00\x00\x00") // probe
	f("\x03", "\x0a\x00\x00\x01") // RARP
	datagramtest.CheckFrame(t, 0x0806, head+"\x01"+me)
	datagramtest.CheckFrame(t, 0x0806, "\x00\x06"+head[2:]+"\x01"+me+"\x0a\x00\x00\x01"+zeros+"\x00\x00\x00\x00") // not Ethernet
}

func TestNeighbourDiscovery(t *testing.T) {
	target := "\xfe\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"
	source, dest := "\x01\x01"+me, "\x02\x01"+me
	f := func(src, b string, want ...string) {
		t.Helper()
		datagramtest.CheckPacket(t, src, 58, b, dissect.ICMPApp, want...)
	}
	bound := `bind ndp 02:00:00:00:00:01 fe80::1`
	f("fe80::1", "\x87\x00\x00\x00\x00\x00\x00\x00"+target+source, bound)
	f("::", "\x87\x00\x00\x00\x00\x00\x00\x00"+target+source) // duplicate address detection
	f("fe80::5", "\x88\x00\x00\x00\x60\x00\x00\x00"+target+dest, bound)
	f("fe80::1", "\x85\x00\x00\x00\x00\x00\x00\x00"+source, bound)
	f("fe80::1", "\x87\x00\x00\x00\x00\x00\x00\x00"+target+"\x01\x00"+source) // option of length 0
	prefix := "\x03\x04\x40\xc0\x00\x01\x51\x80\x00\x00\x38\x40\x00\x00\x00\x00\x20\x01\x0d\xb8" + strings.Repeat("\x00", 12)
	advert := "\x86\x00\x00\x00\x40\xc0\x07\x08" + strings.Repeat("\x00", 8) + source + prefix
	f("fe80::1", advert, bound, `fe80::1 ndp.router "2001:db8::/64 lifetime=1800 flags=MO"`)
	f("fe80::1", strings.Replace(advert, "\x07\x08", "\x00\x00", 1), bound) // no default router
}

func tlv(typ byte, v string) string { return string([]byte{typ << 1, byte(len(v))}) + v }

func TestLLDP(t *testing.T) {
	b := tlv(1, "\x04"+me) + tlv(2, "\x05ge-0/0/1") + tlv(3, "\x00\x78") + tlv(5, "SW-2F-01") + tlv(6, "AlliedWare Plus 5.5.2") +
		tlv(7, "\x00\x14\x00\x14") + tlv(8, "\x05\x01\x0a\x00\x00\x02\x02\x00\x00\x00\x01\x00") +
		tlv(127, "\x00\x12\xbb\x09Allied Telesis") + tlv(127, "\x00\x12\xbb\x0ax930-28GTX") + tlv(127, "\x00\x12\xbb\x065.5.2") + tlv(127, "\x00\x12\xbb\x08SERIAL") + tlv(0, "")
	datagramtest.CheckFrame(t, 0x88cc, b,
		`10.0.0.2 name.lldp "SW-2F-01"`, `10.0.0.2 lldp.descr "AlliedWare Plus 5.5.2"`, `10.0.0.2 lldp.caps "bridge,router"`,
		`10.0.0.2 lldp.model "Allied Telesis x930-28GTX 5.5.2"`)
	datagramtest.CheckFrame(t, 0x88cc, strings.Replace(b, "\x00\x78", "\x00\x00", 1)) // farewell
	datagramtest.CheckFrame(t, 0x88cc, tlv(5, "first"))                               // no chassis
	datagramtest.CheckFrame(t, 0x88cc, tlv(1, "\x04"+me)+tlv(2, "\x03"+me)+tlv(3, "\x00\x78")+tlv(5, "PC-7")+"\x0c\xff", `02:00:00:00:00:01 name.lldp "PC-7"`)
}

func ctlv(typ byte, v string) string { return string([]byte{0, typ, 0, byte(len(v) + 4)}) + v }

func TestCDP(t *testing.T) {
	b := "\xaa\xaa\x03\x00\x00\x0c\x20\x00" + "\x02\xb4\x00\x00" + ctlv(1, "SEP001122334455") + ctlv(2, "\x00\x00\x00\x01\x01\x01\xcc\x00\x04\x0a\x00\x00\x32") +
		ctlv(4, "\x00\x00\x04\x90") + ctlv(5, "SIP88xx.12-8-1") + ctlv(6, "Cisco IP Phone 8841")
	datagramtest.CheckFrame(t, 200, b,
		`10.0.0.50 name.cdp "SEP001122334455"`, `10.0.0.50 cdp.version "SIP88xx.12-8-1"`, `10.0.0.50 cdp.platform "Cisco IP Phone 8841"`, `10.0.0.50 cdp.caps "host,phone"`)
	datagramtest.CheckFrame(t, 200, b[:14])
	datagramtest.CheckFrame(t, 200, "\xaa\xaa\x03\x00\x00\x0c\x20\x00\x02\xb4\x00\x00\x00\x01\x00\x02") // length shorter than its header
}

func TestLink(t *testing.T) {
	f := func(typ uint16, b string, want string) {
		t.Helper()
		datagramtest.CheckFrame(t, typ, b, `02:00:00:00:00:01 link "`+want+`"`)
	}
	f(38, "\x42\x42\x03\x00\x00\x02\x02\x00", "stp")
	f(50, "\xaa\xaa\x03\x00\x00\x0c\x01\x0b\x00", "stp")
	f(0x8809, "\x01\x01", "lacp")
	f(0x888e, "\x01\x01\x00\x00", "eapol")
	f(0x8863, "\x11\x09\x00\x00\x00\x00", "pppoe")
	datagramtest.CheckFrame(t, 0x8809, "\x03")
	datagramtest.CheckFrame(t, 38, "\xe0\xe0\x03")
	datagramtest.CheckFrame(t, 0x9999, "unknown")
	datagramtest.CheckPacket(t, "10.0.0.1", 112, "\x21\x01\x64\x01\x00\x01\x00\x00", dissect.VRRP, `client link "vrrp"`)
	datagramtest.CheckPacket(t, "10.0.0.1", 2, "\x11\x64\x00\x00\x00\x00\x00\x00", dissect.IGMP, `client link "igmp_querier"`)
	datagramtest.CheckPacket(t, "10.0.0.1", 2, "\x16\x00\x00\x00\xe0\x00\x00\xfb", dissect.IGMP)
	datagramtest.CheckPacket(t, "10.0.0.1", 50, "\x00\x00\x01\x00", dissect.ESP, `client tunnel "esp" <- server`)
	datagramtest.CheckPacket(t, "10.0.0.1", 41, "\x60", dissect.Unknown, `client tunnel "6in4" <- server`)
	datagramtest.Check(t, 1985, []string{">\x00\x00\x10\x03\x0a\x78\x01\x00cisco\x00\x00\x00\x0a\x00\x00\xfe"}, dissect.HSRP, `client link "hsrp"`)
}

func TestCaptures(t *testing.T) {
	datagramtest.Capture(t, "captures/lab/arp-mac-change-sweep.pcap.gz", []string{"link", "bind"},
		`bind arp e2:e2:7d:e4:d0:93 10.77.0.10`,
		`bind arp 02:11:22:33:44:55 10.77.0.21`,
		`bind arp 02:11:22:33:44:66 10.77.0.21`)
	datagramtest.Capture(t, "captures/ndpi/telegram_videocall.pcapng.gz", []string{"link", "bind"},
		`bind arp 08:be:ac:0b:17:6e 192.168.12.1`,
		`bind arp 9a:df:58:fa:eb:dc 192.168.12.169`,
		`bind ndp 08:be:ac:0b:17:6e fe80::abe:acff:fe0b:176e`,
		`bind ndp 9a:df:58:fa:eb:dc fe80::98df:58ff:fefa:ebdc`)
	datagramtest.Capture(t, "captures/ndpi/vrrp3.pcapng", []string{"link"}, `fe80::1 link "vrrp" x9`, `fe80::2 link "vrrp"`)
	datagramtest.Capture(t, "captures/ad-lab/miscellaneous.pcap.gz", []string{"link"},
		`10:c3:7b:53:27:38 link "stp" x992`,
		`10:c3:7b:53:27:38 link "eapol"`,
		`b0:c0:90:57:d6:4e link "eapol"`)
}

// Announcements that were seen before cost no allocation.
func TestNoAllocation(t *testing.T) {
	c := datagramtest.Context(0, true)
	c.Rec = dissect.NewRecorder(dissect.Limits{})
	lldp := []byte(tlv(1, "\x04"+me) + tlv(2, "\x03"+me) + tlv(3, "\x00\x78") + tlv(5, "PC-7") + tlv(7, "\x00\x14\x00\x14"))
	arp := []byte("\x00\x01\x08\x00\x06\x04\x00\x01" + me + "\x0a\x00\x00\x01" + zeros + "\x0a\x00\x00\x09")
	n := testing.AllocsPerRun(100, func() {
		neighbour.Frame(c, 0x88cc, lldp)
		neighbour.Frame(c, 0x0806, arp)
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzFrame(f *testing.F) {
	f.Add(uint16(0x88cc), uint8(0), []byte(tlv(1, "\x04"+me)+tlv(2, "\x03"+me)+tlv(3, "\x00\x78")+tlv(8, "\x05\x01\x0a\x00\x00\x02")))
	f.Add(uint16(99), uint8(0), []byte("\xaa\xaa\x03\x00\x00\x0c\x20\x00\x02\xb4\x00\x00"+ctlv(2, "\x00\x00\x00\x01\x01\x01\xcc\x00\x04\x0a\x00\x00\x32")))
	f.Add(uint16(0x0806), uint8(58), []byte("\x86\x00\x00\x00\x40\xc0\x07\x08\x00\x00\x00\x00\x00\x00\x00\x00\x03\x04\x40\xc0"+strings.Repeat("\x00", 28)))
	f.Fuzz(func(t *testing.T, typ uint16, ipProto uint8, b []byte) {
		rec := dissect.NewRecorder(dissect.Limits{})
		c := datagramtest.Context(0, true)
		c.Rec = rec
		neighbour.Frame(c, typ, b)
		neighbour.Packet(c, ipProto, b)
		datagramtest.Clean(t, rec)
	})
}
