//go:build !unix

package ledger

import "time"

var began = time.Now()

// cpuSeconds is the time since the start, as this system does not tell more.
func cpuSeconds() float64 { return time.Since(began).Seconds() }
