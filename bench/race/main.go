//go:build unix

// Command race runs commands in turns, several rounds of them, and prints what each cost: CPU seconds (user and system, the
// process with its children), wall time and peak memory, as the kernel accounts them.
//
//	race -rounds 3 -base 'nfpcapd' 'ours=./mimawari flows big.pcap' 'nfpcapd=nfpcapd -r big.pcap -l out'
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// entrant is a command with what its runs cost.
type entrant struct {
	name  string
	args  []string
	scale float64 // its input is this part of the others'
	cpu   []float64
	wall  []float64
	rss   int64
}

func main() {
	rounds := flag.Int("rounds", 3, "rounds")
	base := flag.String("base", "", "name of the command that ratios are given to")
	fresh := flag.String("fresh", "", "directory that is removed before each run")
	bound := flag.Int64("rss", 0, "fail if a command needs more than so many MB")
	flag.Parse()
	var all []*entrant
	for _, a := range flag.Args() {
		name, line, ok := strings.Cut(a, "=")
		if !ok {
			fmt.Fprintf(os.Stderr, "race: %q is not NAME=COMMAND\n", a)
			os.Exit(2)
		}
		e := &entrant{name: name, args: strings.Fields(line), scale: 1}
		if n, part, ok := strings.Cut(name, "@"); ok { // NAME@0.1: runs on a tenth of the input
			e.name = n
			if f, err := strconv.ParseFloat(part, 64); err == nil && f > 0 {
				e.scale = f
			}
		}
		all = append(all, e)
	}
	for range *rounds {
		for _, e := range all {
			if err := e.run(*fresh); err != nil {
				fmt.Fprintf(os.Stderr, "race: %s: %v\n", e.name, err)
				os.Exit(1)
			}
		}
	}
	report(all, *base)
	if *bound > 0 && slices.ContainsFunc(all, func(e *entrant) bool { return e.rss > *bound<<10 }) {
		fmt.Fprintf(os.Stderr, "race: a command needed more than %d MB\n", *bound)
		os.Exit(1)
	}
}

func (e *entrant) run(fresh string) error {
	if fresh != "" {
		if err := os.RemoveAll(fresh); err != nil {
			return err
		}
	}
	cmd := exec.Command(e.args[0], e.args[1:]...)
	cmd.Stdout, cmd.Stderr = io.Discard, nil
	start := time.Now()
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		return err
	}
	e.wall = append(e.wall, time.Since(start).Seconds()/e.scale)
	u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return fmt.Errorf("no resource usage on this system")
	}
	e.cpu = append(e.cpu, (seconds(u.Utime)+seconds(u.Stime))/e.scale)
	e.rss = max(e.rss, u.Maxrss)
	return nil
}

func seconds(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	return s[len(s)/2]
}

func report(all []*entrant, base string) {
	var ref float64
	for _, e := range all {
		if e.name == base {
			ref = median(e.cpu)
		}
	}
	fmt.Println("| command | CPU s (median) | rounds | wall s | peak RSS MB | CPU ratio |")
	fmt.Println("|---|---|---|---|---|---|")
	for _, e := range all {
		var rounds []string
		for _, c := range e.cpu {
			rounds = append(rounds, fmt.Sprintf("%.2f", c))
		}
		ratio := "-"
		if ref > 0 {
			ratio = fmt.Sprintf("%.2f", median(e.cpu)/ref)
		}
		note := ""
		if e.scale != 1 {
			note = fmt.Sprintf(" (measured on %.3g of the input, scaled)", e.scale)
		}
		fmt.Printf("| %s%s | %.2f | %s | %.2f | %d | %s |\n", e.name, note, median(e.cpu), strings.Join(rounds, " / "), median(e.wall), e.rss/1024, ratio)
	}
}
