package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/mimawari/mimawari/internal/api"
)

// What is committed is what the code says: run go generate ./internal/api.
func TestGeneratedFilesAreFresh(t *testing.T) {
	src, err := comments("../../..")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]byte{"../comments.go": src, "../../../docs/api.md": manual(api.New(api.Parts{}))} {
		got, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is old: run go generate ./internal/api", name)
		}
	}
}

func TestManualNamesEveryOperation(t *testing.T) {
	a := api.New(api.Parts{})
	m := string(manual(a))
	for _, o := range a.Operations() {
		if !strings.Contains(m, "`"+o.Method+" "+strings.TrimPrefix(o.Path, "/api/v1/")) {
			t.Errorf("%s is not in the manual", o.Pattern())
		}
	}
}
