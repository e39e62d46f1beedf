package windows

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// two machines: the client is .1, the server .2.
func context(rec *dissect.Recorder, toServer bool) *dissect.Ctx {
	c := &dissect.Ctx{Src: netip.MustParseAddr("192.0.2.1"), Dst: netip.MustParseAddr("192.0.2.2"), SrcPort: 50000, DstPort: 389, ToServer: toServer, Rec: rec}
	if !toServer {
		c.Src, c.Dst, c.SrcPort, c.DstPort = c.Dst, c.Src, c.DstPort, c.SrcPort
	}
	return c
}

func said(rec *dissect.Recorder) []string {
	obs := dissect.Merge(rec).Observations
	var out []string
	for _, o := range obs {
		out = append(out, o.Subject.String()+" "+string(o.Kind)+" "+o.Value)
	}
	return out
}

func expect(t *testing.T, rec *dissect.Recorder, want ...string) {
	t.Helper()
	if got := said(rec); !slices.Equal(got, want) {
		t.Errorf("said %q, want %q", got, want)
	}
}

// element builds one BER element of less than 128 bytes.
func element(tag byte, parts ...[]byte) []byte {
	body := bytes.Join(parts, nil)
	return append([]byte{tag, byte(len(body))}, body...)
}

func TestLDAPStartTLS(t *testing.T) {
	rec := dissect.NewRecorder(dissect.Limits{})
	l := new(ldap)
	ask := element(0x30, element(2, []byte{1}), element(ldapExtended, element(0x80, oidStartTLS)))
	if n, more := l.Data(context(rec, true), ask); n != len(ask) || !more {
		t.Fatalf("request: %d, %v", n, more)
	}
	yes := element(0x30, element(2, []byte{1}), element(ldapExtendedRply, element(10, []byte{0}), element(4), element(4)))
	c := context(rec, false)
	if n, more := l.Data(c, append(yes, 22, 3, 1)); n != len(yes) || more || !c.Handover {
		t.Errorf("answer: %d, %v, handover %v", n, more, c.Handover)
	}
	no := bytes.Replace(yes, []byte{10, 1, 0}, []byte{10, 1, 2}, 1)
	c = context(rec, false)
	if _, more := l.Data(c, no); !more || c.Handover {
		t.Error("handed over although the server refused")
	}
}

func TestLDAPBind(t *testing.T) {
	bind := func(auth []byte) *dissect.Recorder {
		rec := dissect.NewRecorder(dissect.Limits{})
		m := element(0x30, element(2, []byte{1}), element(ldapBind, element(2, []byte{3}), element(4, []byte("cn=x")), auth))
		new(ldap).Data(context(rec, true), m)
		return rec
	}
	expect(t, bind(element(0x80, []byte("secret"))), "192.0.2.2 login.cleartext ldap-simple")
	expect(t, bind(element(0x80))) // anonymous
	expect(t, bind(element(0xa3, element(4, []byte("GSS-SPNEGO")))))
}

func utf16le(s string) []byte {
	var b []byte
	for _, r := range s {
		b = binary.LittleEndian.AppendUint16(b, uint16(r))
	}
	return b
}

// authenticate builds an NTLM AUTHENTICATE message with user, domain and workstation.
func authenticate(workstation string, version []byte) []byte {
	m := append([]byte("NTLMSSP\x00"), 3, 0, 0, 0)
	m = append(m, make([]byte, 72-len(m))...)
	put := func(at int, s string) {
		v := utf16le(s)
		binary.LittleEndian.PutUint16(m[at:], uint16(len(v)))
		binary.LittleEndian.PutUint32(m[at+4:], uint32(len(m)))
		m = append(m, v...)
	}
	put(28, "HOSPITAL")
	put(36, "yamada")
	put(44, workstation)
	binary.LittleEndian.PutUint32(m[60:], ntlmUnicode|ntlmVersion)
	copy(m[64:], version)
	return m
}

func TestNTLMAuthenticate(t *testing.T) {
	rec := dissect.NewRecorder(dissect.Limits{})
	NTLM(context(rec, true), append([]byte("SPNEGO around it"), authenticate("外来PC01", []byte{10, 0, 0x61, 0x4a, 0, 0, 0, 15})...))
	expect(t, rec, "192.0.2.1 name.ntlm 外来PC01", "192.0.2.1 os.ntlm 10.0.19041")
	for name, version := range map[string][]byte{"empty": {0, 0, 0, 0, 0, 0, 0, 0}, "no build": {6, 1, 0, 0, 0, 0, 0, 15}} {
		rec := dissect.NewRecorder(dissect.Limits{})
		NTLM(context(rec, true), authenticate("PC", version))
		if got := said(rec); len(got) != 1 {
			t.Errorf("version %s: %q", name, got)
		}
	}
}

func TestNTLMIsCutAnywhere(t *testing.T) {
	m := authenticate("PC", []byte{10, 0, 1, 1, 0, 0, 0, 15})
	for i := range m {
		NTLM(context(dissect.NewRecorder(dissect.Limits{}), true), m[:i])
	}
}

func TestKerberosNetBIOSAddress(t *testing.T) {
	str := func(n byte, s string) []byte { return element(ctx(n), element(0x1b, []byte(s))) }
	body := element(0x30,
		element(ctx(1), element(0x30, element(ctx(0), element(2, []byte{1})), element(ctx(1), element(0x30, element(0x1b, []byte("yamada")))))),
		str(2, "HOSPITAL.LOCAL"),
		element(ctx(9), element(0x30, element(0x30, element(ctx(0), element(2, []byte{20})), element(ctx(1), element(4, []byte("GAIRAI-PC01     ")))))))
	rec := dissect.NewRecorder(dissect.Limits{})
	m := element(krbASReq, element(0x30, element(ctx(1), element(2, []byte{5})), element(ctx(2), element(2, []byte{10})), element(ctx(4), body)))
	if v := kerberosDatagram(context(rec, true), m); v != dissect.Yes {
		t.Fatalf("verdict %d", v)
	}
	expect(t, rec, "192.0.2.1 kerberos.realm HOSPITAL.LOCAL", "192.0.2.1 name.krb GAIRAI-PC01")
}

func TestNetBIOSSessionRequest(t *testing.T) {
	encode := func(name string, suffix byte) []byte {
		out := []byte{32}
		for _, b := range append([]byte(name + "               ")[:15], suffix) {
			out = append(out, 'A'+b>>4, 'A'+b&15)
		}
		return append(out, 0)
	}
	m := append(encode("KARTE-SV", 0x20), encode("UKETSUKE1", 0)...)
	rec := dissect.NewRecorder(dissect.Limits{})
	new(smb).Data(context(rec, true), append([]byte{nbRequest, 0, 0, byte(len(m))}, m...))
	expect(t, rec, "192.0.2.1 name.netbios UKETSUKE1", "192.0.2.2 name.netbios KARTE-SV")
}

func TestRPCInterfaceNeedsConsent(t *testing.T) {
	uuid := uuidBytes("367abb81-9844-35f1-ad32-98f038001003")
	bind := append([]byte{5, 0, rpcBind, 3, 0x10, 0, 0, 0, 72, 0, 0, 0, 1, 0, 0, 0, 0xb8, 0x10, 0xb8, 0x10, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0}, uuid[:]...)
	bind = append(bind, make([]byte, 72-len(bind))...)
	ack := []byte{5, 0, rpcBindAck, 3, 0x10, 0, 0, 0, 60, 0, 0, 0, 1, 0, 0, 0, 0xb8, 0x10, 0xb8, 0x10, 1, 0, 0, 0, 4, 0, '1', '3', '5', 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0}
	ack = append(ack, make([]byte, 60-len(ack))...)
	for _, refused := range []bool{false, true} {
		rec := dissect.NewRecorder(dissect.Limits{})
		s := new(rpc)
		s.Data(context(rec, true), bind)
		if refused {
			ack[36] = 2
		}
		s.Data(context(rec, false), ack)
		if refused {
			expect(t, rec)
		} else {
			expect(t, rec, "192.0.2.2 rpc.interface svcctl")
		}
	}
}

func TestRPCNamesAreWellFormed(t *testing.T) {
	for id, name := range rpcNames {
		if name == "" || model.Clean(name) != name || uuidBytes(uuidText(&id)) != id {
			t.Errorf("%s %q", uuidText(&id), name)
		}
	}
}
