package app

import (
	"context"
	"time"
)

// Warmer makes ahead what a reader would wait for.
type Warmer interface {
	Warm(ctx context.Context) error
}

// warmEvery is how often it is looked whether something changed; a patrol may also come from another process.
const warmEvery = 5 * time.Second

// KeepWarm makes what pages need at once and again after each change of the data, until ctx ends. A trouble is told once, until it is over.
func KeepWarm(ctx context.Context, report func(error), all ...Warmer) {
	tick := time.NewTicker(warmEvery)
	defer tick.Stop()
	failed := make([]bool, len(all))
	for {
		for i, w := range all {
			err := w.Warm(ctx)
			if err != nil && !failed[i] && ctx.Err() == nil {
				report(err) // the page will say so too
			}
			failed[i] = err != nil
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
