package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/web"
	"github.com/mimawari/mimawari/internal/web/gate"
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
	welcome      string // login of whom a sign-in link is printed for: the sample hospital
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
	door, err := a.Door(ctx, time.Now, report)
	if err != nil {
		return s.fail(err)
	}
	code := gate.NewCode()
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
		Keeper:      door.Keeper,
		Trail:       door.Trail,
		Record:      app.Recorder(door.Trail),
		SetUpCode:   code,
	})
	defer s.work(ctx, in)()
	defer tidy(ctx, door, report)()
	if err := s.announce(ctx, door, f, "http://"+l.Addr().String()+"/", code); err != nil {
		return s.fail(app.Words(err))
	}
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

// announce says where the pages are, and how to come in if nobody can yet.
func (s *session) announce(ctx context.Context, door app.Door, f serveFlags, url, code string) error {
	if f.welcome != "" {
		secret, err := door.Welcome(ctx, f.welcome, s.t("demo.administrator"))
		if err != nil {
			return err
		}
		fmt.Fprintln(s.err, s.t("cli.serve.welcome", "url", linkURL(url, secret)))
		return nil
	}
	fmt.Fprintln(s.err, s.t("cli.serve.ready", "url", url))
	empty, err := door.Keeper.Empty(ctx)
	if empty {
		fmt.Fprintln(s.err, s.t("cli.serve.set_up", "url", url+"setup", "code", code))
	}
	return err
}

// tidy removes what has expired while the pages are served; the result ends that and waits for it.
func tidy(ctx context.Context, door app.Door, report func(error)) func() {
	ctx, stop := context.WithCancel(ctx)
	var all sync.WaitGroup
	all.Go(func() { door.Tidy(ctx, report) })
	return func() {
		stop()
		all.Wait()
	}
}
