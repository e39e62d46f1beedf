// Package directory lets people sign in whom the institution knows already: by LDAP (Active Directory, OpenLDAP) and by OpenID Connect.
// It keeps the settings, with their secrets sealed, tries them, and says who somebody is and which role their groups give.
//
// It makes no accounts and no sessions and asks for no second factor (package auth does), shows nothing, and changes nothing in a directory.
// Both are off until set.
package directory

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/seal"
)

// Store keeps settings by name.
type Store interface {
	Setting(ctx context.Context, name string) (string, error)
	SaveSetting(ctx context.Context, name, value string) error
}

// Desk keeps the settings and asks by them. It is safe for concurrent use.
type Desk struct {
	Store Store
	Seal  *seal.Key
	Now   func() time.Time
	// Report is told what went wrong at a sign-in: whoever signs in is told only that something did. May be nil.
	Report func(error)
	// Note writes the audit trail. May be nil.
	Note func(ctx context.Context, action, object string, details ...string)

	used states
}

// Outcome is what a try of the settings found.
type Outcome struct {
	Asked  bool      `json:"asked"` // for somebody: Login is who
	Login  string    `json:"login,omitempty"`
	Name   string    `json:"name,omitempty"`
	Groups []string  `json:"groups,omitempty"`
	Role   auth.Role `json:"role,omitempty"`
}

func settingName(kind string) string { return "directory." + kind }

// Load gives the settings of a kind; on is false if there are none.
func (d *Desk) Load(ctx context.Context, kind string) (s Settings, on bool, err error) {
	text, err := d.Store.Setting(ctx, settingName(kind))
	if err != nil || text == "" {
		return Settings{Kind: kind}, false, err
	}
	if err := json.Unmarshal([]byte(text), &s); err != nil || s.Kind != kind {
		return Settings{Kind: kind}, false, fail(CodeDamaged, err)
	}
	return s, true, nil
}

// Save checks x and keeps it. Without a secret in x the one that is kept stays, if what it is for is the same.
func (d *Desk) Save(ctx context.Context, x Draft) error {
	s, err := d.settle(ctx, x)
	if err != nil {
		return err
	}
	b, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if err := d.Store.SaveSetting(ctx, settingName(s.Kind), string(b)); err != nil {
		return err
	}
	d.note(ctx, "directory.set", s.Kind, "url", s.URL)
	return nil
}

// Off forgets the settings of a kind, with their secret.
func (d *Desk) Off(ctx context.Context, kind string) error {
	if _, err := fieldsOf(kind); err != nil {
		return err
	}
	if err := d.Store.SaveSetting(ctx, settingName(kind), ""); err != nil {
		return err
	}
	d.note(ctx, "directory.off", kind)
	return nil
}

// Try asks by x, which need not be saved. With a login it looks for that person, where the kind can.
func (d *Desk) Try(ctx context.Context, x Draft, login string) (Outcome, error) {
	s, err := d.settle(ctx, x)
	if err != nil {
		return Outcome{}, err
	}
	d.note(ctx, "directory.test", s.Kind, "url", s.URL)
	secret, err := d.open(s)
	if err != nil {
		return Outcome{}, err
	}
	if s.Kind == LDAP {
		return tryLDAP(ctx, s, secret, auth.Fold(login))
	}
	return Outcome{}, tryOIDC(ctx, s)
}

// settle makes settings of a draft: checked, the secret sealed.
func (d *Desk) settle(ctx context.Context, x Draft) (Settings, error) {
	s, err := x.settings()
	if err != nil {
		return s, err
	}
	if x.Secret != "" {
		s.Sealed = d.Seal.For(s.Kind).Seal([]byte(x.Secret))
		return s, nil
	}
	before, on, err := d.Load(ctx, s.Kind)
	var damaged *Error
	if err != nil && !errors.As(err, &damaged) {
		return s, err
	}
	switch {
	case !on:
		return s, fail(CodeNoSecret, nil)
	case before.URL != s.URL || before.User != s.User || before.CA != s.CA:
		return s, fail(CodeSecretAgain, nil) // or a secret could be sent to another server by somebody who may not know it
	}
	s.Sealed = before.Sealed
	return s, nil
}

func (d *Desk) open(s Settings) (string, error) {
	b, err := d.Seal.For(s.Kind).Open(s.Sealed)
	if err != nil {
		return "", fail(CodeKey, nil)
	}
	return string(b), nil
}

func (d *Desk) note(ctx context.Context, action, object string, details ...string) {
	if d.Note != nil {
		d.Note(ctx, action, object, details...)
	}
}

// told reports a trouble of ours and gives what whoever signs in is told.
func (d *Desk) told(err error) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	if d.Report != nil {
		d.Report(err)
	}
	return &auth.Error{Code: auth.CodeDirectory}
}
