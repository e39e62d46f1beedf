// Command patrol does what `mimawari patrol FILE... --data DIR -q --json` does, so that it can be profiled.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/pprof"
	"time"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/locale"
)

func main() {
	data := flag.String("data", "", "data directory")
	quiet := flag.Bool("nojson", false, "leave the document out")
	ledger := flag.String("ledger", "", "ledger")
	profile := flag.String("cpuprofile", "", "write a CPU profile to this file")
	heap := flag.String("memprofile", "", "write a heap profile of the peak to this file")
	flag.Parse()
	app.LimitMemory(os.Getenv)
	stop := watchHeap(*heap)
	err := profiled(*profile, func() error { return patrol(*data, *ledger, *quiet, flag.Args()) })
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// watchHeap writes a heap profile to name each time the heap has grown by a twentieth over all before: the last one is that of
// the peak. The profile shows what was alive at the last collection.
func watchHeap(name string) (stop func()) {
	if name == "" {
		return func() {}
	}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for top := uint64(0); ; {
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
			}
			var m runtime.MemStats
			if runtime.ReadMemStats(&m); m.HeapAlloc > top+top/20 {
				top = m.HeapAlloc
				var b bytes.Buffer
				if pprof.Lookup("heap").WriteTo(&b, 0) == nil {
					_ = os.WriteFile(name, b.Bytes(), 0o600)
				}
			}
		}
	}()
	return func() { close(done); <-ended }
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

func patrol(data, ledger string, quiet bool, paths []string) error {
	a, err := app.Open(context.Background(), data, "patrol")
	if err != nil {
		return err
	}
	defer a.Close()
	out, err := a.Patrol(context.Background(), app.PatrolOptions{Paths: paths, Stdin: os.Stdin, Ledger: ledger, Now: time.Now})
	if err != nil {
		return err
	}
	if quiet {
		return nil
	}
	_, err = api.NewDocument(out.Result, locale.Japanese).WriteTo(io.Discard)
	return err
}
