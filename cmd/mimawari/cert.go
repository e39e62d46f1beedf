package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/certs"
)

// certCommand looks after the certificate of the pages.
func certCommand(s *session) *cobra.Command {
	c := &cobra.Command{Use: "cert", Short: s.t("cli.cert.short"), Long: s.t("cli.cert.long"), Args: s.noArgs, RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	c.AddCommand(s.certShow(), s.certMake(), s.certImport(), s.certAuthority())
	return c
}

func keeper(dir string) *certs.Keeper { return app.Certificates(dir, time.Now) }

func (s *session) certShow() *cobra.Command {
	var data string
	var asJSON bool
	c := &cobra.Command{Use: "show", Short: s.t("cli.cert.show"), Args: s.noArgs, RunE: func(*cobra.Command, []string) error {
		return s.showCert(data, asJSON)
	}}
	s.dataFlag(c, &data)
	c.Flags().BoolVar(&asJSON, "json", false, s.t("cli.flag.json_alias"))
	return c
}

func (s *session) showCert(data string, asJSON bool) error {
	st, err := keeper(data).Status()
	if err != nil {
		return s.certFail(err)
	}
	if asJSON {
		return writeJSON(s.out, st)
	}
	if st.Kind == certs.None {
		fmt.Fprintln(s.out, s.t("cli.cert.none"))
		return nil
	}
	fmt.Fprintln(s.out, s.t("cli.cert.status", "kind", s.t("cli.cert.kind."+string(st.Kind)), "names", strings.Join(st.Names, ", "),
		"until", st.NotAfter.In(time.Local).Format(time.DateOnly), "issuer", st.Issuer, "fingerprint", st.Fingerprint))
	return nil
}

func (s *session) certMake() *cobra.Command {
	var data string
	var names []string
	c := &cobra.Command{Use: "make [--name HOST]...", Short: s.t("cli.cert.make"), Args: s.noArgs, RunE: func(*cobra.Command, []string) error {
		if len(names) == 0 {
			names = app.OwnNames()
		}
		if err := keeper(data).Make(names); err != nil {
			return s.certFail(err)
		}
		return s.showCert(data, false)
	}}
	s.dataFlag(c, &data)
	c.Flags().StringArrayVar(&names, "name", nil, s.t("cli.cert.name"))
	return c
}

func (s *session) certImport() *cobra.Command {
	var data, cert, key string
	c := &cobra.Command{Use: "import --cert FILE --key FILE", Short: s.t("cli.cert.import"), Args: s.noArgs, RunE: func(*cobra.Command, []string) error {
		if cert == "" || key == "" {
			return usageError{errors.New(s.t("cli.cert.both"))}
		}
		c, err := os.ReadFile(cert)
		if err != nil {
			return s.fail(err)
		}
		k, err := os.ReadFile(key)
		if err != nil {
			return s.fail(err)
		}
		if err := keeper(data).Import(c, k); err != nil {
			return s.certFail(err)
		}
		return s.showCert(data, false)
	}}
	s.dataFlag(c, &data)
	c.Flags().StringVar(&cert, "cert", "", s.t("cli.cert.cert"))
	c.Flags().StringVar(&key, "key", "", s.t("cli.cert.key"))
	return c
}

func (s *session) certAuthority() *cobra.Command {
	var data, out string
	c := &cobra.Command{Use: "ca [-o FILE]", Short: s.t("cli.cert.ca"), Args: s.noArgs, RunE: func(*cobra.Command, []string) error {
		pem := keeper(data).Authority()
		if pem == nil {
			fmt.Fprintln(s.err, s.t("cli.cert.none"))
			return exitError{exitPartial}
		}
		if out == "" || out == "-" {
			_, err := s.out.Write(pem)
			return err
		}
		if err := os.WriteFile(filepath.Clean(out), pem, 0o600); err != nil {
			return s.fail(err)
		}
		return nil
	}}
	s.dataFlag(c, &data)
	c.Flags().StringVarP(&out, "output", "o", "", s.t("cli.cert.output"))
	return c
}

// certFail says in words what is wrong with a certificate.
func (s *session) certFail(err error) error {
	var e *certs.Error
	if errors.As(err, &e) {
		fmt.Fprintf(s.err, "mimawari: %s\n", s.t("certs."+string(e.Code), "where", e.Where))
		return exitError{exitPartial}
	}
	return s.fail(err)
}
