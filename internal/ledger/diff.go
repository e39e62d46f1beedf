package ledger

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

// Changes is what differs between two versions of a ledger, by what the rows are, not by where they stand.
type Changes struct {
	Added   []Change `json:"added"`
	Removed []Change `json:"removed"`
	Changed []Change `json:"changed"`
}

// Change is one row that came, went or says something else.
type Change struct {
	Kind   Kind          `json:"kind"`
	Key    string        `json:"key"`
	Label  string        `json:"label"`
	Fields []FieldChange `json:"fields,omitempty"`
	Place  model.Place   `json:"place"` // in the new version; in the old one if removed
}

// FieldChange is one field that says something else. Field is an id, or the header of a column we do not know.
type FieldChange struct {
	Field  string `json:"field"`
	Extra  bool   `json:"extra,omitempty"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// Empty reports that nothing differs.
func (c Changes) Empty() bool { return len(c.Added)+len(c.Removed)+len(c.Changed) == 0 }

// Diff compares two versions; nil is a ledger with nothing in it. Rows are matched by their key, hosts of which the key
// changed (an asset number was filled in) by what else identifies them.
func Diff(before, after *model.Ledger) Changes {
	if before == nil {
		before = &model.Ledger{}
	}
	if after == nil {
		after = &model.Ledger{}
	}
	var c Changes
	for _, k := range Kinds {
		c.compare(k, sectionOf[k].fields(), sectionOf[k].records(before), sectionOf[k].records(after))
	}
	return c
}

func (c *Changes) compare(k Kind, fields []string, before, after []record) {
	pairs, gone, came := pair(before, after)
	if k == KindHosts {
		pairs, gone, came = pairByIdentity(fields, pairs, gone, came)
	}
	for _, p := range pairs {
		if fs := changedFields(fields, p[0], p[1]); len(fs) > 0 {
			c.Changed = append(c.Changed, Change{Kind: k, Key: p[1].key, Label: labelOf(k, fields, p[1]), Fields: fs, Place: p[1].place})
		}
	}
	for _, r := range gone {
		c.Removed = append(c.Removed, Change{Kind: k, Key: r.key, Label: labelOf(k, fields, r), Place: r.place})
	}
	for _, r := range came {
		c.Added = append(c.Added, Change{Kind: k, Key: r.key, Label: labelOf(k, fields, r), Place: r.place})
	}
}

// NewKey gives the key in after of the row that has this key in before; false if it is gone.
func NewKey(before, after *model.Ledger, k Kind, key string) (string, bool) {
	s := sectionOf[k]
	pairs, gone, came := pair(s.records(next(before)), s.records(next(after)))
	if k == KindHosts {
		pairs, _, _ = pairByIdentity(s.fields(), pairs, gone, came)
	}
	for _, p := range pairs {
		if p[0].key == key {
			return p[1].key, true
		}
	}
	return "", false
}

// pair matches records by key. Equal keys (a vendor listed twice) are matched in the order of their content.
func pair(before, after []record) (pairs [][2]record, gone, came []record) {
	byContent := func(rs []record) []record {
		rs = slices.Clone(rs)
		slices.SortStableFunc(rs, func(a, b record) int { return cmp.Or(cmp.Compare(a.key, b.key), slices.Compare(a.values, b.values)) })
		return rs
	}
	b, a := byContent(before), byContent(after)
	for len(b) > 0 || len(a) > 0 {
		switch {
		case len(a) == 0 || len(b) > 0 && b[0].key < a[0].key:
			gone, b = append(gone, b[0]), b[1:]
		case len(b) == 0 || a[0].key < b[0].key:
			came, a = append(came, a[0]), a[1:]
		default:
			pairs, b, a = append(pairs, [2]record{b[0], a[0]}), b[1:], a[1:]
		}
	}
	return pairs, gone, came
}

// pairByIdentity matches hosts that went with hosts that came, if they share a field that only they have.
func pairByIdentity(fields []string, pairs [][2]record, gone, came []record) ([][2]record, []record, []record) {
	for _, f := range []string{"asset_no", "serial", "mac", "name", "ip"} {
		i := slices.Index(fields, f)
		olds, news := byValue(gone, i), byValue(came, i)
		matched := map[string]bool{}
		for v, o := range olds {
			if n, ok := news[v]; ok && v != "" && v != "DHCP" && o != nil && n != nil {
				matched[o.key], matched[n.key] = true, true
			}
		}
		for i2 := range gone {
			if v := fold(gone[i2].values[i]); matched[gone[i2].key] && news[v] != nil {
				pairs = append(pairs, [2]record{gone[i2], *news[v]})
			}
		}
		gone = slices.DeleteFunc(slices.Clone(gone), func(r record) bool { return matched[r.key] })
		came = slices.DeleteFunc(slices.Clone(came), func(r record) bool { return matched[r.key] })
	}
	return pairs, gone, came
}

// byValue maps a value to the one record that has it, to nil if several have.
func byValue(rs []record, i int) map[string]*record {
	m := map[string]*record{}
	for j := range rs {
		v := fold(rs[j].values[i])
		if _, ok := m[v]; ok {
			m[v] = nil
			continue
		}
		m[v] = &rs[j]
	}
	return m
}

func labelOf(k Kind, fields []string, r record) string {
	for _, f := range []string{"name", "asset_no", "prefix", "ip", "mac"} {
		if i := slices.Index(fields, f); i >= 0 && r.values[i] != "" && (k != KindContracts || f == "name") {
			return oneLine(r.values[i])
		}
	}
	return oneLine(r.key)
}

func changedFields(fields []string, before, after record) (out []FieldChange) {
	for i, f := range fields {
		if before.values[i] != after.values[i] {
			out = append(out, FieldChange{Field: f, Before: before.values[i], After: after.values[i]})
		}
	}
	was, is := extraMap(before.extra), extraMap(after.extra)
	for _, h := range extraHeaders(before.extra, after.extra) {
		if was[h] != is[h] {
			out = append(out, FieldChange{Field: h, Extra: true, Before: was[h], After: is[h]})
		}
	}
	return out
}

func extraMap(es []model.Extra) map[string]string {
	m := make(map[string]string, len(es))
	for _, e := range es {
		if m[e.Header] != "" {
			m[e.Header] += "\n"
		}
		m[e.Header] += e.Value
	}
	return m
}

func extraHeaders(a, b []model.Extra) (hs []string) {
	for _, e := range slices.Concat(a, b) {
		if !slices.Contains(hs, e.Header) {
			hs = append(hs, e.Header)
		}
	}
	return hs
}

// WriteText says the changes in words, at most limit rows of each sort (0: all).
func (c Changes) WriteText(w io.Writer, l locale.Lang, limit int) error {
	var sb strings.Builder
	if c.Empty() {
		fmt.Fprintln(&sb, locale.T(l, "ledger.diff.none"))
	}
	for _, p := range []struct {
		sign, key string
		rows      []Change
	}{{"+", "added", c.Added}, {"-", "removed", c.Removed}, {"*", "changed", c.Changed}} {
		if len(p.rows) > 0 {
			fmt.Fprintln(&sb, locale.T(l, "ledger.diff."+p.key, "count", fmt.Sprint(len(p.rows))))
		}
		for i, x := range p.rows {
			if limit > 0 && i == limit {
				fmt.Fprintln(&sb, "  "+locale.T(l, "ledger.diff.more", "count", fmt.Sprint(len(p.rows)-limit)))
				break
			}
			fmt.Fprintf(&sb, "  %s %s: %s\n", p.sign, kindLabel(l, x.Kind), x.Label)
			for _, f := range x.Fields {
				fmt.Fprintf(&sb, "      %s: %s → %s\n", f.label(l, x.Kind), quoted(l, f.Before), quoted(l, f.After))
			}
		}
	}
	_, err := io.WriteString(w, sb.String())
	return err
}

func (f FieldChange) label(l locale.Lang, k Kind) string {
	if f.Extra {
		return oneLine(f.Field)
	}
	return fieldLabel(l, k, f.Field)
}

func quoted(l locale.Lang, s string) string {
	if s == "" {
		return locale.T(l, "ledger.diff.nothing")
	}
	return oneLine(s)
}
