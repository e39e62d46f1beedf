package audit_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	_ "modernc.org/sqlite"

	"github.com/mimawari/mimawari/internal/audit"
	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/store"
)

var morning = time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)

type bench struct {
	t     *testing.T
	dir   string
	trail *audit.Trail
	store *store.Store
}

func open(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, dir: t.TempDir()}
	var err error
	if b.store, err = store.Open(t.Context(), filepath.Join(b.dir, store.FileName)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.store.Close() })
	key, err := audit.OpenKey(b.dir)
	if err != nil {
		t.Fatal(err)
	}
	b.trail = &audit.Trail{Store: b.store, Key: key, Now: func() time.Time { return morning }, Report: func(err error) { t.Error(err) }}
	return b
}

// write notes n entries by somebody at a browser.
func (b *bench) write(n int) {
	b.t.Helper()
	ctx := auth.WithViewer(b.t.Context(), auth.Viewer{ID: "acc-1", Login: "sato", Role: auth.Operator, Session: "ses-1"})
	for i := range n {
		b.trail.Note(ctx, "finding.decide", fmt.Sprintf("f-%d", i), "state", "accepted")
	}
}

// sql does what somebody with the database in their hands does.
func (b *bench) sql(statements ...string) {
	b.t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(b.dir, store.FileName))
	if err != nil {
		b.t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if r, err := db.Exec(s); err != nil {
			b.t.Fatal(s, err)
		} else if n, _ := r.RowsAffected(); n == 0 {
			b.t.Fatalf("%s: nothing changed", s)
		}
	}
}

func (b *bench) wants(kind string, n int64, against *tlog.Tree) {
	b.t.Helper()
	v, err := b.trail.Verify(b.t.Context(), against)
	if err != nil {
		b.t.Fatal(err)
	}
	switch {
	case kind == "" && v.Wrong != nil:
		b.t.Fatalf("found %v in a good trail", v.Wrong)
	case kind == "" && v.Entries != n:
		b.t.Fatalf("%d entries, want %d", v.Entries, n)
	case kind != "" && (v.Wrong == nil || v.Wrong.Kind != kind || v.Wrong.N != n):
		b.t.Fatalf("found %+v, want %s at %d", v.Wrong, kind, n)
	}
}

func TestGoodTrail(t *testing.T) {
	b := open(t)
	b.wants("", 0, nil)
	for n := range 70 {
		b.write(1)
		b.wants("", int64(n+1), nil)
	}
}

// Every way in which somebody without the key changes the trail is found, and the entry named.
func TestChangesAreNamed(t *testing.T) {
	for name, c := range map[string]struct {
		kind string
		n    int64
		do   string
	}{
		"a bit of an entry":      {audit.Changed, 13, `UPDATE audit_entries SET doc = replace(doc, 'f-13', 'f-12') WHERE n = 13`},
		"the first entry":        {audit.Changed, 0, `UPDATE audit_entries SET doc = replace(doc, 'sato', 'sata') WHERE n = 0`},
		"the last entry":         {audit.Changed, 36, `UPDATE audit_entries SET doc = replace(doc, 'accepted', 'rejected') WHERE n = 36`},
		"an entry is gone":       {audit.Missing, 20, `DELETE FROM audit_entries WHERE n = 20`},
		"the first is gone":      {audit.Missing, 0, `DELETE FROM audit_entries WHERE n = 0`},
		"one in front":           {audit.Added, -1, `INSERT INTO audit_entries SELECT -1, at_us, account, action, search, replace(doc, '"n":3', '"n":-1'), signed FROM audit_entries WHERE n = 3`},
		"one at the end":         {audit.Added, 37, `INSERT INTO audit_entries SELECT 37, at_us, account, action, search, replace(doc, '"n":3,', '"n":37,'), signed FROM audit_entries WHERE n = 3`},
		"a signature":            {audit.Unsigned, 9, `UPDATE audit_entries SET signed = (SELECT signed FROM audit_entries WHERE n = 8) WHERE n = 9`},
		"a node of the tree":     {audit.Tree, 7, `UPDATE audit_hashes SET hash = (SELECT hash FROM audit_hashes WHERE i = 1) WHERE i = 14`},
		"a node is gone":         {audit.Tree, 7, `DELETE FROM audit_hashes WHERE i = 14`},
		"what it is searched by": {audit.Columns, 5, `UPDATE audit_entries SET account = 'acc-2' WHERE n = 5`},
		"when it is searched by": {audit.Columns, 6, `UPDATE audit_entries SET at_us = at_us + 1 WHERE n = 6`},
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t)
			b.write(37)
			b.sql(c.do)
			b.wants(c.kind, c.n, nil)
		})
	}
}

// Somebody who knows the tree but has no key changes an entry and makes all hashes again: the signature of the entry shows it.
func TestTreeMadeAgain(t *testing.T) {
	b := open(t)
	b.write(20)
	rows, err := b.store.Audit(t.Context(), model.AuditQuery{})
	if err != nil {
		t.Fatal(err)
	}
	var all []tlog.Hash
	reader := tlog.HashReaderFunc(func(ix []int64) (out []tlog.Hash, err error) {
		for _, i := range ix {
			out = append(out, all[i])
		}
		return out, nil
	})
	var changes []string
	for i := len(rows) - 1; i >= 0; i-- {
		doc := rows[i].Doc
		if rows[i].N == 11 {
			doc = strings.Replace(doc, "f-11", "f-99", 1)
			changes = append(changes, `UPDATE audit_entries SET doc = replace(doc, 'f-11', 'f-99'), search = replace(search, 'f-11', 'f-99') WHERE n = 11`)
		}
		hs, err := tlog.StoredHashes(rows[i].N, []byte(doc), reader)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range hs {
			changes = append(changes, fmt.Sprintf(`UPDATE audit_hashes SET hash = '%s' WHERE i = %d`, h, len(all)))
			all = append(all, h)
		}
	}
	b.sql(changes...)
	b.wants(audit.Changed, 11, nil)
}

func TestCheckpoint(t *testing.T) {
	b := open(t)
	if c, err := b.trail.Checkpoint(t.Context()); c != nil || err != nil {
		t.Fatal(c, err)
	}
	b.write(10)
	printed, err := b.trail.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// Anybody can read it with the public key alone.
	v, err := note.NewVerifier(b.trail.Key.Public())
	if err != nil {
		t.Fatal(err)
	}
	if n, err := note.Open(printed, note.VerifierList(v)); err != nil || !strings.HasPrefix(n.Text, "mimawari-audit\n10\n") {
		t.Fatal(n, err)
	}
	b.write(5)
	head, err := b.trail.Key.ParseCheckpoint(printed)
	if err != nil {
		t.Fatal(err)
	}
	b.wants("", 15, &head)

	// The end cut off, tree and all: the trail agrees with itself, not with the checkpoint.
	b.sql(`DELETE FROM audit_entries WHERE n >= 8`, `DELETE FROM audit_hashes WHERE i >= `+fmt.Sprint(tlog.StoredHashCount(8)))
	b.wants("", 8, nil)
	b.wants(audit.Cut, 8, &head)

	// Whoever has the key too writes on: only the checkpoint knows.
	b.write(5)
	b.wants("", 13, nil)
	b.wants(audit.Other, 9, &head)

	for _, bad := range []string{"", "x", strings.Replace(string(printed), "10", "11", 1), strings.Replace(string(printed), "— mimawari-audit", "— mimawari-other", 1)} {
		if _, err := b.trail.Key.ParseCheckpoint([]byte(bad)); !errors.Is(err, audit.ErrCheckpoint) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	other, err := audit.OpenKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.ParseCheckpoint(printed); !errors.Is(err, audit.ErrCheckpoint) {
		t.Errorf("another key: %v", err)
	}
}

// Many write at once, in two processes' stores: no number is given twice, none left out.
func TestConcurrentAppends(t *testing.T) {
	b := open(t)
	second, err := store.Open(t.Context(), filepath.Join(b.dir, store.FileName))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = second.Close() })
	other := *b.trail
	other.Store = second
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 10 {
				trail := b.trail
				if i%2 == 1 {
					trail = &other
				}
				trail.Note(t.Context(), "x", "y")
			}
		})
	}
	wg.Wait()
	b.wants("", 80, nil)
}

// An append that is interrupted leaves nothing; the next one goes on.
func TestAllOrNothing(t *testing.T) {
	b := open(t)
	b.write(3)
	b.sql(`CREATE TRIGGER full BEFORE INSERT ON audit_hashes WHEN NEW.i >= 5 BEGIN SELECT RAISE(ABORT, 'disk full'); END; UPDATE meta SET value = 0`)
	if err := b.trail.Append(t.Context(), model.AuditEntry{Action: "x"}); err == nil {
		t.Fatal("no error")
	}
	b.wants("", 3, nil)
	b.sql(`DROP TRIGGER full; UPDATE meta SET value = 0`)
	b.write(2)
	b.wants("", 5, nil)
}

// Who it was and from where comes from the context; what was typed is cleaned and cut.
func TestEntry(t *testing.T) {
	b := open(t)
	ctx := auth.WithViewer(context.Background(), auth.Console("root"))
	b.trail.Note(ctx, "account.add", "a\x00b\n\u202ec", "reason", strings.Repeat("x", 1000))
	b.trail.Note(auth.WithViewer(context.Background(), auth.Viewer{ID: "acc-1", Login: "sato", Token: "tok-1"}), "finding.decide", "f-1")
	b.trail.Note(context.Background(), "patrol.done", "p-1")
	es, err := b.trail.Audit(t.Context(), model.AuditQuery{})
	if err != nil || len(es) != 3 {
		t.Fatal(es, err)
	}
	if e := es[2]; e.Via != audit.ViaConsole || e.Login != "root" || e.Object != "ab c" || len(e.Details["reason"]) > model.MaxText {
		t.Errorf("console: %+v", e)
	}
	if e := es[1]; e.Via != audit.ViaToken || e.Details["token"] != "tok-1" || e.Account != "acc-1" {
		t.Errorf("token: %+v", e)
	}
	if e := es[0]; e.Via != audit.ViaSystem || e.Login != "" {
		t.Errorf("system: %+v", e)
	}
}

func TestQueries(t *testing.T) {
	b := open(t)
	b.write(5)
	b.trail.Note(auth.WithViewer(t.Context(), auth.Viewer{ID: "acc-2", Login: "佐藤"}), "account.add", "Ｔanaka")
	f := func(q model.AuditQuery, want ...int64) {
		t.Helper()
		es, err := b.trail.Audit(t.Context(), q)
		if err != nil || len(es) != len(want) {
			t.Fatalf("%+v: %d entries, %v", q, len(es), err)
		}
		for i := range es {
			if es[i].N != want[i] {
				t.Fatalf("%+v: %d at %d", q, es[i].N, i)
			}
		}
	}
	f(model.AuditQuery{}, 5, 4, 3, 2, 1, 0)
	f(model.AuditQuery{Limit: 2}, 5, 4)
	f(model.AuditQuery{Before: 2}, 1, 0)
	f(model.AuditQuery{Action: "account.*"}, 5)
	f(model.AuditQuery{Account: "acc-1", Text: "F-3"}, 3)
	f(model.AuditQuery{Text: "tanaka 佐藤"}, 5)
	f(model.AuditQuery{To: morning})
	f(model.AuditQuery{From: morning, Limit: 1}, 5)
}

func TestKeyFile(t *testing.T) {
	dir := t.TempDir()
	a, err := audit.OpenKey(dir)
	if err != nil {
		t.Fatal(err)
	}
	b, err := audit.OpenKey(dir)
	if err != nil || a.Public() != b.Public() {
		t.Fatal("another key the second time", err)
	}
	path := filepath.Join(dir, audit.KeyFile)
	if st, err := os.Stat(path); err != nil || st.Mode().Perm()&0o077 != 0 {
		t.Errorf("mode %v, %v", st.Mode(), err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", "x y", string(whole[:len(whole)/2]), string(whole) + "z"} {
		if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		var e *audit.KeyError
		if _, err := audit.OpenKey(dir); !errors.As(err, &e) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func FuzzParseCheckpoint(f *testing.F) {
	key, err := audit.OpenKey(f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte("mimawari-audit\n10\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n— mimawari-audit AAAA\n"))
	f.Add([]byte("\n\n— "))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := key.ParseCheckpoint(b); err == nil {
			t.Fatalf("accepted what nobody signed: %q", b)
		}
	})
}
