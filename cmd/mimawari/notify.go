package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/notify"
)

// notifyFlags are what the sub-commands of notify take.
type notifyFlags struct {
	data, name, lang, least, at, weekday, quiet string
	on, names, now, daily, weekly, report, json bool
	perHour, limit                              int
	set, secret                                 []string
}

// notifyCommand sets up the channels by which people are told, tries them and shows what was sent.
func notifyCommand(s *session) *cobra.Command {
	f := &notifyFlags{}
	c := s.family("notify")
	c.Long = s.t("cli.notify.long")
	for _, sub := range []*cobra.Command{
		s.notifyList(f), s.notifyAdd(f), s.notifyChange(f), s.notifyTest(f), s.notifyRemove(f), s.notifyOutbox(f), s.notifyDigest(f), s.notifyRun(f), s.notifyLink(f),
	} {
		s.dataFlag(sub, &f.data)
		sub.Short = s.t("cli.notify." + sub.Name() + ".short")
		sub.Flags().BoolVar(&f.json, "json", false, s.t("cli.flag.json_alias"))
		c.AddCommand(sub)
	}
	return c
}

func (s *session) notifyList(f *notifyFlags) *cobra.Command {
	return &cobra.Command{Use: "list", Args: s.noArgs, RunE: func(c *cobra.Command, _ []string) error {
		return s.look(c.Context(), f.data, func(a *app.App) error {
			cs, err := a.Store.Channels(c.Context())
			if err != nil {
				return err
			}
			return s.showChannels(cs, f.json)
		})
	}}
}

func (s *session) notifyAdd(f *notifyFlags) *cobra.Command {
	c := &cobra.Command{Use: "add KIND --set NAME=VALUE --secret NAME=FILE", Args: s.oneArg("cli.notify.which_kind"), RunE: func(c *cobra.Command, args []string) error {
		return s.notifying(c.Context(), f, "", func(n *notify.Service, _ *app.App) error {
			if _, ok := notify.KindOf(args[0]); !ok {
				return usageError{errors.New(s.t("cli.notify.kind_unknown", "kind", args[0], "kinds", kindNames()))}
			}
			return s.saveChannel(c, f, n, notify.NewDraft(args[0], s.lang))
		})
	}}
	c.Long = s.t("cli.notify.add.long", "kinds", s.kindHelp())
	s.notifyDraftFlags(c, f)
	return c
}

func (s *session) notifyChange(f *notifyFlags) *cobra.Command {
	c := &cobra.Command{Use: "change CHANNEL", Args: s.oneArg("cli.notify.which"), RunE: func(c *cobra.Command, args []string) error {
		return s.notifying(c.Context(), f, args[0], func(n *notify.Service, a *app.App) error {
			x, err := a.Store.Channel(c.Context(), args[0])
			if err != nil {
				return err
			}
			return s.saveChannel(c, f, n, notify.DraftOf(x))
		})
	}}
	s.notifyDraftFlags(c, f)
	return c
}

func (s *session) notifyDraftFlags(c *cobra.Command, f *notifyFlags) {
	t := func(name string) string { return s.t("notify.field." + name) }
	c.Flags().StringVar(&f.name, "name", "", t("name"))
	c.Flags().StringVar(&f.lang, "message-lang", "", t("lang")+" (ja, en)")
	c.Flags().BoolVar(&f.on, "on", true, t("on"))
	c.Flags().BoolVar(&f.names, "names", false, t("names"))
	c.Flags().StringVar(&f.least, "least", "", t("least")+" (info, low, medium, high, critical)")
	c.Flags().BoolVar(&f.now, "now", true, t("now"))
	c.Flags().BoolVar(&f.daily, "daily", false, t("daily"))
	c.Flags().BoolVar(&f.weekly, "weekly", true, t("weekly"))
	c.Flags().StringVar(&f.at, "at", "", t("at"))
	c.Flags().StringVar(&f.weekday, "weekday", "", t("weekday")+" (sunday, monday, ...)")
	c.Flags().StringVar(&f.quiet, "quiet", "", t("quiet")+" (22:00-07:00)")
	c.Flags().IntVar(&f.perHour, "per-hour", 0, t("per_hour"))
	c.Flags().BoolVar(&f.report, "report", false, t("report"))
	c.Flags().StringArrayVar(&f.set, "set", nil, s.t("cli.notify.flag.set"))
	c.Flags().StringArrayVar(&f.secret, "secret", nil, s.t("cli.notify.flag.secret"))
}

// saveChannel puts what the flags say into a draft and stores it.
func (s *session) saveChannel(c *cobra.Command, f *notifyFlags, n *notify.Service, d notify.Draft) error {
	if err := s.fillDraft(c, f, &d); err != nil {
		return err
	}
	x, err := n.Save(c.Context(), d)
	if err != nil {
		return err
	}
	return s.showChannels([]model.Channel{x}, f.json)
}

func (s *session) fillDraft(c *cobra.Command, f *notifyFlags, d *notify.Draft) error {
	for name, do := range map[string]func(){
		"name": func() { d.Name = f.name }, "message-lang": func() { d.Lang = f.lang }, "on": func() { d.On = f.on }, "names": func() { d.Names = f.names },
		"now": func() { d.When.Now = f.now }, "daily": func() { d.When.Daily = f.daily }, "weekly": func() { d.When.Weekly = f.weekly },
		"at": func() { d.When.At = f.at }, "per-hour": func() { d.When.PerHour = f.perHour }, "report": func() { d.When.Report = f.report },
		"quiet": func() { d.When.QuietFrom, d.When.QuietTo, _ = strings.Cut(f.quiet, "-") },
	} {
		if c.Flags().Changed(name) {
			do()
		}
	}
	if f.least != "" {
		v, err := model.ParseSeverity(f.least)
		if err != nil {
			return notify.Problems{{Field: "least", Code: "choice", Pairs: []string{"value", f.least}}}
		}
		d.When.Least = v
	}
	if f.weekday != "" {
		v, ok := weekdayOf(f.weekday)
		if !ok {
			return notify.Problems{{Field: "weekday", Code: "choice", Pairs: []string{"value", f.weekday}}}
		}
		d.When.Weekday = v
	}
	return s.fillValues(f, d)
}

func weekdayOf(s string) (time.Weekday, bool) {
	for d := time.Sunday; d <= time.Saturday; d++ {
		if strings.EqualFold(d.String(), s) {
			return d, true
		}
	}
	return 0, false
}

// maxSecret bounds what is read as a secret.
const maxSecret = 64 << 10

// fillValues reads options from the command line and secrets from files: a command line can be read by everybody on the
// machine.
func (s *session) fillValues(f *notifyFlags, d *notify.Draft) error {
	kind, _ := notify.KindOf(d.Kind)
	for _, x := range f.set {
		name, value, ok := strings.Cut(x, "=")
		if field, known := kind.Field(name); !ok || known && field.Secret {
			return usageError{errors.New(s.t("cli.notify.set_bad", "text", name))}
		}
		d.Values[name] = value
	}
	for _, x := range f.secret {
		name, file, ok := strings.Cut(x, "=")
		if field, known := kind.Field(name); !ok || known && !field.Secret {
			return usageError{errors.New(s.t("cli.notify.secret_bad", "text", name))}
		}
		b, err := s.readSecret(file)
		if err != nil {
			return err
		}
		d.Values[name] = strings.TrimRight(string(b), "\r\n")
	}
	return nil
}

func (s *session) readSecret(file string) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(io.LimitReader(s.in, maxSecret))
	}
	r, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(io.LimitReader(r, maxSecret))
}

func (s *session) notifyTest(f *notifyFlags) *cobra.Command {
	return &cobra.Command{Use: "test CHANNEL", Args: s.oneArg("cli.notify.which"), RunE: func(c *cobra.Command, args []string) error {
		return s.notifying(c.Context(), f, args[0], func(n *notify.Service, _ *app.App) error {
			d, err := n.Try(c.Context(), args[0])
			if err != nil {
				return err
			}
			return s.showOutcome([]model.Delivery{d}, f.json)
		})
	}}
}

func (s *session) notifyDigest(f *notifyFlags) *cobra.Command {
	c := &cobra.Command{Use: "send-digest [CHANNEL]", Args: cobra.MaximumNArgs(1), RunE: func(c *cobra.Command, args []string) error {
		channel, kind := strings.Join(args, ""), notify.Weekly
		if f.daily {
			kind = notify.Daily
		}
		return s.notifying(c.Context(), f, channel, func(n *notify.Service, _ *app.App) error {
			ds, err := n.SendDigest(c.Context(), channel, kind)
			if err != nil {
				return err
			}
			return s.showOutcome(ds, f.json)
		})
	}}
	c.Flags().BoolVar(&f.daily, "daily", false, s.t("notify.field.daily"))
	return c
}

func (s *session) notifyRun(f *notifyFlags) *cobra.Command {
	return &cobra.Command{Use: "run", Args: s.noArgs, RunE: func(c *cobra.Command, _ []string) error {
		return s.notifying(c.Context(), f, "", func(n *notify.Service, a *app.App) error {
			begun := time.Now()
			if err := n.Step(c.Context()); err != nil {
				return err
			}
			ds, err := a.Store.Deliveries(c.Context(), "", shownDeliveries)
			if err != nil {
				return err
			}
			var fresh []model.Delivery
			for _, d := range ds {
				if !d.Made.Before(begun.UTC()) || d.State == model.Waiting || d.Done.After(begun) {
					fresh = append(fresh, d)
				}
			}
			return s.showOutcome(fresh, f.json)
		})
	}}
}

func (s *session) notifyRemove(f *notifyFlags) *cobra.Command {
	return &cobra.Command{Use: "remove CHANNEL", Args: s.oneArg("cli.notify.which"), RunE: func(c *cobra.Command, args []string) error {
		return s.notifying(c.Context(), f, args[0], func(_ *notify.Service, a *app.App) error {
			if err := a.Store.RemoveChannel(c.Context(), args[0]); err != nil {
				return err
			}
			if f.json {
				return writeJSON(s.out, map[string]string{"removed": args[0]})
			}
			fmt.Fprintln(s.err, s.t("cli.done"))
			return nil
		})
	}}
}

func (s *session) notifyLink(f *notifyFlags) *cobra.Command {
	return &cobra.Command{Use: "link [URL]", Args: cobra.MaximumNArgs(1), RunE: func(c *cobra.Command, args []string) error {
		return s.notifying(c.Context(), f, "", func(_ *notify.Service, a *app.App) error {
			if len(args) == 1 {
				if err := a.SetNotifyLink(c.Context(), args[0]); err != nil {
					return err
				}
			}
			l, err := a.NotifyLink(c.Context())
			if err != nil {
				return err
			}
			if f.json {
				return writeJSON(s.out, map[string]string{"link": l})
			}
			fmt.Fprintln(s.out, l)
			return nil
		})
	}}
}

// notifying opens the data for a sub-command that sends or changes something. It may run beside everything else.
func (s *session) notifying(ctx context.Context, f *notifyFlags, id string, do func(*notify.Service, *app.App) error) error {
	a, err := app.OpenDeciding(ctx, f.data)
	if err != nil {
		return s.fail(err)
	}
	defer a.Close()
	n, err := a.Notifier(nil)
	if err != nil {
		return s.fail(err)
	}
	err = do(n, a)
	var use usageError
	var exit exitError
	if err == nil || errors.As(err, &use) || errors.As(err, &exit) {
		return err
	}
	return s.failAbout(id, err)
}

// problems says everything that is wrong with a channel, a line each.
func (s *session) problems(ps notify.Problems) string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.In(s.lang) + " [" + p.Field + "]"
	}
	return strings.Join(lines, "\n  ")
}

func kindNames() string {
	var names []string
	for _, k := range notify.Kinds() {
		names = append(names, k.ID)
	}
	return strings.Join(names, ", ")
}

// kindHelp lists the kinds with their fields; secrets are marked.
func (s *session) kindHelp() string {
	var b strings.Builder
	for _, k := range notify.Kinds() {
		fmt.Fprintf(&b, "  %s  %s\n", k.ID, locale.T(s.lang, "notify.kind."+k.ID))
		for _, f := range k.Fields {
			how := "--set"
			if f.Secret {
				how = "--secret"
			}
			more := strings.Join(f.Choices, "|")
			if f.Default != "" {
				more += " [" + f.Default + "]"
			}
			fmt.Fprintf(&b, "    %s %s=  %s %s\n", how, f.Name, locale.T(s.lang, "notify.field."+f.Name), strings.TrimSpace(more))
		}
	}
	return strings.TrimRight(b.String(), "\n")
}
