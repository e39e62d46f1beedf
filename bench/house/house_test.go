package house

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/store"
)

func TestMake(t *testing.T) {
	o := Options{Hosts: 3000, Findings: 700, Seed: 5}
	a, b := Make(o), Make(o)
	if len(a.Result.Hosts) != 3000 || len(a.Result.Findings) != 700 || len(a.Ledger.Hosts) < 2700 {
		t.Fatalf("%d hosts, %d findings, %d declared", len(a.Result.Hosts), len(a.Result.Findings), len(a.Ledger.Hosts))
	}
	if a.Result.Hosts[2999].ID != b.Result.Hosts[2999].ID || a.Result.Findings[699].ID != b.Result.Findings[699].ID {
		t.Error("the same options gave another house")
	}
}

// What is made up must be what the store takes.
func TestStored(t *testing.T) {
	ctx := context.Background()
	s, err := store.Open(ctx, filepath.Join(t.TempDir(), store.FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	h := Make(Options{Hosts: 500, Findings: 60})
	if err := s.SaveResult(ctx, h.Result); err != nil {
		t.Fatal(err)
	}
	r, err := s.Check(ctx)
	if err != nil || len(r.Problems) > 0 || r.Counts["hosts"] != 500 || r.Counts["trails"] != 500 {
		t.Fatalf("%+v, %v", r, err)
	}
	talks := 0
	if err := s.EachTrail(ctx, func(x model.Trail) bool { talks += len(x.Talks); return true }); err != nil || talks < 1000 {
		t.Fatalf("%d talks, %v", talks, err)
	}
}
