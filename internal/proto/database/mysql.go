package database

import (
	"bytes"
	"encoding/binary"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// mysqlTLS is the capability CLIENT_SSL (MySQL internals, "Capabilities Flags").
const mysqlTLS = 0x0800

const clearPlugin = "mysql_clear_password"

// matchMySQL knows the server's greeting: length, sequence 0, protocol 10, version with an end.
func matchMySQL(c *dissect.Ctx, b []byte) dissect.Verdict {
	if c.ToServer || len(b) > 3 && b[3] != 0 || len(b) > 2 && b[2] != 0 || len(b) > 4 && b[4] != 10 {
		return dissect.No
	}
	if len(b) < 12 {
		return dissect.Maybe
	}
	v, _, ok := bytes.Cut(b[5:], []byte{0})
	if len(v) > 80 || len(v) < 3 || v[0] < '0' || v[0] > '9' || bytes.IndexByte(v, '.') < 0 {
		return dissect.No
	}
	if !ok {
		return dissect.Maybe
	}
	return dissect.Yes
}

// mysql reads the greeting and whether the log-in is encrypted or readable.
type mysql struct {
	greeted, clear bool
	messages       int
}

// Data implements dissect.Stream.
func (m *mysql) Data(c *dissect.Ctx, b []byte) (n int, more bool) {
	for len(b)-n >= 5 {
		p := b[n:]
		size := 4 + int(p[0]) + int(p[1])<<8 + int(p[2])<<16
		if len(p) < min(size, maxHeld) {
			return n, true
		}
		m.messages++
		n += size
		if size < 5 || m.messages > 8 {
			return n, false
		}
		body := p[4:min(size, maxHeld)]
		if !c.ToServer {
			more = m.answer(c, body)
		} else {
			more = m.request(c, body)
		}
		if !more {
			return n, false
		}
	}
	return n, true
}

// Gap implements dissect.Stream.
func (m *mysql) Gap(*dissect.Ctx, int) bool { return false }

func (m *mysql) answer(c *dissect.Ctx, b []byte) bool {
	switch {
	case !m.greeted:
		m.greeted = true
		v, _, _ := bytes.Cut(b[1:], []byte{0})
		product := []byte("mysql ")
		if bytes.Contains(v, []byte("MariaDB")) {
			product = []byte("mariadb ")
			v = bytes.TrimPrefix(v, []byte("5.5.5-")) // MariaDB 10 hides behind this for old clients
		}
		c.SayAt(model.DBServer, version(c, product, v))
	case b[0] == 0xfe: // authentication switch request
		m.clear = bytes.HasPrefix(b[1:], []byte(clearPlugin))
	case b[0] == 0 || b[0] == 0xff: // logged in, or refused
		return false
	}
	return true
}

func (m *mysql) request(c *dissect.Ctx, b []byte) bool {
	if m.clear {
		c.SayOf(model.CleartextLogin, "mysql")
		return false
	}
	if len(b) >= 4 && len(b) <= 36 && binary.LittleEndian.Uint32(b)&mysqlTLS != 0 { // SSL request: a log-in is longer
		c.Handover = true
		return false
	}
	if bytes.Contains(b, []byte(clearPlugin)) {
		c.SayOf(model.CleartextLogin, "mysql")
		return false
	}
	return true
}
