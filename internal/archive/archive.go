// Package archive puts a data directory into one encrypted file and takes it out again: what Mimawari itself needs to go on after its
// machine is lost. The file is an age file (age-encryption.org/v1) with a passphrase, and holds a tar archive.
//
// It knows no database (the caller gives it a copy of one), keeps no passphrase, and does not decide what happens to the data that is
// there already. Invariants: nothing is taken out before it was authenticated; an archive can't write outside the directory it is taken
// out into; a directory that it could not be taken out into whole is removed.
package archive

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"filippo.io/age"
)

// Code names a trouble that a person can do something about. The words are under "archive.CODE".
type Code string

// The troubles.
const (
	WeakPassphrase  Code = "weak"    // too short
	WrongPassphrase Code = "wrong"   // or a file of somebody else
	NotArchive      Code = "kind"    // not an archive of ours
	Damaged         Code = "damaged" // cut off or altered
	TooLarge        Code = "large"   // more than there is room for
)

// Codes gives all codes, so that a test can make sure that each has words.
func Codes() []Code { return []Code{WeakPassphrase, WrongPassphrase, NotArchive, Damaged, TooLarge} }

// Error is a trouble that a person can do something about.
type Error struct {
	Code Code
	Err  error
}

func (e *Error) Error() string { return fmt.Sprintf("archive: %s: %v", e.Code, e.Err) }

func (e *Error) Unwrap() error { return e.Err }

// MinPassphrase is how many characters a passphrase must have: the file leaves the house.
const MinPassphrase = 12

// Work factors of scrypt as powers of two: 2^16 takes 64 MiB and a fifth of a second; an archive that asks for more than 2^18 is refused.
const (
	workFactor    = 16
	maxWorkFactor = 18
)

// marker is the first entry: it says what this is.
const marker = "mimawari-archive-1"

// Entry is a file to be put in, under the name that it has in the data directory.
type Entry struct {
	Name string // slash-separated
	Path string
}

// Files lists the files below dir that belong into an archive: all but those that keep reports true, sorted by name. Links are left out.
func Files(dir string, keep func(name string, dir bool) bool) (es []Entry, err error) {
	err = filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || p == dir {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		if !keep(name, d.IsDir()) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.Type().IsRegular() {
			es = append(es, Entry{name, p})
		}
		return nil
	})
	return es, err
}

// Write puts the files into w, encrypted with the passphrase.
func Write(w io.Writer, passphrase string, files []Entry, now time.Time) error {
	if len([]rune(passphrase)) < MinPassphrase {
		return &Error{Code: WeakPassphrase}
	}
	r, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return err
	}
	r.SetWorkFactor(workFactor)
	sealed, err := age.Encrypt(w, r)
	if err != nil {
		return err
	}
	z := gzip.NewWriter(sealed)
	t := tar.NewWriter(z)
	if err := t.WriteHeader(&tar.Header{Name: marker, Mode: 0o600, ModTime: now, Typeflag: tar.TypeReg}); err != nil {
		return err
	}
	for _, f := range files {
		if err := put(t, f); err != nil {
			return fmt.Errorf("put %s into the archive: %w", f.Name, err)
		}
	}
	return errors.Join(t.Close(), z.Close(), sealed.Close())
}

func put(t *tar.Writer, e Entry) error {
	f, err := os.Open(e.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	if err := t.WriteHeader(&tar.Header{Name: e.Name, Mode: 0o600, Size: st.Size(), ModTime: st.ModTime(), Typeflag: tar.TypeReg}); err != nil {
		return err
	}
	_, err = io.CopyN(t, f, st.Size()) // a file that grows meanwhile goes in as it was
	return err
}

// Read takes the files out of r into dir, which must not exist yet; room is how many bytes there may be. If anything is wrong there
// is no dir afterwards.
func Read(r io.Reader, passphrase, dir string, room int64) (err error) {
	plain, err := open(r, passphrase)
	if err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, root.Close())
		if err != nil {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	return takeAll(plain, root, room)
}

// open decrypts; what does not open with the passphrase is said in words.
func open(r io.Reader, passphrase string) (*tar.Reader, error) {
	id, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return nil, &Error{Code: WrongPassphrase, Err: err}
	}
	id.SetMaxWorkFactor(maxWorkFactor)
	plain, err := age.Decrypt(r, id)
	var none *age.NoIdentityMatchError
	if errors.As(err, &none) {
		return nil, &Error{Code: WrongPassphrase, Err: err}
	}
	if err != nil {
		return nil, &Error{Code: NotArchive, Err: err}
	}
	z, err := gzip.NewReader(plain)
	if err != nil {
		return nil, &Error{Code: Damaged, Err: err}
	}
	t := tar.NewReader(z)
	h, err := t.Next()
	if err != nil {
		return nil, &Error{Code: Damaged, Err: err}
	}
	if h.Name != marker {
		return nil, &Error{Code: NotArchive}
	}
	return t, nil
}

func takeAll(t *tar.Reader, root *os.Root, room int64) error {
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return &Error{Code: Damaged, Err: err}
		}
		if room -= h.Size; room < 0 {
			return &Error{Code: TooLarge}
		}
		if err := take(t, h, root); err != nil {
			return err
		}
	}
}

func take(t *tar.Reader, h *tar.Header, root *os.Root) error {
	if h.Typeflag != tar.TypeReg || !fs.ValidPath(h.Name) || strings.ContainsAny(h.Name, `\:`) {
		return &Error{Code: Damaged, Err: fmt.Errorf("entry %q", h.Name)}
	}
	if d := path.Dir(h.Name); d != "." {
		if err := root.MkdirAll(d, 0o700); err != nil {
			return err
		}
	}
	f, err := root.OpenFile(h.Name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err := io.Copy(f, t); err != nil {
		return errors.Join(&Error{Code: Damaged, Err: err}, f.Close())
	}
	return errors.Join(f.Sync(), f.Close())
}
