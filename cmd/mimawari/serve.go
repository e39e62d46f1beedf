package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/web"
)

func serveCommand(s *session) *cobra.Command {
	var f serveFlags
	c := &cobra.Command{
		Use: "serve [--listen 127.0.0.1:8420]", Short: s.t("cli.serve.short"), Long: s.t("cli.serve.long"), Args: s.noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(c.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			return s.serve(ctx, f)
		},
	}
	c.Flags().StringVar(&f.listen, "listen", "127.0.0.1:8420", s.t("cli.flag.listen"))
	c.Flags().StringArrayVarP(&f.interfaces, "interface", "i", nil, s.t("cli.serve.interface"))
	c.Flags().DurationVar(&f.every, "save-every", 0, s.t("cli.flag.save_every"))
	s.dataFlag(c, &f.data)
	return c
}

// serveFlags are what can be said of a server.
type serveFlags struct {
	listen, data string
	interfaces   []string
	every        time.Duration
}

// serve shows the pages and does the patrols that they ask for until ctx ends. Patrols of the command line may run beside it.
func (s *session) serve(ctx context.Context, f serveFlags) error {
	listen := f.listen
	a, err := app.OpenServing(ctx, f.data)
	if err != nil {
		return s.fail(err)
	}
	defer a.Close()
	l, err := web.Listen(ctx, listen)
	switch {
	case errors.Is(err, web.ErrNotLoopback):
		return usageError{errors.New(s.t("cli.serve.not_loopback", "address", listen))}
	case errors.Is(err, syscall.EADDRINUSE):
		fmt.Fprintf(s.err, "mimawari: %s\n", s.t("cli.serve.in_use", "address", listen))
		return exitError{exitPartial}
	case err != nil:
		return s.fail(err)
	}
	report := func(err error) {
		text, _ := s.inWords(err)
		fmt.Fprintf(s.err, "mimawari: %s\n", text)
	}
	telling, quiet := context.WithCancel(ctx)
	defer a.Tell(telling, report)()
	defer quiet()
	in, err := app.NewIntake(ctx, a, app.IntakeOptions{Now: time.Now, Zone: time.Local, Report: report, Interfaces: f.interfaces, Every: f.every})
	if err != nil {
		return s.fail(err)
	}
	srv := web.Server(web.Site{
		Memory:      a.Store,
		Desk:        &app.Desk{App: a, Now: time.Now},
		Notes:       &app.Notes{App: a, Now: time.Now},
		Trails:      a.Store,
		Teller:      &app.Telling{Store: a.Store, App: a, Report: report},
		Intake:      in,
		Institution: a.Store.Institution,
		Zone:        time.Local,
		Now:         time.Now,
		Report:      report,
	})
	defer s.work(ctx, in)()
	fmt.Fprintln(s.err, s.t("cli.serve.ready", "url", "http://"+l.Addr().String()+"/"))
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	select {
	case err := <-done:
		return s.fail(err)
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := srv.Shutdown(end); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return s.fail(err)
	}
	return nil
}

// work does what the pages ask for. The function that it gives ends it and waits.
func (s *session) work(ctx context.Context, in *app.Intake) (end func()) {
	app.LimitMemory(os.Getenv)
	ctx, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- in.Run(ctx) }()
	return func() {
		stop()
		if err := <-done; err != nil {
			fmt.Fprintf(s.err, "mimawari: %v\n", err)
		}
	}
}
