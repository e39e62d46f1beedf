package decide

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/ledger"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

// World is the moment that a decision is made on: what the decision is about must be in it.
type World struct {
	Ledger    *model.Ledger
	Hosts     map[string]model.Host // by id, with Ledger as of the ledger
	Findings  []model.Finding       // those about the hosts, and those of the batch to be taken back
	Marks     map[string]model.Mark // by host
	Inquiries map[string]model.Inquiry
}

// By is who decides, when and why.
type By struct {
	Who, Why string
	At       time.Time
	Lang     locale.Lang // of the texts that are kept
	NewID    func(prefix string) string
}

// Refusal is a decision that can't be made. Its words are under "ledger.decide.CODE".
type Refusal struct {
	Code  string
	Pairs []string
}

// Error gives the words in English.
func (e *Refusal) Error() string { return locale.T(locale.English, e.Key(), e.Pairs...) }

// Key selects the words.
func (e *Refusal) Key() string { return "ledger.decide." + e.Code }

// Codes are all codes of a Refusal, so that a test can make sure that each has words.
var Codes = []string{"who", "nothing", "no_host", "declared", "not_declared", "owner", "why", "until", "to", "answer", "no_inquiry", "undone", "conflict", "nothing_differs", "same_version", "text_long", "moved"}

func refuse(code string, pairs ...string) error { return &Refusal{Code: code, Pairs: pairs} }

// RuleStranger is the finding that a person made: nobody knows this machine.
const RuleStranger = "decision.stranger"

// ruleUnknown is the patrol's finding that a machine is not in the ledger.
const ruleUnknown = "inventory.unknown_host"

// findingsOf are the rules that speak of a difference in a field.
var findingsOf = map[string][]string{
	"name": {"inventory.name_mismatch"}, "mac": {"inventory.mac_change"}, "ip": {"inventory.duplicate_ip"}, "status": {ruleUnknown},
}

// draft is an act being made.
type draft struct {
	World
	By
	act      model.Act
	edits    []ledger.Edit
	subjects []string
	index    *ledger.Index
	rows     map[string]*model.LedgerHost // by key
	byHost   map[string][]model.Finding
	asked    map[string][]model.Inquiry // by host
}

// maxText bounds what a person may type into one field of a decision.
const maxText = 4000

func (w World) draft(kind string, by By) (*draft, error) {
	by.Who, by.Why = strings.TrimSpace(by.Who), strings.TrimSpace(by.Why)
	switch {
	case by.Who == "":
		return nil, refuse("who")
	case len(by.Why) > maxText:
		return nil, refuse("text_long")
	}
	d := &draft{World: w, By: by}
	d.lookUps()
	d.act.Batch = model.Batch{ID: by.NewID("b-"), Kind: kind, Who: by.Who, Why: by.Why, At: by.At.UTC(), Before: version(w.Ledger)}
	return d, nil
}

// lookUps makes what a decision on thousands of rows looks up for each.
func (d *draft) lookUps() {
	d.index, d.rows, d.byHost, d.asked = ledger.NewIndex(d.Ledger), map[string]*model.LedgerHost{}, map[string][]model.Finding{}, map[string][]model.Inquiry{}
	for i := range d.index.Ledger().Hosts {
		h := &d.index.Ledger().Hosts[i]
		d.rows[h.Key] = h
	}
	for _, f := range d.Findings {
		seen := map[string]bool{}
		for _, a := range f.Assets {
			if !seen[a.Host] {
				seen[a.Host] = true
				d.byHost[a.Host] = append(d.byHost[a.Host], f)
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(d.Inquiries)) {
		q := d.Inquiries[id]
		d.asked[q.Host] = append(d.asked[q.Host], q)
	}
}

func version(l *model.Ledger) int {
	if l == nil {
		return 0
	}
	return l.Version
}

// finish makes the version that the edits ask for.
func (d *draft) finish() (model.Act, []ledger.FieldSlip, error) {
	var slips []ledger.FieldSlip
	if len(d.edits) > 0 {
		ed, err := ledger.EditRows(d.Ledger, d.edits)
		if err != nil {
			return model.Act{}, nil, err
		}
		d.version(ed.Ledger)
		slips = ed.Slips
	}
	return d.done(), slips, nil
}

// version makes l the next version of the ledger.
func (d *draft) version(l *model.Ledger) {
	l.Imported, l.By, l.Why = d.At.UTC(), d.Who, d.Why
	d.act.Ledger = l
}

func (d *draft) done() model.Act {
	b := &d.act.Batch
	b.Count = len(d.subjects)
	b.Subjects = slices.Clone(d.subjects[:min(len(d.subjects), model.MaxSubjects)])
	return d.act
}

func (d *draft) host(id string) (model.Host, error) {
	h, ok := d.Hosts[id]
	if !ok {
		return h, refuse("no_host", "id", id)
	}
	return h, nil
}

// about calls f with each finding of these rules that is about the host.
func (d *draft) about(host string, rules []string, f func(model.Finding)) {
	for _, x := range d.byHost[host] {
		if slices.Contains(rules, x.Rule) {
			f(x)
		}
	}
}

// say sets what is said of a finding; saying the same is no step.
func (d *draft) say(f model.Finding, to model.Standing) {
	was := model.StandingOf(f)
	if was.Same(to) {
		return
	}
	for i := range d.act.Batch.Findings { // one finding about several hosts of a selection
		if s := &d.act.Batch.Findings[i]; s.ID == f.ID {
			s.After = &to
			return
		}
	}
	d.act.Batch.Findings = append(d.act.Batch.Findings, model.FindingStep{ID: f.ID, Before: &was, After: &to})
}

// resolve closes the findings of these rules about a host.
func (d *draft) resolve(host string, rules []string, reason string) {
	d.about(host, rules, func(f model.Finding) {
		if f.State != model.Resolved {
			d.say(f, model.Standing{State: model.Resolved, Owner: f.Owner, Reason: reason})
		}
	})
}

// mark changes what is said of a machine; a mark that says nothing any more goes.
func (d *draft) mark(h model.Host, change func(*model.Mark)) {
	step := model.MarkStep{Host: h.ID}
	m := model.Mark{Host: h.ID}
	if was, ok := d.Marks[h.ID]; ok {
		m = was
		m.Kept = slices.Clone(was.Kept)
		step.Before = &was
	}
	change(&m)
	m.Label, m.Who, m.Why, m.At = SeenLabel(&h), d.Who, d.Why, d.At.UTC()
	if m.NotKnown || len(m.Kept) > 0 {
		step.After = &m
	}
	if step.Before != nil || step.After != nil {
		d.act.Batch.Marks = append(d.act.Batch.Marks, step)
	}
}

// close ends the questions about a machine: somebody decided.
func (d *draft) close(host string) {
	for _, q := range d.asked[host] {
		if q.State == model.InquiryAnswered || q.State == model.InquiryClosed {
			continue
		}
		now := q
		now.State = model.InquiryClosed
		d.act.Batch.Inquiries = append(d.act.Batch.Inquiries, model.InquiryStep{ID: q.ID, Before: &q, After: &now})
	}
}

func (d *draft) words(key string, pairs ...string) string { return locale.T(d.Lang, key, pairs...) }

// why is the reason that a person gave, else what was decided in words.
func (d *draft) why(key string) string { return cmp.Or(d.Why, d.words(key)) }
