package app

import (
	"context"
	"strconv"
	"time"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/store"
)

// Retention says how long records are kept that are of no use any more: patrols, and findings that were resolved.
type Retention struct {
	App *App
	Now func() time.Time
}

// Bounds of the setting, in days. 400 is what the institution's memory of traffic is kept for.
const (
	DefaultKeepDays = 400
	MinKeepDays     = 90
	MaxKeepDays     = 3660
)

const keepDaysSetting = "retention.days"

// Days is how long records are kept.
func (x *Retention) Days(ctx context.Context) (int, error) {
	v, err := x.App.Store.Setting(ctx, keepDaysSetting)
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < MinKeepDays || n > MaxKeepDays {
		return DefaultKeepDays, nil
	}
	return n, nil
}

// SetDays changes it.
func (x *Retention) SetDays(ctx context.Context, n int) error {
	if n < MinKeepDays || n > MaxKeepDays {
		return &api.Refused{Key: "retention.bounds", Pairs: []string{"min", strconv.Itoa(MinKeepDays), "max", strconv.Itoa(MaxKeepDays)}}
	}
	return x.App.Store.SaveSetting(ctx, keepDaysSetting, strconv.Itoa(n))
}

// Prune removes what is older.
func (x *Retention) Prune(ctx context.Context) (store.Pruned, error) {
	n, err := x.Days(ctx)
	if err != nil {
		return store.Pruned{}, err
	}
	return x.App.Store.Prune(ctx, x.Now().AddDate(0, 0, -n))
}

// Run prunes once a day until ctx ends. report is told of troubles: the next day is another try.
func (x *Retention) Run(ctx context.Context, report func(error)) {
	for {
		if _, err := x.Prune(ctx); err != nil && ctx.Err() == nil {
			report(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(24 * time.Hour):
		}
	}
}
