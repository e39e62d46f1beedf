package inventory

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/mimawari/mimawari/internal/model"
)

// nameMismatches: the machine at a declared address or MAC calls itself something else. Only names that look like host names are
// compared: 受付のパソコン is a description, not a name.
func nameMismatches(d *drift) []model.Finding {
	if !d.declares {
		return nil
	}
	said := d.saidNames()
	var out []model.Finding
	for _, h := range d.present {
		if h.Ledger == nil || h.Ledger.By == "name" || !hostname(h.Ledger.Name) {
			continue
		}
		declared := d.ledgerHost(h.Ledger.Key)
		if declared == nil || declared.Retired || h.Ledger.By == "ip" && (!declaresAlone(declared, h) || declared.DHCP) {
			continue
		}
		if names := said[h.ID]; len(names) > 0 && !agree(h.Ledger.Name, declared, names) {
			out = append(out, mismatch(h, declared, names))
		}
	}
	return out
}

// saidNames gives what each host calls itself, by host id.
func (d *drift) saidNames() map[string][]string {
	out := map[string][]string{}
	for i := range d.Seen.Observations {
		o := &d.Seen.Observations[i]
		if rank, ok := nameRank[o.Kind]; !ok || rank > ownName || !tells(o.Kind, o.Value) || splitName(o.Value).short == "" {
			continue
		}
		if h := d.speaker(o); h != nil && len(out[h.ID]) < maxNames {
			out[h.ID] = appendNew(out[h.ID], o.Value)
		}
	}
	return out
}

func (d *drift) speaker(o *model.Observation) *model.Host {
	held := d.byAddr[o.Subject]
	if h := d.byMAC[o.MAC]; h != nil && (!o.Subject.IsValid() || o.Subject.IsUnspecified() || slices.Contains(held, h)) {
		return h
	}
	if len(held) == 1 {
		return held[0]
	}
	return nil
}

// hostname reports whether s is written as a host name (letters, digits, - _ .), in half or full width.
func hostname(s string) bool {
	n := splitName(s)
	return n.short != "" && !n.generic() && strings.Trim(n.short, "abcdefghijklmnopqrstuvwxyz0123456789-_") == ""
}

func agree(declared string, h *model.LedgerHost, names []string) bool {
	for _, n := range names {
		if sameName(splitName(declared), splitName(n)) || h.AssetNo != "" && sameName(splitName(h.AssetNo), splitName(n)) {
			return true
		}
	}
	return false
}

func mismatch(h *model.Host, declared *model.LedgerHost, names []string) model.Finding {
	a := asset(h)
	slices.Sort(names)
	return model.Finding{
		ID: model.FindingID(RuleNameMismatch, declared.Key, splitName(names[0]).short), Rule: RuleNameMismatch, Severity: model.Low,
		Assets: []model.Asset{a}, First: h.First, Last: h.Last, Count: 1,
		Params:   map[string]string{"declared": h.Ledger.Name, "names": strings.Join(names[:min(len(names), 3)], ", "), "ip": dash(a.IP), "mac": dash(a.MAC), "place": rowOf(declared)},
		Evidence: []model.Evidence{{At: h.Last, Source: declared.Place.File, Where: rowOf(declared), Text: fmt.Sprintf("declared %s, seen %s", h.Ledger.Name, names[0])}},
	}
}

// unknownNetworks: internal addresses outside all declared networks, one finding for each /24 or /64.
func unknownNetworks(d *drift) []model.Finding {
	if !d.networks {
		return nil
	}
	groups := map[netip.Prefix][]*model.Host{}
	for _, h := range d.present {
		for _, a := range h.IPs {
			if a.Is4() && !a.IsLinkLocalUnicast() && model.IsInternal(a) && d.network(a) == nil && !d.declaredAddr(a) {
				groups[segment(a)] = append(groups[segment(a)], h)
			}
		}
	}
	var out []model.Finding
	for p, hosts := range groups {
		out = append(out, strangeNetwork(p, hosts))
	}
	return out
}

// declaredAddr: the ledger has the address itself, as a host or as a line's gateway or peer.
func (d *drift) declaredAddr(a netip.Addr) bool {
	if len(d.Ledger.ByIP(a)) > 0 {
		return true
	}
	l := d.Ledger.Ledger()
	for i := range l.Lines {
		if slices.Contains(l.Lines[i].Gateways, a) || slices.ContainsFunc(l.Lines[i].Peers, func(p netip.Prefix) bool { return p.Contains(a) }) {
			return true
		}
	}
	return false
}

func strangeNetwork(p netip.Prefix, hosts []*model.Host) model.Finding {
	slices.SortFunc(hosts, func(a, b *model.Host) int { return cmp.Or(byAddress(*a, *b)) })
	f := model.Finding{ID: model.FindingID(RuleUnknownNetwork, p.String()), Rule: RuleUnknownNetwork, Severity: model.Low, Count: uint64(len(hosts))}
	var names []string
	for _, h := range hosts {
		if len(h.MACs) > 0 {
			f.Severity = model.Medium // it is here, not only behind a router
		}
		a := asset(h)
		widen(&f.First, &f.Last, h.First, h.Last)
		if len(f.Assets) < model.MaxEvidence {
			f.Assets = append(f.Assets, a)
			names = append(names, label(a))
			f.Evidence = append(f.Evidence, model.Evidence{At: h.First, Text: model.Clean(fmt.Sprintf("ip=%v mac=%v", h.IPs, h.MACs))})
		}
	}
	f.Params = map[string]string{"network": p.String(), "count": strconv.Itoa(len(hosts)), "hosts": strings.Join(names[:min(len(names), 3)], ", ")}
	return f
}

// minPublic is how many frames must come from a public address before it is one that a machine uses.
const minPublic = 3

// publicSources: a machine of the inside sends with a public address that no declared network has. Its card must claim an internal address
// too (frames from one are not enough: a router's frames come from all), and not be the way out; IPv6 is left out, where public addresses
// inside are normal.
func publicSources(d *drift) []model.Finding {
	type cause struct {
		addr netip.Addr
		mac  model.MAC
	}
	found := map[cause]*model.Finding{}
	note := func(a netip.Addr, m model.MAC, b model.Binding, text string) {
		if !a.Is4() || !model.IsExternal(a) || m.IsZero() || m.IsGroup() || m.IsVirtualRouter() || d.gateways[m] || d.network(a) != nil || !d.insider(m) {
			return
		}
		f := found[cause{a, m}]
		if f == nil {
			f = d.publicSource(a, m)
			found[cause{a, m}] = f
		}
		f.Count += b.Count
		widen(&f.First, &f.Last, b.First, b.Last)
		if len(f.Evidence) < model.MaxEvidence {
			f.Evidence = append(f.Evidence, model.Evidence{At: b.First, Source: b.Source, Text: text})
		}
	}
	for p, list := range d.claims {
		for _, b := range list {
			note(p.addr, b.MAC, b, fmt.Sprintf("%s is-at %s (%s)", p.addr, b.MAC, b.Kind))
		}
	}
	for _, c := range d.Seen.Conversations {
		b := model.Binding{First: c.First, Last: c.Last, Count: c.PacketsOut}
		if c.Tunnel == "" {
			note(c.Client, c.ClientMAC, b, fmt.Sprintf("%s > %s:%d", c.Client, c.Server, c.Port))
		}
	}
	out := make([]model.Finding, 0, len(found))
	for _, f := range found {
		if f.Count >= minPublic {
			out = append(out, *f)
		}
	}
	return out
}

// insider reports whether the card claims an internal address of its own.
func (d *drift) insider(m model.MAC) bool {
	h := d.byMAC[m]
	return h != nil && !slices.Contains(h.Roles, "gateway") && slices.ContainsFunc(h.IPs, func(a netip.Addr) bool {
		return a.Is4() && model.IsInternal(a) && d.claimant[m]
	})
}

func (d *drift) publicSource(a netip.Addr, m model.MAC) *model.Finding {
	x := asset(d.byMAC[m])
	x.MAC = m.String()
	return &model.Finding{
		ID: model.FindingID(RulePublicSource, a.String(), m.String()), Rule: RulePublicSource, Severity: model.Medium, Assets: []model.Asset{x},
		Params: map[string]string{"ip": a.String(), "host": label(x), "mac": x.MAC},
	}
}
