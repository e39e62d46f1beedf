package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/store"
)

// dbFlags are what the db commands share.
type dbFlags struct {
	data, from, to string
	json           bool
}

// dbCommand looks after the stored data: check, backup, restore, copy.
func dbCommand(s *session) *cobra.Command {
	f := &dbFlags{}
	c := &cobra.Command{
		Use: "db", Short: s.t("db.short"), Long: s.t("db.long"),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{errors.New(s.t("cli.unknown_command", "name", args[0]))}
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	check := &cobra.Command{
		Use: "check", Short: s.t("db.check.short"), Args: s.dbArgs(0),
		RunE: func(c *cobra.Command, _ []string) error { return s.dbCheck(c.Context(), f) },
	}
	backup := &cobra.Command{
		Use: "backup FILE", Short: s.t("db.backup.short"), Args: s.dbArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return s.dbBackup(c.Context(), f, args[0]) },
	}
	restore := &cobra.Command{
		Use: "restore FILE", Short: s.t("db.restore.short"), Args: s.dbArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return s.dbRestore(c.Context(), f, args[0]) },
	}
	cp := &cobra.Command{
		Use: "copy --from DSN --to DSN", Short: s.t("db.copy.short"), Long: s.t("db.copy.long"), Args: s.dbArgs(0),
		RunE: func(c *cobra.Command, _ []string) error { return s.dbCopy(c.Context(), f) },
	}
	cp.Flags().StringVar(&f.from, "from", "", s.t("db.flag.from"))
	cp.Flags().StringVar(&f.to, "to", "", s.t("db.flag.to"))
	for _, sub := range []*cobra.Command{check, backup, restore, cp} {
		sub.Flags().StringVar(&f.data, "data", app.DataDir(os.Getenv), s.t("db.flag.data"))
		sub.Flags().BoolVar(&f.json, "json", false, s.t("db.flag.json"))
		c.AddCommand(sub)
	}
	return c
}

// dbArgs wants exactly n arguments.
func (s *session) dbArgs(n int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != n {
			return usageError{errors.New(s.t("db.arguments", "use", c.UseLine()))}
		}
		return nil
	}
}

// database is where a data directory keeps its data: see app.Open.
func (f *dbFlags) database() string {
	if dsn := os.Getenv("MIMAWARI_DATABASE"); dsn != "" {
		return dsn
	}
	return filepath.Join(f.data, store.FileName)
}

// dbFail says a trouble with the data in words; the exit code tells that the command could not do its work.
func (s *session) dbFail(f *dbFlags, err error) error {
	code, text := exitInternal, err.Error()
	var known *store.Error
	kind := "internal"
	if errors.As(err, &known) {
		code, kind, text = exitPartial, string(known.Code), s.t("store."+string(known.Code), known.Pairs()...)
	}
	if f.json {
		s.dbJSON(map[string]any{"ok": false, "error": kind, "text": text})
	} else {
		fmt.Fprintf(s.err, "mimawari: %s\n", text)
	}
	return exitError{code}
}

func (s *session) dbJSON(v any) {
	e := json.NewEncoder(s.out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // a closed pipe is the reader's choice
}

// dbSay gives the outcome in words or as JSON.
func (s *session) dbSay(f *dbFlags, values map[string]any, key string, pairs ...string) {
	if f.json {
		values["ok"] = true
		s.dbJSON(values)
		return
	}
	fmt.Fprintln(s.out, s.t(key, pairs...))
}

func (s *session) dbCheck(ctx context.Context, f *dbFlags) error {
	where := f.database()
	var r store.Report
	st, err := store.OpenReadOnly(ctx, where)
	if err == nil {
		r, err = st.Check(ctx)
		err = errors.Join(err, st.Close())
	}
	var known *store.Error
	if errors.As(err, &known) && (known.Code == store.Corrupt || known.Code == store.NotData) {
		r.Problems = append(r.Problems, store.Problem{Kind: "file", Text: known.Error()})
	} else if err != nil {
		return s.dbFail(f, err)
	}
	if f.json {
		s.dbJSON(struct {
			OK bool `json:"ok"`
			store.Report
		}{len(r.Problems) == 0, r})
	} else {
		s.dbReport(r)
	}
	if len(r.Problems) > 0 {
		return exitError{exitFindings}
	}
	return nil
}

func (s *session) dbReport(r store.Report) {
	n := func(table string) string { return strconv.Itoa(r.Counts[table]) }
	if len(r.Problems) == 0 {
		fmt.Fprintln(s.out, s.t("db.check.good", "hosts", n("hosts"), "findings", n("findings"), "patrols", n("patrols"), "ledgers", n("ledgers")))
		return
	}
	for _, p := range r.Problems {
		fmt.Fprintln(s.out, s.t("db.problem."+p.Kind, "table", p.Table, "id", p.ID, "text", p.Text))
	}
	if r.More > 0 {
		fmt.Fprintln(s.out, s.t("db.problem.more", "n", strconv.Itoa(r.More)))
	}
	fmt.Fprintln(s.out, s.t("db.check.bad"))
}

func (s *session) dbBackup(ctx context.Context, f *dbFlags, file string) error {
	if st, err := os.Stat(file); err == nil && st.IsDir() {
		file = filepath.Join(file, "mimawari-"+time.Now().Format("20060102-150405")+".db")
	}
	st, err := store.OpenReadOnly(ctx, f.database())
	if err != nil {
		return s.dbFail(f, err)
	}
	if err := errors.Join(st.Backup(ctx, file), st.Close()); err != nil {
		return s.dbFail(f, err)
	}
	info, err := os.Stat(file)
	if err != nil {
		return s.dbFail(f, err)
	}
	s.dbSay(f, map[string]any{"file": file, "bytes": info.Size()}, "db.backup.done", "file", file, "kb", strconv.FormatInt((info.Size()+1023)/1024, 10))
	return nil
}

func (s *session) dbRestore(ctx context.Context, f *dbFlags, file string) error {
	lock, err := store.Lock(f.data, "db restore")
	if err != nil {
		return s.dbFail(f, err)
	}
	defer lock.Unlock()
	where := f.database()
	if isServer(where) {
		if err := copyData(ctx, file, where); err != nil {
			return s.dbFail(f, err)
		}
		s.dbSay(f, map[string]any{"kept": ""}, "db.restore.new", "file", file)
		return nil
	}
	kept, err := store.Restore(ctx, file, where)
	if err != nil {
		return s.dbFail(f, err)
	}
	key := "db.restore.done"
	if kept == "" {
		key = "db.restore.new"
	}
	s.dbSay(f, map[string]any{"kept": kept}, key, "file", file, "kept", kept)
	return nil
}

func (s *session) dbCopy(ctx context.Context, f *dbFlags) error {
	if f.to == "" {
		return usageError{errors.New(s.t("db.copy.where"))}
	}
	if f.from == "" {
		f.from = f.database()
	}
	if !isServer(f.to) {
		dir := f.to
		if filepath.Ext(dir) == ".db" {
			dir = filepath.Dir(dir)
		}
		lock, err := store.Lock(dir, "db copy")
		if err != nil {
			return s.dbFail(f, err)
		}
		defer lock.Unlock()
	}
	if err := copyData(ctx, f.from, f.to); err != nil {
		return s.dbFail(f, err)
	}
	s.dbSay(f, map[string]any{}, "db.copy.done")
	return nil
}

func isServer(dsn string) bool {
	return strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://")
}

// copyData copies between two databases; a directory stands for the file in it.
func copyData(ctx context.Context, from, to string) error {
	a, err := store.OpenReadOnly(ctx, inDir(from))
	if err != nil {
		return err
	}
	defer a.Close()
	b, err := store.Open(ctx, inDir(to))
	if err != nil {
		return err
	}
	return errors.Join(a.CopyTo(ctx, b), b.Close())
}

func inDir(dsn string) string {
	if isServer(dsn) || filepath.Ext(dsn) == ".db" {
		return dsn
	}
	return filepath.Join(dsn, store.FileName)
}
