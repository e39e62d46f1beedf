package notify_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/notify"
	"github.com/mimawari/mimawari/internal/seal"
	"github.com/mimawari/mimawari/internal/store"
)

var tokyo = time.FixedZone("JST", 9*3600)

// morning is a Wednesday.
var morning = time.Date(2026, 11, 25, 9, 0, 0, 0, tokyo)

// house is an institution with its store, a clock that the test turns, and a real receiver of web hooks.
type house struct {
	t        *testing.T
	store    *store.Store
	service  *notify.Service
	clock    time.Time
	findings map[string]model.Finding
	patrols  int
	troubles []string

	mu   sync.Mutex
	got  []got
	down map[string]int // status by path of the channel
}

// got is one message that arrived.
type got struct {
	channel string
	at      time.Time
	notify.Document
}

func newHouse(t *testing.T) (*house, string) {
	t.Helper()
	dir := t.TempDir()
	s, err := store.Open(t.Context(), filepath.Join(dir, store.FileName))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	key, err := seal.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, store: s, clock: morning, findings: map[string]model.Finding{}, down: map[string]int{}}
	h.service = &notify.Service{
		Store: s, Key: key.For("notify"), Now: func() time.Time { return h.clock }, Zone: tokyo, Stale: func(context.Context) time.Duration { return 36 * time.Hour },
		Report: func(err error) { h.mu.Lock(); defer h.mu.Unlock(); h.troubles = append(h.troubles, err.Error()) },
	}
	server := httptest.NewServer(http.HandlerFunc(h.receive))
	t.Cleanup(server.Close)
	return h, server.URL
}

func (h *house) receive(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if status := h.down[r.URL.Path]; status != 0 {
		w.WriteHeader(status)
		return
	}
	var d notify.Document
	if err := json.Unmarshal(body, &d); err != nil {
		h.t.Errorf("%v: %s", err, body)
	}
	h.got = append(h.got, got{r.URL.Path, h.clock, d})
}

// channel adds a web hook; change may be nil.
func (h *house) channel(url, name string, change func(*notify.Draft)) model.Channel {
	h.t.Helper()
	d := notify.NewDraft("webhook", locale.Japanese)
	d.Name, d.When.Least, d.When.PerHour = name, model.High, 6
	d.Values["url"], d.Values["key"] = url+"/"+name, "k"
	if change != nil {
		change(&d)
	}
	c, err := h.service.Save(h.t.Context(), d)
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

// patrol stores a patrol that left these findings; they stay until changed.
func (h *house) patrol(fs ...model.Finding) {
	h.t.Helper()
	if _, err := h.store.LoadKnown(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	for _, f := range fs {
		h.findings[f.ID] = f
	}
	h.patrols++
	r := model.Result{Patrol: model.Patrol{ID: fmt.Sprint("p-", h.patrols), Started: h.clock.Add(-time.Second), Ended: h.clock, Seen: 12}}
	for _, f := range h.findings {
		r.Findings = append(r.Findings, f)
	}
	slices.SortFunc(r.Findings, func(a, b model.Finding) int { return strings.Compare(a.ID, b.ID) })
	if err := h.store.SaveResult(h.t.Context(), r); err != nil {
		h.t.Fatal(err)
	}
}

func found(id string, s model.Severity) model.Finding {
	return model.Finding{
		ID: id, Rule: "inventory.unknown_host", Severity: s, State: model.Open, First: morning, Last: morning, Count: 1,
		Params: map[string]string{"host": "PC-" + id, "ip": "10.0.0.1", "mac": "02:00:00:00:00:01", "when": "2026-11-25", "maker": "M"},
	}
}

// step turns the clock by d and lets the service do what is due.
func (h *house) step(d time.Duration) []got {
	h.t.Helper()
	h.clock = h.clock.Add(d)
	h.mu.Lock()
	before := len(h.got)
	h.mu.Unlock()
	if err := h.service.Step(context.Background()); err != nil {
		h.t.Fatal(err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.got[before:])
}

func (h *house) wants(what string, ms []got, kinds ...string) {
	h.t.Helper()
	var have []string
	for _, m := range ms {
		have = append(have, m.Kind)
	}
	slices.Sort(have)
	slices.Sort(kinds)
	if !slices.Equal(have, kinds) {
		h.t.Fatalf("%s: got %v, want %v: %+v", what, have, kinds, ms)
	}
}

func findingsOf(m got) (ids []string) {
	for _, f := range m.Findings {
		ids = append(ids, f.Finding)
	}
	return ids
}
