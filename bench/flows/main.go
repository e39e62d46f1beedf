// Command flows runs the hot path alone - capture, flow, proto - so that it can be measured and profiled.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"runtime/pprof"

	"github.com/mimawari/mimawari/internal/capture"
	"github.com/mimawari/mimawari/internal/flow"
)

func main() {
	shards := flag.Int("shards", 0, "goroutines for flows (0: default)")
	headers := flag.Bool("headers", false, "count flows only, decode nothing")
	profile := flag.String("cpuprofile", "", "write a CPU profile to this file")
	heap := flag.String("memprofile", "", "write a heap profile to this file at the end")
	flag.Parse()
	debug.SetMemoryLimit(140 << 20)
	if err := run(flow.Config{Shards: *shards, HeadersOnly: *headers}, *profile, *heap, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(cfg flow.Config, profile, heap string, names []string) error {
	if profile != "" {
		f, err := os.Create(profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	p := flow.New(cfg)
	for _, n := range names {
		src, err := capture.Open(n, os.Stdin, capture.Options{})
		if err == nil {
			err = p.Run(context.Background(), src)
			src.Close()
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	if heap != "" {
		f, err := os.Create(heap)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.WriteHeapProfile(f); err != nil {
			return err
		}
	}
	s := p.Finish()
	fmt.Printf("packets=%d ip=%d bytes=%d flows=%d conversations=%d observations=%d bindings=%d limits=%v\n",
		s.Stats.Packets, s.Stats.IPPackets, s.Stats.Bytes, s.Stats.Flows, len(s.Conversations), len(s.Observations), len(s.Bindings), s.Limits)
	return nil
}
