package storetest

import (
	"context"
	"testing"

	"github.com/mimawari/mimawari/internal/store"
)

// testCheck asserts that the store finds no fault with itself.
func testCheck(t *testing.T, s *store.Store) {
	ctx := context.Background()
	r := Result(9, 12, 12, 12)
	ok(t, s.SaveResult(ctx, r))
	report, err := s.Check(ctx)
	ok(t, err)
	if len(report.Problems) > 0 {
		t.Fatalf("%+v", report.Problems)
	}
	if report.Counts["hosts"] != 12 {
		t.Fatalf("%+v", report.Counts)
	}
}
