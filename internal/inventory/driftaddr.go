package inventory

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// When claims of one address by two machines are called a conflict. A single strange frame, of a damaged capture or a machine that
// tries an address (RFC 5227), is none.
const (
	manyMoves = 3 // to and fro and to again: surely both are there; needed where DHCP gives out addresses
	minClaims = 2 // of each machine
)

// duplicateIPs: two machines answer for one address at the same time. Not: an FHRP address, a proxy, the cards of one machine,
// an address that was given to the next machine after a gap.
func duplicateIPs(d *drift) []model.Finding {
	var out []model.Finding
	proxies := d.proxies()
	for p, list := range d.claims {
		if rivals := d.rivals(p, list, proxies); len(rivals) > 1 {
			out = append(out, d.duplicate(p, rivals))
		}
	}
	return out
}

// proxies are the MACs that claim more addresses than a machine of its own would.
func (d *drift) proxies() map[model.MAC]bool {
	count := map[model.MAC]int{}
	for p, list := range d.claims {
		macs := map[model.MAC]bool{}
		for _, b := range list {
			if p.addr.Is4() && !macs[b.MAC] {
				macs[b.MAC] = true
				count[b.MAC]++
			}
		}
	}
	out := map[model.MAC]bool{}
	for m, n := range count {
		out[m] = n > proxyClaims
	}
	return out
}

// rivals gives one binding for each machine that claims p at the same time as another one.
func (d *drift) rivals(p place, list []model.Binding, proxies map[model.MAC]bool) []model.Binding {
	owners := ownersOf(list, func(b *model.Binding) bool {
		return (b.Kind == model.BindARP || b.Kind == model.BindNDP) && !b.MAC.IsVirtualRouter() && !proxies[b.MAC]
	})
	var out []model.Binding
	for i, x := range owners {
		for j, y := range owners {
			if i != j && d.strangers(x.MAC, y.MAC) && d.conflict(p, &x, &y) {
				out = append(out, x)
				break
			}
		}
	}
	return out
}

// ownersOf joins the wanted bindings by MAC, in order of the MACs.
func ownersOf(list []model.Binding, wanted func(*model.Binding) bool) []model.Binding {
	var out []model.Binding
	for i := range list {
		b := &list[i]
		if !wanted(b) {
			continue
		}
		k := slices.IndexFunc(out, func(x model.Binding) bool { return x.MAC == b.MAC })
		if k < 0 {
			out = append(out, *b)
			continue
		}
		widen(&out[k].First, &out[k].Last, b.First, b.Last)
		out[k].Count += b.Count
		out[k].Moves += b.Moves
	}
	slices.SortFunc(out, func(a, b model.Binding) int { return compareMAC(a.MAC, b.MAC) })
	return out
}

func (d *drift) strangers(a, b model.MAC) bool {
	return (d.byMAC[a] == nil || d.byMAC[a] != d.byMAC[b]) && !neighbours(a, b)
}

// conflict: both claimed the address more than once, in times that overlap; where DHCP gives out addresses it must also have moved to
// and fro.
func (d *drift) conflict(p place, x, y *model.Binding) bool {
	if x.Count < minClaims || y.Count < minClaims || x.Last.Before(y.First) || y.Last.Before(x.First) {
		return false
	}
	return !d.dynamic(p.addr) || x.Moves+y.Moves >= manyMoves
}

func (d *drift) duplicate(p place, rivals []model.Binding) model.Finding {
	level, reason := seriousness(rivals)
	f := model.Finding{Rule: RuleDuplicateIP, Severity: level}
	cause := []string{p.addr.String()}
	var macs []string
	for _, r := range rivals {
		cause = append(cause, r.MAC.String())
		a := model.Asset{Label: r.MAC.String(), IP: p.addr.String(), MAC: r.MAC.String()}
		if h := d.byMAC[r.MAC]; h != nil {
			a = asset(h)
			a.IP, a.MAC = p.addr.String(), r.MAC.String()
		}
		f.Assets = append(f.Assets, a)
		macs = append(macs, named(a))
		f.Count += r.Count
		widen(&f.First, &f.Last, r.First, r.Last)
		if len(f.Evidence) < model.MaxEvidence {
			f.Evidence = append(f.Evidence, claimed(p.addr, r))
		}
	}
	f.ID = model.FindingID(RuleDuplicateIP, cause...)
	f.Params = map[string]string{"ip": p.addr.String(), "macs": strings.Join(macs, ", "), "reason_key": reason}
	return f
}

// seriousness: high if the address went to and fro again and again; medium if it came back only once, or if a virtual machine's card and a
// real one share it, which a PC does whose Wi-Fi card its virtual machines use.
func seriousness(rivals []model.Binding) (model.Severity, string) {
	moves, guests := uint32(0), 0
	for _, r := range rivals {
		moves += r.Moves
		if virtual(r.MAC) {
			guests++
		}
	}
	switch {
	case guests > 0 && guests < len(rivals):
		return model.Medium, "inventory.reason.dup_guest"
	case moves < manyMoves:
		return model.Medium, "inventory.reason.dup_once"
	}
	return model.High, "inventory.reason.dup_turns"
}

func named(a model.Asset) string {
	if a.Label == a.MAC || a.Label == a.IP {
		return a.MAC
	}
	return a.Label + " [" + a.MAC + "]"
}

func claimed(a netip.Addr, b model.Binding) model.Evidence {
	return model.Evidence{
		At: b.First, Source: b.Source, Where: string(b.Kind),
		Text: fmt.Sprintf("%s is-at %s, %d times until %s", a, b.MAC, b.Count, b.Last.Format(time.RFC3339)),
	}
}

// macChanges: a fixed address answers with another MAC than it is declared with, than it had in earlier patrols, or than it had earlier
// in this one. Not where DHCP gives out addresses, not for random MACs, not between the cards of one machine.
func macChanges(d *drift) []model.Finding {
	before := map[netip.Addr][]model.Binding{}
	for _, b := range d.Known.Bindings {
		if b.Kind == model.BindARP || b.Kind == model.BindNDP || b.Kind == model.BindTable {
			before[b.Addr] = append(before[b.Addr], b)
		}
	}
	var out []model.Finding
	for p, list := range d.claims {
		if p.addr.IsLinkLocalUnicast() || p.addr.Is6() || d.dynamic(p.addr) {
			continue // IPv6 addresses are made by the machines themselves, and change by design (RFC 8981)
		}
		owners := ownersOf(list, func(b *model.Binding) bool { return b.Kind != model.BindFrame && !b.MAC.IsVirtualRouter() })
		slices.SortStableFunc(owners, func(a, b model.Binding) int { return a.First.Compare(b.First) })
		if f, ok := d.changed(p, owners, before[p.addr]); ok {
			out = append(out, f)
		}
	}
	return out
}

// changed compares the latest owner with the declared one, the known one, and the one before it.
func (d *drift) changed(p place, owners, known []model.Binding) (model.Finding, bool) {
	if len(owners) == 0 {
		return model.Finding{}, false
	}
	now := owners[len(owners)-1]
	if len(owners) > 1 && !owners[len(owners)-2].Last.Before(now.First) {
		return model.Finding{}, false // both at the same time: a duplicate
	}
	switch old, verdict := d.declaredMAC(p.addr, now.MAC); verdict {
	case otherDeclared:
		return d.macChange(p, old, now, "inventory.reason.mac_ledger"), true
	case asDeclared:
		return model.Finding{}, false // replaced, and the ledger knows
	}
	for _, k := range known {
		if (k.VLAN == p.vlan || k.VLAN == 0) && d.another(k.MAC, now.MAC) {
			return d.macChange(p, k, now, "inventory.reason.mac_before"), true
		}
	}
	if len(owners) > 1 && now.Count >= minClaims {
		if old := owners[len(owners)-2]; d.another(old.MAC, now.MAC) && !virtual(old.MAC) && !virtual(now.MAC) {
			return d.macChange(p, old, now, "inventory.reason.mac_now"), true
		}
	}
	return model.Finding{}, false
}

// another reports whether the two MACs are of two machines and neither is random or virtual.
func (d *drift) another(old, now model.MAC) bool {
	return old != now && !old.IsZero() && !old.IsLocal() && !now.IsLocal() && !old.IsVirtualRouter() && d.strangers(old, now) && !d.was(old, now)
}

// was reports whether an earlier patrol knew both MACs as one machine.
func (d *drift) was(a, b model.MAC) bool {
	for i := range d.Known.Hosts {
		if m := d.Known.Hosts[i].MACs; slices.Contains(m, a) && slices.Contains(m, b) {
			return true
		}
	}
	return false
}

// verdict is what the ledger says of a MAC at an address.
type verdict int

const (
	notDeclared verdict = iota
	asDeclared
	otherDeclared
)

// declaredMAC holds now against the MACs that the ledger has for the address alone; if none is now's it gives the first of them.
func (d *drift) declaredMAC(a netip.Addr, now model.MAC) (model.Binding, verdict) {
	if d.Ledger == nil || now.IsVirtualRouter() {
		return model.Binding{}, notDeclared
	}
	for _, h := range d.Ledger.ByIP(a) {
		if h.Retired || h.DHCP || len(h.MACs) == 0 || !slices.ContainsFunc(h.Addrs, func(r model.AddrRange) bool { return r.Single() && r.From == a }) {
			continue
		}
		if slices.ContainsFunc(h.MACs, func(m model.MAC) bool { return m == now || !d.strangers(m, now) }) {
			return model.Binding{}, asDeclared
		}
		return model.Binding{MAC: h.MACs[0], Addr: a, Source: h.Place.File, Kind: "ledger"}, otherDeclared
	}
	return model.Binding{}, notDeclared
}

func (d *drift) macChange(p place, old, now model.Binding, reason string) model.Finding {
	a := model.Asset{Label: p.addr.String()}
	level := model.Medium
	if h := d.byMAC[now.MAC]; h != nil {
		a = asset(h)
		switch h.Class {
		case model.ClassServer, model.ClassPACS, model.ClassHIS, model.ClassFirewall, model.ClassRouter, model.ClassVPN:
			level = model.High
		}
	}
	if n := d.network(p.addr); n != nil && n.Gateway == p.addr {
		level = model.High
	}
	a.IP, a.MAC = p.addr.String(), now.MAC.String()
	f := model.Finding{
		ID: model.FindingID(RuleMACChange, p.addr.String(), old.MAC.String(), now.MAC.String()), Rule: RuleMACChange, Severity: level,
		Assets: []model.Asset{a}, First: now.First, Last: now.Last, Count: max(now.Count, 1), Evidence: []model.Evidence{claimed(p.addr, now)},
		Params: map[string]string{"ip": p.addr.String(), "host": label(a), "old": old.MAC.String(), "new": now.MAC.String(), "reason_key": reason},
	}
	if old.Kind != "ledger" {
		f.Evidence = append([]model.Evidence{claimed(p.addr, old)}, f.Evidence...)
	}
	return f
}
