package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/audit"
	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/model"
)

// decisions are the words of people on the command line.
var decisions = map[string]model.State{"acknowledge": model.Acknowledged, "accept": model.Accepted, "reopen": model.Open}

func decideCommand(s *session) *cobra.Command {
	var data, owner, reason, until, what string
	c := &cobra.Command{
		Use: "decide FINDING --as acknowledge|accept|reopen", Short: s.t("cli.decide.short"), Args: s.oneArg("cli.explain.which"),
		RunE: func(c *cobra.Command, args []string) error {
			state, ok := decisions[what]
			if !ok {
				return usageError{fmt.Errorf("--as: %s", s.t("cli.decide.as"))}
			}
			end, err := s.day(until)
			if err != nil {
				return err
			}
			x := deed{"finding." + string(state), args[0], []string{"reason", reason, "owner", owner, "until", until}}
			return s.atDesk(c.Context(), data, args[0], x, func(d *app.Desk) error {
				return d.Decide(c.Context(), args[0], api.Decision{State: state, Owner: owner, Reason: reason, Until: end, Who: userName()})
			})
		},
	}
	s.dataFlag(c, &data)
	c.Flags().StringVar(&what, "as", "", s.t("cli.decide.as"))
	s.wordFlags(c, &owner, &reason, &until)
	return c
}

func silenceCommand(s *session) *cobra.Command {
	var data, owner, reason, until, remove string
	var x model.Suppression
	c := &cobra.Command{
		Use: "silence [--rule RULE] [--ip ADDRESS] --owner NAME --reason TEXT", Short: s.t("cli.silence.short"), Args: s.noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			end, err := s.day(until)
			if err != nil {
				return err
			}
			did := deed{"silence.add", strings.Join(strings.Fields(x.Rule+" "+x.Host+" "+x.IP), " "), []string{"reason", reason, "owner", owner, "until", until}}
			if remove != "" {
				did = deed{"silence.remove", remove, nil}
			}
			return s.atDesk(c.Context(), data, remove, did, func(d *app.Desk) error {
				if remove != "" {
					return d.Unsilence(c.Context(), remove)
				}
				x.Owner, x.Reason, x.Until = owner, reason, end
				return d.Silence(c.Context(), x)
			})
		},
	}
	s.dataFlag(c, &data)
	c.Flags().StringVar(&x.Rule, "rule", "", s.t("cli.flag.rule"))
	c.Flags().StringVar(&x.IP, "ip", "", s.t("cli.silence.ip"))
	c.Flags().StringVar(&x.Host, "host", "", s.t("cli.flag.host"))
	c.Flags().StringVar(&remove, "remove", "", s.t("cli.silence.remove"))
	s.wordFlags(c, &owner, &reason, &until)
	return c
}

func (s *session) wordFlags(c *cobra.Command, owner, reason, until *string) {
	c.Flags().StringVar(owner, "owner", "", s.t("cli.flag.owner"))
	c.Flags().StringVar(reason, "reason", "", s.t("cli.flag.reason"))
	c.Flags().StringVar(until, "until", "", s.t("cli.flag.until"))
}

// day reads a date; the whole day counts.
func (s *session) day(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.ParseInLocation(time.DateOnly, text, time.Local)
	if err != nil {
		return t, usageError{fmt.Errorf("--until: %s", s.t("web.bad_date", "text", text))}
	}
	return t.Add(24*time.Hour - time.Second), nil
}

// deed is what somebody did at the console, for the audit trail.
type deed struct {
	action, object string
	details        []string
}

// note puts a deed into the audit trail, under the name of the system's user.
func (s *session) note(ctx context.Context, a *app.App, d deed) error {
	t, err := a.Trail(time.Now, nil)
	if err != nil {
		return err
	}
	return t.Append(ctx, audit.Entry(auth.WithViewer(ctx, auth.Console(userName())), d.action, d.object, d.details...))
}

// atDesk carries out a decision and notes it; id is what it is about, for the words if that does not exist.
func (s *session) atDesk(ctx context.Context, dir, id string, x deed, do func(*app.Desk) error) error {
	a, err := app.OpenDeciding(ctx, dir)
	if err != nil {
		return s.fail(err)
	}
	defer a.Close()
	if err := do(&app.Desk{App: a, Now: time.Now}); err != nil {
		return s.failAbout(id, err)
	}
	if err := s.note(ctx, a, x); err != nil {
		return s.fail(err)
	}
	fmt.Fprintln(s.err, s.t("cli.done"))
	return nil
}

// silencesCommand lists what is silenced: its id is needed to take it back.
func silencesCommand(s *session) *cobra.Command {
	f := &listFlags{}
	c := &cobra.Command{
		Use: "silences", Short: s.t("cli.silences.short"), Args: s.noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return s.look(c.Context(), f.data, func(a *app.App) error { return s.listSilences(c.Context(), a, f.json) })
		},
	}
	s.dataFlag(c, &f.data)
	c.Flags().BoolVar(&f.json, "json", false, s.t("cli.flag.json_alias"))
	return c
}

func (s *session) listSilences(ctx context.Context, a *app.App, asJSON bool) error {
	all, err := a.Store.Suppressions(ctx)
	if err != nil {
		return err
	}
	if asJSON {
		if all == nil {
			all = []model.Suppression{}
		}
		return writeJSON(s.out, map[string]any{"silences": all, "total": len(all)})
	}
	for _, x := range all {
		until := s.t("cli.silences.forever")
		if !x.Until.IsZero() {
			until = s.t("cli.silences.until", "date", x.Until.In(time.Local).Format(time.DateOnly))
		}
		about := strings.Join(strings.Fields(x.Rule+" "+x.Host+" "+x.IP), " ")
		fmt.Fprintf(s.out, "%s  %s  %s  %s（%s）\n", x.ID, about, until, x.Reason, x.Owner)
	}
	fmt.Fprintln(s.out, s.t("report.total", "n", strconv.Itoa(len(all))))
	return nil
}
