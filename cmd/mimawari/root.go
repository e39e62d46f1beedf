package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mimawari/mimawari/internal/locale"
)

// Exit codes, as the manual page states them.
const (
	exitClean    = 0
	exitFindings = 1
	exitUsage    = 2
	exitPartial  = 3
	exitInternal = 64
)

// exitError carries the exit code of a command that has already said what there is to say.
type exitError struct{ code int }

func (e exitError) Error() string { return fmt.Sprintf("exit %d", e.code) }

// usageError is a mistake in the command line.
type usageError struct{ error }

// session is what the sub-commands share: streams and language.
type session struct {
	in       io.Reader
	out, err io.Writer
	lang     locale.Lang
}

// commands lists the sub-commands. Each has a file of its own.
var commands = []func(*session) *cobra.Command{
	patrolCommand,
	serveCommand,
	hostsCommand,
	findingsCommand,
	findCommand,
	explainCommand,
	flowsCommand,
	huntCommand,
	memoryCommand,
	talksCommand,
	mapCommand,
	diagramCommand,
	ledgerCommand,
	dbCommand,
	doctorCommand,
	institutionCommand,
	indicatorsCommand,
	sourcesCommand,
	scheduleCommand,
	notifyCommand,
	reportCommand, demoCommand,
	certCommand,
	archiveCommand,
	versionCommand,
	usersCommand,
	tokenCommand,
	directoryCommand,
	auditCommand,
}

func run(args []string, in io.Reader, out, errw io.Writer) int {
	s := &session{in: in, out: out, err: errw, lang: language(args, os.Getenv)}
	root := newRoot(s)
	root.SetArgs(args)
	err := root.Execute()
	var ex exitError
	var use usageError
	switch {
	case err == nil:
		return exitClean
	case errors.As(err, &ex):
		return ex.code
	case errors.As(err, &use):
		fmt.Fprintf(errw, "mimawari: %v\n%s\n", err, locale.T(s.lang, "cli.see_help"))
		return exitUsage
	}
	fmt.Fprintf(errw, "mimawari: %v\n", err)
	return exitInternal
}

func newRoot(s *session) *cobra.Command {
	root := &cobra.Command{
		Use:           "mimawari",
		Short:         locale.T(s.lang, "cli.root.short"),
		Long:          locale.T(s.lang, "cli.root.long"),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{errors.New(locale.T(s.lang, "cli.unknown_command", "name", args[0]))}
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetUsageTemplate(s.usageTemplate(root.UsageTemplate()))
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{s.flagError(err)} })
	root.PersistentPreRunE = func(c *cobra.Command, _ []string) error {
		if v := c.Flag("lang").Value.String(); v != "" {
			if _, ok := locale.Parse(v); !ok {
				return usageError{errors.New(s.t("cli.lang", "value", v))}
			}
		}
		return nil
	}
	root.PersistentFlags().String("lang", string(s.lang), locale.T(s.lang, "cli.flag.lang"))
	for _, c := range commands {
		root.AddCommand(c(s))
	}
	root.PersistentFlags().BoolP("help", "h", false, locale.T(s.lang, "cli.flag.help"))
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if key := "cli." + c.Name() + ".short"; locale.Has(key) {
			c.Short = locale.T(s.lang, key)
		}
	}
	return root
}

// flagError says in words what the flag parser complains about; it names the flag as it was written.
func (s *session) flagError(err error) error {
	var named interface{ GetSpecifiedName() string }
	var bad interface{ GetValue() string }
	switch {
	case errors.As(err, &bad):
		_, rest, _ := strings.Cut(err.Error(), " for \"")
		flag, _, _ := strings.Cut(rest, "\"")
		return errors.New(s.t("cli.flag_bad", "flag", flag[strings.LastIndex(flag, " ")+1:], "value", bad.GetValue()))
	case errors.As(err, &named):
		key, flag := "cli.flag_value", "--"+named.GetSpecifiedName()
		if len(flag) == 3 {
			flag = flag[1:]
		}
		if strings.HasPrefix(err.Error(), "unknown") {
			key = "cli.flag_unknown"
		}
		return errors.New(s.t(key, "flag", flag))
	}
	return err
}

// language is chosen before the flags are parsed, because the help itself needs it: --lang, MIMAWARI_LANG, the locale of
// the system, Japanese.
func language(args []string, getenv func(string) string) locale.Lang {
	for i, a := range args {
		v := ""
		switch {
		case a == "--lang" && i+1 < len(args):
			v = args[i+1]
		case len(a) > 7 && a[:7] == "--lang=":
			v = a[7:]
		}
		if l, ok := locale.Parse(v); ok {
			return l
		}
	}
	for _, name := range []string{"MIMAWARI_LANG", "LC_ALL", "LC_MESSAGES", "LANG"} {
		if l, ok := locale.Parse(getenv(name)); ok {
			return l
		}
	}
	return locale.Japanese
}

// usageTemplate puts the headings of cobra's help into the language of the session.
func (s *session) usageTemplate(t string) string {
	for english, key := range map[string]string{
		"Usage:": "cli.help.usage", "Aliases:": "cli.help.aliases", "Examples:": "cli.help.examples", "Available Commands:": "cli.help.commands",
		"Additional Commands:": "cli.help.commands", "Global Flags:": "cli.help.global_flags", "Additional help topics:": "cli.help.topics",
	} {
		t = strings.ReplaceAll(t, english, locale.T(s.lang, key))
	}
	t = strings.ReplaceAll(t, "\nFlags:", "\n"+locale.T(s.lang, "cli.help.flags"))
	return strings.ReplaceAll(t, `Use "{{.CommandPath}} [command] --help" for more information about a command.`, locale.T(s.lang, "cli.help.more"))
}
