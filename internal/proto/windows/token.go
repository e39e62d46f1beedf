package windows

import (
	"bytes"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// apRequest is the Kerberos mechanism 1.2.840.113554.1.2.2 (RFC 4121), followed by the token id of an AP-REQ.
var apRequest = []byte("\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x01\x00")

// Token records what a GSS-API or SPNEGO token says: NTLM as described there, or the ticket that a client shows.
func Token(c *dissect.Ctx, token []byte) {
	if i := bytes.Index(token[:min(len(token), maxNTLM)], apRequest); i >= 0 {
		ticket(c, token[i+len(apRequest):])
		return
	}
	NTLM(c, token)
}

// services are those that name the machine they are on: CLASS/host or CLASS/host:port or CLASS/host/domain.
var services = map[string]bool{
	"cifs": true, "host": true, "ldap": true, "http": true, "termsrv": true, "mssqlsvc": true, "rpcss": true, "wsman": true, "dns": true,
}

// ticket reads the clear part of an AP-REQ (RFC 4120 5.5.1): the realm and the service that the ticket is for, which is the receiver.
func ticket(c *dissect.Ctx, b []byte) {
	app, ok := cut(b)
	if !ok || app.tag != 0x6e {
		return
	}
	seq, _ := cut(app.body)
	for rest := seq.body; ; {
		e, ok := cut(rest)
		if !ok {
			return
		}
		if e.tag == ctx(3) {
			sayTicket(c, e.body)
			return
		}
		if _, ok := next(&rest); !ok {
			return
		}
	}
}

func sayTicket(c *dissect.Ctx, b []byte) {
	app, _ := cut(b)
	seq, ok := cut(app.body)
	if !ok || app.tag != 0x61 {
		return
	}
	rest := seq.body
	var realm, name []byte
	for {
		e, ok := next(&rest)
		if !ok {
			break
		}
		switch e.tag {
		case ctx(1):
			realm = krbString(e.body)
		case ctx(2):
			name = serviceHost(e.body)
		}
	}
	if len(realm) > 0 {
		c.Say(model.KerberosRealm, dissect.View(realm))
	}
	if len(name) > 0 {
		c.SayAbout(model.NameKrb, c.Dst, c.DstMAC, dissect.View(name))
	}
}

// serviceHost takes the host from a service's principal; nil for principals of other kinds.
func serviceHost(b []byte) []byte {
	seq, _ := next(&b)
	list := inside(seq.body, ctx(1))
	names, _ := next(&list)
	rest := names.body
	class, _ := next(&rest)
	host, ok := next(&rest)
	if !ok || !services[string(bytes.ToLower(class.body))] {
		return nil
	}
	name, _, _ := bytes.Cut(host.body, []byte(":"))
	return name
}
