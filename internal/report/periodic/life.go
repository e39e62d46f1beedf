package periodic

import (
	"cmp"
	"slices"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// life is what a finding went through in a period.
type life struct {
	model.Finding
	before, after model.State // at the beginning and at the end; "" before it was made
	since         time.Time   // since when it waits; zero if it does not
	entered       time.Time   // in the period: when it began to wait
	left          time.Time   // in the period: when it stopped waiting
	waited        bool        // at any time of the period
}

// waits reports a state that wants something of somebody.
func waits(s model.State) bool {
	return s == model.Open || s == model.Acknowledged || s == model.Reopened
}

// fresh: it did not wait at the beginning, and did later.
func (l *life) fresh() bool { return !waits(l.before) && l.waited }

// over: it waited, and does not at the end.
func (l *life) over() bool { return l.waited && !waits(l.after) }

// lives follows all findings through the time from p.From to p.To. Findings that were made later are left out.
func lives(fs []model.Finding, steps []model.Step, p Period) []*life {
	byID := make(map[string][]model.Step, len(fs))
	for _, s := range steps {
		byID[s.Finding] = append(byID[s.Finding], s)
	}
	var out []*life
	for _, f := range fs {
		l := &life{Finding: f}
		for _, s := range byID[f.ID] {
			l.step(s, p)
		}
		if l.after != "" {
			l.waited = l.waited || waits(l.before)
			out = append(out, l)
		}
	}
	slices.SortStableFunc(out, func(a, b *life) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), a.since.Compare(b.since), cmp.Compare(a.ID, b.ID))
	})
	return out
}

func (l *life) step(s model.Step, p Period) {
	if !s.At.Before(p.To) {
		return
	}
	was := waits(l.after)
	l.after = s.To
	now := waits(l.after)
	switch {
	case now && !was:
		l.since = s.At
	case !now:
		l.since = time.Time{}
	}
	if s.At.Before(p.From) {
		l.before = s.To
		return
	}
	l.waited = l.waited || now
	if now && !was {
		l.entered = s.At
	}
	if was && !now {
		l.left = s.At
	}
}

// tally counts lives by severity: index as model.Severity.
type tally struct {
	begin, fresh, over, end [5]int
}

func count(ls []*life) (t tally) {
	for _, l := range ls {
		i := min(max(int(l.Severity), 0), 4)
		if waits(l.before) {
			t.begin[i]++
		}
		if l.fresh() {
			t.fresh[i]++
		}
		if l.over() {
			t.over[i]++
		}
		if waits(l.after) {
			t.end[i]++
		}
	}
	return t
}

func total(n [5]int) (sum int) {
	for _, x := range n {
		sum += x
	}
	return sum
}

func pick(ls []*life, want func(*life) bool) (out []*life) {
	for _, l := range ls {
		if want(l) {
			out = append(out, l)
		}
	}
	return out
}
