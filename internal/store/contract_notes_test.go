package store_test

import (
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/store"
)

// What people write on a host is theirs: it stays when patrols come and go, and the newest word counts.
func testNotes(t *testing.T, s *store.Store) {
	n, err := s.Note(ctx, "h-1")
	must(t, err)
	same(t, "nothing written", n, model.Note{})
	want := model.Note{Host: "h-1", Place: "3階病棟", Text: "鍵は師長\nが持つ ' \" %", Photo: "ab12", Who: "佐藤", At: time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)}
	must(t, s.SaveNote(ctx, model.Note{Host: "h-1", Text: "old"}))
	must(t, s.SaveNote(ctx, want))
	must(t, s.SaveNote(ctx, model.Note{Host: "h-2", Text: "other"}))
	n, err = s.Note(ctx, "h-1")
	must(t, err)
	same(t, "note", n, want)
}
