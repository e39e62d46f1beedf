package banner

import (
	"bytes"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/charset"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// matchFTP tells a greeting from that of SMTP, which has the same code: by its text, by the port, or else by what the
// client says next.
func matchFTP(c *dissect.Ctx, b []byte) dissect.Verdict {
	if c.ToServer {
		if v := anyPrefix(b, "AUTH TLS", "AUTH SSL", "FEAT\r\n", "SYST\r\n", "OPTS UTF8", "PORT ", "PASV\r\n", "EPSV\r\n"); v != dissect.No {
			return v
		}
		if v := hasPrefix(b, "USER "); v != dissect.Yes || atHome(c, 21) {
			return v
		}
		return dissect.Maybe
	}
	return greeting(c, b, "FTP", "SMTP", 21)
}

// greeting judges "220 text": word speaks for the protocol, other against it.
func greeting(c *dissect.Ctx, b []byte, word, other string, ports ...uint16) dissect.Verdict {
	if v := anyPrefix(b, "220 ", "220-"); v != dissect.Yes {
		return v
	}
	line, _, whole := bytes.Cut(b, []byte{'\n'})
	switch {
	case contains(line, other):
		return dissect.No
	case contains(line, word), whole && atHome(c, ports...):
		return dissect.Yes
	}
	return dissect.Maybe
}

// ftp reads the control connection, RFC 959, with TLS after RFC 4217.
type ftp struct {
	greeted, anonymous, tls bool
}

func (f *ftp) line(c *dissect.Ctx, line []byte) step {
	if c.ToServer {
		return f.command(c, line)
	}
	if len(line) < 4 {
		return goOn
	}
	switch code := string(line[:3]); {
	case code == "220" && !f.greeted:
		f.greeted = say(c, model.BannerFTP, line[4:])
	case code == "234" && f.tls:
		return handOver
	case code == "230" && line[3] == ' ':
		return stop
	}
	return goOn
}

func (f *ftp) command(c *dissect.Ctx, line []byte) step {
	switch {
	case begins(line, "AUTH TLS"), begins(line, "AUTH SSL"), begins(line, "AUTH TLS-C"), begins(line, "AUTH TLS-P"):
		f.tls = true
	case begins(line, "USER"):
		f.anonymous = begins(line, "USER anonymous") || begins(line, "USER ftp")
	case begins(line, "PASS") && !f.anonymous:
		c.SayOf(model.CleartextLogin, "ftp")
	}
	return goOn
}

// say records the first line of a greeting that says something, without what differs each time: a time of day after a
// semicolon (sendmail, Exchange), the challenge of APOP in angle brackets (RFC 1939 section 7).
func say(c *dissect.Ctx, k model.Kind, text []byte) bool {
	if i := bytes.IndexByte(text, ';'); i > 0 {
		text = text[:i]
	}
	if i := bytes.IndexByte(text, '<'); i >= 0 && bytes.IndexByte(text[i:], '@') > 0 {
		text = text[:i]
	}
	text = bytes.Trim(text, " *-=#_\t\"")
	if len(text) == 0 {
		return false
	}
	c.SayAt(k, charset.Guess(text))
	return true
}
