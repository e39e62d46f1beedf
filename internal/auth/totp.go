package auth

import (
	"context"
	"crypto/subtle"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/seal"
)

// One-time codes are those that every authenticator app knows: RFC 6238, SHA-1, six digits, 30 seconds. The step before and
// after the present one count too: clocks differ.
const (
	totpPeriod = 30
	totpSkew   = 1
)

// Enrolment is what an authenticator app needs to know.
type Enrolment struct {
	URI    string // otpauth://...
	Secret string // base32, for typing
}

// sealOf gives the key for the secret of one account: what was sealed for it does not open for another.
func (k *Keeper) sealOf(account string) *seal.Key { return k.Seal.For("totp." + account) }

func (k *Keeper) openTOTP(account string, t *model.TOTP) (string, error) {
	secret, err := k.sealOf(account).Open(t.Sealed)
	if err != nil {
		return "", refuse(CodeKeyFile)
	}
	return string(secret), nil
}

// BeginTOTP makes a new secret for an account. It is in force once ConfirmTOTP saw a code of it; what was in force before stays
// so until then.
func (k *Keeper) BeginTOTP(ctx context.Context, account string) (Enrolment, error) {
	a, err := k.Store.Account(ctx, account)
	if err != nil {
		return Enrolment{}, err
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: "Mimawari", AccountName: a.Login, Period: totpPeriod, SecretSize: 20, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
	if err != nil {
		return Enrolment{}, err
	}
	sealed := k.sealOf(account).Seal([]byte(key.Secret()))
	err = k.Store.ChangeAccount(ctx, account, func(a *model.Account) error {
		a.Pending = &model.TOTP{Sealed: sealed}
		return nil
	})
	return Enrolment{URI: key.URL(), Secret: key.Secret()}, err
}

// PendingTOTP gives the enrolment that was begun, to be shown again.
func (k *Keeper) PendingTOTP(ctx context.Context, account string) (Enrolment, error) {
	a, err := k.Store.Account(ctx, account)
	if err != nil {
		return Enrolment{}, err
	}
	if a.Pending == nil {
		return Enrolment{}, refuse(CodeNothingToDo)
	}
	secret, err := k.openTOTP(account, a.Pending)
	if err != nil {
		return Enrolment{}, err
	}
	label := url.PathEscape("Mimawari:" + a.Login)
	return Enrolment{URI: "otpauth://totp/" + label + "?algorithm=SHA1&digits=6&issuer=Mimawari&period=30&secret=" + secret, Secret: secret}, nil
}

// ConfirmTOTP puts the enrolment in force if code is one of it. Recovery codes come with the first second factor; they are
// shown this once.
func (k *Keeper) ConfirmTOTP(ctx context.Context, account, code string) (recovery []string, err error) {
	var login string
	err = k.Store.ChangeAccount(ctx, account, func(a *model.Account) error {
		if a.Pending == nil {
			return refuse(CodeNothingToDo)
		}
		step, err := k.matchTOTP(a.ID, a.Pending, code)
		if err != nil {
			return err
		}
		a.TOTP, a.Pending = &model.TOTP{Sealed: a.Pending.Sealed, Step: step, Since: k.Now().UTC()}, nil
		recovery = firstRecovery(a)
		login = a.Login
		return nil
	})
	if err == nil {
		k.note(ctx, "factor.totp", login)
	}
	return recovery, err
}

func firstRecovery(a *model.Account) (codes []string) {
	if len(a.Recovery) == 0 {
		codes, a.Recovery = newRecoveryCodes(a.ID)
	}
	return codes
}

// useTOTP accepts a code once: its step becomes the last one, and only later steps are accepted then.
func (k *Keeper) useTOTP(a *model.Account, code string) error {
	if a.TOTP == nil {
		return refuse(CodeWrongCode)
	}
	step, err := k.matchTOTP(a.ID, a.TOTP, code)
	if err == nil {
		a.TOTP.Step = step
	}
	return err
}

// matchTOTP gives the step a code belongs to.
func (k *Keeper) matchTOTP(account string, t *model.TOTP, code string) (int64, error) {
	code = strings.ReplaceAll(Fold(code), " ", "")
	secret, err := k.openTOTP(account, t)
	if err != nil {
		return 0, err
	}
	now, found := k.Now().Unix()/totpPeriod, int64(-1)
	for step := now - totpSkew; step <= now+totpSkew; step++ {
		want, err := hotp.GenerateCodeCustom(secret, uint64(step), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err != nil {
			return 0, err
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			found = step
		}
	}
	switch {
	case found < 0:
		return 0, refuse(CodeWrongCode)
	case found <= t.Step:
		return 0, refuse(CodeUsedCode)
	}
	return found, nil
}

// useRecovery takes a recovery code off the list.
func useRecovery(a *model.Account, code string) error {
	i := slices.Index(a.Recovery, recoveryDigest(a.ID, code))
	if i < 0 {
		return refuse(CodeWrongCode)
	}
	a.Recovery = slices.Delete(slices.Clone(a.Recovery), i, i+1)
	return nil
}

// NewRecovery gives new recovery codes, shown this once; the old ones are void.
func (k *Keeper) NewRecovery(ctx context.Context, account string) (codes []string, err error) {
	var login string
	err = k.Store.ChangeAccount(ctx, account, func(a *model.Account) error {
		if !a.SecondFactor() {
			return refuse(CodeNothingToDo)
		}
		codes, a.Recovery = newRecoveryCodes(a.ID)
		login = a.Login
		return nil
	})
	if err == nil {
		k.note(ctx, "factor.recovery", login)
	}
	return codes, err
}

// RemoveTOTP takes the one-time codes off an account. An administrator keeps one second factor at least.
func (k *Keeper) RemoveTOTP(ctx context.Context, account string) error {
	return k.dropFactor(ctx, account, "factor.totp_off", func(a *model.Account) bool {
		had := a.TOTP != nil
		a.TOTP, a.Pending = nil, nil
		return had
	})
}

func (k *Keeper) dropFactor(ctx context.Context, account, action string, drop func(a *model.Account) bool) error {
	var login string
	err := k.Store.ChangeAccount(ctx, account, func(a *model.Account) error {
		if !drop(a) {
			return model.ErrNotFound
		}
		if a.SecondFactor() {
			login = a.Login
			return nil
		}
		if Role(a.Role) == Administrator {
			return refuse(CodeNeeded)
		}
		a.Recovery, login = nil, a.Login
		return nil
	})
	if err == nil {
		k.note(ctx, action, login)
	}
	return err
}

// ResetFactors takes all second factors off an account whose owner lost them, and ends its sessions. An administrator has to
// set up a new one at the next sign-in.
func (k *Keeper) ResetFactors(ctx context.Context, account string) error {
	var login string
	err := k.Store.ChangeAccount(ctx, account, func(a *model.Account) error {
		a.TOTP, a.Pending, a.Passkeys, a.Recovery = nil, nil, nil, nil
		login = a.Login
		return nil
	})
	if err != nil {
		return err
	}
	k.note(ctx, "factor.reset", login)
	return k.Store.RemoveKeys(ctx, model.SessionKey, account, "")
}

// Factors says what second factors an account has.
type Factors struct {
	TOTP     time.Time // since when; zero if none
	Passkeys []model.Passkey
	Recovery int // codes left
	Password bool
	Origin   string
}

// FactorsOf gives the second factors of an account.
func (k *Keeper) FactorsOf(ctx context.Context, account string) (Factors, error) {
	a, err := k.Store.Account(ctx, account)
	f := Factors{Passkeys: a.Passkeys, Recovery: len(a.Recovery), Password: a.Password != "", Origin: a.Origin}
	if a.TOTP != nil {
		f.TOTP = a.TOTP.Since
	}
	return f, err
}
