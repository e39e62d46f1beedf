package store_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/store"
	"github.com/mimawari/mimawari/internal/store/storetest"
)

// BenchmarkUniversityHospital saves and loads the memory of the largest institution that one machine serves.
func BenchmarkUniversityHospital(b *testing.B) {
	for _, engine := range []struct {
		name string
		dsn  func() string
	}{
		{"sqlite", func() string { return filepath.Join(b.TempDir(), store.FileName) }},
		{"postgres", func() string { return newDatabase(b, postgres(b)) }},
	} {
		b.Run(engine.name, func(b *testing.B) {
			s := open(b, engine.dsn())
			n := 0
			b.Run("save", func(b *testing.B) {
				results := []model.Result{storetest.Result(n, 20000, 5000, 100000), storetest.Result(n+1, 20000, 5000, 100000)}
				for i := 0; b.Loop(); i++ { // every host, finding and binding differs from the one before
					r := results[i%2]
					r.Patrol.ID = fmt.Sprint("p-", n)
					n++
					must(b, s.SaveResult(ctx, r))
				}
			})
			b.Run("load", func(b *testing.B) {
				for b.Loop() {
					k, err := s.LoadKnown(ctx)
					must(b, err)
					if len(k.Bindings) != 100000 {
						b.Fatal(len(k.Bindings))
					}
				}
			})
			b.Run("page", func(b *testing.B) {
				for b.Loop() {
					_, err := s.Findings(ctx, model.FindingQuery{MinSeverity: model.Medium, Limit: 50})
					must(b, err)
				}
			})
			b.Run("search", func(b *testing.B) {
				for b.Loop() {
					_, err := s.Hosts(ctx, model.HostQuery{Text: "診察室 123", Limit: 50})
					must(b, err)
				}
			})
		})
	}
}
