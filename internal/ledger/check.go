package ledger

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// check holds the finished ledger against itself: what one row says against what the others say.
func (im *importer) check() {
	l := im.rep.Ledger
	im.checkHosts(l.Hosts)
	im.checkSameAddress(l.Hosts)
	im.checkRanges(l.Hosts)
	im.checkSameMAC(l.Hosts)
	im.checkSameName(l.Hosts)
	im.checkNetworks(l.Networks)
	im.checkPlacement(l)
	im.checkReferences(l)
	im.checkEntries(l)
	sortSlips(im.rep.Slips)
}

// sortSlips orders by sheet and row, so that a person can go through the workbook from top to bottom.
func sortSlips(ss []model.Slip) {
	at := func(s model.Slip) model.Place {
		if len(s.Places) == 0 {
			return model.Place{}
		}
		return s.Places[0]
	}
	slices.SortStableFunc(ss, func(a, b model.Slip) int {
		p, q := at(a), at(b)
		return cmp.Or(cmp.Compare(p.Sheet, q.Sheet), cmp.Compare(p.Row, q.Row), cmp.Compare(len(p.Column), len(q.Column)), cmp.Compare(p.Column, q.Column), cmp.Compare(a.Code, b.Code))
	})
}

// in gives the cell of a field in the row of p.
func (im *importer) in(p model.Place, field string) model.Place {
	p.Column = im.columns[tableKey(p.Sheet, p.Column)][field]
	return p
}

func (im *importer) found(code, cellText string, places []model.Place, args ...string) {
	m := map[string]string{}
	for i := 0; i+1 < len(args); i += 2 {
		m[args[i]] = oneLine(args[i+1])
	}
	if len(places) > 0 {
		m["sheet"] = places[0].Sheet
	}
	im.slip(model.Slip{Code: code, Cell: cellText, Places: places, Args: m})
}

// hostLabel is how a person would call a declared host.
func hostLabel(h *model.LedgerHost) string {
	return oneLine(cmp.Or(h.Name, h.AssetNo, firstAddress(h), firstMAC(h), h.Serial))
}

func (im *importer) checkHosts(hs []model.LedgerHost) {
	for i := range hs {
		h := &hs[i]
		name := hostLabel(h)
		switch {
		case h.Retired && len(h.Addrs) > 0:
			im.found("retired_with_address", formatRanges(h.Addrs), []model.Place{im.in(h.Place, "ip")}, "name", name, "ip", formatRanges(h.Addrs), "status", cmp.Or(h.Status, h.Note))
		case h.Retired:
		case len(h.Addrs) == 0 && !h.DHCP && len(h.MACs) == 0 && !im.saidOfAddress(h):
			im.found("missing_address", "", []model.Place{im.in(h.Place, "ip")}, "name", name)
		}
		if h.Name == "" && h.AssetNo == "" {
			im.found("missing_name", "", []model.Place{im.in(h.Place, "name")}, "name", name)
		}
		if end, ok := lastDay(h.MaintainEnd); ok && !h.Retired && !im.opts.Now.IsZero() && im.opts.Now.After(end.Add(24*time.Hour)) {
			im.found("maintenance_expired", h.MaintainEnd, []model.Place{im.in(h.Place, "maintain_end")}, "name", name, "date", h.MaintainEnd)
		}
	}
}

// saidOfAddress reports that the row already has a slip about its addresses: one is enough.
func (im *importer) saidOfAddress(h *model.LedgerHost) bool {
	if im.slipped == nil {
		im.slipped = map[model.Place]bool{}
		rows := hostRows(im.rep.Ledger)
		for _, s := range im.rep.Slips {
			if s.Code != "invalid_ip" && s.Code != "invalid_mac" && s.Code != "formula_error" && s.Code != "formula_empty" {
				continue
			}
			if x := hostAt(rows, s.Places[0]); x != nil {
				im.slipped[x.Place] = true
			}
		}
	}
	return im.slipped[h.Place]
}

// grouped sorts hosts that are in use by something they should not share.
func grouped[K comparable](hs []model.LedgerHost, keys func(*model.LedgerHost) []K) (order []K, by map[K][]int) {
	by = map[K][]int{}
	for i := range hs {
		if hs[i].Retired {
			continue
		}
		for _, k := range keys(&hs[i]) {
			if by[k] == nil {
				order = append(order, k)
			}
			by[k] = append(by[k], i)
		}
	}
	return order, by
}

func (im *importer) places(hs []model.LedgerHost, group []int, field string) []model.Place {
	out := make([]model.Place, 0, min(len(group), maxPlaces))
	for _, i := range group {
		if len(out) == maxPlaces {
			break
		}
		out = append(out, im.in(hs[i].Place, field))
	}
	return out
}

// maxPlaces bounds the places of one slip; the count in its words is the whole number.
const maxPlaces = 8

func (im *importer) labels(hs []model.LedgerHost, group []int) string {
	s := ""
	for n, i := range group {
		if n == 3 {
			return s + "…"
		}
		if n > 0 {
			s += "、"
		}
		s += hostLabel(&hs[i])
	}
	return s
}

func (im *importer) checkSameAddress(hs []model.LedgerHost) {
	order, by := grouped(hs, func(h *model.LedgerHost) (out []netip.Addr) {
		for _, r := range h.Addrs {
			if r.Single() {
				out = append(out, r.From)
			}
		}
		return out
	})
	for _, ip := range order {
		if g := by[ip]; len(g) > 1 {
			im.found("duplicate_ip", ip.String(), im.places(hs, g, "ip"), "ip", ip.String(), "count", strconv.Itoa(len(g)), "names", im.labels(hs, g))
		}
	}
}

// checkRanges finds addresses that a range has and another row too. Ranges are walked in order of their first address;
// for each, what begins inside it is what it overlaps.
func (im *importer) checkRanges(hs []model.LedgerHost) {
	type held struct {
		model.AddrRange
		host int
	}
	var all []held
	for i := range hs {
		for _, r := range hs[i].Addrs {
			if !hs[i].Retired {
				all = append(all, held{r, i})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b held) int {
		return cmp.Or(a.From.Compare(b.From), b.To.Compare(a.To))
	})
	work := 0
	for i, r := range all {
		if r.Single() {
			continue
		}
		if work > maxOverlapWork {
			im.found("overlap_unchecked", "", []model.Place{im.in(hs[r.host].Place, "ip")}, "ip", formatRanges([]model.AddrRange{r.AddrRange}), "max", strconv.Itoa(maxOverlapWork))
			return
		}
		group, count := []int{r.host}, 0
		first := netip.Addr{}
		for _, x := range all[i+1:] {
			if work++; !r.Contains(x.From) || work > maxOverlapWork {
				break
			}
			if x.host == r.host {
				continue
			}
			if count++; count == 1 {
				first = x.From
			}
			if len(group) < maxPlaces && !slices.Contains(group, x.host) {
				group = append(group, x.host)
			}
		}
		if count > 0 {
			im.found("range_overlap", formatRanges([]model.AddrRange{r.AddrRange}), im.places(hs, group, "ip"), "ip", formatRanges([]model.AddrRange{r.AddrRange}),
				"first", first.String(), "count", strconv.Itoa(count), "names", im.labels(hs, group))
		}
	}
}

// maxOverlapWork bounds the comparisons of ranges: a ledger of nothing but huge ranges must not take forever.
var maxOverlapWork = 5_000_000

func (im *importer) checkSameMAC(hs []model.LedgerHost) {
	order, by := grouped(hs, func(h *model.LedgerHost) []model.MAC { return h.MACs })
	for _, m := range order {
		if g := by[m]; len(g) > 1 {
			im.found("duplicate_mac", m.String(), im.places(hs, g, "mac"), "mac", m.String(), "count", strconv.Itoa(len(g)), "names", im.labels(hs, g))
		}
	}
}

// checkSameName finds rows that give the same name. If they also tell different people or departments, that is the
// thing to say: they are one machine that two people think is theirs, or two machines with one name.
func (im *importer) checkSameName(hs []model.LedgerHost) {
	for _, by := range []struct {
		code, field string
		key         func(*model.LedgerHost) string
	}{
		{"duplicate_name", "name", func(h *model.LedgerHost) string { return nameKey(h.Name) }},
		{"duplicate_asset", "asset_no", func(h *model.LedgerHost) string { return fold(h.AssetNo) }},
	} {
		order, groups := grouped(hs, func(h *model.LedgerHost) []string {
			if k := by.key(h); k != "" {
				return []string{k}
			}
			return nil
		})
		for _, k := range order {
			g := groups[k]
			if len(g) < 2 {
				continue
			}
			code, field := by.code, by.field
			who := differing(hs, g)
			if who != "" {
				code, field = "two_owners", "owner"
			}
			im.found(code, hs[g[0]].Name, im.places(hs, g, field), "key", k, "name", hostLabel(&hs[g[0]]), "count", strconv.Itoa(len(g)), "names", im.labels(hs, g), "who", who)
		}
	}
}

// differing tells the people or departments in which rows differ; "" if they agree or say nothing.
func differing(hs []model.LedgerHost, group []int) string {
	for _, get := range []func(*model.LedgerHost) string{func(h *model.LedgerHost) string { return h.Owner }, func(h *model.LedgerHost) string { return h.Department }} {
		first := ""
		for _, i := range group {
			switch v := get(&hs[i]); {
			case v == "":
			case first == "":
				first = v
			case fold(v) != fold(first):
				return oneLine(first) + " / " + oneLine(v)
			}
		}
	}
	return ""
}
