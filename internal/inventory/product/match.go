package product

import (
	"fmt"
	"strings"

	"github.com/mimawari/mimawari/internal/model"
)

// Catalog is a set of rules, indexed by what they look at. It is not changed after loading and may be shared.
type Catalog struct {
	rules    []*Rule
	byID     map[string]*Rule
	exact    map[key][]ref
	other    map[model.Kind][]ref // by kind, or family with ".*"
	parents  map[string]string    // a value -> the more general one
	families map[string]bool
	kinds    map[model.Kind]bool
}

type key struct {
	kind model.Kind
	low  string
}

type ref struct {
	rule *Rule
	cond int
}

// Hit says that one condition of a rule holds. Sets is what the rule then says, if it needs no other condition.
type Hit struct {
	Rule *Rule
	Cond int
	Sets []Set
}

func newCatalog() *Catalog {
	return &Catalog{
		byID: map[string]*Rule{}, exact: map[key][]ref{}, other: map[model.Kind][]ref{},
		parents: map[string]string{}, families: map[string]bool{}, kinds: map[model.Kind]bool{},
	}
}

// Rules are all rules in the order of the files.
func (c *Catalog) Rules() []*Rule { return c.rules }

func (c *Catalog) index(r *Rule) error {
	if c.byID[r.ID] != nil {
		return fmt.Errorf("rule %s is there twice", r.ID)
	}
	if len(c.rules) >= maxRules {
		return fmt.Errorf("more than %d rules", maxRules)
	}
	c.byID[r.ID] = r
	c.rules = append(c.rules, r)
	for i := range r.conds {
		for _, k := range r.conds[i].kinds {
			c.indexCond(k, ref{r, i})
		}
	}
	return nil
}

func (c *Catalog) indexCond(k model.Kind, at ref) {
	x := &at.rule.conds[at.cond]
	c.kinds[k] = true
	family, all := strings.CutSuffix(string(k), ".*")
	if all {
		c.families[family] = true
	}
	if all || len(x.exact) == 0 {
		c.other[k] = append(c.other[k], at)
		return
	}
	for _, e := range x.exact {
		c.exact[key{k, e}] = append(c.exact[key{k, e}], at)
	}
}

// Knows reports whether any rule looks at kind.
func (c *Catalog) Knows(kind model.Kind) bool { return c.kinds[kind] || c.families[family(kind)] }

func family(k model.Kind) string {
	f, _, _ := strings.Cut(string(k), ".")
	return f
}

// Match gives the conditions that value holds, in the order of the rules for exact ones, then for the others.
// Values longer than model.MaxText are cut.
func (c *Catalog) Match(kind model.Kind, value string) []Hit {
	if len(value) > model.MaxText {
		value = value[:model.MaxText]
	}
	low := strings.ToLower(value)
	var hits []Hit
	hits = match(hits, c.exact[key{kind, low}], value, low)
	hits = match(hits, c.other[kind], value, low)
	if f := family(kind); c.families[f] {
		hits = match(hits, c.other[model.Kind(f+".*")], value, low)
	}
	return hits
}

func match(hits []Hit, refs []ref, value, low string) []Hit {
	for _, at := range refs {
		x := &at.rule.conds[at.cond]
		groups, ok := x.match(value, low)
		if !ok {
			continue
		}
		hits = append(hits, Hit{Rule: at.rule, Cond: at.cond, Sets: at.rule.says(x, value, groups)})
	}
	return hits
}
