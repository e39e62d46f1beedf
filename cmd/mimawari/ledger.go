package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/ledger"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/store"
)

// ledgerFlags are what the ledger commands share.
type ledgerFlags struct {
	data, against, output, by string
	columns, sheets           []string
	version                   int
	json, yes, all, force     bool
}

// ledgerCommand looks after the ledger: is it right, what changed, take it in, write it out.
func ledgerCommand(s *session) *cobra.Command {
	f := &ledgerFlags{}
	c := &cobra.Command{
		Use: "ledger", Short: s.t("ledger.cmd.short"), Long: s.t("ledger.cmd.long"),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{errors.New(s.t("cli.unknown_command", "name", args[0]))}
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	for _, x := range []struct {
		use   string
		args  int
		flags string
		run   func(context.Context, *ledgerFlags, []string) error
	}{
		{"check FILE", 1, "data against map json all", s.ledgerCheck},
		{"import FILE", 1, "data map json all yes by", s.ledgerImport},
		{"diff OLD NEW", 2, "data map json all", s.ledgerDiff},
		{"export -o FILE", 0, "data output version force", s.ledgerExport},
		{"template -o FILE", 0, "output force", s.ledgerTemplate},
		{"undo", 0, "data yes by version json all", s.ledgerUndo},
		{"log", 0, "data json", s.ledgerLog},
	} {
		name, _, _ := strings.Cut(x.use, " ")
		sub := &cobra.Command{
			Use: x.use, Short: s.t("ledger.cmd." + name), Args: s.ledgerArgs(x.args),
			RunE: func(c *cobra.Command, args []string) error { return x.run(c.Context(), f, args) },
		}
		s.ledgerFlags(sub, f, strings.Fields(x.flags))
		if name == "log" {
			sub.Aliases = []string{"versions"}
		}
		c.AddCommand(sub)
	}
	c.AddCommand(declareCommands(s)...)
	return c
}

func (s *session) ledgerFlags(c *cobra.Command, f *ledgerFlags, names []string) {
	fl := c.Flags()
	for _, n := range names {
		words := s.t("ledger.flag." + n)
		switch n {
		case "data":
			fl.StringVar(&f.data, n, app.DataDir(os.Getenv), words)
		case "against":
			fl.StringVar(&f.against, n, "", words)
		case "map":
			fl.StringArrayVar(&f.columns, n, nil, words)
			fl.StringArrayVar(&f.sheets, "sheet", nil, s.t("ledger.flag.sheet"))
		case "json":
			fl.BoolVar(&f.json, n, false, words)
		case "all":
			fl.BoolVar(&f.all, n, false, words)
		case "yes":
			fl.BoolVarP(&f.yes, n, "y", false, words)
		case "by":
			fl.StringVar(&f.by, n, userName(), words)
		case "output":
			fl.StringVarP(&f.output, n, "o", "", words)
		case "version":
			fl.IntVar(&f.version, n, 0, words)
		case "force":
			fl.BoolVar(&f.force, n, false, words)
		}
	}
}

// userName says who imports if nobody says otherwise.
func userName() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return filepath.Base(strings.ReplaceAll(u.Username, `\`, "/"))
}

func (s *session) ledgerArgs(n int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != n {
			return usageError{errors.New(s.t("ledger.cmd.arguments", "use", c.UseLine()))}
		}
		return nil
	}
}

// ledgerOptions are the stored corrections with those of the command line laid over them.
func (s *session) ledgerOptions(ctx context.Context, v ledger.Versions, f *ledgerFlags) (ledger.Options, error) {
	o := ledger.Options{Now: time.Now(), By: f.by}
	if v != nil {
		m, err := ledger.LoadMapping(ctx, v)
		if err != nil {
			return o, err
		}
		o.Mapping = m
	}
	o.Mapping = o.Mapping.Merge(ledger.Mapping{})
	for _, c := range f.columns {
		if err := o.Mapping.LearnColumn(c); err != nil {
			return o, s.mappingError("--map", err)
		}
	}
	for _, c := range f.sheets {
		if err := o.Mapping.LearnSheet(c); err != nil {
			return o, s.mappingError("--sheet", err)
		}
	}
	return o, nil
}

func (s *session) mappingError(flag string, err error) error {
	var me *ledger.MappingError
	if errors.As(err, &me) {
		err = errors.New(me.In(s.lang))
	}
	return usageError{fmt.Errorf("%s: %w", flag, err)}
}

// ledgerLook opens the stored versions for reading; do gets nil if nothing was ever stored there.
func (s *session) ledgerLook(ctx context.Context, f *ledgerFlags, do func(ledger.Versions) error) error {
	a, err := app.OpenReadOnly(ctx, f.data)
	var known *store.Error
	switch {
	case errors.As(err, &known) && known.Code == store.Missing:
		return s.ledgerEnd(do(nil))
	case err != nil:
		return s.fail(err)
	}
	defer a.Close()
	return s.ledgerEnd(do(a.Store))
}

// ledgerWork opens the stored versions for writing.
func (s *session) ledgerWork(ctx context.Context, f *ledgerFlags, do func(ledger.Versions) error) error {
	a, err := app.Open(ctx, f.data, "ledger")
	if err != nil {
		return s.fail(err)
	}
	return s.ledgerEnd(errors.Join(s.noteVersion(ctx, a, do), a.Close()))
}

// noteVersion notes a new version of the ledger in the audit trail, if do makes one.
func (s *session) noteVersion(ctx context.Context, a *app.App, do func(ledger.Versions) error) error {
	before, err := a.Store.Stamp(ctx)
	if err != nil {
		return err
	}
	err = do(a.Store)
	after, err2 := a.Store.Stamp(ctx)
	if err2 == nil && after.Ledger != before.Ledger {
		err2 = s.note(ctx, a, deed{"ledger.version", "/ledger", []string{"before", strconv.Itoa(before.Ledger), "after", strconv.Itoa(after.Ledger)}})
	}
	return errors.Join(err, err2)
}

// ledgerEnd passes on what is said already and says the rest.
func (s *session) ledgerEnd(err error) error {
	var ex exitError
	var use usageError
	if err == nil || errors.As(err, &ex) || errors.As(err, &use) {
		return err
	}
	return s.fail(err)
}

func (s *session) ledgerCheck(ctx context.Context, f *ledgerFlags, args []string) error {
	return s.ledgerLook(ctx, f, func(v ledger.Versions) error {
		o, err := s.ledgerOptions(ctx, v, f)
		if err != nil {
			return err
		}
		r, err := ledger.Import(ctx, args[0], o)
		if err != nil {
			return err
		}
		before, err := s.ledgerBefore(ctx, v, f, o)
		if err != nil {
			return err
		}
		if err := s.ledgerReport(f, r, before); err != nil {
			return err
		}
		if r.LeftOut > 0 || slices.ContainsFunc(ledger.Findings(r), func(f model.Finding) bool { return f.Severity > model.Info }) {
			return exitError{exitFindings} // what is only told is nothing to mend
		}
		return nil
	})
}

// ledgerBefore is what a file is compared with: --against, else the newest version stored, else nothing.
func (s *session) ledgerBefore(ctx context.Context, v ledger.Versions, f *ledgerFlags, o ledger.Options) (*model.Ledger, error) {
	switch {
	case f.against != "":
		r, err := ledger.Import(ctx, f.against, o)
		if err != nil {
			return nil, err
		}
		return r.Ledger, nil
	case v != nil:
		return v.LatestLedger(ctx)
	}
	return nil, nil
}

func (s *session) ledgerImport(ctx context.Context, f *ledgerFlags, args []string) error {
	return s.ledgerWork(ctx, f, func(v ledger.Versions) error {
		o, err := s.ledgerOptions(ctx, v, f)
		if err != nil {
			return err
		}
		r, err := ledger.Import(ctx, args[0], o)
		if err != nil {
			return err
		}
		before, err := v.LatestLedger(ctx)
		if err != nil {
			return err
		}
		if !f.json || !f.yes {
			if err := s.ledgerReport(f, r, before); err != nil {
				return err
			}
		}
		if before != nil && ledger.Diff(before, r.Ledger).Empty() {
			s.ledgerSay(f, "ledger.import.same", "version", strconv.Itoa(before.Version))
			return ledger.SaveMapping(ctx, v, o.Mapping)
		}
		if err := s.ledgerAgree(f); err != nil {
			return err
		}
		return s.ledgerSave(ctx, v, f, r.Ledger, o.Mapping)
	})
}

func (s *session) ledgerSave(ctx context.Context, v ledger.Versions, f *ledgerFlags, l *model.Ledger, m ledger.Mapping) error {
	n, err := v.SaveLedger(ctx, l)
	if err != nil {
		return err
	}
	if err := ledger.SaveMapping(ctx, v, m); err != nil {
		return err
	}
	if f.json {
		return s.ledgerJSON(map[string]any{"schema": "mimawari.ledger.version/1", "version": n, "file": l.File, "hosts": len(l.Hosts)})
	}
	s.ledgerSay(f, "ledger.import.done", "version", strconv.Itoa(n), "count", strconv.Itoa(len(l.Hosts)))
	return nil
}

func (s *session) ledgerDiff(ctx context.Context, f *ledgerFlags, args []string) error {
	return s.ledgerLook(ctx, f, func(v ledger.Versions) error {
		o, err := s.ledgerOptions(ctx, v, f)
		if err != nil {
			return err
		}
		var ls [2]*model.Ledger
		for i, a := range args {
			if ls[i], err = s.ledgerNamed(ctx, v, a, o); err != nil {
				return err
			}
		}
		c := ledger.Diff(ls[0], ls[1])
		if f.json {
			err = s.ledgerJSON(map[string]any{"schema": "mimawari.ledger.diff/1", "changes": c})
		} else {
			err = c.WriteText(s.out, s.lang, f.limit())
		}
		if err == nil && !c.Empty() {
			return exitError{exitFindings}
		}
		return err
	})
}

// ledgerNamed takes a file, or the number of a stored version.
func (s *session) ledgerNamed(ctx context.Context, v ledger.Versions, name string, o ledger.Options) (*model.Ledger, error) {
	if n, err := strconv.Atoi(strings.TrimPrefix(name, "v")); err == nil && v != nil {
		if _, err := os.Stat(name); err != nil {
			return v.LedgerVersion(ctx, n)
		}
	}
	r, err := ledger.Import(ctx, name, o)
	if err != nil {
		return nil, err
	}
	return r.Ledger, nil
}

func (s *session) ledgerExport(ctx context.Context, f *ledgerFlags, _ []string) error {
	write, err := s.ledgerWriter(f)
	if err != nil {
		return err
	}
	return s.ledgerLook(ctx, f, func(v ledger.Versions) error {
		var l *model.Ledger
		var err error
		switch {
		case v == nil:
		case f.version > 0:
			l, err = v.LedgerVersion(ctx, f.version)
		default:
			l, err = v.LatestLedger(ctx)
		}
		if err != nil {
			return err
		}
		if l == nil {
			fmt.Fprintln(s.err, s.t("ledger.none"))
			return exitError{exitUsage}
		}
		return s.ledgerFile(f, func(w io.Writer) error { return write(w, l, s.lang) })
	})
}

func (s *session) ledgerWriter(f *ledgerFlags) (func(io.Writer, *model.Ledger, locale.Lang) error, error) {
	switch strings.ToLower(filepath.Ext(f.output)) {
	case ".xlsx":
		return ledger.Export, nil
	case ".csv":
		return ledger.ExportCSV, nil
	}
	return nil, usageError{errors.New(s.t("ledger.output_kind", "file", f.output))}
}

func (s *session) ledgerTemplate(_ context.Context, f *ledgerFlags, _ []string) error {
	if strings.ToLower(filepath.Ext(f.output)) != ".xlsx" {
		return usageError{errors.New(s.t("ledger.template_kind", "file", f.output))}
	}
	return s.ledgerEnd(s.ledgerFile(f, func(w io.Writer) error { return ledger.Template(w, s.lang) }))
}

// ledgerFile writes beside the target and renames, so that nobody finds half a workbook; a file that is there is not
// replaced unasked, as it may be the only ledger.
func (s *session) ledgerFile(f *ledgerFlags, write func(io.Writer) error) (err error) {
	if _, err := os.Stat(f.output); err == nil && !f.force {
		return usageError{errors.New(s.t("ledger.exists", "file", f.output))}
	}
	tmp, err := os.CreateTemp(filepath.Dir(f.output), ".mimawari-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // gone already if all went well
	err = write(tmp)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return fmt.Errorf("write %s: %w", f.output, err)
	}
	if err := os.Rename(tmp.Name(), f.output); err != nil {
		return err
	}
	fmt.Fprintln(s.out, s.t("ledger.written", "file", f.output))
	return nil
}
