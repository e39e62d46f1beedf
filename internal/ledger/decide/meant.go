package decide

import (
	"slices"
	"strconv"

	"github.com/mimawari/mimawari/internal/model"
)

// Decisions are what can be decided on a machine, as forms and programs name them.
var Decisions = []string{"known", "not_known", "ask", "accept", "keep"}

// Fits reports whether a decision can be made on the pair.
func (p *Pair) Fits(what string) bool {
	switch what {
	case "known", "not_known":
		return p.Seen != nil && p.Declared == nil
	case "ask":
		return p.Seen != nil
	case "accept", "keep":
		return p.Seen != nil && slices.ContainsFunc(p.Differs, func(d Difference) bool { return !d.Empty })
	}
	return false
}

// Fitting gives those on which a decision can be made, and how many others there are.
func Fitting(what string, meant []*Pair) (can []*Pair, others int) {
	for _, p := range meant {
		if p.Fits(what) {
			can = append(can, p)
		} else {
			others++
		}
	}
	return can, others
}

// ByID gives the pairs with these ids, each once; ids that there are not are left out.
func (x *Pairing) ByID(ids []string) (out []*Pair) {
	there := map[string]bool{}
	for _, id := range ids {
		if p := x.Get(id); p != nil && !there[id] {
			there[id] = true
			out = append(out, p)
		}
	}
	return out
}

// ChoiceOf names the fields that are meant and differ on this machine; none: all that differ.
func ChoiceOf(p *Pair, fields []string) Choice {
	c := Choice{Host: p.ID}
	for _, d := range p.Differs {
		if slices.Contains(fields, d.Field) {
			c.Fields = append(c.Fields, d.Field)
		}
	}
	return c
}

// Names are what a batch is about, for one line.
func Names(b model.Batch) (names string) {
	for i, n := range b.Subjects {
		if i == 3 {
			return names + "…"
		}
		if i > 0 {
			names += "、"
		}
		names += short(n)
	}
	return names
}

func short(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

// Deed is a batch as the audit trail has it, whichever way it was made.
func Deed(b model.Batch) (action, object string, details []string) {
	return "ledger." + b.Kind, "/ledger", []string{"batch", b.ID, "count", strconv.Itoa(b.Count), "names", Names(b)}
}
