package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/report"
)

type patrolFlags struct {
	ledger, data, fail, iface string
	reports                   []string
	json, quiet, noColor      bool
	noMemory                  bool
	length, every             time.Duration
	shards, maxFlows          int
}

func patrolCommand(s *session) *cobra.Command {
	f := &patrolFlags{}
	c := &cobra.Command{
		Use:   "patrol SOURCE... [--ledger FILE]",
		Short: s.t("cli.patrol.short"), Long: s.t("cli.patrol.long"), Example: s.t("cli.patrol.example"),
		RunE: func(c *cobra.Command, args []string) error { return s.patrol(c.Context(), f, args) },
	}
	fl := c.Flags()
	fl.StringVar(&f.ledger, "ledger", "", s.t("cli.flag.ledger"))
	s.dataFlag(c, &f.data)
	fl.BoolVar(&f.json, "json", false, s.t("cli.flag.json"))
	fl.StringArrayVar(&f.reports, "report", nil, s.t("cli.flag.report"))
	fl.StringVar(&f.fail, "fail-on", "", s.t("cli.flag.fail_on"))
	fl.StringVarP(&f.iface, "interface", "i", "", s.t("cli.flag.interface"))
	fl.DurationVar(&f.length, "for", 0, s.t("cli.flag.for"))
	fl.DurationVar(&f.every, "save-every", 0, s.t("cli.flag.save_every"))
	fl.IntVar(&f.shards, "shards", 0, s.t("cli.flag.shards"))
	fl.IntVar(&f.maxFlows, "max-flows", 0, s.t("cli.flag.max_flows"))
	fl.BoolVar(&f.noMemory, "no-memory", false, s.t("cli.flag.no_memory"))
	fl.BoolVarP(&f.quiet, "quiet", "q", false, s.t("cli.flag.quiet"))
	fl.BoolVar(&f.noColor, "no-color", false, s.t("cli.flag.no_color"))
	return c
}

func (s *session) patrol(ctx context.Context, f *patrolFlags, paths []string) error {
	level, err := f.check(s, paths)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends at once, also where a read waits
	a, err := app.Open(ctx, f.data, "patrol")
	if err != nil {
		return s.fail(err)
	}
	defer a.Close()
	app.LimitMemory(os.Getenv)
	p := s.progress(f.quiet)
	out, err := a.Patrol(ctx, app.PatrolOptions{
		Paths: paths, Stdin: s.in, Watch: app.Watching{Interface: f.iface, For: f.length, Every: f.every}, Ledger: f.ledger,
		Shards: f.shards, MaxFlows: f.maxFlows, Progress: p.report, Now: time.Now, By: userName(),
		NoMemory: f.noMemory,
	})
	p.done()
	if err != nil {
		return s.fail(err)
	}
	s.flowsKept(out.Flows, f.quiet)
	if err := s.show(f, out); err != nil {
		return err
	}
	switch {
	case out.Partial:
		return exitError{exitPartial}
	case f.fail != "" && out.Exceeds(level):
		return exitError{exitFindings}
	}
	return nil
}

// flowsKept says what is missing in the memory of flows.
func (s *session) flowsKept(k app.Kept, quiet bool) {
	if k.Err != nil {
		why, _ := s.inWords(k.Err)
		fmt.Fprintln(s.err, s.t("cli.memory.lost", "n", strconv.FormatUint(k.Lost, 10), "why", why))
	}
	if k.Outside > 0 && !quiet {
		fmt.Fprintln(s.err, s.t("cli.memory.outside", "n", strconv.FormatUint(k.Outside, 10)))
	}
}

// check finds mistakes in the command line before anything is opened.
func (f *patrolFlags) check(s *session, paths []string) (level model.Severity, err error) {
	if len(paths) == 0 && f.iface == "" {
		return 0, usageError{errors.New(s.t("cli.patrol.no_source"))}
	}
	if f.length != 0 && f.iface == "" {
		return 0, usageError{errors.New(s.t("cli.patrol.for_needs_interface"))}
	}
	if level, err = s.severity("--fail-on", f.fail); err != nil {
		return 0, s.fail(err)
	}
	for _, r := range f.reports {
		if e := strings.ToLower(filepath.Ext(r)); e != ".html" && e != ".xlsx" && e != ".pdf" && e != ".json" {
			return 0, usageError{errors.New(s.t("cli.patrol.report_kind", "file", r))}
		}
	}
	return level, nil
}

func (s *session) show(f *patrolFlags, out *app.Outcome) error {
	in := report.Input{Result: out.Result, Ledger: out.Ledger, Name: out.House.Name, Lang: s.lang, Zone: time.Local}
	for _, name := range f.reports {
		if err := writeReport(name, in); err != nil {
			return s.fail(err)
		}
		fmt.Fprintln(s.err, s.t("cli.wrote", "file", name))
	}
	var err error
	if f.json {
		_, err = api.NewDocument(out.Result, s.lang).WriteTo(s.out)
	} else {
		err = report.Text(s.out, in, s.color(f.noColor))
	}
	if err != nil {
		return s.fail(err)
	}
	return nil
}

func writeReport(name string, in report.Input) error {
	return writeBeside(name, func(w io.Writer) error {
		switch strings.ToLower(filepath.Ext(name)) {
		case ".html":
			return report.HTML(w, in)
		case ".xlsx":
			return report.XLSX(w, in)
		case ".pdf":
			return report.PDF(w, in)
		}
		_, err := api.NewDocument(in.Result, in.Lang).WriteTo(w)
		return err
	})
}

// writeBeside writes to a file beside and renames it, so that a full disk leaves no half report.
func writeBeside(name string, write func(io.Writer) error) (err error) {
	tmp, err := os.CreateTemp(filepath.Dir(name), ".mimawari-report-*")
	if err != nil {
		return aboutFile(name, err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(tmp.Name())
		}
	}()
	if err = errors.Join(write(tmp), tmp.Chmod(0o600), tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), name)
	}
	return aboutFile(name, err)
}

// aboutFile names the file that the user knows instead of the one beside it.
func aboutFile(name string, err error) error {
	var path *os.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return &os.PathError{Op: "write report", Path: name, Err: path.Err}
	case errors.As(err, &link):
		return &os.PathError{Op: "write report", Path: name, Err: link.Err}
	case err != nil:
		return fmt.Errorf("write report %s: %w", name, err)
	}
	return nil
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return nil
}

// color: only on a terminal, and not if NO_COLOR says no (no-color.org).
func (s *session) color(off bool) bool {
	f, ok := s.out.(*os.File)
	return !off && os.Getenv("NO_COLOR") == "" && ok && isatty.IsTerminal(f.Fd())
}
