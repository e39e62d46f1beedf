package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

var background = context.Background()

// later is the list of migrations of a version to come: those of this one and extra.
func later(t *testing.T, extra ...string) []migration {
	t.Helper()
	fsys := fstest.MapFS{}
	for _, m := range released {
		fsys["migrations/"+m.name+".sql"] = &fstest.MapFile{Data: []byte(m.text)}
	}
	for i, text := range extra {
		fsys["migrations/900"+string(rune('1'+i))+"_more.sql"] = &fstest.MapFile{Data: []byte(text)}
	}
	ms, err := readMigrations(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return ms
}

func openAt(t *testing.T, path string, all []migration, want Code) {
	t.Helper()
	s, err := openWith(background, path, all)
	if s != nil {
		defer s.Close()
	}
	var e *Error
	switch {
	case want == "" && err == nil:
	case errors.As(err, &e) && e.Code == want && strings.Contains(err.Error(), advice[want]):
	default:
		t.Fatalf("got %v, want code %q", err, want)
	}
}

func copies(t *testing.T, path string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(filepath.Dir(path), CopiesDir, "before-*.db"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// An older file is copied and brought up to date; the older version then refuses it in words and leaves it alone.
func TestMigrations(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	openAt(t, path, released, "")
	if n := copies(t, path); len(n) != 0 {
		t.Fatalf("a new file was copied: %v", n)
	}
	s, err := Open(background, path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SaveSetting(background, "a", "kept"); err != nil {
		t.Fatal(err)
	}
	s.Close()
	next := later(t, "ALTER TABLE settings ADD COLUMN note TEXT NOT NULL DEFAULT 'n';")
	openAt(t, path, next, "")
	openAt(t, path, next, "")
	n := copies(t, path)
	if len(n) != 1 {
		t.Fatalf("copies %v", n)
	}
	openAt(t, path, released, Newer)
	old, err := OpenReadOnly(background, n[0])
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	if v, err := old.Setting(background, "a"); err != nil || v != "kept" {
		t.Fatalf("the copy: %q, %v", v, err)
	}
	if _, err := OpenReadOnly(background, path); !hasCode(err, Newer) {
		t.Fatal(err)
	}
	openAt(t, path, later(t, "ALTER TABLE settings ADD COLUMN other TEXT;"), Altered)
}

func hasCode(err error, code Code) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}

func TestOlderIsNotReadBlindly(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	openAt(t, path, released, "")
	s, err := openToRead(background, path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.now = time.Now
	if err := s.upToDate(background, later(t, "SELECT 1;")); !hasCode(err, Older) {
		t.Fatal(err)
	}
}

// A migration that fails leaves the data as it was, also if its first half worked.
func TestFailedMigration(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	openAt(t, path, released, "")
	bad := later(t, "CREATE TABLE fine (a TEXT);", "ALTER TABLE settings ADD COLUMN x TEXT; ALTER TABLE nowhere ADD COLUMN x TEXT;")
	if _, err := openWith(background, path, bad); err == nil || !strings.Contains(err.Error(), "9002_more") {
		t.Fatal(err)
	}
	openAt(t, path, released, "") // neither step was kept, so this version still fits
}

func TestCopiesAreLimited(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	openAt(t, path, released, "")
	var extra []string
	for range 6 {
		extra = append(extra, "SELECT 1;")
		openAt(t, path, later(t, extra...), "")
	}
	if n := copies(t, path); len(n) != keepCopies || !strings.Contains(n[2], "9006") {
		t.Fatalf("%v", n)
	}
}

func TestOtherFilesAreRefused(t *testing.T) {
	dir := t.TempDir()
	f := func(content string, want Code) {
		t.Helper()
		path := filepath.Join(dir, "x.db")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		openAt(t, path, released, want)
		if b, err := os.ReadFile(path); err != nil || string(b) != content {
			t.Fatalf("the file was changed: %v", err)
		}
	}
	f("これは台帳です。"+strings.Repeat("x", 5000), NotData)
	f("PK\x03\x04"+strings.Repeat("\x00", 5000), NotData)
	openAt(t, dir, released, NotData)
	foreign := filepath.Join(dir, "foreign.db")
	s, err := openSQLite(foreign)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.write.Exec(`CREATE TABLE a (b TEXT)`); err != nil {
		t.Fatal(err)
	}
	s.Close()
	openAt(t, foreign, released, NotData)
}
