package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/memory"
)

type huntFlags struct {
	data, host, peer, name, ja4, fact, list, since, until, output string
	port, limit                                                   int
	json, peers, quiet                                            bool
}

func huntCommand(s *session) *cobra.Command {
	f := &huntFlags{}
	c := &cobra.Command{
		Use: "hunt [--host A] [--peer A] [--port N] [--name N] [--list FILE]", Short: s.t("cli.hunt.short"), Long: s.t("cli.hunt.long"), Example: s.t("cli.hunt.example"), Args: s.noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return s.hunt(c.Context(), f) },
	}
	fl := c.Flags()
	s.dataFlag(c, &f.data)
	fl.StringVar(&f.host, "host", "", s.t("cli.hunt.host"))
	fl.StringVar(&f.peer, "peer", "", s.t("cli.hunt.peer"))
	fl.IntVar(&f.port, "port", 0, s.t("cli.hunt.port"))
	fl.StringVar(&f.name, "name", "", s.t("cli.hunt.name"))
	fl.StringVar(&f.ja4, "ja4", "", s.t("cli.hunt.ja4"))
	fl.StringVar(&f.fact, "fact", "", s.t("cli.hunt.fact"))
	fl.StringVar(&f.list, "list", "", s.t("cli.hunt.list"))
	fl.StringVar(&f.since, "since", "", s.t("cli.hunt.since"))
	fl.StringVar(&f.until, "until", "", s.t("cli.hunt.until"))
	fl.IntVar(&f.limit, "limit", memory.DefaultLimit, s.t("cli.hunt.limit"))
	fl.BoolVar(&f.peers, "peers", false, s.t("cli.hunt.peers"))
	fl.StringVarP(&f.output, "output", "o", "text", s.t("cli.hunt.output"))
	fl.BoolVar(&f.json, "json", false, s.t("cli.flag.json_alias"))
	fl.BoolVarP(&f.quiet, "quiet", "q", false, s.t("cli.flag.quiet"))
	return c
}

func (s *session) hunt(ctx context.Context, f *huntFlags) error {
	if f.json {
		f.output = "json"
	}
	if f.output != "text" && f.output != "json" && f.output != "csv" {
		return usageError{errors.New(s.t("cli.output_kind", "output", f.output, "kinds", "text, json, csv"))}
	}
	q, err := s.huntQuery(f)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	q.Progress = s.huntProgress(f.quiet)
	return s.look(ctx, f.data, func(a *app.App) error {
		if f.peers {
			peers, err := app.Flows(a.Dir).Peers(ctx, q)
			if err != nil {
				return err
			}
			return s.showPeers(f.output, peers)
		}
		found, err := app.Flows(a.Dir).Hunt(ctx, q)
		if err != nil {
			return err
		}
		return s.showHunt(f.output, found)
	})
}

// huntProgress says every few seconds how many days are done.
func (s *session) huntProgress(quiet bool) func(done, total int) {
	told := time.Now()
	return func(done, total int) {
		if !quiet && time.Since(told) >= 3*time.Second {
			told = time.Now()
			fmt.Fprintln(s.err, s.t("cli.hunt.progress", "done", strconv.Itoa(done), "total", strconv.Itoa(total)))
		}
	}
}

func (s *session) huntQuery(f *huntFlags) (q memory.Query, err error) {
	q = memory.Query{Port: f.port, Name: f.name, JA4: f.ja4, Fact: f.fact, Limit: f.limit}
	if f.host+f.peer+f.name+f.ja4+f.fact+f.list == "" && f.port == 0 {
		return q, usageError{errors.New(s.t("cli.hunt.what"))}
	}
	if f.port < 0 || f.port > 65535 || f.limit < 1 {
		return q, usageError{errors.New(s.t("cli.hunt.number"))}
	}
	if q.Host, err = s.huntAddress(f.host); err != nil {
		return q, err
	}
	if q.Peer, err = s.huntAddress(f.peer); err != nil {
		return q, err
	}
	if q.Since, err = s.huntDay(f.since, 0); err != nil {
		return q, err
	}
	if q.Until, err = s.huntDay(f.until, 1); err != nil || f.list == "" {
		return q, err
	}
	file, err := os.Open(f.list)
	if err != nil {
		return q, s.fail(err)
	}
	defer file.Close()
	if q.List, err = memory.ParseList(file); err != nil {
		return q, s.fail(err)
	}
	if q.List.Len() == 0 {
		return q, usageError{errors.New(s.t("cli.hunt.empty_list", "file", f.list))}
	}
	if n := q.List.Unknown + q.List.Skipped; n > 0 {
		fmt.Fprintln(s.err, s.t("cli.hunt.unread", "n", strconv.Itoa(n)))
	}
	return q, nil
}

func (s *session) huntAddress(text string) ([]netip.Prefix, error) {
	if text == "" {
		return nil, nil
	}
	p, err := memory.ParseAddress(text)
	if err != nil {
		return nil, usageError{errors.New(s.t("cli.hunt.address", "text", text))}
	}
	return []netip.Prefix{p}, nil
}

// huntDay reads a day, or a moment. Until a day means to its end.
func (s *session) huntDay(text string, more int) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	t, err := time.ParseInLocation(time.DateOnly, text, time.Local)
	if err != nil {
		return t, usageError{errors.New(s.t("cli.hunt.day", "text", text))}
	}
	return t.AddDate(0, 0, more), nil
}

func (s *session) showHunt(output string, f *memory.Found) error {
	switch output {
	case "json":
		return writeJSON(s.out, f)
	case "csv":
		return memory.WriteCSV(s.out, f.Rows)
	}
	if len(f.Rows) > 0 {
		rows := [][]string{strings.Split(s.t("cli.hunt.head"), "|")}
		for _, r := range f.Rows {
			rows = append(rows, []string{
				time.UnixMilli(r.First).Format("2006-01-02 15:04:05"), r.Client, r.Server, strconv.Itoa(int(r.ServerPort)), r.App, r.Name,
				strconv.FormatInt(r.BytesOut, 10), strconv.FormatInt(r.BytesIn, 10),
			})
		}
		if err := printTable(s.out, rows); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(s.out, s.t("cli.hunt.total", "n", strconv.FormatUint(f.Total, 10), "shown", strconv.Itoa(len(f.Rows)), "days", strconv.Itoa(f.Days)))
	return err
}

func (s *session) showPeers(output string, all []memory.Peer) error {
	if output == "json" {
		return writeJSON(s.out, map[string]any{"peers": all})
	}
	head := strings.Split(s.t("cli.hunt.peers_head"), "|")
	rows := make([][]string, 0, len(all)+1)
	rows = append(rows, head)
	for _, p := range all {
		rows = append(rows, []string{
			p.Client, p.Server, strconv.Itoa(int(p.Port)), strconv.FormatUint(p.Flows, 10), strconv.FormatInt(p.BytesOut, 10), strconv.FormatInt(p.BytesIn, 10),
			p.First.Local().Format("2006-01-02"), p.Last.Local().Format("2006-01-02"),
		})
	}
	if output == "csv" {
		w := csv.NewWriter(s.out)
		if err := w.WriteAll(rows); err != nil {
			return fmt.Errorf("write CSV: %w", err)
		}
		return nil
	}
	return printTable(s.out, rows)
}

// memoryCommand shows and sets how flows are remembered.
func memoryCommand(s *session) *cobra.Command {
	var data string
	var off, on bool
	var quota int64
	c := &cobra.Command{
		Use: "memory [--on|--off] [--quota GB]", Short: s.t("cli.memory.short"), Long: s.t("cli.memory.long"), Args: s.noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx := c.Context()
			a, err := app.OpenDeciding(ctx, data)
			if err != nil {
				return s.fail(err)
			}
			defer a.Close()
			if err := s.memory(ctx, a, on, off, quota); err != nil {
				return s.fail(err)
			}
			return nil
		},
	}
	s.dataFlag(c, &data)
	c.Flags().BoolVar(&on, "on", false, s.t("cli.memory.on"))
	c.Flags().BoolVar(&off, "off", false, s.t("cli.memory.off"))
	c.MarkFlagsMutuallyExclusive("on", "off")
	c.Flags().Int64Var(&quota, "quota", 0, s.t("cli.memory.quota"))
	return c
}

func (s *session) memory(ctx context.Context, a *app.App, on, off bool, quota int64) error {
	set, err := a.FlowRows(ctx)
	if err != nil {
		return err
	}
	if on || off || quota > 0 {
		if set.Off = off || set.Off && !on; quota > 0 {
			set.Quota = quota * 1_000_000_000
		}
		if err := a.SetFlowRows(ctx, set); err != nil {
			return err
		}
	}
	st, err := app.Flows(a.Dir).Stat()
	if err != nil {
		return err
	}
	state := "cli.memory.is_on"
	if set.Off {
		state = "cli.memory.is_off"
	}
	_, err = fmt.Fprintln(s.out, s.t(state, "days", strconv.Itoa(set.Days), "quota", strconv.FormatInt(set.Quota/1_000_000_000, 10))+"\n"+
		s.t("cli.memory.kept", "rows", strconv.FormatInt(st.Rows, 10), "days", strconv.Itoa(st.Days), "mb", strconv.FormatInt((st.Bytes+999_999)/1_000_000, 10)))
	return err
}
