package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/indicator"
	"github.com/mimawari/mimawari/internal/model"
)

// indicatorsSetting is the setting that holds the feeds as JSON.
const indicatorsSetting = "indicators"

// maxFeedName bounds the name that people give a feed, in characters.
const maxFeedName = 80

// Indicators are the feeds of what is known to be bad, by name.
func (a *App) Indicators(ctx context.Context) (feeds []indicator.Feed, err error) {
	v, err := a.Store.Setting(ctx, indicatorsSetting)
	if err != nil || v == "" {
		return nil, err
	}
	if err := json.Unmarshal([]byte(v), &feeds); err != nil {
		return nil, fmt.Errorf("read setting %s: %w", indicatorsSetting, err)
	}
	return feeds, nil
}

// indicatorsGuard is between reading the feeds and writing them.
var indicatorsGuard sync.Mutex

// ImportIndicators reads a file as the feed of that name; an older one of the name is replaced as a whole.
func (a *App) ImportIndicators(ctx context.Context, name string, r io.Reader, now time.Time) (*indicator.Feed, error) {
	f, err := a.ReadIndicators(ctx, name, r)
	if err != nil {
		return nil, err
	}
	return f, a.KeepIndicators(ctx, f, now)
}

// ReadIndicators says what a file has, as far as there is room for it. It keeps nothing.
func (a *App) ReadIndicators(ctx context.Context, name string, r io.Reader) (*indicator.Feed, error) {
	if name = strings.TrimSpace(model.Clean(name)); name == "" || len([]rune(name)) > maxFeedName {
		return nil, &api.Refused{Key: "indicator.error.name", Pairs: []string{"max", strconv.Itoa(maxFeedName)}}
	}
	_, room, err := a.otherIndicators(ctx, name)
	if err != nil {
		return nil, err
	}
	f, err := indicator.Parse(name, r, room)
	return f, feedRefused(err)
}

// KeepIndicators takes in what was read.
func (a *App) KeepIndicators(ctx context.Context, f *indicator.Feed, now time.Time) error {
	indicatorsGuard.Lock()
	defer indicatorsGuard.Unlock()
	feeds, room, err := a.otherIndicators(ctx, f.Name)
	if err != nil {
		return err
	}
	if len(f.Entries) > room { // others were taken in since it was read
		return feedsFull()
	}
	f.Imported = now.UTC()
	feeds = append(feeds, *f)
	slices.SortFunc(feeds, func(x, y indicator.Feed) int { return strings.Compare(x.Name, y.Name) })
	return a.saveIndicators(ctx, feeds)
}

// otherIndicators are the feeds of other names, and for how many entries there is room beside them.
func (a *App) otherIndicators(ctx context.Context, name string) (feeds []indicator.Feed, room int, err error) {
	if feeds, err = a.Indicators(ctx); err != nil {
		return nil, 0, err
	}
	feeds = slices.DeleteFunc(feeds, func(f indicator.Feed) bool { return f.Name == name })
	room = indicator.MaxEntries
	for i := range feeds {
		room -= len(feeds[i].Entries)
	}
	if room <= 0 || len(feeds) >= indicator.MaxFeeds {
		return nil, 0, feedsFull()
	}
	return feeds, room, nil
}

func feedsFull() error {
	return &api.Refused{Key: "indicator.error.full", Pairs: []string{"entries", strconv.Itoa(indicator.MaxEntries), "feeds", strconv.Itoa(indicator.MaxFeeds)}}
}

func feedRefused(err error) error {
	for is, key := range map[error]string{indicator.ErrLarge: "indicator.error.large", indicator.ErrFormat: "indicator.error.format", indicator.ErrNone: "indicator.error.none"} {
		if errors.Is(err, is) {
			return &api.Refused{Key: key, Pairs: []string{"max", strconv.Itoa(indicator.MaxFile >> 20)}}
		}
	}
	return err
}

// RemoveIndicators forgets a feed.
func (a *App) RemoveIndicators(ctx context.Context, name string) error {
	indicatorsGuard.Lock()
	defer indicatorsGuard.Unlock()
	feeds, err := a.Indicators(ctx)
	if err != nil {
		return err
	}
	left := slices.DeleteFunc(slices.Clone(feeds), func(f indicator.Feed) bool { return f.Name == name })
	if len(left) == len(feeds) {
		return model.ErrNotFound
	}
	return a.saveIndicators(ctx, left)
}

func (a *App) saveIndicators(ctx context.Context, feeds []indicator.Feed) error {
	b, err := json.Marshal(feeds)
	if err != nil {
		return fmt.Errorf("write indicators: %w", err)
	}
	return a.Store.SaveSetting(ctx, indicatorsSetting, string(b))
}
