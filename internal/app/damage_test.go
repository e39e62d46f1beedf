package app

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// Bounds of the damage tests: how long the short one takes, how long one capture may take, what the heap may be.
const (
	damageBudget = 15 * time.Second
	damageOne    = time.Minute
	damageHeap   = 200 << 20
)

// Real captures, each cut somewhere and with bytes flipped: the patrol says what it saw, and neither falls nor hangs nor
// grows. A sample of them for a quarter of a minute; all with MIMAWARI_LONG=1.
func TestDamagedCaptures(t *testing.T) {
	names := captures(t, "*/*")
	rng := rand.New(rand.NewPCG(7, 7))
	rng.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	a, err := Open(context.Background(), t.TempDir(), "patrol")
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	long, begun, done := os.Getenv("MIMAWARI_LONG") != "", time.Now(), 0
	path := filepath.Join(t.TempDir(), "damaged.pcap")
	peak := uint64(0)
	for i, name := range names {
		if !long && time.Since(begun) > damageBudget {
			break
		}
		whole, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if len(whole) < 64 {
			continue
		}
		for _, x := range damaged(whole, rand.New(rand.NewPCG(uint64(i), 1))) {
			out := a.patrolBytes(t, path, x.b, filepath.Base(name)+" "+x.what)
			if x.what == lastByte && !out.Partial {
				t.Errorf("%s without its last byte counts as whole", filepath.Base(name))
			}
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		peak = max(peak, m.HeapInuse)
		done++
	}
	if peak > damageHeap {
		t.Errorf("the heap grew to %d MB", peak>>20)
	}
	t.Logf("%d of %d captures, heap at most %d MB", done, len(names), peak>>20)
}

// damage is a version of a capture and what was done to it.
type damage struct {
	what string
	b    []byte
}

const lastByte = "short of a byte"

func damaged(whole []byte, rng *rand.Rand) []damage {
	flip := func(b []byte, n int) []byte {
		b = bytes.Clone(b)
		for range n {
			b[24+rng.IntN(len(b)-24)] ^= byte(1 + rng.IntN(255)) // the file header stays: without it nothing is read at all
		}
		return b
	}
	cut := whole[:32+rng.IntN(len(whole)-32)]
	return []damage{
		{lastByte, whole[:len(whole)-1]},
		{"cut", cut},
		{"flipped", flip(whole, 1+len(whole)/2000)},
		{"cut and flipped", flip(cut, 1+len(cut)/500)},
	}
}

func (a *App) patrolBytes(t *testing.T, path string, b []byte, what string) *Outcome {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	hang := time.AfterFunc(damageOne, func() { panic(fmt.Sprintf("hangs: %s", what)) })
	defer hang.Stop()
	out, err := a.Patrol(context.Background(), PatrolOptions{Paths: []string{path}, Shards: 2, Now: time.Now})
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	return out
}
