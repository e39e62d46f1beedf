package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/ledger"
	"github.com/mimawari/mimawari/internal/ledger/decide"
	"github.com/mimawari/mimawari/internal/model"
)

// declareFlags are what the commands share that change the ledger row by row.
type declareFlags struct {
	data, by, why, owner, to, mail, kind, answer, text, until string
	set, fields                                               []string
	sent, json                                                bool
}

// declareCommands are the decisions on what is seen and declared, as the ledger page has them.
func declareCommands(s *session) []*cobra.Command {
	f := &declareFlags{}
	var out []*cobra.Command
	for _, x := range []struct {
		use   string
		least int
		flags string
		run   func(context.Context, *app.Declarer, *declareFlags, []string) error
	}{
		{"decide known|unknown|ask|accept|keep HOST...", 2, "set owner to mail sent fields until", s.ledgerDecide},
		{"edit ROW FIELD=VALUE...", 2, "kind", s.ledgerEdit},
		{"restore VERSION", 1, "", s.ledgerRestore},
		{"inquiries", 0, "answer text", s.ledgerInquiries},
	} {
		name, _, _ := strings.Cut(x.use, " ")
		c := &cobra.Command{
			Use: x.use, Short: s.t("ledger.cmd." + name), Long: s.t("ledger.cmd." + name + ".long"),
			Args: func(c *cobra.Command, args []string) error {
				if len(args) < x.least {
					return usageError{errors.New(s.t("ledger.cmd.arguments", "use", c.UseLine()))}
				}
				return nil
			},
			RunE: func(c *cobra.Command, args []string) error {
				return s.declare(c.Context(), f, func(d *app.Declarer) error { return x.run(c.Context(), d, f, args) })
			},
		}
		s.declareFlags(c, f, strings.Fields(x.flags))
		out = append(out, c)
	}
	return out
}

func (s *session) declareFlags(c *cobra.Command, f *declareFlags, names []string) {
	fl := c.Flags()
	s.dataFlag(c, &f.data)
	fl.StringVar(&f.by, "by", userName(), s.t("ledger.flag.by"))
	fl.StringVar(&f.why, "why", "", s.t("ledger.flag.why"))
	fl.BoolVar(&f.json, "json", false, s.t("ledger.flag.json"))
	for _, n := range names {
		words := s.t("ledger.flag." + n)
		switch n {
		case "set":
			fl.StringArrayVar(&f.set, n, nil, words)
		case "fields":
			fl.StringSliceVar(&f.fields, n, nil, words)
		case "sent":
			fl.BoolVar(&f.sent, n, false, words)
		case "kind":
			fl.StringVar(&f.kind, n, string(ledger.KindHosts), words)
		default:
			into := map[string]*string{"owner": &f.owner, "to": &f.to, "mail": &f.mail, "answer": &f.answer, "text": &f.text, "until": &f.until}[n]
			fl.StringVar(into, n, "", words)
		}
	}
}

// declare opens the data to write what people decide, beside whatever else runs.
func (s *session) declare(ctx context.Context, f *declareFlags, do func(*app.Declarer) error) error {
	a, err := app.OpenDeciding(ctx, f.data)
	if err != nil {
		return s.fail(err)
	}
	return s.ledgerEnd(s.declined(errors.Join(do(&app.Declarer{App: a, Now: time.Now, Zone: time.Local}), a.Close())))
}

// declined turns a decision that can't be made into words.
func (s *session) declined(err error) error {
	var no *decide.Refusal
	var bad *ledger.Refusal
	switch {
	case errors.As(err, &no):
		return &api.Refused{Key: no.Key(), Pairs: no.Pairs}
	case errors.As(err, &bad):
		fmt.Fprintf(s.err, "mimawari: %s\n", bad.In(s.lang))
		return exitError{exitUsage}
	case errors.Is(err, model.ErrMoved):
		return &api.Refused{Key: "ledger.decide.moved"}
	}
	return err
}

func (f *declareFlags) person(s *session) decide.Person {
	return decide.Person{Name: f.by, Why: f.why, Lang: s.lang}
}

func (s *session) ledgerDecide(ctx context.Context, d *app.Declarer, f *declareFlags, args []string) error {
	m, err := d.Look(ctx)
	if err != nil {
		return err
	}
	var hosts []string
	for _, a := range args[1:] {
		h, err := s.hostNamed(m, a)
		if err != nil {
			return err
		}
		hosts = append(hosts, h)
	}
	b, err := s.decideHosts(ctx, d, f, args[0], hosts)
	if err != nil {
		return err
	}
	return s.decided(ctx, d, f, b)
}

func (s *session) decideHosts(ctx context.Context, d *app.Declarer, f *declareFlags, what string, hosts []string) (b model.Batch, err error) {
	var choices []decide.Choice
	for _, h := range hosts {
		choices = append(choices, decide.Choice{Host: h, Fields: f.fields})
	}
	switch what {
	case "known":
		values, err := s.assignments(ledger.KindHosts, f.set)
		if err != nil {
			return b, err
		}
		var es []decide.Entry
		for _, h := range hosts {
			es = append(es, decide.Entry{Host: h, Values: values})
		}
		b, _, err = d.Known(ctx, es, f.person(s))
		return b, err
	case "unknown":
		return d.NotKnown(ctx, hosts, f.owner, f.person(s))
	case "ask":
		var qs []decide.Question
		for _, h := range hosts {
			qs = append(qs, decide.Question{Host: h})
		}
		return d.Ask(ctx, qs, f.to, f.mail, f.sent, f.person(s))
	case "accept":
		b, _, err = d.Accept(ctx, choices, f.person(s))
		return b, err
	case "keep":
		until, err := s.keepUntil(f.until)
		if err != nil {
			return b, err
		}
		return d.Keep(ctx, choices, f.owner, until, f.person(s))
	}
	return b, usageError{errors.New(s.t("ledger.decide.what", "text", what))}
}

func (s *session) keepUntil(text string) (time.Time, error) {
	t, err := time.ParseInLocation(time.DateOnly, text, time.Local)
	if err != nil {
		return t, &decide.Refusal{Code: "until"}
	}
	return t.Add(24*time.Hour - time.Second), nil
}

// hostNamed finds one seen machine by id, address, MAC or name.
func (s *session) hostNamed(m *decide.Moment, text string) (string, error) {
	if _, ok := m.Hosts[text]; ok {
		return text, nil
	}
	mac, _ := model.ParseMAC(text)
	var found []string
	for id, h := range m.Hosts {
		if h.Is(text, mac) || h.Ledger != nil && ledger.NameKey(h.Ledger.Name) == ledger.NameKey(text) {
			found = append(found, id)
		}
	}
	switch len(found) {
	case 0:
		return "", &api.Refused{Key: "ledger.decide.no_host", Pairs: []string{"id", text}}
	case 1:
		return found[0], nil
	}
	return "", &api.Refused{Key: "ledger.decide.several", Pairs: []string{"text", text, "n", strconv.Itoa(len(found))}}
}

// assignments reads FIELD=VALUE; a field by its id or by its header in the template.
func (s *session) assignments(k ledger.Kind, texts []string) (map[string]string, error) {
	out := map[string]string{}
	for _, t := range texts {
		name, value, ok := strings.Cut(t, "=")
		field, known := ledger.FieldNamed(k, strings.TrimSpace(name))
		if !ok || !known {
			var labels []string
			for _, f := range ledger.Fields(k) {
				labels = append(labels, ledger.FieldLabel(s.lang, k, f)+" ("+f+")")
			}
			return nil, usageError{errors.New(s.t("ledger.decide.no_field", "text", t, "choices", strings.Join(labels, ", ")))}
		}
		out[field] = value
	}
	return out, nil
}

func (s *session) ledgerEdit(ctx context.Context, d *app.Declarer, f *declareFlags, args []string) error {
	m, err := d.Look(ctx)
	if err != nil {
		return err
	}
	k := ledger.Kind(f.kind)
	values, err := s.assignments(k, args[1:])
	if err != nil {
		return err
	}
	var found []ledger.Row
	for _, r := range ledger.Rows(m.Ledger, k) {
		if r.ID == args[0] || r.Key == args[0] || ledger.NameKey(r.Label) == ledger.NameKey(args[0]) {
			found = append(found, r)
		}
	}
	switch {
	case len(found) == 0:
		return &api.Refused{Key: "ledger.edit.no_row", Pairs: []string{"text", args[0]}}
	case len(found) > 1:
		return &api.Refused{Key: "ledger.decide.several", Pairs: []string{"text", args[0], "n", strconv.Itoa(len(found))}}
	}
	b, ed, err := d.EditRows(ctx, []ledger.Edit{{Kind: k, ID: found[0].ID, Values: values}}, f.person(s))
	if err != nil {
		return err
	}
	for _, x := range ed.Slips {
		fmt.Fprintf(s.err, "! %s\n", ledger.SlipWords(s.lang, x.Slip).Title)
	}
	return s.decided(ctx, d, f, b)
}

func (s *session) ledgerRestore(ctx context.Context, d *app.Declarer, f *declareFlags, args []string) error {
	n, err := strconv.Atoi(strings.TrimPrefix(args[0], "v"))
	if err != nil || n < 1 {
		return usageError{errors.New(s.t("ledger.decide.no_version", "text", args[0]))}
	}
	b, err := d.Restore(ctx, n, f.person(s))
	if errors.Is(err, model.ErrNotFound) {
		return &api.Refused{Key: "ledger.decide.no_version", Pairs: []string{"text", args[0]}}
	}
	if err != nil {
		return err
	}
	return s.decided(ctx, d, f, b)
}

// noteBatch puts a decision on the ledger into the audit trail, as the pages do.
func (s *session) noteBatch(ctx context.Context, a *app.App, b model.Batch) error {
	action, object, details := decide.Deed(b)
	return s.note(ctx, a, deed{action, object, details})
}

// decided says what was done and how to take it back.
func (s *session) decided(ctx context.Context, d *app.Declarer, f *declareFlags, b model.Batch) error {
	if err := s.noteBatch(ctx, d.App, b); err != nil {
		return err
	}
	if f.json {
		return s.ledgerJSON(map[string]any{"schema": "mimawari.ledger.decision/1", "decision": b})
	}
	fmt.Fprintln(s.out, s.t("ledger.done."+b.Kind, "n", strconv.Itoa(b.Count), "names", strings.Join(b.Subjects[:min(len(b.Subjects), 5)], "、")))
	if b.Kind == model.BatchAsk {
		for _, q := range b.Inquiries {
			fmt.Fprintf(s.out, "\n%s\n%s\n", q.After.Subject, q.After.Text)
		}
	}
	fmt.Fprintln(s.out, s.t("ledger.done.undo"))
	return nil
}

func (s *session) ledgerInquiries(ctx context.Context, d *app.Declarer, f *declareFlags, _ []string) error {
	if f.answer != "" {
		b, err := d.Answer(ctx, f.answer, f.text, f.person(s))
		if err != nil {
			return err
		}
		return s.decided(ctx, d, f, b)
	}
	all, err := d.App.Store.Inquiries(ctx)
	if err != nil {
		return err
	}
	if f.json {
		return s.ledgerJSON(map[string]any{"schema": "mimawari.ledger.inquiries/1", "inquiries": append([]model.Inquiry{}, all...)})
	}
	for _, q := range all {
		fmt.Fprintf(s.out, "%s  %s  %s  %s  %s\n", q.ID, q.Made.Local().Format("2006-01-02 15:04"), s.t("ledger.inquiry."+q.State), q.To, q.Label)
		if q.Answer != "" {
			fmt.Fprintf(s.out, "    %s\n", strings.ReplaceAll(q.Answer, "\n", "\n    "))
		}
	}
	fmt.Fprintln(s.out, s.t("report.total", "n", strconv.Itoa(len(all))))
	return nil
}

// undoDecision takes back the newest decision that is not taken back. False: the ledger's newest version was not made by
// one, so it is for the caller to bring back the version before.
func (s *session) undoDecision(ctx context.Context, f *ledgerFlags) (bool, error) {
	a, err := app.OpenDeciding(ctx, f.data)
	if err != nil {
		return false, err
	}
	defer a.Close()
	all, err := a.Store.Batches(ctx, 0)
	if err != nil {
		return false, err
	}
	stamp, err := a.Store.Stamp(ctx)
	if err != nil {
		return false, err
	}
	for _, b := range all {
		if b.Undone != "" || b.Kind == model.BatchUndo {
			continue
		}
		if max(b.Before, b.After) != stamp.Ledger && !madeBy(all, stamp.Ledger) {
			return false, nil
		}
		return true, s.undoBatch(ctx, &app.Declarer{App: a, Now: time.Now, Zone: time.Local}, f, b)
	}
	return false, nil
}

// madeBy reports whether a decision made that version.
func madeBy(all []model.Batch, version int) bool {
	for _, b := range all {
		if b.After == version {
			return true
		}
	}
	return false
}

func (s *session) undoBatch(ctx context.Context, d *app.Declarer, f *ledgerFlags, b model.Batch) error {
	s.ledgerSay(f, "ledger.undo.about", "what", s.t("ledger.batch."+b.Kind), "names", strings.Join(b.Subjects[:min(len(b.Subjects), 5)], "、"), "n", strconv.Itoa(b.Count), "who", b.Who)
	if err := s.ledgerAgree(f); err != nil {
		return err
	}
	u, err := d.Undo(ctx, b.ID, f.all, decide.Person{Name: f.by, Lang: s.lang})
	for _, c := range u.Clashes {
		fmt.Fprintf(s.err, "! %s %s\n", c.Label, c.Who)
	}
	if err != nil {
		return s.declined(err)
	}
	if err := s.noteBatch(ctx, d.App, u.Batch); err != nil {
		return err
	}
	if f.json {
		return s.ledgerJSON(map[string]any{"schema": "mimawari.ledger.decision/1", "decision": u.Batch})
	}
	_, err = io.WriteString(s.out, s.t("ledger.done.undo_done")+"\n")
	return err
}
