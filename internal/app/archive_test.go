package app

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// A machine is lost; on a new one everything is there again, and what the new one had is kept.
func TestArchiveAndRestore(t *testing.T) {
	ctx := context.Background()
	old := t.TempDir()
	a, err := OpenServing(ctx, old)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Store.SaveInstitution(ctx, model.Institution{Name: "見本病院"}); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(old, "photos", "x.jpg"), "photo")
	write(t, filepath.Join(old, "secret.key"), "key of the old machine")
	write(t, filepath.Join(old, "uploads", "u", "a.pcap"), "large")
	var b bytes.Buffer
	if err := a.Archive(ctx, &b, "合言葉は十二文字より長い", time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(old, ".archive-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}

	fresh := t.TempDir()
	write(t, filepath.Join(fresh, "secret.key"), "key of the new machine")
	if err := StageRestore(ctx, fresh, bytes.NewReader(b.Bytes()), "wrong passphrase!"); err == nil {
		t.Error("opened with a wrong passphrase")
	}
	if err := StageRestore(ctx, fresh, bytes.NewReader(b.Bytes()), "合言葉は十二文字より長い"); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time there is nothing to do
		if _, err := FinishRestore(ctx, fresh, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{"secret.key": "key of the old machine", "photos/x.jpg": "photo"} {
		if got, err := os.ReadFile(filepath.Join(fresh, name)); err != nil || string(got) != want {
			t.Errorf("%s: %q %v", name, got, err)
		}
	}
	if kept, err := filepath.Glob(filepath.Join(fresh, "copies", "before-restore-*", "secret.key")); err != nil || len(kept) != 1 {
		t.Errorf("what was replaced is not kept: %v %v", kept, err)
	}
	if _, err := os.Stat(filepath.Join(fresh, "uploads")); err == nil {
		t.Error("uploads are not for archives")
	}
	n, err := OpenReadOnly(ctx, fresh)
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	if x, err := n.Store.Institution(ctx); err != nil || x.Name != "見本病院" {
		t.Errorf("%+v %v", x, err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
