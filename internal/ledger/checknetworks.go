package ledger

import (
	"cmp"
	"slices"

	"github.com/mimawari/mimawari/internal/model"
)

func (im *importer) checkNetworks(ns []model.Network) {
	order := make([]int, 0, len(ns))
	for i := range ns {
		n := &ns[i]
		if !n.Prefix.IsValid() {
			continue
		}
		order = append(order, i)
		if n.Gateway.IsValid() && !n.Prefix.Contains(n.Gateway) {
			im.found("gateway_outside", n.Gateway.String(), []model.Place{im.in(n.Place, "gateway")}, "ip", n.Gateway.String(), "network", n.Prefix.String(), "name", cmp.Or(n.Name, n.Prefix.String()))
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(ns[a].Prefix.Addr().Compare(ns[b].Prefix.Addr()), cmp.Compare(ns[a].Prefix.Bits(), ns[b].Prefix.Bits()))
	})
	// In this order a network that overlaps an earlier one lies inside the last of the enclosing ones.
	var open []int
	for _, i := range order {
		for len(open) > 0 && !ns[open[len(open)-1]].Prefix.Overlaps(ns[i].Prefix) {
			open = open[:len(open)-1]
		}
		if len(open) > 0 {
			o := &ns[open[len(open)-1]]
			im.found("network_overlap", ns[i].Prefix.String(), []model.Place{im.in(o.Place, "prefix"), im.in(ns[i].Place, "prefix")},
				"network", o.Prefix.String(), "other", ns[i].Prefix.String(), "names", cmp.Or(o.Name, "?")+"、"+cmp.Or(ns[i].Name, "?"))
		}
		open = append(open, i)
	}
}

// checkPlacement holds the hosts' addresses and zones against the declared networks. Without networks there is nothing
// to say, and outside addresses are not expected in any.
func (im *importer) checkPlacement(l *model.Ledger) {
	if !slices.ContainsFunc(l.Networks, func(n model.Network) bool { return n.Prefix.IsValid() }) {
		return
	}
	x := newNetworks(l.Networks)
	for i := range l.Hosts {
		h := &l.Hosts[i]
		if h.Retired {
			continue
		}
		for _, r := range h.Addrs {
			im.placeRange(x, h, r)
		}
	}
}

func (im *importer) placeRange(x *networks, h *model.LedgerHost, r model.AddrRange) {
	n := x.of(r.From)
	at := []model.Place{im.in(h.Place, "ip")}
	switch {
	case n == nil && model.IsInternal(r.From):
		im.found("ip_outside_network", r.From.String(), at, "ip", formatRanges([]model.AddrRange{r}), "name", hostLabel(h))
	case n == nil:
	case r.Single() && r.From.Is4() && n.Prefix.Bits() < 31 && (r.From == n.Prefix.Addr() || r.From == lastOf(n.Prefix)):
		im.found("network_address", r.From.String(), at, "ip", r.From.String(), "network", n.Prefix.String(), "name", hostLabel(h))
	case !n.Prefix.Contains(r.To):
		im.found("ip_outside_network", r.To.String(), at, "ip", formatRanges([]model.AddrRange{r}), "name", hostLabel(h))
	case h.Zone != "" && n.Zone != "" && fold(h.Zone) != fold(n.Zone) && fold(h.Zone) != fold(n.Name):
		im.found("zone_mismatch", h.Zone, []model.Place{im.in(h.Place, "zone"), im.in(n.Place, "zone")}, "name", hostLabel(h), "zone", h.Zone, "other", n.Zone, "ip", r.From.String())
	}
}

// checkReferences finds names that no sheet declares. A sheet that is not there, or is empty, declares nothing and is
// not missed.
func (im *importer) checkReferences(l *model.Ledger) {
	zones, vendors, systems := map[string]bool{}, map[string]bool{}, map[string]bool{}
	sites, departments := map[string]bool{}, map[string]bool{}
	eachName(l.Zones, func(z model.Zone) { zones[fold(z.Name)] = true })
	eachName(l.Vendors, func(v model.Vendor) { vendors[fold(v.Name)] = true })
	eachName(l.Systems, func(s model.System) { systems[fold(s.Name)] = true })
	eachName(l.Sites, func(s model.Site) { sites[fold(s.Name)] = true })
	eachName(l.Departments, func(d model.Department) { departments[fold(d.Name)] = true })
	if len(zones) > 0 { // a host's zone may be told by the name of its network
		eachName(l.Networks, func(n model.Network) { zones[fold(n.Name)] = true })
	}
	refs := &references{im: im, said: map[string]bool{}}
	for i := range l.Hosts {
		h := &l.Hosts[i]
		refs.check("unknown_zone", zones, h.Zone, h.Place, "zone")
		refs.check("unknown_vendor", vendors, h.Vendor, h.Place, "vendor")
		refs.check("unknown_system", systems, h.System, h.Place, "system")
		refs.check("unknown_site", sites, h.Site, h.Place, "site")
		refs.check("unknown_department", departments, h.Department, h.Place, "department")
	}
	for _, n := range l.Networks {
		refs.check("unknown_zone", zones, n.Zone, n.Place, "zone")
	}
	for _, s := range l.Systems {
		refs.check("unknown_vendor", vendors, s.Vendor, s.Place, "vendor")
	}
	for _, c := range l.Contracts {
		refs.check("unknown_vendor", vendors, c.Vendor, c.Place, "vendor")
		refs.check("unknown_system", systems, c.System, c.Place, "system")
	}
	for _, x := range l.Lines {
		refs.check("unknown_vendor", vendors, x.Vendor, x.Place, "vendor")
	}
}

func eachName[T any](xs []T, f func(T)) {
	for _, x := range xs {
		f(x)
	}
}

// references says every unknown name once, where it is first used.
type references struct {
	im   *importer
	said map[string]bool
}

func (r *references) check(code string, known map[string]bool, name string, p model.Place, field string) {
	k := fold(name)
	if name == "" || len(known) == 0 || known[k] || blankWord(name) || r.said[code+k] {
		return
	}
	r.said[code+k] = true
	r.im.found(code, name, []model.Place{r.im.in(p, field)}, "text", name)
}

// checkEntries finds the same zone, vendor, line... declared twice.
func (im *importer) checkEntries(l *model.Ledger) {
	for _, k := range Kinds[1:] {
		first := map[string]model.Place{}
		for _, r := range sectionOf[k].records(l) {
			if p, twice := first[r.key]; twice {
				im.found("duplicate_entry", r.label, []model.Place{p, r.place}, "text", r.label, "kind", string(k))
				continue
			}
			first[r.key] = r.place
		}
	}
}
