package directory

import (
	"slices"

	"github.com/mimawari/mimawari/internal/model"
)

// Error is a trouble that an administrator is told in words: "directory.error.CODE", with {detail} and {hole}.
type Error struct {
	Code   string
	Detail string // what the other side or the parser said, cleaned
	Err    error
}

func (e *Error) Error() string {
	s := "directory: " + e.Code
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// Key is where the words are.
func (e *Error) Key() string { return "directory.error." + e.Code }

// Pairs fill the holes of the words.
func (e *Error) Pairs() []string { return []string{"detail", e.Detail, "hole", hole} }

// The codes of Error.
const (
	CodeKind        = "kind"         // neither ldap nor oidc
	CodeURL         = "url"          // not an address that may be used
	CodeCA          = "ca"           // not certificates
	CodeUser        = "user"         // DN of the reading account, client id
	CodeBase        = "base"         // not a DN
	CodeFilter      = "filter"       // not a filter with {login}
	CodeGroups      = "groups"       // a line is not ROLE: GROUP
	CodeLong        = "long"         // a field is too long
	CodeNoSecret    = "no_secret"    // needed, and none is kept
	CodeSecretAgain = "secret_again" // for another server or user it must be typed again
	CodeKey         = "key"          // the kept secret can't be opened
	CodeDamaged     = "damaged"      // the kept settings
	CodeReach       = "reach"        // no answer
	CodeTLS         = "tls"          // the certificate or encryption is not accepted
	CodeBind        = "bind"         // the reading account is refused
	CodeSearch      = "search"       // the search is refused
	CodeNoBase      = "no_base"      // nothing is there
	CodeSeveral     = "several"      // more than one person for a login
	CodeNobody      = "nobody"       // nobody for the login of a try
	CodeNoID        = "no_id"        // the person has no unchanging number
	CodeIssuer      = "issuer"       // the provider's description can't be read or is another's
	CodeToken       = "token"        // the provider gave no token, or one that is not for us
	CodeLogin       = "login"        // the provider names no login
)

// Codes are all codes, so that a test can make sure that each has words.
func Codes() []string {
	return slices.Clone([]string{
		CodeKind, CodeURL, CodeCA, CodeUser, CodeBase, CodeFilter, CodeGroups, CodeLong, CodeNoSecret, CodeSecretAgain, CodeKey, CodeDamaged,
		CodeReach, CodeTLS, CodeBind, CodeSearch, CodeNoBase, CodeSeveral, CodeNobody, CodeNoID, CodeIssuer, CodeToken, CodeLogin,
	})
}

// maxDetail bounds what the other side says.
const maxDetail = 300

func fail(code string, err error) error {
	e := &Error{Code: code, Err: err}
	if err != nil {
		e.Detail = bounded(err.Error(), maxDetail)
	}
	return e
}

func bounded(s string, n int) string {
	r := []rune(model.Clean(s))
	if len(r) > n {
		return string(r[:n]) + "…"
	}
	return string(r)
}
