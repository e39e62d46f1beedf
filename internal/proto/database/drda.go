package database

import (
	"bytes"
	"encoding/binary"
	"strings"

	"golang.org/x/text/encoding/charmap"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// Code points of DRDA (The Open Group, DRDA volume 3).
const (
	drdaMagic  = 0xd0
	cpEXCSAT   = 0x1041
	cpEXCSATRD = 0x1443
	cpSECCHK   = 0x106e
	cpSRVRLSLV = 0x115a
	cpPASSWORD = 0x11a1
)

// matchDRDA knows the exchange of server attributes that opens a connection.
func matchDRDA(_ *dissect.Ctx, b []byte) dissect.Verdict {
	if len(b) > 2 && b[2] != drdaMagic {
		return dissect.No
	}
	if len(b) < 10 {
		return dissect.Maybe
	}
	if cp := binary.BigEndian.Uint16(b[8:]); cp == cpEXCSAT || cp == cpEXCSATRD {
		return dissect.Yes
	}
	return dissect.No
}

// drda reads the server's release and whether a password is sent readable.
type drda struct{ messages int }

// Data implements dissect.Stream.
func (d *drda) Data(c *dissect.Ctx, b []byte) (n int, more bool) {
	for len(b)-n >= 10 {
		p := b[n:]
		size := int(binary.BigEndian.Uint16(p))
		d.messages++
		if size < 10 || p[2] != drdaMagic || d.messages > maxMessages {
			return n, false
		}
		if len(p) < min(size, maxHeld) {
			d.messages--
			return n, true
		}
		d.object(c, binary.BigEndian.Uint16(p[8:]), p[10:min(size, maxHeld)])
		n += size
	}
	return n, true
}

// Gap implements dissect.Stream.
func (d *drda) Gap(*dissect.Ctx, int) bool { return false }

func (d *drda) object(c *dissect.Ctx, cp uint16, b []byte) {
	r := dissect.Read(b)
	for r.Len() >= 4 {
		size, param := int(r.U16()), r.U16()
		v := r.Bytes(size - 4)
		switch {
		case cp == cpEXCSATRD && param == cpSRVRLSLV && !c.ToServer:
			c.SayAt(model.DBServer, "db2 "+release(v))
		case cp == cpSECCHK && param == cpPASSWORD && c.ToServer:
			c.SayOf(model.CleartextLogin, "drda")
		}
	}
}

// release reads text in EBCDIC, or in ASCII as some servers send it.
func release(b []byte) string {
	b = b[:min(len(b), 64)]
	if bytes.ContainsFunc(b, func(r rune) bool { return r >= 0x80 }) {
		out, err := charmap.CodePage037.NewDecoder().Bytes(b)
		if err == nil {
			b = out
		}
	}
	return strings.TrimSpace(string(b))
}
