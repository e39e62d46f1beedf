package archive_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/mimawari/mimawari/internal/archive"
	"github.com/mimawari/mimawari/internal/locale"
)

const secret = "さくら坂の病院 2026"

func house(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"secret.key": "k", "photos/a.jpg": strings.Repeat("x", 100_000), "uploads/big.pcap": "no", "lock": ""} {
		p := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(p), 0o700), os.WriteFile(p, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func packed(t *testing.T) []byte {
	t.Helper()
	es, err := archive.Files(house(t), func(name string, _ bool) bool { return name != "uploads" && name != "lock" })
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := archive.Write(&b, secret, es, time.Unix(0, 0)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRoundTrip(t *testing.T) {
	b := packed(t)
	if bytes.Contains(b, []byte("photos")) {
		t.Error("a name can be read without the passphrase")
	}
	dir := filepath.Join(t.TempDir(), "out")
	if err := archive.Read(bytes.NewReader(b), secret, dir, 1<<20); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(dir, "photos", "a.jpg"))
	if err != nil || len(got) != 100_000 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if _, err := os.Stat(filepath.Join(dir, "uploads")); err == nil {
		t.Error("what was left out is there")
	}
}

func code(err error) archive.Code {
	var e *archive.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func TestTroubles(t *testing.T) {
	b := packed(t)
	f := func(b []byte, pass string, room int64, want archive.Code) {
		t.Helper()
		dir := filepath.Join(t.TempDir(), "out")
		if err := archive.Read(bytes.NewReader(b), pass, dir, room); code(err) != want {
			t.Errorf("%v, want %s", err, want)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Error("half an archive was left behind")
		}
	}
	f(b, "another passphrase", 1<<20, archive.WrongPassphrase)
	f(b, "", 1<<20, archive.WrongPassphrase)
	f(b, secret, 1000, archive.TooLarge)
	f(b[:len(b)-100], secret, 1<<20, archive.Damaged)
	f([]byte("PK\x03\x04 something else"), secret, 1<<20, archive.NotArchive)
	f(nil, secret, 1<<20, archive.NotArchive)
	if err := archive.Write(&bytes.Buffer{}, "short", nil, time.Now()); code(err) != archive.WeakPassphrase {
		t.Error(err)
	}
}

// Wherever an archive is altered, nothing of it is believed.
func TestAlteredAnywhere(t *testing.T) {
	b := packed(t)
	rng := rand.New(rand.NewPCG(1, 1))
	for range 12 {
		c := bytes.Clone(b)
		c[rng.IntN(len(c))] ^= 1 << rng.IntN(8)
		dir := filepath.Join(t.TempDir(), "out")
		if err := archive.Read(bytes.NewReader(c), secret, dir, 1<<20); err == nil {
			t.Fatal("an altered archive was taken")
		}
		if _, err := os.Stat(dir); err == nil {
			t.Fatal("something was left behind")
		}
	}
}

// Somebody who knows the passphrase still can't write elsewhere.
func TestHostileNames(t *testing.T) {
	for _, h := range []tar.Header{
		{Name: "../out", Typeflag: tar.TypeReg},
		{Name: "/etc/x", Typeflag: tar.TypeReg},
		{Name: "a", Typeflag: tar.TypeSymlink, Linkname: "/etc"},
		{Name: `..\x`, Typeflag: tar.TypeReg},
		{Name: "C:x", Typeflag: tar.TypeReg},
		{Name: "a/../../b", Typeflag: tar.TypeReg},
	} {
		var b bytes.Buffer
		r, err := age.NewScryptRecipient(secret)
		if err != nil {
			t.Fatal(err)
		}
		r.SetWorkFactor(10)
		w, err := age.Encrypt(&b, r)
		if err != nil {
			t.Fatal(err)
		}
		z := gzip.NewWriter(w)
		tw := tar.NewWriter(z)
		if err := errors.Join(tw.WriteHeader(&tar.Header{Name: "mimawari-archive-1", Typeflag: tar.TypeReg}), tw.WriteHeader(&h), tw.Close(), z.Close(), w.Close()); err != nil {
			t.Fatal(err)
		}
		if err := archive.Read(&b, secret, filepath.Join(t.TempDir(), "out"), 1<<20); code(err) != archive.Damaged {
			t.Errorf("%s: %v", h.Name, err)
		}
	}
}

func TestWords(t *testing.T) {
	for _, c := range archive.Codes() {
		if !locale.Has("archive." + string(c)) {
			t.Errorf("no words for %s", c)
		}
	}
}
