package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/intake"
	"github.com/mimawari/mimawari/internal/model"
)

// sourcesCommand says what is looked at again and again: interfaces that `serve` watches, folders that schedules read.
func sourcesCommand(s *session) *cobra.Command {
	var data, folder, iface, remove string
	var asJSON, off bool
	c := s.family("sources")
	list := &cobra.Command{
		Use: "list", Short: s.t("cli.sources.list.short"), Args: s.noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return s.look(c.Context(), data, func(a *app.App) error { return s.listSources(c.Context(), a, asJSON) })
		},
	}
	list.Flags().BoolVar(&asJSON, "json", false, s.t("cli.flag.json_alias"))
	add := &cobra.Command{
		Use: "add --folder PATH | --interface NAME", Short: s.t("cli.sources.add.short"), Args: s.noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			w := model.Watch{Kind: model.WatchFolder, Name: folder, By: userName()}
			if iface != "" {
				w = model.Watch{Kind: model.WatchInterface, Name: iface, On: !off, By: userName()}
			}
			if (folder == "") == (iface == "") {
				return usageError{errors.New(s.t("cli.sources.which"))}
			}
			return s.deciding(c.Context(), data, "", func(a *app.App) error {
				_, err := a.AddWatch(c.Context(), w, time.Now())
				return err
			})
		},
	}
	add.Flags().StringVar(&folder, "folder", "", s.t("cli.sources.folder"))
	add.Flags().StringVarP(&iface, "interface", "i", "", s.t("cli.sources.interface"))
	add.Flags().BoolVar(&off, "off", false, s.t("cli.sources.off"))
	del := &cobra.Command{
		Use: "remove ID", Short: s.t("cli.sources.remove.short"), Args: s.oneArg("cli.sources.id"),
		RunE: func(c *cobra.Command, args []string) error {
			remove = args[0]
			return s.deciding(c.Context(), data, remove, func(a *app.App) error { return a.Store.RemoveWatch(c.Context(), remove) })
		},
	}
	for _, sub := range []*cobra.Command{list, add, del} {
		s.dataFlag(sub, &data)
		c.AddCommand(sub)
	}
	return c
}

// deciding opens the data to write what a person decides; id is what it is about, for the words if that does not exist.
func (s *session) deciding(ctx context.Context, dir, id string, do func(*app.App) error) error {
	a, err := app.OpenDeciding(ctx, dir)
	if err != nil {
		return s.fail(err)
	}
	defer a.Close()
	if err := do(a); err != nil {
		return s.failAbout(id, err)
	}
	fmt.Fprintln(s.err, s.t("cli.done"))
	return nil
}

func (s *session) listSources(ctx context.Context, a *app.App, asJSON bool) error {
	all, err := a.Store.Watches(ctx)
	if err != nil {
		return err
	}
	if asJSON {
		if all == nil {
			all = []model.Watch{}
		}
		return writeJSON(s.out, map[string]any{"sources": all, "total": len(all)})
	}
	for _, w := range all {
		key := "cli.sources." + string(w.Kind)
		if w.Kind == model.WatchInterface && !w.On {
			key += "_off"
		}
		fmt.Fprintf(s.out, "%s  %s  %s\n", w.ID, w.Name, s.t(key))
	}
	fmt.Fprintln(s.out, s.t("report.total", "n", fmt.Sprint(len(all))))
	return nil
}

// scheduleCommand says when a patrol runs every day, inside `serve`.
func scheduleCommand(s *session) *cobra.Command {
	var data, at, remove string
	var asJSON bool
	var x model.Schedule
	c := s.family("schedule")
	list := &cobra.Command{
		Use: "list", Short: s.t("cli.schedule.list.short"), Args: s.noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return s.look(c.Context(), data, func(a *app.App) error { return s.listSchedules(c.Context(), a, asJSON) })
		},
	}
	list.Flags().BoolVar(&asJSON, "json", false, s.t("cli.flag.json_alias"))
	add := &cobra.Command{
		Use: "add --at HH:MM [--source ID] [--uploads] [--for 30m]", Short: s.t("cli.schedule.add.short"), Args: s.noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			minutes, err := intake.ParseClock(at)
			if err != nil {
				return usageError{errors.New(s.t("intake.error.clock", "text", at))}
			}
			x.At, x.By = minutes, userName()
			return s.deciding(c.Context(), data, "", func(a *app.App) error {
				_, err := a.AddSchedule(c.Context(), x, time.Now())
				return err
			})
		},
	}
	add.Flags().StringVar(&at, "at", "", s.t("cli.schedule.at"))
	add.Flags().StringArrayVar(&x.Watches, "source", nil, s.t("cli.schedule.source"))
	add.Flags().BoolVar(&x.Uploads, "uploads", false, s.t("cli.schedule.uploads"))
	add.Flags().DurationVar(&x.For, "for", 30*time.Minute, s.t("cli.schedule.for"))
	del := &cobra.Command{
		Use: "remove ID", Short: s.t("cli.schedule.remove.short"), Args: s.oneArg("cli.schedule.id"),
		RunE: func(c *cobra.Command, args []string) error {
			remove = args[0]
			return s.deciding(c.Context(), data, remove, func(a *app.App) error { return a.Store.RemoveSchedule(c.Context(), remove) })
		},
	}
	for _, sub := range []*cobra.Command{list, add, del} {
		s.dataFlag(sub, &data)
		c.AddCommand(sub)
	}
	return c
}

func (s *session) listSchedules(ctx context.Context, a *app.App, asJSON bool) error {
	all, err := a.Schedules(ctx, time.Now(), time.Local)
	if err != nil {
		return err
	}
	if asJSON {
		if all == nil {
			all = []intake.ScheduleNow{}
		}
		return writeJSON(s.out, map[string]any{"schedules": all, "total": len(all)})
	}
	for _, x := range all {
		what := strings.Join(x.Watches, " ")
		if x.Uploads {
			what = strings.TrimSpace(what + " " + s.t("cli.schedule.and_uploads"))
		}
		next := s.t("cli.schedule.is_off")
		if !x.Next.IsZero() {
			next = s.t("cli.schedule.next", "at", x.Next.Format("2006-01-02 15:04"))
		}
		fmt.Fprintf(s.out, "%s  %s  %s  %s\n", x.ID, intake.Clock(x.At), what, next)
	}
	fmt.Fprintln(s.out, s.t("report.total", "n", fmt.Sprint(len(all))))
	return nil
}
