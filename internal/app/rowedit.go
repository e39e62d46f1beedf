package app

import (
	"context"
	"slices"

	"github.com/mimawari/mimawari/internal/ledger"
	"github.com/mimawari/mimawari/internal/ledger/decide"
	"github.com/mimawari/mimawari/internal/model"
)

// EditRow stores one changed, new or removed row. What is wrong is said first; an edit of a row that somebody else changed
// meanwhile is refused with who did what.
func (d *Declarer) EditRow(ctx context.Context, e decide.RowEdit, p decide.Person) (s decide.RowSaved, err error) {
	s.Batch, err = d.carry(ctx, nil, nil, func(w decide.World) (model.Act, error) {
		edit := e.Edit
		var err error
		if edit.ID, err = d.stillThere(ctx, w.Ledger, e); err != nil {
			return model.Act{}, err
		}
		act, ed, err := w.Change([]ledger.Edit{edit}, d.by(p))
		if err != nil {
			return act, err
		}
		s.ID, s.Slips, s.Clash = ed.IDs[0], ed.Slips, nil
		if !e.Remove {
			s.Clash = about(ledger.NewSlips(w.Ledger, ed.Ledger, d.Now()))
		}
		if !e.Anyway && len(s.Slips)+len(s.Clash) > 0 {
			return act, &decide.Doubtful{RowSaved: s}
		}
		return act, nil
	})
	return s, err
}

// about leaves out what is not for a person at a form: notices about how a file was read.
func about(ss []model.Slip) []model.Slip {
	return slices.DeleteFunc(ss, func(s model.Slip) bool { return s.Code == "overlap_unchecked" })
}

// EditRows stores changes of several rows at once, without asking back: the command line.
func (d *Declarer) EditRows(ctx context.Context, edits []ledger.Edit, p decide.Person) (b model.Batch, ed *ledger.Edited, err error) {
	b, err = d.carry(ctx, nil, nil, func(w decide.World) (act model.Act, err error) {
		act, ed, err = w.Change(edits, d.by(p))
		return act, err
	})
	return b, ed, err
}

// stillThere gives the id that the row of an edit has now, or an *Overtaken if it says something else than the form showed.
func (d *Declarer) stillThere(ctx context.Context, l *model.Ledger, e decide.RowEdit) (string, error) {
	if e.ID == "" || e.Digest == "" {
		return e.ID, nil
	}
	now, there := ledger.FindRow(l, e.Kind, e.ID)
	if there && now.Digest() == e.Digest {
		return e.ID, nil
	}
	o := &decide.Overtaken{Now: now, Gone: !there}
	shown, err := d.version(ctx, e.Version)
	if err != nil {
		return "", o // the version is gone: who it was can't be said
	}
	was, ok := ledger.FindRow(shown, e.Kind, e.ID)
	if !ok {
		return "", o
	}
	if !there { // its id is another: its own or another row's name changed
		if now, there = follow(shown, l, was); there && now.Digest() == e.Digest {
			return now.ID, nil
		}
		o.Now, o.Gone = now, !there
	}
	o.Changes = d.whoChanged(ctx, was, e.Version, version(l))
	return "", o
}

func version(l *model.Ledger) int {
	if l == nil {
		return 0
	}
	return l.Version
}

// follow finds a row of one version in a later one, under its key or by what else identifies it.
func follow(from, to *model.Ledger, r ledger.Row) (ledger.Row, bool) {
	if now, ok := ledger.FindRow(to, r.Kind, r.ID); ok {
		return now, true
	}
	key, ok := ledger.NewKey(from, to, r.Kind, r.Key)
	if !ok {
		return ledger.Row{}, false
	}
	for _, x := range ledger.Rows(to, r.Kind) {
		if x.Key == key {
			return x, true
		}
	}
	return ledger.Row{}, false
}

// maxBlame bounds the versions that are looked through for who changed something.
const maxBlame = 12

// whoChanged gives the fields of a row that are different since a version, with who changed each last.
func (d *Declarer) whoChanged(ctx context.Context, was ledger.Row, from, to int) (out []decide.Changed) {
	prev := was
	last, err := d.version(ctx, from)
	if err != nil {
		return nil
	}
	for n := from + 1; n <= to; n++ {
		if to-n >= maxBlame {
			continue
		}
		l, err := d.version(ctx, n)
		if err != nil {
			return out
		}
		row, ok := follow(last, l, prev)
		if !ok {
			return append(out, decide.Changed{Who: l.By, At: l.Imported})
		}
		for i, f := range ledger.Fields(was.Kind) {
			if row.Values[i] != prev.Values[i] {
				out = slices.DeleteFunc(out, func(c decide.Changed) bool { return c.Field == f })
				out = append(out, decide.Changed{FieldChange: ledger.FieldChange{Field: f, Before: was.Values[i], After: row.Values[i]}, Who: l.By, At: l.Imported})
			}
		}
		prev, last = row, l
	}
	return slices.DeleteFunc(out, func(c decide.Changed) bool { return c.Before == c.After && c.Field != "" })
}

// blame notes who changed the rows that can't be taken back.
func (d *Declarer) blame(ctx context.Context, cs []decide.Blamed, since int) {
	from, err := d.version(ctx, since)
	if err != nil || from == nil {
		return
	}
	newest, err := d.App.Store.Stamp(ctx)
	if err != nil {
		return
	}
	for i := range cs[:min(len(cs), maxBlame)] {
		for _, r := range ledger.Rows(from, cs[i].Sheet) {
			if cs[i].Kind != "row" || r.Key != cs[i].Key {
				continue
			}
			if ch := d.whoChanged(ctx, r, since, newest.Ledger); len(ch) > 0 {
				cs[i].Who, cs[i].At = ch[len(ch)-1].Who, ch[len(ch)-1].At
			}
			break
		}
	}
}
