package hospitalsim

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func make1(t *testing.T, o Options) (string, Manifest) {
	t.Helper()
	dir := t.TempDir()
	m, err := Write(context.Background(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return dir, m
}

func TestSameSeedSameBytes(t *testing.T) {
	dir, a := make1(t, Options{Seed: 7})
	_, b := make1(t, Options{Seed: 7})
	if d := cmp.Diff(a, b); d != "" {
		t.Error(d)
	}
	_, c := make1(t, Options{Seed: 8})
	for i := range a.Files {
		if a.Files[i].SHA256 == c.Files[i].SHA256 {
			t.Errorf("%s is the same for another seed", a.Files[i].Name)
		}
	}
	read, err := ReadManifest(dir)
	if err != nil || cmp.Diff(a, read) != "" {
		t.Errorf("manifest read back: %v %s", err, cmp.Diff(a, read))
	}
	if !read.Matches(dir, Options{Seed: 7}) || read.Matches(dir, Options{Seed: 8}) || read.Matches(t.TempDir(), Options{Seed: 7}) {
		t.Error("Matches does not tell hospitals apart")
	}
}

func TestManifestIsConsistent(t *testing.T) {
	dir, m := make1(t, Options{})
	w := newWorld(must(Options{}.normal()))
	places := map[string]bool{}
	for _, x := range w.town.machines {
		if !x.net.prefix.Contains(x.ip) {
			t.Errorf("%s has %s, outside %s", x.name, x.ip, x.net.prefix)
		}
		if k := x.ip.String(); places[k] && x.name != squatterName && x.name != squattedName {
			t.Errorf("%s has the address of another machine, %s", x.name, k)
		} else {
			places[k] = true
		}
	}
	for _, p := range append(m.Planted, m.NearMisses...) {
		if p.Rule == "" || p.What == "" || p.IP == "" && p.Value == "" {
			t.Errorf("not complete: %+v", p)
		}
	}
	for _, f := range m.Files {
		if st, err := os.Stat(filepath.Join(dir, f.Name)); err != nil || st.Size() != f.Bytes || f.Bytes == 0 {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
	if len(m.Planted) < 15 || len(m.NearMisses) < 3 || m.Hosts < 200 {
		t.Errorf("%d problems, %d near misses, %d hosts", len(m.Planted), len(m.NearMisses), m.Hosts)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestOptionsAreChecked(t *testing.T) {
	for _, o := range []Options{{Size: "huge"}, {Size: Large, Bytes: 1}, {Size: Large, Bytes: MaxBytes + 1}, {Start: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}} {
		if _, err := Write(t.Context(), t.TempDir(), o); err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Write(t.Context(), file, Options{}); err == nil {
		t.Error("a file was taken for a directory")
	}
}

// A hospital that was not finished has no manifest, and is not taken for one.
func TestStoppedHalfWay(t *testing.T) {
	dir, _ := make1(t, Options{})
	ctx, stop := context.WithCancel(t.Context())
	_, err := Write(ctx, dir, Options{Progress: func(done, about int64) {
		if done > about/2 {
			stop()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if _, err := ReadManifest(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is a manifest: %v", err)
	}
}

// The large day is as large as asked for, and takes no more memory than the small one.
func TestLargeIsBounded(t *testing.T) {
	if os.Getenv("MIMAWARI_LARGE") == "" {
		t.Skip("writes 200 MB: set MIMAWARI_LARGE=1 to run it")
	}
	const want, room = 200_000_000, 64 << 20
	var most uint64
	dir, m := make1(t, Options{Size: Large, Bytes: want, Progress: func(int64, int64) {
		var s runtime.MemStats
		runtime.ReadMemStats(&s)
		most = max(most, s.HeapAlloc)
	}})
	var got int64
	for _, f := range m.Files {
		got += f.Bytes
	}
	if got < want*85/100 || got > want*115/100 {
		t.Errorf("%d bytes, want about %d", got, want)
	}
	if most > room {
		t.Errorf("%d bytes of memory in use", most)
	}
	t.Logf("%s: %d packets, %d bytes, at most %d bytes of memory", dir, m.Packets, got, most)
}
