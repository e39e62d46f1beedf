package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/auth/directory"
)

// directoryFlags are what the sub-commands of directory take.
type directoryFlags struct {
	data, secret, ca, person string
	groups                   []string
	json                     bool
	draft                    directory.Draft
}

// shownDirectory is a kind's settings without the secret.
type shownDirectory struct {
	Kind   string            `json:"kind"`
	On     bool              `json:"on"`
	URL    string            `json:"url,omitempty"`
	User   string            `json:"user,omitempty"`
	CA     bool              `json:"own_authority,omitempty"`
	Base   string            `json:"base,omitempty"`
	Filter string            `json:"filter,omitempty"`
	Claim  string            `json:"claim,omitempty"`
	Label  string            `json:"label,omitempty"`
	Groups []directory.Group `json:"groups,omitempty"`
}

// directoryCommand sets up sign-in by the institution's directory or identity provider.
func directoryCommand(s *session) *cobra.Command {
	f := &directoryFlags{}
	c := s.family("directory")
	c.Long = s.t("cli.directory.long")
	show := &cobra.Command{Use: "show", Args: s.noArgs, RunE: func(c *cobra.Command, _ []string) error {
		return s.asking(c.Context(), f, func(ctx context.Context, d *directory.Desk) error { return s.showDirectories(ctx, d, f.json) })
	}}
	set := &cobra.Command{Use: "set ldap|oidc --url URL --user NAME --secret FILE --group 'ROLE: GROUP'", Args: s.exactly(1), RunE: func(c *cobra.Command, args []string) error {
		return s.setDirectory(c, f, args[0])
	}}
	test := &cobra.Command{Use: "test ldap|oidc", Args: s.exactly(1), RunE: func(c *cobra.Command, args []string) error {
		return s.asking(c.Context(), f, func(ctx context.Context, d *directory.Desk) error { return s.testDirectory(ctx, d, f, args[0]) })
	}}
	off := &cobra.Command{Use: "off ldap|oidc", Args: s.exactly(1), RunE: func(c *cobra.Command, args []string) error {
		return s.asking(c.Context(), f, func(ctx context.Context, d *directory.Desk) error {
			if err := d.Off(ctx, args[0]); err != nil {
				return err
			}
			return s.saidOrShown(ctx, d, f, "directory.is_off")
		})
	}}
	s.directoryDraftFlags(set, f)
	test.Flags().StringVar(&f.person, "login", "", s.t("cli.directory.person"))
	for _, sub := range []*cobra.Command{show, set, test, off} {
		sub.Short = s.t("cli.directory." + sub.Name() + ".short")
		s.dataFlag(sub, &f.data)
		sub.Flags().BoolVar(&f.json, "json", false, s.t("cli.flag.json_alias"))
		c.AddCommand(sub)
	}
	return c
}

func (s *session) directoryDraftFlags(c *cobra.Command, f *directoryFlags) {
	for name, to := range map[string]*string{
		"url": &f.draft.URL, "user": &f.draft.User, "base": &f.draft.Base, "filter": &f.draft.Filter, "claim": &f.draft.Claim, "label": &f.draft.Label,
		"secret": &f.secret, "ca": &f.ca,
	} {
		c.Flags().StringVar(to, name, "", s.t("cli.directory."+name, "hole", "{login}"))
	}
	c.Flags().StringArrayVar(&f.groups, "group", nil, s.t("cli.directory.group"))
}

// asking opens the data to set or ask the directory; what is done is in the audit trail.
func (s *session) asking(ctx context.Context, f *directoryFlags, do func(context.Context, *directory.Desk) error) error {
	a, err := app.OpenDeciding(ctx, f.data)
	if err != nil {
		return s.fail(err)
	}
	defer a.Close()
	report := func(err error) { fmt.Fprintf(s.err, "mimawari: %v\n", err) }
	t, err := a.Trail(time.Now, report)
	if err != nil {
		return s.fail(err)
	}
	d, err := a.Directory(time.Now, t, report)
	if err != nil {
		return s.fail(err)
	}
	err = do(auth.WithViewer(ctx, auth.Console(userName())), d)
	var wrong *directory.Error
	var use usageError
	switch {
	case err == nil, errors.As(err, &use):
		return err
	case errors.As(err, &wrong):
		err = &api.Refused{Key: wrong.Key(), Pairs: wrong.Pairs()}
	}
	return s.fail(err)
}

// setDirectory changes what the flags name and keeps the rest.
func (s *session) setDirectory(c *cobra.Command, f *directoryFlags, kind string) error {
	return s.asking(c.Context(), f, func(ctx context.Context, d *directory.Desk) error {
		kept, on, err := d.Load(ctx, kind)
		var damaged *directory.Error
		if err != nil && !errors.As(err, &damaged) {
			return err
		}
		x := kept.Draft()
		if !on {
			x = directory.NewDraft(kind)
		}
		for name, p := range map[string][2]*string{
			"url": {&x.URL, &f.draft.URL}, "user": {&x.User, &f.draft.User}, "base": {&x.Base, &f.draft.Base}, "filter": {&x.Filter, &f.draft.Filter},
			"claim": {&x.Claim, &f.draft.Claim}, "label": {&x.Label, &f.draft.Label},
		} {
			if c.Flags().Changed(name) {
				*p[0] = *p[1]
			}
		}
		if c.Flags().Changed("group") {
			x.Groups = strings.Join(f.groups, "\n")
		}
		if f.secret != "" {
			b, err := s.readSecret(f.secret)
			if err != nil {
				return err
			}
			x.Secret = strings.TrimRight(string(b), "\r\n")
		}
		if c.Flags().Changed("ca") {
			if x.CA, err = readCA(f.ca); err != nil {
				return err
			}
		}
		if err := d.Save(ctx, x); err != nil {
			return err
		}
		return s.saidOrShown(ctx, d, f, "settings.saved")
	})
}

// readCA reads a file of certificates; "" takes them away.
func readCA(file string) (string, error) {
	if file == "" {
		return "", nil
	}
	st, err := os.Stat(file)
	if err != nil {
		return "", err
	}
	if !st.Mode().IsRegular() || st.Size() > maxSecret {
		return "", &directory.Error{Code: directory.CodeCA}
	}
	b, err := os.ReadFile(file)
	return string(b), err
}

func (s *session) saidOrShown(ctx context.Context, d *directory.Desk, f *directoryFlags, key string) error {
	if f.json {
		return s.showDirectories(ctx, d, true)
	}
	fmt.Fprintln(s.err, s.t(key))
	return nil
}

func (s *session) showDirectories(ctx context.Context, d *directory.Desk, asJSON bool) error {
	var all []shownDirectory
	for _, kind := range directory.Kinds {
		x, on, err := d.Load(ctx, kind)
		if err != nil {
			return err
		}
		all = append(all, shownDirectory{kind, on, x.URL, x.User, x.CA != "", x.Base, x.Filter, x.Claim, x.Label, x.Groups})
	}
	if asJSON {
		return writeJSON(s.out, map[string]any{"directories": all})
	}
	for _, x := range all {
		fmt.Fprintln(s.out, s.t("directory."+x.Kind))
		if !x.On {
			fmt.Fprintln(s.out, "  "+s.t("cli.directory.none"))
			continue
		}
		for _, line := range []string{x.URL, x.User, x.Base, x.Filter, x.Claim, x.Label} {
			if line != "" {
				fmt.Fprintln(s.out, "  "+line)
			}
		}
		for _, g := range x.Groups {
			fmt.Fprintf(s.out, "  %s: %s\n", g.Role, g.Name)
		}
	}
	return nil
}

func (s *session) testDirectory(ctx context.Context, d *directory.Desk, f *directoryFlags, kind string) error {
	kept, on, err := d.Load(ctx, kind)
	if err != nil {
		return err
	}
	if !on && (kind == directory.LDAP || kind == directory.OIDC) {
		return &api.Refused{Key: "cli.directory.none"}
	}
	o, err := d.Try(ctx, kept.Draft(), f.person)
	if err != nil {
		return err
	}
	switch {
	case f.json:
		return writeJSON(s.out, o)
	case !o.Asked:
		fmt.Fprintln(s.out, s.t("directory.works"))
		return nil
	case o.Role == "":
		fmt.Fprintln(s.out, s.t("directory.found_no_role", "login", o.Login, "name", o.Name))
	default:
		fmt.Fprintln(s.out, s.t("directory.found", "login", o.Login, "name", o.Name, "role", s.t("auth.role."+string(o.Role))))
	}
	for _, g := range o.Groups {
		fmt.Fprintln(s.out, "  "+g)
	}
	return nil
}
