package intake

import (
	"encoding/json"
	"sync"
)

// Event is something that listeners may want to show: its name and a JSON document.
type Event struct {
	Name string
	Data []byte
}

// Hub tells all who listen what goes on. Publishing never waits: a listener whose queue is full is let go, and comes back by
// itself if it still wants to know. The zero value is ready.
type Hub struct {
	mu     sync.Mutex
	ears   map[*Ear]struct{}
	last   map[string]Event // the newest of each name, for those who come later
	closed bool
}

// Ear is one listener.
type Ear struct {
	Events <-chan Event // closed when the listener was let go or the hub ended
	hub    *Hub
	queue  chan Event
}

const (
	earQueue = 64
	maxEars  = 500
)

// Publish tells all listeners. v must be fit for JSON.
func (h *Hub) Publish(name string, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic("BUG: event " + name + ": " + err.Error())
	}
	e := Event{name, b}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	if h.last == nil {
		h.last = map[string]Event{}
	}
	h.last[name] = e
	for x := range h.ears {
		select {
		case x.queue <- e:
		default:
			h.drop(x)
		}
	}
}

func (h *Hub) drop(x *Ear) {
	if _, ok := h.ears[x]; ok {
		delete(h.ears, x)
		close(x.queue)
	}
}

// Listen begins to listen; the newest event of each name comes first. false: there are too many already, or the hub has ended.
func (h *Hub) Listen() (*Ear, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || len(h.ears) >= maxEars {
		return nil, false
	}
	q := make(chan Event, earQueue)
	x := &Ear{Events: q, hub: h, queue: q}
	if h.ears == nil {
		h.ears = map[*Ear]struct{}{}
	}
	h.ears[x] = struct{}{}
	for _, e := range h.last {
		select {
		case q <- e:
		default:
		}
	}
	return x, true
}

// Close stops listening.
func (x *Ear) Close() {
	x.hub.mu.Lock()
	defer x.hub.mu.Unlock()
	x.hub.drop(x)
}

// Listeners is how many there are.
func (h *Hub) Listeners() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.ears)
}

// End lets all listeners go, for good.
func (h *Hub) End() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for x := range h.ears {
		h.drop(x)
	}
}
