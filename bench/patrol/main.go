// Command patrol does what `mimawari patrol FILE... --data DIR -q --json` does, so that it can be profiled.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/pprof"
	"time"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/locale"
)

func main() {
	data := flag.String("data", "", "data directory")
	ledger := flag.String("ledger", "", "ledger")
	profile := flag.String("cpuprofile", "", "write a CPU profile to this file")
	heap := flag.String("memprofile", "", "write a heap profile to this file at the end")
	flag.Parse()
	app.LimitMemory(os.Getenv)
	if err := profiled(*profile, func() error { return patrol(*data, *ledger, flag.Args()) }); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if *heap == "" {
		return
	}
	f, err := os.Create(*heap)
	if err == nil {
		err = pprof.Lookup("allocs").WriteTo(f, 0)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func profiled(name string, f func() error) error {
	if name == "" {
		return f()
	}
	out, err := os.Create(name)
	if err != nil {
		return err
	}
	defer out.Close()
	if err := pprof.StartCPUProfile(out); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	return f()
}

func patrol(data, ledger string, paths []string) error {
	a, err := app.Open(context.Background(), data, "patrol")
	if err != nil {
		return err
	}
	defer a.Close()
	out, err := a.Patrol(context.Background(), app.PatrolOptions{Paths: paths, Stdin: os.Stdin, Ledger: ledger, Now: time.Now})
	if err != nil {
		return err
	}
	e := json.NewEncoder(io.Discard)
	e.SetIndent("", "  ")
	return e.Encode(api.NewDocument(out.Result, locale.Japanese))
}
