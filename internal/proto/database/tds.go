package database

import (
	"encoding/binary"
	"strconv"
	"unicode/utf16"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
	"github.com/mimawari/mimawari/internal/proto/windows"
)

// Packet types of MS-TDS section 2.2.3.1.1.
const (
	tdsAnswer   = 0x04
	tdsLogin7   = 0x10
	tdsPrelogin = 0x12
	tdsHeader   = 8
)

// matchTDS knows PRELOGIN, the first message since SQL Server 2005, and its answer.
func matchTDS(c *dissect.Ctx, b []byte) dissect.Verdict {
	if b[0] != tdsPrelogin && (c.ToServer || b[0] != tdsAnswer) || len(b) > 1 && b[1] > 1 {
		return dissect.No
	}
	if len(b) < tdsHeader+5 {
		return dissect.Maybe
	}
	size, first := int(binary.BigEndian.Uint16(b[2:])), b[tdsHeader:]
	offset, length := int(binary.BigEndian.Uint16(first[1:])), int(binary.BigEndian.Uint16(first[3:]))
	if size < tdsHeader+6 || size > 4096 || first[0] != 0 || offset < 6 || offset > size || length != 6 {
		return dissect.No
	}
	return dissect.Yes
}

// tds reads PRELOGIN and, if it is not encrypted, LOGIN7.
type tds struct {
	messages   int
	integrated bool // the log-in is Windows', so NTLM messages follow
}

// Data implements dissect.Stream.
func (t *tds) Data(c *dissect.Ctx, b []byte) (n int, more bool) {
	for len(b)-n >= tdsHeader {
		p := b[n:]
		size := int(binary.BigEndian.Uint16(p[2:]))
		t.messages++
		if size < tdsHeader || t.messages > maxMessages {
			return n, false
		}
		if len(p) < min(size, maxHeld) {
			t.messages--
			return n, true
		}
		p = p[tdsHeader:min(size, maxHeld)]
		switch typ := b[n]; {
		case typ == tdsAnswer && !c.ToServer && t.integrated:
			windows.NTLM(c, p)
			return n + size, false
		case typ == tdsAnswer && !c.ToServer:
			prelogin(c, p)
		case typ == tdsLogin7 && c.ToServer:
			if t.integrated = login7(c, p); !t.integrated {
				return n + size, false
			}
		case typ == tdsPrelogin && len(p) > 0 && p[0] == 0x16: // TLS in TDS packets, section 2.2.6.5
			return n + size, false
		}
		n += size
	}
	return n, true
}

// Gap implements dissect.Stream.
func (t *tds) Gap(*dissect.Ctx, int) bool { return false }

// prelogin reads the VERSION option of the server's answer, section 2.2.6.5.
func prelogin(c *dissect.Ctx, b []byte) {
	if len(b) < 6 || b[0] != 0 {
		return
	}
	offset := int(binary.BigEndian.Uint16(b[1:]))
	if offset+4 > len(b) {
		return
	}
	v := append(c.Scratch(), "mssql "...)
	v = strconv.AppendUint(v, uint64(b[offset]), 10)
	v = strconv.AppendUint(append(v, '.'), uint64(b[offset+1]), 10)
	v = strconv.AppendUint(append(v, '.'), uint64(binary.BigEndian.Uint16(b[offset+2:])), 10)
	c.SayAt(model.DBServer, dissect.View(v))
}

// LOGIN7, section 2.2.6.4: offsets of the fixed part. The password is only obfuscated (nibbles swapped, XOR 0xA5).
const (
	loginFlags2   = 25
	loginHost     = 36
	loginPassword = 44
	loginProgram  = 48
	windowsLogin  = 0x80 // of OptionFlags2: no password
)

// login7 reads names of host and program, and says whether the log-in is Windows'.
func login7(c *dissect.Ctx, b []byte) (integrated bool) {
	if len(b) < 60 {
		return false
	}
	if s := loginText(b, loginHost); s != "" {
		c.Say(model.DBClient, s)
	}
	if s := loginText(b, loginProgram); s != "" {
		c.Say(model.DBClient, s)
	}
	if b[loginFlags2]&windowsLogin != 0 {
		windows.NTLM(c, b)
		return true
	}
	if binary.LittleEndian.Uint16(b[loginPassword+2:]) > 0 {
		c.SayOf(model.CleartextLogin, "tds")
	}
	return false
}

// loginText is the UTF-16 text whose offset and length stand at i.
func loginText(b []byte, i int) string {
	r := dissect.Reader{B: b, Off: min(int(binary.LittleEndian.Uint16(b[i:])), len(b))}
	u := make([]uint16, 0, 32)
	for range min(int(binary.LittleEndian.Uint16(b[i+2:])), model.MaxText) {
		u = append(u, r.L16())
	}
	if r.Short {
		return ""
	}
	return string(utf16.Decode(u))
}
