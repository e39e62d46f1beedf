package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/ledger"
	"github.com/mimawari/mimawari/internal/lookup"
	"github.com/mimawari/mimawari/internal/report"
)

func findCommand(s *session) *cobra.Command {
	var data string
	var asJSON bool
	c := &cobra.Command{
		Use: "find TEXT...", Short: s.t("cli.find.short"), Long: s.t("cli.find.long"),
		Args: func(_ *cobra.Command, args []string) error {
			if strings.TrimSpace(strings.Join(args, "")) == "" {
				return usageError{errors.New(s.t("cli.find.text"))}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			return s.look(c.Context(), data, func(a *app.App) error { return s.find(c.Context(), a, strings.Join(args, " "), asJSON) })
		},
	}
	s.dataFlag(c, &data)
	c.Flags().BoolVar(&asJSON, "json", false, s.t("cli.flag.json_alias"))
	return c
}

func (s *session) find(ctx context.Context, a *app.App, text string, asJSON bool) error {
	f := lookup.Finder{Source: a.Store}
	r, err := f.Find(ctx, text, lookup.Most)
	if err != nil {
		return err
	}
	answer := api.NewSearchAnswer(r, s.lang)
	if asJSON {
		return writeJSON(s.out, answer)
	}
	var rows [][]string
	for _, h := range r.Hosts.Hits {
		name, ips := h.Thing.ID, []string{}
		for _, ip := range h.Thing.IPs {
			ips = append(ips, ip.String())
		}
		if len(h.Thing.Names) > 0 {
			name = h.Thing.Names[0]
		}
		if h.Thing.Ledger != nil && h.Thing.Ledger.Name != "" {
			name = h.Thing.Ledger.Name
		}
		rows = append(rows, []string{s.t("web.hosts"), name, strings.TrimSpace(strings.Join(ips, " ") + " " + report.ClassName(s.lang, h.Thing.Class)), h.Thing.ID})
	}
	for _, h := range answer.Findings.Hits {
		rows = append(rows, []string{s.t("web.findings"), h.Finding.Title, report.SeverityName(s.lang, h.Finding.Severity) + " " + report.StateName(s.lang, h.Finding.State), h.Finding.ID})
	}
	for _, h := range r.Rows.Hits {
		rows = append(rows, []string{s.t("web.ledger"), h.Thing.Label, ledger.KindLabel(s.lang, h.Thing.Kind), h.Thing.ID})
	}
	if len(rows) > 0 {
		if err := printTable(s.out, rows); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintln(s.out, s.t("report.total", "n", strconv.Itoa(r.Total())))
	return err
}
