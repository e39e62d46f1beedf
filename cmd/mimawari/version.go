package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is set by the build.
var version = "dev"

func versionCommand(s *session) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "version", Short: s.t("cli.version.short"), Args: s.noArgs,
		RunE: func(*cobra.Command, []string) error {
			v := map[string]string{"version": version, "go": runtime.Version(), "system": runtime.GOOS + "/" + runtime.GOARCH}
			if b, ok := debug.ReadBuildInfo(); ok {
				for _, x := range b.Settings {
					if x.Key == "vcs.revision" {
						v["revision"] = x.Value
					}
				}
			}
			if asJSON {
				return writeJSON(s.out, v)
			}
			fmt.Fprintf(s.out, "mimawari %s (%s, %s)\n", v["version"], v["go"], v["system"])
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, s.t("cli.flag.json_alias"))
	return c
}
