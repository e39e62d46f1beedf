package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/archive"
	"github.com/mimawari/mimawari/internal/store"
)

// archiveCommand keeps Mimawari's own data in an encrypted file and takes it back.
func archiveCommand(s *session) *cobra.Command {
	c := &cobra.Command{Use: "archive", Short: s.t("cli.archive.short"), Long: s.t("cli.archive.long"), Args: s.noArgs, RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	c.AddCommand(s.archiveMake(), s.archiveRestore())
	return c
}

func (s *session) archiveMake() *cobra.Command {
	var data, secret string
	c := &cobra.Command{Use: "make FILE", Short: s.t("cli.archive.make"), Args: s.oneArg("cli.archive.which"), RunE: func(c *cobra.Command, args []string) error {
		pass, err := s.passphrase(secret)
		if err != nil {
			return err
		}
		return s.makeArchive(c.Context(), data, args[0], pass)
	}}
	s.dataFlag(c, &data)
	c.Flags().StringVar(&secret, "passphrase-file", "", s.t("cli.archive.passphrase"))
	return c
}

func (s *session) makeArchive(ctx context.Context, data, file, pass string) error {
	a, err := app.OpenDeciding(ctx, data)
	if err != nil {
		return s.fail(err)
	}
	defer a.Close()
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return s.fail(err)
	}
	err = a.Archive(ctx, f, pass, time.Now())
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return s.archiveFail(errors.Join(err, os.Remove(file)))
	}
	fmt.Fprintln(s.err, s.t("cli.archive.made", "file", file))
	return nil
}

func (s *session) archiveRestore() *cobra.Command {
	var data, secret string
	c := &cobra.Command{Use: "restore FILE", Short: s.t("cli.archive.restore"), Args: s.oneArg("cli.archive.which"), RunE: func(c *cobra.Command, args []string) error {
		pass, err := s.passphrase(secret)
		if err != nil {
			return err
		}
		return s.restoreArchive(c.Context(), data, args[0], pass)
	}}
	s.dataFlag(c, &data)
	c.Flags().StringVar(&secret, "passphrase-file", "", s.t("cli.archive.passphrase"))
	return c
}

func (s *session) restoreArchive(ctx context.Context, data, file, pass string) error {
	f, err := os.Open(file)
	if err != nil {
		return s.fail(err)
	}
	defer f.Close()
	return s.alone(data, func() error {
		if err := app.StageRestore(ctx, data, f, pass); err != nil {
			return s.archiveFail(err)
		}
		if _, err := app.FinishRestore(ctx, data, time.Now()); err != nil {
			return s.archiveFail(err)
		}
		fmt.Fprintln(s.err, s.t("cli.archive.restored"))
		return nil
	})
}

// alone does something while nobody may look at the data or write them.
func (s *session) alone(data string, do func() error) error {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return s.fail(err)
	}
	for _, dir := range []string{data, app.ServeLock(data)} {
		lock, err := store.Lock(dir, "restore")
		if err != nil {
			return s.fail(err)
		}
		defer lock.Unlock()
	}
	return do()
}

// passphrase comes from a file, from MIMAWARI_PASSPHRASE, or is asked for on a terminal. It is never a flag: others could read it.
func (s *session) passphrase(file string) (string, error) {
	if file != "" {
		b, err := os.ReadFile(file)
		if err != nil {
			return "", s.fail(err)
		}
		return string(bytes.TrimRight(b, "\r\n")), nil
	}
	if p := os.Getenv("MIMAWARI_PASSPHRASE"); p != "" {
		return p, nil
	}
	in, ok := s.in.(*os.File)
	if !ok || !isatty.IsTerminal(in.Fd()) {
		return "", usageError{errors.New(s.t("cli.archive.how"))}
	}
	fmt.Fprint(s.err, s.t("cli.archive.ask"))
	b, err := term.ReadPassword(int(in.Fd()))
	fmt.Fprintln(s.err)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", s.fail(err)
	}
	return strings.TrimRight(string(b), "\r\n"), nil
}

func (s *session) archiveFail(err error) error {
	var e *archive.Error
	if errors.As(err, &e) {
		fmt.Fprintf(s.err, "mimawari: %s\n", s.t("archive."+string(e.Code)))
		return exitError{exitPartial}
	}
	return s.fail(err)
}
