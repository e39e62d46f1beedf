package decide

import (
	"encoding/json"

	"github.com/mimawari/mimawari/internal/ledger"
	"github.com/mimawari/mimawari/internal/model"
)

// Clash is something of a batch that can't be taken back: somebody changed it since.
type Clash struct {
	Kind  string // row, finding, mark, inquiry
	Sheet ledger.Kind
	Key   string
	Label string
}

// Undo takes a batch back: the rows, findings, marks and questions that it changed are as before it; what others changed
// since in other rows stays. before and after are the ledger versions of the batch, nil if it left the ledger alone.
// What can't be taken back is named; the act has the rest.
func (w World) Undo(b model.Batch, before, after *model.Ledger, by By) (model.Act, []Clash, error) {
	if b.Undone != "" {
		return model.Act{}, nil, refuse("undone")
	}
	d, err := w.draft(model.BatchUndo, by)
	if err != nil {
		return model.Act{}, nil, err
	}
	d.act.Batch.Undoes = b.ID
	var clashes []Clash
	if b.After > 0 {
		l, conflicts := ledger.Revert(w.Ledger, before, after)
		for _, c := range conflicts {
			clashes = append(clashes, Clash{Kind: "row", Sheet: c.Kind, Key: c.Key, Label: c.Label})
		}
		d.version(l)
	}
	clashes = append(clashes, d.undoFindings(b.Findings)...)
	clashes = append(clashes, d.undoMarks(b.Marks)...)
	clashes = append(clashes, d.undoInquiries(b.Inquiries)...)
	act := d.done()
	act.Batch.Subjects, act.Batch.Count = b.Subjects, b.Count
	return act, clashes, nil
}

func (d *draft) undoFindings(steps []model.FindingStep) (clashes []Clash) {
	now := map[string]model.Finding{}
	for _, f := range d.Findings {
		now[f.ID] = f
	}
	for _, s := range steps {
		f, there := now[s.ID]
		if there != (s.After != nil) || there && !model.StandingOf(f).Same(*s.After) {
			clashes = append(clashes, Clash{Kind: "finding", Key: s.ID, Label: findingLabel(f, s)})
			continue
		}
		back := model.FindingStep{ID: s.ID, Before: s.After, After: s.Before, Made: s.Made}
		if there && s.Before == nil {
			back.Made = &f
		}
		d.act.Batch.Findings = append(d.act.Batch.Findings, back)
	}
	return clashes
}

func findingLabel(f model.Finding, s model.FindingStep) string {
	if f.ID == "" && s.Made != nil {
		f = *s.Made
	}
	if len(f.Assets) > 0 {
		return f.Assets[0].Label
	}
	return s.ID
}

func (d *draft) undoMarks(steps []model.MarkStep) (clashes []Clash) {
	for _, s := range steps {
		if m, there := d.Marks[s.Host]; there != (s.After != nil) || there && !sameJSON(m, *s.After) {
			clashes = append(clashes, Clash{Kind: "mark", Key: s.Host, Label: markLabel(s)})
			continue
		}
		d.act.Batch.Marks = append(d.act.Batch.Marks, model.MarkStep{Host: s.Host, Before: s.After, After: s.Before})
	}
	return clashes
}

func markLabel(s model.MarkStep) string {
	if s.After != nil {
		return s.After.Label
	}
	return s.Before.Label
}

func (d *draft) undoInquiries(steps []model.InquiryStep) (clashes []Clash) {
	for _, s := range steps {
		if q, there := d.Inquiries[s.ID]; there != (s.After != nil) || there && !sameJSON(q, *s.After) {
			label := s.ID
			if s.After != nil {
				label = s.After.Label
			}
			clashes = append(clashes, Clash{Kind: "inquiry", Key: s.ID, Label: label})
			continue
		}
		d.act.Batch.Inquiries = append(d.act.Batch.Inquiries, model.InquiryStep{ID: s.ID, Before: s.After, After: s.Before})
	}
	return clashes
}

func sameJSON(a, b any) bool {
	x, err1 := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err1 == nil && err2 == nil && string(x) == string(y)
}
