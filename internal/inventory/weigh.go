package inventory

import (
	"slices"
	"strings"

	"github.com/mimawari/mimawari/internal/inventory/product"
	"github.com/mimawari/mimawari/internal/model"
)

// How signals are weighed.
const (
	enough     = 0.25 // below, a field stays unknown
	enoughRole = 0.3
	discord    = 0.5 // a contradiction as strong as the belief itself takes this part of it
)

// Confidence is how far a field (class, maker, model, os, version) of h can be believed, 0 to 1; 0 for an unknown one. It follows from
// h.Signals alone: independent signals add up as 1-(1-a)(1-b), contradicting ones take away.
func Confidence(h *model.Host, about string) float64 {
	c, err := product.Default()
	if err != nil {
		return 0
	}
	_, x := weigh(h.Signals, about, c.Covers)
	return x
}

// opinion is one value of a field and what speaks for it.
type opinion struct {
	says       string
	doubt, own float64 // product of (1-weight): with and without more general values
}

// weigh gives the most believable value of a field, and how believable it is. General values (Linux) support their special
// forms (Ubuntu) and are no contradiction.
func weigh(signals []model.Signal, about string, covers func(general, special string) bool) (string, float64) {
	var all []opinion
	for _, s := range signals {
		if s.About == about && !slices.ContainsFunc(all, func(o opinion) bool { return o.says == s.Says }) {
			all = append(all, opinion{says: s.Says, doubt: 1, own: 1})
		}
	}
	for i := range all {
		for _, s := range signals {
			if s.About != about {
				continue
			}
			if s.Says == all[i].says {
				all[i].own *= 1 - s.Weight
			}
			if covers(s.Says, all[i].says) {
				all[i].doubt *= 1 - s.Weight
			}
		}
	}
	best := -1
	for i := range all {
		if 1-all[i].own >= enough && (best < 0 || all[i].doubt < all[best].doubt) {
			best = i
		}
	}
	if best < 0 {
		return "", 0
	}
	return all[best].says, all[best].belief(all, covers)
}

// belief is the weight of all that speaks for o, less what contradicts it.
func (o opinion) belief(all []opinion, covers func(general, special string) bool) float64 {
	rival := 0.0
	for _, x := range all {
		if !covers(x.says, o.says) && !covers(o.says, x.says) {
			rival = max(rival, 1-x.own)
		}
	}
	return (1 - o.doubt) * (1 - discord*rival)
}

// describe fills the fields of h from its signals.
func describe(h *model.Host, covers func(general, special string) bool) {
	class, confidence := weigh(h.Signals, product.AboutClass, covers)
	h.Class, h.Confidence = model.Class(class), confidence
	h.Maker, _ = weigh(h.Signals, product.AboutMaker, covers)
	h.Model, _ = weigh(h.Signals, product.AboutModel, covers)
	h.Roles = rolesOf(h.Signals)
	os, _ := weigh(h.Signals, product.AboutOS, covers)
	h.Version, _ = weigh(versionsOf(h.Signals, os, covers), product.AboutVersion, covers)
	h.OS = pickEdition(os, h)
	if h.Class == model.ClassUnknown && strings.HasPrefix(h.OS, "Windows Server") {
		// A system that is sold for servers only, and nothing that speaks against it.
		h.Signals = append(h.Signals, model.Signal{About: product.AboutClass, Says: string(model.ClassServer), Kind: "os", Value: h.OS, Weight: weightServerOS})
		h.Class, h.Confidence = model.ClassServer, weightServerOS
	}
}

// weightServerOS is how much a server edition says of the class: appliances and modalities run on some too.
const weightServerOS = 0.5

// rolesOf gives the roles that are believed, sorted.
func rolesOf(signals []model.Signal) []string {
	doubt := map[string]float64{}
	for _, s := range signals {
		if s.About != product.AboutRole {
			continue
		}
		if _, ok := doubt[s.Says]; !ok {
			doubt[s.Says] = 1
		}
		doubt[s.Says] *= 1 - s.Weight
	}
	var out []string
	for r, d := range doubt {
		if 1-d >= enoughRole {
			out = append(out, r)
		}
	}
	slices.Sort(out)
	return out
}

// versionsOf keeps version signals whose rule speaks of the chosen system, or of none.
func versionsOf(signals []model.Signal, os string, covers func(general, special string) bool) []model.Signal {
	system := map[string]string{}
	for _, s := range signals {
		if s.About == product.AboutOS {
			system[s.Rule] = s.Says
		}
	}
	var out []model.Signal
	for _, s := range signals {
		x := system[s.Rule]
		if s.About == product.AboutVersion && (x == "" || covers(x, os) || covers(os, x)) {
			out = append(out, s)
		}
	}
	return out
}

// serverRoles tell a server edition from a desktop one of the same build.
var serverRoles = []string{"domain_controller", "database", "dhcp_server", "dns_server"}

// pickEdition chooses between systems that share a build ("Windows 10|Windows Server 2019"): what the machine does decides; if
// that is not known both are named.
func pickEdition(os string, h *model.Host) string {
	parts := strings.Split(os, "|")
	if len(parts) == 1 {
		return os
	}
	server := slices.ContainsFunc(serverRoles, func(r string) bool { return slices.Contains(h.Roles, r) })
	switch h.Class {
	case model.ClassServer, model.ClassPACS, model.ClassHIS, model.ClassNAS, model.ClassVMHost:
		server = true
	case model.ClassPC, model.ClassModality, model.ClassTablet:
		if !server {
			return parts[0]
		}
	}
	if server {
		for _, p := range parts {
			if strings.Contains(p, "Server") {
				return p
			}
		}
	}
	return strings.Join(parts, " / ")
}
