package arch

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile("../../" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Each direct dependency has its line in docs/dependencies.md, and no line is left of one that is gone.
func TestDependenciesAreExplained(t *testing.T) {
	mod, doc := read(t, "go.mod"), read(t, "docs/dependencies.md")
	direct := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^\t(\S+) v\S+$`).FindAllStringSubmatch(mod, -1) {
		direct[m[1]] = true
		if !strings.Contains(doc, "| "+m[1]+" |") {
			t.Errorf("docs/dependencies.md says nothing about %s", m[1])
		}
	}
	if len(direct) < 5 {
		t.Fatalf("%d direct dependencies found in go.mod", len(direct))
	}
	for _, m := range regexp.MustCompile(`(?m)^\| (\S+\.\S+/\S+) \|`).FindAllStringSubmatch(doc, -1) {
		if !direct[m[1]] {
			t.Errorf("docs/dependencies.md still explains %s, which go.mod does not require", m[1])
		}
	}
	if strings.Contains(mod, "\nreplace") {
		t.Error("go.mod has a replace: users of the module would not get it")
	}
}

// Every room of the layer test is in ARCHITECTURE.md.
func TestMapIsTrue(t *testing.T) {
	doc := read(t, "ARCHITECTURE.md")
	for _, l := range layers {
		for _, p := range l {
			if p == "cmd" || p == "internal/arch" {
				continue
			}
			if !strings.Contains(doc, "`"+p+"`") {
				t.Errorf("ARCHITECTURE.md does not show %s", p)
			}
		}
	}
}
