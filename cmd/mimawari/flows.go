package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/flow"
	"github.com/mimawari/mimawari/internal/model"
)

func flowsCommand(s *session) *cobra.Command {
	var output string
	var shards int
	c := &cobra.Command{
		Use: "flows CAPTURE... -o zeek|json|csv", Short: s.t("cli.flows.short"), Long: s.t("cli.flows.long"),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{errors.New(s.t("cli.patrol.no_source"))}
			}
			return s.flows(c.Context(), args, flow.Format(output), shards)
		},
	}
	c.Flags().StringVarP(&output, "output", "o", "zeek", s.t("cli.flag.output_flows"))
	c.Flags().IntVar(&shards, "shards", 1, s.t("cli.flag.shards"))
	return c
}

func (s *session) flows(ctx context.Context, paths []string, format flow.Format, shards int) error {
	app.LimitMemory(os.Getenv)
	w, err := flow.NewWriter(s.out, format)
	if err != nil {
		return usageError{errors.New(s.t("cli.output_kind", "output", string(format), "kinds", "zeek, json, csv"))}
	}
	w.Opened = time.Now()
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends at once, also where a read waits
	seen, err := app.Gather(ctx, flow.Config{Shards: shards, OnFlow: w.Write}, paths, s.in, app.Watching{}, nil, nil)
	w.Closed = time.Now()
	if err := errors.Join(err, w.Close()); err != nil {
		return s.fail(err)
	}
	return s.troubles(seen)
}

// troubles names on stderr what could not be read; one of them makes the result partial.
func (s *session) troubles(seen *model.Seen) error {
	partial := false
	for _, x := range seen.Sources {
		for _, t := range x.Errors {
			partial = true
			s.warn(t)
		}
	}
	if partial {
		return exitError{exitPartial}
	}
	return nil
}
