// Package slapdtest runs an OpenLDAP server of its own, with a made-up hospital in it, on loopback. It is for tests only; it never
// touches the system's server.
package slapdtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/mimawari/mimawari/internal/auth/directory"
)

// What is in it.
const (
	Base     = "dc=hospital,dc=example"
	Reader   = "cn=mimawari,dc=hospital,dc=example"
	Secret   = "reader secret"
	Password = "tsukue no ue no mikan" // of everybody
	Admins   = "cn=mimawari-admins,ou=groups,dc=hospital,dc=example"
	Staff    = "cn=mimawari-staff,ou=groups,dc=hospital,dc=example"
	root     = "cn=root,dc=hospital,dc=example"
	rootPass = "root"
)

// Server is a running server.
type Server struct {
	Plain, Secure string // addresses
	CA            string // PEM
}

// Draft gives settings that work at url.
func (s Server) Draft(url string) directory.Draft {
	return directory.Draft{
		Kind: directory.LDAP, URL: url, User: Reader, Secret: Secret, CA: s.CA, Base: Base, Filter: "(&(objectClass=inetOrgPerson)(|(uid={login})(mail={login})))",
		Groups: "administrator: CN=mimawari-admins, OU=groups, DC=hospital, DC=example\noperator: " + Staff,
	}
}

const config = `include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
allow bind_anon_dn
TLSCertificateFile %[1]s/cert.pem
TLSCertificateKeyFile %[1]s/key.pem
database mdb
suffix "` + Base + `"
rootdn "` + root + `"
rootpw ` + rootPass + `
directory %[1]s
overlay memberof
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="` + Reader + `" read by * none
`

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Start runs a server until the test ends. It needs slapd: scripts/test-setup.sh installs it.
func Start(t testing.TB) Server {
	t.Helper()
	dir := t.TempDir()
	s := Server{Plain: "ldap://" + free(t), Secure: "ldaps://" + free(t), CA: certificate(t, dir)}
	file := filepath.Join(dir, "slapd.conf")
	must(t, os.WriteFile(file, fmt.Appendf(nil, config, dir), 0o600))
	// slapd is run as a copy: some systems let the installed one read its own directories only (AppArmor goes by the path).
	b, err := os.ReadFile("/usr/sbin/slapd")
	if err != nil {
		t.Fatalf("slapd is missing, scripts/test-setup.sh installs it: %v", err)
	}
	program := filepath.Join(dir, "slapd")
	must(t, os.WriteFile(program, b, 0o700))
	c := exec.Command(program, "-f", file, "-h", s.Plain+"/ "+s.Secure+"/", "-d", "0")
	c.Stderr = os.Stderr
	must(t, c.Start())
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait() // killed
	})
	fill(t, s)
	return s
}

func free(t testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return "127.0.0.1:" + strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// certificate writes a key and a certificate that is its own authority into dir.
func certificate(t testing.TB, dir string) string {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "directory"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	must(t, err)
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	must(t, os.WriteFile(filepath.Join(dir, "cert.pem"), text, 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}), 0o600))
	return string(text)
}

// Administer signs in as the server's administrator.
func (s Server) Administer(t testing.TB) *ldap.Conn {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		c, err := ldap.DialURL(s.Plain)
		if err == nil {
			t.Cleanup(func() { _ = c.Close() })
			must(t, c.Bind(root, rootPass))
			return c
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
}

// Add adds an entry: pairs of attribute and value.
func Add(t testing.TB, c *ldap.Conn, dn string, pairs ...string) {
	t.Helper()
	r := ldap.NewAddRequest(dn, nil)
	for i := 0; i+1 < len(pairs); i += 2 {
		r.Attribute(pairs[i], []string{pairs[i+1]})
	}
	must(t, c.Add(r))
}

// fill makes sato (administrator), suzuki (operator), tanaka (no group), and two people with the mail double@hospital.example.
func fill(t testing.TB, s Server) {
	c := s.Administer(t)
	Add(t, c, Base, "objectClass", "domain", "dc", "hospital")
	Add(t, c, "ou=people,"+Base, "objectClass", "organizationalUnit", "ou", "people")
	Add(t, c, "ou=groups,"+Base, "objectClass", "organizationalUnit", "ou", "groups")
	Add(t, c, Reader, "objectClass", "applicationProcess", "cn", "mimawari")
	secret := ldap.NewModifyRequest(Reader, nil)
	secret.Add("objectClass", []string{"simpleSecurityObject"})
	secret.Add("userPassword", []string{Secret})
	must(t, c.Modify(secret))
	for uid, name := range map[string]string{"sato": "佐藤 花子", "suzuki": "鈴木 一郎", "tanaka": "田中 次郎", "double1": "一", "double2": "二"} {
		mail := uid + "@hospital.example"
		if name == "一" || name == "二" {
			mail = "double@hospital.example"
		}
		Add(t, c, "uid="+uid+",ou=people,"+Base, "objectClass", "inetOrgPerson", "uid", uid, "cn", name, "sn", name, "displayName", name, "mail", mail, "userPassword", Password)
	}
	Add(t, c, Admins, "objectClass", "groupOfNames", "cn", "mimawari-admins", "member", "uid=sato,ou=people,"+Base)
	Add(t, c, Staff, "objectClass", "groupOfNames", "cn", "mimawari-staff", "member", "uid=suzuki,ou=people,"+Base)
}
