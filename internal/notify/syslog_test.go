package notify

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/leodido/go-syslog/v4"
	"github.com/leodido/go-syslog/v4/octetcounting"
	"github.com/leodido/go-syslog/v4/rfc5424"

	"github.com/mimawari/mimawari/internal/model"
)

// cefEvent takes an event apart as a collector does: six bars that are not quoted, then key=value.
func cefEvent(t *testing.T, s string) (head []string, extension map[string]string) {
	t.Helper()
	var field strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case len(head) == 7:
		case s[i] == '\\':
			i++
			field.WriteByte(s[i])
			continue
		case s[i] == '|':
			head = append(head, field.String())
			field.Reset()
			continue
		}
		field.WriteByte(s[i])
	}
	extension = map[string]string{}
	rest := field.String()
	keys := regexp.MustCompile(`(?:^| )([A-Za-z0-9]+)=`).FindAllStringSubmatchIndex(rest, -1)
	for i, k := range keys {
		end := len(rest)
		if i+1 < len(keys) {
			end = keys[i+1][0]
		}
		extension[rest[k[2]:k[3]]] = strings.NewReplacer(`\=`, "=", `\\`, `\`).Replace(rest[k[1]:end])
	}
	return head, extension
}

// checkSyslogMessage wants valid RFC 5424 with one whole CEF event about the hostile machine.
func checkSyslogMessage(t *testing.T, m syslog.Message) {
	t.Helper()
	x, ok := m.(*rfc5424.SyslogMessage)
	if !ok || !x.Valid() || x.Appname == nil || *x.Appname != "mimawari" || x.Message == nil || *x.Facility != facility || *x.Severity != 2 || *x.MsgID != UrgentKind {
		t.Fatalf("%+v", m)
	}
	if strings.ContainsAny(*x.Message, "\r\n\x00\x1b") {
		t.Fatalf("%q", *x.Message)
	}
	head, ext := cefEvent(t, *x.Message)
	if len(head) != 7 || head[0] != "CEF:0" || head[1] != "Mimawari" || head[4] != "inventory.unknown_host" || head[6] != "10" {
		t.Fatalf("%q", head)
	}
	if !strings.Contains(head[5], "|") || !strings.Contains(head[5], `\`) {
		t.Fatalf("the name was lost: %q", head[5])
	}
	if ext["externalId"] != "f-1" || ext["cat"] != "open" || !strings.HasPrefix(ext["deviceExternalId"], "n-") || ext["msg"] == "" {
		t.Fatalf("%q", ext)
	}
}

func TestSyslogOverUDP(t *testing.T) {
	l, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.LocalAddr().String())
	d := hostileDelivery(3)
	if err := sendSyslog(t.Context(), values{"host": "127.0.0.1", "port": port, "transport": "udp"}, d); err != nil {
		t.Fatal(err)
	}
	p := rfc5424.NewParser()
	for range 3 {
		b := make([]byte, 65536)
		if err := l.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
			t.Fatal(err)
		}
		n, _, err := l.ReadFrom(b)
		if err != nil || n > maxDatagram {
			t.Fatalf("%d bytes, %v", n, err)
		}
		m, err := p.Parse(b[:n])
		if err != nil {
			t.Fatalf("%v in %q", err, b[:n])
		}
		checkSyslogMessage(t, m)
	}
}

func TestSyslogOverTCPAndTLS(t *testing.T) {
	cert, ca := certificate(t)
	for _, transport := range []string{"tcp", "tls"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		v := values{"host": "127.0.0.1", "transport": transport}
		_, v["port"], _ = net.SplitHostPort(l.Addr().String())
		if transport == "tls" {
			v["ca"] = ca
			l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{cert}})
		}
		got := make(chan []syslog.Message, 1)
		go func() { got <- readOctets(l) }()
		if err := sendSyslog(t.Context(), v, hostileDelivery(10)); err != nil {
			t.Fatal(err)
		}
		ms := <-got
		if len(ms) != 10 {
			t.Fatalf("%s: %d messages", transport, len(ms))
		}
		for _, m := range ms {
			checkSyslogMessage(t, m)
		}
		l.Close()
	}
}

func readOctets(l net.Listener) (out []syslog.Message) {
	c, err := l.Accept()
	if err != nil {
		return nil
	}
	defer c.Close()
	p := octetcounting.NewParser(syslog.WithListener(func(r *syslog.Result) {
		if r.Error == nil {
			out = append(out, r.Message)
		}
	}))
	p.Parse(bufio.NewReader(io.LimitReader(c, 1<<20)))
	return out
}

// What has no findings is one line, and the gravest if nobody looks any more.
func TestSyslogOfThePatrolItself(t *testing.T) {
	w := japanese()
	p := planner{channel: model.Channel{ID: "c-1"}, now: noon, words: w}
	lines := syslogLines(p.delivery(Stopped, "p-1", w.stopped(noon)), "host", noon)
	if len(lines) != 1 || !strings.HasPrefix(lines[0], "<"+strconv.Itoa(facility*8+2)+">1 2026-11-25T12:00:00.000000Z host mimawari ") {
		t.Fatalf("%q", lines)
	}
	if _, err := rfc5424.NewParser().Parse([]byte(lines[0])); err != nil {
		t.Fatal(err)
	}
	if head, _ := cefEvent(t, lines[0][strings.Index(lines[0], "CEF:"):]); head[4] != "mimawari.stopped" || head[6] != "10" {
		t.Fatalf("%q", head)
	}
	long := datagram(strings.Repeat("長い", 2000))
	if len(long) > maxDatagram || strings.Contains(long, "\uFFFD") {
		t.Fatal(len(long))
	}
}

func TestSyslogTroubles(t *testing.T) {
	d := hostileDelivery(1)
	wantsTrouble(t, sendSyslog(t.Context(), values{"host": "127.0.0.1", "port": "1", "transport": "tcp"}, d), "notify_unreachable")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cert, _ := certificate(t)
	tl := tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{cert}})
	go func() {
		if c, err := tl.Accept(); err == nil {
			_, _ = io.Copy(io.Discard, c)
			c.Close()
		}
	}()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	wantsTrouble(t, sendSyslog(t.Context(), values{"host": "127.0.0.1", "port": port, "transport": "tls"}, d), "notify_certificate")
}
