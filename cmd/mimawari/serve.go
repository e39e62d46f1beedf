package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/certs"
	"github.com/mimawari/mimawari/internal/lookup"
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
	c.Flags().BoolVar(&f.noMemory, "no-memory", false, s.t("cli.flag.no_memory"))
	s.dataFlag(c, &f.data)
	return c
}

// serveFlags are what can be said of a server.
type serveFlags struct {
	listen, data string
	interfaces   []string
	every        time.Duration
	noMemory     bool
	welcome      string // login of whom a sign-in link is printed for: the sample hospital
}

// serve shows the pages until ctx ends, anew after an archive was restored.
func (s *session) serve(ctx context.Context, f serveFlags) error {
	for {
		again, err := s.serveOnce(ctx, f)
		if err != nil && ctx.Err() != nil {
			return nil // told to end while it was still beginning
		}
		if err != nil || !again {
			return err
		}
	}
}

// serveOnce shows the pages and does the patrols that they ask for until ctx ends. Patrols of the command line may run beside it. again says
// that it is to begin anew: an archive waits to be put in place.
func (s *session) serveOnce(ctx context.Context, f serveFlags) (again bool, err error) {
	if err := s.finishRestore(ctx, f.data); err != nil {
		return false, err
	}
	a, err := app.OpenServing(ctx, f.data)
	if err != nil {
		return false, s.fail(err)
	}
	defer a.Close()
	keeper := app.Certificates(f.data, time.Now)
	l, secure, err := s.listen(ctx, f.listen, keeper)
	if err != nil {
		return false, err
	}
	report := func(err error) {
		text, _ := s.inWords(err)
		fmt.Fprintf(s.err, "mimawari: %s\n", text)
	}
	telling, quiet := context.WithCancel(ctx)
	defer a.Tell(telling, report)()
	defer a.WriteReports(telling, time.Now, time.Local, s.lang, report)()
	defer quiet()
	in, err := app.NewIntake(ctx, a, app.IntakeOptions{Now: time.Now, Zone: time.Local, Report: report, Interfaces: f.interfaces, Every: f.every, NoMemory: f.noMemory})
	if err != nil {
		return false, s.fail(err)
	}
	door, err := a.Door(ctx, time.Now, report)
	if err != nil {
		return false, s.fail(err)
	}
	code := gate.NewCode()
	restart := make(chan struct{}, 1)
	kept := &app.Retention{App: a, Now: time.Now}
	pictures := &app.MapDesk{App: a}
	finder := &lookup.Finder{Source: a.Store}
	declared := &app.Declarer{App: a, Now: time.Now, Zone: time.Local}
	srv := web.Server(web.Site{
		Memory:       a.Store,
		Desk:         &app.Desk{App: a, Now: time.Now},
		Notes:        &app.Notes{App: a, Now: time.Now},
		Trails:       a.Store,
		Reports:      a,
		Teller:       &app.Telling{Store: a.Store, App: a, Report: report},
		Finder:       finder,
		Flows:        app.Flows(a.Dir),
		Indicators:   a,
		Intake:       in,
		Settings:     a.Store,
		House:        a,
		Institution:  a.Store.Institution,
		Certificates: keeper,
		Archives:     &app.Archives{App: a, Now: time.Now, Again: func() { restart <- struct{}{} }},
		Retention:    kept,
		Names:        app.OwnNames,
		Maps:         pictures,
		Zone:         time.Local,
		Now:          time.Now,
		Report:       report,
		Keeper:       door.Keeper,
		Trail:        door.Trail,
		Directory:    door.Directory,
		Record:       app.Recorder(door.Trail),
		SetUpCode:    code,
		Ledger:       declared,
		Stored:       a.Store,
	})
	defer s.work(ctx, in)()
	defer tidy(ctx, door, kept, report, pictures, declared, finder)()
	if err := a.Store.SaveSetting(ctx, addressSetting, address(l, secure)); err != nil {
		return false, s.fail(err)
	}
	if err := s.announce(ctx, door, f, address(l, secure), code); err != nil {
		return false, s.fail(app.Words(err))
	}
	return s.answer(ctx, srv, l, secure, keeper, restart)
}

// answer serves until ctx ends or the server is to begin anew, and lets what is being answered come to its end.
func (s *session) answer(ctx context.Context, srv *http.Server, l net.Listener, secure bool, k *certs.Keeper, restart <-chan struct{}) (again bool, err error) {
	done := make(chan error, 1)
	go func() {
		if secure {
			srv.TLSConfig = k.TLS()
			done <- srv.ServeTLS(l, "", "")
			return
		}
		done <- srv.Serve(l)
	}()
	select {
	case err := <-done:
		return false, s.fail(err)
	case <-restart:
		again = true
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err = srv.Shutdown(end)
	if errors.Is(err, context.DeadlineExceeded) {
		err = srv.Close() // pages that wait for events have no end of their own
	}
	if err != nil && !errors.Is(err, http.ErrServerClosed) {
		return false, s.fail(err)
	}
	return again, nil
}

// listen opens the address. Beyond this machine the pages are encrypted: if there is no certificate yet, one of an own authority is made.
func (s *session) listen(ctx context.Context, addr string, k *certs.Keeper) (l net.Listener, secure bool, err error) {
	secure = !web.Loopback(addr)
	if secure {
		if err := s.needCertificate(k, addr); err != nil {
			return nil, false, err
		}
	}
	l, err = web.Listen(ctx, addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		fmt.Fprintf(s.err, "mimawari: %s\n", s.t("cli.serve.in_use", "address", addr))
		return nil, false, exitError{exitPartial}
	case err != nil:
		return nil, false, s.fail(err)
	}
	return l, secure, nil
}

func (s *session) needCertificate(k *certs.Keeper, addr string) error {
	st, err := k.Status()
	if err != nil {
		return s.certFail(err)
	}
	if st.Kind != certs.None {
		return nil
	}
	names := app.OwnNames()
	if host, _, err := net.SplitHostPort(addr); err == nil && host != "" && host != "0.0.0.0" && host != "::" && !slices.Contains(names, host) {
		names = append(names, host)
	}
	if err := k.Make(names); err != nil {
		return s.certFail(err)
	}
	if st, err = k.Status(); err != nil {
		return s.certFail(err)
	}
	fmt.Fprintln(s.err, s.t("cli.serve.certificate", "names", strings.Join(st.Names, ", "), "fingerprint", st.Fingerprint))
	return nil
}

func address(l net.Listener, secure bool) string {
	if !secure {
		return "http://" + l.Addr().String() + "/"
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	host, errHost := os.Hostname()
	if err != nil || errHost != nil {
		return "https://" + l.Addr().String() + "/"
	}
	return "https://" + net.JoinHostPort(host, port) + "/"
}

// finishRestore puts an archive in place that waits for it.
func (s *session) finishRestore(ctx context.Context, data string) error {
	if !app.RestoreWaits(data) {
		return nil
	}
	return s.alone(data, func() error {
		if _, err := app.FinishRestore(ctx, data, time.Now()); err != nil {
			return s.archiveFail(err)
		}
		fmt.Fprintln(s.err, s.t("cli.archive.restored"))
		return nil
	})
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

// tidy removes what has expired while the pages are served, and makes ahead what they need; the result ends that and waits for it.
func tidy(ctx context.Context, door app.Door, kept *app.Retention, report func(error), ahead ...app.Warmer) func() {
	ctx, stop := context.WithCancel(ctx)
	var all sync.WaitGroup
	all.Go(func() { door.Tidy(ctx, report) })
	all.Go(func() { kept.Run(ctx, report) })
	all.Go(func() { app.KeepWarm(ctx, report, ahead...) })
	return func() {
		stop()
		all.Wait()
	}
}
