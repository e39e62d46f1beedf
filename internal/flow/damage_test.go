package flow

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/mimawari/mimawari/internal/capture"
	"github.com/mimawari/mimawari/internal/model"
)

// vandal gives the frames of a source with random bytes changed, frames cut, swapped, repeated and wrongly timed.
type vandal struct {
	capture.Source
	rng *rand.Rand
}

func (v *vandal) Next(ctx context.Context) (*capture.Batch, error) {
	b, err := v.Source.Next(ctx)
	if err != nil {
		return nil, err
	}
	out := &capture.Batch{}
	for _, f := range b.Frames {
		f.Data = slices.Clone(f.Data)
		v.spoil(&f)
		out.Frames = append(out.Frames, f)
		if v.rng.IntN(20) == 0 {
			out.Frames = append(out.Frames, f)
		}
	}
	b.Release()
	for range len(out.Frames) / 10 {
		i, j := v.rng.IntN(len(out.Frames)), v.rng.IntN(len(out.Frames))
		out.Frames[i], out.Frames[j] = out.Frames[j], out.Frames[i]
	}
	out.Hold(1)
	return out, nil
}

func (v *vandal) spoil(f *capture.Frame) {
	n := len(f.Data)
	switch v.rng.IntN(8) {
	case 0:
		for range 1 + v.rng.IntN(8) {
			if n > 0 {
				f.Data[v.rng.IntN(n)] = byte(v.rng.Uint32())
			}
		}
	case 1:
		if n > 60 { // where headers are
			f.Data[v.rng.IntN(60)] ^= 1 << v.rng.IntN(8)
		}
	case 2:
		f.Data = f.Data[:v.rng.IntN(n+1)]
	case 3:
		if v.rng.IntN(20) == 0 {
			f.At = v.rng.Int64()
		}
	}
}

// Damaged traffic neither crashes nor hangs the pipeline; each IP packet is still in exactly one flow, and one shard and
// three say the same.
func TestDamagedTraffic(t *testing.T) {
	names := captures(t, "lab/*", "ndpi/*", "ad-lab/*")
	if testing.Short() {
		names = names[:40]
	}
	for i, name := range names {
		var flows [2]uint64
		for k, shards := range []int{1, 3} {
			src, err := capture.Open(name, nil, capture.Options{})
			if err != nil {
				continue
			}
			var packets uint64
			p := New(Config{Shards: shards, OnFlow: func(f *model.Flow) { packets += f.Packets[0] + f.Packets[1] }})
			_ = p.Run(t.Context(), &vandal{src, rand.New(rand.NewPCG(uint64(i), 7))})
			src.Close()
			seen := p.Finish()
			if packets != seen.Stats.IPPackets {
				t.Errorf("%s: %d IP packets, %d in flows", filepath.Base(name), seen.Stats.IPPackets, packets)
			}
			flows[k] = seen.Stats.Flows
		}
		if flows[0] != flows[1] {
			t.Errorf("%s: %d flows with one shard, %d with three", filepath.Base(name), flows[0], flows[1])
		}
	}
}
