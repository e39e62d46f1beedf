package product

import (
	"strings"
	"testing"

	"github.com/mimawari/mimawari/internal/model"
)

func builtIn(t testing.TB) *Catalog {
	t.Helper()
	c, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Every rule has an example that fires it and nothing in misses that does.
func TestRulesMatchTheirExamples(t *testing.T) {
	c := builtIn(t)
	for _, r := range c.Rules() {
		if len(r.Examples) == 0 {
			t.Errorf("%s has no example", r.ID)
		}
		for _, e := range r.Examples {
			for kind, v := range e {
				if !fires(c, r, kind, v) {
					t.Errorf("%s does not match its example %q", r.ID, v)
				}
			}
		}
		for _, v := range r.Misses {
			if fires(c, r, "", v) {
				t.Errorf("%s matches %q, which it should miss", r.ID, v)
			}
		}
	}
	t.Logf("%d rules", len(c.Rules()))
}

func fires(c *Catalog, r *Rule, kind model.Kind, v string) bool {
	kinds := []model.Kind{kind}
	if kind == "" {
		kinds = r.Kinds()
	}
	for _, k := range kinds {
		k = model.Kind(strings.Replace(string(k), ".*", ".dhcp", 1))
		for _, h := range c.Match(k, v) {
			if h.Rule == r && len(h.Sets) > 0 {
				return true
			}
		}
	}
	return false
}
