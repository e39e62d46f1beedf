// Package triage leads the life of a finding: what the patrol sees again, no longer or anew, what people decided, and
// what they silenced in words. It is pure: findings in, findings out, the time is given.
//
// It finds nothing itself (detect does), stores nothing and asks nobody. Invariants: the same cause keeps its id, its
// first time and what people said of it; no finding is ever dropped; the result does not depend on the order of the
// input; no clock but the time that is given.
package triage

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// Policy says what a patrol may conclude from not seeing something.
type Policy struct {
	// Covered says whether this patrol would have seen the cause if it were still there: it had what the rule needs, at the place and
	// not before the time at which the cause was seen. What was not looked at is not resolved.
	Covered func(f model.Finding) bool
}

// Reconcile joins what is known with what a patrol found, see Policy.Reconcile.
func Reconcile(known, fresh []model.Finding, sup []model.Suppression, now time.Time, covered func(f model.Finding) bool) []model.Finding {
	return Policy{Covered: covered}.Reconcile(known, fresh, sup, now)
}

// Reconcile joins what is known with what a patrol found, and gives all findings with their new states, the most severe
// first, of these the latest. Neither input is changed. What is not seen once is resolved; but what came back before, by itself, only
// after it has been quiet for longer than then: a service that is used on Mondays is not resolved on Tuesday.
func (p Policy) Reconcile(known, fresh []model.Finding, sup []model.Suppression, now time.Time) []model.Finding {
	byID := make(map[string]model.Finding, len(known)+len(fresh))
	for _, f := range known {
		byID[f.ID] = f
	}
	seen := make(map[string]bool, len(fresh))
	for _, f := range once(ordered(fresh)) {
		if old, ok := byID[f.ID]; ok {
			byID[f.ID] = again(old, f, now)
		} else {
			byID[f.ID] = begin(f)
		}
		seen[f.ID] = true
	}
	silence := compile(sup, now)
	out := make([]model.Finding, 0, len(byID))
	for id, f := range byID {
		if !seen[id] {
			f = p.absent(f, now)
		}
		out = append(out, silence.apply(expire(f, now)))
	}
	slices.SortFunc(out, Compare)
	return out
}

// Compare orders findings: the most severe first, of these the latest, then by id.
func Compare(a, b model.Finding) int {
	return cmp.Or(cmp.Compare(b.Severity, a.Severity), b.Last.Compare(a.Last), strings.Compare(a.ID, b.ID))
}

// ordered makes the outcome independent of the order in which detections ran, also where two say the same.
func ordered(fs []model.Finding) []model.Finding {
	fs = slices.Clone(fs)
	slices.SortStableFunc(fs, func(a, b model.Finding) int {
		return cmp.Or(strings.Compare(a.ID, b.ID), a.Last.Compare(b.Last), a.First.Compare(b.First), cmp.Compare(a.Severity, b.Severity), cmp.Compare(a.Count, b.Count))
	})
	return fs
}

// once joins neighbours of the same id.
func once(fs []model.Finding) []model.Finding {
	out := fs[:0]
	for _, f := range fs {
		if n := len(out); n > 0 && out[n-1].ID == f.ID {
			out[n-1] = join(out[n-1], f)
			continue
		}
		out = append(out, f)
	}
	return out
}

// begin is the start of a life. A detection has no say in what people decide.
func begin(f model.Finding) model.Finding {
	f.State, f.Owner, f.Reason, f.Until, f.Away = model.Open, "", "", time.Time{}, 0
	f.Evidence = mergeEvidence(nil, f.Evidence)
	return f
}

// again is a known cause that was seen once more. What was accepted until a date and went away in between is still
// accepted when it comes back before that date. A capture that is read a second time, or an older one, says nothing about how
// things are now, and what is in it is not counted twice.
func again(old, f model.Finding, now time.Time) model.Finding {
	g := join(old, f)
	g.Severity = f.Severity
	if !f.First.Before(old.First) && !f.Last.After(old.Last) {
		g.Count = max(old.Count, f.Count)
	}
	switch {
	case old.State == "":
		g.State = model.Open
	case !f.Last.After(old.Last):
		g.Severity = old.Severity
	case old.State == model.Resolved && now.Before(old.Until):
		g.State = model.Accepted
	case old.State == model.Resolved:
		g.State, g.Reason, g.Until = model.Reopened, "", time.Time{}
		g.Away = min(max(old.Away, f.First.Sub(old.Last)), MaxAway)
	}
	return g
}

// absent is a known cause that this patrol did not find.
func (p Policy) absent(f model.Finding, now time.Time) model.Finding {
	if f.State == "" {
		f.State = model.Open
	}
	if f.State == model.Resolved || p.Covered == nil || !p.Covered(f) {
		return f
	}
	if f.Away > 0 && now.Sub(f.Last) <= f.Away+f.Away/4 {
		return f
	}
	f.State = model.Resolved
	return f
}

// MaxAway bounds the rhythm that is believed: what happens once a month is still one matter.
const MaxAway = 35 * 24 * time.Hour

// join keeps what is known of a finding and adds what was seen of it.
func join(old, f model.Finding) model.Finding {
	g := f
	g.First = earlier(old.First, f.First)
	g.Last = later(old.Last, f.Last)
	g.Count = old.Count + f.Count
	if g.Count < old.Count { // wrapped
		g.Count = ^uint64(0)
	}
	g.Severity = max(old.Severity, f.Severity)
	g.Evidence = mergeEvidence(old.Evidence, f.Evidence)
	g.State, g.Owner, g.Reason, g.Until, g.Away = old.State, old.Owner, old.Reason, old.Until, old.Away
	return g
}

func earlier(a, b time.Time) time.Time {
	if b.IsZero() || !a.IsZero() && a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// mergeEvidence keeps the earliest and the latest, half each, in order of time and without doubles.
func mergeEvidence(a, b []model.Evidence) []model.Evidence {
	all := slices.Concat(a, b)
	slices.SortFunc(all, func(x, y model.Evidence) int {
		return cmp.Or(x.At.Compare(y.At), strings.Compare(x.Source, y.Source), strings.Compare(x.Where, y.Where), strings.Compare(x.Text, y.Text))
	})
	all = slices.CompactFunc(all, func(x, y model.Evidence) bool {
		return x.At.Equal(y.At) && x.Source == y.Source && x.Where == y.Where && x.Text == y.Text
	})
	if n := len(all); n > model.MaxEvidence {
		all = slices.Concat(all[:model.MaxEvidence/2], all[n-(model.MaxEvidence-model.MaxEvidence/2):])
	}
	return all
}

// expire takes back an acceptance whose time is over.
func expire(f model.Finding, now time.Time) model.Finding {
	if f.State == model.Accepted && !f.Until.IsZero() && !now.Before(f.Until) {
		f.State = model.Reopened
		f.Reason, f.Until = "", time.Time{}
	}
	return f
}
