package windows

import (
	"bytes"
	"encoding/binary"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// Kinds of things that a search of a directory lists; several may be in one filter.
const (
	listsUsers = 1 << iota
	listsGroups
	listsComputers
	listsServices // accounts that services run as: what kerberoasting wants
	listsAdmins
	listsNoPreauth // accounts without Kerberos pre-authentication: what AS-REP roasting wants
	listsDelegation
	listsRights // who may do what: where the way to the administrator is drawn
	listsAll
	looksUpOne // names one object: no listing
)

var listNames = []struct {
	kind int
	name string
}{
	{listsNoPreauth, "list no-preauth"},
	{listsDelegation, "list delegation"},
	{listsRights, "list rights"},
	{listsServices, "list service accounts"},
	{listsAdmins, "list administrators"},
	{listsUsers, "list users"},
	{listsGroups, "list groups"},
	{listsComputers, "list computers"},
	{listsAll, "list everything"},
}

// Filter choices of RFC 4511 section 4.5.1.
const (
	filterAnd        = 0xa0
	filterOr         = 0xa1
	filterNot        = 0xa2
	filterEqual      = 0xa3
	filterSubstrings = 0xa4
	filterPresent    = 0x87
	filterExtensible = 0xa9
)

const (
	maxFilterDepth = 8
	maxFilterItems = 64
)

// ldapSearched records a search over more than one object that lists accounts (RFC 4511 section 4.5, attributes of MS-ADA).
func ldapSearched(c *dissect.Ctx, body []byte) {
	base, _ := next(&body)
	scope, ok := next(&body)
	for range 4 {
		next(&body)
	}
	filter, found := next(&body)
	if !ok || !found || len(scope.body) != 1 || scope.body[0] == 0 || !c.ToServer {
		return
	}
	w := filterWalk{domain: under(base.body, "dc=")}
	if under(base.body, "cn=extended-rights,") {
		w.kinds |= listsRights
	}
	w.walk(filter, 0)
	if w.kinds&looksUpOne != 0 && w.kinds&listsAdmins == 0 {
		return
	}
	for _, x := range listNames {
		if w.kinds&x.kind != 0 {
			c.Deal(dissect.Deal{Action: model.DoLDAPSearch, Object: x.name})
			return
		}
	}
}

// under says whether a distinguished name begins with s, in whatever case.
func under(name []byte, s string) bool { return len(name) >= len(s) && is(name[:len(s)], s) }

type filterWalk struct {
	domain bool // the base is a whole domain
	kinds  int
	items  int
}

func (w *filterWalk) walk(f ber, depth int) {
	if w.items++; w.items > maxFilterItems || depth > maxFilterDepth {
		return
	}
	switch f.tag {
	case filterAnd, filterOr, filterNot:
		for rest := f.body; ; {
			e, ok := next(&rest)
			if !ok {
				return
			}
			if f.tag != filterNot { // what is left out is not what is wanted
				w.walk(e, depth+1)
			}
		}
	case filterEqual:
		body := f.body
		name, _ := next(&body)
		value, _ := next(&body)
		w.equal(name.body, value.body)
	case filterSubstrings:
		body := f.body
		name, _ := next(&body)
		w.present(name.body)
	case filterPresent:
		w.present(f.body)
	case filterExtensible:
		if is(inside(f.body, 0x82), "useraccountcontrol") {
			switch string(inside(f.body, 0x83)) {
			case "4194304":
				w.kinds |= listsNoPreauth
			case "524288", "16777216":
				w.kinds |= listsDelegation
			}
		}
	}
}

func is(b []byte, s string) bool { return len(b) == len(s) && bytes.EqualFold(b, []byte(s)) }

func (w *filterWalk) present(name []byte) {
	switch {
	case is(name, "serviceprincipalname"):
		w.kinds |= listsServices
	case is(name, "objectclass") && w.domain:
		w.kinds |= listsAll
	}
}

func (w *filterWalk) equal(name, value []byte) {
	switch {
	case is(name, "objectclass"), is(name, "objectcategory"):
		w.class(value)
	case is(name, "samaccounttype"):
		w.kinds |= map[string]int{
			"805306368": listsUsers, "805306369": listsComputers, "268435456": listsGroups, "268435457": listsGroups, "536870912": listsGroups,
		}[string(value)]
	case is(name, "admincount"):
		w.kinds |= listsAdmins
	case is(name, "samaccountname"), is(name, "name"), is(name, "cn"), is(name, "userprincipalname"), is(name, "distinguishedname"),
		is(name, "objectsid"), is(name, "objectguid"), is(name, "dnshostname"), is(name, "serviceprincipalname"), is(name, "mail"):
		w.kinds |= looksUpOne
		if bytes.HasSuffix(bytes.ToLower(value), []byte(" admins")) || is(value, "administrators") {
			w.kinds |= listsAdmins
		}
	}
}

// class reads an object class, or a category in its short form or as the name of its schema object.
func (w *filterWalk) class(value []byte) {
	if i := bytes.IndexByte(value, ','); i > 3 && under(value, "cn=") {
		value = value[3:i]
	}
	switch {
	case is(value, "user"), is(value, "person"), is(value, "organizationalperson"):
		w.kinds |= listsUsers
	case is(value, "group"):
		w.kinds |= listsGroups
	case is(value, "computer"):
		w.kinds |= listsComputers
	}
}

// ldapSigned finds the message in a SASL buffer that is signed but not sealed (RFC 4422 section 3.7): behind the token of Kerberos
// (RFC 4121 section 4.2.6.2, the checksum rotated to the front) or the signature of NTLM (MS-NLMP 2.2.2.9). b begins with the length.
func ldapSigned(b []byte) []byte {
	for _, at := range [2]int{4 + 28, 4 + 16} {
		if at >= len(b) || b[at] != 0x30 {
			continue
		}
		if n, op := ldapHead(b[at:]); n > 0 && at+n <= len(b) && ldapKnown(op) == dissect.Yes {
			return b[at : at+n]
		}
	}
	return nil
}

// saslLength is the length of a SASL buffer with its length in front; 0 if b is none.
func saslLength(b []byte) int {
	if len(b) < 4 || b[0] != 0 {
		return 0
	}
	return 4 + int(binary.BigEndian.Uint32(b))
}
