package store_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/mimawari/mimawari/internal/store"
	"github.com/mimawari/mimawari/internal/store/storetest"
)

func TestSQLite(t *testing.T) {
	contract(t, func(t *testing.T) *store.Store { return open(t, filepath.Join(t.TempDir(), store.FileName)) })
}

func TestPostgres(t *testing.T) {
	base := postgres(t)
	contract(t, func(t *testing.T) *store.Store { return open(t, newDatabase(t, base)) })
}

// postgres gives the pattern for the address of a database on the test server.
func postgres(t testing.TB) string {
	t.Helper()
	base := os.Getenv("MIMAWARI_TEST_POSTGRES")
	switch {
	case base != "":
	case os.Getenv("CI") == "true":
		t.Fatal("MIMAWARI_TEST_POSTGRES is not set: run eval \"$(scripts/test-postgres.sh start)\" first")
	default:
		t.Skip("MIMAWARI_TEST_POSTGRES is not set: run eval \"$(scripts/test-postgres.sh start)\" to test with PostgreSQL as well")
	}
	return base
}

var databases atomic.Int64

// newDatabase makes an empty database for one test.
func newDatabase(t testing.TB, base string) string {
	t.Helper()
	name := fmt.Sprintf("test_%d_%d", os.Getpid(), databases.Add(1))
	drop, err := storetest.NewDatabase(base, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := drop(); err != nil {
			t.Error(err)
		}
	})
	return fmt.Sprintf(base, name)
}

func open(t testing.TB, dsn string) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}
