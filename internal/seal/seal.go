// Package seal encrypts the few secrets that Mimawari itself must be able to use again: passwords of mail servers, web hook
// addresses, seeds of one-time passwords. The key is a file beside the data, readable by its owner only, so that a copy of
// the database alone gives none of them away.
//
// It does not protect against somebody who can read the data directory as the user that runs Mimawari; it hashes no
// passwords of people (internal/auth does), keeps no list of secrets and rotates nothing.
//
// Invariants: AES-256-GCM with a random 96-bit nonce and the purpose as additional data; what was sealed for one purpose
// does not open for another; a sealed text never equals another, even of the same secret; a key file is made once, whole,
// and never overwritten.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// FileName is the name of the key file in the data directory.
const FileName = "secret.key"

const (
	keySize    = 32
	fileHead   = "mimawari-key-1 "
	sealedHead = "s1."
)

// Code names a trouble with the key that a person can do something about. The words are under "seal.CODE" in the locale
// files; the hole {where} is Error.Where.
type Code string

// The troubles.
const (
	Damaged  Code = "damaged"   // the key file is not what it was
	Exposed  Code = "exposed"   // others than its owner can read the key file
	Unusable Code = "unusable"  // the key file can't be read or made
	WrongKey Code = "wrong_key" // what was sealed does not open: another key, another purpose, or changed text
)

// Codes gives all codes, so that a test can make sure that each has words.
func Codes() []Code { return []Code{Damaged, Exposed, Unusable, WrongKey} }

// Error is a trouble that a person can do something about. It never has a secret in it.
type Error struct {
	Code  Code
	Where string // the key file, "" for WrongKey
	Err   error  // the cause, may be nil
}

func (e *Error) Error() string {
	s := "secret key: " + string(e.Code)
	if e.Where != "" {
		s += ": " + e.Where
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// Key seals and opens. It is safe for concurrent use.
type Key struct {
	secret  []byte
	purpose string
	aead    cipher.AEAD
}

// Open reads the key of the data directory dir, which must exist, and makes it if there is none. Two processes that do so
// at the same time get the same key.
func Open(dir string) (*Key, error) {
	path := filepath.Join(dir, FileName)
	secret, err := read(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := create(dir, path); err != nil {
			return nil, &Error{Unusable, path, err}
		}
		secret, err = read(path)
	}
	var known *Error
	if err != nil && !errors.As(err, &known) {
		err = &Error{Unusable, path, err}
	}
	if err != nil {
		return nil, err
	}
	return newKey(secret, "")
}

// For gives the key for one purpose, such as "notify.channel": what is sealed with it opens only with it.
func (k *Key) For(purpose string) *Key {
	derived, err := newKey(k.secret, k.purpose+"/"+purpose)
	if err != nil {
		panic("BUG: derive key: " + err.Error()) // the sizes are ours
	}
	return derived
}

func newKey(secret []byte, purpose string) (*Key, error) {
	raw, err := hkdf.Key(sha256.New, secret, nil, "mimawari seal 1 "+purpose, keySize)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(raw)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return &Key{secret, purpose, aead}, err
}

// Seal encrypts b. The result is printable ASCII without spaces, fit for a column or a JSON document.
func (k *Key) Seal(b []byte) string {
	return sealedHead + base64.RawURLEncoding.EncodeToString(k.aead.Seal(nil, nil, b, []byte(k.purpose)))
}

// Open gives what was sealed, or an *Error with WrongKey.
func (k *Key) Open(sealed string) ([]byte, error) {
	text, ok := strings.CutPrefix(sealed, sealedHead)
	if !ok {
		return nil, &Error{Code: WrongKey}
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, &Error{Code: WrongKey}
	}
	b, err := k.aead.Open(nil, nil, raw, []byte(k.purpose))
	if err != nil {
		return nil, &Error{Code: WrongKey}
	}
	return b, nil
}

// String keeps the key out of logs.
func (k *Key) String() string { return "seal.Key" }

// GoString keeps the key out of logs.
func (k *Key) GoString() string { return "seal.Key" }

func read(path string) ([]byte, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if exposed(st) {
		return nil, &Error{Exposed, path, fmt.Errorf("mode %v", st.Mode().Perm())}
	}
	if !st.Mode().IsRegular() || st.Size() > 1024 {
		return nil, &Error{Code: Damaged, Where: path}
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	text, ok := strings.CutPrefix(strings.TrimSpace(string(b)), fileHead)
	secret, err := hex.DecodeString(text)
	if !ok || err != nil || len(secret) != keySize {
		return nil, &Error{Code: Damaged, Where: path}
	}
	return secret, nil
}

// create makes the key file under another name first, so that nobody reads half of it, and links it into place, which
// fails if another process was faster: then that one's is the key.
func create(dir, path string) (err error) {
	var secret [keySize]byte
	_, _ = rand.Read(secret[:]) // never fails since Go 1.24
	f, err := os.CreateTemp(dir, ".key-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	_, err = f.WriteString(fileHead + hex.EncodeToString(secret[:]) + "\n")
	if err = errors.Join(err, f.Chmod(0o600), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err = os.Link(f.Name(), path); errors.Is(err, fs.ErrExist) {
		err = nil
	}
	return err
}
