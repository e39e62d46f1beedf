// Package certs keeps the certificate that the pages are served with: one that the institution was given, or one of a certificate authority
// of its own, made on this machine for networks without the internet. It renews its own in time and gives them out to the TLS server.
//
// It asks no outside authority, decides nothing on who may connect, and does not judge the certificates of others.
//
// Invariants: keys are readable by their owner only; a certificate is put in place as a whole, after it was tried with its key; the
// authority signs for servers only, and its key never leaves the directory.
package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// Code names a trouble that a person can do something about. The words are under "certs.CODE".
type Code string

// The troubles.
const (
	NoPair    Code = "no_pair"    // certificate and key do not belong together, or one of them can't be read
	Expired   Code = "expired"    // the certificate is not valid at this time
	NoNames   Code = "no_names"   // it names no host
	BadName   Code = "bad_name"   // a name that is neither a host name nor an address
	Unusable  Code = "unusable"   // the directory can't be read or written
	NotServer Code = "not_server" // the certificate is not for servers
)

// Codes gives all codes, so that a test can make sure that each has words.
func Codes() []Code { return []Code{NoPair, Expired, NoNames, BadName, Unusable, NotServer} }

// Error is a trouble that a person can do something about.
type Error struct {
	Code  Code
	Where string
	Err   error
}

func (e *Error) Error() string { return fmt.Sprintf("certificate: %s: %s: %v", e.Code, e.Where, e.Err) }

func (e *Error) Unwrap() error { return e.Err }

// Validity of what the own authority makes. Browsers accept at most 398 days of a server certificate.
const (
	authorityYears = 10
	serverDays     = 397
	renewBefore    = 30 * 24 * time.Hour
	backdate       = time.Hour // for clocks that are a little behind
)

// Kind says where the certificate in use comes from.
type Kind string

// The kinds.
const (
	None  Kind = ""
	Own   Kind = "own"   // of the own authority: renewed by itself
	Given Kind = "given" // imported: renewed by people
)

// Status describes the certificate in use.
type Status struct {
	Kind        Kind      `json:"kind"`
	Names       []string  `json:"names"`
	Issuer      string    `json:"issuer"`
	NotBefore   time.Time `json:"not_before,omitzero"`
	NotAfter    time.Time `json:"not_after,omitzero"`
	Fingerprint string    `json:"fingerprint"`           // SHA-256 of the certificate
	Authority   string    `json:"authority_fingerprint"` // SHA-256 of the own authority's certificate, "" if there is none
}

// Keeper holds the certificate of one data directory. It is safe for concurrent use.
type Keeper struct {
	dir string
	now func() time.Time
	mu  sync.Mutex
	use *tls.Certificate // nil until one is there
	was time.Time        // of the file that use was read from
}

// Open gives the keeper of dir, which need not exist yet. Nothing is made.
func Open(dir string, now func() time.Time) *Keeper { return &Keeper{dir: dir, now: now} }

func (k *Keeper) file(name string) string { return filepath.Join(k.dir, name) }

// The files. The server's certificate, chain and key are one file, so that they change together.
const (
	serverFile    = "server.pem"
	authorityFile = "ca.pem"
	authorityKey  = "ca.key"
)

// Make makes a certificate of the own authority for the names (host names and addresses), and the authority if there is none.
func (k *Keeper) Make(names []string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.make(names)
}

func (k *Keeper) make(names []string) error {
	if len(names) == 0 {
		return &Error{Code: NoNames, Where: k.dir}
	}
	ca, caKey, err := k.authority()
	if err != nil {
		return err
	}
	t, err := k.template(serverDays * 24 * time.Hour)
	if err != nil {
		return err
	}
	t.Subject = pkix.Name{CommonName: names[0], Organization: []string{"Mimawari"}}
	t.KeyUsage, t.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	if t.NotAfter.After(ca.NotAfter) {
		t.NotAfter = ca.NotAfter
	}
	for _, n := range names {
		if err := addName(t, n); err != nil {
			return err
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.CreateCertificate(rand.Reader, t, ca, &key.PublicKey, caKey)
	if err != nil {
		return err
	}
	keyPEM, err := encodeKey(key)
	if err != nil {
		return err
	}
	return k.put(slices.Concat(encode("CERTIFICATE", der), encode("CERTIFICATE", ca.Raw), keyPEM))
}

// addName accepts host names (RFC 1123) and addresses.
func addName(t *x509.Certificate, n string) error {
	if a, err := netip.ParseAddr(n); err == nil {
		t.IPAddresses = append(t.IPAddresses, a.Unmap().WithZone("").AsSlice())
		return nil
	}
	bad := func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.')
	}
	if n == "" || len(n) > 253 || strings.IndexFunc(n, bad) >= 0 || strings.HasPrefix(n, "-") || strings.Contains(n, "..") || n[0] == '.' {
		return &Error{Code: BadName, Where: n}
	}
	t.DNSNames = append(t.DNSNames, strings.ToLower(n))
	return nil
}

// authority reads the own authority, or makes it.
func (k *Keeper) authority() (*x509.Certificate, *ecdsa.PrivateKey, error) {
	pair, err := tls.LoadX509KeyPair(k.file(authorityFile), k.file(authorityKey))
	if errors.Is(err, os.ErrNotExist) {
		return k.makeAuthority()
	}
	if err != nil {
		return nil, nil, &Error{Code: Unusable, Where: k.file(authorityFile), Err: err}
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		return nil, nil, &Error{Code: Unusable, Where: k.file(authorityKey), Err: errors.New("not a key of ours")}
	}
	if k.now().After(pair.Leaf.NotAfter.Add(-renewBefore)) {
		return k.makeAuthority()
	}
	return pair.Leaf, key, nil
}

func (k *Keeper) makeAuthority() (*x509.Certificate, *ecdsa.PrivateKey, error) {
	t, err := k.template(authorityYears * 365 * 24 * time.Hour)
	if err != nil {
		return nil, nil, err
	}
	t.Subject = pkix.Name{CommonName: "Mimawari " + k.now().Format("2006-01-02"), Organization: []string{"Mimawari"}}
	t.IsCA, t.BasicConstraintsValid, t.MaxPathLenZero = true, true, true
	t.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} // it can sign for nothing else
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, &key.PublicKey, key)
	if err != nil {
		return nil, nil, err
	}
	ca, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, err
	}
	keyPEM, err := encodeKey(key)
	if err != nil {
		return nil, nil, err
	}
	if err := errors.Join(k.write(authorityKey, keyPEM), k.write(authorityFile, encode("CERTIFICATE", der))); err != nil {
		return nil, nil, err
	}
	return ca, key, nil
}

// template has a random serial number (RFC 5280, 4.1.2.2: at most 20 octets, positive).
func (k *Keeper) template(valid time.Duration) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	now := k.now().UTC()
	return &x509.Certificate{SerialNumber: serial, NotBefore: now.Add(-backdate), NotAfter: now.Add(valid)}, nil
}

// Import takes a certificate that the institution was given, with its chain and key, as PEM.
func (k *Keeper) Import(certPEM, keyPEM []byte) error {
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return &Error{Code: NoPair, Err: err}
	}
	now := k.now()
	switch leaf := pair.Leaf; {
	case now.After(leaf.NotAfter) || now.Before(leaf.NotBefore):
		return &Error{Code: Expired, Where: leaf.NotAfter.Format(time.DateOnly)}
	case len(leaf.DNSNames)+len(leaf.IPAddresses) == 0:
		return &Error{Code: NoNames}
	case len(leaf.ExtKeyUsage) > 0 && !slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageServerAuth) && !slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageAny):
		return &Error{Code: NotServer}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.put(slices.Concat(certPEM, []byte("\n"), keyPEM))
}

// put tries the file as a server would and puts it in place.
func (k *Keeper) put(b []byte) error {
	if _, err := tls.X509KeyPair(b, b); err != nil {
		return &Error{Code: NoPair, Err: err}
	}
	if err := k.write(serverFile, b); err != nil {
		return err
	}
	k.use = nil
	return nil
}

func (k *Keeper) write(name string, b []byte) error {
	if err := os.MkdirAll(k.dir, 0o700); err != nil {
		return &Error{Code: Unusable, Where: k.dir, Err: err}
	}
	f, err := os.CreateTemp(k.dir, ".new-*") // 0600
	if err != nil {
		return &Error{Code: Unusable, Where: k.dir, Err: err}
	}
	defer os.Remove(f.Name())
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), k.file(name))
	}
	if err != nil {
		return &Error{Code: Unusable, Where: k.file(name), Err: err}
	}
	return nil
}

// load reads the certificate in use if it is new, and renews it if it is ours and near its end. nil if there is none.
func (k *Keeper) load() (*tls.Certificate, error) {
	st, err := os.Stat(k.file(serverFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, &Error{Code: Unusable, Where: k.file(serverFile), Err: err}
	}
	if k.use == nil || !st.ModTime().Equal(k.was) {
		pair, err := tls.LoadX509KeyPair(k.file(serverFile), k.file(serverFile))
		if err != nil {
			return nil, &Error{Code: Unusable, Where: k.file(serverFile), Err: err}
		}
		k.use, k.was = &pair, st.ModTime()
	}
	if k.kind(k.use.Leaf) == Own && k.now().After(k.use.Leaf.NotAfter.Add(-renewBefore)) {
		if err := k.make(namesOf(k.use.Leaf)); err != nil {
			return k.use, err // the old one still serves
		}
		return k.load()
	}
	return k.use, nil
}

// kind tells whose certificate it is: ours is signed by the authority beside it.
func (k *Keeper) kind(leaf *x509.Certificate) Kind {
	ca := k.readAuthority()
	if ca != nil && leaf.CheckSignatureFrom(ca) == nil {
		return Own
	}
	return Given
}

func (k *Keeper) readAuthority() *x509.Certificate {
	b, err := os.ReadFile(k.file(authorityFile))
	if err != nil {
		return nil
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil
	}
	ca, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil
	}
	return ca
}

// Authority gives the certificate of the own authority as PEM, to be installed on the PCs of the institution; nil if there is none.
func (k *Keeper) Authority() []byte {
	ca := k.readAuthority()
	if ca == nil {
		return nil
	}
	return encode("CERTIFICATE", ca.Raw)
}

// Status describes the certificate in use.
func (k *Keeper) Status() (Status, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := Status{Names: []string{}}
	if ca := k.readAuthority(); ca != nil {
		s.Authority = fingerprint(ca.Raw)
	}
	c, err := k.load()
	if c == nil {
		return s, err
	}
	s.Kind, s.Names, s.Issuer = k.kind(c.Leaf), namesOf(c.Leaf), c.Leaf.Issuer.String()
	s.NotBefore, s.NotAfter, s.Fingerprint = c.Leaf.NotBefore, c.Leaf.NotAfter, fingerprint(c.Leaf.Raw)
	return s, err
}

// Serves reports whether the certificate names the host (a name or an address without port).
func (k *Keeper) Serves(host string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	c, _ := k.load()
	return c != nil && c.Leaf.VerifyHostname(host) == nil
}

// TLS gives the configuration of a server: TLS 1.2 and newer, and always the newest certificate.
func (k *Keeper) TLS() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			k.mu.Lock()
			defer k.mu.Unlock()
			c, err := k.load()
			if c != nil {
				return c, nil
			}
			return nil, cmpErr(err)
		},
	}
}

var errNone = errors.New("no certificate yet")

func cmpErr(err error) error {
	if err == nil {
		return errNone
	}
	return err
}

func namesOf(c *x509.Certificate) []string {
	names := slices.Clone(c.DNSNames)
	for _, a := range c.IPAddresses {
		names = append(names, a.String())
	}
	return names
}

func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func encodeKey(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return encode("PRIVATE KEY", der), nil
}
