package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/model"
)

// person is somebody as the lists show them: without any secret.
type person struct {
	ID       string    `json:"id"`
	Login    string    `json:"login"`
	Name     string    `json:"name"`
	Role     string    `json:"role"`
	Disabled bool      `json:"disabled"`
	Factor   bool      `json:"second_factor"`
	Origin   string    `json:"origin,omitempty"`
	Made     time.Time `json:"made"`
	Last     time.Time `json:"last,omitzero"`
}

// accessFlags are shared by the commands about people, tokens and the trail.
type accessFlags struct {
	data, role, name, url, owner, scopes, action, against string
	stdin, json, csv                                      bool
	days, limit                                           int
}

// keep opens the data to change who may do what; everything done is in the audit trail under the name of the system's user.
func (s *session) keep(ctx context.Context, f *accessFlags, do func(context.Context, *auth.Keeper) error) error {
	a, err := app.OpenDeciding(ctx, f.data)
	if err != nil {
		return s.fail(err)
	}
	defer a.Close()
	t, err := a.Trail(time.Now, func(err error) { fmt.Fprintf(s.err, "mimawari: %v\n", err) })
	if err != nil {
		return s.fail(err)
	}
	k, err := a.Keeper(ctx, t)
	if err != nil {
		return s.fail(err)
	}
	if err := do(auth.WithViewer(ctx, auth.Console(userName())), k); err != nil {
		var use usageError
		if errors.As(err, &use) {
			return err
		}
		return s.fail(app.Words(err))
	}
	return nil
}

// accountOf gives the account with this login, or says in words that there is none.
func accountOf(ctx context.Context, k *auth.Keeper, login string) (model.Account, error) {
	a, err := k.Store.AccountByLogin(ctx, auth.Fold(login))
	if errors.Is(err, model.ErrNotFound) {
		err = &api.Refused{Key: "cli.users.nobody", Pairs: []string{"login", model.Clean(login)}}
	}
	return a, err
}

func usersCommand(s *session) *cobra.Command {
	f := &accessFlags{}
	c := s.family("users")
	for _, sub := range []*cobra.Command{
		s.usersList(f), s.usersAdd(f), s.usersRole(f), s.usersPassword(f), s.usersLink(f),
		s.userDoes(f, "disable", func(ctx context.Context, k *auth.Keeper, id string) error { return k.Disable(ctx, id, true) }),
		s.userDoes(f, "enable", func(ctx context.Context, k *auth.Keeper, id string) error { return k.Disable(ctx, id, false) }),
		s.userDoes(f, "reset-factors", func(ctx context.Context, k *auth.Keeper, id string) error { return k.ResetFactors(ctx, id) }),
	} {
		s.dataFlag(sub, &f.data)
		sub.Flags().BoolVar(&f.json, "json", false, s.t("cli.flag.json_alias"))
		c.AddCommand(sub)
	}
	return c
}

func (s *session) usersList(f *accessFlags) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: s.t("cli.users.list.short"), Args: s.noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return s.look(c.Context(), f.data, func(a *app.App) error { return s.listPeople(c.Context(), a, f.json) })
		},
	}
}

func personOf(a *model.Account) person {
	return person{a.ID, a.Login, a.Name, a.Role, a.Disabled, a.SecondFactor(), a.Origin, a.Made, a.Last}
}

func (s *session) listPeople(ctx context.Context, a *app.App, asJSON bool) error {
	all, err := a.Store.Accounts(ctx)
	if err != nil {
		return err
	}
	people := make([]person, len(all))
	for i := range all {
		people[i] = personOf(&all[i])
	}
	if asJSON {
		return writeJSON(s.out, map[string]any{"users": people})
	}
	if len(people) == 0 {
		fmt.Fprintln(s.out, s.t("cli.users.none"))
		return nil
	}
	rows := [][]string{{s.t("auth.login"), s.t("auth.name"), s.t("auth.role"), s.t("auth.factor"), s.t("auth.state"), s.t("auth.last")}}
	for _, p := range people {
		state, factor, last := "auth.active", "auth.no", "-"
		if p.Disabled {
			state = "auth.disabled"
		}
		if p.Factor {
			factor = "auth.yes"
		}
		if !p.Last.IsZero() {
			last = p.Last.Local().Format("2006-01-02 15:04")
		}
		rows = append(rows, []string{p.Login, p.Name, s.t("auth.role." + p.Role), s.t(factor), s.t(state), last})
	}
	return printTable(s.out, rows)
}

func (s *session) usersAdd(f *accessFlags) *cobra.Command {
	c := &cobra.Command{
		Use: "add LOGIN --role ROLE [--name NAME] [--password-stdin]", Short: s.t("cli.users.add.short"), Long: s.t("cli.users.add.long"), Args: s.exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			password := ""
			if f.stdin {
				var err error
				if password, err = s.readPassword(true); err != nil {
					return err
				}
			}
			return s.keep(c.Context(), f, func(ctx context.Context, k *auth.Keeper) error {
				a, err := k.Add(ctx, auth.NewAccount{Login: args[0], Name: f.name, Role: auth.Role(f.role), Password: password})
				if err != nil {
					return err
				}
				return s.said(f, personOf(&a), "cli.users.added", "login", a.Login, "role", s.t("auth.role."+a.Role))
			})
		},
	}
	c.Flags().StringVar(&f.role, "role", string(auth.Operator), s.t("cli.users.role"))
	c.Flags().StringVar(&f.name, "name", "", s.t("cli.users.name"))
	c.Flags().BoolVar(&f.stdin, "password-stdin", false, s.t("cli.users.stdin"))
	return c
}

// said gives the outcome in words, or v as JSON.
func (s *session) said(f *accessFlags, v any, key string, pairs ...string) error {
	if f.json {
		return writeJSON(s.out, v)
	}
	fmt.Fprintln(s.err, s.t(key, pairs...))
	return nil
}

func (s *session) usersRole(f *accessFlags) *cobra.Command {
	return &cobra.Command{
		Use: "role LOGIN ROLE", Short: s.t("cli.users.role.short"), Long: s.t("cli.users.role"), Args: s.exactly(2),
		RunE: func(c *cobra.Command, args []string) error {
			return s.changeUser(c.Context(), f, args[0], func(ctx context.Context, k *auth.Keeper, id string) error {
				return k.SetRole(ctx, id, auth.Role(args[1]))
			})
		},
	}
}

// changeUser does something to an account and shows it.
func (s *session) changeUser(ctx context.Context, f *accessFlags, login string, do func(ctx context.Context, k *auth.Keeper, id string) error) error {
	return s.keep(ctx, f, func(ctx context.Context, k *auth.Keeper) error {
		a, err := accountOf(ctx, k, login)
		if err != nil {
			return err
		}
		if err := do(ctx, k, a.ID); err != nil {
			return err
		}
		if a, err = k.Store.Account(ctx, a.ID); err != nil {
			return err
		}
		return s.said(f, personOf(&a), "cli.done")
	})
}

func (s *session) userDoes(f *accessFlags, name string, do func(ctx context.Context, k *auth.Keeper, id string) error) *cobra.Command {
	return &cobra.Command{
		Use: name + " LOGIN", Short: s.t("cli.users." + strings.ReplaceAll(name, "-", "_") + ".short"), Args: s.exactly(1),
		RunE: func(c *cobra.Command, args []string) error { return s.changeUser(c.Context(), f, args[0], do) },
	}
}

func (s *session) usersPassword(f *accessFlags) *cobra.Command {
	return &cobra.Command{
		Use: "password LOGIN", Short: s.t("cli.users.password.short"), Long: s.t("cli.users.password.long"), Args: s.exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			password, err := s.readPassword(false)
			if err != nil {
				return err
			}
			return s.changeUser(c.Context(), f, args[0], func(ctx context.Context, k *auth.Keeper, id string) error { return k.SetPassword(ctx, id, password) })
		},
	}
}

// readPassword reads a line: on a terminal without showing it and twice, unless quiet.
func (s *session) readPassword(quiet bool) (string, error) {
	in, ok := s.in.(*os.File)
	if quiet || !ok || !isatty.IsTerminal(in.Fd()) {
		line, err := bufio.NewReader(s.in).ReadString('\n')
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			return "", usageError{errors.New(s.t("cli.users.no_password"))}
		}
		if err != nil && len(line) > auth.MaxPassword {
			return "", usageError{errors.New(s.t("cli.users.no_password"))}
		}
		return line, nil
	}
	var read [2]string
	for i, key := range []string{"cli.users.type", "cli.users.type_again"} {
		fmt.Fprint(s.err, s.t(key)+" ")
		b, err := term.ReadPassword(int(in.Fd()))
		fmt.Fprintln(s.err)
		if err != nil {
			return "", s.fail(err)
		}
		read[i] = string(b)
	}
	if read[0] != read[1] {
		return "", usageError{errors.New(s.t("cli.users.differ"))}
	}
	return read[0], nil
}

// defaultURL is where the pages are if `serve` has not said otherwise, addressSetting where it says so.
const (
	defaultURL     = "http://127.0.0.1:8420/"
	addressSetting = "serve.address"
)

// served is the address at which the pages were opened last.
func (s *session) served(ctx context.Context, dir string) (string, error) {
	a, err := app.OpenDeciding(ctx, dir)
	if err != nil {
		return "", err
	}
	defer a.Close()
	url, err := a.Store.Setting(ctx, addressSetting)
	return cmp.Or(url, defaultURL), err
}

func (s *session) usersLink(f *accessFlags) *cobra.Command {
	c := &cobra.Command{
		Use: "link LOGIN [--url URL]", Short: s.t("cli.users.link.short"), Long: s.t("cli.users.link.long"), Args: s.exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			return s.keep(c.Context(), f, func(ctx context.Context, k *auth.Keeper) error {
				a, err := accountOf(ctx, k, args[0])
				if err != nil {
					return err
				}
				secret, until, err := k.Link(ctx, a.Login)
				if errors.Is(err, model.ErrNotFound) {
					err = &api.Refused{Key: "cli.users.shut_out", Pairs: []string{"login", a.Login}}
				}
				if err != nil {
					return err
				}
				if f.url == "" {
					if f.url, err = s.served(ctx, f.data); err != nil {
						return err
					}
				}
				link := linkURL(f.url, secret)
				if f.json {
					return writeJSON(s.out, map[string]any{"url": link, "until": until})
				}
				fmt.Fprintln(s.out, link)
				fmt.Fprintln(s.err, s.t("cli.users.link.said", "login", a.Login, "until", until.Local().Format("15:04")))
				return nil
			})
		},
	}
	c.Flags().StringVar(&f.url, "url", "", s.t("cli.users.url"))
	return c
}

// linkURL is the address that signs in whoever opens it.
func linkURL(base, secret string) string {
	return strings.TrimSuffix(base, "/") + "/enter?key=" + secret
}

// exactly wants n arguments.
func (s *session) exactly(n int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != n {
			return usageError{errors.New(s.t("db.arguments", "use", c.UseLine()))}
		}
		return nil
	}
}

func tokenCommand(s *session) *cobra.Command {
	f := &accessFlags{}
	c := s.family("token")
	create := &cobra.Command{
		Use: "create NAME --owner LOGIN --scopes look,report [--days 365]", Short: s.t("cli.token.create.short"), Long: s.t("cli.token.create.long"), Args: s.exactly(1),
		RunE: func(c *cobra.Command, args []string) error { return s.createToken(c.Context(), f, args[0]) },
	}
	create.Flags().StringVar(&f.scopes, "scopes", string(auth.Look), s.t("cli.token.scopes"))
	create.Flags().IntVar(&f.days, "days", 365, s.t("cli.token.days"))
	list := &cobra.Command{
		Use: "list [--owner LOGIN]", Short: s.t("cli.token.list.short"), Args: s.noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return s.keep(c.Context(), f, func(ctx context.Context, k *auth.Keeper) error { return s.listTokens(ctx, f, k) })
		},
	}
	revoke := &cobra.Command{
		Use: "revoke ID", Short: s.t("cli.token.revoke.short"), Args: s.exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			return s.keep(c.Context(), f, func(ctx context.Context, k *auth.Keeper) error {
				err := k.RevokeToken(ctx, "", args[0])
				if errors.Is(err, model.ErrNotFound) {
					err = &api.Refused{Key: "cli.token.none_such", Pairs: []string{"id", model.Clean(args[0])}}
				}
				if err != nil {
					return err
				}
				return s.said(f, map[string]any{"revoked": args[0]}, "cli.done")
			})
		},
	}
	for _, sub := range []*cobra.Command{create, list, revoke} {
		s.dataFlag(sub, &f.data)
		sub.Flags().BoolVar(&f.json, "json", false, s.t("cli.flag.json_alias"))
		if sub != revoke {
			sub.Flags().StringVar(&f.owner, "owner", "", s.t("cli.token.owner"))
		}
		c.AddCommand(sub)
	}
	return c
}

func (s *session) createToken(ctx context.Context, f *accessFlags, name string) error {
	if f.owner == "" {
		return usageError{errors.New(s.t("cli.token.whose"))}
	}
	return s.keep(ctx, f, func(ctx context.Context, k *auth.Keeper) error {
		a, err := accountOf(ctx, k, f.owner)
		if err != nil {
			return err
		}
		var scopes []auth.Permission
		for _, p := range strings.FieldsFunc(f.scopes, func(r rune) bool { return r == ',' || r == ' ' }) {
			scopes = append(scopes, auth.Permission(p))
		}
		t, secret, err := k.CreateToken(ctx, a.ID, auth.NewToken{Name: name, Scopes: scopes, Days: f.days})
		if err != nil {
			return err
		}
		if f.json {
			return writeJSON(s.out, map[string]any{"token": secret, "info": t})
		}
		fmt.Fprintln(s.out, secret)
		fmt.Fprintln(s.err, s.t("cli.token.once", "until", t.Until.Local().Format(time.DateOnly)))
		return nil
	})
}

func (s *session) listTokens(ctx context.Context, f *accessFlags, k *auth.Keeper) error {
	owner := ""
	if f.owner != "" {
		a, err := accountOf(ctx, k, f.owner)
		if err != nil {
			return err
		}
		owner = a.ID
	}
	ts, err := k.Tokens(ctx, owner)
	if err != nil {
		return err
	}
	if f.json {
		return writeJSON(s.out, map[string]any{"tokens": ts})
	}
	all, err := k.Store.Accounts(ctx)
	if err != nil {
		return err
	}
	logins := map[string]string{}
	for _, a := range all {
		logins[a.ID] = a.Login
	}
	rows := [][]string{{s.t("auth.token.id"), s.t("auth.token.name"), s.t("auth.token.owner"), s.t("auth.token.scopes"), s.t("auth.token.until"), s.t("auth.token.seen")}}
	for _, t := range ts {
		seen := "-"
		if !t.Seen.IsZero() {
			seen = t.Seen.Local().Format("2006-01-02 15:04")
		}
		rows = append(rows, []string{t.ID, t.Name, logins[t.Account], joinScopes(t.Scopes), t.Until.Local().Format(time.DateOnly), seen})
	}
	if len(ts) > 0 {
		if err := printTable(s.out, rows); err != nil {
			return err
		}
	}
	fmt.Fprintln(s.out, s.t("report.total", "n", strconv.Itoa(len(ts))))
	return nil
}

func joinScopes(ps []auth.Permission) string {
	var out []string
	for _, p := range ps {
		out = append(out, string(p))
	}
	return strings.Join(out, ",")
}
