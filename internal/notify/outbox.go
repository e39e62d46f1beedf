package notify

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

const (
	sendTimeout = 45 * time.Second
	lastWords   = 3 * time.Second // what a try that has begun still gets when the program is told to end
	lease       = 2 * time.Minute // after it, a try that ended without a word is made again; longer than sendTimeout
	giveUpAfter = 72 * time.Hour
	longestWait = time.Hour
	atOnce      = 200 // deliveries looked at in one step
	// worry is the try after which other channels are told that what can't be muted did not get through: about half an hour.
	worry = 6
)

// SendError is why a message was not taken. It never has a secret in it: no address of a web hook, no password.
type SendError struct {
	Trouble model.Trouble // words under "trouble.notify_CODE"
	After   time.Duration // the other side asks to wait so long
	Final   bool          // trying again soon will not help
}

func (e *SendError) Error() string { return e.Trouble.Text }

func sendError(code, text string, args ...string) *SendError {
	return &SendError{Trouble: model.Trouble{Code: "notify_" + code, Args: args, Text: text}}
}

// send sends what is due, the channels side by side, the oldest message of each first.
func (s *Service) send(ctx context.Context) error {
	ds, err := s.Store.DueDeliveries(ctx, s.Now(), atOnce)
	if err != nil || len(ds) == 0 {
		return err
	}
	byChannel := map[string][]model.Delivery{}
	for _, d := range ds {
		byChannel[d.Channel] = append(byChannel[d.Channel], d)
	}
	var wg sync.WaitGroup
	errs := make(chan error, len(byChannel))
	for _, list := range byChannel {
		wg.Go(func() { errs <- s.sendAll(ctx, list) })
	}
	wg.Wait()
	close(errs)
	for e := range errs {
		err = errors.Join(err, e)
	}
	return err
}

// sendAll sends the messages of one channel until one is not taken: the rest would not be either.
func (s *Service) sendAll(ctx context.Context, ds []model.Delivery) error {
	for _, d := range ds {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		sent, err := s.deliver(ctx, d.ID)
		if err != nil || !sent {
			return err
		}
	}
	return nil
}

// deliver makes one try. What happens to it is stored before anything else is done.
func (s *Service) deliver(ctx context.Context, id string) (sent bool, err error) {
	now := s.Now()
	d, got, err := s.Store.ClaimDelivery(ctx, id, now, now.Add(lease))
	if err != nil || !got {
		return false, err
	}
	c, err := s.Store.Channel(ctx, d.Channel)
	switch {
	case errors.Is(err, model.ErrNotFound) || err == nil && !c.On:
		d.State, d.Notice.Files = model.Dropped, nil
		return true, s.Store.FinishDelivery(ctx, d)
	case err != nil:
		return false, err
	}
	failure := s.try(ctx, c, d)
	if failure != nil && ctx.Err() != nil {
		return false, ctx.Err() // we are stopping: the try is made again after the lease
	}
	d = after(d, failure, s.Now())
	if err := s.Store.FinishDelivery(context.WithoutCancel(ctx), d); err != nil {
		return false, err
	}
	if failure == nil {
		return true, nil
	}
	s.trouble(fmt.Errorf("channel %s, message %s, try %d: %w", c.ID, d.ID, d.Tries, failure))
	return false, s.tellOthers(ctx, c, d)
}

// try speaks to the other side.
func (s *Service) try(ctx context.Context, c model.Channel, d model.Delivery) error {
	k, ok := KindOf(c.Kind)
	if !ok {
		return sendError("kind", "unknown kind of channel", c.Kind)
	}
	v, err := s.open(c)
	if err != nil {
		return sendError("sealed", "the secrets of the channel can't be opened")
	}
	ctx, cancel := begun(ctx)
	defer cancel()
	return k.send(ctx, v, d)
}

// begun is the time that a try has: it may end its sentence for a moment after ctx is over, so that an answer on its way is heard and nobody
// is told twice.
func begun(ctx context.Context) (context.Context, context.CancelFunc) {
	try, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendTimeout)
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(lastWords, cancel) })
	return try, func() { stop(); cancel() }
}

// after is the delivery as it is after a try.
func after(d model.Delivery, failure error, now time.Time) model.Delivery {
	if failure == nil {
		d.State, d.Done, d.Trouble, d.Notice.Files = model.Sent, now.UTC(), nil, nil
		return d
	}
	var e *SendError
	if !errors.As(failure, &e) {
		e = sendError("other", "not taken")
	}
	d.State, d.Trouble = model.Waiting, &e.Trouble
	d.Next = now.Add(wait(d.Tries, e)).UTC()
	if d.Kind == Test || now.Sub(d.Made) >= giveUpAfter {
		d.State, d.Done, d.Notice.Files = model.GivenUp, now.UTC(), nil
	}
	return d
}

// wait is how long to wait after so many tries: one minute, two, four... one hour; longer if the other side asks for it.
func wait(tries int, e *SendError) time.Duration {
	w := longestWait
	if tries < 7 && !e.Final {
		w = time.Minute << (tries - 1)
	}
	return max(w, min(e.After, 24*time.Hour))
}

// tellOthers lets the other channels know that what can't be muted did not get through this one.
func (s *Service) tellOthers(ctx context.Context, failed model.Channel, d model.Delivery) error {
	if d.Tries != worry || d.Kind != UrgentKind && d.Kind != Stopped {
		return nil
	}
	channels, err := s.Store.Channels(ctx)
	if err != nil {
		return err
	}
	for _, c := range channels {
		if !c.On || c.ID == failed.ID {
			continue
		}
		p := planner{channel: c, now: s.Now(), words: s.writer(ctx, c)}
		if err := s.Store.AddDelivery(ctx, p.delivery(Undelivered, d.ID, p.undelivered(failed.Name, d.Notice.Subject))); err != nil {
			return err
		}
	}
	return nil
}

// Try sends a test message at once and gives how it went; it is in the list of deliveries, and is not tried again.
func (s *Service) Try(ctx context.Context, channel string) (model.Delivery, error) {
	c, err := s.Store.Channel(ctx, channel)
	if err != nil {
		return model.Delivery{}, err
	}
	now := s.Now()
	p := planner{channel: c, now: now, words: s.writer(ctx, c)}
	d := p.delivery(Test, "", p.test(c.Name))
	d.State, d.Tries, d.Next = model.Sending, 1, now.Add(lease).UTC()
	if err := s.Store.AddDelivery(ctx, d); err != nil {
		return d, err
	}
	d = after(d, s.try(ctx, c, d), s.Now())
	return d, s.Store.FinishDelivery(context.WithoutCancel(ctx), d)
}

// SendDigest makes and sends a digest now, whatever its time is, on one channel or ("") on all that are on. The next digest
// goes on from it.
func (s *Service) SendDigest(ctx context.Context, channel, kind string) ([]model.Delivery, error) {
	channels, err := s.Store.Channels(ctx)
	if err != nil {
		return nil, err
	}
	var out []model.Delivery
	for _, c := range channels {
		if channel != "" && c.ID != channel || channel == "" && !c.On {
			continue
		}
		d, err := s.sendDigest(ctx, c, kind)
		if err != nil {
			return out, err
		}
		out = append(out, d)
	}
	if channel != "" && len(out) == 0 {
		return nil, model.ErrNotFound
	}
	return out, nil
}

func (s *Service) sendDigest(ctx context.Context, c model.Channel, kind string) (model.Delivery, error) {
	now := s.Now().In(s.Zone)
	b, err := s.Store.Backlog(ctx, c.ID, now)
	if err != nil {
		return model.Delivery{}, err
	}
	n, err := s.digest(ctx, c, kind, b.Last[kind], now)
	if err != nil {
		return model.Delivery{}, err
	}
	d := planner{channel: c, now: now}.delivery(kind, "", n)
	if err := s.Store.AddDelivery(ctx, d); err != nil {
		return d, err
	}
	if _, err := s.deliver(ctx, d.ID); err != nil {
		return d, err
	}
	list, err := s.Store.Deliveries(ctx, c.ID, atOnce)
	for _, x := range list {
		if x.ID == d.ID {
			d = x
		}
	}
	return d, err
}
