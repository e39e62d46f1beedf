package inventory

import (
	"cmp"
	"slices"
	"strings"

	"github.com/mimawari/mimawari/internal/inventory/product"
	"github.com/mimawari/mimawari/internal/model"
)

// maxSignals bounds the signals kept with one host, the strongest of each field first.
const maxSignals = 48

// Weights of built-in reasoning.
const (
	weightOUI     = 0.3 // a card's maker is often, not always, the machine's
	weightGateway = 0.8
	weightRouter  = 0.4 // what carries may also be a PC with two cards
)

type signalKey struct{ about, says, family string }

// gather collects signals; of equal ones from the same family of kinds it keeps the strongest, for they are not independent.
type gather struct {
	signals []model.Signal
	best    map[signalKey]int
	parts   map[*product.Rule]*partial
}

// partial is a rule that needs several conditions, some of them met.
type partial struct {
	met  uint8
	sets []product.Set
}

func compareFacts(a, b fact) int {
	return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.value, b.value))
}

func familyOf(k model.Kind) string {
	f, _, _ := strings.Cut(string(k), ".")
	return f
}

func (g *gather) take(f fact, hits []product.Hit) {
	for _, x := range hits {
		sets := x.Sets
		if n := x.Rule.Needs(); n > 1 {
			if sets = g.part(x, n); sets == nil {
				continue
			}
		}
		for _, s := range sets {
			g.say(model.Signal{About: s.About, Says: s.Says, Kind: f.kind, Value: f.value, Weight: s.Weight, Rule: x.Rule.ID})
		}
	}
	if f.kind == product.KindOUI && len(hits) == 0 {
		g.say(model.Signal{About: product.AboutMaker, Says: f.value, Kind: f.kind, Value: f.value, Weight: weightOUI})
	}
}

// part notes a met condition and gives what the rule says once all are met.
func (g *gather) part(x product.Hit, needs int) []product.Set {
	p := g.parts[x.Rule]
	if p == nil {
		p = &partial{}
		g.parts[x.Rule] = p
	}
	p.met |= 1 << x.Cond
	if len(x.Sets) > len(p.sets) {
		p.sets = x.Sets
	}
	if p.met != 1<<needs-1 {
		return nil
	}
	return p.sets
}

func (g *gather) say(s model.Signal) {
	k := signalKey{s.About, s.Says, familyOf(s.Kind)}
	i, ok := g.best[k]
	if !ok {
		g.best[k] = len(g.signals)
		g.signals = append(g.signals, s)
		return
	}
	if s.Weight > g.signals[i].Weight {
		g.signals[i] = s
	}
}

func (g *gather) builtIn(h *machine) {
	if !h.carrier {
		return
	}
	what := "carries other machines' packets"
	g.say(model.Signal{About: product.AboutRole, Says: "gateway", Kind: "binding", Value: what, Weight: weightGateway})
	g.say(model.Signal{About: product.AboutClass, Says: string(model.ClassRouter), Kind: "binding", Value: what, Weight: weightRouter})
}

func (g *gather) identity(id *identity) {
	for _, c := range id.ids {
		g.say(model.Signal{About: aboutIdentity, Says: saysClientID + duid(c), Kind: model.DHCPClientID, Value: c, Weight: 1})
	}
	for _, d := range id.domains {
		g.say(model.Signal{About: aboutIdentity, Says: saysDomain + d, Kind: model.DomainDNS, Value: d, Weight: 1})
	}
}

// carry keeps signals of earlier patrols, unless the same family of kinds speaks about the same field again.
func (g *gather) carry(old []model.Signal) {
	type renewed struct{ about, family string }
	now := map[renewed]bool{}
	for _, s := range g.signals {
		now[renewed{s.About, familyOf(s.Kind)}] = true
	}
	for _, s := range old {
		if !now[renewed{s.About, familyOf(s.Kind)}] {
			g.say(s)
		}
	}
}

// fieldOrder is the order in which signals are shown.
var fieldOrder = map[string]int{
	product.AboutClass: 1, product.AboutMaker: 2, product.AboutModel: 3, product.AboutOS: 4, product.AboutVersion: 5,
	product.AboutRole: 6, aboutIdentity: 7,
}

// sorted gives the signals by field and weight, at most maxSignals, the weakest of the longest fields left out.
func (g *gather) sorted() []model.Signal {
	out := g.signals
	slices.SortFunc(out, func(a, b model.Signal) int {
		return cmp.Or(cmp.Compare(fieldOrder[a.About], fieldOrder[b.About]), cmp.Compare(b.Weight, a.Weight),
			cmp.Compare(a.Says, b.Says), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Value, b.Value))
	})
	for len(out) > maxSignals {
		out = dropWeakest(out)
	}
	return out
}

func dropWeakest(s []model.Signal) []model.Signal {
	count := map[string]int{}
	for _, x := range s {
		count[x.About]++
	}
	longest := len(s) - 1
	for i, x := range s {
		if count[x.About] >= count[s[longest].About] {
			longest = i // the last of the longest field is its weakest
		}
	}
	return slices.Delete(s, longest, longest+1)
}
