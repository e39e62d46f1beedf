package database

import (
	"bytes"
	"encoding/binary"
	"strconv"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// Packet types of Oracle's TNS, as network analysers know them; there is no public specification.
const (
	tnsConnect = 1
	tnsAccept  = 2
	tnsData    = 6
	tnsMax     = 19
	tnsHeader  = 8
)

// matchTNS knows a connect packet with its connect descriptor.
func matchTNS(c *dissect.Ctx, b []byte) dissect.Verdict {
	if !c.ToServer {
		return dissect.No
	}
	if len(b) < 28 {
		if len(b) > 4 && b[4] != tnsConnect || len(b) > 3 && b[2]|b[3] != 0 {
			return dissect.No
		}
		return dissect.Maybe
	}
	size, v := int(binary.BigEndian.Uint16(b)), binary.BigEndian.Uint16(b[8:])
	offset := int(binary.BigEndian.Uint16(b[26:]))
	if b[4] != tnsConnect || size < 34 || v < 300 || v > 330 || offset < 34 || offset > 128 {
		return dissect.No
	}
	return dissect.Yes
}

// tns reads the client's description and the server's version.
type tns struct {
	messages int
	said     bool
}

// Data implements dissect.Stream.
func (t *tns) Data(c *dissect.Ctx, b []byte) (n int, more bool) {
	for len(b)-n >= tnsHeader {
		p := b[n:]
		size := int(binary.BigEndian.Uint16(p))
		if size == 0 { // since version 315 the length has four bytes
			size = int(binary.BigEndian.Uint32(p))
		}
		if size < tnsHeader || p[4] > tnsMax {
			return n, false
		}
		if len(p) < min(size, maxHeld) {
			return n, true
		}
		t.messages++
		t.packet(c, p[4], p[:min(size, maxHeld)])
		if t.messages >= maxMessages || t.said {
			return n + size, false
		}
		n += size
	}
	return n, true
}

// Gap implements dissect.Stream.
func (t *tns) Gap(*dissect.Ctx, int) bool { return false }

func (t *tns) packet(c *dissect.Ctx, typ byte, p []byte) {
	switch {
	case typ == tnsConnect && c.ToServer:
		for _, key := range [...]string{"(PROGRAM=", "(HOST="} {
			if v := described(p, key); len(v) > 0 {
				c.Say(model.DBClient, dissect.View(v))
			}
		}
	case typ == tnsData && !c.ToServer && !t.said:
		t.said = true
		t.options(c, p[tnsHeader:])
	}
}

// described takes a value out of CID=(PROGRAM=...)(HOST=...)(USER=...): the client's own, not the address it connects to.
func described(b []byte, key string) []byte {
	i := bytes.Index(b, []byte("(CID="))
	if i < 0 {
		return nil
	}
	b = b[i:]
	if i = bytes.Index(b, []byte(key)); i < 0 {
		return nil
	}
	v, _, _ := bytes.Cut(b[i+len(key):], []byte{')'})
	if j := bytes.LastIndexAny(v, `/\`); j >= 0 { // programs come with their path, which may hold a user's name
		v = v[j+1:]
	}
	if len(v) > 2 && v[0] == '_' && bytes.HasSuffix(v, []byte("__")) { // "__jdbc__"
		v = bytes.Trim(v, "_")
	}
	return v
}

// options reads the version in the server's first data, the answer to Additional Network Options: data flags, 0xdeadbeef, length, version, count,
// flags; newer servers leave the version there empty and give it as the first value (type 5) of the first service. It
// has fields of 8, 4, 8, 4 and 8 bits.
func (t *tns) options(c *dissect.Ctx, b []byte) {
	r := dissect.Read(b)
	r.Skip(2)
	mark := r.U32()
	r.Skip(2)
	v := r.U32()
	if v == 0 {
		r.Skip(2 + 1 + 2 + 2 + 4)
		if r.U32() == 4<<16|5 {
			v = r.U32()
		}
	}
	if mark != 0xdeadbeef || r.Short || v>>24 == 0 {
		c.SayAt(model.DBServer, "oracle") // it does not say which
		return
	}
	s := strconv.AppendUint(append(c.Scratch(), "oracle "...), uint64(v>>24), 10)
	s = strconv.AppendUint(append(s, '.'), uint64(v>>20&0xf), 10)
	s = strconv.AppendUint(append(s, '.'), uint64(v>>12&0xff), 10)
	s = strconv.AppendUint(append(s, '.'), uint64(v>>8&0xf), 10)
	c.SayAt(model.DBServer, dissect.View(s))
}
