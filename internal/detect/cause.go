package detect

import (
	"net/netip"
	"slices"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// cause gathers everything that belongs to one finding: one cause, one finding, a count.
type cause struct {
	finding model.Finding
	labels  map[string][]string // params that are lists
}

// causes collects findings of one rule by what causes them.
type causes struct {
	v     *View
	rule  string
	order []string
	byID  map[string]*cause
}

func (v *View) causes(rule string) *causes {
	return &causes{v: v, rule: rule, byID: map[string]*cause{}}
}

// get gives the finding of a cause, made on the first call with severity and assets.
func (c *causes) get(s model.Severity, parts ...string) *cause {
	id := model.FindingID(c.rule, parts...)
	x := c.byID[id]
	if x == nil {
		x = &cause{finding: model.Finding{ID: id, Rule: c.rule, Severity: s, Params: map[string]string{}}, labels: map[string][]string{}}
		c.byID[id] = x
		c.order = append(c.order, id)
	}
	x.finding.Severity = max(x.finding.Severity, s)
	return x
}

func (x *cause) set(name, value string)  { x.finding.Params[name] = value }
func (x *cause) also(name, value string) { x.labels[name] = append(x.labels[name], value) }

func (x *cause) about(v *View, a netip.Addr, m model.MAC) {
	asset := v.asset(a, m)
	if !slices.Contains(x.finding.Assets, asset) && len(x.finding.Assets) < 50 {
		x.finding.Assets = append(x.finding.Assets, asset)
	}
}

// seen widens the finding's time and count and keeps the evidence, earliest first and bounded.
func (x *cause) seen(first, last time.Time, n uint64, e model.Evidence) {
	f := &x.finding
	if f.First.IsZero() || first.Before(f.First) {
		f.First = first
	}
	if last.After(f.Last) {
		f.Last = last
	}
	f.Count += n
	if e.Text != "" && len(f.Evidence) < model.MaxEvidence {
		f.Evidence = append(f.Evidence, e)
	}
}

// done gives the findings in the order of their causes.
func (c *causes) done() []model.Finding {
	var out []model.Finding
	for _, id := range c.order {
		x := c.byID[id]
		for name, l := range x.labels {
			x.finding.Params[name] = list(l)
		}
		slices.SortStableFunc(x.finding.Evidence, func(a, b model.Evidence) int { return a.At.Compare(b.At) })
		out = append(out, x.finding)
	}
	return out
}
