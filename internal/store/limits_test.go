//go:build unix

package store_test

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mimawari/mimawari/internal/store"
	"github.com/mimawari/mimawari/internal/store/storetest"
)

func asError(err error, e **store.Error) bool { return errors.As(err, e) }

// limitFiles makes writing beyond n bytes of a file fail, as a full disk does.
func limitFiles(n uint64) error {
	signal.Ignore(syscall.SIGXFSZ)
	return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: n, Max: n})
}

// smallDisk mounts a file system of some megabytes, which needs root.
func smallDisk(t *testing.T) string {
	t.Helper()
	if runtime.GOOS != "linux" || os.Getuid() != 0 {
		t.Skip("mounting a small disk needs Linux and root; TestFileLimit covers the rest")
	}
	dir := t.TempDir()
	if b, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=4m", "mimawari-test", dir).CombinedOutput(); err != nil {
		t.Skipf("mounting is not allowed here: %v: %s", err, b)
	}
	t.Cleanup(func() {
		if b, err := exec.Command("umount", "-l", dir).CombinedOutput(); err != nil {
			t.Errorf("umount %s: %v: %s", dir, err, b)
		}
	})
	return dir
}

// On a full disk a save fails in words, what was there stays, and after making space it goes on.
func TestFullDisk(t *testing.T) {
	dir := smallDisk(t)
	path := filepath.Join(dir, store.FileName)
	s := open(t, path)
	good := storetest.Result(1, 200, 200, 200)
	must(t, s.SaveResult(ctx, good))
	wants(t, s.SaveResult(ctx, storetest.Result(2, 3000, 500, 3000)), store.Full)
	known, err := s.LoadKnown(ctx)
	must(t, err)
	if d := cmp.Diff(storetest.Remembered(good), known, storetest.Equal); d != "" {
		t.Fatal(d)
	}
	wants(t, fillUp(t, dir), store.Full)
	wants(t, s.Backup(ctx, filepath.Join(dir, "b.db")), store.Full)
	if _, err := os.Stat(filepath.Join(dir, "b.db")); err == nil {
		t.Fatal("half a copy was left")
	}
	must(t, s.Close())
	_, err = store.Open(ctx, filepath.Join(dir, "new", store.FileName))
	wants(t, err, store.Full)

	must(t, os.Remove(filepath.Join(dir, "filler")))
	s = open(t, path)
	r, err := s.Check(ctx)
	if err != nil || len(r.Problems) > 0 {
		t.Fatal(err, r.Problems)
	}
	must(t, s.SaveResult(ctx, storetest.Result(3, 210, 200, 200)))
}

// fillUp takes all the space that is left and gives the trouble that this is.
func fillUp(t *testing.T, dir string) error {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, "filler"))
	must(t, err)
	defer f.Close()
	for size := 1 << 20; size > 0; size /= 2 {
		b := make([]byte, size)
		for err = nil; err == nil; {
			_, err = f.Write(b)
		}
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	return &store.Error{Code: store.Full, Where: dir, Err: err}
}

// The same with a limit on the size of files, which needs no rights.
func TestFileLimit(t *testing.T) {
	dir := t.TempDir()
	_, errs, lines, _ := start(t, "limit", dir, 0)
	last := ""
	for lines.Scan() {
		last = lines.Text()
	}
	if !strings.HasPrefix(last, "saved ") {
		t.Fatalf("nothing was saved before the limit: %q %s", last, errs)
	}
	if !strings.Contains(errs.String(), "CODE "+string(store.Unusable)) && !strings.Contains(errs.String(), "CODE "+string(store.Full)) {
		t.Fatalf("the child said: %s", errs)
	}
	s := open(t, filepath.Join(dir, store.FileName))
	r, err := s.Check(ctx)
	if err != nil || len(r.Problems) > 0 {
		t.Fatal(err, r.Problems)
	}
	ps, err := s.Patrols(ctx, 1)
	must(t, err)
	if "saved "+strings.TrimPrefix(ps[0].ID, "p-") != last {
		t.Fatalf("last acknowledged %q, found %s", last, ps[0].ID)
	}
}

// asNobody runs a test again as a user without rights, for root may write everywhere.
func asNobody(t *testing.T) bool {
	t.Helper()
	if os.Getuid() != 0 {
		return false
	}
	const nobody = 65534
	if os.Getenv("STORE_TEST_NOBODY") != "" {
		t.Fatal("still root")
	}
	exe, err := os.ReadFile(os.Args[0]) // the build directory is root's
	must(t, err)
	dir, err := os.MkdirTemp("", "mimawari-nobody-*")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	bin := filepath.Join(dir, "store.test")
	must(t, os.WriteFile(bin, exe, 0o755))
	must(t, os.Chmod(dir, 0o755))
	must(t, os.Mkdir(filepath.Join(dir, "tmp"), 0o777))
	must(t, os.Chmod(filepath.Join(dir, "tmp"), 0o777))
	c := exec.Command(bin, "-test.run", "^"+t.Name()+"$", "-test.v")
	c.Dir = filepath.Join(dir, "tmp")
	c.Env = append(os.Environ(), "STORE_TEST_NOBODY=1", "TMPDIR="+c.Dir, "HOME="+c.Dir)
	c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	b, err := c.CombinedOutput()
	if err != nil || !strings.Contains(string(b), "--- PASS: "+t.Name()) {
		t.Fatalf("as nobody: %v\n%s", err, b)
	}
	return true
}

func TestNoRights(t *testing.T) {
	if asNobody(t) {
		return
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "data", store.FileName)
	s := open(t, path)
	r := fill(t, s)
	must(t, s.Close())

	must(t, os.Chmod(filepath.Dir(path), 0o500)) // looking is possible, writing is not
	ro, err := store.OpenReadOnly(ctx, path)
	must(t, err)
	if h, err := ro.Host(ctx, r.Hosts[0].ID); err != nil || h.ID != r.Hosts[0].ID {
		t.Fatal(err)
	}
	must(t, ro.Close())
	s, err = store.Open(ctx, path)
	if err == nil {
		err = s.SaveSetting(ctx, "a", "b")
		s.Close()
	}
	var e *store.Error
	if !errors.As(err, &e) || e.Code != store.Denied && e.Code != store.ReadOnly {
		t.Fatalf("wrote into a directory without rights: %v", err)
	}
	_, err = store.Open(ctx, filepath.Join(dir, "data", "sub", "x.db"))
	wants(t, err, store.Denied)

	must(t, os.Chmod(filepath.Dir(path), 0o700))
	must(t, os.Chmod(path, 0o000))
	_, err = store.OpenReadOnly(ctx, path)
	wants(t, err, store.Denied)
	_, err = store.Open(ctx, path)
	wants(t, err, store.Denied)
	must(t, os.Chmod(path, 0o400))
	_, err = store.Open(ctx, path)
	wants(t, err, store.Denied)
	must(t, os.Chmod(filepath.Dir(path), 0o000))
	defer os.Chmod(filepath.Dir(path), 0o700)
	_, err = store.Lock(filepath.Dir(path), "patrol")
	wants(t, err, store.Denied)
}
