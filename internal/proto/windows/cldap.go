package windows

import (
	"bytes"
	"encoding/binary"
	"strings"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// Opcodes of domain controller answers with DNS names (MS-ADTS 6.3.1.3): found, paused, account unknown.
const (
	logonResponseEx     = 23
	logonPausedEx       = 24
	logonUserUnknownExt = 25
)

// cldap decodes the "LDAP ping" with which clients look for a domain controller (MS-ADTS 6.3.3).
func cldap(c *dissect.Ctx, b []byte) dissect.Verdict {
	n, op := ldapHead(b)
	if n <= 0 || n > len(b) || ldapKnown(op) == dissect.No {
		return dissect.No
	}
	body := operation(b[:n])
	switch op {
	case ldapEntry:
		ldapRoot(c, body)
	case ldapSearch:
		if name := filterValue(body, "Host"); len(name) > 0 {
			c.Say(model.NameNetBIOS, dissect.View(name))
		}
	}
	return dissect.Yes
}

// filterValue finds the value of an equality match on attr: two octet strings one after the other.
func filterValue(b []byte, attr string) []byte {
	i := bytes.Index(b, append([]byte{4, byte(len(attr))}, attr...))
	if i < 0 {
		return nil
	}
	rest := b[i+2+len(attr):]
	if e, ok := next(&rest); ok && e.tag == 4 {
		return e.body
	}
	return nil
}

// netlogon reads NETLOGON_SAM_LOGON_RESPONSE_EX (MS-ADTS 6.3.1.9): forest, domain, host, NetBIOS domain, NetBIOS host.
func netlogon(c *dissect.Ctx, b []byte) {
	if len(b) < 24 {
		return
	}
	switch binary.LittleEndian.Uint16(b) {
	case logonResponseEx, logonPausedEx, logonUserUnknownExt:
	default:
		return
	}
	var names [5]string
	at := 24
	for i := range names {
		names[i], at = packedName(b, at)
		if at < 0 {
			return
		}
	}
	// the answers about the DNS partitions name the same controller again
	for _, zone := range []string{"DomainDnsZones.", "ForestDnsZones."} {
		names[1] = strings.TrimPrefix(names[1], zone)
	}
	if names[1] == "" {
		return
	}
	c.SayAt(model.ADController, names[1])
	for _, s := range []struct {
		k model.Kind
		v string
	}{{model.DomainDNS, names[1]}, {model.NameDNS, names[2]}, {model.DomainNetBIOS, names[3]}, {model.NameNetBIOS, names[4]}} {
		if s.v != "" {
			c.Say(s.k, s.v)
		}
	}
}

// packedName reads a name compressed as in DNS (RFC 1035 4.1.4) at an offset; -1 after it if it is damaged.
func packedName(b []byte, at int) (string, int) {
	var out []byte
	after := -1
	for hops := 0; hops < 16; {
		if at >= len(b) {
			return "", -1
		}
		n := int(b[at])
		switch {
		case n == 0:
			if after < 0 {
				after = at + 1
			}
			return string(out), after
		case n&0xc0 == 0xc0:
			if at+1 >= len(b) {
				return "", -1
			}
			if after < 0 {
				after = at + 2
			}
			at = n&0x3f<<8 | int(b[at+1])
			hops++
		case n > 63 || at+1+n > len(b) || len(out)+n > 254:
			return "", -1
		default:
			if len(out) > 0 {
				out = append(out, '.')
			}
			out = append(out, b[at+1:at+1+n]...)
			at += 1 + n
		}
	}
	return "", -1
}
