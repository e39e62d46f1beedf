package windows

import (
	"bytes"
	"encoding/binary"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// Application tags of Kerberos messages (RFC 4120 section 5).
const (
	krbASReq  = 0x6a
	krbASRep  = 0x6b
	krbTGSReq = 0x6c
	krbTGSRep = 0x6d
	krbError  = 0x7e
)

// ctx is the tag of the n-th field.
func ctx(n byte) byte { return 0xa0 | n }

// matchKerberos wants the length of RFC 4120 section 7.2.2, an application tag and a sequence.
func matchKerberos(c *dissect.Ctx, b []byte) dissect.Verdict {
	if b[0] != 0 {
		return dissect.No
	}
	if len(b) < 10 {
		if len(b) > 4 && !krbTag(b[4]) {
			return dissect.No
		}
		return dissect.Maybe
	}
	n := int(binary.BigEndian.Uint32(b))
	head, m, short, ok := berHead(b[4:])
	if !ok || short || !krbTag(b[4]) || head+m != n || b[4+head] != 0x30 {
		return dissect.No
	}
	return dissect.Yes
}

func krbTag(t byte) bool { return t >= krbASReq && t <= krbTGSRep || t == krbError }

// kerberos decodes one TCP connection, which holds one exchange as a rule.
type kerberos struct{ replies int }

// Data implements dissect.Stream.
func (k *kerberos) Data(c *dissect.Ctx, b []byte) (int, bool) {
	off := 0
	for len(b)-off >= 4 {
		m := b[off:]
		n := int(binary.BigEndian.Uint32(m))
		if n == 0 || n > 1<<20 {
			return off, false
		}
		if 4+n > len(m) && 4+n <= dissect.MaxPending {
			return off, true
		}
		krbMessage(c, m[4:min(len(m), 4+n)])
		if k.replies++; k.replies >= 4 {
			return off, false
		}
		off += 4 + n
	}
	return off, true
}

// Gap implements dissect.Stream.
func (k *kerberos) Gap(*dissect.Ctx, int) bool { return false }

func kerberosDatagram(c *dissect.Ctx, b []byte) dissect.Verdict {
	head, n, short, ok := berHead(b)
	if !ok || short || !krbTag(b[0]) || head >= len(b) || b[head] != 0x30 || head+n > len(b)+64<<10 {
		return dissect.No
	}
	if !krbMessage(c, b) {
		return dissect.No
	}
	return dissect.Yes
}

// krbMessage decodes one message, whose end may be missing.
func krbMessage(c *dissect.Ctx, b []byte) bool {
	app, ok := cut(b)
	if !ok {
		return false
	}
	seq, ok := cut(app.body)
	if !ok || seq.tag != 0x30 {
		return false
	}
	switch app.tag {
	case krbASReq, krbTGSReq:
		krbRequest(c, seq.body)
	case krbASRep, krbTGSRep:
		sayKDC(c, krbString(inside(seq.body, ctx(3))))
	case krbError:
		// an error repeats the realm as the client wrote it: only the true form is kept
		if realm := krbString(inside(seq.body, ctx(9))); bytes.Equal(realm, bytes.ToUpper(realm)) {
			sayKDC(c, realm)
		}
	default:
		return false
	}
	return true
}

// krbString takes a GeneralString.
func krbString(b []byte) []byte {
	if e, ok := next(&b); ok && e.tag == 0x1b {
		return e.body
	}
	return nil
}

func sayKDC(c *dissect.Ctx, realm []byte) {
	if len(realm) > 0 {
		c.SayAt(model.KerberosKDC, dissect.View(realm))
		c.Say(model.KerberosRealm, dissect.View(realm))
	}
}

// krbRequest reads a KDC-REQ-BODY (RFC 4120 5.4.1): realm, the client if it is a machine, its NetBIOS addresses.
func krbRequest(c *dissect.Ctx, b []byte) {
	for len(b) > 0 {
		e, ok := cut(b)
		if !ok {
			return
		}
		if e.tag == ctx(4) {
			krbBody(c, e.body)
			return
		}
		if _, ok := next(&b); !ok {
			return
		}
	}
}

func krbBody(c *dissect.Ctx, b []byte) {
	seq, ok := cut(b)
	if !ok {
		return
	}
	for rest := seq.body; ; {
		e, ok := next(&rest)
		if !ok {
			return
		}
		switch e.tag {
		case ctx(1):
			krbClient(c, e.body)
		case ctx(2):
			if realm := krbString(e.body); len(realm) > 0 {
				c.Say(model.KerberosRealm, dissect.View(realm))
			}
		case ctx(9):
			krbAddresses(c, e.body)
		}
	}
}

// krbClient records the principal of a machine: NAME$ or host/name. People's names are passed over.
func krbClient(c *dissect.Ctx, b []byte) {
	seq, _ := next(&b)
	list := inside(seq.body, ctx(1))
	names, _ := next(&list)
	first, second := krbString(names.body), []byte(nil)
	rest := names.body
	if _, ok := next(&rest); ok {
		second = krbString(rest)
	}
	switch {
	case len(second) > 0 && string(first) == "host":
		c.Say(model.NameKrb, dissect.View(second))
	case len(second) == 0 && len(first) > 1 && first[len(first)-1] == '$':
		c.Say(model.NameKrb, dissect.View(first[:len(first)-1]))
	}
}

// krbAddresses records addresses of type 20, NetBIOS (RFC 4120 7.5.3).
func krbAddresses(c *dissect.Ctx, b []byte) {
	seq, _ := next(&b)
	for rest := seq.body; ; {
		e, ok := next(&rest)
		if !ok {
			return
		}
		typ, addr := inside(e.body, ctx(0)), inside(e.body, ctx(1))
		if len(typ) != 3 || typ[2] != 20 {
			continue
		}
		name, _ := next(&addr)
		if s := bytes.TrimRight(name.body, " \x00"); len(s) > 0 {
			c.Say(model.NameKrb, dissect.View(s))
		}
	}
}
