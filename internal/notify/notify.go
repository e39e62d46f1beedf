// Package notify tells people what the patrol found: by mail, in the chats that offices use, to collectors of logs. It
// decides when a channel speaks (rules.go, plan.go), puts findings into words (words.go), keeps each message in the outbox
// until it is delivered or given up (outbox.go), and knows how each kind of channel is spoken to (mail.go, slack.go, ...).
//
// It finds nothing, changes no finding, has no SQL and no page; it reads no evidence, so that nothing of what patients'
// traffic carries can get into a message.
//
// Invariants: a message is stored before it is sent; one cause makes one message per channel; a critical finding that is new
// or came back, and a patrol that stopped, go at once to every channel that is on and can't be muted; secrets are sealed at
// rest and never part of an error, a log line or an answer; text from the network can't become markup, a header, a log
// field or another line.
package notify

import (
	"context"
	"fmt"
	"time"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

// Store keeps channels, what was told, and the outbox. internal/store says what each method promises.
type Store interface {
	Channels(ctx context.Context) ([]model.Channel, error)
	Channel(ctx context.Context, id string) (model.Channel, error)
	SaveChannel(ctx context.Context, c model.Channel) error
	RemoveChannel(ctx context.Context, id string) error

	NotifyMark(ctx context.Context) (string, error)
	TellFresh(ctx context.Context, at time.Time, f func([]model.Fresh) []model.Pending) error
	Happened(ctx context.Context, from, to time.Time) (model.Happening, error)
	FindingCounts(ctx context.Context) ([]model.FindingCount, error)

	Backlog(ctx context.Context, channel string, now time.Time) (model.Backlog, error)
	Plan(ctx context.Context, channel string, now time.Time, f func(model.Backlog) ([]model.Delivery, []string)) error
	DueDeliveries(ctx context.Context, now time.Time, limit int) ([]model.Delivery, error)
	ClaimDelivery(ctx context.Context, id string, now, until time.Time) (model.Delivery, bool, error)
	FinishDelivery(ctx context.Context, d model.Delivery) error
	AddDelivery(ctx context.Context, d model.Delivery) error
	Deliveries(ctx context.Context, channel string, limit int) ([]model.Delivery, error)
	PruneDeliveries(ctx context.Context, before time.Time) error
}

// Sealer seals the secrets of channels (internal/seal).
type Sealer interface {
	Seal([]byte) string
	Open(string) ([]byte, error)
}

// Service tells people. All fields but Institution, Link, Files and Report must be set.
type Service struct {
	Store       Store
	Key         Sealer
	Now         func() time.Time
	Zone        *time.Location
	Stale       func(context.Context) time.Duration // how old the last patrol may be before it counts as stopped
	Institution func(context.Context) string
	Link        func(context.Context) string // address of the pages, "" if unknown: messages then name the finding only
	// Files gives the report of a digest's period as files.
	Files  func(ctx context.Context, kind string, from, to time.Time, l locale.Lang) ([]model.NoticeFile, error)
	Report func(error) // where trouble is written; never with a secret

	mark   string // of the store when it was last looked through
	pruned time.Time
}

// Every is how often a running service looks for something to tell.
const Every = 10 * time.Second

// Run tells what there is to tell until ctx ends.
func (s *Service) Run(ctx context.Context) {
	for {
		if err := s.Step(ctx); err != nil && ctx.Err() == nil {
			s.trouble(err)
		}
		wait := time.NewTimer(Every)
		select {
		case <-ctx.Done():
			wait.Stop()
			return
		case <-wait.C:
		}
	}
}

// Step does what is due now: looks for news, plans messages, sends what the outbox holds.
func (s *Service) Step(ctx context.Context) error {
	if err := s.look(ctx); err != nil {
		return fmt.Errorf("look for something to tell: %w", err)
	}
	if err := s.plan(ctx); err != nil {
		return fmt.Errorf("plan messages: %w", err)
	}
	if err := s.send(ctx); err != nil {
		return fmt.Errorf("send messages: %w", err)
	}
	return s.prune(ctx)
}

// look takes what is new from the store and keeps it for the channels that are to tell it.
func (s *Service) look(ctx context.Context) error {
	mark, err := s.Store.NotifyMark(ctx)
	if err != nil || mark == s.mark {
		return err
	}
	channels, err := s.Store.Channels(ctx)
	if err != nil {
		return err
	}
	now := s.Now()
	err = s.Store.TellFresh(ctx, now, func(news []model.Fresh) []model.Pending { return share(channels, news, now) })
	if err == nil {
		s.mark = mark
	}
	return err
}

// share says which channel is to tell which finding before the next digest.
func share(channels []model.Channel, news []model.Fresh, now time.Time) (out []model.Pending) {
	for _, c := range channels {
		for _, n := range news {
			urgent := Urgent(n.Finding)
			if c.On && (urgent || c.When.Now && n.Finding.Severity >= c.When.Least) {
				out = append(out, model.Pending{Channel: c.ID, Finding: n.Finding, Urgent: urgent, At: now})
			}
		}
	}
	return out
}

// Urgent is the class of findings that can't be muted: critical, and new or back again.
func Urgent(f model.Finding) bool {
	return f.Severity >= model.Critical && waits(f)
}

// waits reports that a finding waits for somebody.
func waits(f model.Finding) bool {
	return f.State == model.Open || f.State == model.Reopened || f.State == ""
}

// keepDeliveries is how long the list of deliveries goes back.
const keepDeliveries = 90 * 24 * time.Hour

func (s *Service) prune(ctx context.Context) error {
	now := s.Now()
	if now.Sub(s.pruned) < 24*time.Hour {
		return nil
	}
	s.pruned = now
	return s.Store.PruneDeliveries(ctx, now.Add(-keepDeliveries))
}

func (s *Service) trouble(err error) {
	if s.Report != nil {
		s.Report(err)
	}
}

func (s *Service) institution(ctx context.Context) string {
	if s.Institution == nil {
		return ""
	}
	return model.Clean(s.Institution(ctx))
}

func (s *Service) link(ctx context.Context) string {
	if s.Link == nil {
		return ""
	}
	return s.Link(ctx)
}
