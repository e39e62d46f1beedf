package ledger

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

// Row is one declared row as text: what a form shows and a table lists.
type Row struct {
	Kind   Kind          `json:"kind"`
	ID     string        `json:"id"` // of the row in this version: from its key and, where several share one, its number
	Key    string        `json:"key"`
	Label  string        `json:"label"`
	Values []string      `json:"values"` // in the order of Fields(Kind)
	Extra  []model.Extra `json:"extra,omitempty"`
	Place  model.Place   `json:"place"`
	Index  int           `json:"-"` // in the ledger's list
}

// Fields are the fields of a kind of row, in the order of Row.Values.
func Fields(k Kind) []string {
	if sectionOf[k] == nil {
		return nil
	}
	return exported(k)
}

// FieldLabel is what a field is called.
func FieldLabel(l locale.Lang, k Kind, field string) string { return fieldLabel(l, k, field) }

// KindLabel is what a kind of row is called.
func KindLabel(l locale.Lang, k Kind) string { return kindLabel(l, k) }

// Rows gives all rows of a kind in the order in which they are declared. A nil ledger has none.
func Rows(l *model.Ledger, k Kind) []Row {
	s := sectionOf[k]
	if l == nil || s == nil {
		return nil
	}
	records := s.records(l)
	out := make([]Row, len(records))
	nth := make(map[string]int, len(records))
	skip := slices.Index(s.fields(), "mask")
	for i, r := range records {
		label := labelOf(k, s.fields(), r)
		if skip >= 0 {
			r.values = slices.Delete(r.values, skip, skip+1)
		}
		out[i] = Row{Kind: k, ID: rowID(k, r.key, nth[r.key]), Key: r.key, Label: label, Values: r.values, Extra: r.extra, Place: r.place, Index: i}
		nth[r.key]++
	}
	return out
}

// RowOf gives the declared host as a row of text.
func RowOf(h *model.LedgerHost) Row {
	r := hostTable.record(h)
	return Row{Kind: KindHosts, ID: rowID(KindHosts, r.key, 0), Key: r.key, Label: labelOf(KindHosts, hostTable.fields(), r), Values: r.values, Extra: r.extra, Place: r.place}
}

// FindRow gives the row with that id.
func FindRow(l *model.Ledger, k Kind, id string) (Row, bool) {
	for _, r := range Rows(l, k) {
		if r.ID == id {
			return r, true
		}
	}
	return Row{}, false
}

// Value gives the text of a field, "" if the row has no such field.
func (r Row) Value(field string) string {
	if i := slices.Index(Fields(r.Kind), field); i >= 0 && i < len(r.Values) {
		return r.Values[i]
	}
	return ""
}

// Digest changes whenever the row says something else: two people who edit one row are told apart by it.
func (r Row) Digest() string { return shortSum(content(r.Values, r.Extra)) }

func rowID(k Kind, key string, nth int) string {
	return "d-" + shortSum(string(k)+"\x00"+key+"\x00"+strconv.Itoa(nth))
}

// HostRowID is the id of the declared host with that key; keys of hosts are unique.
func HostRowID(key string) string { return rowID(KindHosts, key, 0) }

func shortSum(s string) string {
	h := sha256.Sum256([]byte(s))
	return strings.ToLower(base32.StdEncoding.EncodeToString(h[:10])[:16])
}

// content is all that a row says, for comparing.
func content(values []string, extra []model.Extra) string {
	var sb strings.Builder
	for _, v := range values {
		fmt.Fprintf(&sb, "%d:%s,", len(v), v)
	}
	for _, e := range extra {
		fmt.Fprintf(&sb, "%d:%s=%d:%s,", len(e.Header), e.Header, len(e.Value), e.Value)
	}
	return sb.String()
}

// pick is one row of a ledger to be put together.
type pick struct {
	from *model.Ledger
	i    int
}

// compose sets the rows of l to those picked; the lists of other ledgers are not touched.
func (t *table[T]) compose(l *model.Ledger, picks []pick) {
	list := make([]T, len(picks))
	for n, p := range picks {
		list[n] = (*t.list(p.from))[p.i]
	}
	*t.list(l) = list
}

// settle gives the last row of l the place and the unknown columns of row i of from.
func (t *table[T]) settle(l, from *model.Ledger, i int) {
	x, old := last(*t.list(l)), &(*t.list(from))[i]
	*t.place(x) = *t.place(old)
	if t.extra != nil {
		*t.extra(x) = *t.extra(old)
	}
}

func last[T any](list []T) *T { return &list[len(list)-1] }

// setPlace says where the last row of l was declared.
func (t *table[T]) setPlace(l *model.Ledger, p model.Place) { *t.place(last(*t.list(l))) = p }

func (t *table[T]) size(l *model.Ledger) int { return len(*t.list(l)) }

// whole picks every row of l.
func whole(s section, l *model.Ledger) []pick {
	out := make([]pick, s.size(l))
	for i := range out {
		out[i] = pick{l, i}
	}
	return out
}

// next begins a version after l; nil is an empty ledger. Its lists are still those of l.
func next(l *model.Ledger) *model.Ledger {
	if l == nil {
		return &model.Ledger{}
	}
	n := *l
	return &n
}

// Size is how many rows of a kind there are.
func Size(l *model.Ledger, k Kind) int {
	if l == nil || sectionOf[k] == nil {
		return 0
	}
	return sectionOf[k].size(l)
}

// Has reports whether every word of text is in the row.
func (r Row) Has(text string) bool {
	all := fold(strings.Join(r.Values, "\n"))
	for _, w := range strings.Fields(fold(text)) {
		if !strings.Contains(all, w) {
			return false
		}
	}
	return true
}

// Linked gives the kind of row that a field names, such as the vendor of a machine.
func Linked(k Kind, field string) (Kind, bool) {
	to, ok := linked[k][field]
	return to, ok
}
