package notify

import (
	"context"
	"crypto/tls"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// checkSyslog: datagrams and plain TCP have no secrets to lose, but there is nothing to say to an authority either.
func checkSyslog(v values) []Problem {
	if v["ca"] != "" && v["transport"] != "tls" {
		return []Problem{{Field: "ca", Code: "only_tls"}}
	}
	return nil
}

// sendSyslog sends one line per finding, so that a collector can count them; a message without findings is one line. Syslog
// has no answer: "sent" means handed to the network.
func sendSyslog(ctx context.Context, v values, d model.Delivery) error {
	c, err := dialSyslog(ctx, v)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }() // what was written is written
	if t, ok := ctx.Deadline(); ok {
		if err := c.SetWriteDeadline(t); err != nil {
			return network(err, v["host"])
		}
	}
	for _, m := range syslogLines(d, hostname(), time.Now()) {
		if v["transport"] == "udp" {
			m = datagram(m)
		} else {
			m = strconv.Itoa(len(m)) + " " + m // RFC 6587 3.4.1, RFC 5425: octet counting
		}
		if _, err := c.Write([]byte(m)); err != nil {
			return network(err, v["host"])
		}
	}
	return nil
}

func dialSyslog(ctx context.Context, v values) (c net.Conn, err error) {
	address := net.JoinHostPort(v["host"], v["port"])
	switch v["transport"] {
	case "udp", "tcp":
		c, err = (&net.Dialer{}).DialContext(ctx, v["transport"], address)
	default:
		var cfg *tls.Config
		if cfg, err = tlsConfig(v["ca"], v["host"]); err != nil {
			return nil, err
		}
		c, err = (&tls.Dialer{Config: cfg}).DialContext(ctx, "tcp", address)
	}
	if err != nil {
		return nil, network(err, v["host"])
	}
	return c, nil
}

// maxDatagram is what fits into one packet of an Ethernet with IPv6 (RFC 5426 3.2).
const maxDatagram = 1400

// datagram shortens a message to what fits, not in the middle of a character.
func datagram(m string) string {
	if len(m) <= maxDatagram {
		return m
	}
	m = m[:maxDatagram]
	return strings.ToValidUTF8(m, "")
}

// facility is "log audit" (RFC 5424, 6.2.1).
const facility = 13

// levels are the severities of syslog and of CEF for ours.
var levels = map[model.Severity]struct{ syslog, cef int }{
	model.Info: {6, 1}, model.Low: {5, 3}, model.Medium: {4, 5}, model.High: {3, 8}, model.Critical: {2, 10},
}

func syslogLines(d model.Delivery, host string, now time.Time) (out []string) {
	head := func(s model.Severity) string {
		pri := facility*8 + levels[s].syslog
		return "<" + strconv.Itoa(pri) + ">1 " + now.UTC().Format("2006-01-02T15:04:05.000000Z") + " " + host + " mimawari " + strconv.Itoa(os.Getpid()) + " " + d.Kind + " - "
	}
	for _, x := range d.Notice.Items {
		out = append(out, head(x.Severity)+cef(x.Rule, x.Title, x.Severity, d,
			"cat", string(x.State), "externalId", x.Finding, "msg", strings.TrimSpace(x.Todo+" "+x.Why)))
	}
	if len(out) == 0 {
		s := model.Info
		if d.Kind == Stopped || d.Kind == Undelivered {
			s = model.Critical
		}
		out = append(out, head(s)+cef("mimawari."+d.Kind, d.Notice.Subject, s, d, "msg", strings.Join(d.Notice.Intro, " ")))
	}
	return out
}

// cef is an event in ArcSight's Common Event Format, version 0.
func cef(class, name string, s model.Severity, d model.Delivery, extension ...string) string {
	b := strings.Join([]string{"CEF:0", "Mimawari", "Mimawari", "1", cefHead(class), cefHead(name), strconv.Itoa(levels[s].cef)}, "|") + "|"
	pairs := append([]string{"rt", strconv.FormatInt(d.Made.UnixMilli(), 10), "deviceExternalId", d.ID}, extension...)
	if d.Notice.Institution != "" {
		pairs = append(pairs, "dvchost", d.Notice.Institution)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if i > 0 {
			b += " "
		}
		b += pairs[i] + "=" + cefValue(pairs[i+1])
	}
	return b
}

// In the head the bar ends a field, in the extension the equals sign makes one; the backslash quotes. No line end gets in.
var (
	cefHeadEscape  = strings.NewReplacer(`\`, `\\`, `|`, `\|`)
	cefValueEscape = strings.NewReplacer(`\`, `\\`, `=`, `\=`)
)

func cefHead(s string) string  { return cefHeadEscape.Replace(line(s)) }
func cefValue(s string) string { return cefValueEscape.Replace(text(s)) }

// hostname is the name of this machine as RFC 5424 wants it: printable ASCII without spaces, "-" if there is none.
func hostname() string {
	name, err := os.Hostname()
	name = strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return -1
		}
		return r
	}, name)
	if err != nil || name == "" {
		return "-"
	}
	return cutBytes(name, 255)
}

func cutBytes(s string, n int) string { return s[:min(len(s), n)] }
