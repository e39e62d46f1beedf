package banner

import (
	"bytes"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

func matchSMTP(c *dissect.Ctx, b []byte) dissect.Verdict {
	if c.ToServer {
		return anyPrefix(b, "EHLO ", "HELO ", "LHLO ")
	}
	return greeting(c, b, "SMTP", "FTP", 25, 587, 2525)
}

// smtp reads the start of a mail session, RFC 5321, and ends before mail is sent.
type smtp struct {
	greeted, tls, auth bool
}

func (s *smtp) line(c *dissect.Ctx, line []byte) step {
	if c.ToServer {
		return s.command(c, line)
	}
	if len(line) < 4 {
		return goOn
	}
	switch code := string(line[:3]); {
	case code == "220" && s.tls:
		return handOver
	case code == "220" && !s.greeted:
		s.greeted = say(c, model.BannerSMTP, line[4:])
	case s.auth && (code == "235" || code == "535"): // taken or refused, but sent
		c.SayTo(model.CleartextLogin, "smtp")
		s.auth = false
	}
	return goOn
}

func (s *smtp) command(_ *dissect.Ctx, line []byte) step {
	switch {
	case begins(line, "STARTTLS"):
		s.tls = true
	case begins(line, "AUTH PLAIN"), begins(line, "AUTH LOGIN"): // RFC 4954; the others do not send the password itself
		s.auth = true
	case begins(line, "DATA"), begins(line, "BDAT"):
		return stop
	}
	return goOn
}

func matchPOP3(c *dissect.Ctx, b []byte) dissect.Verdict {
	if c.ToServer {
		if v := hasPrefix(b, "APOP "); v != dissect.No {
			return v
		}
		v := anyPrefix(b, "CAPA\r\n", "STLS\r\n", "USER ", "AUTH\r\n")
		if v == dissect.Yes && !atHome(c, 110) {
			return dissect.Maybe
		}
		return v
	}
	v := anyPrefix(b, "+OK ", "+OK\r\n", "-ERR ")
	line, _, _ := bytes.Cut(b, []byte{'\n'})
	if v == dissect.Yes && !atHome(c, 110) && !contains(line, "pop") {
		return dissect.Maybe // Redis answers like this too
	}
	return v
}

// pop3 reads RFC 1939 up to the log-in.
type pop3 struct {
	greeted, tls, pass, auth bool
}

func (p *pop3) line(c *dissect.Ctx, line []byte) step {
	if !c.ToServer {
		return p.answer(c, line)
	}
	switch {
	case begins(line, "STLS"):
		p.tls = true
	case begins(line, "PASS"):
		c.SayOf(model.CleartextLogin, "pop3")
		p.pass = true
	case begins(line, "AUTH PLAIN"), begins(line, "AUTH LOGIN"):
		p.auth = true
	case begins(line, "APOP"):
		p.pass = true
	case begins(line, "RETR"), begins(line, "TOP"):
		return stop
	}
	return goOn
}

func (p *pop3) answer(c *dissect.Ctx, line []byte) step {
	ok, failed := begins(line, "+OK"), begins(line, "-ERR")
	switch {
	case ok && p.tls:
		return handOver
	case ok && !p.greeted:
		p.greeted = true
		say(c, model.BannerPOP3, line[3:])
	case p.auth && (ok || failed):
		c.SayTo(model.CleartextLogin, "pop3")
		return stop
	case p.pass && ok:
		return stop
	}
	return goOn
}

func matchIMAP(c *dissect.Ctx, b []byte) dissect.Verdict {
	if c.ToServer {
		return dissect.No
	}
	return anyPrefix(b, "* OK ", "* PREAUTH ")
}

// imap reads RFC 9051 up to the log-in.
type imap struct {
	greeted, tls, login, auth bool
}

func (m *imap) line(c *dissect.Ctx, line []byte) step {
	tag, rest, _ := bytes.Cut(line, []byte{' '})
	if !c.ToServer {
		return m.answer(c, tag, rest)
	}
	switch {
	case begins(rest, "STARTTLS"):
		m.tls = true
	case begins(rest, "LOGIN"):
		c.SayOf(model.CleartextLogin, "imap")
		m.login = true
	case begins(rest, "AUTHENTICATE PLAIN"), begins(rest, "AUTHENTICATE LOGIN"):
		m.auth = true
	case begins(rest, "SELECT"), begins(rest, "EXAMINE"), begins(rest, "FETCH"):
		return stop
	}
	return goOn
}

func (m *imap) answer(c *dissect.Ctx, tag, rest []byte) step {
	star := string(tag) == "*"
	ok, no := begins(rest, "OK"), begins(rest, "NO")
	switch {
	case star && ok && !m.greeted:
		m.greeted = true
		text := bytes.TrimSpace(rest[2:])
		if len(text) > 0 && text[0] == '[' { // capabilities, RFC 9051 section 7.1
			_, text, _ = bytes.Cut(text, []byte{']'})
		}
		say(c, model.BannerIMAP, text)
	case star, string(tag) == "+":
	case ok && m.tls:
		return handOver
	case m.auth && (ok || no):
		c.SayTo(model.CleartextLogin, "imap")
		return stop
	case m.login && ok:
		return stop
	}
	return goOn
}
