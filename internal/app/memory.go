package app

import "runtime/debug"

// MemoryLimit is what the Go runtime is asked to stay under (runtime/debug.SetMemoryLimit): the collector works harder
// before it lets the heap pass this. It is a wish, not a wall; what bounds memory are the limits of package flow.
const MemoryLimit = 160 << 20

// LimitMemory sets MemoryLimit, unless whoever runs the program has said something else with GOMEMLIMIT.
func LimitMemory(getenv func(string) string) {
	if getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(MemoryLimit)
	}
}
