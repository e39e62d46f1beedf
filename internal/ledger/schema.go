package ledger

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/mimawari/mimawari/internal/model"
)

// Kind is what a sheet declares.
type Kind string

// The kinds of sheet, in the order in which they are tried and written to CSV.
const (
	KindHosts       Kind = "hosts"
	KindNetworks    Kind = "networks"
	KindZones       Kind = "zones"
	KindLines       Kind = "lines"
	KindSystems     Kind = "systems"
	KindVendors     Kind = "vendors"
	KindContracts   Kind = "contracts"
	KindPeople      Kind = "people"
	KindDepartments Kind = "departments"
	KindSites       Kind = "sites"
)

// Kinds are all kinds of sheet.
var Kinds = []Kind{KindHosts, KindNetworks, KindZones, KindLines, KindSystems, KindVendors, KindContracts, KindPeople, KindDepartments, KindSites}

// column is one field of a T: how it is read from a cell and how it is written. For every value v that set made,
// set(get(v)) makes v again: import, export and comparison rest on it.
type column[T any] struct {
	field string
	get   func(*T) string
	set   func(*T, *entry, cell)
}

// section is one kind of table: its columns, and where its rows live in a ledger.
type section interface {
	kind() Kind
	fields() []string
	// read adds what e says to l; it reports whether the row had anything in it.
	read(l *model.Ledger, e *entry) bool
	// write visits every row of l as text, in the order of fields.
	write(l *model.Ledger, visit func(values []string, extra []model.Extra))
	// records gives the rows of l for comparison.
	records(l *model.Ledger) []record
	size(l *model.Ledger) int
	// compose sets the rows of l; settle and setPlace mend the last row of l after it was read from a form.
	compose(l *model.Ledger, picks []pick)
	settle(l, from *model.Ledger, i int)
	setPlace(l *model.Ledger, p model.Place)
}

// record is one row for comparison.
type record struct {
	key, label string
	values     []string
	extra      []model.Extra
	place      model.Place
}

type table[T any] struct {
	name    Kind
	columns []column[T]
	list    func(*model.Ledger) *[]T
	key     func(*T) string // identity over versions
	place   func(*T) *model.Place
	extra   func(*T) *[]model.Extra            // nil: unknown columns are not kept
	finish  func(*T, *entry)                   // what follows from several columns; may be nil
	join    func(prev, next *T, e *entry) bool // adds a row to the one above; may be nil
	// identity reports whether a row says what it is about; nil: its key is not empty.
	identity func(*T) bool
}

func (t *table[T]) kind() Kind { return t.name }

func (t *table[T]) fields() []string {
	out := make([]string, len(t.columns))
	for i, c := range t.columns {
		out[i] = c.field
	}
	return out
}

func (t *table[T]) read(l *model.Ledger, e *entry) bool {
	var x T
	for _, c := range t.columns {
		for _, i := range e.columns[c.field] {
			e.col = i
			if v := e.row.at(i); e.usable(v) {
				c.set(&x, e, v)
			}
		}
	}
	if !e.any {
		return false
	}
	if !t.identified(&x) {
		e.unnamed(t.name)
		return false
	}
	*t.place(&x) = e.place(-1)
	t.place(&x).Column = e.block
	if t.extra != nil {
		*t.extra(&x) = e.extras()
	}
	if t.finish != nil {
		t.finish(&x, e)
	}
	list := t.list(l)
	if t.join != nil && e.follows && e.prev < len(*list) && t.join(&(*list)[e.prev], &x, e) {
		return true
	}
	*list = append(*list, x)
	return true
}

func (t *table[T]) identified(x *T) bool {
	if t.identity != nil {
		return t.identity(x)
	}
	return strings.Trim(t.key(x), "| ") != ""
}

func (t *table[T]) write(l *model.Ledger, visit func([]string, []model.Extra)) {
	list := *t.list(l)
	for i := range list {
		r := t.record(&list[i])
		visit(r.values, r.extra)
	}
}

func (t *table[T]) record(x *T) record {
	r := record{key: t.key(x), values: make([]string, len(t.columns)), place: *t.place(x)}
	for i, c := range t.columns {
		if c.get != nil {
			r.values[i] = c.get(x)
		}
	}
	if t.extra != nil {
		r.extra = *t.extra(x)
	}
	r.label = r.key
	return r
}

func (t *table[T]) records(l *model.Ledger) []record {
	list := *t.list(l)
	out := make([]record, len(list))
	for i := range list {
		out[i] = t.record(&list[i])
	}
	return out
}

// text is a column of plain text.
func text[T any](field string, at func(*T) *string) column[T] {
	return column[T]{
		field,
		func(x *T) string { return *at(x) },
		func(x *T, _ *entry, c cell) {
			if *at(x) == "" {
				*at(x) = c.text
			}
		},
	}
}

// date is a column of dates, kept as written where they cannot be read.
func date[T any](field string, at func(*T) *string) column[T] {
	return column[T]{
		field,
		func(x *T) string { return *at(x) },
		func(x *T, e *entry, c cell) { *at(x) = e.date(field, c) },
	}
}

func addrs[T any](field string, at func(*T) *[]netip.Addr) column[T] {
	return column[T]{
		field,
		func(x *T) string {
			parts := make([]string, len(*at(x)))
			for i, a := range *at(x) {
				parts[i] = a.String()
			}
			return strings.Join(parts, ", ")
		},
		func(x *T, e *entry, c cell) {
			for _, r := range e.addresses(c).ranges {
				if r.Single() && !slices.Contains(*at(x), r.From) {
					*at(x) = append(*at(x), r.From)
				} else if !r.Single() {
					e.slip("invalid_ip", c, "text", formatRanges([]model.AddrRange{r}))
				}
			}
		},
	}
}

func macs[T any](field string, at func(*T) *[]model.MAC) column[T] {
	return column[T]{
		field,
		func(x *T) string { return formatMACs(*at(x)) },
		func(x *T, e *entry, c cell) {
			for _, m := range e.macs(c) {
				if !slices.Contains(*at(x), m) {
					*at(x) = append(*at(x), m)
				}
			}
		},
	}
}

var (
	networkTable = &table[model.Network]{
		name: KindNetworks, list: func(l *model.Ledger) *[]model.Network { return &l.Networks },
		key: networkKey, place: func(n *model.Network) *model.Place { return &n.Place }, finish: finishNetwork,
		columns: []column[model.Network]{
			text("name", func(n *model.Network) *string { return &n.Name }),
			{"prefix", func(n *model.Network) string {
				if !n.Prefix.IsValid() {
					return ""
				}
				return n.Prefix.String()
			}, setPrefix},
			{"mask", nil, setMask},
			{"vlan", func(n *model.Network) string {
				if n.VLAN == 0 {
					return ""
				}
				return strconv.Itoa(int(n.VLAN))
			}, setVLAN},
			text("zone", func(n *model.Network) *string { return &n.Zone }),
			{"gateway", func(n *model.Network) string {
				if !n.Gateway.IsValid() {
					return ""
				}
				return n.Gateway.String()
			}, func(n *model.Network, e *entry, c cell) {
				if rs := e.addresses(c).ranges; len(rs) > 0 {
					n.Gateway = rs[0].From
				}
			}},
			{"dhcp", func(n *model.Network) string {
				if n.DHCP {
					return "○"
				}
				return ""
			}, setDHCP},
		},
	}
	zoneTable = &table[model.Zone]{
		name: KindZones, list: func(l *model.Ledger) *[]model.Zone { return &l.Zones },
		key: func(z *model.Zone) string { return fold(z.Name) }, place: func(z *model.Zone) *model.Place { return &z.Place },
		columns: []column[model.Zone]{
			text("name", func(z *model.Zone) *string { return &z.Name }),
			text("purpose", func(z *model.Zone) *string { return &z.Purpose }),
		},
	}
	lineTable = &table[model.Line]{
		name: KindLines, list: func(l *model.Ledger) *[]model.Line { return &l.Lines },
		key: func(x *model.Line) string { return fold(x.Name) }, place: func(x *model.Line) *model.Place { return &x.Place }, finish: finishLine,
		columns: []column[model.Line]{
			text("name", func(x *model.Line) *string { return &x.Name }),
			{"kind", func(x *model.Line) string { return lineLabels[x.Kind] }, setLineKind},
			text("purpose", func(x *model.Line) *string { return &x.Purpose }),
			text("owner", func(x *model.Line) *string { return &x.Owner }),
			text("vendor", func(x *model.Line) *string { return &x.Vendor }),
			text("carrier", func(x *model.Line) *string { return &x.Carrier }),
			text("demarcation", func(x *model.Line) *string { return &x.Demarcation }),
			text("device", func(x *model.Line) *string { return &x.Device }),
			addrs("gateways", func(x *model.Line) *[]netip.Addr { return &x.Gateways }),
			macs("macs", func(x *model.Line) *[]model.MAC { return &x.MACs }),
			{"peers", func(x *model.Line) string { return formatPrefixes(x.Peers) }, setPeers},
			{"tools", func(x *model.Line) string { return strings.Join(x.Tools, ", ") }, setTools},
		},
	}
)

// lineLabels are how kinds of line are written; lineKindOf reads each of them back.
var lineLabels = map[model.LineKind]string{
	model.LineInternet: "インターネット", model.LineVPN: "VPN", model.LineLTE: "LTE", model.LineLeased: "専用線",
	model.LineMaintenance: "保守回線", model.LineOther: "その他",
}

func networkKey(n *model.Network) string {
	if n.Prefix.IsValid() {
		return n.Prefix.String()
	}
	return fold(n.Name)
}

func setPrefix(n *model.Network, e *entry, c cell) {
	rs := e.addresses(c).ranges
	if len(rs) == 0 {
		return
	}
	p, ok := prefixOf(rs[0])
	if !ok {
		e.slip("not_a_network", c, "text", c.text)
		return
	}
	if rs[0].Single() { // 192.168.1.1/24: somebody wrote the gateway with the mask
		p = maskedOr(p, c.text)
	}
	n.Prefix = p
	for _, more := range rs[1:] {
		e.slip("one_network_per_row", c, "text", formatRanges([]model.AddrRange{more}))
	}
}

func maskedOr(p netip.Prefix, text string) netip.Prefix {
	if _, mask, ok := strings.Cut(fold(text), "/"); ok {
		if bits, ok := parseMask(strings.TrimSpace(mask)); ok && bits <= p.Addr().BitLen() {
			return netip.PrefixFrom(p.Addr(), bits).Masked()
		}
	}
	return p
}

// setMask completes a network address that stands in a column of its own; "mask" is read after "prefix".
func setMask(n *model.Network, e *entry, c cell) {
	bits, ok := parseMask(strings.TrimPrefix(fold(c.text), "/"))
	if !ok {
		e.slip("invalid_mask", c, "text", c.text)
		return
	}
	if n.Prefix.IsValid() && n.Prefix.IsSingleIP() && bits <= n.Prefix.Addr().BitLen() {
		n.Prefix = netip.PrefixFrom(n.Prefix.Addr(), bits).Masked()
	}
}

func setVLAN(n *model.Network, e *entry, c cell) {
	t := strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(fold(c.text), "vlan"), "id"))
	v, err := strconv.Atoi(strings.Trim(t, " :-"))
	if err != nil || v < 0 || v > 4094 {
		e.slip("invalid_vlan", c, "text", c.text)
		return
	}
	n.VLAN = uint16(v)
}

func setDHCP(n *model.Network, e *entry, c cell) {
	t := fold(c.text)
	switch {
	case words().yes[t] || words().dhcp[foldHeader(t)] || strings.Contains(t, "dhcp") || len(readAddresses(t).ranges) > 0:
		n.DHCP = true
	case words().no[t]:
	default:
		e.slip("yes_or_no", c, "text", c.text)
	}
}

func finishNetwork(n *model.Network, e *entry) {
	if !n.Prefix.IsValid() {
		e.slipRow("network_without_address", "name", n.Name)
	}
}

func setLineKind(x *model.Line, e *entry, c cell) {
	k, ok := lineKindOf(c.text)
	if !ok {
		e.slip("unknown_line_kind", c, "text", c.text)
	}
	x.Kind = k
}

func finishLine(x *model.Line, e *entry) {
	if x.Kind == "" {
		if k, ok := lineKindOf(x.Name + " " + x.Purpose); ok {
			x.Kind = k
			return
		}
		x.Kind = model.LineOther
		e.slipRow("unknown_line_kind", "text", x.Name)
	}
}

func setPeers(x *model.Line, e *entry, c cell) {
	ps, bad := readPrefixes(c.text)
	for _, b := range bad {
		e.slip("invalid_ip", c, "text", b)
	}
	x.Peers = append(x.Peers, ps...)
}

func formatPrefixes(ps []netip.Prefix) string {
	parts := make([]string, len(ps))
	for i, p := range ps {
		parts[i] = p.String()
	}
	return strings.Join(parts, ", ")
}

func setTools(x *model.Line, _ *entry, c cell) {
	for _, t := range strings.FieldsFunc(c.text, func(r rune) bool { return strings.ContainsRune("、,;\n，；", r) }) {
		if t = strings.TrimSpace(t); t != "" && !blankWord(t) && len(x.Tools) < maxPerCell {
			x.Tools = append(x.Tools, t)
		}
	}
}
