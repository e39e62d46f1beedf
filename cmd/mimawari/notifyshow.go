package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/notify"
)

// shownDeliveries is how many deliveries the outbox command shows unless told otherwise.
const shownDeliveries = 50

func (s *session) notifyOutbox(f *notifyFlags) *cobra.Command {
	c := &cobra.Command{Use: "outbox [CHANNEL]", Args: cobra.MaximumNArgs(1), RunE: func(c *cobra.Command, args []string) error {
		return s.look(c.Context(), f.data, func(a *app.App) error {
			ds, err := a.Store.Deliveries(c.Context(), strings.Join(args, ""), f.limit)
			if err != nil {
				return err
			}
			return s.showDeliveries(ds, f.json)
		})
	}}
	c.Flags().IntVar(&f.limit, "limit", shownDeliveries, s.t("cli.notify.flag.limit"))
	return c
}

// showChannels prints channels; of a secret only that it is set.
func (s *session) showChannels(cs []model.Channel, asJSON bool) error {
	if asJSON {
		views := make([]notify.View, len(cs))
		for i, c := range cs {
			views[i] = notify.ViewOf(c)
		}
		return writeJSON(s.out, map[string]any{"schema": "mimawari.channels/1", "channels": views})
	}
	for _, c := range cs {
		on := s.t("cli.notify.on")
		if !c.On {
			on = s.t("cli.notify.off")
		}
		fmt.Fprintf(s.out, "%s  %s  %s  %s\n", c.ID, s.t("notify.kind."+c.Kind), c.Name, on)
		fmt.Fprintf(s.out, "    %s\n", notify.InWords(s.lang, c.When))
		for _, f := range notify.Shown(c) {
			fmt.Fprintf(s.out, "    %s  %s\n", locale.T(s.lang, "notify.field."+f.Name), f.In(s.lang))
		}
	}
	if len(cs) == 0 {
		fmt.Fprintln(s.out, s.t("cli.notify.none"))
	}
	return nil
}

func (s *session) showDeliveries(ds []model.Delivery, asJSON bool) error {
	if asJSON {
		if ds == nil {
			ds = []model.Delivery{}
		}
		return writeJSON(s.out, map[string]any{"schema": "mimawari.deliveries/1", "deliveries": ds})
	}
	for _, d := range ds {
		fmt.Fprintf(s.out, "%s  %s  %s  %s  %s  %s\n", d.ID, d.Made.Local().Format("2006-01-02 15:04"), d.Channel,
			s.t("notify.state."+string(d.State)), s.t("notify.message."+d.Kind), d.Notice.Subject)
		if d.Trouble != nil {
			fmt.Fprintf(s.out, "    %s %s\n", s.t("cli.notify.tries", "n", strconv.Itoa(d.Tries)), locale.Trouble(s.lang, *d.Trouble))
		}
	}
	fmt.Fprintln(s.out, s.t("report.total", "n", strconv.Itoa(len(ds))))
	return nil
}

// showOutcome prints deliveries; one that did not get through makes the exit code.
func (s *session) showOutcome(ds []model.Delivery, asJSON bool) error {
	if err := s.showDeliveries(ds, asJSON); err != nil {
		return err
	}
	if slices.ContainsFunc(ds, func(d model.Delivery) bool { return d.State != model.Sent }) {
		return exitError{exitPartial}
	}
	return nil
}
