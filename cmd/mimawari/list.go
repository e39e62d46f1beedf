package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"
	"github.com/spf13/cobra"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/report"
)

// outputs are the formats of lists.
var outputs = []string{"text", "json", "csv", "xlsx"}

type listFlags struct {
	data, output, query, class, declared, severity, state, rule, host string
	json                                                              bool
}

func (f *listFlags) format(s *session) (string, error) {
	if f.json {
		return "json", nil
	}
	for _, o := range outputs {
		if o == f.output {
			return o, nil
		}
	}
	return "", usageError{errors.New(s.t("cli.output_kind", "output", f.output, "kinds", strings.Join(outputs, ", ")))}
}

func (s *session) outputFlags(c *cobra.Command, f *listFlags) {
	s.dataFlag(c, &f.data)
	c.Flags().StringVarP(&f.output, "output", "o", "text", s.t("cli.flag.output"))
	c.Flags().BoolVar(&f.json, "json", false, s.t("cli.flag.json_alias"))
}

// look opens the data for reading and hands it to show.
func (s *session) look(ctx context.Context, dir string, show func(*app.App) error) error {
	a, err := app.OpenReadOnly(ctx, dir)
	if err != nil {
		return s.fail(err)
	}
	defer a.Close()
	if err := show(a); err != nil {
		return s.fail(err)
	}
	return nil
}

func hostsCommand(s *session) *cobra.Command {
	f := &listFlags{}
	c := &cobra.Command{
		Use: "hosts", Short: s.t("cli.hosts.short"), Long: s.t("cli.hosts.long"), Args: s.noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			format, err := f.format(s)
			if err != nil {
				return err
			}
			return s.look(c.Context(), f.data, func(a *app.App) error { return s.listHosts(c.Context(), a, f, format) })
		},
	}
	s.outputFlags(c, f)
	c.Flags().StringVar(&f.query, "query", "", s.t("cli.flag.query"))
	c.Flags().StringVar(&f.class, "class", "", s.t("cli.flag.class"))
	c.Flags().StringVar(&f.declared, "declared", "", s.t("cli.flag.declared"))
	return c
}

func (s *session) listHosts(ctx context.Context, a *app.App, f *listFlags, format string) error {
	q := api.HostQuery(map[string][]string{"q": {f.query}, "class": {f.class}, "declared": {f.declared}})
	hs, err := api.AllHosts(ctx, a.Store, q)
	if err != nil {
		return err
	}
	in := report.Input{Result: model.Result{Hosts: hs}, Lang: s.lang, Zone: time.Local}
	switch format {
	case "json":
		return writeJSON(s.out, map[string]any{"hosts": api.NewHosts(hs), "total": len(hs)})
	case "csv":
		return report.CSV(s.out, in, "hosts")
	case "xlsx":
		return report.XLSX(s.out, in)
	}
	return s.hostTable(hs)
}

func (s *session) hostTable(hs []model.Host) error {
	rows := [][]string{{s.t("column.ips"), s.t("column.name"), s.t("column.class"), s.t("column.maker"), s.t("column.os"), s.t("column.ledger"), s.t("column.id")}}
	for i := range hs {
		h := &hs[i]
		name, ip := "", ""
		if len(h.Names) > 0 {
			name = h.Names[0]
		}
		if len(h.IPs) > 0 {
			ip = h.IPs[0].String()
		}
		declared := "-"
		if h.Ledger != nil {
			declared = h.Ledger.Name
		}
		rows = append(rows, []string{
			ip, name, report.ClassName(s.lang, h.Class), strings.TrimSpace(h.Maker + " " + h.Model),
			strings.TrimSpace(h.OS + " " + h.Version), declared, h.ID,
		})
	}
	if len(hs) > 0 {
		if err := printTable(s.out, rows); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(s.out, s.t("report.total", "n", strconv.Itoa(len(hs))))
	return err
}

// printTable aligns columns by what a terminal shows: a Japanese character is two wide.
func printTable(out io.Writer, rows [][]string) error {
	widths := make([]int, len(rows[0]))
	for _, r := range rows {
		for i, cell := range r {
			widths[i] = max(widths[i], runewidth.StringWidth(cell))
		}
	}
	w := bufio.NewWriter(out)
	for _, r := range rows {
		for i, cell := range r[:len(r)-1] {
			fmt.Fprint(w, runewidth.FillRight(cell, widths[i]), "  ")
		}
		fmt.Fprintln(w, r[len(r)-1])
	}
	return w.Flush()
}

func findingsCommand(s *session) *cobra.Command {
	f := &listFlags{}
	c := &cobra.Command{
		Use: "findings", Short: s.t("cli.findings.short"), Long: s.t("cli.findings.long"), Args: s.noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			format, err := f.format(s)
			if err != nil {
				return err
			}
			return s.look(c.Context(), f.data, func(a *app.App) error { return s.listFindings(c.Context(), a, f, format) })
		},
	}
	s.outputFlags(c, f)
	c.Flags().StringVar(&f.query, "query", "", s.t("cli.flag.query"))
	c.Flags().StringVar(&f.severity, "severity", "", s.t("cli.flag.severity"))
	c.Flags().StringVar(&f.state, "state", "active", s.t("cli.flag.state"))
	c.Flags().StringVar(&f.rule, "rule", "", s.t("cli.flag.rule"))
	c.Flags().StringVar(&f.host, "host", "", s.t("cli.flag.host"))
	c.AddCommand(decideCommand(s), silenceCommand(s), silencesCommand(s))
	return c
}

func (s *session) listFindings(ctx context.Context, a *app.App, f *listFlags, format string) error {
	state, err := s.findingState(f.state)
	if err != nil {
		return err
	}
	if _, err := s.severity("--severity", f.severity); err != nil {
		return err
	}
	q, err := api.FindingQuery(map[string][]string{"q": {f.query}, "severity": {f.severity}, "state": {state}, "rule": {f.rule}, "host": {f.host}})
	if err != nil {
		return &api.Refused{Key: "api.bad_query", Pairs: []string{"text", err.Error()}}
	}
	fs, err := api.AllFindings(ctx, a.Store, q)
	if err != nil {
		return err
	}
	in := report.Input{Result: model.Result{Findings: fs}, Lang: s.lang, Zone: time.Local}
	switch format {
	case "json":
		return writeJSON(s.out, map[string]any{"findings": api.NewFindings(fs, s.lang), "total": len(fs)})
	case "csv":
		return report.CSV(s.out, in, "findings")
	case "xlsx":
		return report.XLSX(s.out, in)
	}
	for _, x := range fs {
		w := api.NewFinding(x, s.lang)
		fmt.Fprintf(s.out, "%s  %s %s  %s\n", x.ID, report.SeverityMark(x.Severity), report.SeverityName(s.lang, x.Severity), w.Title)
	}
	fmt.Fprintln(s.out, s.t("report.total", "n", strconv.Itoa(len(fs))))
	return nil
}

// findingStates are what --state takes, besides active and all.
var findingStates = []string{"open", "acknowledged", "accepted", "resolved", "reopened", "suppressed"}

// findingState gives the state to ask for; "" is all.
func (s *session) findingState(name string) (string, error) {
	switch {
	case name == "all":
		return "", nil
	case name == "active" || slices.Contains(findingStates, name):
		return name, nil
	}
	return "", &api.Refused{Key: "cli.one_of", Pairs: []string{"flag", "--state", "value", name, "kinds", "active, all, " + strings.Join(findingStates, ", ")}}
}

// severity reads a severity by name; "" is Info.
func (s *session) severity(flag, name string) (model.Severity, error) {
	if name == "" {
		return model.Info, nil
	}
	level, err := model.ParseSeverity(name)
	if err != nil {
		return 0, &api.Refused{Key: "cli.one_of", Pairs: []string{"flag", flag, "value", name, "kinds", "info, low, medium, high, critical"}}
	}
	return level, nil
}

func explainCommand(s *session) *cobra.Command {
	f := &listFlags{}
	c := &cobra.Command{
		Use: "explain FINDING", Short: s.t("cli.explain.short"), Long: s.t("cli.explain.long"), Args: s.oneArg("cli.explain.which"),
		RunE: func(c *cobra.Command, args []string) error {
			return s.look(c.Context(), f.data, func(a *app.App) error { return s.explain(c.Context(), a, args[0], f.json) })
		},
	}
	s.dataFlag(c, &f.data)
	c.Flags().BoolVar(&f.json, "json", false, s.t("cli.flag.json_alias"))
	return c
}

func (s *session) explain(ctx context.Context, a *app.App, id string, asJSON bool) error {
	f, events, err := a.Store.Finding(ctx, id)
	if errors.Is(err, model.ErrNotFound) {
		return &api.Refused{Key: "cli.no_such_id", Pairs: []string{"id", id}}
	} else if err != nil {
		return err
	}
	w := api.NewFinding(f, s.lang)
	if asJSON {
		return writeJSON(s.out, map[string]any{"finding": w, "events": events})
	}
	fmt.Fprintf(s.out, "%s %s  %s\n\n", report.SeverityMark(f.Severity), report.SeverityName(s.lang, f.Severity), w.Title)
	section := func(key string, lines ...string) {
		if len(lines) == 0 {
			return
		}
		fmt.Fprintln(s.out, s.t(key))
		for _, l := range lines {
			fmt.Fprintf(s.out, "  %s\n", strings.TrimRight(l, " "))
		}
		fmt.Fprintln(s.out)
	}
	section("column.why", w.Why)
	section("column.todo", w.Todo)
	section("finding.harmless", w.Harmless)
	rule, _ := locale.RuleOf(f.Rule)
	section("finding.attack", rule.Techniques(s.lang)...)
	var assets, evidence, history []string
	for _, x := range f.Assets {
		assets = append(assets, strings.TrimSpace(x.Label+"  "+x.IP+"  "+x.MAC))
	}
	for _, e := range f.Evidence {
		evidence = append(evidence, strings.Join([]string{report.Time(e.At, time.Local), e.Source, e.Where, e.Text}, "  "))
	}
	for _, e := range events {
		history = append(history, strings.Join([]string{report.Time(e.At, time.Local), report.StateName(s.lang, e.To), e.Who, e.Reason}, "  "))
	}
	section("column.assets", assets...)
	section("column.evidence", evidence...)
	section("web.history", history...)
	fmt.Fprintf(s.out, "%s  %s  %s\n", f.ID, f.Rule, report.StateName(s.lang, f.State))
	return nil
}

func (s *session) noArgs(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{errors.New(s.t("cli.too_many", "arg", args[0]))}
	}
	return nil
}

func (s *session) oneArg(key string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usageError{errors.New(s.t(key))}
		}
		return nil
	}
}
