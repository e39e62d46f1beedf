package seal_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/mimawari/mimawari/internal/seal"
)

func open(t *testing.T, dir string) *seal.Key {
	t.Helper()
	k, err := seal.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func wants(t *testing.T, err error, code seal.Code) {
	t.Helper()
	var e *seal.Error
	if !errors.As(err, &e) || e.Code != code {
		t.Fatalf("got %v, want code %s", err, code)
	}
}

// A secret sealed today opens tomorrow, in another process, and is nowhere to be read in between.
func TestSealedSecretOpensAgain(t *testing.T) {
	dir := t.TempDir()
	for _, secret := range []string{"", "p@ssw0rd", strings.Repeat("長い秘密", 10000), "\x00\xff"} {
		sealed := open(t, dir).Seal([]byte(secret))
		if len(secret) > 2 && strings.Contains(sealed, secret) || strings.ContainsAny(sealed, " \n\"<>&") {
			t.Fatalf("sealed: %.80q", sealed)
		}
		got, err := open(t, dir).Open(sealed)
		if err != nil || !bytes.Equal(got, []byte(secret)) {
			t.Fatalf("%.20q: got %.20q, %v", secret, got, err)
		}
	}
	k := open(t, dir)
	first, second := k.Seal([]byte("same")), k.Seal([]byte("same"))
	if first == second {
		t.Fatal("equal secrets can be told from their sealed form")
	}
}

func TestWrongKeyPurposeOrText(t *testing.T) {
	k := open(t, t.TempDir())
	sealed := k.For("notify").Seal([]byte("secret"))
	for name, open := range map[string]func() ([]byte, error){
		"another directory": func() ([]byte, error) { return open(t, t.TempDir()).For("notify").Open(sealed) },
		"another purpose":   func() ([]byte, error) { return k.For("auth").Open(sealed) },
		"no purpose":        func() ([]byte, error) { return k.Open(sealed) },
		"nested purpose":    func() ([]byte, error) { return k.For("notify").For("x").Open(sealed) },
		"empty":             func() ([]byte, error) { return k.For("notify").Open("") },
		"plain text":        func() ([]byte, error) { return k.For("notify").Open("secret") },
		"short":             func() ([]byte, error) { return k.For("notify").Open(sealed[:12]) },
		"not base64":        func() ([]byte, error) { return k.For("notify").Open(sealed + "?") },
	} {
		b, err := open()
		if b != nil {
			t.Errorf("%s: opened", name)
		}
		wants(t, err, seal.WrongKey)
	}
}

// Every single changed character is noticed.
func TestChangedTextDoesNotOpen(t *testing.T) {
	k := open(t, t.TempDir())
	sealed := k.Seal([]byte("secret"))
	for i := range sealed {
		c := byte('A')
		if sealed[i] == c {
			c = 'B'
		}
		if b, err := k.Open(sealed[:i] + string(c) + sealed[i+1:]); err == nil {
			t.Fatalf("character %d changed, and it opened as %q", i, b)
		}
	}
}

func TestManyProcessesMakeOneKey(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	sealed := make([]string, 16)
	for i := range sealed {
		wg.Go(func() {
			k, err := seal.Open(dir)
			if err != nil {
				t.Error(err)
				return
			}
			sealed[i] = k.Seal([]byte(fmt.Sprint(i)))
		})
	}
	wg.Wait()
	k := open(t, dir)
	for i, x := range sealed {
		if b, err := k.Open(x); err != nil || string(b) != fmt.Sprint(i) {
			t.Fatalf("%d: %q, %v", i, b, err)
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".key-*")); err != nil || len(left) > 0 {
		t.Fatalf("left behind: %v, %v", left, err)
	}
}

func TestKeyFile(t *testing.T) {
	dir := t.TempDir()
	open(t, dir)
	path := filepath.Join(dir, seal.FileName)
	if runtime.GOOS != "windows" {
		st, err := os.Stat(path)
		if err != nil || st.Mode().Perm() != 0o600 {
			t.Fatalf("mode %v, %v", st.Mode(), err)
		}
		for _, mode := range []os.FileMode{0o640, 0o604, 0o660} {
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
			_, err := seal.Open(dir)
			wants(t, err, seal.Exposed)
		}
		if err := os.Chmod(path, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, text := range []string{"", "mimawari-key-1 ", "mimawari-key-1 00", "nonsense", strings.Repeat("x", 4096)} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := seal.Open(dir)
		wants(t, err, seal.Damaged)
		if b, err := os.ReadFile(path); err != nil || string(b) != text {
			t.Fatal("a damaged key file was overwritten")
		}
	}
	_, err := seal.Open(filepath.Join(dir, "nowhere"))
	wants(t, err, seal.Unusable)
}

func TestKeyIsNotPrinted(t *testing.T) {
	k := open(t, t.TempDir()).For("x")
	for _, f := range []string{"%v", "%+v", "%#v", "%s"} {
		if s := fmt.Sprintf(f, k); s != "seal.Key" {
			t.Errorf("%s shows %s", f, s)
		}
	}
}
