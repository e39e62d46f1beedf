package directory

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"net"
	"strings"
	"time"
	"unicode/utf8"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/model"
)

// A directory that does not answer must not hold up those who sign in.
const (
	dialTime = 5 * time.Second
	askTime  = 15 * time.Second // for everything that is asked over one connection
)

// maxAnswer bounds one message of a directory.
const maxAnswer = 4 << 20

func init() { ber.MaxPacketLengthBytes = maxAnswer }

// longestLogin is the longest login that a directory is asked about, in bytes.
const longestLogin = 256

func checkLDAP(s Settings) error {
	u, ok := bare(s.URL, false)
	if !ok || u.Scheme != "ldaps" && u.Scheme != "ldap" {
		return fail(CodeURL, nil)
	}
	if _, err := ldap.ParseDN(s.Base); err != nil || s.Base == "" {
		return fail(CodeBase, err)
	}
	if !strings.Contains(s.Filter, hole) {
		return fail(CodeFilter, nil)
	}
	if _, err := ldap.CompileFilter(s.filter("x")); err != nil {
		return fail(CodeFilter, err)
	}
	return nil
}

// filter is the search for a login, which can't break out of its place.
func (s Settings) filter(login string) string {
	return strings.ReplaceAll(s.Filter, hole, ldap.EscapeFilter(login))
}

// Check asks the directory for somebody. It is auth.Directory.
func (d *Desk) Check(ctx context.Context, login, password string) (auth.Known, error) {
	s, on, err := d.Load(ctx, LDAP)
	if err != nil {
		return auth.Known{}, d.told(err)
	}
	// An empty password would be an anonymous bind, which succeeds for everybody.
	if !on || login == "" || password == "" || len(login) > longestLogin {
		return auth.Known{}, auth.ErrNobody
	}
	secret, err := d.open(s)
	if err != nil {
		return auth.Known{}, d.told(err)
	}
	who, err := checkIn(ctx, s, secret, login, password)
	if err != nil {
		return auth.Known{}, d.told(err)
	}
	return who, nil
}

func checkIn(ctx context.Context, s Settings, secret, login, password string) (auth.Known, error) {
	c, err := connect(ctx, s)
	if err != nil {
		return auth.Known{}, err
	}
	defer c.Close()
	p, err := find(c, s, secret, login)
	if err != nil {
		return auth.Known{}, err
	}
	err = c.Bind(p.dn, password)
	if ldap.IsErrorWithCode(err, ldap.LDAPResultInvalidCredentials) {
		return auth.Known{}, auth.ErrNobody
	}
	if err != nil {
		return auth.Known{}, fail(CodeSearch, err)
	}
	return auth.Known{Origin: LDAP, Subject: p.id, Login: p.login, Name: p.name, Role: s.roleOf(p.groups)}, nil
}

// tryLDAP connects, signs in as the reading account, looks whether the base is there and, with a login, who that is.
func tryLDAP(ctx context.Context, s Settings, secret, login string) (Outcome, error) {
	c, err := connect(ctx, s)
	if err != nil {
		return Outcome{}, err
	}
	defer c.Close()
	if err := bind(c, s, secret); err != nil {
		return Outcome{}, err
	}
	if _, err := search(c, s.Base, ldap.ScopeBaseObject, "(objectClass=*)", "1.1"); err != nil {
		return Outcome{}, err
	}
	if login == "" {
		return Outcome{}, nil
	}
	p, err := find(c, s, secret, login)
	if errors.Is(err, auth.ErrNobody) {
		return Outcome{}, fail(CodeNobody, errors.New(login))
	}
	return Outcome{Asked: true, Login: p.login, Name: p.name, Groups: p.groups, Role: s.roleOf(p.groups)}, err
}

// connect opens an encrypted connection: ldaps, or StartTLS. On this machine itself ldap:// without a certificate of its own stays plain.
func connect(ctx context.Context, s Settings) (*ldap.Conn, error) {
	u, ok := bare(s.URL, false)
	if !ok {
		return nil, fail(CodeURL, nil)
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"ldap": "389", "ldaps": "636"}[u.Scheme]
	}
	dialer := net.Dialer{Timeout: dialTime}
	raw, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return nil, fail(CodeReach, err)
	}
	end := time.Now().Add(askTime)
	if t, ok := ctx.Deadline(); ok && t.Before(end) {
		end = t
	}
	_ = raw.SetDeadline(end) // a connection that is broken says so when it is used
	secure := &tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12, RootCAs: roots(s.CA)}
	if u.Scheme == "ldaps" {
		t := tls.Client(raw, secure)
		if err := t.HandshakeContext(ctx); err != nil {
			_ = raw.Close()
			return nil, fail(CodeTLS, err)
		}
		c := ldap.NewConn(t, true)
		c.Start()
		return c, nil
	}
	c := ldap.NewConn(raw, false)
	c.SetTimeout(askTime)
	c.Start()
	if s.CA == "" && near(u.Hostname()) {
		return c, nil
	}
	if err := c.StartTLS(secure); err != nil {
		_ = c.Close()
		return nil, fail(CodeTLS, err)
	}
	return c, nil
}

// roots are the authorities to trust; nil: those of the system.
func roots(pem string) *x509.CertPool {
	if pem == "" {
		return nil
	}
	p := x509.NewCertPool()
	p.AppendCertsFromPEM([]byte(pem))
	return p
}

func bind(c *ldap.Conn, s Settings, secret string) error {
	if err := c.Bind(s.User, secret); err != nil {
		return fail(CodeBind, err)
	}
	return nil
}

func search(c *ldap.Conn, base string, scope int, filter string, attributes ...string) ([]*ldap.Entry, error) {
	res, err := c.Search(ldap.NewSearchRequest(base, scope, ldap.NeverDerefAliases, 2, int(askTime/time.Second), false, filter, attributes, nil))
	switch {
	case ldap.IsErrorWithCode(err, ldap.LDAPResultNoSuchObject):
		return nil, fail(CodeNoBase, err)
	case ldap.IsErrorWithCode(err, ldap.LDAPResultSizeLimitExceeded):
		return nil, fail(CodeSeveral, nil)
	case err != nil:
		return nil, fail(CodeSearch, err)
	}
	return res.Entries, nil
}

// person is an entry of the directory.
type person struct {
	dn, id, login, name string
	groups              []string
}

// find signs in as the reading account and looks for the one person with this login.
func find(c *ldap.Conn, s Settings, secret, login string) (person, error) {
	if err := bind(c, s, secret); err != nil {
		return person{}, err
	}
	es, err := search(c, s.Base, ldap.ScopeWholeSubtree, s.filter(login), "entryUUID", "objectGUID", "sAMAccountName", "uid", "displayName", "cn", "memberOf")
	switch {
	case err != nil:
		return person{}, err
	case len(es) == 0:
		return person{}, auth.ErrNobody
	case len(es) > 1:
		return person{}, fail(CodeSeveral, errors.New(login))
	}
	return personOf(es[0], login)
}

func personOf(e *ldap.Entry, login string) (person, error) {
	p := person{
		dn: e.DN, id: e.GetAttributeValue("entryUUID"), groups: e.GetAttributeValues("memberOf"),
		login: first(e.GetAttributeValue("sAMAccountName"), e.GetAttributeValue("uid"), login),
		name:  shortened(model.Clean(first(e.GetAttributeValue("displayName"), e.GetAttributeValue("cn")))),
	}
	if guid := e.GetRawAttributeValue("objectGUID"); p.id == "" && len(guid) > 0 {
		p.id = hex.EncodeToString(guid)
	}
	if p.id == "" || p.dn == "" {
		return p, fail(CodeNoID, errors.New(login))
	}
	return p, nil
}

func first(xs ...string) string {
	for _, x := range xs {
		if x != "" {
			return x
		}
	}
	return ""
}

// longestName is the longest name that an account can have, in bytes.
const longestName = 120

// shortened is a name as long as accounts can have.
func shortened(s string) string {
	n := 0
	for i, r := range s {
		if n = i + utf8.RuneLen(r); n > longestName {
			return s[:i]
		}
	}
	return s
}
