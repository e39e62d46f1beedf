package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// TokenPrefix starts every API token, so that scanners for leaked secrets can know it.
const TokenPrefix = "mmw_"

// newSecret is 256 random bits.
func newSecret() string { return base64.RawURLEncoding.EncodeToString(randomBytes(32)) }

func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails: crypto/rand ends the program rather than give what is not random
	return b
}

var smallLetters = base32.NewEncoding("abcdefghjkmnpqrstuvwxyz023456789").WithPadding(base32.NoPadding)

// newID is a random name for a thing that is no secret.
func newID(kind string) string { return kind + "-" + smallLetters.EncodeToString(randomBytes(8)) }

// digestOf is what is kept of a secret. It needs no salt and no stretching: the secret is 256 random bits.
func digestOf(secret string) string {
	h := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(h[:])
}

// maxSecret bounds what a client may present as a secret.
const maxSecret = 200

// NewCode is a code that people type: 80 random bits in groups of four.
func NewCode() string {
	s := smallLetters.EncodeToString(randomBytes(10))
	return s[:4] + "-" + s[4:8] + "-" + s[8:12] + "-" + s[12:]
}

// PlainCode is a code without what people add or change when they type it: capitals, spaces and hyphens.
func PlainCode(code string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' {
			return -1
		}
		return r
	}, Fold(code[:min(len(code), maxSecret)]))
}

// recoveryCodes are how many a person gets.
const recoveryCodes = 10

// newRecoveryCodes gives codes to be shown once, and what is kept of them.
func newRecoveryCodes(account string) (codes, digests []string) {
	for range recoveryCodes {
		c := NewCode()
		codes, digests = append(codes, c), append(digests, recoveryDigest(account, c))
	}
	return codes, digests
}

func recoveryDigest(account, code string) string {
	return digestOf("recovery:" + account + ":" + PlainCode(code))
}
