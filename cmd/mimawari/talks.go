package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/report"
)

func talksCommand(s *session) *cobra.Command {
	f := &listFlags{}
	c := &cobra.Command{
		Use: "talks HOST", Short: s.t("cli.talks.short"), Long: s.t("cli.talks.long"), Args: s.oneArg("cli.talks.which"),
		RunE: func(c *cobra.Command, args []string) error {
			format, err := f.format(s)
			if err != nil {
				return err
			}
			if format == "xlsx" {
				return usageError{errors.New(s.t("cli.output_kind", "output", f.output, "kinds", "text, json, csv"))}
			}
			return s.look(c.Context(), f.data, func(a *app.App) error { return s.talks(c.Context(), a, args[0], format) })
		},
	}
	s.dataFlag(c, &f.data)
	c.Flags().StringVarP(&f.output, "output", "o", "text", s.t("cli.flag.output_talks"))
	c.Flags().BoolVar(&f.json, "json", false, s.t("cli.flag.json_alias"))
	return c
}

func (s *session) talks(ctx context.Context, a *app.App, name, format string) error {
	h, err := s.oneHost(ctx, a, name)
	if err != nil {
		return err
	}
	trail, err := a.Store.Trail(ctx, h.ID)
	if err != nil {
		return err
	}
	names, err := a.Peers(ctx, trail)
	if err != nil {
		return err
	}
	rows := report.Talks(trail, names)
	switch format {
	case "json":
		return writeJSON(s.out, map[string]any{"host": h.ID, "talks": rows, "addresses": stays(trail), "left_out": trail.Dropped})
	case "csv":
		cells := make([][]any, len(rows))
		for i, r := range rows {
			cells[i] = report.TalkCells(s.lang, time.Local, r)
		}
		return report.Table(s.out, report.TalkColumns(s.lang), cells)
	}
	return s.talkTable(rows, trail.Dropped)
}

// stay is a time under an address, for other programs.
type stay struct {
	IP    netip.Addr `json:"ip"`
	MAC   model.MAC  `json:"mac"`
	First time.Time  `json:"first"`
	Last  time.Time  `json:"last"`
}

func stays(t model.Trail) []stay {
	out := make([]stay, len(t.Stays))
	for i, x := range t.Stays {
		out[i] = stay{x.Addr, x.MAC, x.First, x.Last}
	}
	return out
}

func (s *session) talkTable(rows []report.TalkRow, dropped uint64) error {
	if len(rows) == 0 {
		_, err := fmt.Fprintln(s.out, s.t("talk.none"))
		return err
	}
	table := [][]string{report.TalkColumns(s.lang)}
	for _, r := range rows {
		var line []string
		for _, c := range report.TalkCells(s.lang, time.Local, r) {
			line = append(line, fmt.Sprint(c))
		}
		table = append(table, line)
	}
	if err := printTable(s.out, table); err != nil {
		return err
	}
	if dropped > 0 {
		fmt.Fprintln(s.out, s.t("talk.dropped", "n", strconv.FormatUint(dropped, 10)))
	}
	_, err := fmt.Fprintln(s.out, s.t("report.total", "n", strconv.Itoa(len(rows))))
	return err
}

// oneHost finds the host that a person means: by id, address, MAC, or a name that only one has.
func (s *session) oneHost(ctx context.Context, a *app.App, text string) (model.Host, error) {
	if h, err := a.Store.Host(ctx, text); !errors.Is(err, model.ErrNotFound) {
		return h, err
	}
	q := model.HostQuery{Limit: 4}
	if ip, err := netip.ParseAddr(text); err == nil {
		q.IP = ip
	} else if m, err := model.ParseMAC(text); err == nil {
		q.MAC = m
	} else if q.Text = strings.TrimSpace(text); q.Text == "" {
		return model.Host{}, &api.Refused{Key: "cli.talks.which"}
	}
	p, err := a.Store.Hosts(ctx, q)
	switch {
	case err != nil:
		return model.Host{}, err
	case p.Total == 0:
		return model.Host{}, &api.Refused{Key: "cli.talks.no_host", Pairs: []string{"text", text}}
	case p.Total == 1:
		return p.Hosts[0], nil
	}
	// Of several, the one that is called exactly so.
	if i := slices.IndexFunc(p.Hosts, func(h model.Host) bool { return slices.Contains(h.Names, text) }); i >= 0 && q.Text != "" {
		return p.Hosts[i], nil
	}
	var first []string
	for _, h := range p.Hosts[:min(3, len(p.Hosts))] {
		first = append(first, h.ID)
	}
	return model.Host{}, &api.Refused{Key: "cli.talks.many", Pairs: []string{"text", text, "n", strconv.Itoa(p.Total), "first", strings.Join(first, ", ")}}
}
