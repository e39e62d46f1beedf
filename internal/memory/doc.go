// Package memory keeps a row for each flow that was ever seen, for as long as the institution wants, and finds those that matter
// today: who talked with this address, who asked for this name, does any of these 10,000 addresses appear.
//
// Rows lie in Parquet files, one folder a day (docs/formats/flows.md). Files are written beside, synced and renamed, and never
// changed: whatever dies leaves what was stored. The same flow told twice, as when a capture is patrolled again, is one row:
// readers and Compact drop rows that are equal in their ends and their beginning.
//
// It does not watch the network, conclude anything, or know of hosts, findings and ledgers. Compact and Expire may be called by one
// process at a time; everything else by any number.
package memory

import (
	"context"
	"time"
)

// FlowStore is what the program asks of an engine that remembers flows.
type FlowStore interface {
	// Append opens the way in. The writer is closed by who opened it.
	Append(o AppendOptions) *Writer
	// Hunt looks for flows.
	Hunt(ctx context.Context, q Query) (*Found, error)
	// Peers sums up with whom the flows of a query were.
	Peers(ctx context.Context, q Query) ([]Peer, error)
	// Stat tells what is kept.
	Stat() (Stat, error)
	// Compact joins small files and drops rows told twice.
	Compact(ctx context.Context, today time.Time) error
	// Expire removes the days before oldest, then the oldest days until no more than quota bytes are kept (0: no quota).
	Expire(oldest time.Time, quota int64) (Expired, error)
}

var _ FlowStore = (*Files)(nil)
