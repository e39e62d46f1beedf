package tls

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/proto/dissect"
)

func context(rec *dissect.Recorder, toServer bool) *dissect.Ctx {
	c := &dissect.Ctx{Src: netip.MustParseAddr("192.0.2.1"), Dst: netip.MustParseAddr("192.0.2.2"), SrcPort: 50000, DstPort: 443, ToServer: toServer, Rec: rec}
	if !toServer {
		c.Src, c.Dst, c.SrcPort, c.DstPort = c.Dst, c.Src, c.DstPort, c.SrcPort
	}
	return c
}

// tap keeps what is written to a connection.
type tap struct {
	net.Conn
	mu  sync.Mutex
	out bytes.Buffer
}

func (t *tap) Write(b []byte) (int, error) {
	t.mu.Lock()
	t.out.Write(b)
	t.mu.Unlock()
	return t.Conn.Write(b)
}

func certificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "PACS Server 1", Organization: []string{"Hospital"}},
		DNSNames: []string{"pacs.hospital.example"}, NotAfter: time.Date(2031, 4, 1, 0, 0, 0, 0, time.UTC),
	}, &x509.Certificate{Subject: pkix.Name{CommonName: "PACS Server 1"}}, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// handshake makes a real handshake and gives what both sides sent.
func handshake(t *testing.T, version uint16) (client, server []byte) {
	t.Helper()
	a, b := net.Pipe()
	ca, cb := &tap{Conn: a}, &tap{Conn: b}
	s := tls.Server(cb, &tls.Config{Certificates: []tls.Certificate{certificate(t)}, NextProtos: []string{"http/1.1"}, MaxVersion: version})
	c := tls.Client(ca, &tls.Config{InsecureSkipVerify: true, ServerName: "pacs.hospital.example", NextProtos: []string{"http/1.1"}, MaxVersion: version, MinVersion: tls.VersionTLS10})
	done := make(chan error, 1)
	go func() {
		err := s.Handshake()
		if err == nil {
			_, err = io.WriteString(s, "hello")
		}
		done <- err
	}()
	if _, err := io.ReadFull(c, make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return ca.out.Bytes(), cb.out.Bytes()
}

// feed shows both sides to a decoder in pieces and gives what it said.
func feed(client, server []byte, step int) []string {
	rec := dissect.NewRecorder(dissect.Limits{})
	s := new(stream)
	for i, b := range [][]byte{client, server} {
		at := 0
		for end := min(step, len(b)); ; end = min(end+step, len(b)) {
			if at < end {
				n, more := s.Data(context(rec, i == 0), b[at:end])
				if at += n; !more {
					return said(rec)
				}
			}
			if end == len(b) {
				break
			}
		}
	}
	return said(rec)
}

func said(rec *dissect.Recorder) []string {
	obs := dissect.Merge(rec).Observations
	var out []string
	for _, o := range obs {
		out = append(out, fmt.Sprintf("%s:%d %s %s x%d", o.Subject, o.Port, o.Kind, o.Value, o.Count))
	}
	return out
}

// fragment cuts the handshake records of one side into records of n bytes, as some stacks do.
func fragment(b []byte, n int) []byte {
	var out []byte
	for len(b) > 0 {
		typ, k, _ := record(b)
		body := b[recHeader : recHeader+k]
		for typ == recHandshake && len(body) > n {
			out = append(append(out, typ, b[1], b[2], byte(n>>8), byte(n)), body[:n]...)
			body = body[n:]
		}
		out = append(append(out, typ, b[1], b[2], byte(len(body)>>8), byte(len(body))), body...)
		b = b[recHeader+k:]
	}
	return out
}

func TestHandshake(t *testing.T) {
	client, server := handshake(t, tls.VersionTLS12)
	want := feed(client, server, 1<<20)
	for _, w := range []string{
		"192.0.2.1:443 tls.sni pacs.hospital.example x1", "192.0.2.2:443 tls.version TLS 1.2 x1", "192.0.2.2:443 tls.alpn http/1.1 x1",
		"192.0.2.2:443 name.tls pacs.hospital.example x1", "192.0.2.2:443 tls.subject CN=PACS Server 1,O=Hospital x1",
		"192.0.2.2:443 tls.not_after 2031-04-01T00:00:00Z x1", "192.0.2.2:443 tls.key EC 256 ecdsaWithSHA256 x1",
	} {
		if !slices.Contains(want, w) {
			t.Errorf("missing %q in %q", w, want)
		}
	}
	for _, cut := range []int{1, 3, 50, 1000} {
		for _, step := range []int{1, 7, 300} {
			if got := feed(fragment(client, cut), fragment(server, cut), step); !slices.Equal(got, want) {
				t.Errorf("records of %d in pieces of %d: %q, want %q", cut, step, got, want)
			}
		}
	}
}

func TestHandshake13(t *testing.T) {
	client, server := handshake(t, tls.VersionTLS13)
	got := strings.Join(feed(client, server, 1<<20), "\n")
	if !strings.Contains(got, "tls.version TLS 1.3 x1") || !strings.Contains(got, "tls.ja4 t13d") || strings.Contains(got, "tls.subject") {
		t.Error(got)
	}
}

// A certificate that crypto/x509 refuses still gives its names.
func TestLooseCertificate(t *testing.T) {
	der := bytes.Clone(certificate(t).Certificate[0])
	i := bytes.Index(der, []byte{0x02, 0x01, 0x01, 0x30}) // serial number 1 becomes a negative one
	der[i+2] = 0x81
	if _, err := x509.ParseCertificate(der); err == nil {
		t.Fatal("the certificate is not broken enough for this test")
	}
	rec := dissect.NewRecorder(dissect.Limits{})
	certs := newCertificates()
	for range 3 { // the second time from memory
		certs.say(context(rec, false), der)
	}
	if got := said(rec); !slices.Contains(got, "192.0.2.2:443 tls.subject CN=PACS Server 1,O=Hospital x3") {
		t.Errorf("%q", got)
	}
}

func TestSSL2Hello(t *testing.T) {
	m := append([]byte{0x80, 9 + 3 + 16, 1, 0, 2, 0, 3, 0, 0, 0, 16, 1, 0, 0x80}, make([]byte, 16)...)
	c := context(dissect.NewRecorder(dissect.Limits{}), true)
	if v := match(c, m); v != dissect.Yes {
		t.Errorf("verdict %d", v)
	}
	m[6]++
	if v := match(c, m); v != dissect.No {
		t.Errorf("verdict %d for lengths that don't add up", v)
	}
}

// RFC 9001 appendix A.1, RFC 9369 appendix A.1.
func TestInitialKeys(t *testing.T) {
	for _, x := range []struct {
		v           *quicVersion
		key, iv, hp string
	}{
		{quicV1, "1f369613dd76d5467730efcbe3b1a22d", "fa044b2f42a3fd3b46fb255c", "9f50449e04a0e810283a1e9933adedd2"},
		{quicV2, "8b1a0bc121284290a29e0971b5cd045d", "91f73e2351d8fa91660e909f", "45b95e15235d6f45a6b19cbcb0294ba9"},
	} {
		k, _ := clientKeys(x.v, []byte(unhex("8394c8f03e515708")))
		if hex.EncodeToString(k.key) != x.key || hex.EncodeToString(k.iv) != x.iv || hex.EncodeToString(k.hp) != x.hp {
			t.Errorf("%x %x %x", k.key, k.iv, k.hp)
		}
	}
}

// sealInitial protects frames as a client does (RFC 9001 section 5).
func sealInitial(t *testing.T, dcid, frames []byte, number uint32) []byte {
	t.Helper()
	k, _ := clientKeys(quicV1, dcid)
	frames = append(frames, make([]byte, 1700-len(frames))...)
	head := append([]byte{0xc3, 0, 0, 0, 1, byte(len(dcid))}, dcid...)
	head = append(head, 0, 0)
	head = binary.BigEndian.AppendUint16(head, uint16(0x4000|(4+len(frames)+16)))
	pn := len(head)
	head = binary.BigEndian.AppendUint32(head, number)
	block, err := aes.NewCipher(k.key)
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	nonce := bytes.Clone(k.iv)
	binary.BigEndian.PutUint32(nonce[8:], binary.BigEndian.Uint32(nonce[8:])^number)
	out := append(bytes.Clone(head), aead.Seal(nil, nonce, frames, head)...)
	hp, err := aes.NewCipher(k.hp)
	if err != nil {
		t.Fatal(err)
	}
	var mask [16]byte
	hp.Encrypt(mask[:], out[pn+4:pn+20])
	out[0] ^= mask[0] & 0x0f
	for i := range 4 {
		out[pn+i] ^= mask[1+i]
	}
	return out
}

func crypto(at int, b []byte) []byte {
	out := binary.BigEndian.AppendUint16([]byte{6}, uint16(0x4000|at))
	return append(binary.BigEndian.AppendUint16(out, uint16(0x4000|len(b))), b...)
}

// A hello comes in pieces, in any order, over several datagrams, with an ACK and PINGs between them.
func TestQUICReassembly(t *testing.T) {
	client, _ := handshake(t, tls.VersionTLS13)
	_, n, _ := record(client)
	hello := client[recHeader : recHeader+n]
	dcid := []byte{1, 2, 3, 4, 5, 6, 7, 8}
	first := append([]byte{1, 2, 0, 0, 0, 0}, crypto(100, hello[100:])...)
	second := append(crypto(50, hello[50:120]), crypto(0, hello[:50])...)
	rec := dissect.NewRecorder(dissect.Limits{})
	q := newQUIC()
	for i, f := range [][]byte{first, second, second} {
		if len(said(rec)) != 0 && i < 2 {
			t.Fatalf("said too early: %q", said(rec))
		}
		if v := q(context(rec, true), sealInitial(t, dcid, f, uint32(i))); v != dissect.Yes {
			t.Fatalf("verdict %d", v)
		}
	}
	got := strings.Join(said(rec), "\n")
	if !strings.Contains(got, "tls.sni pacs.hospital.example x1") || !strings.Contains(got, "tls.ja4 q13d") {
		t.Error(got)
	}
}

func TestQUICStateIsBounded(t *testing.T) {
	q := &quic{open: map[quicKey]*initial{}}
	rec := dissect.NewRecorder(dissect.Limits{})
	m := sealInitial(t, []byte{1, 2, 3, 4, 5, 6, 7, 8}, crypto(10, make([]byte, 100)), 1)
	for i := range 3 * maxHellos {
		c := context(rec, true)
		c.SrcPort = uint16(1000 + i)
		q.datagram(c, m)
	}
	if len(q.open) != maxHellos {
		t.Errorf("%d unfinished hellos kept", len(q.open))
	}
}

// However many certificates go by, few are remembered.
func TestCertificatesAreFew(t *testing.T) {
	certs := newCertificates()
	rec := dissect.NewRecorder(dissect.Limits{})
	der := bytes.Clone(certificate(t).Certificate[0])
	for i := range 3 * maxCertificates {
		der[len(der)-1], der[len(der)-2] = byte(i), byte(i>>8)
		certs.say(context(rec, false), der)
		if len(certs.read) > maxCertificates {
			t.Fatalf("%d certificates remembered", len(certs.read))
		}
	}
	certs.say(context(rec, false), append(der, make([]byte, 64<<10)...)) // trailing bytes: nothing to be read, nothing to panic over
}
