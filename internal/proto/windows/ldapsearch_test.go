package windows

import (
	"net/netip"
	"testing"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// el is one BER element.
func el(tag byte, parts ...[]byte) []byte {
	var body []byte
	for _, p := range parts {
		body = append(body, p...)
	}
	return append([]byte{tag, byte(len(body))}, body...)
}

func str(tag byte, s string) []byte { return el(tag, []byte(s)) }

func equals(name, value string) []byte { return el(filterEqual, str(4, name), str(4, value)) }

// search is a message with a search below base.
func search(base string, scope byte, filter []byte) []byte {
	op := el(ldapSearch, str(4, base), []byte{10, 1, scope}, []byte{10, 1, 0}, []byte{2, 1, 0}, []byte{2, 1, 0}, []byte{1, 1, 0}, filter, el(0x30))
	return el(0x30, []byte{2, 1, 7}, op)
}

func TestWhatASearchLists(t *testing.T) {
	extensible := el(filterExtensible, str(0x81, "1.2.840.113556.1.4.803"), str(0x82, "userAccountControl"), str(0x83, "4194304"))
	for _, c := range []struct {
		name, base string
		scope      byte
		filter     []byte
		want       string
	}{
		{"all users", "DC=h,DC=local", 2, equals("sAMAccountType", "805306368"), "list users"},
		{"by the name of the schema", "DC=h,DC=local", 2, equals("objectCategory", "CN=Person,CN=Schema,DC=h"), "list users"},
		{"one user", "DC=h,DC=local", 2, el(filterAnd, equals("objectClass", "user"), equals("sAMAccountName", "sato")), ""},
		{"the administrators", "DC=h,DC=local", 2, el(filterAnd, equals("objectClass", "group"), equals("cn", "Domain Admins")), "list administrators"},
		{"services", "DC=h,DC=local", 2, el(filterAnd, equals("objectClass", "user"), str(filterPresent, "servicePrincipalName")), "list service accounts"},
		{"no pre-authentication", "DC=h,DC=local", 2, el(filterAnd, equals("objectClass", "user"), extensible), "list no-preauth"},
		{"not computers", "DC=h,DC=local", 2, el(filterNot, equals("objectClass", "computer")), ""},
		{"the root", "", 0, str(filterPresent, "objectClass"), ""},
		{"everything", "DC=h,DC=local", 2, str(filterPresent, "objectClass"), "list everything"},
		{"policies, as each PC does", "CN=Policies,CN=System,DC=h", 2, equals("objectClass", "groupPolicyContainer"), ""},
	} {
		for wrapped, b := range [][]byte{
			search(c.base, c.scope, c.filter),
			append(append([]byte{0, 0, 0, byte(28 + len(search(c.base, c.scope, c.filter)))}, make([]byte, 28)...), search(c.base, c.scope, c.filter)...),
		} {
			rec := dissect.NewRecorder(dissect.Limits{})
			ctx := &dissect.Ctx{Src: netip.MustParseAddr("10.0.0.1"), Dst: netip.MustParseAddr("10.0.0.2"), SrcPort: 50000, DstPort: 389, ToServer: true, Rec: rec}
			s := &ldap{seen: 1}
			if n, more := s.Data(ctx, b); n != len(b) || !more {
				t.Errorf("%s: took %d of %d, more %v", c.name, n, len(b), more)
			}
			got := ""
			for _, x := range dissect.Merge(rec).Transactions {
				if x.Action == model.DoLDAPSearch {
					got += x.Object
				}
			}
			if got != c.want {
				t.Errorf("%s (%d): %q, want %q", c.name, wrapped, got, c.want)
			}
		}
	}
}
