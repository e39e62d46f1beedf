package directory

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"golang.org/x/oauth2"
)

// trip is a way to the provider and back. The browser keeps it sealed.
type trip struct {
	State    string    `json:"state"`
	Nonce    string    `json:"nonce"`
	Verifier string    `json:"verifier"`
	Next     string    `json:"next"`
	Until    time.Time `json:"until"`
}

// tripTime is how long somebody may take at the provider.
const tripTime = 10 * time.Minute

// longestTicket bounds what a browser may bring back, longestNext what it must keep: cookies have at most 4 kB.
const (
	longestTicket = 4096
	longestNext   = 1500
)

func newTrip(now time.Time, next string) trip {
	if len(next) > longestNext {
		next = "/"
	}
	return trip{rand.Text(), rand.Text(), oauth2.GenerateVerifier(), next, now.Add(tripTime)}
}

// purpose tells the seal of tickets from that of secrets.
const purpose = "oidc.trip"

func (d *Desk) seal(t trip) (string, error) {
	b, err := json.Marshal(t)
	return d.Seal.For(purpose).Seal(b), err
}

var errTrip = errors.New("the ticket is no good")

// unseal opens the ticket of a browser that came back with state, once.
func (d *Desk) unseal(ticket, state string) (t trip, err error) {
	if len(ticket) > longestTicket {
		return t, errTrip
	}
	b, err := d.Seal.For(purpose).Open(ticket)
	if err != nil {
		return t, err
	}
	if err := json.Unmarshal(b, &t); err != nil {
		return t, err
	}
	if subtle.ConstantTimeCompare([]byte(t.State), []byte(state)) != 1 || !d.Now().Before(t.Until) || !d.used.first(t.State, d.Now(), t.Until) {
		return t, errTrip
	}
	return t, nil
}

// mostStates bounds how many are remembered.
const mostStates = 10000

// states are those that came back already; after tripTime the ticket itself is too old.
type states struct {
	mu   sync.Mutex
	seen map[string]time.Time
}

// first reports whether state came for the first time. When too many came within the time, none is let in.
func (s *states) first(state string, now, until time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil {
		s.seen = map[string]time.Time{}
	}
	for k, t := range s.seen {
		if now.After(t) {
			delete(s.seen, k)
		}
	}
	if _, ok := s.seen[state]; ok || len(s.seen) >= mostStates {
		return false
	}
	s.seen[state] = until
	return true
}
