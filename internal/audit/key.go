package audit

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// KeyFile is the name of the signing key's file in the data directory. A backup needs it to go on with the same trail.
const KeyFile = "audit.key"

// origin is the first line of a checkpoint and the name of the key.
const origin = "mimawari-audit"

// Key signs and verifies heads of the tree.
type Key struct {
	signer   note.Signer
	verifier note.Verifier
	public   string
}

// KeyError is a key file that can't be used.
type KeyError struct {
	Path string
	Err  error
}

func (e *KeyError) Error() string { return fmt.Sprintf("audit key %s: %v", e.Path, e.Err) }
func (e *KeyError) Unwrap() error { return e.Err }

// OpenKey reads the key in the data directory dir, making it if there is none: readable for its owner only, and whole or not at
// all. Of two that make it at once both get the same.
func OpenKey(dir string) (*Key, error) {
	path := filepath.Join(dir, KeyFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = create(path); err == nil {
			text, err = os.ReadFile(path)
		}
	}
	if err != nil {
		return nil, &KeyError{path, err}
	}
	k, err := parseKey(string(text))
	if err != nil {
		return nil, &KeyError{path, err}
	}
	return k, nil
}

// parseKey reads two lines: the signing key and the public key, as package note writes them.
func parseKey(text string) (*Key, error) {
	f := strings.Fields(text)
	if len(f) != 2 {
		return nil, errors.New("not a key file")
	}
	s, err := note.NewSigner(f[0])
	if err != nil {
		return nil, err
	}
	v, err := note.NewVerifier(f[1])
	if err != nil {
		return nil, err
	}
	if s.Name() != v.Name() || s.KeyHash() != v.KeyHash() {
		return nil, errors.New("its two halves do not belong together")
	}
	return &Key{s, v, f[1]}, nil
}

func create(path string) error {
	private, public, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".audit-*") // made with mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone already if it was renamed
	_, err = f.WriteString(private + "\n" + public + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	err = os.Link(f.Name(), path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return nil
	}
	return os.Rename(f.Name(), path) // a file system without links
}
