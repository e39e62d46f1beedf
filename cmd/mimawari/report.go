package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/report"
	"github.com/mimawari/mimawari/internal/report/paper"
	"github.com/mimawari/mimawari/internal/report/periodic"
)

type reportFlags struct {
	data, period string
	out          []string
	json         bool
}

func reportCommand(s *session) *cobra.Command {
	c := &cobra.Command{
		Use: "report", Short: s.t("cli.report.short"), Long: s.t("cli.report.long"), Example: s.t("cli.report.example"),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{errors.New(s.t("cli.report.which", "name", args[0]))}
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(s.reportOf("weekly", "week", periodic.Weekly), s.reportOf("monthly", "month", periodic.Monthly), s.reportOf("handover", "", ""))
	return c
}

func (s *session) reportOf(name, flag string, k periodic.Kind) *cobra.Command {
	f := &reportFlags{}
	c := &cobra.Command{
		Use: name + " -o FILE", Short: s.t("cli.report." + name + ".short"), Long: s.t("cli.report." + name + ".long"), Args: s.noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return s.report(c.Context(), f, k) },
	}
	s.dataFlag(c, &f.data)
	c.Flags().StringArrayVarP(&f.out, "output", "o", nil, s.t("cli.flag.report_output"))
	c.Flags().BoolVar(&f.json, "json", false, s.t("cli.flag.report_json"))
	if flag != "" {
		c.Flags().StringVar(&f.period, flag, "", s.t("cli.flag.report_"+flag))
	}
	return c
}

// written is what --json says of a report.
type written struct {
	File        string    `json:"file"`
	Kind        string    `json:"kind"`
	Period      string    `json:"period"`
	From        time.Time `json:"from,omitzero"`
	Until       time.Time `json:"until,omitzero"`
	Institution string    `json:"institution"`
}

func (s *session) report(ctx context.Context, f *reportFlags, k periodic.Kind) error {
	now := time.Now()
	p, err := s.reportPeriod(f, k, now)
	if err != nil {
		return err
	}
	if err := s.reportFiles(f.out); err != nil {
		return err
	}
	return s.look(ctx, f.data, func(a *app.App) error {
		d, err := document(ctx, s, a, p, now)
		if err != nil {
			return err
		}
		var all []written
		for _, name := range f.out {
			if err := writeBeside(name, func(w io.Writer) error { return report.WriteDocument(w, d, format(name)) }); err != nil {
				return err
			}
			fmt.Fprintln(s.err, s.t("cli.wrote", "file", name))
			all = append(all, written{name, d.Title, d.Period, p.From, p.To, d.Institution})
		}
		if f.json {
			return writeJSON(s.out, map[string]any{"reports": all})
		}
		return nil
	})
}

func document(ctx context.Context, s *session, a *app.App, p periodic.Period, now time.Time) (*paper.Document, error) {
	if p.Kind == "" {
		return a.HandOver(ctx, now, s.lang)
	}
	return a.PeriodReport(ctx, p, now, s.lang)
}

// reportPeriod is the period that was asked for, or the last one that is over.
func (s *session) reportPeriod(f *reportFlags, k periodic.Kind, now time.Time) (periodic.Period, error) {
	if k == "" {
		return periodic.Period{}, nil
	}
	if f.period == "" {
		return periodic.Of(k, now).Before(), nil
	}
	p, ok := periodic.Parse(k, f.period, time.Local)
	if !ok {
		return p, usageError{errors.New(s.t("cli.report.bad_"+string(k), "value", f.period))}
	}
	if p.From.After(now) {
		return p, usageError{errors.New(s.t("cli.report.future", "value", f.period))}
	}
	return p, nil
}

func format(name string) string { return strings.ToLower(strings.TrimPrefix(filepath.Ext(name), ".")) }

// reportFiles finds mistakes in the names of files before anything is opened.
func (s *session) reportFiles(names []string) error {
	if len(names) == 0 {
		return usageError{errors.New(s.t("cli.report.no_file"))}
	}
	for _, n := range names {
		if !slices.Contains(report.Formats, format(n)) {
			return usageError{errors.New(s.t("cli.report.file_kind", "file", n))}
		}
	}
	return nil
}
