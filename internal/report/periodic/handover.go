package periodic

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/report"
	"github.com/mimawari/mimawari/internal/report/paper"
)

// soon is how far ahead the hand-over sheet looks for contracts and maintenance that end.
const soon = 180 * 24 * time.Hour

// Place is where something is kept.
type Place struct {
	Key  string // words under periodic.place.KEY
	Path string
}

// HandOverInput is what the hand-over sheet is made from. The history reaches until now, the rounds thirty days back.
type HandOverInput struct {
	Input
	Places []Place
}

// sheet is a hand-over sheet while it is being written.
type sheet struct {
	HandOverInput
	doc    *paper.Document
	ledger *model.Ledger
}

// HandOver writes the hand-over sheet (引継ぎ書): what the next person must know, from the ledger and from what was seen.
func HandOver(in HandOverInput) *paper.Document {
	s := &sheet{HandOverInput: in, ledger: in.History.Ledger}
	if s.ledger == nil {
		s.ledger = &model.Ledger{}
	}
	s.doc = &paper.Document{
		Lang: in.Lang, Title: in.t("title.handover"), Institution: in.History.Institution.Name, Period: in.t("asof", "at", locale.Date(in.Lang, in.Now)), At: in.Now,
		Note: in.t("handover.note"),
	}
	if in.History.Ledger == nil {
		s.add(paper.Para{Text: in.t("handover.no_ledger"), Style: paper.Warn})
	}
	s.institution()
	s.network()
	s.vendors()
	s.watching()
	s.open()
	s.kept()
	return s.doc
}

func (s *sheet) add(bs ...paper.Block) { s.doc.Blocks = append(s.doc.Blocks, bs...) }

func (s *sheet) heading(key string) { s.add(paper.Heading{Text: s.t(key)}) }

// table makes a table of text.
func table[T any](in Input, key string, heads []string, all []T, row func(T) []string) *paper.Table {
	t := &paper.Table{Name: in.t(key), Shown: printedLong, Empty: in.t(key + ".none")}
	for _, h := range heads {
		t.Columns = append(t.Columns, paper.Column{Head: in.t("column." + h)})
	}
	for _, x := range all {
		var cells []paper.Cell
		for _, c := range row(x) {
			cells = append(cells, paper.Str(c))
		}
		t.Rows = append(t.Rows, cells)
	}
	return t
}

func (s *sheet) institution() {
	x := s.History.Institution
	s.heading("handover.institution")
	kind := locale.T(s.Lang, "institution.kind."+cmp.Or(string(x.Kind), "none"))
	var sites []string
	for _, p := range s.ledger.Sites {
		sites = append(sites, strings.TrimSpace(p.Name+" "+p.Address))
	}
	var departments []string
	for _, p := range s.ledger.Departments {
		departments = append(departments, p.Name)
	}
	s.add(paper.Pairs{
		{s.t("handover.name"), cmp.Or(x.Name, s.t("handover.unsaid"))},
		{s.t("handover.kind"), kind},
		{s.t("handover.beds"), strconv.Itoa(x.Beds)},
		{s.t("handover.sites"), cmp.Or(strings.Join(sites, "\n"), "-")},
		{s.t("handover.departments"), cmp.Or(strings.Join(departments, s.t("handover.and")), "-")},
	})
	s.add(table(s.Input, "table.contacts", []string{"order", "role", "person", "phone", "mail", "note"}, number(x.Contacts), func(n numbered[model.Contact]) []string {
		c := n.x
		return []string{strconv.Itoa(n.n), c.Role, c.Name, c.Phone, c.Mail, c.Note}
	}))
	s.add(table(s.Input, "table.people", []string{"person", "department", "role", "phone", "mail"}, s.ledger.People, func(p model.Person) []string {
		return []string{p.Name, p.Department, p.Role, p.Phone, p.Mail}
	}))
}

// numbered is a thing with its place in a list.
type numbered[T any] struct {
	n int
	x T
}

func number[T any](xs []T) (out []numbered[T]) {
	for i, x := range xs {
		out = append(out, numbered[T]{i + 1, x})
	}
	return out
}

func (s *sheet) network() {
	s.heading("handover.network")
	s.add(table(s.Input, "table.lines", []string{"line", "line_kind", "purpose", "vendor", "carrier", "demarcation", "device"}, s.ledger.Lines, func(l model.Line) []string {
		kind := ""
		if l.Kind != "" {
			kind = s.t("line." + string(l.Kind))
		}
		return []string{l.Name, kind, l.Purpose, l.Vendor, l.Carrier, l.Demarcation, l.Device}
	}))
	s.add(table(s.Input, "table.networks", []string{"network_name", "network", "vlan", "zone", "gateway", "addresses"}, s.ledger.Networks, func(n model.Network) []string {
		vlan, gateway, how := "", "", s.t("fixed")
		if n.VLAN > 0 {
			vlan = strconv.Itoa(int(n.VLAN))
		}
		if n.Gateway.IsValid() {
			gateway = n.Gateway.String()
		}
		if n.DHCP {
			how = s.t("dhcp")
		}
		return []string{n.Name, prefix(n.Prefix), vlan, n.Zone, gateway, how}
	}))
	s.add(table(s.Input, "table.systems", []string{"system", "purpose", "vendor", "owner", "critical"}, s.ledger.Systems, func(x model.System) []string {
		return []string{x.Name, x.Purpose, x.Vendor, x.Owner, x.Critical}
	}))
	s.add(s.classes())
}

// classes counts the machines by what they are.
func (s *sheet) classes() *paper.Table {
	t := &paper.Table{Name: s.t("table.classes"), Fixed: true, Empty: s.t("table.classes.none"), Columns: []paper.Column{
		{Head: s.c("class")}, {Head: s.t("column.seen"), Number: true}, {Head: s.t("column.undeclared"), Number: true},
	}}
	seen, undeclared := map[model.Class]int{}, map[model.Class]int{}
	for i := range s.History.Hosts {
		h := &s.History.Hosts[i]
		seen[h.Class]++
		if h.Ledger == nil {
			undeclared[h.Class]++
		}
	}
	var all []model.Class
	for c := range seen {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b model.Class) int { return cmp.Or(cmp.Compare(seen[b], seen[a]), cmp.Compare(a, b)) })
	for _, c := range all {
		t.Rows = append(t.Rows, []paper.Cell{paper.Str(report.ClassName(s.Lang, c)), num(seen[c]), num(undeclared[c])})
	}
	return t
}

func (s *sheet) vendors() {
	s.heading("handover.vendors")
	s.add(table(s.Input, "table.vendors", []string{"vendor", "person", "phone", "mail", "note"}, s.ledger.Vendors, func(v model.Vendor) []string {
		return []string{v.Name, v.Contact, v.Phone, v.Mail, v.Note}
	}))
	s.add(s.contracts(), s.maintenance())
}

// contracts lists all, those that end first first.
func (s *sheet) contracts() *paper.Table {
	t := &paper.Table{Name: s.t("table.contracts"), Shown: printedLong, Empty: s.t("table.contracts.none"), Columns: []paper.Column{
		{Head: s.t("column.left"), Keep: true}, {Head: s.t("column.end_of_contract"), Keep: true}, {Head: s.t("column.contract")}, {Head: s.t("column.vendor")}, {Head: s.t("column.system")}, {Head: s.t("column.scope")},
	}}
	all := slices.Clone(s.ledger.Contracts)
	slices.SortStableFunc(all, func(a, b model.Contract) int { return endOf(a.End, s.Now).Compare(endOf(b.End, s.Now)) })
	for _, c := range all {
		t.Rows = append(t.Rows, []paper.Cell{s.left(c.End), paper.Str(c.End), paper.Str(c.Name), paper.Str(c.Vendor), paper.Str(c.System), paper.Str(c.Scope)})
	}
	return t
}

// maintenance lists machines whose maintenance ended or ends soon.
func (s *sheet) maintenance() *paper.Table {
	t := &paper.Table{Name: s.t("table.maintenance"), Shown: printed, Empty: s.t("table.maintenance.none"), Columns: []paper.Column{
		{Head: s.t("column.left"), Keep: true}, {Head: s.t("column.end_of_maintenance"), Keep: true}, {Head: s.c("name")}, {Head: s.t("column.department")}, {Head: s.t("column.vendor")}, {Head: s.c("os")},
	}}
	var all []*model.LedgerHost
	for i := range s.ledger.Hosts {
		h := &s.ledger.Hosts[i]
		if end := endOf(h.MaintainEnd, s.Now); !h.Retired && h.MaintainEnd != "" && end.Before(s.Now.Add(soon)) {
			all = append(all, h)
		}
	}
	slices.SortStableFunc(all, func(a, b *model.LedgerHost) int {
		return endOf(a.MaintainEnd, s.Now).Compare(endOf(b.MaintainEnd, s.Now))
	})
	for _, h := range all {
		t.Rows = append(t.Rows, []paper.Cell{s.left(h.MaintainEnd), paper.Str(h.MaintainEnd), paper.Str(h.Name), paper.Str(h.Department), paper.Str(h.Vendor), paper.Str(h.OS)})
	}
	return t
}

// never sorts what has no readable date after everything else.
var never = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

// endOf is the last moment of a date as the ledger keeps it: a day, a month or a year.
func endOf(s string, now time.Time) time.Time {
	for _, x := range []struct {
		layout              string
		years, months, days int
	}{{"2006-01-02", 0, 0, 1}, {"2006-01", 0, 1, 0}, {"2006", 1, 0, 0}} {
		if t, err := time.ParseInLocation(x.layout, s, now.Location()); err == nil {
			return t.AddDate(x.years, x.months, x.days)
		}
	}
	return never
}

// left says how long it is until a date, with a mark if it is near or past.
func (s *sheet) left(date string) paper.Cell {
	end := endOf(date, s.Now)
	days := int(end.Sub(s.Now).Hours() / 24)
	switch {
	case date == "":
		return paper.Str(s.t("left.unsaid"))
	case end.Equal(never):
		return paper.Str(s.t("left.unreadable"))
	case !end.After(s.Now):
		return paper.Cell{Text: "■ " + s.t("left.over"), Value: paper.Level(model.High)}
	case end.Before(s.Now.Add(soon)):
		return paper.Cell{Text: "▲ " + s.t("left.days", "n", strconv.Itoa(days)), Value: paper.Level(model.Medium)}
	}
	return paper.Str(s.t("left.days", "n", strconv.Itoa(days)))
}

// watching says what Mimawari looks at.
func (s *sheet) watching() {
	s.heading("handover.watching")
	d := &draft{Input: s.Input, doc: s.doc}
	last := "-"
	if !s.Rounds.Newest.IsZero() {
		last = s.moment(s.Rounds.Newest)
	}
	began := "-"
	if !s.Began.IsZero() {
		began = s.moment(s.Began)
	}
	s.add(paper.Pairs{
		{s.t("handover.began"), began},
		{s.t("handover.last"), last},
		{s.t("handover.rounds"), s.t("handover.rounds_value", "n", grouped(s.Rounds.N))},
		{s.t("looked.ledger"), d.ledgerInForce()},
	})
	if s.Rounds.N == 0 {
		s.add(paper.Para{Text: s.t("handover.blind"), Style: paper.Warn})
	}
	s.add(d.sourceTable())
}

// open lists what waits, what was accepted until when, and what is silenced.
func (s *sheet) open() {
	s.heading("handover.open")
	t := &paper.Table{Name: s.t("table.waiting"), Shown: printedLong, Empty: s.t("table.waiting.none"), Columns: []paper.Column{
		{Head: s.c("severity"), Keep: true}, {Head: s.c("title")}, {Head: s.c("todo")}, {Head: s.c("state")}, {Head: s.c("id"), Keep: true},
	}}
	all := slices.SortedStableFunc(slices.Values(s.History.Findings), func(a, b model.Finding) int { return cmp.Compare(b.Severity, a.Severity) })
	for _, f := range all {
		if !waits(cmp.Or(f.State, model.Open)) {
			continue
		}
		w := locale.Finding(s.Lang, f)
		state := report.StateName(s.Lang, f.State)
		if f.Owner != "" {
			state += s.t("owner", "owner", f.Owner)
		}
		t.Rows = append(t.Rows, []paper.Cell{s.mark(f.Severity), paper.Str(w.Title), paper.Str(w.Todo), paper.Str(state), paper.Str(f.ID)})
	}
	any := func(time.Time) bool { return true }
	inForce := func(until time.Time) bool { return until.IsZero() || until.After(s.Now) }
	s.add(t, acceptedTable(s.Input, "table.accepted", s.History.Findings, any), silenceTable(s.Input, "table.silences", s.History.Suppressions, inForce))
}

// kept says where data and backups are.
func (s *sheet) kept() {
	s.heading("handover.kept")
	var pairs paper.Pairs
	for _, p := range s.Places {
		pairs = append(pairs, [2]string{s.t("place." + p.Key), p.Path})
	}
	s.add(pairs, paper.Para{Text: s.t("handover.kept.how")})
	var versions paper.Pairs
	for i, v := range s.History.Ledgers {
		if i == 5 {
			break
		}
		versions = append(versions, [2]string{s.t("handover.version", "n", strconv.Itoa(v.Version)), fmt.Sprintf("%s  %s  %s", s.moment(v.Imported), v.By, v.File)})
	}
	if len(versions) > 0 {
		s.add(paper.Heading{Text: s.t("handover.versions")}, versions)
	}
}
