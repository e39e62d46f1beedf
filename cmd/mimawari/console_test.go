package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/model"
)

// What is decided at the console is in the audit trail, and a sign-in link names the server that runs.
func TestTheConsoleIsInTheTrail(t *testing.T) {
	dir := t.TempDir()
	a, err := app.OpenDeciding(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	f := model.Finding{ID: "f-1", Rule: "service.smb1", Severity: model.High, State: model.Open, Count: 1}
	if err := a.Store.SaveResult(t.Context(), model.Result{Patrol: model.Patrol{ID: "p-1"}, Findings: []model.Finding{f}}); err != nil {
		t.Fatal(err)
	}
	if err := a.Store.SaveSetting(t.Context(), addressSetting, "http://127.0.0.1:9999/"); err != nil {
		t.Fatal(err)
	}
	var out, errw bytes.Buffer
	for _, args := range [][]string{
		{"findings", "decide", "f-1", "--as", "acknowledge", "--reason", "x"},
		{"findings", "silence", "--rule", "service.smb1", "--owner", "x", "--reason", "y"},
		{"indicators", "import", "-", "--name", "警察"},
		{"indicators", "remove", "警察"},
		{"users", "add", "sato"},
		{"users", "link", "sato"},
	} {
		if code := run(append(args, "--data", dir), strings.NewReader("198.51.100.7\n"), &out, &errw); code != 0 {
			t.Fatalf("%v: %d %s", args, code, errw.String())
		}
	}
	if !strings.Contains(out.String(), "http://127.0.0.1:9999/enter?key=") {
		t.Errorf("link: %s", out.String())
	}
	rows, err := a.Store.Audit(t.Context(), model.AuditQuery{Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, r := range rows {
		got[r.Entry.Action] = r.Entry.Via
	}
	for _, want := range []string{"finding.acknowledged", "silence.add", "indicators.import", "indicators.remove"} {
		if got[want] != "console" {
			t.Errorf("%s: via %q; there are %v", want, got[want], got)
		}
	}
}
