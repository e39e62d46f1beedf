package vpn_test

import (
	"strings"
	"testing"

	"github.com/mimawari/mimawari/internal/proto/datagramtest"
	"github.com/mimawari/mimawari/internal/proto/dissect"
	"github.com/mimawari/mimawari/internal/proto/streamtest"
	"github.com/mimawari/mimawari/internal/proto/vpn"
)

// payload writes one ISAKMP payload: which one follows, and its body.
func payload(next byte, body string) string {
	return string([]byte{next, 0, 0, byte(len(body) + 4)}) + body
}

// isakmp writes a message of one version: first payload, exchange, flags, body.
func isakmp(first, version, exchange, flags byte, body string) string {
	n := 28 + len(body)
	return "COOKIE-I\x00\x00\x00\x00\x00\x00\x00\x00" + string([]byte{first, version, exchange, flags}) + "\x00\x00\x00\x00\x00\x00" + string([]byte{byte(n >> 8), byte(n)}) + body
}

const (
	dpd    = "\xaf\xca\xd7\x13\x68\xa1\xf1\xc9\x6b\x86\x96\xfc\x77\x57\x01\x00"
	swan   = "\x88\x2f\xe5\x6d\x6f\xd2\x0d\xbc\x22\x51\x61\x3b\x2e\xbe\x5b\xeb"
	forti  = "\x82\x99\x03\x17\x57\xa3\x60\x82\xc6\xa6\x21\xde\x00\x00\x00\x00"
	nobody = "\x01\x02\x03"
)

func TestIKE(t *testing.T) {
	v1 := isakmp(1, 0x10, 2, 0, payload(13, "SA")+payload(13, dpd)+payload(13, nobody)+payload(0, "CISCO-DELETE-REASON"))
	answer := isakmp(1, 0x10, 2, 0, payload(13, "SA")+payload(0, forti))
	datagramtest.Check(t, 500, []string{">" + v1, "<" + answer}, dissect.IKE,
		`client vpn.client "ike" <- server :500`, `client ike.vendor "DPD"`, `client ike.vendor "010203"`, `client ike.vendor "CISCO-DELETE-REASON"`,
		`server vpn.service "ike"`, `server ike.vendor "Fortinet"`)
	v2 := isakmp(33, 0x20, 34, 8, payload(43, "SA")+payload(46, swan)+payload(13, "encrypted"))
	datagramtest.Check(t, 4500, []string{">\x00\x00\x00\x00" + v2}, dissect.IKE, `client vpn.client "ike" <- server :4500`, `client ike.vendor "strongSwan"`)
	encrypted := isakmp(5, 0x10, 2, 1, payload(13, dpd))
	datagramtest.Check(t, 500, []string{">" + encrypted}, dissect.IKE, `client vpn.client "ike" <- server :500`)
	loop := isakmp(13, 0x10, 2, 0, payload(13, ""))
	datagramtest.Check(t, 500, []string{">" + loop}, dissect.IKE, `client vpn.client "ike" <- server :500`)
	datagramtest.Check(t, 500, []string{">" + v1[:40]}, dissect.Unknown)
	datagramtest.Check(t, 5500, []string{">" + v1}, dissect.Unknown)
}

func TestESPinUDP(t *testing.T) {
	datagramtest.Check(t, 4500, []string{">\xff", ">\x00\x01\x00\x00\x00\x00\x00\x01" + strings.Repeat("e", 32)}, dissect.ESPinUDP, `client tunnel "esp" <- server :4500`)
	datagramtest.Check(t, 4500, []string{">\x00\x00\x00\x01\x00\x00\x00\x01" + strings.Repeat("e", 32)}, dissect.Unknown) // reserved SPI
}

func TestOpenVPN(t *testing.T) {
	const (
		session = "SESSIONA"
		first   = "\x00\x00\x00\x01\x65\x00\x00\x00" // packet id, time
		none    = "\x00\x00\x00\x00\x00"             // nothing acknowledged, message 0
		acked   = "\x01\x00\x00\x00\x00SESSIONB\x00\x00\x00\x00"
	)
	client, server := `client vpn.client "openvpn" <- server :1194`, `server vpn.service "openvpn"`
	f := func(c, s string) {
		t.Helper()
		datagramtest.Check(t, 1194, []string{">" + c, "<" + s}, dissect.OpenVPN, client, server)
		datagramtest.Check(t, 443, []string{">" + c}, dissect.OpenVPN, strings.Replace(client, "1194", "443", 1))
	}
	f("\x38"+session+none, "\x40"+session+acked)
	sha1, sha256 := strings.Repeat("h", 20), strings.Repeat("h", 32)
	f("\x38"+session+sha1+first+none, "\x40"+session+sha1+first+acked)
	f("\x38"+session+sha256+first+none, "\x40"+session+sha256+first+acked)
	f("\x38"+session+first+sha256+"12345", "\x40"+session+first+sha256+strings.Repeat("x", 17)) // tls-crypt
	datagramtest.Check(t, 1194, []string{">\x48\x00\x00\x01" + strings.Repeat("d", 40)}, dissect.OpenVPN)
	datagramtest.Check(t, 443, []string{">\x48\x00\x00\x01" + strings.Repeat("d", 40)}, dissect.Unknown)
	datagramtest.Check(t, 443, []string{">\x38" + session + "\x00\x00\x00\x00\x01"}, dissect.Unknown)
	frame := func(b string) string { return string([]byte{0, byte(len(b))}) + b }
	streamtest.Check(t, 443, []string{">" + frame("\x38"+session+none), "<" + frame("\x40"+session+acked)}, dissect.OpenVPN,
		`client vpn.client "openvpn" <- server :443`, `server vpn.service "openvpn" :443`)
}

func TestWireGuard(t *testing.T) {
	hello, answer, data := "\x01\x00\x00\x00"+strings.Repeat("a", 144), "\x02\x00\x00\x00"+strings.Repeat("b", 88), "\x04\x00\x00\x00"+strings.Repeat("c", 44)
	datagramtest.Check(t, 443, []string{">" + hello, "<" + answer}, dissect.WireGuard, `client vpn.client "wireguard" <- server :443`, `server vpn.service "wireguard"`)
	datagramtest.Check(t, 51820, []string{">" + data, "<" + data}, dissect.WireGuard, `client vpn.client "wireguard" <- server :51820`, `server vpn.service "wireguard"`)
	datagramtest.Check(t, 5555, []string{">" + data}, dissect.Unknown)
	datagramtest.Check(t, 5555, []string{">" + hello[:147]}, dissect.Unknown)
	datagramtest.Check(t, 2408, []string{">\x01\x07\x08\x09" + hello[4:]}, dissect.WireGuard, `client vpn.client "warp" <- server :2408`)
}

func TestOverlays(t *testing.T) {
	datagramtest.Check(t, 41641, []string{">TS\xf0\x9f\x92\xac" + strings.Repeat("k", 60)}, dissect.Tailscale, `client vpn.client "tailscale" <- server :41641`)
	hello := "IDIDIDID" + "DDDDD" + "SSSSS" + "\x00" + "MACMACMA" + "\x01" + "\x0c\x01"
	datagramtest.Check(t, 9993, []string{">" + hello}, dissect.ZeroTier, `client vpn.client "zerotier" <- server :9993`)
	datagramtest.Check(t, 9993, []string{">" + hello[:27] + "\x02\x0c\x01"}, dissect.Unknown)
	datagramtest.Check(t, 5004, []string{"<IP=203.0.113.7,PORT=5000"}, dissect.SoftEther, `client vpn.client "softether" <- server :5004`)
	datagramtest.Check(t, 1701, []string{">\xc8\x02\x00\x0c\x00\x00\x00\x00\x00\x00\x00\x00", "<\xc8\x02\x00\x0c\x00\x01\x00\x00\x00\x00\x00\x01"}, dissect.L2TP,
		`client vpn.client "l2tp" <- server :1701`, `server vpn.service "l2tp"`)
	datagramtest.Check(t, 1701, []string{">\xc8\x02\x00\xff\x00\x00\x00\x00\x00\x00\x00\x00"}, dissect.Unknown)
	ipv6 := "\x60\x00\x00\x00\x00\x00\x3b\x40" + strings.Repeat("\x20", 32)
	datagramtest.Check(t, 3544, []string{">\x00\x01\x00\x00nonceonc\x00" + ipv6, "<\x00\x00PPAAAA" + ipv6}, dissect.Teredo,
		`client tunnel "teredo" <- server :3544`, `server tunnel "teredo" <- client :3544`)
	datagramtest.Check(t, 3544, []string{">" + ipv6[:30]}, dissect.Unknown)
	datagramtest.Check(t, 4789, []string{">\x08\x00\x00\x00\x00\x00\x05\x00" + strings.Repeat("e", 14)}, dissect.VXLAN, `client tunnel "vxlan" <- server :4789`)
	datagramtest.Check(t, 2123, []string{">\x32\x01\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00"}, dissect.GTP)
}

func TestSTUN(t *testing.T) {
	request := "\x00\x01\x00\x00\x21\x12\xa4\x42" + strings.Repeat("t", 12)
	datagramtest.Check(t, 5000, []string{">" + request}, dissect.STUN)
	datagramtest.Check(t, 3478, []string{">\x00\x01\x00\x08" + strings.Repeat("t", 16) + "\x00\x03\x00\x04\x00\x00\x00\x06"}, dissect.STUN) // RFC 3489
	datagramtest.Check(t, 5000, []string{">\x00\x01\x00\x04\x21\x12\xa4\x42" + strings.Repeat("t", 12)}, dissect.Unknown)
	streamtest.Check(t, 3478, []string{">" + request}, dissect.STUN)
}

func TestPPTP(t *testing.T) {
	msg := func(typ string) string {
		return "\x00\x9c\x00\x01\x1a\x2b\x3c\x4d\x00" + typ + "\x00\x00" + strings.Repeat("\x00", 144)
	}
	streamtest.Check(t, 1723, []string{">" + msg("\x01"), "<" + msg("\x02")}, dissect.PPTP, `client vpn.client "pptp" <- server :1723`, `server vpn.service "pptp" :1723`)
}

func TestCaptures(t *testing.T) {
	kinds := []string{"vpn", "ike", "tunnel"}
	datagramtest.Capture(t, "captures/ndpi/openvpn_nohmac_tcp.pcapng.gz", kinds,
		`10.181.235.122 vpn.client "openvpn" <- 10.251.71.30 :1194`, `10.251.71.30 vpn.service "openvpn" :1194`)
	datagramtest.Capture(t, "captures/ndpi/protonvpn.pcap", kinds, `10.0.2.15 vpn.client "wireguard" <- 217.23.3.76 :443`, `217.23.3.76 vpn.service "wireguard"`)
	datagramtest.Capture(t, "captures/ndpi/ah.pcapng", kinds,
		`10.2.3.2 ike.vendor "CISCO-DELETE-REASON"`,
		`10.2.3.2 ike.vendor "CISCO-DYNAMIC-ROUTE"`,
		`10.2.3.2 ike.vendor "CISCOVPN-REV-02"`,
		`10.2.3.2 ike.vendor "FLEXVPN-SUPPORTED"`,
		`10.2.3.2 tunnel "ah" <- 10.3.4.4`,
		`10.2.3.2 vpn.client "ike" <- 10.3.4.4 :500 x2`,
		`10.3.4.4 ike.vendor "CISCO-DELETE-REASON"`,
		`10.3.4.4 ike.vendor "CISCO-DYNAMIC-ROUTE"`,
		`10.3.4.4 ike.vendor "CISCOVPN-REV-02"`,
		`10.3.4.4 ike.vendor "FLEXVPN-SUPPORTED"`,
		`10.3.4.4 tunnel "ah" <- 10.2.3.2`,
		`10.3.4.4 vpn.service "ike" x2`)
	datagramtest.Capture(t, "captures/ndpi/softether.pcap.gz", kinds,
		`192.168.2.100 vpn.client "softether" <- 130.158.6.105 :5004 x4`,
		`192.168.2.100 vpn.client "softether" <- 130.158.6.112 :5004 x4`,
		`192.168.2.100 vpn.client "softether" <- 130.158.6.113 :5004 x4`)
	datagramtest.Applications(t, "captures/ndpi/stun.pcap.gz", "stun", 6)
	datagramtest.Capture(t, "captures/ndpi/lol_wild_rift_udp.pcap", kinds) // looks like WireGuard data by length, and is not
}

// Datagrams that were seen before cost no allocation.
func TestNoAllocation(t *testing.T) {
	rec := dissect.NewRecorder(dissect.Limits{})
	for port, b := range map[uint16]string{
		500:   isakmp(1, 0x10, 2, 0, payload(13, "SA")+payload(13, dpd)+payload(0, nobody)),
		51820: "\x04\x00\x00\x00" + strings.Repeat("c", 44),
		1194:  "\x38SESSIONA\x00\x00\x00\x00\x00",
	} {
		c := datagramtest.Context(port, true)
		c.Rec = rec
		msg := []byte(b)
		for _, s := range vpn.Datagrams() {
			if n := testing.AllocsPerRun(100, func() { s.Data(c, msg) }); n != 0 {
				t.Errorf("%s: %v allocations on port %d", s.App, n, port)
			}
		}
	}
}

func FuzzDatagrams(f *testing.F) {
	f.Add([]byte(isakmp(1, 0x10, 2, 0, payload(13, "SA")+payload(13, dpd)+payload(0, nobody))))
	f.Add([]byte("\x38SESSIONA\x00\x00\x00\x00\x00"))
	f.Add([]byte("\x00\x01\x00\x00nonceonc\x00\x60\x00\x00\x00\x00\x00\x3b\x40" + strings.Repeat("\x20", 32)))
	f.Add([]byte("\x00\x01\x00\x08" + strings.Repeat("t", 16) + "\x00\x03\x00\x04\x00\x00\x00\x06"))
	f.Fuzz(func(t *testing.T, b []byte) { datagramtest.Fuzz(t, vpn.Datagrams(), b) })
}

func FuzzStream(f *testing.F) {
	f.Add([]byte("\x00\x0e\x38SESSIONA\x00\x00\x00\x00\x00"), []byte("\x00\x9c\x00\x01\x1a\x2b\x3c\x4d\x00\x01\x00\x00"), 5)
	f.Fuzz(func(t *testing.T, a, b []byte, cut int) { streamtest.Fuzz(t, vpn.Streams(), 1194, a, b, cut) })
}
