package database

import (
	"bytes"
	"encoding/binary"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// Codes in the place of the protocol version, PostgreSQL documentation "Message Formats".
const (
	pgVersion3  = 3 << 16
	pgCancel    = 80877102
	pgSSL       = 80877103
	pgGSS       = 80877104
	pgCleartext = 3 // AuthenticationCleartextPassword
)

func matchPostgreSQL(c *dissect.Ctx, b []byte) dissect.Verdict {
	if !c.ToServer {
		return dissect.No
	}
	if len(b) < 8 {
		if b[0] != 0 || len(b) > 1 && b[1] != 0 {
			return dissect.No
		}
		return dissect.Maybe
	}
	size, code := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	switch {
	case size == 8 && (code == pgSSL || code == pgGSS), size == 16 && code == pgCancel:
		return dissect.Yes
	case code&^0xf == pgVersion3 && size > 8 && size < 10000 && len(b) > 8 && (b[8] >= 'a' && b[8] <= 'z' || b[8] == '_'):
		return dissect.Yes
	case code&^0xf == pgVersion3 && len(b) == 8:
		return dissect.Maybe
	}
	return dissect.No
}

// postgresql reads start-up and log-in.
type postgresql struct {
	started, asked, cleartext bool
	messages                  int
}

// Data implements dissect.Stream.
func (p *postgresql) Data(c *dissect.Ctx, b []byte) (n int, more bool) {
	for n < len(b) {
		k, more := p.message(c, b[n:])
		n += k
		if k == 0 || !more {
			return n, more
		}
	}
	return n, true
}

// Gap implements dissect.Stream.
func (p *postgresql) Gap(*dissect.Ctx, int) bool { return false }

func (p *postgresql) message(c *dissect.Ctx, b []byte) (k int, more bool) {
	head := 5 // type and length
	switch {
	case c.ToServer && !p.started:
		head = 4
	case !c.ToServer && p.asked: // one byte answers the wish for encryption
		p.asked = false
		c.Handover = b[0] == 'S'
		return 1, b[0] == 'N'
	}
	if len(b) < head {
		return 0, true
	}
	size := head - 4 + int(binary.BigEndian.Uint32(b[head-4:]))
	if size < head || size > 1<<20 {
		return 0, false
	}
	if len(b) < min(size, maxHeld) {
		return 0, true
	}
	p.messages++
	body := b[head:min(size, maxHeld)]
	switch {
	case !c.ToServer:
		more = p.answer(c, b[0], body)
	case !p.started:
		more = p.start(c, body)
	default:
		more = p.request(c, b[0])
	}
	return size, more && p.messages < maxMessages
}

// start reads a start-up message: of its parameters only the program's name.
func (p *postgresql) start(c *dissect.Ctx, b []byte) bool {
	if len(b) < 4 {
		return false
	}
	switch code := binary.BigEndian.Uint32(b); {
	case code == pgSSL || code == pgGSS:
		p.asked = true
		return true
	case code == pgCancel:
		return false
	}
	p.started = true
	f := bytes.Split(b[4:], []byte{0})
	for i := 0; i+1 < len(f); i += 2 {
		if string(f[i]) == "application_name" && len(f[i+1]) > 0 {
			c.Say(model.DBClient, dissect.View(f[i+1]))
		}
	}
	return true
}

func (p *postgresql) request(c *dissect.Ctx, typ byte) bool {
	if typ == 'p' && p.cleartext {
		c.SayOf(model.CleartextLogin, "postgresql")
		p.cleartext = false
	}
	return typ == 'p'
}

func (p *postgresql) answer(c *dissect.Ctx, typ byte, b []byte) bool {
	switch typ {
	case 'R':
		p.cleartext = len(b) == 4 && binary.BigEndian.Uint32(b) == pgCleartext
	case 'S':
		name, rest, _ := bytes.Cut(b, []byte{0})
		if string(name) == "server_version" {
			v, _, _ := bytes.Cut(rest, []byte{0})
			v, _, _ = bytes.Cut(v, []byte{' '})
			c.SayAt(model.DBServer, version(c, []byte("postgresql "), v))
		}
	case 'Z', 'E': // ready for query, or refused
		return false
	}
	return true
}
