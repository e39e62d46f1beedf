//go:build unix

package lookup_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/mimawari/mimawari/bench/house"
	"github.com/mimawari/mimawari/internal/lookup"
)

// cpu is the processor time that this process has used.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// CPU of one search over 20,000 hosts and 5,000 findings; the first one, which reads everything, is "cold".
func BenchmarkFind(b *testing.B) {
	h := house.Make(house.Options{Hosts: 20_000, Findings: 5_000, Seed: 1, Now: morning})
	f, a := finder(b, h.Result, h.Ledger)
	for _, typed := range []string{"10.", "10.20.3.4", "ct 放射線", "受付", "nothing-like-it", "a e i o"} {
		b.Run(typed, func(b *testing.B) {
			if _, err := f.Find(b.Context(), typed, 0); err != nil {
				b.Fatal(err)
			}
			began := cpu(b)
			for b.Loop() {
				if _, err := f.Find(b.Context(), typed, 0); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((cpu(b)-began).Microseconds())/1000/float64(b.N), "cpu-ms/op")
		})
	}
	b.Run("cold", func(b *testing.B) {
		began := cpu(b)
		defer func() { b.ReportMetric(float64((cpu(b)-began).Milliseconds())/float64(b.N), "cpu-ms/op") }()
		for b.Loop() {
			f := &lookup.Finder{Source: a.Store}
			if _, err := f.Find(b.Context(), "10.", 0); err != nil {
				b.Fatal(err)
			}
		}
	})
}
