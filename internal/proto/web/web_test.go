package web_test

import (
	"compress/gzip"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/encoding/japanese"

	"github.com/mimawari/mimawari/internal/proto/dissect"
	"github.com/mimawari/mimawari/internal/proto/streamtest"
	"github.com/mimawari/mimawari/internal/proto/web"
)

func TestCaptures(t *testing.T) {
	kinds := []string{"http", "name.http", "login", "upnp", "printer", "vpn"}
	streamtest.Capture(t, "captures/ndpi/http_auth.pcap.gz", kinds,
		`192.168.0.4 http.user_agent "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_8_5) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/30.0.1599.69 Safari/537.36"`,
		`192.254.189.169 http.realm "BrowserSpy.dk - HTTP Password Test" :80`,
		`192.254.189.169 http.server "Apache" :80`,
		`192.254.189.169 login.cleartext "http-basic" <- 192.168.0.4 :80`,
		`192.254.189.169 name.http "browserspy.dk"`)
	streamtest.Capture(t, "captures/ndpi/http_on_sip_port.pcap", kinds,
		`45.58.148.2 http.server "Flussonic" :8888`,
		`82.178.111.221 http.user_agent "exoplayer-codelab"`)
	streamtest.Capture(t, "captures/ad-lab/winrm_psremote_05-16.pcap.gz", kinds,
		`192.168.1.195 http.user_agent "Microsoft WinRM Client" x83`,
		`192.168.1.46 http.server "Microsoft-HTTPAPI/2.0" :5985 x79`,
		`192.168.1.46 name.http "chip_douglas-pc" x83`)
}

func TestDPWSCapture(t *testing.T) {
	streamtest.Capture(t, "captures/ad-lab/normal_share_traversal.pcap.gz", []string{"upnp"},
		`192.168.1.46 upnp.model "Microsoft Corporation Microsoft Publication Service 1" :5357`)
}

// answer writes a response with a body of known length.
func answer(head, body string) string {
	return fmt.Sprintf("<HTTP/1.1 200 OK\r\n%s\r\nContent-Length: %d\r\n\r\n%s", head, len(body), body)
}

const ask = ">GET / HTTP/1.1\r\nHost: 10.0.0.9\r\n\r\n"

func TestRequestsAndResponses(t *testing.T) {
	streamtest.Check(t, 8080, []string{
		">GET / HTTP/1.1\r\nHost: pacs.hospital.local:8080\r\nUSER-AGENT: Viewer/2\r\nAuthorization: Basic dTpw\r\n\r\n",
		answer("Server: nginx\r\nX-Powered-By: PHP/5.3\r\nContent-Type: text/html", "<html><TITLE lang=ja>PACS &amp; RIS\n</TITLE></html>"),
		">POST /api HTTP/1.1\r\nTransfer-Encoding: chunked\r\nUser-Agent: Viewer/2\r\n\r\n5;x=y\r\nHTTP/\r\nA\r\nGET / HTTP\r\n0\r\nT: x\r\n\r\nHEAD /x HTTP/1.1\r\n\r\n",
		"<HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"AXIS_ACCC8E\"\r\nServer: nginx\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n",
		">GET /end HTTP/1.1\r\nUser-Agent: last\r\n\r\n",
		"<HTTP/1.1 404 No\r\nServer: lastone\r\n\r\n",
	}, dissect.HTTP,
		`client http.user_agent "Viewer/2" x2`, `client http.user_agent "last"`,
		`server http.powered_by "PHP/5.3" :8080`, `server http.realm "AXIS_ACCC8E" :8080`, `server http.server "nginx" :8080 x2`,
		`server http.server "lastone" :8080`, `server http.title "PACS & RIS" :8080`,
		`server login.cleartext "http-basic" <- client :8080`, `server name.http "pacs.hospital.local"`)
}

func TestTitles(t *testing.T) {
	f := func(name, target, head, body string, want ...string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			t.Helper()
			streamtest.Check(t, 80, []string{">GET " + target + " HTTP/1.1\r\n\r\n", answer(head, body)}, dissect.HTTP, want...)
		})
	}
	sjis, err := japanese.ShiftJIS.NewEncoder().String("<html><title>複合機 操作画面</title>")
	if err != nil {
		t.Fatal(err)
	}
	euc, err := japanese.EUCJP.NewEncoder().String("<html><meta charset=euc-jp><title>無線ルータ 設定</title>")
	if err != nil {
		t.Fatal(err)
	}
	f("shift_jis", "/", "Content-Type: text/html; charset=Shift_JIS", sjis, `server http.title "複合機 操作画面" :80`)
	f("euc-jp", "/login.cgi", "Content-Type: text/html", euc, `server http.title "無線ルータ 設定" :80`)
	f("utf-8", "/index.html", "Content-Type: text/html", "<title>カメラ</title>", `server http.title "カメラ" :80`)
	f("inner pages may name patients", "/karte/view", "Content-Type: text/html", "<title>山田太郎</title>")
	f("so may queries", "/index.php?id=123", "Content-Type: text/html", "<title>山田太郎</title>")
	var packed strings.Builder
	z := gzip.NewWriter(&packed)
	fmt.Fprint(z, "<html><title>NVR "+"3000</title>", strings.Repeat("<p>body", 999))
	z.Close()
	f("packed", "/", "Content-Type: text/html\r\nContent-Encoding: gzip", packed.String(), `server http.title "NVR 3000" :80`)
	f("packed, but not really", "/", "Content-Type: text/html\r\nContent-Encoding: gzip", "<title>no</title>")
	f("packed otherwise", "/", "Content-Type: text/html\r\nContent-Encoding: br", "<title>no</title>")
	f("too far in", "/", "Content-Type: text/html", strings.Repeat(" ", 4090)+"<title>late</title>")
	f("chunks until the connection ends", "/", "X-Y: z", "")
}

func TestChunkedTitle(t *testing.T) {
	streamtest.Check(t, 80, []string{ask, "<HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n" +
		"8\r\n<title>A\r\n8\r\nB</title\r\n1\r\n>\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nServer: next\r\n\r\n"}, dissect.HTTP,
		`server http.server "next" :80`, `server http.title "AB" :80`)
	streamtest.Check(t, 80, []string{ask, "<HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<title>until close</title>", "<more"}, dissect.HTTP,
		`server http.title "until close" :80`)
}

func TestUPnPDescription(t *testing.T) {
	xml := `<?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0"><device><friendlyName>x</friendlyName>` +
		`<manufacturer>BUFFALO INC.</manufacturer><manufacturerURL>http://x/</manufacturerURL><modelDescription>d</modelDescription>` +
		`<modelName>WXR-1750DHP</modelName><modelNumber>2.60</modelNumber><deviceList><device><modelName>inner</modelName></device></deviceList></device></root>`
	streamtest.Check(t, 2869, []string{">GET /rootDesc.xml HTTP/1.1\r\n\r\n", answer("Content-Type: text/xml", xml)}, dissect.HTTP,
		`server upnp.model "BUFFALO INC. WXR-1750DHP 2.60" :2869`)
}

func TestDPWSDescription(t *testing.T) {
	xml := `<?xml version="1.0"?><soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope" xmlns:wsdp="http://schemas.xmlsoap.org/ws/2006/02/devprof">` +
		`<soap:Body><wsdp:ThisDevice><wsdp:FriendlyName xml:lang="ja">reception</wsdp:FriendlyName></wsdp:ThisDevice><wsdp:ThisModel>` +
		`<wsdp:Manufacturer>RICOH</wsdp:Manufacturer><wsdp:ManufacturerUrl>http://x</wsdp:ManufacturerUrl><wsdp:ModelName xml:lang="ja">RICOH IM C3000</wsdp:ModelName></wsdp:ThisModel></soap:Body></soap:Envelope>`
	streamtest.Check(t, 5357, []string{">POST /uuid HTTP/1.1\r\nContent-Length: 0\r\n\r\n", answer("Content-Type: application/soap+xml", xml)}, dissect.HTTP,
		`server upnp.model "RICOH IM C3000" :5357`)
	streamtest.Check(t, 80, []string{">POST /soap HTTP/1.1\r\nContent-Length: 0\r\n\r\n", answer("Content-Type: text/xml", "<x:ModelName>nothing of a device</x:ModelName>")}, dissect.HTTP)
}

func attribute(tag byte, name, value string) string {
	return string([]byte{tag, 0, byte(len(name))}) + name + string([]byte{0, byte(len(value))}) + value
}

func ippMessage(code byte, attributes string) string {
	return "\x02\x00\x00" + string([]byte{code}) + "\x00\x00\x00\x01" + attributes + "\x03"
}

func TestIPP(t *testing.T) {
	post := func(body string) string {
		return fmt.Sprintf(">POST /ipp/print HTTP/1.1\r\nContent-Type: application/ipp\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	}
	model := "\x01" + attribute(0x47, "attributes-charset", "utf-8") + "\x04" + attribute(0x41, "printer-make-and-model", "RICOH IM C3000") + attribute(0x42, "printer-name", "secret")
	streamtest.Check(t, 631, []string{
		post(ippMessage(0x0b, "\x01")), answer("Content-Type: application/ipp", ippMessage(0, model)),
		post(ippMessage(0x02, "\x01") + strings.Repeat("document", 40)), answer("Content-Type: application/ipp", ippMessage(0, "\x01")),
		post(ippMessage(0x02, "\x01") + "document"), "<HTTP/1.1 200 OK\r\nContent-Type: application/ipp\r\nContent-Length: 9\r\n\r\n\x02\x00\x04\x06\x00\x00\x00\x01\x03",
	}, dissect.IPP,
		`server printer.model "RICOH IM C3000" :631`, `server printer.port "ipp" :631`)
}

func TestHandover(t *testing.T) {
	streamtest.Check(t, 3128, []string{
		">CONNECT mail.example:25 HTTP/1.1\r\nHost: mail.example:25\r\nProxy-Authorization: Basic dTpw\r\n\r\n",
		"<HTTP/1.1 200 Connection established\r\n\r\n", "<220 mx ESMTP Postfix\r\n", ">EHLO me\r\n",
	}, dissect.HTTP,
		`server banner.smtp "mx ESMTP Postfix" :3128`, `server login.cleartext "http-basic" <- client :3128`)
	streamtest.Check(t, 80, []string{
		">GET /chat HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
		"<HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x05hello",
	}, dissect.WebSocket)
	streamtest.Check(t, 80, []string{">PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04"}, dissect.HTTP)
}

func TestPortals(t *testing.T) {
	streamtest.Check(t, 10443, []string{">GET /remote/login?lang=ja HTTP/1.1\r\n\r\n", answer("Server: xxxxxxxx-xxxxx", "x")}, dissect.HTTP,
		`server http.server "xxxxxxxx-xxxxx" :10443`, `server vpn.service "sslvpn FortiGate" :10443`)
	streamtest.Check(t, 80, []string{ask, "<HTTP/1.1 302 Found\r\nLocation: https://vpn.example/dana-na/auth/welcome.cgi\r\n\r\n"}, dissect.HTTP,
		`server vpn.service "sslvpn Ivanti Connect Secure" :80`)
	// Somebody looking for the page on a server that does not have it.
	streamtest.Check(t, 80, []string{">GET /remote/login HTTP/1.1\r\n\r\n", "<HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"}, dissect.HTTP)
}

// A proxy is asked for other hosts' names: they are not its own.
func TestProxyHasNoNames(t *testing.T) {
	streamtest.Check(t, 3128, []string{">GET http://www.example/ HTTP/1.1\r\nHost: www.example\r\n\r\n"}, dissect.HTTP)
}

func TestGap(t *testing.T) {
	obs, _ := streamtest.Play(80, ask, "<HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc", "!<900", "<"+strings.Repeat("x", 97),
		"<HTTP/1.1 200 OK\r\nServer: after\r\nContent-Length: 10\r\n\r\n", "!<500", "<garbage", "<HTTP/1.1 200 OK\r\nServer: again\r\n\r\n")
	if got := strings.Join(streamtest.Lines(obs), "; "); got != `server http.server "after" :80; server http.server "again" :80` {
		t.Errorf("got %s", got)
	}
}

func TestNotHTTP(t *testing.T) {
	for _, turn := range []string{">GET sip:x SIP/2.0\r\n", ">OPTIONS rtsp://x RTSP/1.0\r\n\r\n", ">GET\r\n", "<HTTP/2", ">\x00GET / HTTP/1.1\r\n", ">GETX / HTTP/1.1\r\n"} {
		if _, app := streamtest.Play(80, turn); app == dissect.HTTP {
			t.Errorf("%q is taken for HTTP", turn)
		}
	}
	for _, turn := range []string{
		">GET / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", "<HTTP/1.1 abc\r\n\r\n", "<HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"<HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\nfffffffff\r\n", ">GET / HTTP/1.1\r\nAuthorization: NTLM !!!\r\n\r\n",
	} {
		streamtest.Play(80, turn, turn)
	}
}

// One connection is looked at for a bounded number of messages only.
func TestBounded(t *testing.T) {
	turns := []string{}
	for range 100 {
		turns = append(turns, ">GET /a HTTP/1.1\r\nUser-Agent: x\r\n\r\n")
	}
	obs, _ := streamtest.Play(80, turns...)
	if got := streamtest.Lines(obs); len(got) != 1 || got[0] != `client http.user_agent "x" x20` {
		t.Errorf("got %v", got)
	}
}

func FuzzWeb(f *testing.F) {
	f.Add([]byte("GET / HTTP/1.1\r\nHost: a\r\nAuthorization: NTLM TlRMTVNTUAABAAAA\r\n\r\n"), []byte("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<title>x</title>"), 9)
	f.Add([]byte("POST /ipp HTTP/1.1\r\nContent-Type: application/ipp\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n"+ippMessage(2, "")), []byte("HTTP/1.1 200 OK\r\nContent-Type: application/ipp\r\nContent-Length: 40\r\n\r\n"+ippMessage(0, attribute(0x41, "printer-make-and-model", "x"))), 70)
	f.Fuzz(func(t *testing.T, a, b []byte, cut int) {
		streamtest.Fuzz(t, web.Streams(), 80, a, b, cut)
		streamtest.Play(80, ">"+string(a), "<"+string(b), "!>5", ">"+string(a))
	})
}
