package periodic

import (
	"cmp"
	"slices"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// Bounds of what is kept of the patrols of a period. A patrol every ten minutes gives 4,464 in a month.
const (
	maxSources  = 2000
	maxTroubles = 200
)

// Rounds sums up the patrols of a period: it is given one after the other and keeps none.
type Rounds struct {
	N              int
	First, Last    time.Time // the traffic that was looked at
	Newest         time.Time // when the last patrol began
	Packets, Bytes uint64
	Flows          uint64
	Seen           int // hosts that the last patrol saw
	Ledger         int // version that the last patrol held against
	Baseline       int // hosts that the very first patrol noted: they are not "new"

	zone                 *time.Location
	days                 map[string]bool
	sources              map[[2]string]*source
	dropped              int // sources that were not kept
	troubles             map[string]*trouble
	limits               map[string]model.Limit
	fresh, gone, changed map[string]time.Time
}

// source is one input over all patrols.
type source struct {
	model.Source
	times, troubles int
}

// trouble is one thing that could not be read, and how often.
type trouble struct {
	model.Trouble
	times int
}

// NewRounds begins the sum; days are counted in zone z.
func NewRounds(z *time.Location) *Rounds {
	return &Rounds{
		zone: z, days: map[string]bool{}, sources: map[[2]string]*source{}, troubles: map[string]*trouble{}, limits: map[string]model.Limit{},
		fresh: map[string]time.Time{}, gone: map[string]time.Time{}, changed: map[string]time.Time{},
	}
}

// Add adds a patrol.
func (r *Rounds) Add(p model.Patrol) {
	r.N++
	r.Packets, r.Bytes, r.Flows = r.Packets+p.Stats.Packets, r.Bytes+p.Stats.Bytes, r.Flows+p.Stats.Flows
	r.Seen, r.Ledger = p.Seen, p.Ledger
	if p.Started.After(r.Newest) {
		r.Newest = p.Started
	}
	if !p.First.IsZero() && (r.First.IsZero() || p.First.Before(r.First)) {
		r.First = p.First
	}
	if p.Last.After(r.Last) {
		r.Last = p.Last
	}
	r.addDays(p)
	r.addHosts(p)
	for _, s := range p.Sources {
		r.addSource(s)
	}
	for _, l := range p.Limits {
		l.Dropped += r.limits[l.Name].Dropped
		r.limits[l.Name] = l
	}
}

// addDays: a live watch covers all days from its beginning to its end.
func (r *Rounds) addDays(p model.Patrol) {
	const longest = 400
	day := p.Started.In(r.zone)
	for range longest {
		r.days[day.Format(time.DateOnly)] = true
		day = day.AddDate(0, 0, 1)
		if day.After(p.Ended) && day.Format(time.DateOnly) > p.Ended.In(r.zone).Format(time.DateOnly) {
			return
		}
	}
}

func (r *Rounds) addHosts(p model.Patrol) {
	if p.Previous == "" {
		r.Baseline = len(p.New)
		return
	}
	for _, x := range []struct {
		ids []string
		to  map[string]time.Time
	}{{p.New, r.fresh}, {p.Gone, r.gone}, {p.Changed, r.changed}} {
		for _, id := range x.ids {
			if _, known := x.to[id]; !known {
				x.to[id] = p.Started
			}
		}
	}
}

func (r *Rounds) addSource(s model.Source) {
	key := [2]string{s.Kind, s.Name}
	x := r.sources[key]
	if x == nil {
		if len(r.sources) >= maxSources {
			r.dropped++
			return
		}
		x = &source{Source: model.Source{Name: s.Name, Kind: s.Kind, First: s.First}}
		r.sources[key] = x
	}
	x.times, x.troubles = x.times+1, x.troubles+len(s.Errors)
	x.Packets += s.Packets
	if s.Last.After(x.Last) {
		x.Last = s.Last
	}
	for _, t := range s.Errors {
		key := t.Code + " " + t.Where
		if y := r.troubles[key]; y != nil {
			y.times++
		} else if len(r.troubles) < maxTroubles {
			r.troubles[key] = &trouble{t, 1}
		}
	}
}

// inputs are the sources, those with most first.
func (r *Rounds) inputs() []*source {
	out := make([]*source, 0, len(r.sources))
	for _, s := range r.sources {
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b *source) int {
		return cmp.Or(cmp.Compare(b.times, a.times), cmp.Compare(b.Packets, a.Packets), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Kind, b.Kind))
	})
	return out
}

// unread are the troubles, the most frequent first.
func (r *Rounds) unread() []*trouble {
	out := make([]*trouble, 0, len(r.troubles))
	for _, t := range r.troubles {
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b *trouble) int {
		return cmp.Or(cmp.Compare(b.times, a.times), cmp.Compare(a.Where, b.Where), cmp.Compare(a.Code, b.Code))
	})
	return out
}

// reached are the limits that were reached, by name.
func (r *Rounds) reached() []model.Limit {
	out := make([]model.Limit, 0, len(r.limits))
	for _, l := range r.limits {
		out = append(out, l)
	}
	slices.SortFunc(out, func(a, b model.Limit) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// idle are the days of p, from the first patrol ever until now, on which nobody looked.
func (r *Rounds) idle(p Period, began, now time.Time) (days []time.Time, of int) {
	for day := p.From; day.Before(p.To) && !day.After(now); day = day.AddDate(0, 0, 1) {
		if began.IsZero() || day.AddDate(0, 0, 1).After(began) {
			of++
			if !r.days[day.Format(time.DateOnly)] {
				days = append(days, day)
			}
		}
	}
	return days, of
}
