package ledger

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/mimawari/mimawari/internal/model"
)

var hostTable = &table[model.LedgerHost]{
	name: KindHosts, list: func(l *model.Ledger) *[]model.LedgerHost { return &l.Hosts },
	key: func(h *model.LedgerHost) string { return h.Key }, place: func(h *model.LedgerHost) *model.Place { return &h.Place },
	extra: func(h *model.LedgerHost) *[]model.Extra { return &h.Extra }, finish: finishHost, join: joinHost, identity: identified,
	columns: hostColumns,
}

var hostColumns = []column[model.LedgerHost]{
	text("asset_no", func(h *model.LedgerHost) *string { return &h.AssetNo }),
	{"name", func(h *model.LedgerHost) string { return h.Name }, setHostName},
	text("kind", func(h *model.LedgerHost) *string { return &h.Kind }),
	text("status", func(h *model.LedgerHost) *string { return &h.Status }),
	{"ip", hostAddresses, setHostAddresses},
	macs("mac", func(h *model.LedgerHost) *[]model.MAC { return &h.MACs }),
	text("zone", func(h *model.LedgerHost) *string { return &h.Zone }),
	text("site", func(h *model.LedgerHost) *string { return &h.Site }),
	text("location", func(h *model.LedgerHost) *string { return &h.Location }),
	text("department", func(h *model.LedgerHost) *string { return &h.Department }),
	text("system", func(h *model.LedgerHost) *string { return &h.System }),
	text("purpose", func(h *model.LedgerHost) *string { return &h.Purpose }),
	text("owner", func(h *model.LedgerHost) *string { return &h.Owner }),
	text("vendor", func(h *model.LedgerHost) *string { return &h.Vendor }),
	text("maker", func(h *model.LedgerHost) *string { return &h.Maker }),
	text("model", func(h *model.LedgerHost) *string { return &h.Model }),
	text("os", func(h *model.LedgerHost) *string { return &h.OS }),
	text("serial", func(h *model.LedgerHost) *string { return &h.Serial }),
	date("installed", func(h *model.LedgerHost) *string { return &h.Installed }),
	date("maintain_end", func(h *model.LedgerHost) *string { return &h.MaintainEnd }),
	text("note", func(h *model.LedgerHost) *string { return &h.Note }),
}

// setHostName takes no word for "nobody": 空き is not the name of a machine.
func setHostName(h *model.LedgerHost, _ *entry, c cell) {
	if h.Name == "" && !words().free[foldHeader(c.text)] {
		h.Name = c.text
	}
}

// identified reports whether a row declares a machine at all; headings between rows and footers do not.
func identified(h *model.LedgerHost) bool {
	named := h.Name != "" && !words().totals[foldHeader(h.Name)] && !totalWords.MatchString(foldHeader(h.Name))
	return named || h.AssetNo != "" || h.Serial != "" || len(h.Addrs) > 0 || len(h.MACs) > 0 || h.DHCP
}

func hostAddresses(h *model.LedgerHost) string {
	s := formatRanges(h.Addrs)
	switch {
	case h.DHCP && s != "":
		return "DHCP, " + s
	case h.DHCP:
		return "DHCP"
	}
	return s
}

func setHostAddresses(h *model.LedgerHost, e *entry, c cell) {
	a := e.addresses(c)
	h.DHCP = h.DHCP || a.dhcp
	for _, r := range a.ranges {
		if !slices.Contains(h.Addrs, r) {
			h.Addrs = append(h.Addrs, r)
		}
	}
}

// finishHost fills in what the sheet as a whole says (a sheet named プリンタ, 廃棄一覧) and what follows from the words.
func finishHost(h *model.LedgerHost, e *entry) {
	if h.Kind == "" && classOf(e.sheet) != model.ClassUnknown && classOf(h.Purpose) == model.ClassUnknown {
		h.Kind = e.sheet
	}
	if h.Status == "" && retiredBy(e.sheet) {
		h.Status = e.sheet
	}
	h.Class = classOf(h.Kind, h.Purpose)
	h.Retired = retiredBy(h.Status) || h.Status == "" && retiredNote(h.Note)
}

// retiredNote reads "2024/3 廃棄済み" in the remarks. Only words that say "done" count there: remarks tell of many things.
func retiredNote(note string) bool {
	t := foldHeader(note)
	for _, w := range words().retired {
		if strings.Contains(t, w+"済") {
			return true
		}
	}
	return false
}

// joinHost adds a row to the host above it when the cell that names the host is merged over both: one machine with
// several addresses.
func joinHost(prev, next *model.LedgerHost, e *entry) bool {
	own := func(field string) bool {
		for _, i := range e.columns[field] {
			if c := e.row.at(i); c.text != "" && c.carried == carriedNot {
				return true
			}
		}
		return false
	}
	if !e.carriedDown("name") && !e.carriedDown("asset_no") || own("name") || own("asset_no") || own("serial") {
		return false
	}
	for _, r := range next.Addrs {
		if !slices.Contains(prev.Addrs, r) {
			prev.Addrs = append(prev.Addrs, r)
		}
	}
	for _, m := range next.MACs {
		if !slices.Contains(prev.MACs, m) {
			prev.MACs = append(prev.MACs, m)
		}
	}
	prev.DHCP = prev.DHCP || next.DHCP
	joinTexts(prev, next)
	finishHost(prev, e)
	return true
}

// joinTexts fills what the rows above left empty.
func joinTexts(prev, next *model.LedgerHost) {
	for _, c := range hostColumns {
		switch c.field {
		case "ip", "mac", "name", "asset_no":
			continue
		}
		if c.get(prev) == "" && c.get(next) != "" {
			c.set(prev, nil, cell{text: c.get(next)})
		}
	}
}

// assignKeys gives every host its key: asset number, else name, else first address, else MAC. Where several hosts share
// one, the key is made of more of what they have, so that it does not depend on the order of rows.
func assignKeys(hs []model.LedgerHost) {
	for i := range hs {
		hs[i].Key = candidateKey(&hs[i])
	}
	for _, more := range []func(*model.LedgerHost) string{firstAddress, firstMAC, func(h *model.LedgerHost) string { return fold(h.Serial) }, func(h *model.LedgerHost) string { return fold(h.Location) }} {
		for _, group := range sharedKeys(hs) {
			for _, i := range group {
				if m := more(&hs[i]); m != "" {
					hs[i].Key += "|" + m
				}
			}
		}
	}
	for _, group := range sharedKeys(hs) {
		for n, i := range sortedByContent(hs, group) {
			if n > 0 {
				hs[i].Key += "|#" + strconv.Itoa(n+1)
			}
		}
	}
}

func candidateKey(h *model.LedgerHost) string {
	return cmp.Or(fold(h.AssetNo), fold(h.Name), firstAddress(h), firstMAC(h), fold(h.Serial), fold(h.Location+" "+h.Purpose))
}

func firstAddress(h *model.LedgerHost) string {
	if len(h.Addrs) == 0 {
		return ""
	}
	return formatRanges(h.Addrs[:1])
}

func firstMAC(h *model.LedgerHost) string {
	if len(h.MACs) == 0 {
		return ""
	}
	return h.MACs[0].String()
}

// sharedKeys gives the indexes of hosts that have the same key, in the order of first appearance.
func sharedKeys(hs []model.LedgerHost) (groups [][]int) {
	by := map[string][]int{}
	for i := range hs {
		by[hs[i].Key] = append(by[hs[i].Key], i)
	}
	for i := range hs {
		if g := by[hs[i].Key]; len(g) > 1 && g[0] == i {
			groups = append(groups, g)
		}
	}
	return groups
}

// sortedByContent orders hosts by what they say, so that swapping two equal-named rows changes nothing.
func sortedByContent(hs []model.LedgerHost, group []int) []int {
	content := make(map[int]string, len(group))
	for _, i := range group {
		content[i] = strings.Join(hostTable.record(&hs[i]).values, "\x00")
	}
	out := slices.Clone(group)
	slices.SortStableFunc(out, func(a, b int) int { return strings.Compare(content[a], content[b]) })
	return out
}
