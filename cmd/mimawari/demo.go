package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/hospitalsim"
	"github.com/mimawari/mimawari/internal/report"
	"github.com/mimawari/mimawari/internal/store"
)

type demoFlags struct {
	dir, size, listen string
	bytes             int64
	serve, makeOnly   bool
}

// demoSeed makes everyone's sample hospital the same, so that two people can talk about it.
const demoSeed = 20261007

func demoCommand(s *session) *cobra.Command {
	f := &demoFlags{}
	c := &cobra.Command{
		Use: "demo [--dir DIR] [--serve]", Short: s.t("demo.short"), Long: s.t("demo.long"), Example: s.t("demo.example"), Args: s.noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(c.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			return s.demo(ctx, f)
		},
	}
	fl := c.Flags()
	fl.StringVar(&f.dir, "dir", "demo", s.t("demo.flag.dir"))
	fl.StringVar(&f.size, "size", string(hospitalsim.Small), s.t("demo.flag.size"))
	fl.Int64Var(&f.bytes, "bytes", 0, s.t("demo.flag.bytes"))
	fl.BoolVar(&f.serve, "serve", false, s.t("demo.flag.serve"))
	fl.StringVar(&f.listen, "listen", "127.0.0.1:8420", s.t("cli.flag.listen"))
	fl.BoolVar(&f.makeOnly, "make-only", false, s.t("demo.flag.make_only"))
	return c
}

// demo makes the sample hospital, patrols it, shows what came of it and, if asked to, opens the pages.
func (s *session) demo(ctx context.Context, f *demoFlags) error {
	o, err := f.options(s)
	if err != nil {
		return err
	}
	m, err := s.sample(ctx, f.dir, o)
	if err != nil || f.makeOnly {
		return err
	}
	data := filepath.Join(f.dir, "data")
	if err := s.patrolSample(ctx, f.dir, data, &m); err != nil {
		return err
	}
	if f.serve {
		return s.serve(ctx, serveFlags{listen: f.listen, data: data, welcome: demoLogin})
	}
	fmt.Fprintln(s.err, s.t("demo.next", "data", data))
	return nil
}

// demoLogin is who the link that `demo --serve` prints signs in.
const demoLogin = "demo"

// options finds mistakes in the command line before anything is made.
func (f *demoFlags) options(s *session) (o hospitalsim.Options, err error) {
	o = hospitalsim.Options{Size: hospitalsim.Size(f.size), Seed: demoSeed, Bytes: f.bytes}
	switch {
	case o.Size != hospitalsim.Small && o.Size != hospitalsim.Large:
		err = errors.New(s.t("demo.bad_size", "size", f.size))
	case f.bytes != 0 && o.Size != hospitalsim.Large:
		err = errors.New(s.t("demo.bytes_needs_large"))
	case f.bytes != 0 && (f.bytes < hospitalsim.MinBytes || f.bytes > hospitalsim.MaxBytes):
		err = errors.New(s.t("demo.bad_bytes", "min", fmt.Sprint(int64(hospitalsim.MinBytes)), "max", fmt.Sprint(int64(hospitalsim.MaxBytes))))
	case f.serve && f.makeOnly:
		err = errors.New(s.t("demo.serve_or_make"))
	case os.Getenv("MIMAWARI_DATABASE") != "" && !f.makeOnly:
		err = errors.New(s.t("demo.own_database")) // invented machines must not get among the real ones
	default:
		return o, nil
	}
	return o, usageError{err}
}

// sample takes the hospital that is in dir, or makes it there.
func (s *session) sample(ctx context.Context, dir string, o hospitalsim.Options) (hospitalsim.Manifest, error) {
	m, err := hospitalsim.ReadManifest(dir)
	if err == nil && m.Matches(dir, o) {
		fmt.Fprintln(s.err, s.t("demo.reuse", "dir", dir))
		return m, nil
	}
	if err == nil {
		if err := forget(filepath.Join(dir, "data")); err != nil {
			return m, s.fail(err)
		}
	}
	fmt.Fprintln(s.err, s.t("demo.making", "dir", dir))
	p := s.progress(false)
	o.Progress = func(done, about int64) { p.making(dir, done, about) }
	m, err = hospitalsim.Write(ctx, dir, o)
	p.done()
	if errors.Is(err, context.Canceled) {
		fmt.Fprintf(s.err, "mimawari: %s\n", s.t("demo.stopped"))
		return m, exitError{exitPartial}
	}
	if err != nil {
		return m, s.fail(err)
	}
	var bytes int64
	for _, f := range m.Files {
		bytes += f.Bytes
	}
	fmt.Fprintln(s.err, s.t("demo.made", "dir", dir, "hosts", fmt.Sprint(m.Hosts), "packets", fmt.Sprint(m.Packets), "mb", fmt.Sprint(bytes>>20), "problems", fmt.Sprint(len(m.Planted))))
	return m, nil
}

// making is report for what is written, not read.
func (p *progress) making(dir string, done, about int64) {
	switch {
	case p.tty:
		p.report(dir, done, about)
	case time.Since(p.last) >= progressEvery:
		p.last = time.Now()
		fmt.Fprintln(p.s.err, p.s.t("demo.progress", "dir", dir, "mb", fmt.Sprint(done>>20), "all", fmt.Sprint(about>>20)))
	}
}

// forget removes what earlier patrols of another sample hospital left, unless pages still show it.
func forget(data string) error {
	if _, err := os.Stat(data); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	lock, err := store.Lock(app.ServeLock(data), "demo")
	if err != nil {
		return err
	}
	return errors.Join(lock.Unlock(), os.RemoveAll(data))
}

func (s *session) patrolSample(ctx context.Context, dir, data string, m *hospitalsim.Manifest) error {
	a, err := app.Open(ctx, data, "demo")
	if err != nil {
		return s.fail(err)
	}
	defer a.Close()
	p := s.progress(false)
	out, err := a.Patrol(ctx, app.PatrolOptions{
		Paths: m.Sources(dir), Stdin: s.in, Ledger: filepath.Join(dir, hospitalsim.LedgerFile),
		Progress: p.report, Now: time.Now, By: userName(),
	})
	p.done()
	if err != nil {
		return s.fail(err)
	}
	if err := report.Text(s.out, report.Input{Result: out.Result, Ledger: out.Ledger, Lang: s.lang, Zone: time.Local}, s.color(false)); err != nil {
		return err
	}
	if out.Partial {
		return exitError{exitPartial}
	}
	return nil
}
