package decide

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/ledger"
	"github.com/mimawari/mimawari/internal/model"
)

// Status says how a declared row and a seen machine are to each other.
type Status string

// The statuses.
const (
	Same       Status = "same"
	Differs    Status = "differs"
	Undeclared Status = "undeclared" // seen, not in the ledger
	Unseen     Status = "unseen"     // in the ledger, not seen
	Retired    Status = "retired"    // declared as disposed of, and not seen
	Aside      Status = "aside"      // seen, needs no row of its own: a gateway, what only passes through
)

// Statuses are all statuses, those that wait for a decision first.
var Statuses = []Status{Undeclared, Differs, Unseen, Same, Retired, Aside}

// Pair is a declared row, a seen machine, or both.
type Pair struct {
	ID       string            // of the seen host, else of the declared row
	Declared *model.LedgerHost // nil: not in the ledger
	Seen     *model.Host       // nil: not seen
	Status   Status
	Differs  []Difference
	Mark     *model.Mark    // what people said of the machine
	Inquiry  *model.Inquiry // the newest question about it
	search   string
	addr     netip.Addr
}

// Input is what Match reads.
type Input struct {
	Ledger    *model.Ledger
	Hosts     []model.Host // with Ledger as of this ledger
	Aside     func(*model.Host) bool
	Marks     []model.Mark
	Inquiries []model.Inquiry // newest first
	Now       time.Time
}

// Pairing is the whole ledger beside all that was seen, sorted by address. It is immutable.
type Pairing struct {
	Pairs  []Pair
	Counts map[Status]int
	at     map[string]int
}

// quiet is how long a machine may be unseen and still count as seen.
const quiet = 30 * 24 * time.Hour

// Match makes the pairing. Every declared row and every seen host is in it; a row that declares a range is there once for
// each machine in it.
func Match(in Input) *Pairing {
	m := newMatching(in)
	for i := range in.Hosts {
		m.seen(&in.Hosts[i])
	}
	if in.Ledger != nil {
		for i := range in.Ledger.Hosts {
			m.unseen(&in.Ledger.Hosts[i])
		}
	}
	slices.SortStableFunc(m.out.Pairs, func(a, b Pair) int { return cmp.Or(compareAddr(a.addr, b.addr), strings.Compare(a.ID, b.ID)) })
	for i := range m.out.Pairs {
		p := &m.out.Pairs[i]
		m.out.at[p.ID] = i
		m.out.Counts[p.Status]++
	}
	return m.out
}

type matching struct {
	Input
	rows      map[string]*model.LedgerHost
	marks     map[string]*model.Mark
	inquiries map[string]*model.Inquiry
	met       map[string]bool
	newest    time.Time
	out       *Pairing
}

func newMatching(in Input) *matching {
	m := &matching{
		Input: in, rows: map[string]*model.LedgerHost{}, marks: map[string]*model.Mark{}, inquiries: map[string]*model.Inquiry{},
		met: map[string]bool{}, out: &Pairing{Counts: map[Status]int{}, at: map[string]int{}},
	}
	if in.Ledger != nil {
		for i := range in.Ledger.Hosts {
			m.rows[in.Ledger.Hosts[i].Key] = &in.Ledger.Hosts[i]
		}
	}
	for i := range in.Marks {
		m.marks[in.Marks[i].Host] = &in.Marks[i]
	}
	for i := range in.Inquiries {
		if q := &in.Inquiries[i]; m.inquiries[q.Host] == nil {
			m.inquiries[q.Host] = q
		}
	}
	for i := range in.Hosts {
		if t := in.Hosts[i].Last; t.After(m.newest) {
			m.newest = t
		}
	}
	return m
}

func (m *matching) seen(h *model.Host) {
	p := Pair{ID: h.ID, Seen: h, Mark: m.marks[h.ID], Inquiry: m.inquiries[h.ID]}
	if h.Ledger != nil {
		p.Declared = m.rows[h.Ledger.Key]
	}
	switch {
	case p.Declared == nil && m.Aside != nil && m.Aside(h):
		p.Status = Aside
	case p.Declared == nil:
		p.Status = Undeclared
	default:
		m.met[p.Declared.Key] = true
		p.Differs = differences(p.Declared, h, p.Mark, m.Now)
		p.Status = m.statusOf(&p)
	}
	m.add(p)
}

func (m *matching) statusOf(p *Pair) Status {
	away := m.newest.Sub(p.Seen.Last) > quiet
	switch {
	case away && p.Declared.Retired:
		return Retired
	case away:
		return Unseen
	case slices.ContainsFunc(p.Differs, func(d Difference) bool { return !d.Empty && !d.Kept }):
		return Differs
	}
	return Same
}

func (m *matching) unseen(d *model.LedgerHost) {
	if m.met[d.Key] {
		return
	}
	p := Pair{ID: ledger.HostRowID(d.Key), Declared: d, Status: Unseen}
	if d.Retired {
		p.Status = Retired
	}
	m.add(p)
}

func (m *matching) add(p Pair) {
	p.addr, p.search = p.address(), p.words()
	m.out.Pairs = append(m.out.Pairs, p)
}

// address is what the pair is sorted by: where it was seen, else where it is declared.
func (p *Pair) address() netip.Addr {
	if p.Seen != nil && len(p.Seen.IPs) > 0 {
		return bestIP(p.Seen.IPs)
	}
	if p.Declared != nil && len(p.Declared.Addrs) > 0 {
		return p.Declared.Addrs[0].From
	}
	return netip.Addr{}
}

// bestIP prefers an IPv4 address that is not link-local: the one that people know.
func bestIP(ips []netip.Addr) netip.Addr {
	for _, a := range ips {
		if a.Is4() && !a.IsLinkLocalUnicast() {
			return a
		}
	}
	return ips[0]
}

// compareAddr sorts IPv4 before IPv6, and what has no address last.
func compareAddr(a, b netip.Addr) int {
	switch {
	case a.IsValid() != b.IsValid():
		if a.IsValid() {
			return -1
		}
		return 1
	}
	return a.Compare(b)
}

// Label is what a person calls the machine.
func (p *Pair) Label() string {
	if p.Declared != nil {
		if n := cmp.Or(p.Declared.Name, p.Declared.AssetNo); n != "" {
			return n
		}
	}
	if p.Seen != nil {
		return SeenLabel(p.Seen)
	}
	return ledger.RowOf(p.Declared).Label
}

// SeenLabel is what a seen machine calls itself, else its address.
func SeenLabel(h *model.Host) string {
	switch {
	case len(h.Names) > 0:
		return h.Names[0]
	case len(h.IPs) > 0:
		return bestIP(h.IPs).String()
	case len(h.MACs) > 0:
		return h.MACs[0].String()
	}
	return h.ID
}

// Get gives the pair with that id, nil if there is none.
func (x *Pairing) Get(id string) *Pair {
	if i, ok := x.at[id]; ok {
		return &x.Pairs[i]
	}
	return nil
}

// Difference gives what differs in a field, nil if nothing does.
func (p *Pair) Difference(field string) *Difference {
	for i := range p.Differs {
		if p.Differs[i].Field == field {
			return &p.Differs[i]
		}
	}
	return nil
}

// Text is what a list shows for a field: what is seen, else what is declared.
func (p *Pair) Text(field string) string {
	if p.Seen != nil {
		if s := SeenValue(p.Seen, field); s != "" {
			return s
		}
	}
	if p.Declared != nil {
		return ledger.RowOf(p.Declared).Value(field)
	}
	return ""
}

// RowID is the id of the declared row, "" if there is none.
func (p *Pair) RowID() string {
	if p.Declared == nil {
		return ""
	}
	return ledger.HostRowID(p.Declared.Key)
}
