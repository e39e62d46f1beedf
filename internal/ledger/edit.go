package ledger

import (
	"slices"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

// Edit is one change of one row.
type Edit struct {
	Kind   Kind
	ID     string            // Row.ID; "" adds a row
	Values map[string]string // what the fields shall say; a field that is not named stays
	Remove bool
}

// FieldSlip is a slip in what was typed; Field is "" if the row as a whole is meant.
type FieldSlip struct {
	Field string
	Slip  model.Slip
}

// Refusal is an edit that can't be made: what was typed would be lost.
type Refusal struct {
	Edit  int    // index of the edit
	Code  string // no_row, no_kind, no_field, empty, slips
	Text  string
	Slips []FieldSlip
}

// Error gives the words in English.
func (e *Refusal) Error() string { return e.In(locale.English) }

// In gives the words in l.
func (e *Refusal) In(l locale.Lang) string {
	var parts []string
	for _, s := range e.Slips {
		parts = append(parts, SlipWords(l, s.Slip).Title)
	}
	return locale.T(l, "ledger.edit."+e.Code, "text", oneLine(e.Text), "slips", strings.Join(parts, " "))
}

// Edited is a ledger after edits.
type Edited struct {
	Ledger *model.Ledger
	IDs    []string    // the ids of the rows of the edits, "" of removed ones
	Slips  []FieldSlip // what was said of the cells, and can stay
}

// MadeHere is the file named as the place of rows that were not read from one.
const MadeHere = "Mimawari"

// EditRows makes a version with the edits. What is typed is read as a cell of a workbook is; l is not changed.
func EditRows(l *model.Ledger, edits []Edit) (*Edited, error) {
	ed := &editor{was: next(l), now: next(l), scratch: &model.Ledger{}, picks: map[Kind][]pick{}, rows: map[Kind]map[string]Row{}}
	out := &Edited{Ledger: ed.now}
	at := make([]int, len(edits))
	for n, e := range edits {
		i, slips, err := ed.edit(e)
		if err != nil {
			err.Edit = n
			return nil, err
		}
		at[n], out.Slips = i, append(out.Slips, slips...)
	}
	ed.compose()
	assignKeys(ed.now.Hosts)
	out.IDs = ed.ids(edits, at)
	return out, nil
}

// editor carries edits. Removed rows are picks without a ledger until all is put together.
type editor struct {
	was, now, scratch *model.Ledger
	picks             map[Kind][]pick
	rows              map[Kind]map[string]Row
}

func (ed *editor) load(k Kind) {
	if ed.picks[k] != nil || ed.rows[k] != nil {
		return
	}
	ed.picks[k], ed.rows[k] = whole(sectionOf[k], ed.was), map[string]Row{}
	for _, r := range Rows(ed.was, k) {
		ed.rows[k][r.ID] = r
	}
}

func (ed *editor) edit(e Edit) (int, []FieldSlip, *Refusal) {
	s := sectionOf[e.Kind]
	if s == nil {
		return 0, nil, &Refusal{Code: "no_kind", Text: string(e.Kind)}
	}
	ed.load(e.Kind)
	old, known := ed.rows[e.Kind][e.ID]
	switch {
	case e.ID != "" && !known:
		return 0, nil, &Refusal{Code: "no_row", Text: e.ID}
	case e.Remove:
		ed.picks[e.Kind][old.Index].from = nil
		return old.Index, nil, nil
	}
	slips, err := ed.read(s, e, old)
	if err != nil {
		return 0, nil, err
	}
	p := pick{ed.scratch, s.size(ed.scratch) - 1}
	if known {
		s.settle(ed.scratch, ed.was, old.Index)
		ed.picks[e.Kind][old.Index] = p
		return old.Index, slips, nil
	}
	s.setPlace(ed.scratch, model.Place{File: MadeHere, Sheet: MadeHere, Row: len(ed.picks[e.Kind]) + 1})
	ed.picks[e.Kind] = append(ed.picks[e.Kind], p)
	return len(ed.picks[e.Kind]) - 1, slips, nil
}

// read reads the row as if it stood in a workbook of which every field is a column.
func (ed *editor) read(s section, e Edit, old Row) ([]FieldSlip, *Refusal) {
	fields := s.fields()
	for f := range e.Values {
		if !slices.Contains(fields, f) {
			return nil, &Refusal{Code: "no_field", Text: f}
		}
	}
	im := &importer{book: &book{}, rep: &Report{Ledger: ed.scratch}}
	x := &entry{im: im, columns: map[string][]int{}, lay: &layout{kind: e.Kind, uses: make([]ColumnUse, len(fields))}, row: row{n: 1, cells: make([]cell, len(fields))}}
	for i, f := range fields {
		v, typed := e.Values[f]
		if !typed {
			v = old.Value(f)
		}
		x.columns[f] = []int{i}
		x.lay.uses[i] = ColumnUse{Field: f, Score: 1}
		x.row.cells[i] = typedCell(v)
	}
	taken := s.read(ed.scratch, x)
	slips := fieldSlips(im.rep.Slips, fields, e.Kind)
	if taken {
		slips = append(slips, vanished(s, ed.scratch, e, slips)...)
	}
	if lost := slices.DeleteFunc(slices.Clone(slips), func(s FieldSlip) bool { return !losing[s.Slip.Code] }); len(lost) > 0 || !taken {
		code := "slips"
		if len(lost) == 0 {
			code = "empty"
		}
		return nil, &Refusal{Code: code, Text: old.Label, Slips: lost}
	}
	return slips, nil
}

// typedCell is what a person typed. Unlike in a file, an apostrophe is no mark.
func typedCell(v string) cell {
	v, long := cutCell(v)
	c := cell{text: cleanCell(v)}
	if long {
		c.fault = "cell_too_long"
	}
	return c
}

// vanished finds what was typed and is nowhere in the row: no address could be seen in it, so nothing was said of it.
func vanished(s section, l *model.Ledger, e Edit, said []FieldSlip) (out []FieldSlip) {
	rs := s.records(l)
	r := rs[len(rs)-1]
	for i, f := range s.fields() {
		text := typedCell(e.Values[f]).text
		if r.values[i] != "" || f == "mask" || blankWord(text) || slices.ContainsFunc(said, func(x FieldSlip) bool { return x.Field == f }) {
			continue
		}
		code := "invalid_ip"
		if f == "mac" || f == "macs" {
			code = "invalid_mac"
		} else if f == "name" {
			code = "row_without_name"
		}
		out = append(out, FieldSlip{Field: f, Slip: model.Slip{Code: code, Cell: text, Args: map[string]string{"name": r.label, "text": oneLine(text), "sheet": string(e.Kind)}}})
	}
	return out
}

// losing are slips after which the ledger would not say what was typed.
var losing = setOf([]string{"invalid_ip", "invalid_mac", "invalid_mask", "invalid_vlan", "yes_or_no", "not_a_network", "one_network_per_row", "cell_too_long", "row_without_name"})

func fieldSlips(ss []model.Slip, fields []string, k Kind) (out []FieldSlip) {
	for _, s := range ss {
		x := FieldSlip{Slip: s}
		for i, f := range fields {
			if len(s.Places) > 0 && s.Places[0].Column == letter(i) {
				x.Field = f
			}
		}
		if s.Args == nil {
			s.Args = map[string]string{}
		}
		s.Args["sheet"] = string(k)
		out = append(out, x)
	}
	return out
}

func (ed *editor) compose() {
	for k, picks := range ed.picks {
		sectionOf[k].compose(ed.now, slices.DeleteFunc(slices.Clone(picks), func(p pick) bool { return p.from == nil }))
	}
	if ed.picks[KindHosts] == nil {
		ed.now.Hosts = slices.Clone(ed.now.Hosts) // keys are assigned anew
	}
}

// ids gives the ids that the edited rows have now: removed rows before them moved them up.
func (ed *editor) ids(edits []Edit, at []int) []string {
	out := make([]string, len(edits))
	now := map[Kind][]Row{}
	for n, e := range edits {
		if e.Remove {
			continue
		}
		if now[e.Kind] == nil {
			now[e.Kind] = Rows(ed.now, e.Kind)
		}
		i := at[n]
		for _, p := range ed.picks[e.Kind][:at[n]] {
			if p.from == nil {
				i--
			}
		}
		out[n] = now[e.Kind][i].ID
	}
	return out
}

// Check holds a ledger against itself, as an import does, and gives what is wrong.
func Check(l *model.Ledger, at time.Time) []model.Slip {
	im := &importer{book: &book{}, opts: Options{Now: at}, rep: &Report{Ledger: next(l)}}
	im.check()
	return im.rep.Slips
}

// NewSlips gives what is wrong in after and was not in before.
func NewSlips(before, after *model.Ledger, at time.Time) (out []model.Slip) {
	was := map[string]bool{}
	for _, s := range Check(before, at) {
		was[slipKey(s)] = true
	}
	for _, s := range Check(after, at) {
		if !was[slipKey(s)] {
			out = append(out, s)
		}
	}
	return out
}

func slipKey(s model.Slip) string {
	return s.Code + "\x00" + strings.Join(causeOf(s), "\x00") + "\x00" + s.Args["count"]
}
