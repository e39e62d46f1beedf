package main

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	_ "modernc.org/sqlite"

	"github.com/mimawari/mimawari/internal/audit"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/store"
)

// spoilEntry changes an entry of the audit trail as somebody with the database can: spoil-entry DIR NUMBER OLD NEW
func spoilEntry(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: spoil-entry DIR NUMBER OLD NEW")
	}
	db, err := sql.Open("sqlite", filepath.Join(ts.MkAbs(args[0]), store.FileName))
	ts.Check(err)
	defer db.Close()
	r, err := db.Exec(`UPDATE audit_entries SET doc = replace(doc, $1, $2) WHERE n = $3`, args[2], args[3], args[1])
	ts.Check(err)
	if n, err := r.RowsAffected(); err != nil || n != 1 {
		ts.Fatalf("%d entries changed, %v", n, err)
	}
}

// What Verify can find has words.
func TestTrailTroublesHaveWords(t *testing.T) {
	for _, k := range []string{audit.Changed, audit.Missing, audit.Added, audit.Unsigned, audit.Columns, audit.Tree, audit.Cut, audit.Other} {
		if !locale.Has("audit.bad." + k) {
			t.Errorf("no words for %s", k)
		}
	}
}
