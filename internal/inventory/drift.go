package inventory

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// The rules of this package; their words are in catalog/detections/inventory.yaml.
const (
	RuleUnknownHost    = "inventory.unknown_host"
	RuleNoLedger       = "inventory.no_ledger"
	RuleMissingHost    = "inventory.missing_host"
	RuleDuplicateIP    = "inventory.duplicate_ip"
	RuleMACChange      = "inventory.mac_change"
	RuleNameMismatch   = "inventory.name_mismatch"
	RuleUnknownNetwork = "inventory.unknown_network"
	RulePublicSource   = "inventory.public_source"
)

// DriftInput is what Drift reads. Hosts come from Build with the same Seen and Ledger.
type DriftInput struct {
	Seen    *model.Seen
	Hosts   []model.Host
	Known   model.Known
	Ledger  Ledger   // nil or empty: nothing is declared
	Catalog *Catalog // not used by the rules of today; nil is fine
}

// Drift gives what differs between the network and the ledger, or between the network now and before. Without a ledger
// there is one finding that says so, instead of one for each host: a first patrol shall not begin with a hundred alarms.
// Findings are sorted by rule and id.
func Drift(in DriftInput) []model.Finding {
	d := newDrift(in)
	var out []model.Finding
	for _, rule := range []func(*drift) []model.Finding{unknownHosts, missingHosts, duplicateIPs, macChanges, nameMismatches, unknownNetworks, publicSources} {
		out = append(out, rule(d)...)
	}
	slices.SortFunc(out, func(a, b model.Finding) int { return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.ID, b.ID)) })
	return slices.CompactFunc(out, func(a, b model.Finding) bool { return a.ID == b.ID })
}

// Covered says which rules had what they need in this patrol, so that silence of a covered rule means that the cause is gone.
func Covered(in DriftInput) map[string]bool {
	d := newDrift(in)
	traffic := len(in.Seen.Bindings) > 0 || len(in.Seen.Observations) > 0
	claims := slices.ContainsFunc(in.Seen.Bindings, func(b model.Binding) bool { return b.Kind != model.BindFrame })
	return map[string]bool{
		RuleUnknownHost:    d.declares && traffic,
		RuleNoLedger:       true,
		RuleMissingHost:    d.declares && traffic,
		RuleDuplicateIP:    claims,
		RuleMACChange:      claims,
		RuleNameMismatch:   d.declares && len(in.Seen.Observations) > 0,
		RuleUnknownNetwork: d.networks && traffic,
		RulePublicSource:   len(in.Seen.Conversations) > 0,
	}
}

// drift is DriftInput with the indexes that the rules share.
type drift struct {
	DriftInput
	now      time.Time
	declares bool // the ledger has hosts
	networks bool // the ledger has networks
	present  []*model.Host
	byMAC    map[model.MAC]*model.Host
	byAddr   map[netip.Addr][]*model.Host
	claims   map[place][]model.Binding // ARP, NDP, DHCP and tables, sorted by first
	leased   map[netip.Prefix]bool     // /24s in which DHCP gave out addresses
	gateways map[model.MAC]bool        // MACs through which packets left
	claimant map[model.MAC]bool        // MACs that claim an internal IPv4 address
	rows     map[string]*model.LedgerHost
}

// place is an address where it was seen: the same address may exist in two VLANs.
type place struct {
	addr netip.Addr
	vlan uint16
}

func newDrift(in DriftInput) *drift {
	d := &drift{
		DriftInput: in, now: in.Seen.Last, byMAC: map[model.MAC]*model.Host{}, byAddr: map[netip.Addr][]*model.Host{},
		claims: map[place][]model.Binding{}, leased: map[netip.Prefix]bool{}, gateways: map[model.MAC]bool{}, claimant: map[model.MAC]bool{},
	}
	if in.Ledger != nil {
		l := in.Ledger.Ledger()
		d.declares, d.networks = len(l.Hosts) > 0, len(l.Networks) > 0
		d.rows = make(map[string]*model.LedgerHost, len(l.Hosts))
		for i := range l.Hosts {
			d.rows[l.Hosts[i].Key] = &l.Hosts[i]
		}
	}
	for i := range in.Hosts {
		if h := &in.Hosts[i]; Present(h, in.Seen) {
			d.index(h)
		}
	}
	for _, b := range in.Seen.Bindings {
		if b.Kind == model.BindFrame {
			continue
		}
		k := place{b.Addr, b.VLAN}
		d.claims[k] = append(d.claims[k], b)
		d.claimant[b.MAC] = d.claimant[b.MAC] || b.Addr.Is4() && model.IsInternal(b.Addr)
		if b.Kind == model.BindDHCP {
			d.leased[segment(b.Addr)] = true
		}
	}
	for _, g := range in.Seen.Gateways {
		d.gateways[g.MAC] = d.gateways[g.MAC] || g.External > 0
	}
	return d
}

func (d *drift) index(h *model.Host) {
	d.present = append(d.present, h)
	for _, m := range h.MACs {
		d.byMAC[m] = h
	}
	for _, a := range h.IPs {
		d.byAddr[a] = append(d.byAddr[a], h)
	}
}

// segment is the usual extent of one network around an address whose network is not declared: /24 or /64.
func segment(a netip.Addr) netip.Prefix {
	bits := 24
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits)
	return p
}

// network gives the declared network of a, or nil.
func (d *drift) network(a netip.Addr) *model.Network {
	if d.Ledger == nil {
		return nil
	}
	return d.Ledger.NetworkOf(a)
}

// dynamic reports whether addresses around a are given out by DHCP, as declared or as seen.
func (d *drift) dynamic(a netip.Addr) bool {
	if n := d.network(a); n != nil && n.DHCP {
		return true
	}
	if d.Ledger != nil {
		for _, h := range d.Ledger.ByIP(a) {
			if h.DHCP {
				return true
			}
			if len(h.MACs) > 0 || len(h.Addrs) == 1 && h.Addrs[0].Single() {
				return false // declared as fixed
			}
		}
	}
	return d.leased[segment(a)]
}

// asset names a host as a person would.
func asset(h *model.Host) model.Asset {
	a := model.Asset{Host: h.ID}
	if len(h.IPs) > 0 {
		a.IP = firstIP(h).String()
	}
	if len(h.MACs) > 0 {
		a.MAC = h.MACs[0].String()
	}
	a.Label = cmp.Or(firstName(h), a.IP, a.MAC, h.ID)
	return a
}

// firstIP prefers an IPv4 address that is not link-local: the one that people know.
func firstIP(h *model.Host) netip.Addr {
	for _, a := range h.IPs {
		if a.Is4() && !a.IsLinkLocalUnicast() {
			return a
		}
	}
	return h.IPs[0]
}

func firstName(h *model.Host) string {
	if len(h.Names) > 0 {
		return h.Names[0]
	}
	return ""
}

// label is the asset's label with its address behind it.
func label(a model.Asset) string {
	if a.IP == "" || a.IP == a.Label {
		return a.Label
	}
	return a.Label + " (" + a.IP + ")"
}
