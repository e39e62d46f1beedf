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

// recoveryCodes are how many a person gets.
const recoveryCodes = 10

// newRecoveryCodes gives codes to be shown once, and what is kept of them. A code is 80 random bits.
func newRecoveryCodes(account string) (codes, digests []string) {
	for range recoveryCodes {
		s := smallLetters.EncodeToString(randomBytes(10))
		codes = append(codes, s[:4]+"-"+s[4:8]+"-"+s[8:12]+"-"+s[12:])
		digests = append(digests, recoveryDigest(account, s))
	}
	return codes, digests
}

// recoveryDigest takes a code as people write it: capitals, spaces and hyphens do not count.
func recoveryDigest(account, code string) string {
	code = strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' || r == '\u3000' {
			return -1
		}
		return r
	}, Fold(code))
	return digestOf("recovery:" + account + ":" + code)
}
