package decide

import (
	"github.com/mimawari/mimawari/internal/ledger"
	"github.com/mimawari/mimawari/internal/model"
)

// Change corrects, adds or removes rows by hand.
func (w World) Change(edits []ledger.Edit, by By) (model.Act, *ledger.Edited, error) {
	kind := model.BatchEdit
	switch {
	case len(edits) == 0:
		return model.Act{}, nil, refuse("nothing")
	case edits[0].Remove:
		kind = model.BatchRemove
	case edits[0].ID == "":
		kind = model.BatchAdd
	}
	d, err := w.draft(kind, by)
	if err != nil {
		return model.Act{}, nil, err
	}
	ed, err := ledger.EditRows(d.Ledger, edits)
	if err != nil {
		return model.Act{}, nil, err
	}
	for i, e := range edits {
		from, id := ed.Ledger, ed.IDs[i]
		if e.Remove {
			from, id = d.Ledger, e.ID
		}
		if r, ok := ledger.FindRow(from, e.Kind, id); ok {
			d.subjects = append(d.subjects, r.Label)
		}
	}
	if ledger.Diff(d.Ledger, ed.Ledger).Empty() {
		return model.Act{}, nil, refuse("same_version")
	}
	d.version(ed.Ledger)
	return d.done(), ed, nil
}

// TakeIn makes what a workbook says the ledger; rest says what becomes of rows that it does not have.
func (w World) TakeIn(imported *model.Ledger, rest string, by By) (model.Act, error) {
	return w.replace(model.BatchImport, ledger.TakeIn(w.Ledger, imported, rest), imported.File, by)
}

// Restore makes an old version the newest.
func (w World) Restore(old *model.Ledger, by By) (model.Act, error) {
	l := *old
	return w.replace(model.BatchRestore, &l, old.File, by)
}

func (w World) replace(kind string, l *model.Ledger, subject string, by By) (model.Act, error) {
	d, err := w.draft(kind, by)
	if err != nil {
		return model.Act{}, err
	}
	c := ledger.Diff(w.Ledger, l)
	if c.Empty() {
		return model.Act{}, refuse("same_version")
	}
	d.version(l)
	act := d.done()
	act.Batch.Subjects, act.Batch.Count = []string{subject}, len(c.Added)+len(c.Changed)+len(c.Removed)
	return act, nil
}
