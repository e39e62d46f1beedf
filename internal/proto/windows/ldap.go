package windows

import (
	"bytes"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// Tags of LDAP operations (RFC 4511).
const (
	ldapBind         = 0x60
	ldapBindReply    = 0x61
	ldapUnbind       = 0x42
	ldapSearch       = 0x63
	ldapEntry        = 0x64
	ldapDone         = 0x65
	ldapReference    = 0x73
	ldapExtended     = 0x77
	ldapExtendedRply = 0x78
)

// maxLDAP bounds the messages looked at in one connection.
const maxLDAP = 1024

var oidStartTLS = []byte("1.3.6.1.4.1.1466.20037")

// ldapHead reads the head of a message: total length and the operation's tag; 0 if b is too short, -1 if it is none.
func ldapHead(b []byte) (total int, op byte) {
	head, n, short, ok := berHead(b)
	if b[0] != 0x30 || !ok {
		return -1, 0
	}
	if short {
		return 0, 0
	}
	rest := b[head:]
	if len(rest) < 3 {
		return 0, 0
	}
	k := int(rest[1])
	if rest[0] != 2 || k < 1 || k > 4 {
		return -1, 0
	}
	if len(rest) < 3+k {
		return 0, 0
	}
	if n < 3+k {
		return -1, 0
	}
	return head + n, rest[2+k]
}

func matchLDAP(c *dissect.Ctx, b []byte) dissect.Verdict {
	n, op := ldapHead(b)
	switch {
	case n < 0:
		return dissect.No
	case n == 0:
		return dissect.Maybe
	}
	return ldapKnown(op)
}

func ldapKnown(op byte) dissect.Verdict {
	switch op {
	case ldapBind, ldapBindReply, ldapUnbind, ldapSearch, ldapEntry, ldapDone, ldapReference, ldapExtended, ldapExtendedRply,
		0x66, 0x67, 0x68, 0x69, 0x4a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f, 0x50:
		return dissect.Yes
	}
	return dissect.No
}

// ldap decodes one connection.
type ldap struct {
	seen     int
	startTLS bool
}

// Data implements dissect.Stream.
func (l *ldap) Data(c *dissect.Ctx, b []byte) (int, bool) {
	off := 0
	for off < len(b) {
		m := b[off:]
		if m[0] == 0 && l.seen > 0 && l.seen < maxLDAP { // signed from here on, perhaps sealed
			n := saslLength(m)
			if len(m) < 4 || n > len(m) && n <= dissect.MaxPending {
				return off, true
			}
			if one := ldapSigned(m[:min(n, len(m))]); one != nil {
				_, op := ldapHead(one)
				l.message(c, op, one)
			}
			l.seen++
			off += n
			continue
		}
		n, op := ldapHead(m)
		switch {
		case n < 0 || l.seen >= maxLDAP:
			return off, false
		case n == 0 || n > len(m) && n <= dissect.MaxPending:
			return off, true
		}
		l.seen++
		if n <= len(m) {
			l.message(c, op, m[:n])
		}
		off += n
		if c.Handover {
			return off, false
		}
	}
	return off, true
}

// Gap implements dissect.Stream.
func (l *ldap) Gap(*dissect.Ctx, int) bool { return false }

// operation gives the body of the protocolOp.
func operation(m []byte) []byte {
	e, _ := next(&m)
	rest := e.body
	next(&rest)
	op, _ := next(&rest)
	return op.body
}

func (l *ldap) message(c *dissect.Ctx, op byte, m []byte) {
	body := operation(m)
	switch op {
	case ldapBind:
		ldapLogin(c, body)
	case ldapBindReply:
		Token(c, body)
	case ldapSearch:
		ldapSearched(c, body)
	case ldapEntry:
		ldapRoot(c, body)
	case ldapExtended:
		l.startTLS = bytes.Equal(inside(body, 0x80), oidStartTLS)
	case ldapExtendedRply:
		result, _ := next(&body)
		if l.startTLS && len(result.body) == 1 && result.body[0] == 0 {
			c.Handover = true
		}
	}
}

// ldapLogin looks at how a client binds (RFC 4511 4.2): a simple bind with a password is readable by all; GSS-SPNEGO
// and Microsoft's older sicily binds (MS-ADTS 5.1.1.1.3) hold NTLM.
func ldapLogin(c *dissect.Ctx, body []byte) {
	next(&body)
	next(&body)
	auth, ok := next(&body)
	switch {
	case !ok:
	case auth.tag == 0x80 && len(auth.body) > 0:
		c.SayOf(model.CleartextLogin, "ldap-simple")
	case auth.tag != 0x80:
		Token(c, auth.body)
	}
}

// ldapRoot reads the entry with the empty name: the root DSE (RFC 4512 5.1, MS-ADTS 3.1.1.3.2).
func ldapRoot(c *dissect.Ctx, body []byte) {
	name, ok := next(&body)
	if !ok || len(name.body) > 0 {
		return
	}
	list, _ := next(&body)
	for rest := list.body; ; {
		attr, ok := next(&rest)
		if !ok {
			return
		}
		typ, _ := next(&attr.body)
		set, _ := next(&attr.body)
		value, ok := next(&set.body)
		if !ok || len(value.body) == 0 {
			continue
		}
		switch string(bytes.ToLower(typ.body)) {
		case "defaultnamingcontext":
			c.SayAt(model.LDAPRoot, dissect.View(value.body))
		case "dnshostname":
			c.Say(model.NameDNS, dissect.View(value.body))
		case "netlogon":
			netlogon(c, value.body)
		}
	}
}
