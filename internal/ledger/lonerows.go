package ledger

import (
	"slices"
	"strconv"
	"strings"

	"github.com/mimawari/mimawari/internal/model"
)

// Rows with an address and nothing else are of three kinds: a further address of the machine above, a free address in a
// list of all addresses, or a machine that somebody forgot to name. Which it is shows only in the rows around it.

const (
	maxFurther = 7 // more rows than this under one machine are a list, not its further addresses
	minFree    = 8 // from so many on they are a list of free addresses
)

// rowKind says what a row of hosts has of its own.
type rowKind uint8

const (
	rowFull rowKind = iota
	rowLone         // addresses alone
	rowFree         // an address said to be free
)

// kind looks at the cells of the row that are its own.
func (e *entry) kind() (k rowKind, numbered, hasMAC bool) {
	if len(e.columns["name"]) == 0 || e.carriedDown("name") || e.carriedDown("asset_no") {
		return rowFull, false, false
	}
	addressed, free := false, false
	for i, c := range e.row.cells {
		if c.carried != carriedNot || c.fault == "" && strings.Trim(c.text, "-－ー―—–‐ ") == "" {
			continue
		}
		u := ColumnUse{}
		if i < len(e.lay.uses) {
			u = e.lay.uses[i]
		}
		switch {
		case c.fault != "":
			return rowFull, false, false
		case u.Field == "ip":
			addressed = true
		case u.Field == "mac":
			addressed, hasMAC = true, true
		case u.Field == "name" && words().free[foldHeader(c.text)]:
			free = true
		case free && u.Field == "note":
		case u.Field == "" && neverHeader(KindHosts, u.Header) && strings.Trim(fold(c.text), "0123456789") == "":
			numbered = true
		default:
			return rowFull, false, false
		}
	}
	switch {
	case free && !hasMAC:
		return rowFree, numbered, false
	case addressed && !free:
		return rowLone, numbered, hasMAC
	}
	return rowFull, numbered, hasMAC
}

// settle decides about the lone rows below a machine, once the next row is known.
func (s *sheetImport) settle(t *tableRead) {
	rows := t.pending
	t.pending = nil
	if len(rows) == 0 {
		return
	}
	if !t.follows || len(rows) > maxFurther || !t.nameFirst() || !s.namedAbove(t) {
		t.lone = append(t.lone, rows...)
		return
	}
	for _, e := range rows {
		s.attach(t, e)
	}
}

// namedAbove reports whether the last machine of the table has a name: to one without, nobody would add an address.
func (s *sheetImport) namedAbove(t *tableRead) bool {
	if t.lastHost >= len(s.im.rep.Ledger.Hosts) {
		return false
	}
	h := &s.im.rep.Ledger.Hosts[t.lastHost]
	return h.Name != "" || h.AssetNo != ""
}

// nameFirst tells a list of machines from a list of addresses: in the first the name stands left of the address.
func (t *tableRead) nameFirst() bool {
	name := t.lay.columns["name"][0]
	for _, f := range []string{"ip", "mac"} {
		if is := t.lay.columns[f]; len(is) > 0 && is[0] < name {
			return false
		}
	}
	return true
}

// attach adds the addresses of a row to the machine above it, and says so.
func (s *sheetImport) attach(t *tableRead, e *entry) {
	prev := &s.im.rep.Ledger.Hosts[t.lastHost]
	var one model.Ledger
	s.im.rep.Rows++
	if !hostTable.read(&one, e) {
		return
	}
	s.rep.Taken++
	next := &one.Hosts[0]
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
	e.slipRow("row_attached", "name", hostLabel(prev), "text", e.firstText())
}

// rest decides about the lone rows of a whole table: many of them beside named machines are the free addresses of a list.
func (s *sheetImport) rest(t *tableRead) {
	s.settle(t)
	bare := func(e *entry) bool { _, _, mac := e.kind(); return !mac }
	n := 0
	for _, e := range t.lone {
		if bare(e) {
			n++
		}
	}
	list := n >= minFree && t.named > 0
	for _, e := range t.lone {
		if list && bare(e) {
			t.free = append(t.free, e)
			continue
		}
		s.host(t, e)
	}
	t.lone = nil
	s.sayFree(t)
}

func (s *sheetImport) sayFree(t *tableRead) {
	if len(t.free) == 0 {
		return
	}
	slices.SortStableFunc(t.free, func(a, b *entry) int { return a.row.n - b.row.n })
	s.rep.Free += len(t.free)
	s.im.rep.Rows += len(t.free)
	e := t.free[0]
	last := t.free[len(t.free)-1]
	col := -1
	if is := t.lay.columns["ip"]; len(is) > 0 {
		col = is[0]
	}
	s.im.slip(model.Slip{
		Code: "addresses_free", Cell: e.first("ip").text, Places: []model.Place{e.place(col)},
		Args: map[string]string{"sheet": e.sheet, "count": strconv.Itoa(len(t.free)), "first": oneLine(e.first("ip").text), "last": oneLine(last.first("ip").text)},
	})
}
