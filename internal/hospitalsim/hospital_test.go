package hospitalsim

import (
	"context"
	"testing"

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
