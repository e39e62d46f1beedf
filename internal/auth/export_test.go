package auth

// NewCheapHasher hashes with little work, so that tests of what surrounds it are quick.
func NewCheapHasher() *Hasher { return newHasher(cost{memory: 64, time: 1, threads: 1}) }

// NewWeakHasher is as cheap, but another cost.
func NewWeakHasher() *Hasher { return newHasher(cost{memory: 32, time: 1, threads: 1}) }

var (
	PerAccount = perAccount
	PerSource  = perSource
	ParsePHC   = func(s string) (string, error) { p, err := parsePHC(s); return p.String(), err }
	SourceName = sourceName
)

// Wait gives how long is waited after so many fails.
func (p patient) Wait(fails int) any { return p.wait(fails) }

// Free gives how many tries are free.
func (p patient) Free() int { return p.free }

// Seats takes all places at which hashes are made and waited for, until the result is called.
func (h *Hasher) Seats() func() {
	for range waiting {
		h.queue <- struct{}{}
	}
	return func() {
		for range waiting {
			<-h.queue
		}
	}
}
