package banner_test

import (
	"strings"
	"testing"

	"github.com/mimawari/mimawari/internal/proto/banner"
	"github.com/mimawari/mimawari/internal/proto/dissect"
	"github.com/mimawari/mimawari/internal/proto/prototest"
	"github.com/mimawari/mimawari/internal/proto/streamtest"
)

func TestCaptures(t *testing.T) {
	f := func(name string, want ...string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			t.Helper()
			streamtest.Capture(t, "captures/ndpi/"+name, []string{"banner", "login"}, want...)
		})
	}
	f("ftp-start-tls.pcap", `10.220.50.76 banner.ftp "Authorized users only. All activity may be monitored and reported" :21`)
	f("imap-starttls.pcap", `212.227.17.186 banner.imap "IMAP server ready H migmx013 104568 IMAP-0M0Unb-1YwIOs2b5K-00uE1x" :143`)
	f("smtp-starttls.pcap", `173.194.68.26 banner.smtp "mx.google.com ESMTP s4si9696358qcc.63 - gsmtp" :25`,
		`2003:de:2016:120::a08:53 banner.smtp "jw-vm08-int-dns.webernetz.net ESMTP Postfix (Ubuntu)" :25`)
	f("smtp.pcap.gz", `172.16.114.207 banner.smtp "pigeon.eyrie.af.mil ESMTP Sendmail 8.8.7/8.8.7" :25`)
	f("ssh_unidirectional.pcap", `192.168.2.1 banner.ssh "OpenSSH_7.4p1 Debian-10+deb9u7" :22`)
	f("telnet.pcap", `192.168.0.1 banner.telnet "OpenBSD/i386 (oof) (ttyp2)" :23`, `192.168.0.1 login.cleartext "telnet" <- 192.168.0.2 :23`)
	f("pop3.pcap.gz",
		`212.227.15.166 banner.pop3 "POP server ready H mimap13 0MW5rZ-1VayeZ2jFp-00XVZd" :110`,
		`212.227.15.166 banner.pop3 "POP server ready H mimap15 0LfD5x-1VsVU4327M-00pHSn" :110`,
		`212.227.15.166 banner.pop3 "POP server ready H mimap4 0MHoUr-1VDxRD3Ui5-003eq2" :110`,
		`212.227.15.166 banner.pop3 "POP server ready H mimap8 0MHXFQ-1VDgSF1308-003NYq" :110`,
		`212.227.15.166 banner.pop3 "POP server ready H mimap9 0MK0or-1VBlin3ixZ-001RVN" :110`,
		`212.227.15.166 login.cleartext "pop3" <- 192.168.0.4 :110 x3`,
		`74.208.5.28 banner.pop3 "POP server ready H migmxus005" :110`,
		`74.208.5.28 login.cleartext "pop3" <- 143.225.229.181 :110`)
}

// TestRecognisedInCaptures covers what is only named.
func TestRecognisedInCaptures(t *testing.T) {
	f := func(name string, port uint16, want dissect.App, flows int) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			t.Helper()
			_, apps := prototest.Run(t, prototest.Shared(t, "captures/ndpi/"+name))
			n := 0
			for k, app := range apps {
				if (k.Server.Port() == port || k.Client.Port() == port) && app == want {
					n++
				}
			}
			if n != flows {
				t.Errorf("%d flows are %q, want %d", n, want, flows)
			}
		})
	}
	f("irc.pcap", 8000, dissect.IRC, 1)
	f("rsync.pcap", 873, dissect.RSync, 1)
	f("memcached.cap", 11211, dissect.Memcached, 1)
	f("mongodb.pcap", 27017, dissect.MongoDB, 4)
	f("mongodb.pcap", 30000, dissect.MongoDB, 1)
	f("mongo_false_positive.pcapng", 443, dissect.MongoDB, 0)
	f("elasticsearch.pcap", 9300, dissect.Elasticsearch, 7)
	f("rsh-syslog-false-positive.pcap", 514, dissect.RSH, 0)
}

func TestSSH(t *testing.T) {
	streamtest.Check(t, 2222, []string{"<SSH-2.0-dropbear_2019.78\r\n\x00\x00\x01", ">SSH-2.0-PuTTY_Release_0.70\r\n\x00\x01"}, dissect.SSH,
		`client banner.ssh "PuTTY_Release_0.70"`, `server banner.ssh "dropbear_2019.78" :2222`)
	streamtest.Check(t, 22, []string{"<SSH-1.99-Cisco-1.25\n", ">SSH-1.5-old\n"}, dissect.SSH,
		`client banner.ssh "SSH-1.5-old"`, `server banner.ssh "Cisco-1.25" :22`)
}

func TestFTP(t *testing.T) {
	streamtest.Check(t, 21, []string{"<220-*****\r\n220-Welcome; noon\r\n220 ready\r\n", ">USER alice\r\n", "<331 Password\r\n", ">PASS secret\r\n", "<230 ok\r\n"}, dissect.FTP,
		`server banner.ftp "Welcome" :21`, `server login.cleartext "ftp" <- client :21`)
	streamtest.Check(t, 2121, []string{"<220 FTP server\r\n", ">USER anonymous\r\n", "<331 mail address\r\n", ">PASS me@\r\n"}, dissect.FTP,
		`server banner.ftp "FTP server" :2121`)
}

func TestMail(t *testing.T) {
	streamtest.Check(t, 25, []string{
		"<220 mx ready\r\n", ">EHLO a\r\n", "<250-mx\r\n250 AUTH LOGIN PLAIN\r\n", ">AUTH LOGIN\r\n", "<334 VXNlcm5hbWU6\r\n", ">dXNlcg==\r\n", "<334 UGFzc3dvcmQ6\r\n", ">cGFzcw==\r\n",
		"<535 no\r\n", ">MAIL FROM:<x@y>\r\n", ">DATA\r\n", ">AUTH PLAIN\r\n", "<235 not an answer\r\n",
	}, dissect.SMTP,
		`server banner.smtp "mx ready" :25`, `server login.cleartext "smtp" <- client :25`)
	streamtest.Check(t, 25, []string{"<220 mx ESMTP\r\n", ">EHLO a\r\n", ">AUTH CRAM-MD5\r\n", "<334 x\r\n", ">y\r\n", "<235 ok\r\n"}, dissect.SMTP,
		`server banner.smtp "mx ESMTP" :25`)
	streamtest.Check(t, 143, []string{"<* OK [CAPABILITY IMAP4rev1] Dovecot ready.\r\n", ">a1 LOGIN bob secret\r\n", "<a1 OK in\r\n"}, dissect.IMAP,
		`server banner.imap "Dovecot ready." :143`, `server login.cleartext "imap" <- client :143`)
	streamtest.Check(t, 143, []string{"<* OK ready\r\n", ">a1 AUTHENTICATE PLAIN\r\n", "<+\r\n", ">AGJvYgBz\r\n", "<a1 NO\r\n"}, dissect.IMAP,
		`server banner.imap "ready" :143`, `server login.cleartext "imap" <- client :143`)
	streamtest.Check(t, 110, []string{"<+OK Dovecot <1896.69@x>\r\n", ">APOP bob c4c9334bac560ecc979e58001b3e22fb\r\n", "<+OK\r\n"}, dissect.POP3,
		`server banner.pop3 "Dovecot" :110`)
	streamtest.Check(t, 110, []string{"<+OK POP3\r\n", ">AUTH PLAIN\r\n", "<+ \r\n", ">AGJvYgBz\r\n", "<-ERR no\r\n"}, dissect.POP3,
		`server banner.pop3 "POP3" :110`, `server login.cleartext "pop3" <- client :110`)
}

func TestTelnet(t *testing.T) {
	negotiation := "<\xff\xfd\x18\xff\xfb\x01\xff\xfa\x18\x01\xff\xf0"
	streamtest.Check(t, 23, []string{negotiation, ">\xff\xfb\x18\xff\xfa\x18\x00xterm\xff\xf0", "<\r\nYAMAHA RTX1210\r\nrouter login: ", ">a", "<a", ">\r", "<\r\nPassword: ", ">s", ">e"}, dissect.Telnet,
		`server banner.telnet "YAMAHA RTX1210" :23`, `server login.cleartext "telnet" <- client :23`)
	streamtest.Check(t, 2000, []string{negotiation, "<switch7 login: "}, dissect.Telnet, `server banner.telnet "switch7 login:" :2000`)
	// What a person types may come back: nothing is said once the client has typed.
	streamtest.Check(t, 23, []string{negotiation, ">x", "<x echoed secret\r\nlogin: "}, dissect.Telnet)
}

func TestShellsAndSOCKS(t *testing.T) {
	streamtest.Check(t, 513, []string{">\x00bob\x00bob\x00vt100/9600\x00", "<\x00Password: "}, dissect.Rlogin, `server login.cleartext "rlogin" <- client :513`)
	streamtest.Check(t, 514, []string{">1022\x00bob\x00bob\x00uname\x00"}, dissect.RSH, `server login.cleartext "rsh" <- client :514`)
	streamtest.Check(t, 1080, []string{
		">\x05\x02\x00\x02", "<\x05\x02", ">\x01\x03bob\x03pwd", "<\x01\x00", ">\x05\x01\x00\x03\x04mail\x00\x19",
		"<\x05\x00\x00\x01\x0a\x00\x00\x01\x00\x19", "<220 mx ESMTP Exim\r\n",
	}, dissect.SOCKS,
		`server login.cleartext "socks" <- client :1080`, `server banner.smtp "mx ESMTP Exim" :1080`)
	streamtest.Check(t, 9050, []string{">\x04\x01\x00\x16\x00\x00\x00\x01me\x00host.example\x00", "<\x00\x5a\x00\x00\x00\x00\x00\x00", "<SSH-2.0-x\n"}, dissect.SOCKS,
		`server banner.ssh "x" :9050`)
}

func TestNamed(t *testing.T) {
	f := func(port uint16, app dissect.App, turns ...string) {
		t.Helper()
		streamtest.Check(t, port, turns, app)
	}
	f(5222, dissect.XMPP, "><?xml version='1.0'?><stream:stream to='x' xmlns='jabber:client'>")
	f(9418, dissect.Git, ">0032git-upload-pack /project.git\x00host=x\x00")
	f(7000, dissect.IRC, ">CAP LS 302\r\nNICK a\r\n")
	f(6667, dissect.IRC, "<:irc.x NOTICE AUTH :*** Looking up\r\n")
	f(1234, dissect.Redis, ">*1\r\n$4\r\nPING\r\n", "<+PONG\r\n")
	streamtest.Check(t, 6379, []string{">*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n", "<+OK\r\n"}, dissect.Redis, `server login.cleartext "redis" <- client :6379`)
}

func TestXMPPTurnsToTLS(t *testing.T) {
	streamtest.Check(t, 5222, []string{"><stream:stream>", "<<stream:stream><features/>", "><starttls/>", "<<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", "<SSH-2.0-stands_for_TLS\n"}, dissect.XMPP,
		`server banner.ssh "stands_for_TLS" :5222`)
}

func TestNobody(t *testing.T) {
	for _, turn := range []string{"<220", "<+OK", "<* BAD", ">\x05\x63", "<\xff\x00\x00", ">USER", "<SSHD", ">*x\r\n$", "<\x00\x00\x00\x01", ">0032git-other"} {
		if obs, app := streamtest.Play(9999, turn); app != dissect.Unknown || len(obs) > 0 {
			t.Errorf("%q is %q: %v", turn, app, obs)
		}
	}
	long := "<220 FTP " + strings.Repeat("x", 5000) + "\r\n"
	if obs, _ := streamtest.Play(21, long, "<220 next\r\n"); len(obs) > 1 {
		t.Errorf("%v", obs)
	}
}

func FuzzBanner(f *testing.F) {
	f.Add([]byte("USER a\r\nPASS b\r\nAUTH TLS\r\n"), []byte("220 FTP\r\n331 x\r\n230 y\r\n234 go\r\n"), 3)
	f.Add([]byte("\xff\xfb\x18\xff\xfa\x18\x00xterm\xff\xf0pw"), []byte("\xff\xfd\x18login: Password: "), 4)
	f.Add([]byte("\x05\x01\x02\x01\x01a\x01b\x05\x01\x00\x03\x01a\x00\x19"), []byte("\x05\x02\x01\x00\x05\x00\x00\x01\x0a\x00\x00\x01\x00\x19"), 2)
	f.Fuzz(func(t *testing.T, a, b []byte, cut int) {
		streamtest.Fuzz(t, banner.Streams(), 1080, a, b, cut)
		for _, port := range []uint16{21, 23, 25, 110, 514} {
			streamtest.Play(port, "<"+string(b), ">"+string(a), "!>5", "<"+string(b), ">"+string(a))
		}
	})
}
