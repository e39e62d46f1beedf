package capture

import "context"

const (
	batchBytes  = 1 << 20
	batchFrames = 16 << 10 // reached only by frames under 48 bytes
	inFlight    = 8
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
