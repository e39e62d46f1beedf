// Package rhythm keeps, of each flow to the internet, when it began and how much it sent: enough to tell whether a machine calls an
// outside address by the clock, as remotely controlled programs do. It is bounded (see the limits), counts what did not fit, keeps no
// payload, and concludes nothing: package detect does.
package rhythm

import (
	"cmp"
	"math"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// The limits: at most 4096 pairs with 256 contacts each, 16 bytes a contact: 16 MiB at the very most.
const (
	MaxPairs    = 4096
	MaxContacts = 256 // the newest of one pair
)

// stale is how long a pair that does not talk any more is kept when there is no room.
const stale = 24 * time.Hour

// Pair is who calls whom.
type Pair struct {
	Client, Server netip.Addr
	Port           uint16
	Proto          uint8
}

// Contact is one flow.
type Contact struct {
	At   int64 // nanoseconds since 1970
	Sent uint64
}

// Series are the contacts of one pair, oldest first.
type Series struct {
	Pair
	MAC      model.MAC
	Contacts []Contact
	Count    uint64 // of all contacts, also those that are not kept any more
}

type kept struct {
	mac   model.MAC
	ring  []Contact
	next  int
	count uint64
	last  int64
}

// Recorder takes flows; the zero value is ready. Any number of goroutines may use it.
type Recorder struct {
	mu      sync.Mutex
	pairs   map[Pair]*kept
	dropped uint64
}

// Flow takes one flow that has ended. Only what was answered by an address of the internet counts: calls that nobody answers repeat by
// themselves and look like beacons. DNS and NTP keep time by design.
func (r *Recorder) Flow(f *model.Flow) {
	if f.Payload[1] == 0 || f.Proto != 6 && f.Proto != 17 || f.Server.Port() == 53 || f.Server.Port() == 123 {
		return
	}
	client, server := f.Client.Addr(), f.Server.Addr()
	if !model.IsExternal(server) || model.IsExternal(client) {
		return
	}
	at := f.First.UnixNano()
	r.mu.Lock()
	defer r.mu.Unlock()
	id := Pair{client, server, f.Server.Port(), f.Proto}
	k := r.pairs[id]
	if k == nil {
		if k = r.open(id, at); k == nil {
			return
		}
		k.mac = f.ClientMAC
	}
	k.count++
	k.last = max(k.last, at)
	c := Contact{at, f.Payload[0]}
	if len(k.ring) < MaxContacts {
		k.ring = append(k.ring, c)
		return
	}
	k.ring[k.next] = c
	k.next = (k.next + 1) % MaxContacts
}

// open makes room for a pair, nil if there is none.
func (r *Recorder) open(id Pair, at int64) *kept {
	if r.pairs == nil {
		r.pairs = map[Pair]*kept{}
	}
	if len(r.pairs) >= MaxPairs {
		if r.dropped%1024 == 0 {
			r.sweep(at)
		}
		if len(r.pairs) >= MaxPairs {
			r.dropped++
			return nil
		}
	}
	k := &kept{}
	r.pairs[id] = k
	return k
}

// sweep lets go of pairs that have been silent for a day, and of those that spoke once more than an hour ago.
func (r *Recorder) sweep(now int64) {
	for id, k := range r.pairs {
		silent := time.Duration(now - k.last)
		if silent > stale || k.count < 3 && silent > time.Hour {
			delete(r.pairs, id)
		}
	}
}

// Dropped is how many flows found no room; a nil recorder has none.
func (r *Recorder) Dropped() uint64 {
	if r == nil {
		return 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.dropped
}

// Series gives the pairs with at least least contacts, in order.
func (r *Recorder) Series(least int) (out []Series) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, k := range r.pairs {
		if len(k.ring) < least {
			continue
		}
		s := Series{Pair: id, MAC: k.mac, Contacts: slices.Clone(k.ring), Count: k.count}
		slices.SortFunc(s.Contacts, func(a, b Contact) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Sent, b.Sent)) })
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b Series) int {
		return cmp.Or(a.Client.Compare(b.Client), a.Server.Compare(b.Server), cmp.Compare(a.Port, b.Port), cmp.Compare(a.Proto, b.Proto))
	})
	return out
}

// Score says how much a series is like a clock, each part from 0 to 1.
type Score struct {
	Interval float64 // how even the pauses are
	Size     float64 // how even what was sent is
	Spread   float64 // how evenly the contacts fill the time
	Every    time.Duration
	Varies   time.Duration // median distance of the pauses from Every
	Span     time.Duration
}

// Total is the mean of the parts.
func (s Score) Total() float64 { return (s.Interval + s.Size + s.Spread) / 3 }

// bins is into how many parts the time is divided to see how evenly the contacts fill it.
const bins = 24

// Score judges the series by the measures that are usual for it: evenness of quartiles (Bowley) and the median distance from the
// median, for pauses and sizes, and the variation of counts over equal parts of the time.
func (s *Series) Score() Score {
	n := len(s.Contacts)
	if n < 4 {
		return Score{}
	}
	pauses, sizes := make([]float64, 0, n-1), make([]float64, 0, n)
	first, last := s.Contacts[0].At, s.Contacts[n-1].At
	var hist [bins]float64
	for i, c := range s.Contacts {
		if i > 0 {
			pauses = append(pauses, float64(c.At-s.Contacts[i-1].At))
		}
		sizes = append(sizes, float64(c.Sent))
		if last > first {
			hist[min(int(float64(c.At-first)/float64(last-first)*bins), bins-1)]++
		}
	}
	out := Score{Span: time.Duration(last - first)}
	var mid, dist float64
	out.Interval, mid, dist = even(pauses)
	out.Every, out.Varies = time.Duration(mid), time.Duration(dist)
	out.Size, _, _ = even(sizes)
	out.Spread = spread(hist[:], n)
	return out
}

// even is 1 for values that are all the same and 0 for those without any order.
func even(v []float64) (score, median, distance float64) {
	slices.Sort(v)
	q1, q2, q3 := quantile(v, 0.25), quantile(v, 0.5), quantile(v, 0.75)
	skew := 0.0
	if q3 > q1 {
		skew = math.Abs((q1 + q3 - 2*q2) / (q3 - q1))
	}
	d := make([]float64, len(v))
	for i, x := range v {
		d[i] = math.Abs(x - q2)
	}
	slices.Sort(d)
	distance = quantile(d, 0.5)
	near := 1.0
	if q2 > 0 {
		near = max(0, (q2-distance)/q2)
	}
	// Skew alone says nothing of values that are far apart but symmetrical: it counts as far as they are near.
	return near * (1 - skew*min(1, 4*(1-near))), q2, distance
}

func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

// spread is 1 minus the coefficient of variation of the counts.
func spread(hist []float64, n int) float64 {
	mean, sum := float64(n)/float64(len(hist)), 0.0
	for _, x := range hist {
		sum += (x - mean) * (x - mean)
	}
	return max(0, 1-math.Sqrt(sum/float64(len(hist)))/mean)
}
