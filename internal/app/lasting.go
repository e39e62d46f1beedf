package app

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/mimawari/mimawari/internal/capture"
	"github.com/mimawari/mimawari/internal/model"
)

// lasting is an interface that is watched whatever happens to it: when it is lost it is opened again, and again. It is a
// capture.Source that ends only with its context.
type lasting struct {
	name  string
	first time.Duration // the first wait after a loss; it doubles up to lostWait

	mu     sync.Mutex
	live   *capture.Live // nil while it is lost
	past   model.Source  // what earlier openings saw
	lost   *model.Trouble
	since  time.Time // of the loss, or of the opening
	losses int
}

// lostWait is the longest wait between two attempts.
const lostWait = 30 * time.Second

// Next implements capture.Source. The end of ctx is the end of the source, not an error.
func (l *lasting) Next(ctx context.Context) (*capture.Batch, error) {
	wait := l.first
	for ctx.Err() == nil {
		live, err := l.open()
		if err == nil {
			b, err := live.Next(ctx)
			if err == nil {
				return b, nil
			}
			if ctx.Err() != nil {
				break
			}
			l.lose(err)
			wait = l.first
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
		wait = min(2*wait, lostWait)
	}
	return nil, io.EOF
}

func (l *lasting) open() (*capture.Live, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.live != nil {
		return l.live, nil
	}
	live, err := capture.OpenLive(l.name, capture.LiveOptions{})
	if err != nil {
		l.lost = liveTrouble(l.name, err)
		return nil, err
	}
	l.live, l.lost, l.since = live, nil, time.Now()
	return live, nil
}

// lose keeps what the opening saw that has just ended.
func (l *lasting) lose(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.past = addSource(l.past, l.live.Info())
	err = errors.Join(err, l.live.Close())
	l.live, l.lost, l.since = nil, liveTrouble(l.name, err), time.Now()
	l.losses++
}

func liveTrouble(name string, err error) *model.Trouble {
	var d *capture.Damage
	if errors.As(err, &d) {
		t := d.Trouble()
		return &t
	}
	return &model.Trouble{Code: "live_failed", Where: name, Text: err.Error()}
}

// Info implements capture.Source: all openings together.
func (l *lasting) Info() model.Source {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.past
	if l.live != nil {
		s = addSource(s, l.live.Info())
	}
	s.Name, s.Kind = l.name, "live"
	return s
}

// state tells why nothing can be seen now (nil: it is open), since when it is so, and how often it was lost.
func (l *lasting) state() (lost *model.Trouble, since time.Time, losses int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lost, l.since, l.losses
}

// Close implements capture.Source.
func (l *lasting) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.live == nil {
		return nil
	}
	l.past = addSource(l.past, l.live.Info())
	err := l.live.Close()
	l.live = nil
	return err
}

func addSource(a, b model.Source) model.Source {
	if a.First.IsZero() || !b.First.IsZero() && b.First.Before(a.First) {
		a.First = b.First
	}
	if b.Last.After(a.Last) {
		a.Last = b.Last
	}
	a.Packets += b.Packets
	a.Bytes += b.Bytes
	m, n := &a.Mirror, &b.Mirror
	m.Packets += n.Packets
	m.Dropped += n.Dropped
	m.Truncated += n.Truncated
	m.Broadcast += n.Broadcast
	m.Unicast += n.Unicast
	m.OwnUnicast += n.OwnUnicast
	return a
}
