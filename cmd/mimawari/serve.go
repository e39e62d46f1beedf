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
	var listen, data string
	var ifaces []string
	c := &cobra.Command{
		Use: "serve [--listen 127.0.0.1:8420]", Short: s.t("cli.serve.short"), Long: s.t("cli.serve.long"), Args: s.noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(c.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			return s.serve(ctx, listen, data, ifaces)
		},
	}
	c.Flags().StringVar(&listen, "listen", "127.0.0.1:8420", s.t("cli.flag.listen"))
	c.Flags().StringArrayVarP(&ifaces, "interface", "i", nil, s.t("cli.serve.interface"))
	s.dataFlag(c, &data)
	return c
}

// serve shows the pages until ctx ends. A patrol may run beside them.
func (s *session) serve(ctx context.Context, listen, data string, ifaces []string) error {
	a, err := app.OpenServing(ctx, data)
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
	srv := web.Server(web.Site{
		Memory: a.Store, Desk: &app.Desk{App: a, Now: time.Now}, Zone: time.Local, Now: time.Now,
		Report: func(err error) { fmt.Fprintf(s.err, "mimawari: %v\n", err) },
	})
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
