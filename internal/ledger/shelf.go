package ledger

import (
	"context"
	"crypto/rand"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// Shelf holds workbooks between the dry run of an import and the import, a few and not for long; nothing is written to disk. Each is
// there for the person who brought it only.
type Shelf struct {
	settings Settings
	now      func() time.Time

	mu    sync.Mutex
	files map[string]Held
	// reading lets one workbook be read at a time: a large one takes half a gigabyte.
	reading sync.Mutex
}

// Held is a workbook on the shelf. Nothing of it is in the ledger yet.
type Held struct {
	ID, Name string
	Report   *Report // how it was understood; reading a large workbook takes long

	data    []byte
	viewer  string
	mapping Mapping
	at      time.Time
}

const (
	maxHeld = 4
	keepFor = 30 * time.Minute
)

// NewShelf gives an empty shelf. What people teach of headers is kept in settings.
func NewShelf(settings Settings, now func() time.Time) *Shelf {
	return &Shelf{settings: settings, now: now, files: map[string]Held{}}
}

// Hold reads a workbook that viewer brought and keeps it; by is the name that stands in the version if it is taken in.
func (s *Shelf) Hold(ctx context.Context, name string, data []byte, viewer, by string) (Held, error) {
	m, err := LoadMapping(ctx, s.settings)
	if err != nil {
		return Held{}, err
	}
	h := Held{ID: rand.Text(), Name: fileName(name), data: data, viewer: viewer, mapping: m}
	if h.Report, err = s.read(ctx, h, by); err != nil {
		return Held{}, err
	}
	s.put(h)
	return h, nil
}

// fileName keeps the last part of what the sender says, whatever system it runs on.
func fileName(s string) string {
	s = model.Clean(path.Base(strings.ReplaceAll(s, `\`, "/")))
	if r := []rune(s); len(r) > 120 {
		s = string(r[len(r)-120:])
	}
	return s
}

func (s *Shelf) read(ctx context.Context, h Held, by string) (*Report, error) {
	s.reading.Lock()
	defer s.reading.Unlock()
	return ImportData(ctx, h.Name, h.data, Options{Mapping: h.mapping, Now: s.now(), By: by})
}

// put holds a file; the oldest makes room, the one that the same person uploaded before first.
func (s *Shelf) put(h Held) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h.at = s.now()
	for id, x := range s.files {
		if x.viewer == h.viewer || h.at.Sub(x.at) > keepFor {
			delete(s.files, id)
		}
	}
	for len(s.files) >= maxHeld {
		oldest := ""
		for id, x := range s.files {
			if oldest == "" || x.at.Before(s.files[oldest].at) {
				oldest = id
			}
		}
		delete(s.files, oldest)
	}
	s.files[h.ID] = h
}

// Get gives a workbook to the person who brought it, to nobody else.
func (s *Shelf) Get(id, viewer string) (Held, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h, ok := s.files[id]
	return h, ok && h.viewer == viewer && s.now().Sub(h.at) <= keepFor
}

// Teach reads a workbook again with corrections: "header=field" and "sheet=kind". What is wrong with one is a *MappingError.
func (s *Shelf) Teach(ctx context.Context, h Held, columns, sheets []string, by string) (Held, error) {
	h.mapping = h.mapping.Merge(Mapping{})
	for _, c := range columns {
		if err := h.mapping.LearnColumn(c); err != nil {
			return h, err
		}
	}
	for _, c := range sheets {
		if err := h.mapping.LearnSheet(c); err != nil {
			return h, err
		}
	}
	var err error
	if h.Report, err = s.read(ctx, h, by); err != nil {
		return h, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.files[h.ID]; ok {
		s.files[h.ID] = h
	}
	return h, nil
}

// Taken keeps what was taught, for the next import, and lets the workbook go: it is in the ledger.
func (s *Shelf) Taken(ctx context.Context, h Held) error {
	if err := SaveMapping(ctx, s.settings, h.mapping); err != nil {
		return err
	}
	s.Drop(h)
	return nil
}

// Drop lets a workbook go.
func (s *Shelf) Drop(h Held) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.files, h.ID)
}

// Trial is what taking a workbook in would do.
type Trial struct {
	Changes    Changes
	OnlyStored []Change // rows that the workbook has not
	Unchanged  int
}

// Try says what taking imported in would make of a ledger, which may be nil.
func Try(now, imported *model.Ledger, rest string) Trial {
	whole := Diff(now, imported)
	t := Trial{OnlyStored: whole.Removed, Changes: Diff(now, TakeIn(now, imported, rest))}
	for _, k := range Kinds {
		t.Unchanged += Size(imported, k)
	}
	t.Unchanged -= len(whole.Added) + len(whole.Changed)
	return t
}
