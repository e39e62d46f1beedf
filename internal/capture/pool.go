package capture

import "context"

const (
	// Files: as little as keeps reader and workers busy, so that what one has just written is still in the caches when the
	// other reads it. Eight of 1 MiB cost a tenth more CPU time with two shards.
	fileBytes   = 512 << 10
	fileBatches = 4
	// Interfaces: as large as a block of the ring, and enough to bridge a pause.
	liveBytes   = 1 << 20
	liveBatches = 8

	batchFrames = 16 << 10 // reached by tiny frames only
)

// pool lends out batches, a fixed number of them. Whoever wants one more waits until one comes back.
type pool struct {
	free  chan *Batch
	spare int // not yet made
	size  int
}

func newPool(n, size int) *pool {
	return &pool{free: make(chan *Batch, n), spare: n, size: size}
}

// get is called by one goroutine only; batches come back from any.
func (p *pool) get(ctx context.Context) (*Batch, error) {
	select {
	case b := <-p.free:
		return p.reset(b), nil
	default:
	}
	if p.spare > 0 {
		p.spare--
		b := &Batch{Frames: make([]Frame, 0, batchFrames), buf: make([]byte, p.size)}
		b.free = func(b *Batch) { p.free <- b }
		return p.reset(b), nil
	}
	select {
	case b := <-p.free:
		return p.reset(b), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pool) reset(b *Batch) *Batch {
	b.Frames = b.Frames[:0]
	b.refs.Store(1)
	return b
}
