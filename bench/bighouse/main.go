// Command bighouse fills a data directory with a made-up institution of many machines, for load tests of the pages:
//
//	go run ./bench/bighouse -data DIR
//	mimawari serve --data DIR
//
// MIMAWARI_DATABASE puts it on PostgreSQL, as with mimawari itself. It adds nothing to data that is there already.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/mimawari/mimawari/bench/house"
	"github.com/mimawari/mimawari/internal/app"
)

func main() {
	var o house.Options
	data := flag.String("data", "", "data directory, made if it is not there")
	flag.IntVar(&o.Hosts, "hosts", 20_000, "machines")
	flag.IntVar(&o.Findings, "findings", 5_000, "findings")
	flag.Uint64Var(&o.Seed, "seed", 1, "another number gives another house")
	flag.Parse()
	o.Now = time.Now().UTC().Truncate(time.Second)
	if err := fill(context.Background(), *data, o); err != nil {
		fmt.Fprintln(os.Stderr, "bighouse:", err)
		os.Exit(1)
	}
}

func fill(ctx context.Context, dir string, o house.Options) error {
	if dir == "" {
		return errors.New("say where with -data DIR")
	}
	if o.Hosts < 30 || o.Hosts > 50_000 || o.Findings < 0 || o.Findings > 4*o.Hosts {
		return errors.New("between 30 and 50000 machines, and at most four findings a machine")
	}
	a, err := app.Open(ctx, dir, "bighouse")
	if err != nil {
		return err
	}
	defer a.Close()
	known, err := a.Store.LoadKnown(ctx)
	if err != nil {
		return err
	}
	if len(known.Hosts) > 0 || known.Ledger != nil {
		return fmt.Errorf("%s has data already: give an empty directory", a.Store.Where())
	}
	h := house.Make(o)
	if _, err := a.Store.SaveLedger(ctx, h.Ledger); err != nil {
		return err
	}
	if err := a.Store.SaveResult(ctx, h.Result); err != nil {
		return err
	}
	fmt.Printf("%d machines, %d declared, %d networks, %d findings in %s\n", len(h.Result.Hosts), len(h.Ledger.Hosts), len(h.Ledger.Networks), len(h.Result.Findings), a.Store.Where())
	return nil
}
