package decide

import (
	"slices"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/ledger"
	"github.com/mimawari/mimawari/internal/model"
)

// Choice names fields of one machine in which the ledger and what is seen differ. No fields: all that differ.
type Choice struct {
	Host   string
	Fields []string
}

// Accept writes what is seen into the declared rows, field by field.
func (w World) Accept(choices []Choice, by By) (model.Act, []ledger.FieldSlip, error) {
	d, err := w.draft(model.BatchAccept, by)
	if err != nil {
		return model.Act{}, nil, err
	}
	for _, c := range choices {
		h, row, ds, err := d.differing(c, true)
		if err != nil {
			return model.Act{}, nil, err
		}
		values := map[string]string{}
		for _, x := range ds {
			if x.Field == "status" { // it is there: it is no longer disposed of
				values["status"], values["note"] = "", notRetired(row)
				d.resolve(h.ID, findingsOf["status"], d.why("ledger.decide.accepted_reason"))
				continue
			}
			values[x.Field] = x.Seen
			d.resolve(h.ID, findingsOf[x.Field], d.why("ledger.decide.accepted_reason"))
		}
		d.subjects = append(d.subjects, row.Label)
		d.edits = append(d.edits, ledger.Edit{Kind: ledger.KindHosts, ID: row.ID, Values: values})
		d.forgetKept(h, ds)
		d.close(h.ID)
	}
	if len(d.edits) == 0 {
		return model.Act{}, nil, refuse("nothing")
	}
	return d.finish()
}

// notRetired keeps the remark unless it is what says that the machine is disposed of.
func notRetired(r ledger.Row) string {
	if r.Value("status") == "" {
		return ""
	}
	return r.Value("note")
}

func (d *draft) forgetKept(h model.Host, ds []Difference) {
	m, ok := d.Marks[h.ID]
	if !ok || len(m.Kept) == 0 {
		return
	}
	d.mark(h, func(m *model.Mark) {
		m.Kept = slices.DeleteFunc(m.Kept, func(k model.Kept) bool {
			return slices.ContainsFunc(ds, func(x Difference) bool { return x.Field == k.Field })
		})
	})
}

// maxKeep bounds how long a difference can be kept: a decision that nobody looks at again is none.
const maxKeep = 3 * 366 * 24 * time.Hour

// Keep notes that the ledger is right although something else is seen, until a date.
func (w World) Keep(choices []Choice, owner string, until time.Time, by By) (model.Act, error) {
	d, err := w.draft(model.BatchKeep, by)
	if err != nil {
		return model.Act{}, err
	}
	owner = strings.TrimSpace(owner)
	switch {
	case len(choices) == 0:
		return model.Act{}, refuse("nothing")
	case owner == "":
		return model.Act{}, refuse("owner")
	case d.Why == "":
		return model.Act{}, refuse("why")
	case !until.After(by.At) || until.Sub(by.At) > maxKeep:
		return model.Act{}, refuse("until")
	}
	for _, c := range choices {
		h, row, ds, err := d.differing(c, false)
		if err != nil {
			return model.Act{}, err
		}
		d.subjects = append(d.subjects, row.Label)
		d.mark(h, func(m *model.Mark) {
			for _, x := range ds {
				m.Kept = slices.DeleteFunc(m.Kept, func(k model.Kept) bool { return k.Field == x.Field })
				m.Kept = append(m.Kept, model.Kept{Field: x.Field, Declared: x.Declared, Seen: x.Seen, Until: until.UTC()})
			}
		})
		for _, x := range ds {
			d.about(h.ID, findingsOf[x.Field], func(f model.Finding) {
				if f.State != model.Resolved && f.State != model.Suppressed {
					d.say(f, model.Standing{State: model.Accepted, Owner: owner, Reason: d.Why, Until: until.UTC()})
				}
			})
		}
		d.close(h.ID)
	}
	return d.done(), nil
}

// differing gives what differs of a machine, as asked for; empty fields of the ledger only if they can be filled.
func (d *draft) differing(c Choice, fill bool) (model.Host, ledger.Row, []Difference, error) {
	h, err := d.host(c.Host)
	if err != nil {
		return h, ledger.Row{}, nil, err
	}
	declared := d.declared(h)
	if declared == nil {
		return h, ledger.Row{}, nil, refuse("not_declared", "name", SeenLabel(&h))
	}
	ds := differences(declared, &h, nil, time.Time{})
	ds = slices.DeleteFunc(ds, func(x Difference) bool {
		if len(c.Fields) > 0 {
			return !slices.Contains(c.Fields, x.Field) || x.Empty && !fill
		}
		return x.Empty
	})
	if len(ds) == 0 {
		return h, ledger.Row{}, nil, refuse("nothing_differs", "name", SeenLabel(&h))
	}
	return h, ledger.RowOf(declared), ds, nil
}

func (d *draft) declared(h model.Host) *model.LedgerHost {
	if h.Ledger == nil {
		return nil
	}
	return d.rows[h.Ledger.Key]
}
