package main

import (
	"maps"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the scripts call the real main.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"mimawari": main})
}

// TestScripts runs testdata/script: the command line as people use it, with its words and exit codes.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:   "testdata/script",
		Setup: scriptSetup,
		Cmds:  scriptCommands(),
		Condition: func(cond string) (bool, error) {
			return scriptCondition(cond)
		},
	})
}

// scriptSetup keeps the scripts away from the data and the language of whoever runs them.
func scriptSetup(e *testscript.Env) error {
	e.Setenv("HOME", e.WorkDir)
	e.Setenv("MIMAWARI_DATA", e.WorkDir+"/data")
	e.Setenv("MIMAWARI_LANG", "ja")
	return scriptServer(e)
}

// scriptCommands are the commands of the scripts that are not the product's.
func scriptCommands() map[string]func(*testscript.TestScript, bool, []string) {
	all := map[string]func(*testscript.TestScript, bool, []string){"exits": exits}
	maps.Copy(all, dbScriptCommands)
	all["channel"] = channelID
	return all
}

// exits runs a command and wants its exit code: exits CODE mimawari ARGS...
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND ARGS...")
	}
	got := "0"
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		got = "?"
		if e, ok := err.(interface{ ExitCode() int }); ok {
			got = itoa(e.ExitCode())
		}
	}
	if got != args[0] {
		ts.Fatalf("exit code %s, want %s", got, args[0])
	}
}

func scriptCondition(cond string) (bool, error) {
	if cond == "postgres" {
		return os.Getenv("MIMAWARI_TEST_POSTGRES") != "", nil
	}
	return false, errUnknownCondition(cond)
}
