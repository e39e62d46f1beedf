package app

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/notify"
	"github.com/mimawari/mimawari/internal/seal"
	"github.com/mimawari/mimawari/internal/store"
)

// linkSetting holds the address under which people reach the pages, for the links in messages.
const linkSetting = "notify.link"

// Notifier gives what tells people. report hears of troubles; it may be nil.
func (a *App) Notifier(report func(error)) (*notify.Service, error) {
	key, err := seal.Open(a.Dir)
	if err != nil {
		return nil, err
	}
	return &notify.Service{
		Store: a.Store, Key: key.For("notify"), Now: time.Now, Zone: time.Local, Stale: func(ctx context.Context) time.Duration { return staleNow(ctx, a.Store) }, Report: report, Files: a.digestFiles(time.Local),
		Institution: func(ctx context.Context) string {
			x, err := a.Store.Institution(ctx)
			if err != nil {
				return "" // a message without the name is better than none
			}
			return x.Name
		},
		Link: func(ctx context.Context) string {
			l, err := a.NotifyLink(ctx)
			if err != nil {
				return ""
			}
			return l
		},
	}, nil
}

// Tell tells people until ctx ends; wait returns when the last message is out of hand. A key that can't be used is reported:
// the pages are worth having without messages too.
func (a *App) Tell(ctx context.Context, report func(error)) (wait func()) {
	n, err := a.Notifier(report)
	if err != nil {
		report(err)
		return func() {}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		n.Run(ctx)
	}()
	return func() { <-done }
}

// NotifyLink is the address of the pages that messages point to, "" if none is known.
func (a *App) NotifyLink(ctx context.Context) (string, error) {
	return a.Store.Setting(ctx, linkSetting)
}

// SetNotifyLink stores that address; "" for none.
func (a *App) SetNotifyLink(ctx context.Context, link string) error {
	link = strings.TrimRight(strings.TrimSpace(link), "/")
	if link != "" {
		u, err := url.Parse(link)
		if err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || model.Clean(link) != link {
			return &api.Refused{Key: "notify.link_bad", Pairs: []string{"link", model.Clean(link)}}
		}
	}
	return a.Store.SaveSetting(ctx, linkSetting, link)
}

// checkNotify says of every channel how its last delivery went.
func checkNotify(ctx context.Context, dir string, s *store.Store, now time.Time) []Checkup {
	channels, err := s.Channels(ctx)
	if err != nil {
		return []Checkup{{Key: "data", Grade: Bad, Args: map[string]string{"why": err.Error()}, Err: err}}
	}
	var out []Checkup
	if _, err := os.Stat(filepath.Join(dir, seal.FileName)); errors.Is(err, fs.ErrNotExist) && len(channels) > 0 {
		out = append(out, Checkup{Key: "notify_key", Grade: Bad, Args: map[string]string{"file": filepath.Join(dir, seal.FileName)}})
	}
	on := 0
	for _, c := range channels {
		if !c.On {
			continue
		}
		on++
		ds, err := s.Deliveries(ctx, c.ID, 1)
		if err != nil {
			return append(out, Checkup{Key: "data", Grade: Bad, Args: map[string]string{"why": err.Error()}, Err: err})
		}
		out = append(out, checkDelivery(c, ds, now))
	}
	if on == 0 {
		out = append(out, Checkup{Key: "notify_none", Grade: Note})
	}
	return out
}

// checkDelivery judges a channel by its newest delivery.
func checkDelivery(c model.Channel, ds []model.Delivery, now time.Time) Checkup {
	x := Checkup{Key: "notify", Args: map[string]string{"channel": c.Name, "at": "-", "id": c.ID, "why": ""}}
	if len(ds) == 0 {
		x.Key, x.Grade = "notify_untried", Note
		return x
	}
	d := ds[0]
	x.Args["at"] = d.Made.In(now.Location()).Format("2006-01-02 15:04")
	if d.Trouble != nil {
		x.Err = &notify.SendError{Trouble: *d.Trouble}
	}
	switch {
	case d.State == model.Sent:
		x.Grade = Good
	case d.State == model.GivenUp, d.Trouble != nil:
		x.Grade = Bad
	default:
		x.Key, x.Grade = "notify_untried", Note
	}
	return x
}

// Telling is what the page of notifications works with.
type Telling struct {
	*store.Store
	App    *App
	Report func(error) // may be nil
}

func (t *Telling) service() (*notify.Service, error) {
	n, err := t.App.Notifier(t.Report)
	var key *seal.Error
	if errors.As(err, &key) {
		return nil, &api.Refused{Key: "seal." + string(key.Code), Pairs: []string{"where", key.Where}}
	}
	return n, err
}

// Save checks and stores a channel.
func (t *Telling) Save(ctx context.Context, d notify.Draft) (model.Channel, error) {
	n, err := t.service()
	if err != nil {
		return model.Channel{}, err
	}
	return n.Save(ctx, d)
}

// Remove removes a channel with its secrets.
func (t *Telling) Remove(ctx context.Context, id string) error { return t.RemoveChannel(ctx, id) }

// Try sends a test message.
func (t *Telling) Try(ctx context.Context, id string) (model.Delivery, error) {
	n, err := t.service()
	if err != nil {
		return model.Delivery{}, err
	}
	return n.Try(ctx, id)
}

// NotifyLink is the address of the pages for the links in messages.
func (t *Telling) NotifyLink(ctx context.Context) (string, error) { return t.App.NotifyLink(ctx) }

// SetNotifyLink stores it.
func (t *Telling) SetNotifyLink(ctx context.Context, link string) error {
	return t.App.SetNotifyLink(ctx, link)
}
