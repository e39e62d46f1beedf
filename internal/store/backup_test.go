package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/store"
	"github.com/mimawari/mimawari/internal/store/storetest"
)

var ctx = context.Background()

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wants asserts that err is a trouble with a code, and that its text has the next step.
func wants(t testing.TB, err error, code store.Code) *store.Error {
	t.Helper()
	var e *store.Error
	if !errors.As(err, &e) || e.Code != code {
		t.Fatalf("got %v, want code %s", err, code)
	}
	return e
}

func fill(t testing.TB, s *store.Store) model.Result {
	t.Helper()
	r := storetest.Result(1, 300, 200, 700)
	must(t, s.SaveResult(ctx, r))
	_, err := s.SaveLedger(ctx, &model.Ledger{File: "台帳.xlsx", By: "佐藤", Imported: storetest.Base})
	must(t, err)
	must(t, s.SaveSetting(ctx, "言葉", "日本語"))
	must(t, s.AddSuppression(ctx, model.Suppression{ID: "s-1", Rule: "a.b", Reason: "x", Owner: "y", Made: storetest.Base}))
	must(t, s.SetFindingState(ctx, r.Findings[0].ID, model.Acknowledged, "佐藤", "見ます", "", storetest.Base))
	return r
}

func sameData(t testing.TB, a, b *store.Store) {
	t.Helper()
	ka, err := a.LoadKnown(ctx)
	must(t, err)
	kb, err := b.LoadKnown(ctx)
	must(t, err)
	if d := cmp.Diff(ka, kb, storetest.Equal); d != "" {
		t.Fatal(d)
	}
	ra, err := a.Check(ctx)
	must(t, err)
	rb, err := b.Check(ctx)
	must(t, err)
	if d := cmp.Diff(ra, rb); d != "" || len(ra.Problems) > 0 {
		t.Fatal(d, ra.Problems)
	}
}

func TestBackupAndRestore(t *testing.T) {
	dir := t.TempDir()
	path, copied := filepath.Join(dir, "a 100%#?", store.FileName), filepath.Join(dir, "控え.db")
	s := open(t, path)
	fill(t, s)
	must(t, s.Backup(ctx, copied))
	wants(t, s.Backup(ctx, copied), store.Exists)
	c, err := store.OpenReadOnly(ctx, copied)
	must(t, err)
	sameData(t, s, c)
	must(t, c.Close())

	must(t, s.SaveResult(ctx, storetest.Result(2, 5, 5, 5))) // after the copy
	must(t, s.Close())
	kept, err := store.Restore(ctx, copied, path)
	must(t, err)
	s = open(t, path)
	c = open(t, copied)
	sameData(t, s, c)
	old := open(t, kept)
	if p, err := old.Patrols(ctx, 1); err != nil || p[0].ID != "p-2" {
		t.Fatalf("the data that was replaced: %v, %v", p, err)
	}
	names, err := os.ReadDir(filepath.Dir(path))
	must(t, err)
	for _, n := range names {
		if strings.Contains(n.Name(), ".part") {
			t.Errorf("left behind: %s", n.Name())
		}
	}
}

func TestRestoreIntoNothing(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, store.FileName))
	fill(t, s)
	must(t, s.Backup(ctx, filepath.Join(dir, "b.db")))
	kept, err := store.Restore(ctx, filepath.Join(dir, "b.db"), filepath.Join(dir, "new", store.FileName))
	if err != nil || kept != "" {
		t.Fatal(kept, err)
	}
	sameData(t, s, open(t, filepath.Join(dir, "new", store.FileName)))
}

// What can't be restored leaves the data as it was.
func TestRestoreRefuses(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, store.FileName)
	s := open(t, path)
	fill(t, s)
	good := filepath.Join(dir, "good.db")
	must(t, s.Backup(ctx, good))
	must(t, s.Close())
	before, err := os.ReadFile(path)
	must(t, err)

	whole, err := os.ReadFile(good)
	must(t, err)
	damaged := append([]byte(nil), whole...)
	for i := 4096 * 10; i < 4096*30; i++ {
		damaged[i] ^= 0x5a
	}
	files := map[string][]byte{"damaged.db": damaged, "text.db": []byte("これはデータではありません。" + strings.Repeat("x", 4096)), "empty.db": nil, "cut.db": whole[:len(whole)/2]}
	for name, b := range files {
		must(t, os.WriteFile(filepath.Join(dir, name), b, 0o600))
	}
	f := func(file string, codes ...store.Code) {
		t.Helper()
		_, err := store.Restore(ctx, filepath.Join(dir, file), path)
		var e *store.Error
		if !errors.As(err, &e) {
			t.Fatalf("%s: %v", file, err)
		}
		for _, c := range codes {
			if e.Code == c {
				return
			}
		}
		t.Fatalf("%s: %v", file, err)
	}
	f("damaged.db", store.Corrupt)
	f("cut.db", store.Corrupt)
	f("text.db", store.NotData)
	f("empty.db", store.NotData)
	f("none.db", store.Missing)
	f(".", store.NotData)
	f(store.FileName, store.Exists)
	after, err := os.ReadFile(path)
	must(t, err)
	if string(before) != string(after) {
		t.Fatal("the data was changed")
	}
}

// A damaged file is kept as it is when a copy replaces it.
func TestRestoreOverDamage(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, store.FileName)
	s := open(t, path)
	fill(t, s)
	must(t, s.Backup(ctx, filepath.Join(dir, "b.db")))
	must(t, s.Close())
	must(t, os.WriteFile(path, []byte(strings.Repeat("damage", 9000)), 0o600))
	must(t, os.WriteFile(path+"-wal", []byte(strings.Repeat("damage", 900)), 0o600))
	if _, err := store.Open(ctx, path); err == nil {
		t.Fatal("opened a damaged file")
	}
	kept, err := store.Restore(ctx, filepath.Join(dir, "b.db"), path)
	must(t, err)
	if b, err := os.ReadFile(kept); err != nil || !strings.HasPrefix(string(b), "damage") {
		t.Fatal("the damaged file was not kept:", err)
	}
	sameData(t, open(t, path), open(t, filepath.Join(dir, "b.db")))
}

func TestCopyBetweenEngines(t *testing.T) {
	base := postgres(t)
	a := open(t, filepath.Join(t.TempDir(), "a.db"))
	fill(t, a)
	b := open(t, newDatabase(t, base))
	must(t, a.CopyTo(ctx, b))
	sameData(t, a, b)
	c := open(t, filepath.Join(t.TempDir(), "c.db"))
	must(t, b.CopyTo(ctx, c))
	sameData(t, a, c)
	wants(t, a.CopyTo(ctx, b), store.NotEmpty)
	wants(t, a.CopyTo(ctx, c), store.NotEmpty)
	// The copy goes on where the original was.
	must(t, b.SaveResult(ctx, storetest.Result(2, 10, 200, 10)))
	ps, err := b.Patrols(ctx, 0)
	must(t, err)
	if len(ps) != 2 || ps[0].ID != "p-2" {
		t.Fatalf("%+v", ps)
	}
	d := filepath.Join(t.TempDir(), "d.db")
	must(t, c.Close())
	must(t, b.Backup(ctx, d)) // a server is backed up into a file
	sameData(t, b, open(t, d))
}

func TestServerTrouble(t *testing.T) {
	base := postgres(t)
	_, err := store.Open(ctx, strings.Replace(base, "%s", "no_such_database", 1))
	wants(t, err, store.Server)
	_, err = store.Open(ctx, "postgres://user:secret@127.0.0.1:1/x?connect_timeout=2")
	if e := wants(t, err, store.Server); strings.Contains(e.Error(), "secret") {
		t.Fatalf("the password is shown: %v", e)
	}
	_, err = store.Open(ctx, "postgres://user:secret@[::1/x")
	if e := wants(t, err, store.Server); strings.Contains(e.Error(), "secret") {
		t.Fatalf("the password is shown: %v", e)
	}
}

// A reader works beside a writer, and sees what is committed.
func TestReadBesideWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), store.FileName)
	w := open(t, path)
	fill(t, w)
	r, err := store.OpenReadOnly(ctx, path)
	must(t, err)
	defer r.Close()
	sameData(t, w, r)
	must(t, w.SaveResult(ctx, storetest.Result(2, 5, 5, 5)))
	sameData(t, w, r)
	if err := r.SaveSetting(ctx, "a", "b"); err == nil {
		t.Fatal("wrote through a reader")
	}
}

func TestFilesAreForTheOwnerOnly(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no mode bits; the directory's access list is inherited")
	}
	dir := filepath.Join(t.TempDir(), "data")
	s := open(t, filepath.Join(dir, store.FileName))
	fill(t, s)
	must(t, s.Backup(ctx, filepath.Join(dir, "b.db")))
	names, err := os.ReadDir(dir)
	must(t, err)
	for _, n := range names {
		if i, err := n.Info(); err != nil || i.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, %v", n.Name(), i.Mode(), err)
		}
	}
	if i, _ := os.Stat(dir); i.Mode().Perm() != 0o700 {
		t.Errorf("directory: %v", i.Mode())
	}
}
