package notify

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"slices"
	"time"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

// The kinds of messages.
const (
	UrgentKind  = "urgent"      // critical findings; can't be muted
	Alert       = "alert"       // other findings, at once
	Stopped     = "stopped"     // there are no patrols any more; can't be muted
	Resumed     = "resumed"     // there are again
	Daily       = "daily"       // digests
	Weekly      = "weekly"      //
	Undelivered = "undelivered" // another channel could not be reached
	Test        = "test"
)

// plan makes the messages that are due now, channel by channel.
func (s *Service) plan(ctx context.Context) error {
	channels, err := s.Store.Channels(ctx)
	if err != nil {
		return err
	}
	for _, c := range channels {
		if !c.On {
			continue
		}
		if err := s.planChannel(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// planChannel looks first and writes only if there is something to write.
func (s *Service) planChannel(ctx context.Context, c model.Channel) error {
	now := s.Now().In(s.Zone)
	b, err := s.Store.Backlog(ctx, c.ID, now)
	if err != nil {
		return err
	}
	due, err := s.dueDigests(ctx, c, b, now)
	if err != nil {
		return err
	}
	h, err := s.Store.Happened(ctx, now, now)
	if err != nil {
		return err
	}
	w, stale := s.writer(ctx, c), s.Stale(ctx)
	make := func(b model.Backlog) (ds []model.Delivery, told []string) {
		p := planner{c, b, now, w}
		ds, told = p.findings()
		ds = append(ds, p.patrol(h.Last, stale)...)
		return append(ds, p.digests(due)...), told
	}
	if ds, told := make(b); len(ds)+len(told) == 0 {
		return nil
	}
	return s.Store.Plan(ctx, c.ID, now, make)
}

// planner decides on one channel at one moment. It reads neither clock nor store.
type planner struct {
	channel model.Channel
	model.Backlog
	now time.Time
	words
}

// findings gives the messages on single findings, and the findings that need no further message.
func (p planner) findings() (ds []model.Delivery, told []string) {
	var urgent, normal []model.Finding
	for _, x := range p.Pending {
		switch {
		case x.Urgent:
			urgent = append(urgent, x.Finding)
		case !waits(x.Finding): // settled before anybody could be told
			told = append(told, x.Finding.ID)
		default:
			normal = append(normal, x.Finding)
		}
	}
	if len(urgent) > 0 && p.since(UrgentKind) >= urgentGap {
		ds = append(ds, p.delivery(UrgentKind, "", p.urgent(urgent)))
		told = append(told, ids(urgent)...)
	}
	if len(normal) > 0 && p.mayAlert() {
		ds = append(ds, p.delivery(Alert, "", p.alert(normal, p.held())))
		told = append(told, ids(normal)...)
	}
	return ds, told
}

// mayAlert: not in the quiet hours, not too soon after the last, not above the hourly limit.
func (p planner) mayAlert() bool {
	return !quiet(p.channel.When, p.now) && p.since(Alert) >= alertGap && p.LastHour < perHour(p.channel.When)
}

// heldAfter is how long a finding waits before the message says that it was held back.
const heldAfter = 5 * time.Minute

// held counts the findings that had to wait because of the hourly limit or the quiet hours.
func (p planner) held() (n int) {
	for _, x := range p.Pending {
		if !x.Urgent && waits(x.Finding) && p.now.Sub(x.At) > heldAfter {
			n++
		}
	}
	return n
}

// since is how long ago a message of that kind was made. A clock that was set back must not silence a channel.
func (p planner) since(kind string) time.Duration {
	last, ok := p.Last[kind]
	if d := p.now.Sub(last); ok && d >= 0 {
		return d
	}
	return 1 << 62
}

// patrol tells once that the patrol stopped, and once that it goes again.
func (p planner) patrol(last *model.Patrol, stale time.Duration) []model.Delivery {
	switch {
	case last == nil:
		return nil
	case p.now.Sub(last.Ended) > stale:
		if p.Cause[Stopped] == last.ID {
			return nil
		}
		return []model.Delivery{p.delivery(Stopped, last.ID, p.stopped(last.Ended))}
	case p.Cause[Stopped] != "" && !p.Last[Resumed].After(p.Last[Stopped]) && last.ID != p.Cause[Stopped]:
		return []model.Delivery{p.delivery(Resumed, last.ID, p.resumed(last.Ended))}
	}
	return nil
}

// digests gives those of due that no other process has made since they were written.
func (p planner) digests(due []digest) (ds []model.Delivery) {
	for _, d := range due {
		if isDue(p.channel, p.Last[d.kind], d.at) {
			ds = append(ds, p.delivery(d.kind, "", d.notice))
		}
	}
	return ds
}

// isDue: the time for it has come since the last one, or since the channel was made.
func isDue(c model.Channel, last, at time.Time) bool {
	return !at.IsZero() && last.Before(at) && c.Made.Before(at)
}

func (p planner) delivery(kind, cause string, n model.Notice) model.Delivery {
	return model.Delivery{ID: newID(), Channel: p.channel.ID, Kind: kind, Cause: cause, State: model.Waiting, Made: p.now.UTC(), Next: p.now.UTC(), Notice: n}
}

// digest is a digest that is due.
type digest struct {
	kind   string
	at     time.Time
	notice model.Notice
}

// dueDigests writes the digests of a channel that are due, outside of the transaction that stores them: they read a lot.
func (s *Service) dueDigests(ctx context.Context, c model.Channel, b model.Backlog, now time.Time) (due []digest, err error) {
	for _, kind := range []string{Daily, Weekly} {
		at := scheduled(c.When, kind, now)
		if !isDue(c, b.Last[kind], at) {
			continue
		}
		n, err := s.digest(ctx, c, kind, b.Last[kind], now)
		if err != nil {
			return nil, err
		}
		due = append(due, digest{kind, at, n})
	}
	return due, nil
}

// digest writes one digest. It looks back to the one before, or over its usual period.
func (s *Service) digest(ctx context.Context, c model.Channel, kind string, last, now time.Time) (model.Notice, error) {
	from := last
	if last.IsZero() {
		from = now.AddDate(0, 0, -period(kind))
	}
	h, err := s.Store.Happened(ctx, from, now)
	if err != nil {
		return model.Notice{}, err
	}
	counts, err := s.Store.FindingCounts(ctx)
	if err != nil {
		return model.Notice{}, err
	}
	h.Came = slices.DeleteFunc(h.Came, func(f model.Finding) bool { return f.Severity < c.When.Least })
	n := s.writer(ctx, c).digest(kind, from, h, counts, h.Last != nil && now.Sub(h.Last.Ended) > s.Stale(ctx))
	if c.When.Report && kindOf(c.Kind).Files && s.Files != nil {
		if n.Files, err = s.Files(ctx, kind, from, now, lang(c)); err != nil {
			s.trouble(err) // the words of the digest are worth more than its file
		}
	}
	return n, nil
}

func ids(fs []model.Finding) []string {
	out := make([]string, len(fs))
	for i, f := range fs {
		out[i] = f.ID
	}
	return out
}

func newID() string {
	var b [10]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	return "n-" + hex.EncodeToString(b[:])
}

func lang(c model.Channel) locale.Lang {
	if l, ok := locale.Parse(c.Lang); ok {
		return l
	}
	return locale.Japanese
}
