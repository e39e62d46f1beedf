package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/audit"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/report"
)

func auditCommand(s *session) *cobra.Command {
	f := &accessFlags{}
	c := s.family("audit")
	list := &cobra.Command{
		Use: "list [--action ACTION] [--limit N] [--json|--csv]", Short: s.t("cli.audit.list.short"), Args: s.noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return s.trail(c.Context(), f, s.auditList) },
	}
	list.Flags().StringVar(&f.action, "action", "", s.t("cli.audit.action"))
	list.Flags().IntVar(&f.limit, "limit", 0, s.t("cli.audit.limit"))
	list.Flags().BoolVar(&f.csv, "csv", false, s.t("cli.audit.csv"))
	verify := &cobra.Command{
		Use: "verify [--against CHECKPOINT]", Short: s.t("cli.audit.verify.short"), Long: s.t("cli.audit.verify.long"), Args: s.noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return s.trail(c.Context(), f, s.auditVerify) },
	}
	verify.Flags().StringVar(&f.against, "against", "", s.t("cli.audit.against"))
	point := &cobra.Command{
		Use: "checkpoint", Short: s.t("cli.audit.checkpoint.short"), Long: s.t("cli.audit.checkpoint.long"), Args: s.noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return s.trail(c.Context(), f, s.auditCheckpoint) },
	}
	for _, sub := range []*cobra.Command{list, verify, point} {
		s.dataFlag(sub, &f.data)
		sub.Flags().BoolVar(&f.json, "json", false, s.t("cli.flag.json_alias"))
		c.AddCommand(sub)
	}
	return c
}

// trail opens the audit trail for reading.
func (s *session) trail(ctx context.Context, f *accessFlags, do func(context.Context, *accessFlags, *audit.Trail) error) error {
	a, err := app.OpenReadOnly(ctx, f.data)
	if err != nil {
		return s.fail(err)
	}
	defer a.Close()
	t, err := a.Trail(time.Now, nil)
	if err == nil {
		err = do(ctx, f, t)
	}
	var said exitError
	if err == nil || errors.As(err, &said) {
		return err
	}
	return s.fail(err)
}

// auditPage is how many entries are read at a time.
const auditPage = 1000

func (s *session) auditList(ctx context.Context, f *accessFlags, t *audit.Trail) error {
	var all []model.AuditEntry
	q := model.AuditQuery{Action: f.action, Limit: auditPage}
	for {
		if left := f.limit - len(all); f.limit > 0 && left < auditPage {
			q.Limit = left
		}
		es, err := t.Audit(ctx, q)
		if err != nil {
			return err
		}
		all = append(all, es...)
		if len(es) < q.Limit || len(all) == f.limit || es[len(es)-1].N == 0 {
			break
		}
		q.Before = es[len(es)-1].N
	}
	switch {
	case f.json:
		if all == nil {
			all = []model.AuditEntry{}
		}
		return writeJSON(s.out, map[string]any{"entries": all, "total": len(all)})
	case f.csv:
		return s.auditCSV(all)
	}
	return s.auditTable(all)
}

// auditCSV writes the entries for spreadsheets; nothing in them becomes a formula.
func (s *session) auditCSV(es []model.AuditEntry) error {
	rows := make([][]any, len(es))
	for i, e := range es {
		rows[i] = []any{e.N, e.At.Format(time.RFC3339Nano), e.Login, e.Via, e.Source, e.Action, e.Object, details(e)}
	}
	return report.Table(s.out, []string{"n", "at", "login", "via", "source", "action", "object", "details"}, rows)
}

func details(e model.AuditEntry) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(e.Details)) {
		out = append(out, k+"="+e.Details[k])
	}
	return strings.Join(out, " ")
}

func (s *session) auditTable(es []model.AuditEntry) error {
	rows := [][]string{{s.t("audit.n"), s.t("audit.at"), s.t("audit.who"), s.t("audit.via"), s.t("audit.action"), s.t("audit.object"), s.t("audit.details")}}
	for _, e := range es {
		rows = append(rows, []string{
			strconv.FormatInt(e.N, 10), e.At.Local().Format("2006-01-02 15:04:05"), e.Login, s.t("audit.via." + e.Via), actionName(s.lang, e.Action), e.Object, details(e),
		})
	}
	if len(es) > 0 {
		if err := printTable(s.out, rows); err != nil {
			return err
		}
	}
	fmt.Fprintln(s.out, s.t("report.total", "n", strconv.Itoa(len(es))))
	return nil
}

// actionName is an action in words where there are words for it.
func actionName(l locale.Lang, action string) string {
	if key := "audit.action." + action; locale.Has(key) {
		return locale.T(l, key)
	}
	return action
}

func (s *session) auditVerify(ctx context.Context, f *accessFlags, t *audit.Trail) error {
	var against *tlog.Tree
	if f.against != "" {
		b, err := os.ReadFile(f.against)
		if err != nil {
			return err
		}
		head, err := t.Key.ParseCheckpoint(b)
		if err != nil {
			return &api.Refused{Key: "cli.audit.no_checkpoint", Pairs: []string{"file", f.against}}
		}
		against = &head
	}
	v, err := t.Verify(ctx, against)
	if err != nil {
		return err
	}
	if f.json {
		doc := map[string]any{"ok": v.Wrong == nil, "entries": v.Entries}
		if v.Wrong != nil {
			doc["entry"], doc["kind"] = v.Wrong.N, v.Wrong.Kind
		}
		if err := writeJSON(s.out, doc); err != nil {
			return err
		}
	} else if v.Wrong == nil {
		fmt.Fprintln(s.out, s.t("audit.good", "n", strconv.FormatInt(v.Entries, 10)))
	} else {
		fmt.Fprintln(s.out, s.t("audit.bad."+v.Wrong.Kind, "n", strconv.FormatInt(v.Wrong.N, 10)))
	}
	if v.Wrong != nil {
		return exitError{exitFindings}
	}
	return nil
}

func (s *session) auditCheckpoint(ctx context.Context, f *accessFlags, t *audit.Trail) error {
	c, err := t.Checkpoint(ctx)
	if err != nil {
		return err
	}
	if c == nil {
		return &api.Refused{Key: "audit.empty"}
	}
	if f.json {
		return writeJSON(s.out, map[string]any{"checkpoint": string(c), "key": t.Key.Public()})
	}
	fmt.Fprint(s.out, string(c))
	return nil
}
