package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/store"
	"github.com/mimawari/mimawari/internal/store/storetest"
)

func itoa(n int) string { return strconv.Itoa(n) }

func errUnknownCondition(cond string) error { return fmt.Errorf("unknown condition %q", cond) }

// dbScriptCommands are the commands of the scripts that make and harm data.
var dbScriptCommands = map[string]func(*testscript.TestScript, bool, []string){
	"seed": seed, "spoil": spoil, "hold": hold,
}

// seed saves a made-up patrol: seed DIR PATROL HOSTS
func seed(ts *testscript.TestScript, _ bool, args []string) {
	ctx := context.Background()
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	hosts, err := strconv.Atoi(args[2])
	ts.Check(err)
	s, err := store.Open(ctx, filepath.Join(ts.MkAbs(args[0]), store.FileName))
	ts.Check(err)
	ts.Check(errors.Join(s.SaveResult(ctx, storetest.Result(n, hosts, hosts, hosts)), s.Close()))
}

// spoil turns over the bytes in the middle of a file: spoil FILE
func spoil(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	b, err := os.ReadFile(path)
	ts.Check(err)
	for i := len(b) / 4; i < len(b)*3/4; i++ {
		b[i] ^= 0xa5
	}
	ts.Check(os.WriteFile(path, b, 0o600))
}

// hold works with a data directory until the script ends: hold DIR
func hold(ts *testscript.TestScript, _ bool, args []string) {
	l, err := store.Lock(ts.MkAbs(args[0]), "serve")
	ts.Check(err)
	ts.Defer(func() { ts.Check(l.Unlock()) })
}

var scriptDatabases atomic.Int64

// scriptServer gives each script an empty PostgreSQL database of its own, in $SERVER, where there is a server.
func scriptServer(e *testscript.Env) error {
	base := os.Getenv("MIMAWARI_TEST_POSTGRES")
	if base == "" {
		if os.Getenv("CI") == "true" {
			return errors.New("MIMAWARI_TEST_POSTGRES is not set: run eval \"$(scripts/test-postgres.sh start)\" first")
		}
		return nil
	}
	name := fmt.Sprintf("script_%d_%d", os.Getpid(), scriptDatabases.Add(1))
	drop, err := storetest.NewDatabase(base, name)
	if err != nil {
		return err
	}
	e.Defer(func() { _ = drop() }) // the server is thrown away after the tests
	e.Setenv("SERVER", fmt.Sprintf(base, name))
	return nil
}

// Whatever can be wrong with the data, there are words for it.
func TestStoreTroublesHaveWords(t *testing.T) {
	for _, c := range store.Codes() {
		e := &store.Error{Code: c, Where: "W", Args: map[string]string{"pid": "1", "command": "c", "what": "w", "since": "s", "step": "t", "table": "u"}}
		for _, l := range locale.Langs {
			text := locale.T(l, "store."+string(c), e.Pairs()...)
			if !locale.Has("store."+string(c)) || !strings.Contains(text, "W") || strings.ContainsAny(text, "?{") {
				t.Errorf("%s in %s: %q", c, l, text)
			}
		}
	}
	for _, kind := range []string{"file", "reference", "document", "column"} {
		if !locale.Has("db.problem." + kind) {
			t.Errorf("no words for problem %s", kind)
		}
	}
}
