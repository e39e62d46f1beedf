package store

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mimawari/mimawari/internal/model"
)

func small(t testing.TB) (*Store, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), FileName)
	s, err := Open(background, path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	err = s.SaveResult(background, model.Result{
		Patrol: model.Patrol{ID: "p-1"}, Hosts: []model.Host{{ID: "h-1", Names: []string{"a"}}},
		Bindings: []model.Binding{{Count: 1}}, Findings: []model.Finding{{ID: "f-1", Rule: "a.b", Assets: []model.Asset{{Host: "h-1"}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.SaveLedger(background, &model.Ledger{File: "x"}); err != nil {
		t.Fatal(err)
	}
	if err := s.AddSuppression(background, model.Suppression{ID: "s-1", Rule: "a.b"}); err != nil {
		t.Fatal(err)
	}
	return s, path
}

// Check names every row that was tampered with or rotted.
func TestCheckNamesDamage(t *testing.T) {
	for _, c := range []struct{ sql, kind, table, id string }{
		{`UPDATE hosts SET doc = substr(doc, 1, 20)`, "document", "hosts", "h-1"},
		{`UPDATE hosts SET doc = replace(doc, '"a"', '"b"')`, "document", "hosts", "h-1"},
		{`UPDATE hosts SET doc = x'00ff'`, "document", "hosts", "h-1"},
		{`UPDATE hosts SET search = 'x'`, "column", "hosts", "h-1"},
		{`UPDATE bindings SET last_us = 7`, "column", "bindings", "0"},
		{`UPDATE bindings SET doc = '[]'`, "document", "bindings", "0"},
		{`UPDATE findings SET state = 'resolved'`, "column", "findings", "f-1"},
		{`UPDATE findings SET severity = 'high'`, "column", "findings", "f-1"},
		{`UPDATE findings SET sum = ''`, "document", "findings", "f-1"},
		{`UPDATE patrols SET doc = ''`, "document", "patrols", "1"},
		{`UPDATE ledgers SET hosts = 99`, "column", "ledgers", "1"},
		{`UPDATE suppressions SET doc = 'null'`, "document", "suppressions", "s-1"},
		{`PRAGMA foreign_keys = 0; DELETE FROM hosts; INSERT INTO host_addrs VALUES ('10.0.0.1', 'h-9')`, "reference", "host_addrs", "h-9"},
		{`PRAGMA foreign_keys = 0; UPDATE finding_events SET finding = 'f-9'`, "reference", "finding_events", "f-9"},
	} {
		s, _ := small(t)
		if _, err := s.write.Exec(c.sql); err != nil {
			t.Fatalf("%s: %v", c.sql, err)
		}
		r, err := s.Check(background)
		if err != nil {
			t.Fatalf("%s: %v", c.sql, err)
		}
		if !slices.ContainsFunc(r.Problems, func(p Problem) bool { return p.Kind == c.kind && p.Table == c.table && p.ID == c.id }) {
			t.Errorf("%s: %+v", c.sql, r.Problems)
		}
	}
}

// A damaged document is an error with words where it is needed, never a wrong answer.
func TestDamagedDocumentIsNotUsed(t *testing.T) {
	s, _ := small(t)
	if _, err := s.write.Exec(`UPDATE findings SET doc = '{"id":'`); err != nil {
		t.Fatal(err)
	}
	_, err1 := s.LoadKnown(background)
	_, _, err2 := s.Finding(background, "f-1")
	_, err3 := s.Findings(background, model.FindingQuery{})
	for i, err := range []error{err1, err2, err3} {
		if !hasCode(err, Corrupt) || !strings.Contains(err.Error(), "f-1") {
			t.Errorf("%d: %v", i+1, err)
		}
	}
}

// Whatever bytes of the file rot: opening and checking end with words, not with a panic, and rot in a page that is in
// use is found.
func TestRottenFile(t *testing.T) {
	s, path := small(t)
	r := model.Result{Patrol: model.Patrol{ID: "p-2", Ledger: 1}}
	for i := range 900 { // full pages, so that most bytes matter: each table has a page or two that are nearly empty
		id := strconv.Itoa(i)
		r.Hosts = append(r.Hosts, model.Host{ID: "h-" + id, Names: []string{strings.Repeat(id, 50)}})
	}
	if err := errors.Join(s.SaveResult(background, r), s.Close()); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	const places = 60
	for i := range places {
		b := slices.Clone(whole)
		at := i * len(b) / places
		for j := at; j < min(at+512, len(b)); j++ {
			b[j] ^= 0xa5
		}
		if rotten(t, b) {
			found++
		}
	}
	if found < places/2 {
		t.Fatalf("rot was found in %d of %d places only", found, places)
	}
	t.Logf("rot found in %d of %d places (the others are free space of their pages)", found, places)
}

// rotten reports whether a file with content b is refused or found damaged.
func rotten(t testing.TB, b []byte) bool {
	t.Helper()
	path := filepath.Join(t.TempDir(), FileName)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := OpenReadOnly(background, path)
	if err != nil {
		return true
	}
	defer s.Close()
	r, err := s.Check(background)
	_, loadErr := s.LoadKnown(background)
	return err != nil || len(r.Problems) > 0 || loadErr != nil
}

// Whatever stands where a document should be: reading it gives the document or an error that names it, and Check finds
// what reading refuses.
func FuzzDocument(f *testing.F) {
	s, _ := small(f)
	for _, seed := range []string{
		`{}`, `null`, `[]`, `{"id":"h-1","ips":["10.0.0.1"],"macs":["00:11:22:33:44:55"]}`, `{"id":"h-1","ips":["x"]}`, `{"first":"2026-04-01T00:00:00Z"}`,
		`{"severity":"critical","evidence":[{"at":"0000-00-00"}]}`, `{"severity":9}`, strings.Repeat("[", 20000), "\x00\xff", `{"id":"\ud800"}`, `{"signals":[{"weight":1e999}]}`, `{"version":99999999999999999999}`,
	} {
		f.Add([]byte(seed), true)
		f.Add([]byte(seed), false)
	}
	f.Fuzz(func(t *testing.T, doc []byte, honest bool) {
		sum := "0123456789abcdef"
		if honest {
			sum = digest(doc)
		}
		for _, table := range []string{"hosts", "bindings", "findings", "patrols", "ledgers", "suppressions"} {
			if _, err := s.write.Exec(`UPDATE `+table+` SET doc = $1, sum = $2`, string(doc), sum); err != nil {
				t.Fatal(err)
			}
		}
		_, err := s.LoadKnown(background)
		r, checkErr := s.Check(background)
		if checkErr != nil {
			t.Fatal(checkErr)
		}
		if err != nil && (!hasCode(err, Corrupt) || len(r.Problems) == 0) {
			t.Fatalf("load: %v, check: %+v", err, r.Problems)
		}
	})
}

// Whatever bytes are in a file: opening, checking and loading it end, without a panic.
func FuzzFile(f *testing.F) {
	s, path := small(f)
	if err := s.Close(); err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole, 0, byte(0))
	f.Add(whole, 100, byte(0xff))
	f.Add(whole[:len(whole)/2], 30, byte(7))
	f.Add([]byte("SQLite format 3\x00"), 0, byte(0))
	f.Fuzz(func(t *testing.T, b []byte, at int, with byte) {
		b = slices.Clone(b[:min(len(b), 1<<20)])
		if at >= 0 && at < len(b) {
			b[at] ^= with
		}
		rotten(t, b)
	})
}

func FuzzQuery(f *testing.F) {
	s, _ := small(f)
	f.Add("a", "4.1.f-1", "line.*")
	f.Add(`%_\'`, "9~", "*")
	f.Add("\x00\xff", "-1.-9223372036854775808.", "")
	f.Fuzz(func(t *testing.T, text, after, rule string) {
		if _, err := s.Hosts(background, model.HostQuery{Text: text, After: after, Class: rule}); err != nil {
			t.Fatal(err)
		}
		_, err := s.Findings(background, model.FindingQuery{Text: text, After: after, Rules: []string{rule}, States: []model.State{model.State(text)}})
		if err != nil && !strings.Contains(err.Error(), ErrCursor.Error()) {
			t.Fatal(err)
		}
	})
}
