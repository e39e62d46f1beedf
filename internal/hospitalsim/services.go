package hospitalsim

import (
	"fmt"
	"net/netip"
	"strings"
)

const chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"

// web is one page read without encryption.
func (w *world) web(at int64, c, s *machine, port uint16, host, path, agent, server, name string, size int) int64 {
	t := w.dial(at, c, s, port)
	page := "<html><head><title>" + name + "</title></head><body>" + strings.Repeat("<p>-</p>", size/8) + "</body></html>"
	t.talk(fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: %s\r\nAccept: */*\r\n\r\n", path, host, agent),
		fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nServer: %s\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s", server, len(page), page))
	return t.bye()
}

// ipp is a PC asking a printer what it is (RFC 8011) and printing a page.
func (w *world) ipp(at int64, c, s *machine) int64 {
	attr := func(tag byte, name, value string) []byte {
		return be(tag, u16(len(name)), name, u16(len(value)), value)
	}
	id := w.rng.Uint32() >> 1
	uri := "ipp://" + s.ip.String() + "/ipp/print"
	head := be(uint8(1), attr(0x47, "attributes-charset", "utf-8"), attr(0x48, "attributes-natural-language", "ja"))
	ask := be(uint8(1), uint8(1), uint16(0x000b), id, head, attr(0x45, "printer-uri", uri), attr(0x44, "requested-attributes", "printer-make-and-model"), uint8(3))
	maker := "FUJIFILM "
	if s.row.maker == "リコー" {
		maker = "RICOH "
	}
	tell := be(uint8(1), uint8(1), uint16(0), id, head, uint8(4), attr(0x41, "printer-make-and-model", maker+s.row.model), uint8(3))
	post := func(b []byte) []byte {
		return be(fmt.Sprintf("POST /ipp/print HTTP/1.1\r\nHost: %s:631\r\nContent-Type: application/ipp\r\nUser-Agent: Internet Print Provider\r\nContent-Length: %d\r\n\r\n", s.ip, len(b)), b)
	}
	t := w.dial(at, c, s, 631)
	t.talk(post(ask), be(fmt.Sprintf("HTTP/1.1 200 OK\r\nServer: embedded\r\nContent-Type: application/ipp\r\nContent-Length: %d\r\n\r\n", len(tell)), tell))
	return t.bye()
}

// jet is a print job on port 9100 with PJL around it.
func (w *world) jet(at int64, c, s *machine, size int) int64 {
	maker := "FUJIFILM "
	if s.row.maker == "リコー" {
		maker = "RICOH "
	}
	t := w.dial(at, c, s, 9100)
	t.talk([]byte("\x1b%-12345X@PJL INFO ID\r\n"), []byte("@PJL INFO ID\r\n\""+maker+s.row.model+"\"\r\n\x0c"))
	t.say(toServer, be("\x1b%-12345X@PJL JOB\r\n@PJL SET COPIES=1\r\n@PJL ENTER LANGUAGE=PCLXL\r\n", w.noise(size), "\x1b%-12345X@PJL EOJ\r\n\x1b%-12345X"))
	return t.bye()
}

// sipMessage is a request or a reply (RFC 3261).
func sipMessage(first string, a, b *machine, method string, serial uint64, more string) []byte {
	return fmt.Appendf(nil, "%s\r\nVia: SIP/2.0/UDP %s:5060;branch=z9hG4bK%x\r\nFrom: <sip:%s@%s>;tag=%x\r\nTo: <sip:%s@%s>\r\nCall-ID: %x@%s\r\nCSeq: 1 %s\r\n%s\r\n",
		first, a.ip, serial, a.name, b.ip, serial, a.name, b.ip, serial, a.ip, method, more)
}

const phoneAgent = "Yealink SIP-T33G 124.86.0.75"

// registerPhone is a telephone logging in at the exchange.
func (w *world) registerPhone(at int64, m *machine) int64 {
	pbx, n := w.town.of("PBX01"), w.serial
	return w.askFrom(at, m, pbx, 5060, 5060, sipMessage("REGISTER sip:"+pbx.ip.String()+" SIP/2.0", m, pbx, "REGISTER", n, "User-Agent: "+phoneAgent+"\r\nExpires: 3600\r\nContent-Length: 0\r\n"),
		sipMessage("SIP/2.0 200 OK", m, pbx, "REGISTER", n, "Server: Asterisk PBX 18.20.0\r\nContent-Length: 0\r\n"))
}

// call is a short talk between two telephones over the exchange: ten packets of voice a second are enough to look real.
func (w *world) call(at int64, a, b *machine) {
	pbx, n := w.town.of("PBX01"), w.serial
	sdp := fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\nm=audio 11780 RTP/AVP 0\r\n", a.ip, a.ip)
	at = w.askFrom(at, a, pbx, 5060, 5060, sipMessage("INVITE sip:"+b.name+"@"+pbx.ip.String()+" SIP/2.0", a, pbx, "INVITE", n,
		fmt.Sprintf("User-Agent: %s\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", phoneAgent, len(sdp), strings.TrimSuffix(sdp, "\r\n"))),
		sipMessage("SIP/2.0 200 OK", a, pbx, "INVITE", n, "Server: Asterisk PBX 18.20.0\r\nContent-Length: 0\r\n"))
	ssrc, p := w.rng.Uint32(), both(a, b)
	for i := range 40 {
		at += 20e6
		for dir := range p {
			w.datagram(at+int64(dir)*3e6, p[dir], 11780, 11780, be(uint8(0x80), uint8(0), u16(i), u32(i*160), ssrc+uint32(dir), w.noise(160)))
		}
	}
	w.askFrom(at+4e6, a, pbx, 5060, 5060, sipMessage("BYE sip:"+pbx.ip.String()+" SIP/2.0", a, pbx, "BYE", n, "Content-Length: 0\r\n"),
		sipMessage("SIP/2.0 200 OK", a, pbx, "BYE", n, "Content-Length: 0\r\n"))
}

// watch is the recorder looking through a camera for a moment (RFC 2326).
func (w *world) watch(at int64, c, s *machine) int64 {
	t := w.dial(at, c, s, 554)
	url := "rtsp://" + s.ip.String() + "/axis-media/media.amp"
	sdp := "v=0\r\nm=video 0 RTP/AVP 96\r\n"
	t.talk(fmt.Appendf(nil, "OPTIONS %s RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: NVR\r\n\r\n", url),
		[]byte("RTSP/1.0 200 OK\r\nCSeq: 1\r\nServer: GStreamer RTSP server\r\nPublic: OPTIONS, DESCRIBE, SETUP, PLAY\r\n\r\n"))
	t.talk(fmt.Appendf(nil, "DESCRIBE %s RTSP/1.0\r\nCSeq: 2\r\n\r\n", url),
		fmt.Appendf(nil, "RTSP/1.0 200 OK\r\nCSeq: 2\r\nServer: GStreamer RTSP server\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", len(sdp), sdp))
	t.talk(fmt.Appendf(nil, "PLAY %s RTSP/1.0\r\nCSeq: 3\r\nSession: 1\r\n\r\n", url), []byte("RTSP/1.0 200 OK\r\nCSeq: 3\r\nSession: 1\r\n\r\n"))
	for i := range 12 {
		t.wait(40e6)
		t.say(toClient, be("$", uint8(0), uint16(1212), uint8(0x80), uint8(96), u16(i), u32(i*3000), uint32(1), w.noise(1200)))
	}
	return t.bye()
}

// telnet is somebody at the command line of a switch, readable on the way (RFC 854).
func (w *world) telnet(at int64, c, s *machine) int64 {
	t := w.dial(at, c, s, 23)
	t.say(toClient, []byte{0xff, 0xfb, 1, 0xff, 0xfb, 3, 0xff, 0xfd, 0x18})
	t.say(toServer, []byte{0xff, 0xfd, 1, 0xff, 0xfd, 3, 0xff, 0xfb, 0x18})
	t.say(toClient, []byte("\r\n"+s.name+" login: "))
	for _, line := range []string{"manager", "secret"} {
		for _, r := range line + "\r" {
			t.wait(90e6 + w.upTo(150e6))
			t.say(toServer, []byte{byte(r)})
			t.ack()
		}
		t.say(toClient, []byte("\r\nPassword: "))
	}
	t.say(toClient, []byte("\r\n"+s.name+"> "))
	for _, line := range []string{"show interface status\r", "exit\r"} {
		t.wait(1e9 + w.upTo(3e9))
		t.talk([]byte(line), []byte(strings.Repeat("port1.0.1   connected   10   a-full  a-1000  1000BASE-T\r\n", 12)))
	}
	return t.bye()
}

// ftp is a login with a readable password and the list of a folder (RFC 959).
func (w *world) ftp(at int64, c, s *machine) int64 {
	t := w.dial(at, c, s, 21)
	t.say(toClient, []byte("220 TeraStation FTP server ready.\r\n"))
	for _, l := range [][2]string{
		{"USER image", "331 Password required for image."},
		{"PASS secret", "230 User image logged in."},
		{"TYPE I", "200 Type set to I"},
		{"CWD /share/temp", "250 CWD command successful"},
		{"QUIT", "221 Goodbye."},
	} {
		t.wait(w.upTo(3e8))
		t.talk([]byte(l[0]+"\r\n"), []byte(l[1]+"\r\n"))
	}
	return t.bye()
}

// remoteDesktop is a login by RDP: connection request and confirm (MS-RDPBCGR 2.2.1.1, 2.2.1.2), then TLS.
func (w *world) remoteDesktop(at int64, c, s *machine, size int) int64 {
	t := w.dial(at, c, s, 3389)
	cookie := "Cookie: mstshash=user\r\n"
	ask := be(uint8(0xe0), uint16(0), uint16(0), uint8(0), cookie, le(uint8(1), uint8(0), uint16(8), uint32(3)))
	tell := be(uint8(0xd0), uint16(0), uint16(0x1234), uint8(0), le(uint8(2), uint8(0x1f), uint16(8), uint32(2)))
	tpkt := func(b []byte) []byte { return be(uint8(3), uint8(0), u16(len(b)+5), u8(len(b)), b) }
	t.talk(tpkt(ask), tpkt(tell))
	t.talk(w.clientHello("remote."+domain), w.serverHello())
	for size > 0 {
		t.wait(w.upTo(400e6))
		t.talk(w.secret(120), w.secret(4000))
		size -= 4000
	}
	return t.bye()
}

// wireGuard is a tunnel: handshake, then data (Donenfeld, "WireGuard", section 5.4).
func (w *world) wireGuard(at int64, c, s *machine, packets int) {
	index := w.rng.Uint32()
	sport := uint16(51820)
	w.askFrom(at, c, s, sport, 51820, le(uint32(1), index, w.noise(140)), le(uint32(2), index+1, index, w.noise(80)))
	p := both(c, s)
	for i := range packets {
		at += 30e6 + int64(w.upTo(400e6))
		h := p[i%2]
		w.datagram(at, h, sport, 51820, le(uint32(4), index+uint32(i%2), uint64(i/2), w.noise(16*(2+w.rng.IntN(60)))))
	}
}

// ssdp is a device looking for, or telling of, UPnP services.
func (w *world) ssdp(at int64, m *machine, server, typ string) {
	w.shout(at, m, ssdpGroup, m.port(), 1900, fmt.Appendf(nil, "NOTIFY * HTTP/1.1\r\nHost: 239.255.255.250:1900\r\nCache-Control: max-age=1800\r\nLocation: http://%s:49152/desc.xml\r\nNT: %s\r\nNTS: ssdp:alive\r\nServer: %s\r\nUSN: uuid:00000000-0000-0000-0000-%s::%s\r\n\r\n",
		m.ip, typ, server, strings.ReplaceAll(m.mac.String(), ":", ""), typ))
}

// other gives any machine of a list but m.
func (w *world) other(list []*machine, m *machine) *machine {
	for {
		if x := list[w.rng.IntN(len(list))]; x != m {
			return x
		}
	}
}

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }
