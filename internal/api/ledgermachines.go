package api

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/ledger"
	"github.com/mimawari/mimawari/internal/ledger/decide"
	"github.com/mimawari/mimawari/internal/model"
)

func (a *API) ledgerMachineOperations() {
	get := func(path, id, summary, text, page string) Operation {
		return Operation{Method: http.MethodGet, Path: path, Need: auth.Look, ID: id, Tag: "ledger", Summary: summary, Text: text, Pages: []string{page}}
	}
	add(a, get("/ledger/machines", "ledger-machines", "What is declared beside what is seen, by address",
		"Every declared machine and every seen one: same, differs, undeclared, unseen, retired, aside.", "GET /ledger"), a.machines)
	add(a, get("/ledger/machines/{id}", "ledger-machine", "One machine as declared and as seen", "", "GET /ledger/seen/{id}"), a.machine)
	add(a, Operation{
		Method: http.MethodPost, Path: "/ledger/decisions", Need: auth.Declare, ID: "ledger-decide", Tag: "ledger", Summary: "Decide on one or many machines", Large: true, maxBody: maxDecision,
		Text: "known: take them into the ledger. not_known: nobody knows them; owner looks into it. ask: ask a department. accept: what is seen is right. keep: the ledger is right, until a date. " +
			"Machines are named by id, or all that fit a filter are meant: then count says how many they are, and another number is 412. Those on which the decision can't be made are left out and counted. " +
			"With dry_run nothing happens.",
		Pages: []string{"POST /ledger/decide"},
	}, a.ledgerDecide)
}

// maxDecision bounds a decision: the ids of 20,000 machines.
const maxDecision = 1 << 20

// MachineFilter says which machines are meant.
type MachineFilter struct {
	Q          string `query:"q" json:"q" required:"false" maxLength:"200" doc:"every word is part of a name, address, MAC, maker, place"`
	Status     string `query:"status" json:"status" required:"false" enum:"undeclared,differs,unseen,same,retired,aside" doc:"only these"`
	Class      string `query:"class" json:"class" required:"false" maxLength:"40" doc:"only this class; - for machines of an unknown one"`
	Department string `query:"department" json:"department" required:"false" maxLength:"200" doc:"only those declared for this department"`
	Mark       string `query:"mark" json:"mark" required:"false" enum:"not_known,asked,kept" doc:"only those of which people said this"`
}

func (f MachineFilter) filter() decide.Filter {
	return decide.Filter{Text: f.Q, Status: decide.Status(f.Status), Class: f.Class, Department: f.Department, Mark: f.Mark}
}

type machinesInput struct {
	Common
	Paging
	MachineFilter
}

// MachineList is part of the machines.
type MachineList struct {
	Version  int            `json:"version"` // of the ledger, 0 if there is none
	Machines []Machine      `json:"machines"`
	Counts   map[string]int `json:"counts"` // how many there are of each status
	Total    int            `json:"total"`  // of all pages together
	Next     string         `json:"next"`   // goes into after; "" at the end
}

// Machine is a declared row, a seen machine, or both.
type Machine struct {
	ID       string              `json:"id"` // of the seen machine, else of the declared row
	Label    string              `json:"label"`
	Status   string              `json:"status"`
	Row      string              `json:"row"`      // id of the declared row, "" if there is none
	Seen     bool                `json:"seen"`     // then id is that of hosts
	Declared map[string]string   `json:"declared"` // fields that say something
	Differs  []MachineDifference `json:"differs"`
	NotKnown bool                `json:"not_known"` // somebody looked and nobody knows it
	Owner    string              `json:"owner"`     // who looks into it
	Inquiry  string              `json:"inquiry"`   // id of the newest question about it, "" if there is none
	Can      []string            `json:"can"`       // decisions that can be made on it
}

// MachineDifference is one field in which both sides differ.
type MachineDifference struct {
	Field    string `json:"field"`
	Declared string `json:"declared"`
	Seen     string `json:"seen"`
	Empty    bool   `json:"empty"` // nothing is declared: the ledger says nothing wrong
	Kept     bool   `json:"kept"`  // somebody said that the ledger is right
}

func newMachine(p *decide.Pair) Machine {
	m := Machine{ID: p.ID, Label: p.Label(), Status: string(p.Status), Row: p.RowID(), Seen: p.Seen != nil, Declared: map[string]string{}, Differs: []MachineDifference{}, Can: []string{}}
	if p.Declared != nil {
		m.Declared = newLedgerRow(ledger.RowOf(p.Declared)).Fields
	}
	for _, d := range p.Differs {
		m.Differs = append(m.Differs, MachineDifference{d.Field, d.Declared, d.Seen, d.Empty, d.Kept})
	}
	if p.Mark != nil {
		m.NotKnown, m.Owner = p.Mark.NotKnown, p.Mark.Owner
	}
	if p.Inquiry != nil {
		m.Inquiry = p.Inquiry.ID
	}
	for _, what := range decide.Decisions {
		if p.Fits(what) {
			m.Can = append(m.Can, what)
		}
	}
	return m
}

type machinesOutput struct {
	Link string `header:"Link" doc:"leads to the next page"`
	Body MachineList
}

func (a *API) machines(ctx context.Context, in *machinesInput) (*machinesOutput, error) {
	if a.Declarer == nil {
		return nil, model.ErrNotFound
	}
	m, err := a.Declarer.Look(ctx)
	if err != nil {
		return nil, err
	}
	all := m.Pairing.Select(in.filter())
	part, after, err := paged(all, in.Paging)
	if err != nil {
		return nil, err
	}
	out := MachineList{Version: m.Stamp.Ledger, Machines: []Machine{}, Counts: map[string]int{}, Total: len(all), Next: after}
	for _, p := range part {
		out.Machines = append(out.Machines, newMachine(p))
	}
	for s, n := range m.Pairing.Counts {
		out.Counts[string(s)] = n
	}
	return &machinesOutput{next(ctx, after), out}, nil
}

// paged gives the part of a list that is in memory, and after which place the next one begins.
func paged[T any](all []T, p Paging) (part []T, after string, err error) {
	from := 0
	if p.After != "" {
		if from, err = strconv.Atoi(p.After); err != nil || from < 0 || from > len(all) {
			return nil, "", model.ErrCursor
		}
	}
	to := min(from+min(p.Limit, maxPage), len(all))
	if to < len(all) {
		after = strconv.Itoa(to)
	}
	return all[from:to], after, nil
}

type machineOutput struct{ Body Machine }

func (a *API) machine(ctx context.Context, in *ByID) (*machineOutput, error) {
	if a.Declarer == nil {
		return nil, model.ErrNotFound
	}
	m, err := a.Declarer.Look(ctx)
	if err != nil {
		return nil, err
	}
	p := m.Pairing.Get(in.ID)
	if p == nil {
		return nil, model.ErrNotFound
	}
	return &machineOutput{newMachine(p)}, nil
}

// DecideBody is a decision on machines.
type DecideBody struct {
	What     string            `json:"what" enum:"known,not_known,ask,accept,keep" doc:"what is decided"`
	Machines []string          `json:"machines" required:"false" maxItems:"20000" doc:"ids of machines"`
	All      *MachineFilter    `json:"all,omitempty" doc:"all machines that fit this, in place of ids"`
	Count    int               `json:"count" required:"false" minimum:"0" doc:"with all: on how many it is decided"`
	Values   map[string]string `json:"values,omitempty" doc:"known: what the new rows say besides what was seen, by field"`
	Fields   []string          `json:"fields" required:"false" maxItems:"20" doc:"accept, keep: the fields that are meant; none: all that differ"`
	Owner    string            `json:"owner" required:"false" maxLength:"200" doc:"not_known, keep: who looks after it"`
	Until    time.Time         `json:"until,omitzero" doc:"keep: until when" example:"2027-03-31T00:00:00Z"`
	To       string            `json:"to" required:"false" maxLength:"200" doc:"ask: whom"`
	Mail     string            `json:"mail" required:"false" maxLength:"200" doc:"ask: their address"`
	Subject  string            `json:"subject" required:"false" maxLength:"500" doc:"ask: in place of the drafted subject, of one machine"`
	Text     string            `json:"text" required:"false" maxLength:"8000" doc:"ask: in place of the drafted text, of one machine"`
	Sent     bool              `json:"sent" required:"false" doc:"ask: it is on its way already"`
	Why      string            `json:"why" required:"false" maxLength:"2000" doc:"why; keep needs it"`
	DryRun   bool              `json:"dry_run" required:"false" doc:"only say on how many it would be decided"`
}

// Decided is what came of a decision.
type Decided struct {
	Decision *LedgerDecision `json:"decision,omitempty"` // not with dry_run
	Count    int             `json:"count"`              // on how many machines
	LeftOut  int             `json:"left_out"`           // on how many it can't be decided so
}

type ledgerDecideInput struct {
	Common
	Body DecideBody
}

type decidedOutput struct{ Body Decided }

func (a *API) ledgerDecide(ctx context.Context, in *ledgerDecideInput) (*decidedOutput, error) {
	if a.Declarer == nil {
		return nil, model.ErrNotFound
	}
	m, err := a.Declarer.Look(ctx)
	if err != nil {
		return nil, err
	}
	b := &in.Body
	meant := m.Pairing.ByID(b.Machines)
	missing := len(slices.Compact(slices.Sorted(slices.Values(b.Machines)))) - len(meant)
	if b.All != nil {
		meant, missing = m.Pairing.Select(b.All.filter()), 0
	}
	can, others := decide.Fitting(b.What, meant)
	out := Decided{Count: len(can), LeftOut: others + missing}
	switch {
	case b.DryRun:
		return &decidedOutput{out}, nil
	case len(can) == 0:
		return nil, inWords(ctx, &decide.Refusal{Code: "nothing"})
	case b.All != nil && b.Count != len(can):
		return nil, inWords(ctx, &decide.Refusal{Code: "moved"})
	}
	batch, err := a.carryOut(ctx, b, can)
	if err != nil {
		return nil, inWords(ctx, err)
	}
	a.done(ctx, batch)
	d := newDecision(batch)
	out.Decision = &d
	return &decidedOutput{out}, nil
}

// carryOut asks the one who decides.
func (a *API) carryOut(ctx context.Context, b *DecideBody, can []*decide.Pair) (model.Batch, error) {
	p := person(ctx, b.Why)
	var ids []string
	var entries []decide.Entry
	var choices []decide.Choice
	var questions []decide.Question
	for _, x := range can {
		ids = append(ids, x.ID)
		entries = append(entries, decide.Entry{Host: x.ID, Values: b.Values})
		choices = append(choices, decide.ChoiceOf(x, b.Fields))
		questions = append(questions, decide.Question{Host: x.ID})
	}
	switch b.What {
	case "known":
		batch, _, err := a.Declarer.Known(ctx, entries, p)
		return batch, err
	case "not_known":
		return a.Declarer.NotKnown(ctx, ids, b.Owner, p)
	case "ask":
		if len(questions) == 1 {
			questions[0].Subject, questions[0].Text = b.Subject, b.Text
		}
		return a.Declarer.Ask(ctx, questions, b.To, b.Mail, b.Sent, p)
	case "accept":
		batch, _, err := a.Declarer.Accept(ctx, choices, p)
		return batch, err
	}
	return a.Declarer.Keep(ctx, choices, b.Owner, b.Until, p)
}
