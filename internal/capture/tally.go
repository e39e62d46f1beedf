package capture

import (
	"sync"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// tally is what a source tells of itself. The reading goroutine publishes after each batch; anyone may ask.
type tally struct {
	mu   sync.Mutex
	info model.Source
}

// add takes in a batch that is about to be given out.
func (t *tally) add(b *Batch, cut uint64) {
	if len(b.Frames) == 0 {
		return
	}
	var bytes uint64
	first, last := b.Frames[0].At, b.Frames[0].At
	for i := range b.Frames {
		f := &b.Frames[i]
		bytes += uint64(f.Wire)
		first, last = min(first, f.At), max(last, f.At)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	s := &t.info
	if from := time.Unix(0, first).UTC(); s.Packets == 0 || from.Before(s.First) {
		s.First = from
	}
	if to := time.Unix(0, last).UTC(); s.Packets == 0 || to.After(s.Last) {
		s.Last = to
	}
	s.Packets += uint64(len(b.Frames))
	s.Bytes += bytes
	s.Mirror.Packets = s.Packets
	s.Mirror.Truncated += cut
}

// change lets f edit the numbers.
func (t *tally) change(f func(*model.Source)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f(&t.info)
}

// Info implements Source.
func (t *tally) Info() model.Source {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.info
	s.Errors = append([]model.Trouble(nil), s.Errors...)
	return s
}
