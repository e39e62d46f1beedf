package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/model"
)

// institutionFlags are what can be said of the institution; what is not named stays as it is.
type institutionFlags struct {
	data, name, kind string
	beds             int
	contacts         []string
	noContacts, open bool
	json             bool
}

// institutionCommand shows and says whose network this is and who is called in an emergency.
func institutionCommand(s *session) *cobra.Command {
	f := &institutionFlags{}
	c := s.family("institution")
	show := &cobra.Command{
		Use: "show", Short: s.t("cli.institution.show.short"), Args: s.noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return s.look(c.Context(), f.data, func(a *app.App) error { return s.showInstitution(c.Context(), a, f.json) })
		},
	}
	show.Flags().BoolVar(&f.json, "json", false, s.t("cli.flag.json_alias"))
	set := &cobra.Command{
		Use: "set [--name NAME] [--kind KIND] [--beds N] [--contact ROLE,NAME,PHONE,MAIL,NOTE]", Short: s.t("cli.institution.set.short"), Args: s.noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return s.setInstitution(c, f) },
	}
	set.Flags().StringVar(&f.name, "name", "", s.t("cli.institution.name"))
	set.Flags().StringVar(&f.kind, "kind", "", s.t("cli.institution.kind"))
	set.Flags().IntVar(&f.beds, "beds", 0, s.t("cli.institution.beds"))
	set.Flags().StringArrayVar(&f.contacts, "contact", nil, s.t("cli.institution.contact"))
	set.Flags().BoolVar(&f.noContacts, "no-contacts", false, s.t("cli.institution.no_contacts"))
	set.Flags().BoolVar(&f.open, "open-emergency", false, s.t("cli.institution.open"))
	for _, sub := range []*cobra.Command{show, set} {
		s.dataFlag(sub, &f.data)
		c.AddCommand(sub)
	}
	return c
}

// family is a command that only holds others.
func (s *session) family(name string) *cobra.Command {
	return &cobra.Command{
		Use: name, Short: s.t("cli." + name + ".short"), Args: s.noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
}

func (s *session) showInstitution(ctx context.Context, a *app.App, asJSON bool) error {
	x, err := a.Store.Institution(ctx)
	if err != nil {
		return err
	}
	if asJSON {
		return writeJSON(s.out, x)
	}
	name, kind := x.Name, string(x.Kind)
	if name == "" {
		name = s.t("cli.institution.no_name")
	}
	if kind == "" {
		kind = "none"
	}
	fmt.Fprintln(s.out, s.t("cli.institution.line", "name", name, "kind", s.t("institution.kind."+kind), "beds", strconv.Itoa(x.Beds)))
	for _, c := range x.Contacts {
		fmt.Fprintf(s.out, "  %s\n", strings.Join(strings.Fields(strings.Join([]string{c.Role, c.Name, c.Phone, c.Mail, c.Note}, " ")), "  "))
	}
	if len(x.Contacts) == 0 {
		fmt.Fprintln(s.out, "  "+s.t("cli.institution.nobody"))
	}
	return nil
}

func (s *session) setInstitution(c *cobra.Command, f *institutionFlags) error {
	ctx, changed := c.Context(), c.Flags().Changed
	a, err := app.OpenDeciding(ctx, f.data)
	if err != nil {
		return s.fail(err)
	}
	defer a.Close()
	x, err := a.Store.Institution(ctx)
	if err != nil {
		return s.fail(err)
	}
	if changed("name") {
		x.Name = f.name
	}
	if changed("kind") {
		x.Kind = model.InstitutionKind(f.kind)
	}
	if changed("beds") {
		x.Beds = f.beds
	}
	if changed("open-emergency") {
		x.OpenEmergency = f.open
	}
	if f.noContacts {
		x.Contacts = nil
	}
	for _, line := range f.contacts {
		x.Contacts = append(x.Contacts, contactOf(line))
	}
	if err := a.SaveInstitution(ctx, x); err != nil {
		return s.fail(err)
	}
	return s.showInstitution(ctx, a, false)
}

// contactOf reads "role,name,phone,mail,note"; what is missing at the end is empty.
func contactOf(line string) model.Contact {
	p := append(strings.SplitN(line, ",", 5), "", "", "", "", "")
	return model.Contact{Role: p[0], Name: p[1], Phone: p[2], Mail: p[3], Note: p[4]}
}
