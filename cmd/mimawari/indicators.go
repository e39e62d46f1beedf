package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/indicator"
	"github.com/mimawari/mimawari/internal/report"
)

// indicatorsCommand takes, shows and forgets lists of what is known to be bad.
func indicatorsCommand(s *session) *cobra.Command {
	var data, name string
	var asJSON bool
	c := s.family("indicators")
	take := &cobra.Command{
		Use: "import FILE [--name NAME]", Short: s.t("cli.indicators.import.short"), Long: s.t("cli.indicators.import.long"), Args: s.oneArg("cli.indicators.which_file"),
		RunE: func(c *cobra.Command, args []string) error {
			return s.importIndicators(c.Context(), data, args[0], name)
		},
	}
	take.Flags().StringVar(&name, "name", "", s.t("cli.indicators.name"))
	show := &cobra.Command{
		Use: "list", Short: s.t("cli.indicators.list.short"), Args: s.noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return s.look(c.Context(), data, func(a *app.App) error { return s.listIndicators(c.Context(), a, asJSON) })
		},
	}
	show.Flags().BoolVar(&asJSON, "json", false, s.t("cli.flag.json_alias"))
	drop := &cobra.Command{
		Use: "remove NAME", Short: s.t("cli.indicators.remove.short"), Args: s.oneArg("cli.indicators.which"),
		RunE: func(c *cobra.Command, args []string) error { return s.removeIndicators(c.Context(), data, args[0]) },
	}
	for _, sub := range []*cobra.Command{take, show, drop} {
		s.dataFlag(sub, &data)
		c.AddCommand(sub)
	}
	return c
}

func (s *session) importIndicators(ctx context.Context, data, path, name string) error {
	var r io.Reader = s.in
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return s.fail(err)
		}
		defer f.Close()
		r = f
	}
	a, err := app.OpenDeciding(ctx, data)
	if err != nil {
		return s.fail(err)
	}
	defer a.Close()
	f, err := a.ImportIndicators(ctx, cmp.Or(name, filepath.Base(path)), r, time.Now())
	if err != nil {
		return s.fail(err)
	}
	x := deed{"indicators.import", f.Name, []string{"format", f.Format, "entries", strconv.Itoa(len(f.Entries)), "left_out", strconv.Itoa(f.LeftOut)}}
	if err := s.note(ctx, a, x); err != nil {
		return s.fail(err)
	}
	fmt.Fprintln(s.out, s.feedLine(f))
	for _, x := range f.Slips {
		fmt.Fprintln(s.out, "  "+s.t("indicator.slip", "line", strconv.Itoa(x.Line), "text", x.Text, "why", s.t("indicator.why."+x.Why)))
	}
	return nil
}

// feedLine says what a feed has, and what of it is not looked for.
func (s *session) feedLine(f *indicator.Feed) string {
	n, idle := f.Count(), f.Idle()
	var parts []string
	for _, k := range indicator.Kinds {
		if n[k] > 0 {
			parts = append(parts, s.t("indicator.kind."+string(k))+" "+strconv.Itoa(n[k]))
		}
	}
	line := s.t("indicator.feed", "name", f.Name, "format", f.Format, "at", report.Time(f.Imported, time.Local), "parts", strings.Join(parts, ", "), "left", strconv.Itoa(f.LeftOut))
	if idle > 0 {
		line += " " + s.t("indicator.idle", "n", strconv.Itoa(idle))
	}
	return line
}

func (s *session) listIndicators(ctx context.Context, a *app.App, asJSON bool) error {
	feeds, err := a.Indicators(ctx)
	if err != nil {
		return err
	}
	if asJSON {
		return writeJSON(s.out, map[string]any{"feeds": append([]indicator.Feed{}, feeds...)})
	}
	for i := range feeds {
		fmt.Fprintln(s.out, s.feedLine(&feeds[i]))
	}
	if len(feeds) == 0 {
		fmt.Fprintln(s.out, s.t("indicator.no_feeds"))
	}
	return nil
}

func (s *session) removeIndicators(ctx context.Context, data, name string) error {
	a, err := app.OpenDeciding(ctx, data)
	if err != nil {
		return s.fail(err)
	}
	defer a.Close()
	if err := a.RemoveIndicators(ctx, name); err != nil {
		return s.failAbout(name, err)
	}
	if err := s.note(ctx, a, deed{action: "indicators.remove", object: name}); err != nil {
		return s.fail(err)
	}
	fmt.Fprintln(s.out, s.t("indicator.removed", "name", name))
	return nil
}
