package declared

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/mimawari/mimawari/internal/ledger"
	"github.com/mimawari/mimawari/internal/ledger/decide"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/web/page"
)

var (
	listPage = page.MustParse(pages, "list", "parts")
	rowsPage = page.MustParse(pages, "rows", "parts")
)

// perPage is how many rows a page shows.
const perPage = 100

func itoa(n int) string { return strconv.Itoa(n) }

// tab is one kind of row in the head of the pages.
type tab struct {
	Href, Text string
	On         bool
	N          int
}

func (s Site) tabs(f page.Frame, l *model.Ledger, here ledger.Kind) []tab {
	n := func(k ledger.Kind) int { return ledger.Size(l, k) }
	out := []tab{{"/ledger", f.T("ledger.kind.hosts"), here == ledger.KindHosts, n(ledger.KindHosts)}}
	for _, k := range tabKinds {
		out = append(out, tab{"/ledger/rows/" + string(k), ledger.KindLabel(f.Lang, k), here == k, n(k)})
	}
	return out
}

// tabKinds are the other kinds of row, those that people look for first.
var tabKinds = []ledger.Kind{ledger.KindNetworks, ledger.KindLines, ledger.KindSystems, ledger.KindVendors, ledger.KindContracts, ledger.KindPeople, ledger.KindZones, ledger.KindDepartments, ledger.KindSites}

// chip is one status to filter by, with how many there are.
type chip struct {
	Href, Key string
	N         int
	On        bool
}

type listView struct {
	page.Frame
	Tabs        []tab
	Query       url.Values
	Filter      decide.Filter
	Chips       []chip
	Pairs       []*decide.Pair
	Total       int // that fit the filter
	All         int
	From        int // number of the first row shown
	Prev, Next  string
	Classes     []string
	Departments []string
	Version     int
	Last        *model.Batch // the newest decision that can be taken back
	Waiting     int          // open questions
	Moment      *decide.Moment
}

func filterOf(q url.Values) decide.Filter {
	f := decide.Filter{Text: q.Get("q"), Status: decide.Status(q.Get("status")), Class: q.Get("class"), Department: q.Get("department"), Mark: q.Get("mark")}
	if !slices.Contains(decide.Statuses, f.Status) {
		f.Status = ""
	}
	if !slices.Contains(decide.Marks, f.Mark) {
		f.Mark = ""
	}
	return f
}

func (s Site) machines(w http.ResponseWriter, r *http.Request) error {
	m, err := s.Desk.Look(r.Context())
	if err != nil {
		return err
	}
	q := r.URL.Query()
	v := listView{Frame: s.Kit.Frame(r, "declared.title", "ledger"), Query: q, Filter: filterOf(q), All: len(m.Pairing.Pairs), Version: m.Stamp.Ledger, Moment: m}
	v.Tabs = s.tabs(v.Frame, m.Ledger, ledger.KindHosts)
	all := m.Pairing.Select(v.Filter)
	v.Total = len(all)
	from, to := bounds(q, len(all))
	v.Pairs, v.From = all[from:to], from+1
	v.Prev, v.Next = turns("/ledger", q, from, to, len(all))
	v.Chips = chips(q, m.Pairing)
	v.Classes, v.Departments = choices(m)
	if v.Last, err = s.lastDecision(r); err != nil {
		return err
	}
	for _, p := range m.Pairing.Select(decide.Filter{Mark: "asked"}) {
		if p.Inquiry != nil {
			v.Waiting++
		}
	}
	return s.Kit.Render(w, r, http.StatusOK, listPage, v)
}

// lastDecision is what 元に戻す would take back.
func (s Site) lastDecision(r *http.Request) (*model.Batch, error) {
	bs, err := s.Archive.Batches(r.Context(), 20)
	if err != nil {
		return nil, err
	}
	for i := range bs {
		if bs[i].Undone == "" && bs[i].Kind != model.BatchUndo {
			return &bs[i], nil
		}
	}
	return nil, nil
}

// bounds gives the rows of the page asked for.
func bounds(q url.Values, n int) (from, to int) {
	p, err := strconv.Atoi(q.Get("page"))
	if err != nil || p < 1 {
		p = 1
	}
	from = min((min(p, 1<<20)-1)*perPage, n)
	return from, min(from+perPage, n)
}

func turns(path string, q url.Values, from, to, n int) (prev, next string) {
	at := from/perPage + 1
	if from > 0 {
		prev = page.With(path, q, "page", itoa(at-1))
	}
	if to < n {
		next = page.With(path, q, "page", itoa(at+1))
	}
	return prev, next
}

func chips(q url.Values, x *decide.Pairing) []chip {
	on := q.Get("status")
	out := []chip{{page.With("/ledger", q, "status", "", "page", ""), "web.all", len(x.Pairs), on == ""}}
	for _, st := range decide.Statuses {
		if n := x.Counts[st]; n > 0 || string(st) == on {
			out = append(out, chip{page.With("/ledger", q, "status", string(st), "page", ""), "declared.status." + string(st), n, on == string(st)})
		}
	}
	return out
}

// choices are the classes and departments there are.
func choices(m *decide.Moment) (classes, departments []string) {
	seen := map[string]bool{}
	for i := range m.Pairing.Pairs {
		if c := string(m.Pairing.Pairs[i].Class()); c != "" && !seen["c"+c] {
			seen["c"+c] = true
			classes = append(classes, c)
		}
		if d := m.Pairing.Pairs[i].Declared; d != nil && d.Department != "" && !seen["d"+d.Department] && len(departments) < 300 {
			seen["d"+d.Department] = true
			departments = append(departments, d.Department)
		}
	}
	slices.Sort(classes)
	slices.Sort(departments)
	return classes, departments
}

type rowsView struct {
	page.Frame
	Tabs       []tab
	Kind       ledger.Kind
	Fields     []string
	Rows       []ledger.Row
	Query      url.Values
	Total, All int
	From       int
	Prev, Next string
}

// FieldLabel is the header of a field.
func (v rowsView) FieldLabel(f string) string { return ledger.FieldLabel(v.Lang, v.Kind, f) }

func (s Site) rows(w http.ResponseWriter, r *http.Request) error {
	k := ledger.Kind(r.PathValue("kind"))
	fields := ledger.Fields(k)
	if fields == nil {
		return model.ErrNotFound
	}
	m, err := s.Desk.Look(r.Context())
	if err != nil {
		return err
	}
	q := r.URL.Query()
	v := rowsView{Frame: s.Kit.Frame(r, "declared.title", "ledger"), Kind: k, Fields: fields, Query: q}
	v.Title = ledger.KindLabel(v.Lang, k)
	v.Tabs = s.tabs(v.Frame, m.Ledger, k)
	all := ledger.Rows(m.Ledger, k)
	v.All = len(all)
	all = slices.DeleteFunc(all, func(x ledger.Row) bool { return !x.Has(q.Get("q")) })
	v.Total = len(all)
	from, to := bounds(q, len(all))
	v.Rows, v.From = all[from:to], from+1
	v.Prev, v.Next = turns("/ledger/rows/"+string(k), q, from, to, len(all))
	return s.Kit.Render(w, r, http.StatusOK, rowsPage, v)
}
