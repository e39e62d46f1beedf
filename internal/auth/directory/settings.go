package directory

import (
	"crypto/x509"
	"errors"
	"net"
	"net/url"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"github.com/mimawari/mimawari/internal/auth"
)

// The kinds.
const (
	LDAP = "ldap"
	OIDC = "oidc"
)

// Kinds are all, in the order in which they are shown.
var Kinds = []string{LDAP, OIDC}

// DefaultFilter finds people of Active Directory, DefaultClaim is where most providers name groups.
const (
	DefaultFilter = "(&(objectCategory=person)(objectClass=user)(sAMAccountName={login}))"
	DefaultClaim  = "groups"
)

// hole is where the filter takes the login.
const hole = "{login}"

// Group gives a role to those who are in it.
type Group struct {
	Role auth.Role `json:"role"`
	Name string    `json:"group"` // DN, or a value of the claim
}

// Settings are how one directory or provider is asked.
type Settings struct {
	Kind   string  `json:"kind"`
	URL    string  `json:"url"`            // of the LDAP server; the issuer
	User   string  `json:"user"`           // DN of the account that reads; the client id
	Sealed string  `json:"sealed"`         // its password; the client secret
	CA     string  `json:"ca,omitempty"`   // PEM; "": those that the system trusts
	Base   string  `json:"base,omitempty"` // LDAP: where people are
	Filter string  `json:"filter,omitempty"`
	Claim  string  `json:"claim,omitempty"` // OIDC: where the token names groups
	Label  string  `json:"label,omitempty"` // OIDC: of the button
	Groups []Group `json:"groups"`          // the first that fits counts
}

// Draft is what somebody types. Secret "" keeps the one that is there.
type Draft struct {
	Kind, URL, User, Secret, CA, Base, Filter, Claim, Label, Groups string
}

// Draft gives what can be typed again: all but the secret.
func (s Settings) Draft() Draft {
	var lines []string
	for _, g := range s.Groups {
		lines = append(lines, string(g.Role)+": "+g.Name)
	}
	return Draft{Kind: s.Kind, URL: s.URL, User: s.User, CA: s.CA, Base: s.Base, Filter: s.Filter, Claim: s.Claim, Label: s.Label, Groups: strings.Join(lines, "\n")}
}

// NewDraft is what a form shows at first.
func NewDraft(kind string) Draft {
	if kind == LDAP {
		return Draft{Kind: kind, URL: "ldaps://", Filter: DefaultFilter}
	}
	return Draft{Kind: kind, URL: "https://", Claim: DefaultClaim}
}

// fieldsOf gives the check of a kind's own fields.
func fieldsOf(kind string) (func(Settings) error, error) {
	switch kind {
	case LDAP:
		return checkLDAP, nil
	case OIDC:
		return checkOIDC, nil
	}
	return nil, fail(CodeKind, nil)
}

// Bounds of what is typed, in bytes.
const (
	maxField  = 1000
	maxCA     = 64 << 10
	maxGroups = 16 << 10
)

func (x Draft) settings() (Settings, error) {
	trim := strings.TrimSpace
	s := Settings{
		Kind: x.Kind, URL: trim(x.URL), User: trim(x.User), CA: trim(x.CA), Base: trim(x.Base), Filter: trim(x.Filter), Claim: trim(x.Claim),
		Label: bounded(x.Label, 60),
	}
	check, err := fieldsOf(s.Kind)
	if err != nil {
		return s, err
	}
	for _, f := range []string{s.URL, s.User, x.Secret, s.Base, s.Filter, s.Claim} {
		if len(f) > maxField || strings.ContainsFunc(f, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return s, fail(CodeLong, nil)
		}
	}
	if len(s.CA) > maxCA || len(x.Groups) > maxGroups {
		return s, fail(CodeLong, nil)
	}
	if s.User == "" {
		return s, fail(CodeUser, nil)
	}
	if s.CA != "" && !x509.NewCertPool().AppendCertsFromPEM([]byte(s.CA)) {
		return s, fail(CodeCA, nil)
	}
	if s.Groups, err = parseGroups(s.Kind, x.Groups); err != nil {
		return s, err
	}
	return s, check(s)
}

// parseGroups reads lines of "ROLE: GROUP".
func parseGroups(kind, text string) ([]Group, error) {
	var gs []Group
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		role, name, ok := strings.Cut(line, ":")
		g := Group{auth.Role(auth.Fold(role)), strings.TrimSpace(name)}
		if !ok || !g.Role.Valid() || g.Name == "" {
			return nil, fail(CodeGroups, errors.New(line))
		}
		if kind == LDAP {
			if _, err := ldap.ParseDN(g.Name); err != nil || !strings.Contains(g.Name, "=") {
				return nil, fail(CodeGroups, errors.New(line))
			}
		}
		gs = append(gs, g)
	}
	if len(gs) == 0 {
		return nil, fail(CodeGroups, nil)
	}
	return gs, nil
}

// roleOf is the role that the first fitting line gives, "" if none does.
func (s Settings) roleOf(groups []string) auth.Role {
	for _, g := range s.Groups {
		for _, name := range groups {
			if s.same(g.Name, name) {
				return g.Role
			}
		}
	}
	return ""
}

// same compares names of groups: DNs by their parts and without regard to case, claims exactly.
func (s Settings) same(a, b string) bool {
	if s.Kind != LDAP {
		return a == b
	}
	x, err := ldap.ParseDN(a)
	y, err2 := ldap.ParseDN(b)
	return err == nil && err2 == nil && x.EqualFold(y)
}

// near reports whether host is this machine.
func near(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// bare parses an address that is nothing but scheme, host, port and, if allowed, path.
func bare(s string, path bool) (*url.URL, bool) {
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || !path && strings.Trim(u.Path, "/") != "" {
		return nil, false
	}
	return u, true
}
