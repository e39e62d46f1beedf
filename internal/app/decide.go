package app

import (
	"context"
	"time"

	"github.com/mimawari/mimawari/internal/ledger"
	"github.com/mimawari/mimawari/internal/ledger/decide"
	"github.com/mimawari/mimawari/internal/model"
)

// Known takes seen machines into the ledger.
func (d *Declarer) Known(ctx context.Context, entries []decide.Entry, p decide.Person) (b model.Batch, slips []ledger.FieldSlip, err error) {
	hosts := make([]string, len(entries))
	for i, e := range entries {
		hosts[i] = e.Host
	}
	b, err = d.carry(ctx, hosts, nil, func(w decide.World) (act model.Act, err error) {
		act, slips, err = w.Known(entries, d.by(p))
		return act, err
	})
	return b, slips, err
}

// NotKnown marks machines that nobody knows.
func (d *Declarer) NotKnown(ctx context.Context, hosts []string, owner string, p decide.Person) (model.Batch, error) {
	return d.carry(ctx, hosts, nil, func(w decide.World) (model.Act, error) { return w.NotKnown(hosts, owner, d.by(p)) })
}

// Ask notes questions to a department or a person.
func (d *Declarer) Ask(ctx context.Context, qs []decide.Question, to, mail string, sent bool, p decide.Person) (model.Batch, error) {
	hosts := make([]string, len(qs))
	for i, q := range qs {
		hosts[i] = q.Host
	}
	return d.carry(ctx, hosts, nil, func(w decide.World) (model.Act, error) { return w.Ask(qs, to, mail, sent, d.Zone, d.by(p)) })
}

// Sent notes that a question is on its way.
func (d *Declarer) Sent(ctx context.Context, id string, p decide.Person) (model.Batch, error) {
	return d.carry(ctx, nil, nil, func(w decide.World) (model.Act, error) { return w.Sent(id, d.by(p)) })
}

// Answer notes what was answered.
func (d *Declarer) Answer(ctx context.Context, id, answer string, p decide.Person) (model.Batch, error) {
	return d.carry(ctx, nil, nil, func(w decide.World) (model.Act, error) { return w.Answer(id, answer, d.by(p)) })
}

// Accept writes what is seen into declared rows.
func (d *Declarer) Accept(ctx context.Context, cs []decide.Choice, p decide.Person) (b model.Batch, slips []ledger.FieldSlip, err error) {
	b, err = d.carry(ctx, hostsOf(cs), nil, func(w decide.World) (act model.Act, err error) {
		act, slips, err = w.Accept(cs, d.by(p))
		return act, err
	})
	return b, slips, err
}

// Keep notes that the ledger is right although something else is seen.
func (d *Declarer) Keep(ctx context.Context, cs []decide.Choice, owner string, until time.Time, p decide.Person) (model.Batch, error) {
	return d.carry(ctx, hostsOf(cs), nil, func(w decide.World) (model.Act, error) { return w.Keep(cs, owner, until, d.by(p)) })
}

func hostsOf(cs []decide.Choice) []string {
	out := make([]string, len(cs))
	for i, c := range cs {
		out[i] = c.Host
	}
	return out
}

// TakeIn makes what a workbook says the ledger; base is the version that the person compared it with.
func (d *Declarer) TakeIn(ctx context.Context, imported *model.Ledger, rest string, base int, p decide.Person) (model.Batch, error) {
	return d.carry(ctx, nil, nil, func(w decide.World) (model.Act, error) {
		if w.Ledger != nil && w.Ledger.Version != base {
			return model.Act{}, &decide.Refusal{Code: "moved"}
		}
		return w.TakeIn(imported, rest, d.by(p))
	})
}

// Restore makes an old version the newest.
func (d *Declarer) Restore(ctx context.Context, version int, p decide.Person) (model.Batch, error) {
	old, err := d.App.Store.LedgerVersion(ctx, version)
	if err != nil {
		return model.Batch{}, err
	}
	return d.carry(ctx, nil, nil, func(w decide.World) (model.Act, error) { return w.Restore(old, d.by(p)) })
}

// Undo takes a batch back. If something of it was changed since, nothing happens unless rest: then what can be taken back
// is.
func (d *Declarer) Undo(ctx context.Context, id string, rest bool, p decide.Person) (u decide.Undone, err error) {
	if u.Old, err = d.App.Store.Batch(ctx, id); err != nil {
		return u, err
	}
	before, err := d.version(ctx, u.Old.Before)
	if err != nil {
		return u, err
	}
	after, err := d.version(ctx, u.Old.After)
	if err != nil {
		return u, err
	}
	var findings []string
	for _, s := range u.Old.Findings {
		findings = append(findings, s.ID)
	}
	u.Batch, err = d.carry(ctx, nil, findings, func(w decide.World) (model.Act, error) {
		act, clashes, err := w.Undo(u.Old, before, after, d.by(p))
		if err != nil {
			return act, err
		}
		u.Clashes = nil
		for _, c := range clashes {
			u.Clashes = append(u.Clashes, decide.Blamed{Clash: c})
		}
		if len(clashes) > 0 && !rest {
			return act, &decide.Refusal{Code: "conflict", Pairs: []string{"names", names(clashes)}}
		}
		return act, nil
	})
	if len(u.Clashes) > 0 {
		d.blame(ctx, u.Clashes, u.Old.After)
	}
	return u, err
}

func names(cs []decide.Clash) string {
	s := ""
	for i, c := range cs {
		if i == 5 {
			return s + "…"
		}
		if i > 0 {
			s += "、"
		}
		s += c.Label
	}
	return s
}
