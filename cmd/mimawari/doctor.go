package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/mimawari/mimawari/internal/app"
)

func doctorCommand(s *session) *cobra.Command {
	var data string
	var asJSON bool
	c := &cobra.Command{
		Use: "doctor", Short: s.t("cli.doctor.short"), Long: s.t("cli.doctor.long"), Args: s.noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			list := app.Doctor(c.Context(), data, time.Now())
			bad := false
			type line struct {
				app.Checkup
				Text string `json:"text"`
			}
			var lines []line
			for _, x := range list {
				bad = bad || x.Grade == app.Bad
				if x.Err != nil {
					x.Args["why"], _ = s.inWords(x.Err)
				}
				var pairs []string
				for k, v := range x.Args {
					pairs = append(pairs, k, v)
				}
				lines = append(lines, line{x, s.t("doctor."+x.Key+"."+string(x.Grade), pairs...)})
			}
			if asJSON {
				if err := writeJSON(s.out, map[string]any{"checks": lines}); err != nil {
					return err
				}
			} else {
				for _, l := range lines {
					fmt.Fprintf(s.out, "%s  %s\n", s.t("doctor.grade."+string(l.Grade)), l.Text)
				}
			}
			if bad {
				return exitError{exitFindings}
			}
			return nil
		},
	}
	s.dataFlag(c, &data)
	c.Flags().BoolVar(&asJSON, "json", false, s.t("cli.flag.json_alias"))
	return c
}
