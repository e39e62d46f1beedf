package ledger

import (
	"slices"

	"github.com/mimawari/mimawari/internal/model"
)

// Conflict is a row that can't be brought back: it says something else since.
type Conflict struct {
	Kind  Kind   `json:"kind"`
	Key   string `json:"key"` // in the version to be taken back
	Label string `json:"label"`
}

// Revert takes back in now what became of before in after; rows that others changed since stay as they are. A row that
// both changed is a conflict and stays, too. No ledger is changed.
func Revert(now, before, after *model.Ledger) (*model.Ledger, []Conflict) {
	out := next(now)
	var all []Conflict
	for _, k := range Kinds {
		r := newReversal(k, next(now), next(before), next(after))
		switch {
		case slices.Equal(r.was, r.made):
			continue // the batch did nothing to this sheet
		case slices.Equal(r.is, r.made):
			sectionOf[k].compose(out, whole(sectionOf[k], next(before))) // nobody did anything since: exactly as it was
			continue
		}
		r.run()
		sectionOf[k].compose(out, r.picks)
		all = append(all, r.conflicts...)
	}
	out.Hosts = slices.Clone(out.Hosts)
	assignKeys(out.Hosts)
	return out, all
}

// reversal takes back one kind of row. Rows are told by all that they say: is, was and made are the contents.
type reversal struct {
	kind               Kind
	s                  section
	now, before, after *model.Ledger
	nowRecords         []record
	old, fresh         []record // rows that the batch took away or changed, and those that it made of them
	oldAt              map[string][]int
	is, was, made      []string
	picks              []pick
	conflicts          []Conflict
}

func newReversal(k Kind, now, before, after *model.Ledger) *reversal {
	r := &reversal{kind: k, s: sectionOf[k], now: now, before: before, after: after}
	r.nowRecords = r.s.records(now)
	was, made := r.s.records(before), r.s.records(after)
	r.is, r.was, r.made = contents(r.nowRecords), contents(was), contents(made)
	r.old, r.fresh = without(was, r.was, r.made), without(made, r.made, r.was)
	r.oldAt = map[string][]int{}
	for i, c := range r.was {
		r.oldAt[c] = append(r.oldAt[c], i)
	}
	return r
}

func contents(rs []record) []string {
	out := make([]string, len(rs))
	for i, r := range rs {
		out[i] = content(r.values, r.extra)
	}
	return out
}

// without gives the records whose content others does not have; of equal ones as many as are more.
func without(rs []record, own, others []string) (out []record) {
	n := map[string]int{}
	for _, c := range others {
		n[c]++
	}
	for i, c := range own {
		if n[c] > 0 {
			n[c]--
			continue
		}
		out = append(out, rs[i])
	}
	return out
}

func (r *reversal) run() {
	fields := r.s.fields()
	pairs, gone, came := pair(r.old, r.fresh)
	if r.kind == KindHosts {
		pairs, gone, came = pairByIdentity(fields, pairs, gone, came)
	}
	at := map[string][]int{}
	for i, c := range r.is {
		at[c] = append(at[c], i)
	}
	take := func(x record) (int, bool) {
		c := content(x.values, x.extra)
		if len(at[c]) == 0 {
			r.conflicts = append(r.conflicts, Conflict{Kind: r.kind, Key: x.key, Label: labelOf(r.kind, fields, x)})
			return 0, false
		}
		i := at[c][0]
		at[c] = at[c][1:]
		return i, true
	}
	r.picks = whole(r.s, r.now)
	for _, p := range pairs {
		if i, ok := take(p[1]); ok {
			r.picks[i] = r.oldPick(p[0])
		}
	}
	for _, x := range came {
		if i, ok := take(x); ok {
			r.picks[i].from = nil
		}
	}
	r.putBack(gone)
}

// oldPick gives the row of before that x is.
func (r *reversal) oldPick(x record) pick {
	c := content(x.values, x.extra)
	i := r.oldAt[c][0]
	if len(r.oldAt[c]) > 1 {
		r.oldAt[c] = r.oldAt[c][1:]
	}
	return pick{r.before, i}
}

// putBack inserts rows where they stood. A row whose key somebody gave away since is a conflict.
func (r *reversal) putBack(gone []record) {
	taken := map[string]bool{}
	for i, x := range r.nowRecords {
		taken[x.key] = taken[x.key] || r.picks[i] == pick{r.now, i}
	}
	var back []pick
	for _, x := range gone {
		if taken[x.key] {
			r.conflicts = append(r.conflicts, Conflict{Kind: r.kind, Key: x.key, Label: labelOf(r.kind, r.s.fields(), x)})
			continue
		}
		back = append(back, r.oldPick(x))
	}
	slices.SortFunc(back, func(a, b pick) int { return a.i - b.i })
	var out []pick
	for _, p := range r.picks {
		for len(back) > 0 && back[0].i <= len(out) {
			out, back = append(out, back[0]), back[1:]
		}
		if p.from != nil {
			out = append(out, p)
		}
	}
	r.picks = append(out, back...)
}
