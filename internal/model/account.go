package model

import "time"

// Account is somebody who may sign in. Secrets are kept as digests, or sealed; never as they are.
type Account struct {
	ID       string    `json:"id"`
	Login    string    `json:"login"` // folded: lower case, NFKC; unique
	Name     string    `json:"name"`
	Role     string    `json:"role"`
	Disabled bool      `json:"disabled,omitempty"`
	Made     time.Time `json:"made"`
	Last     time.Time `json:"last,omitzero"` // last sign-in

	Origin  string `json:"origin,omitempty"`  // who vouches: "" ourselves, "ldap", "oidc"
	Subject string `json:"subject,omitempty"` // the name there, which never changes

	Password   string    `json:"password,omitempty"` // PHC string, "" if none was set
	PasswordAt time.Time `json:"password_at,omitzero"`
	TOTP       *TOTP     `json:"totp,omitempty"`    // nil if none
	Pending    *TOTP     `json:"pending,omitempty"` // being set up
	Passkeys   []Passkey `json:"passkeys,omitempty"`
	Recovery   []string  `json:"recovery,omitempty"` // digests of the recovery codes that were not used yet
}

// TOTP is a person's one-time code generator (RFC 6238).
type TOTP struct {
	Sealed string    `json:"sealed"`         // the secret, encrypted
	Step   int64     `json:"step"`           // the last time step a code was accepted for
	Since  time.Time `json:"since,omitzero"` // when the first code was accepted; zero: not yet in force
}

// Passkey is a WebAuthn credential. It works on the site (RP ID) it was made for.
type Passkey struct {
	ID    string    `json:"id"` // base64url of the credential id
	Name  string    `json:"name"`
	Site  string    `json:"site"`
	Made  time.Time `json:"made"`
	Last  time.Time `json:"last,omitzero"`
	State []byte    `json:"state"` // the credential as the WebAuthn library keeps it
}

// SecondFactor reports whether the person has a second factor in force.
func (a *Account) SecondFactor() bool {
	return a.TOTP != nil && !a.TOTP.Since.IsZero() || len(a.Passkeys) > 0
}

// The kinds of keys.
const (
	SessionKey = "session"
	TokenKey   = "token"
	LinkKey    = "link"
)

// Key is a random secret that stands for a person: a session's cookie, an API token, a sign-in link. Only its digest is
// kept.
type Key struct {
	Digest  string    `json:"digest"`
	Kind    string    `json:"kind"`
	ID      string    `json:"id"` // names the key to people; tells nothing of the secret
	Account string    `json:"account"`
	Made    time.Time `json:"made"`
	Seen    time.Time `json:"seen,omitzero"`  // last use, to the minute
	Until   time.Time `json:"until,omitzero"` // never valid after; zero: no end

	Name   string   `json:"name,omitempty"`   // token: what it is for
	Scopes []string `json:"scopes,omitempty"` // token: what it may, at most what its owner may
	Source string   `json:"source,omitempty"` // session: address it was made from
	Agent  string   `json:"agent,omitempty"`  // session: browser
	Stage  string   `json:"stage,omitempty"`  // session: what is still to be proved
	Method string   `json:"method,omitempty"` // session: how the person proved who they are
}

// Attempts counts failed sign-ins of one account or one source of traffic.
type Attempts struct {
	Name  string    `json:"name"`
	Fails int       `json:"fails"` // in a row
	Last  time.Time `json:"last"`
	Until time.Time `json:"until,omitzero"` // refused before
}
