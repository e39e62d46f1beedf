// Command storybook shows every component of the pages and the states that matter of every page, from made-up data at a fixed time. It is for
// people who work on Mimawari, listens on loopback only, and is no part of the program that institutions run. Nothing is kept.
//
//	go run ./cmd/storybook
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/mimawari/mimawari/internal/web"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8421", "loopback address")
	flag.Parse()
	if err := run(context.Background(), *listen); err != nil {
		fmt.Fprintln(os.Stderr, "storybook:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, listen string) (err error) {
	if !web.Loopback(listen) {
		return fmt.Errorf("%s can be reached by other machines: nobody signs in here", listen)
	}
	l, err := web.Listen(ctx, listen)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "storybook")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	b, err := open(ctx, dir)
	if err != nil {
		return err
	}
	defer b.close()
	fmt.Fprintf(os.Stderr, "http://%s/\n", l.Addr())
	srv := &http.Server{Handler: b, ReadHeaderTimeout: 5 * time.Second}
	return srv.Serve(l)
}
