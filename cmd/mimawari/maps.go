package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/diagram"
	"github.com/mimawari/mimawari/internal/report"
	"github.com/mimawari/mimawari/internal/report/pdf"
)

type pictureFlags struct{ data, file string }

func (s *session) pictureFlags(c *cobra.Command, f *pictureFlags) {
	s.dataFlag(c, &f.data)
	c.Flags().StringVarP(&f.file, "output", "o", "", s.t("cli.flag.picture"))
}

// kind is the kind of file that was asked for: one of kinds.
func (f *pictureFlags) kind(s *session, kinds ...string) (string, error) {
	if f.file == "" {
		return "", usageError{errors.New(s.t("cli.picture.no_file", "kinds", strings.Join(kinds, ", ")))}
	}
	k := strings.ToLower(filepath.Ext(f.file))
	if !slices.Contains(kinds, k) {
		return "", usageError{errors.New(s.t("cli.picture.kind", "file", f.file, "kinds", strings.Join(kinds, ", ")))}
	}
	return k, nil
}

func mapCommand(s *session) *cobra.Command {
	f := &pictureFlags{}
	c := &cobra.Command{
		Use: "map -o FILE", Short: s.t("cli.map.short"), Long: s.t("cli.map.long"), Example: s.t("cli.map.example"), Args: s.noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			kind, err := f.kind(s, ".svg", ".pdf", ".json")
			if err != nil {
				return err
			}
			return s.look(c.Context(), f.data, func(a *app.App) error { return s.writeMap(c.Context(), a, f.file, kind) })
		},
	}
	s.pictureFlags(c, f)
	return c
}

func (s *session) writeMap(ctx context.Context, a *app.App, file, kind string) error {
	h, at, err := a.House(ctx)
	if err != nil {
		return err
	}
	b := diagram.MakeBoard(h)
	if kind != ".json" {
		return s.writePicture(file, kind, diagram.BoardPicture(s.lang, b, s.stamp(at)), at)
	}
	err = writeBeside(file, func(w io.Writer) error { return writeJSON(w, diagram.NewBoardDocument(s.lang, b)) })
	if err == nil {
		fmt.Fprintln(s.err, s.t("cli.wrote", "file", file))
	}
	return err
}

// stamp is the time of the data in words.
func (s *session) stamp(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return s.t("map.stamp", "at", report.Time(at, time.Local))
}

func (s *session) writePicture(file, kind string, p *diagram.Picture, at time.Time) error {
	err := writeBeside(file, func(w io.Writer) error {
		if kind == ".pdf" {
			return pdf.Picture(w, p, at)
		}
		return diagram.SVG(w, p)
	})
	if err == nil {
		fmt.Fprintln(s.err, s.t("cli.wrote", "file", file))
	}
	return err
}

func diagramCommand(s *session) *cobra.Command {
	f := &pictureFlags{}
	c := &cobra.Command{
		Use: "diagram network|system -o FILE", Short: s.t("cli.diagram.short"), Long: s.t("cli.diagram.long"), Example: s.t("cli.diagram.example"),
		ValidArgs: []string{"network", "system"},
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || args[0] != "network" && args[0] != "system" {
				return usageError{errors.New(s.t("cli.diagram.which"))}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			kind, err := f.kind(s, ".svg", ".pdf")
			if err != nil {
				return err
			}
			return s.look(c.Context(), f.data, func(a *app.App) error { return s.writeDiagram(c.Context(), a, args[0], f.file, kind) })
		},
	}
	s.pictureFlags(c, f)
	return c
}

func (s *session) writeDiagram(ctx context.Context, a *app.App, which, file, kind string) error {
	h, at, err := a.House(ctx)
	if err != nil {
		return err
	}
	if which == "network" {
		devices, err := a.Devices(ctx)
		if err != nil {
			return err
		}
		return s.writePicture(file, kind, diagram.NetworkPicture(diagram.NetworkInput{House: h, Devices: devices, Lang: s.lang, Stamp: s.stamp(at)}), at)
	}
	systems, err := a.Systems(ctx, h)
	if err != nil {
		return err
	}
	return s.writePicture(file, kind, systems.Picture(s.lang, s.stamp(at)), at)
}
