package decide

import (
	"strings"

	"github.com/mimawari/mimawari/internal/ledger"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

// Entry is a seen machine to be taken into the ledger, with what its row shall say beside or instead of the proposal.
type Entry struct {
	Host   string
	Values map[string]string
}

// Known takes seen machines into the ledger and closes what the patrol found of them.
func (w World) Known(entries []Entry, by By) (model.Act, []ledger.FieldSlip, error) {
	d, err := w.draft(model.BatchKnown, by)
	if err != nil {
		return model.Act{}, nil, err
	}
	if len(entries) == 0 {
		return model.Act{}, nil, refuse("nothing")
	}
	for _, e := range entries {
		h, err := d.host(e.Host)
		if err != nil {
			return model.Act{}, nil, err
		}
		if h.Ledger != nil {
			return model.Act{}, nil, refuse("declared", "name", SeenLabel(&h), "row", h.Ledger.Name)
		}
		values := Propose(d.index, &h)
		for f, v := range choose(e.Values) {
			values[f] = v
		}
		d.edits = append(d.edits, ledger.Edit{Kind: ledger.KindHosts, Values: values})
		d.subjects = append(d.subjects, values["name"])
		d.resolve(h.ID, []string{ruleUnknown, RuleStranger}, d.why("ledger.decide.now_declared"))
		d.mark(h, func(m *model.Mark) { m.NotKnown, m.Owner = false, "" })
		d.close(h.ID)
	}
	return d.finish()
}

// NotKnown marks machines that nobody knows: a finding that is urgent, with the person who looks into it.
func (w World) NotKnown(hosts []string, owner string, by By) (model.Act, error) {
	d, err := w.draft(model.BatchNotKnown, by)
	if err != nil {
		return model.Act{}, err
	}
	owner = strings.TrimSpace(owner)
	switch {
	case len(hosts) == 0:
		return model.Act{}, refuse("nothing")
	case owner == "":
		return model.Act{}, refuse("owner")
	}
	for _, id := range hosts {
		h, err := d.host(id)
		if err != nil {
			return model.Act{}, err
		}
		d.subjects = append(d.subjects, SeenLabel(&h))
		d.stranger(h, owner)
		d.mark(h, func(m *model.Mark) { m.NotKnown, m.Owner = true, owner })
		d.close(h.ID)
		d.about(h.ID, []string{ruleUnknown}, func(f model.Finding) {
			if f.State == model.Open || f.State == model.Reopened || f.State == model.Acknowledged {
				d.say(f, model.Standing{State: model.Acknowledged, Owner: owner, Reason: d.why("ledger.decide.not_known_reason")})
			}
		})
	}
	return d.done(), nil
}

// stranger opens the finding about a machine that nobody knows, or opens it again.
func (d *draft) stranger(h model.Host, owner string) {
	to := model.Standing{State: model.Open, Owner: owner, Reason: d.Why}
	id := model.FindingID(RuleStranger, h.ID)
	for _, f := range d.byHost[h.ID] {
		if f.ID == id {
			d.say(f, to)
			return
		}
	}
	a := model.Asset{Host: h.ID, Label: SeenLabel(&h)}
	if len(h.IPs) > 0 {
		a.IP = bestIP(h.IPs).String()
	}
	if len(h.MACs) > 0 {
		a.MAC = h.MACs[0].String()
	}
	class := "unknown"
	if h.Class != model.ClassUnknown {
		class = string(h.Class)
	}
	f := model.Finding{
		ID: id, Rule: RuleStranger, Severity: model.High, Assets: []model.Asset{a}, First: d.At.UTC(), Last: d.At.UTC(), Count: 1,
		Params: map[string]string{
			"host": a.Label, "ip": dash(a.IP), "mac": dash(a.MAC), "class_key": "class." + class, "maker": dash(h.Maker), "os": dash(h.OS),
			"who": d.Who, "owner": owner, "why": dash(d.Why),
		},
		Evidence: []model.Evidence{{At: h.Last, Text: model.Clean(strings.Join([]string{"ip=" + a.IP, "mac=" + a.MAC, "name=" + seenName(&h)}, " "))}},
	}
	if w, ok := locale.RuleOf(RuleStranger); ok {
		f.Severity = w.Severity
	}
	d.act.Batch.Findings = append(d.act.Batch.Findings, model.FindingStep{ID: id, After: &to, Made: &f})
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
