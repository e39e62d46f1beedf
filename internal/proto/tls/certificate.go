package tls

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// maxNames bounds the names taken from one certificate.
const maxNames = 16

// fact is one thing that a certificate says; of names only the host itself is told, not the flow.
type fact struct {
	kind  model.Kind
	value string
}

func sayAll(c *dissect.Ctx, all []fact) {
	for _, x := range all {
		c.SayAt(x.kind, x.value)
		if x.kind == model.TLSSubject || x.kind == model.TLSIssuer {
			c.Fact(x.kind, x.value)
		}
	}
}

// Bounds of what is remembered of certificates: about 2 MB at worst.
const (
	maxCertificates = 512
	maxRemembered   = 4 << 10 // bytes of values of one certificate
)

// certificates remembers what certificates say: a server shows the same one in every connection, and reading it costs more
// than all the rest of the handshake. A nil *certificates remembers nothing.
type certificates struct{ read map[[sha256.Size]byte][]fact }

func newCertificates() *certificates {
	return &certificates{read: map[[sha256.Size]byte][]fact{}}
}

// say records what the server's own certificate says (X.509, RFC 5280).
func (k *certificates) say(c *dissect.Ctx, der []byte) {
	if k == nil {
		sayAll(c, readCertificate(der))
		return
	}
	id := sha256.Sum256(der)
	all, ok := k.read[id]
	if !ok {
		all = readCertificate(der)
		k.remember(id, all)
	}
	sayAll(c, all)
}

func (k *certificates) remember(id [sha256.Size]byte, all []fact) {
	size := 0
	for _, x := range all {
		size += len(x.value)
	}
	if size > maxRemembered {
		return
	}
	if len(k.read) >= maxCertificates {
		clear(k.read)
	}
	k.read[id] = all
}

func readCertificate(der []byte) []fact {
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return readLoose(der)
	}
	all := readNames(cert.Subject.String(), cert.Issuer.String(), append([]string{cert.Subject.CommonName}, cert.DNSNames...))
	return append(all, fact{model.TLSNotAfter, cert.NotAfter.UTC().Format(time.RFC3339)}, fact{model.TLSKey, keyName(cert)})
}

func readNames(subject, issuer string, names []string) (all []fact) {
	if subject != "" {
		all = append(all, fact{model.TLSSubject, subject})
	}
	if issuer != "" {
		all = append(all, fact{model.TLSIssuer, issuer})
	}
	seen := map[string]bool{}
	for _, n := range names {
		if n = strings.ToLower(n); len(seen) < maxNames && !seen[n] && isName(n) {
			seen[n] = true
			all = append(all, fact{model.NameTLS, n})
		}
	}
	return all
}

// isName tells a host name from the phrases that appliances put into a common name.
func isName(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil || s == "" || len(s) > 253 {
		return false
	}
	for i := 0; i < len(s); i++ {
		if b := s[i]; !alnum(b) && b != '-' && b != '.' && b != '_' && b != '*' {
			return false
		}
	}
	return true
}

var signatures = map[x509.SignatureAlgorithm]string{
	x509.MD2WithRSA: "md2WithRSA", x509.MD5WithRSA: "md5WithRSA", x509.SHA1WithRSA: "sha1WithRSA",
	x509.SHA256WithRSA: "sha256WithRSA", x509.SHA384WithRSA: "sha384WithRSA", x509.SHA512WithRSA: "sha512WithRSA",
	x509.SHA256WithRSAPSS: "sha256WithRSAPSS", x509.SHA384WithRSAPSS: "sha384WithRSAPSS", x509.SHA512WithRSAPSS: "sha512WithRSAPSS",
	x509.DSAWithSHA1: "dsaWithSHA1", x509.DSAWithSHA256: "dsaWithSHA256", x509.ECDSAWithSHA1: "ecdsaWithSHA1",
	x509.ECDSAWithSHA256: "ecdsaWithSHA256", x509.ECDSAWithSHA384: "ecdsaWithSHA384", x509.ECDSAWithSHA512: "ecdsaWithSHA512",
	x509.PureEd25519: "ed25519",
}

// keyName is "RSA 1024 sha1WithRSA": kind and bits of the key, and how the certificate is signed.
func keyName(cert *x509.Certificate) string {
	kind, bits := cert.PublicKeyAlgorithm.String(), 0
	switch k := cert.PublicKey.(type) {
	case *rsa.PublicKey:
		bits = k.N.BitLen()
	case *ecdsa.PublicKey:
		kind, bits = "EC", k.Curve.Params().BitSize
	case ed25519.PublicKey:
		bits = 256
	}
	sig := signatures[cert.SignatureAlgorithm]
	if sig == "" {
		sig = "unknown"
	}
	return kind + " " + strconv.Itoa(bits) + " " + sig
}

// readLoose takes the names from a certificate that crypto/x509 refuses: old devices make them with negative serial
// numbers, wrong string types and worse.
func readLoose(der []byte) []fact {
	var outer, tbs asn1.RawValue
	if _, err := asn1.Unmarshal(der, &outer); err != nil || !outer.IsCompound {
		return nil
	}
	if _, err := asn1.Unmarshal(outer.Bytes, &tbs); err != nil || !tbs.IsCompound {
		return nil
	}
	var parts []asn1.RawValue
	for rest := tbs.Bytes; len(rest) > 0 && len(parts) < 6; {
		var v asn1.RawValue
		var err error
		if rest, err = asn1.Unmarshal(rest, &v); err != nil {
			return nil
		}
		if len(parts) == 0 && v.Class == asn1.ClassContextSpecific {
			continue // version
		}
		parts = append(parts, v)
	}
	if len(parts) < 5 { // serial, algorithm, issuer, validity, subject
		return nil
	}
	subject, cn := readName(parts[4].FullBytes)
	issuer, _ := readName(parts[2].FullBytes)
	return readNames(subject, issuer, []string{cn})
}

func readName(der []byte) (text, cn string) {
	var seq pkix.RDNSequence
	if _, err := asn1.Unmarshal(der, &seq); err != nil {
		return "", ""
	}
	var n pkix.Name
	n.FillFromRDNSequence(&seq)
	return n.String(), n.CommonName
}
