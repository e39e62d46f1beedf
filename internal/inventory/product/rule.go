// Package product holds the rules that say what a machine is from what it says of itself. Rules are data
// (catalog/products/*.yaml); this package reads, checks and matches them. It weighs nothing and knows no hosts.
//
// A file is a list of rules:
//
//   - id: printer.ricoh.snmp            # unique; FAMILY.NAME
//     kind: snmp.sysdescr               # one kind or a list; "name.*" is every kind of the family
//     prefix: "RICOH "                  # exact, prefix, contains: text or list (one must hold), case does not matter
//     regexp: '^RICOH ([\w ]+?) [\d.]+ /'   # RE2, as written; needs prefix, contains or exact beside it, to be fast
//     class: printer                    # what it says: class, maker, model, os, version, role (one or a list)
//     maker: Ricoh
//     model: "$1"                       # capture groups of the regexp
//     weight: 0.9                       # how much to believe it, above 0 and at most 1; 0.7 if absent
//     weights: {maker: 1}               # other weights for single fields
//     examples: ["RICOH IM C3000 1.05 / RICOH Network Printer C model"]
//     misses: ["RICOHET"]               # must not match
//
// In place of kind and matcher a rule may have any: [...] or all: [...], lists of conditions of the same form (all: the
// machine must show every one of them; examples then are {kind: value} maps that hold for one machine). Kinds beyond
// model.Kind: oui (maker of the network card), addr (an address of the machine, matched with cidr), port ("tcp/9100", the
// machine answered there), serves and uses (application it answers as, or speaks as client), dicom.served and
// dicom.sop_served (operation or SOP class that a peer asked of it), role (a role that other rules found).
package product

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strings"

	"github.com/mimawari/mimawari/internal/model"
)

// Kinds that rules may use beside those of observations.
const (
	KindOUI      model.Kind = "oui"
	KindAddr     model.Kind = "addr"
	KindPort     model.Kind = "port"
	KindServes   model.Kind = "serves"
	KindUses     model.Kind = "uses"
	KindServed   model.Kind = "dicom.served"
	KindSOPServe model.Kind = "dicom.sop_served"
	KindRole     model.Kind = "role"
)

// Fields that a rule can speak about, as they stand in model.Signal.About.
const (
	AboutClass   = "class"
	AboutMaker   = "maker"
	AboutModel   = "model"
	AboutOS      = "os"
	AboutVersion = "version"
	AboutRole    = "role"
)

const defaultWeight = 0.7

// Rule is one rule, checked and ready.
type Rule struct {
	ID       string
	Examples []Example
	Misses   []string
	conds    []cond
	all      bool
	sets     []Set
}

// Example is what a machine shows that must make the rule fire: kind ("" for the rule's own) and value.
type Example map[model.Kind]string

// Set is what a rule says: about which field, the value, and how much to believe it.
type Set struct {
	About  string
	Says   string
	Weight float64
}

// Needs is how many different conditions of the rule must hold.
func (r *Rule) Needs() int {
	if r.all {
		return len(r.conds)
	}
	return 1
}

// Kinds are the kinds of all conditions, as written.
func (r *Rule) Kinds() (ks []model.Kind) {
	for i := range r.conds {
		ks = append(ks, r.conds[i].kinds...)
	}
	return ks
}

type cond struct {
	kinds    []model.Kind
	exact    []string
	prefix   []string
	contains []string
	re       *regexp.Regexp
	nets     []netip.Prefix
}

// match reports whether value holds; low is value in lower case. groups are the regexp's, nil if there is none.
func (c *cond) match(value, low string) (groups []int, ok bool) {
	if len(c.nets) > 0 {
		a, err := netip.ParseAddr(value)
		return nil, err == nil && inAny(c.nets, a)
	}
	if len(c.exact) > 0 && !one(c.exact, func(s string) bool { return s == low }) ||
		len(c.prefix) > 0 && !one(c.prefix, func(s string) bool { return strings.HasPrefix(low, s) }) ||
		len(c.contains) > 0 && !one(c.contains, func(s string) bool { return strings.Contains(low, s) }) {
		return nil, false
	}
	if c.re == nil {
		return nil, true
	}
	groups = c.re.FindStringSubmatchIndex(value)
	return groups, groups != nil
}

func one(list []string, holds func(string) bool) bool {
	for _, s := range list {
		if holds(s) {
			return true
		}
	}
	return false
}

func inAny(nets []netip.Prefix, a netip.Addr) bool {
	for _, p := range nets {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// says fills capture groups into the rule's fields; a field that comes out empty is left out.
func (r *Rule) says(c *cond, value string, groups []int) []Set {
	if groups == nil {
		return r.plain()
	}
	out := make([]Set, 0, len(r.sets))
	for _, s := range r.sets {
		if strings.Contains(s.Says, "$") {
			s.Says = model.Clean(string(c.re.ExpandString(nil, s.Says, value, groups)))
		}
		if s.Says != "" {
			out = append(out, s)
		}
	}
	return out
}

// plain gives the fields that need no capture group.
func (r *Rule) plain() []Set {
	out := make([]Set, 0, len(r.sets))
	for _, s := range r.sets {
		if !strings.Contains(s.Says, "$") {
			out = append(out, s)
		}
	}
	return out
}

var errNoMatcher = errors.New("a condition needs kind and one of exact, prefix, contains, regexp, cidr")

func newCond(w *written) (cond, error) {
	c := cond{exact: lower(w.Exact), prefix: lower(w.Prefix), contains: lower(w.Contains)}
	for _, k := range w.Kind {
		c.kinds = append(c.kinds, model.Kind(k))
	}
	literals := len(c.exact) + len(c.prefix) + len(c.contains)
	if len(c.kinds) == 0 || literals+len(w.CIDR) == 0 && w.Regexp == "" {
		return c, errNoMatcher
	}
	for _, s := range w.CIDR {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return c, fmt.Errorf("read cidr: %w", err)
		}
		c.nets = append(c.nets, p)
	}
	if w.Regexp == "" {
		return c, nil
	}
	if literals == 0 {
		return c, fmt.Errorf("regexp %q needs prefix, contains or exact beside it, so that it is not tried on everything", w.Regexp)
	}
	if len(w.Regexp) > maxRegexp {
		return c, fmt.Errorf("regexp longer than %d bytes", maxRegexp)
	}
	var err error
	if c.re, err = regexp.Compile(w.Regexp); err != nil {
		return c, fmt.Errorf("read regexp: %w", err)
	}
	return c, nil
}

func lower(list texts) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = strings.ToLower(s)
	}
	return out
}
