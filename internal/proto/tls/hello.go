package tls

import (
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// TLS extension numbers (IANA TLS ExtensionType Values).
const (
	extServerName        = 0
	extSignatureAlgs     = 13
	extALPN              = 16
	extSupportedVersions = 43
)

// hello is what is needed of a ClientHello or ServerHello. The slices lie in the message.
type hello struct {
	legacy   uint16
	version  uint16 // the highest offered, or the one chosen
	ciphers  []byte // big-endian pairs; one pair in a ServerHello
	exts     []byte // the extension block
	hasSNI   bool
	sni      []byte
	alpn     []byte // the first protocol
	sigAlgs  []byte
	cookie   bool
	datagram bool
}

// readClient reads the body of a ClientHello (RFC 8446 section 4.1.2; with a cookie, RFC 6347 section 4.2.1).
func readClient(b []byte, dtls bool) (h hello, ok bool) {
	r := dissect.Read(b)
	h.legacy, h.datagram = r.U16(), dtls
	r.Skip(32)
	session := r.U8()
	if session > 32 {
		return h, false
	}
	r.Skip(int(session))
	if dtls {
		n := int(r.U8())
		h.cookie = n > 0
		r.Skip(n)
	}
	h.ciphers = r.Bytes(int(r.U16()))
	r.Skip(int(r.U8()))
	if r.Short || len(h.ciphers) == 0 || len(h.ciphers)%2 != 0 {
		return h, false
	}
	h.version = h.legacy
	if r.Len() >= 2 {
		h.exts = r.Bytes(min(int(r.U16()), r.Len()))
		eachExt(h.exts, h.clientExt)
	}
	return h, true
}

// readServer reads the body of a ServerHello.
func readServer(b []byte) (h hello, ok bool) {
	r := dissect.Read(b)
	h.legacy = r.U16()
	h.version = h.legacy
	r.Skip(32)
	r.Skip(int(r.U8()))
	h.ciphers = r.Bytes(2)
	r.Skip(1)
	if r.Short {
		return h, false
	}
	if r.Len() >= 2 {
		h.exts = r.Bytes(min(int(r.U16()), r.Len()))
		eachExt(h.exts, h.serverExt)
	}
	return h, true
}

func eachExt(b []byte, f func(typ uint16, body []byte)) {
	for r := dissect.Read(b); r.Len() >= 4; {
		typ := r.U16()
		f(typ, r.Bytes(min(int(r.U16()), r.Len())))
	}
}

func (h *hello) clientExt(typ uint16, b []byte) {
	r := dissect.Read(b)
	switch typ {
	case extServerName:
		h.hasSNI = true
		r.Skip(2)
		if r.U8() == 0 {
			h.sni = r.Bytes(int(r.U16()))
		}
	case extALPN:
		r.Skip(2)
		h.alpn = r.Bytes(int(r.U8()))
	case extSignatureAlgs:
		h.sigAlgs = r.Bytes(int(r.U16()) &^ 1)
	case extSupportedVersions:
		h.versions(r.Bytes(int(r.U8())))
	}
}

func (h *hello) serverExt(typ uint16, b []byte) {
	r := dissect.Read(b)
	switch typ {
	case extSupportedVersions:
		if v := r.U16(); !r.Short {
			h.version = v
		}
	case extALPN:
		r.Skip(2)
		h.alpn = r.Bytes(int(r.U8()))
	}
}

// versions takes the highest of the offered versions; DTLS counts downwards.
func (h *hello) versions(b []byte) {
	best := uint16(0)
	for r := dissect.Read(b); r.Len() >= 2; {
		v := r.U16()
		if grease(v) {
			continue
		}
		if best == 0 || (v > best) != h.datagram {
			best = v
		}
	}
	if best != 0 {
		h.version = best
	}
}

// grease reports a reserved value that clients send to keep servers tolerant (RFC 8701).
func grease(v uint16) bool { return v&0x0f0f == 0x0a0a && v>>8 == v&0xff }

// versionName is the way people write a version; "" for one that does not exist.
func versionName(v uint16) string {
	switch {
	case v == 0x0002:
		return "SSL 2.0"
	case v == 0x0300:
		return "SSL 3.0"
	case v == 0x0301:
		return "TLS 1.0"
	case v == 0x0302:
		return "TLS 1.1"
	case v == 0x0303:
		return "TLS 1.2"
	case v == 0x0304 || v>>8 == 0x7f || v>>8 == 0xfb: // drafts of 1.3, Facebook's too
		return "TLS 1.3"
	case v == 0xfeff || v == 0x0100: // 0x0100 is OpenSSL's before the standard
		return "DTLS 1.0"
	case v == 0xfefd:
		return "DTLS 1.2"
	case v == 0xfefc:
		return "DTLS 1.3"
	}
	return ""
}

// sayClient records a ClientHello; transport is JA4's letter: t, d or q.
func sayClient(c *dissect.Ctx, h *hello, transport byte) {
	if len(h.sni) > 0 {
		name := dissect.View(h.sni)
		c.SayTo(model.TLSSNI, name)
		c.Fact(model.TLSSNI, string(h.sni))
	}
	var buf [36]byte
	ja4 := h.ja4(buf[:0], transport)
	c.Say(model.TLSJA4, dissect.View(ja4))
	c.Fact(model.TLSJA4, string(ja4))
}

// sayServer records a ServerHello.
func sayServer(c *dissect.Ctx, h *hello) {
	v := versionName(h.version)
	if v == "" {
		return
	}
	c.SayAt(model.TLSVersion, v)
	c.Fact(model.TLSVersion, v)
	const digits = "0123456789abcdef"
	a, b := h.ciphers[0], h.ciphers[1]
	cipher := [6]byte{'0', 'x', digits[a>>4], digits[a&15], digits[b>>4], digits[b&15]}
	c.SayAt(model.TLSCipher, dissect.View(cipher[:]))
	c.Fact(model.TLSCipher, string(cipher[:]))
	if len(h.alpn) > 0 {
		c.SayAt(model.TLSALPN, dissect.View(h.alpn))
	}
}
