package web

import (
	"bytes"
	"encoding/base64"
	"net/netip"
	"strconv"
	"strings"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/charset"
	"github.com/mimawari/mimawari/internal/proto/dissect"
	"github.com/mimawari/mimawari/internal/proto/windows"
)

// maxToken bounds an NTLM or SPNEGO token, after base64.
const maxToken = 4 << 10

// is compares a field name, which has no case.
func is(b []byte, name string) bool { return len(b) == len(name) && bytes.EqualFold(b, []byte(name)) }

// field takes one header field.
func (v *conversation) field(c *dissect.Ctx, h *half, name, value []byte) {
	m := &h.msg
	switch {
	case is(name, "content-length"):
		if n, err := strconv.ParseInt(dissect.View(value), 10, 62); err == nil && n >= 0 {
			m.length = int(min(n, 1<<40))
		}
	case is(name, "transfer-encoding"):
		m.chunked = containsFold(value, "chunked")
	case is(name, "content-encoding"):
		m.gzip = is(value, "gzip")
		m.encoded = !m.gzip && !is(value, "identity")
	case is(name, "content-type"):
		contentType(c, m, value)
	case is(name, "accept") && m.request:
		m.api = max(m.api, apiOfType(value))
	case is(name, "upgrade"):
		m.upgrade = upgradeTo(value)
	case m.request:
		requestField(c, m, name, value)
	default:
		responseField(c, m, name, value)
	}
}

func containsFold(b []byte, s string) bool {
	for i := 0; i+len(s) <= len(b); i++ {
		if b[i]|0x20 == s[0]|0x20 && bytes.EqualFold(b[i:i+len(s)], []byte(s)) {
			return true
		}
	}
	return false
}

func contentType(c *dissect.Ctx, m *message, v []byte) {
	m.api = max(m.api, apiOfType(v))
	switch {
	case containsFold(v, "text/html"):
		m.content = htmlContent
	case containsFold(v, "application/ipp"):
		m.content = ippContent
		c.App = dissect.IPP
	case containsFold(v, "xml"):
		m.content = xmlContent
	}
	if i := bytes.IndexByte(v, '='); i >= 0 && m.content == htmlContent {
		m.charset = strings.Clone(dissect.View(bytes.Trim(v[i+1:min(len(v), i+32)], `"' `)))
	}
}

func upgradeTo(v []byte) upgrade {
	switch {
	case containsFold(v, "websocket"):
		return toWebSocket
	case containsFold(v, "tls/"):
		return toTLS
	}
	return toOther
}

func requestField(c *dissect.Ctx, m *message, name, value []byte) {
	switch {
	case is(name, "user-agent"):
		c.Say(model.HTTPUserAgent, dissect.View(value))
	case is(name, "host"):
		if !m.absolute {
			host(c, value)
		}
	case is(name, "authorization"), is(name, "proxy-authorization"):
		scheme, token, _ := bytes.Cut(value, []byte{' '})
		switch {
		case is(scheme, "basic"):
			c.SayOf(model.CleartextLogin, "http-basic")
		case is(scheme, "ntlm"), is(scheme, "negotiate"):
			negotiate(c, token)
		}
	}
}

// host says the Host field of the server, if it is a name: addresses tell nothing new.
func host(c *dissect.Ctx, v []byte) {
	if i := bytes.LastIndexByte(v, ':'); i >= 0 && bytes.IndexByte(v[i:], ']') < 0 {
		v = v[:i]
	}
	if len(v) == 0 || v[0] == '[' {
		return
	}
	if last := v[len(v)-1]; last >= '0' && last <= '9' { // names that end so are rare, and failing to parse costs memory
		if _, err := netip.ParseAddr(dissect.View(v)); err == nil {
			return
		}
	}
	c.SayAbout(model.NameHTTP, c.Dst, c.DstMAC, dissect.View(v))
	c.Fact(model.NameHTTP, dissect.View(v))
}

func responseField(c *dissect.Ctx, m *message, name, value []byte) {
	switch {
	case is(name, "server"):
		c.SayAt(model.HTTPServer, dissect.View(value))
	case is(name, "x-powered-by"):
		c.SayAt(model.HTTPPowered, dissect.View(value))
	case is(name, "x-elastic-product"):
		c.App = dissect.Elasticsearch
	case is(name, "www-authenticate"), is(name, "proxy-authenticate"):
		challenge(c, value)
	case is(name, "location"):
		if p := portalOf(path(dissect.View(value))); p > 0 && m.status/100 == 3 {
			sayPortal(c, p)
		}
	}
}

// path cuts scheme and authority off a URL.
func path(u string) string {
	if _, rest, ok := strings.Cut(u, "://"); ok {
		_, p, _ := strings.Cut(rest, "/")
		return "/" + p
	}
	return u
}

// challenge reads WWW-Authenticate: the realm, or the token of an NTLM challenge (MS-NTHT).
func challenge(c *dissect.Ctx, v []byte) {
	scheme, rest, _ := bytes.Cut(v, []byte{' '})
	if is(scheme, "ntlm") || is(scheme, "negotiate") {
		negotiate(c, rest)
		return
	}
	i := bytes.Index(v, []byte("realm="))
	if i < 0 {
		return
	}
	r := v[i+len("realm="):]
	if len(r) > 0 && r[0] == '"' {
		r, _, _ = bytes.Cut(r[1:], []byte{'"'})
	} else {
		r, _, _ = bytes.Cut(r, []byte{','})
	}
	if len(r) > 0 {
		c.SayAt(model.HTTPRealm, charset.Guess(r))
	}
}

// negotiate hands an NTLM message to its decoder, bare or inside SPNEGO.
func negotiate(c *dissect.Ctx, token []byte) {
	token = bytes.TrimSpace(token)
	if len(token) == 0 || base64.StdEncoding.DecodedLen(len(token)) > maxToken {
		return
	}
	b := make([]byte, base64.StdEncoding.DecodedLen(len(token)))
	n, err := base64.StdEncoding.Decode(b, token)
	if err != nil {
		return
	}
	if i := bytes.Index(b[:n], []byte("NTLMSSP\x00")); i >= 0 {
		windows.NTLM(c, b[i:n])
	}
}
