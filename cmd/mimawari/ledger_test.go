package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// On a terminal the import asks before it changes anything; only a clear yes goes on.
func TestLedgerImportAsks(t *testing.T) {
	was := isTerminal
	isTerminal = func(io.Reader) bool { return true }
	t.Cleanup(func() { isTerminal = was })
	file := filepath.Join(t.TempDir(), "台帳.csv")
	if err := os.WriteFile(file, []byte("機器名,IP\nPC-1,10.0.0.1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := func(answer string, code int, stored bool) {
		t.Helper()
		data := t.TempDir()
		var out, errw bytes.Buffer
		if got := run([]string{"ledger", "import", file, "--data", data, "--lang", "ja"}, strings.NewReader(answer), &out, &errw); got != code {
			t.Errorf("%q: exit %d, want %d: %s", answer, got, code, errw.String())
		}
		if !strings.Contains(errw.String(), "この内容で進めますか") {
			t.Errorf("%q: it did not ask: %s", answer, errw.String())
		}
		var log bytes.Buffer
		run([]string{"ledger", "log", "--data", data, "--lang", "ja"}, strings.NewReader(""), &log, &errw)
		if strings.Contains(log.String(), "版 1") != stored {
			t.Errorf("%q: the log says %q", answer, log.String())
		}
	}
	f("y\n", 0, true)
	f("はい\n", 0, true)
	f("YES\r\n", 0, true)
	f("\n", 2, false)
	f("n\n", 2, false)
	f("", 2, false)
	f("yodel\n", 2, false)
}
