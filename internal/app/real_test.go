package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mimawari/mimawari/internal/model"
)

// captures lists real captures by patterns below data/captures of the shared folder; without it the test is skipped.
func captures(t testing.TB, patterns ...string) (names []string) {
	t.Helper()
	shared := os.Getenv("MIMAWARI_SHARED")
	if shared == "" {
		shared = "../../../shared"
	}
	for _, p := range patterns {
		found, err := filepath.Glob(filepath.Join(shared, "data", "captures", p))
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, found...)
	}
	if len(names) == 0 {
		t.Skip("no real captures: set MIMAWARI_SHARED to the folder that holds data/captures")
	}
	return names
}

// patrolOf patrols paths with fresh data.
func patrolOf(t testing.TB, shards int, paths ...string) (*Outcome, error) {
	t.Helper()
	a, err := Open(context.Background(), t.TempDir(), "patrol")
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	now := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	return a.Patrol(context.Background(), PatrolOptions{Paths: paths, Shards: shards, Now: func() time.Time { return now }})
}

// Equal traffic gives equal results, whatever the number of shards: ids, order, words' parameters, evidence.
func TestShardsConcludeTheSame(t *testing.T) {
	names := captures(t, "ad-lab/*", "lab/*")
	one, err := patrolOf(t, 1, names...)
	if err != nil {
		t.Fatal(err)
	}
	eight, err := patrolOf(t, 8, names...)
	if err != nil {
		t.Fatal(err)
	}
	if len(one.Hosts) < 10 || len(one.Findings) == 0 {
		t.Fatalf("%d hosts, %d findings: too few to tell anything", len(one.Hosts), len(one.Findings))
	}
	opts := cmp.Options{cmpopts.EquateEmpty(), cmp.Comparer(func(a, b fmt.Stringer) bool { return a.String() == b.String() })}
	for what, x := range map[string][2]any{
		"hosts":    {one.Hosts, eight.Hosts},
		"findings": {one.Findings, eight.Findings},
		"bindings": {one.Bindings, eight.Bindings},
		"stats":    {one.Patrol.Stats, eight.Patrol.Stats},
		"sources":  {one.Patrol.Sources, eight.Patrol.Sources},
		"limits":   {limitNames(one.Patrol.Limits), limitNames(eight.Patrol.Limits)},
	} {
		if d := cmp.Diff(x[0], x[1], opts); d != "" {
			t.Errorf("%s: 1 shard (-), 8 shards (+)\n%.3000s", what, d)
		}
	}
}

func limitNames(ls []model.Limit) (names []string) {
	for _, l := range ls {
		names = append(names, l.Name)
	}
	return names
}
