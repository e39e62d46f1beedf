package lookup

import (
	"cmp"
	"context"
	"slices"

	"github.com/mimawari/mimawari/internal/ledger"
	"github.com/mimawari/mimawari/internal/model"
)

// Most is how many hits an answer has at most.
const Most = 50

// Hit is one thing that was found.
type Hit[T any] struct {
	Thing T
	Exact bool // what was typed is the whole of its id, of an address or of a name
}

// Found is the hits of one kind, the best first. Total counts those that were left out too.
type Found[T any] struct {
	Hits  []Hit[T]
	Total int
}

// Result is the answer to a search.
type Result struct {
	Hosts    Found[model.Host]
	Findings Found[model.Finding]
	Rows     Found[ledger.Row]
}

// Total counts everything that was found.
func (r Result) Total() int { return r.Hosts.Total + r.Findings.Total + r.Rows.Total }

// Find gives what text may mean, at most limit hits; 0 means 50, which is the most.
func (f *Finder) Find(ctx context.Context, text string, limit int) (r Result, err error) {
	q := parse(text)
	if len(q.words) == 0 {
		return r, nil
	}
	hosts, findings, declared, err := f.parts(ctx)
	if err != nil {
		return r, err
	}
	var hs, fs, rs []candidate
	hs, r.Hosts.Total = hosts.search(q)
	fs, r.Findings.Total = findings.search(q)
	rs, r.Rows.Total = declared.search(q)
	if limit <= 0 || limit > Most {
		limit = Most
	}
	n := share(limit, len(hs), len(fs), len(rs))
	for _, c := range rs[:n[2]] {
		r.Rows.Hits = append(r.Rows.Hits, Hit[ledger.Row]{declared.rows[c.i], c.exact})
	}
	r.Hosts.Hits, err = load(ctx, hosts, hs[:n[0]], f.Source.HostsByID, func(h model.Host) string { return h.ID })
	if err != nil {
		return r, err
	}
	r.Findings.Hits, err = load(ctx, findings, fs[:n[1]], f.Source.FindingsByID, func(x model.Finding) string { return x.ID })
	return r, err
}

// candidate is an entry that fits.
type candidate struct {
	i, score int
	exact    bool
}

// search gives the best of the entries that fit, the best first, equal ones in the order of the part; total counts all that fit.
func (p *part) search(q query) (best []candidate, total int) {
	var all []candidate
	var scores []int
	for i := range p.entries {
		if score, exact := q.score(&p.entries[i]); score > 0 {
			all = append(all, candidate{i, score, exact})
			scores = append(scores, score)
		}
	}
	best = all
	if len(all) > Most {
		slices.Sort(scores)
		best = atLeast(all, scores[len(scores)-Most])
	}
	slices.SortStableFunc(best, func(a, b candidate) int { return cmp.Compare(b.score, a.score) })
	return best, len(all)
}

// atLeast gives the Most best: all above least, and of those with least the first.
func atLeast(all []candidate, least int) (best []candidate) {
	above := 0
	for _, c := range all {
		if c.score > least {
			above++
		}
	}
	equal := Most - above
	for _, c := range all {
		if c.score > least || c.score == least && equal > 0 {
			best = append(best, c)
		}
		if c.score == least {
			equal--
		}
	}
	return best
}

// share divides the places of the answer: no kind takes all while another has something too.
func share(limit int, have ...int) []int {
	got, left := make([]int, len(have)), limit
	for i, n := range have {
		got[i] = min(n, limit/len(have))
		left -= got[i]
	}
	for i, n := range have {
		more := min(n-got[i], left)
		got[i] += more
		left -= more
	}
	return got
}

// load reads what is shown of the hits. What is gone meanwhile is left out.
func load[T any](ctx context.Context, p *part, cs []candidate, read func(context.Context, []string) ([]T, error), id func(T) string) ([]Hit[T], error) {
	ids := make([]string, len(cs))
	for i, c := range cs {
		ids[i] = p.entries[c.i].id
	}
	things, err := read(ctx, ids)
	if err != nil {
		return nil, err
	}
	byID := make(map[string]T, len(things))
	for _, x := range things {
		byID[id(x)] = x
	}
	var out []Hit[T]
	for i, c := range cs {
		if x, ok := byID[ids[i]]; ok {
			out = append(out, Hit[T]{x, c.exact})
		}
	}
	return out, nil
}

// Only gives the one hit that can be meant: the only host that fits exactly, else the only finding, else the only row. At most one of
// the three is not nil.
func (r Result) Only() (*model.Host, *model.Finding, *ledger.Row) {
	if n := exact(r.Hosts); n > 0 {
		return only(r.Hosts), nil, nil
	}
	if n := exact(r.Findings); n > 0 {
		return nil, only(r.Findings), nil
	}
	return nil, nil, only(r.Rows)
}

func exact[T any](f Found[T]) (n int) {
	for _, h := range f.Hits {
		if h.Exact {
			n++
		}
	}
	return n
}

func only[T any](f Found[T]) *T {
	if exact(f) != 1 {
		return nil
	}
	return &f.Hits[0].Thing // exact ones come first
}
