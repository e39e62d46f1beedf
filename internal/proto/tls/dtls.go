package tls

import "github.com/mimawari/mimawari/internal/proto/dissect"

// dtls decodes datagrams; what it keeps is the certificates it has read.
type dtls struct{ certs *certificates }

func newDTLS() func(*dissect.Ctx, []byte) dissect.Verdict {
	return dtls{newCertificates()}.datagram
}

// datagram decodes the plain records of one DTLS datagram (RFC 6347 section 4.1). Handshake messages that are cut over
// several datagrams are not put together, but a hello fits one, and so does a first certificate mostly.
func (d dtls) datagram(c *dissect.Ctx, b []byte) dissect.Verdict {
	seen := false
	for r := dissect.Read(b); r.Len() > 0; {
		typ, ver := r.U8(), r.U16()
		epoch := r.U16()
		r.Skip(6)
		body := r.Bytes(int(r.U16()))
		if r.Short || typ < recChangeCipher || typ > recHeartbeat || ver != 0xfeff && ver != 0xfefd && ver != 0x0100 {
			break
		}
		if typ == recHandshake && epoch == 0 && !d.handshake(c, body) {
			break
		}
		seen = true
	}
	if seen {
		return dissect.Yes
	}
	return dissect.No
}

// handshake decodes the messages of one record: a TLS header with message number, fragment offset and length.
func (d dtls) handshake(c *dissect.Ctx, b []byte) bool {
	for r := dissect.Read(b); r.Len() > 0; {
		typ, n := r.U8(), int(r.U24())
		r.Skip(2)
		at, k := int(r.U24()), int(r.U24())
		m := r.Bytes(k)
		if r.Short || at+k > n || typ > 25 {
			return false
		}
		if at == 0 {
			d.fragment(c, typ, m, k == n)
		}
	}
	return true
}

func (d dtls) fragment(c *dissect.Ctx, typ byte, m []byte, whole bool) {
	switch {
	case typ == msgClientHello:
		if h, ok := readClient(m, true); ok && whole {
			sayClient(c, &h, 'd')
		}
	case typ == msgServerHello:
		if h, ok := readServer(m); ok && whole {
			sayServer(c, &h)
		}
	case typ == msgCertificate && !c.ToServer && len(m) > 6:
		if n := int(m[3])<<16 | int(m[4])<<8 | int(m[5]); n > 0 && n <= len(m)-6 {
			d.certs.say(c, m[6:6+n])
		}
	}
}
