package product

import (
	"testing"

	"github.com/mimawari/mimawari/internal/model"
)

// A rule file that somebody extended by hand is refused with words or works; it never panics.
func FuzzAdd(f *testing.F) {
	f.Add([]byte(`- {id: a.b, kind: oui, prefix: X, maker: Y, examples: [X]}`), "oui", "X1")
	f.Add([]byte(`- {id: a.b, all: [{kind: port, exact: "tcp/1"}, {kind: addr, cidr: 10.0.0.0/8}], class: pc}`), "addr", "10.1.1.1")
	f.Add([]byte("- {id: a.b, kind: [\"name.*\"], contains: x, regexp: '(x+)$', model: \"$1\"}"), "name.dhcp", "xx")
	f.Fuzz(func(_ *testing.T, file []byte, kind, value string) {
		c := newCatalog()
		if c.Add(file) == nil {
			c.Match(model.Kind(kind), value)
		}
	})
}

// What machines say is matched whatever it is; what rules make of it stays within the bounds of text.
func FuzzMatch(f *testing.F) {
	c := builtIn(f)
	for _, r := range c.Rules() {
		for _, e := range r.Examples {
			for k, v := range e {
				if k == "" {
					k = r.Kinds()[0]
				}
				f.Add(string(k), v)
			}
		}
	}
	f.Fuzz(func(t *testing.T, kind, value string) {
		for _, h := range c.Match(model.Kind(kind), value) {
			for _, s := range h.Sets {
				if s.Says == "" || len(s.Says) > model.MaxText || !(s.Weight > 0 && s.Weight <= 1) {
					t.Errorf("%s says %+v", h.Rule.ID, s)
				}
			}
		}
	})
}

func TestBadRulesAreRefused(t *testing.T) {
	for name, file := range map[string]string{
		"no family":      `- {id: a, kind: oui, prefix: X, maker: Y}`,
		"nothing said":   `- {id: a.b, kind: oui, prefix: X}`,
		"no matcher":     `- {id: a.b, kind: oui, maker: Y}`,
		"unknown class":  `- {id: a.b, kind: oui, prefix: X, class: toaster}`,
		"unknown field":  `- {id: a.b, kind: oui, prefix: X, maker: Y, colour: red}`,
		"bare regexp":    `- {id: a.b, kind: oui, regexp: X, maker: Y}`,
		"broken regexp":  `- {id: a.b, kind: oui, prefix: X, regexp: "(", maker: Y}`,
		"heavy":          `- {id: a.b, kind: oui, prefix: X, maker: Y, weight: 2}`,
		"there twice":    "- {id: a.b, kind: oui, prefix: X, maker: Y}\n- {id: a.b, kind: oui, prefix: X, maker: Y}",
		"all and kind":   `- {id: a.b, kind: oui, all: [{kind: oui, prefix: X}], maker: Y}`,
		"broken network": `- {id: a.b, kind: addr, cidr: 10.0.0.0/99, maker: Y}`,
	} {
		if err := newCatalog().Add([]byte(file)); err == nil {
			t.Errorf("%s: was taken", name)
		}
	}
}

func TestCovers(t *testing.T) {
	c := builtIn(t)
	for _, x := range []struct {
		general, special string
		want             bool
	}{
		{"Linux", "Ubuntu", true},
		{"Ubuntu", "Linux", false},
		{"Windows", "Windows 10", true},
		{"Windows 10", "Windows 11", false},
		{"Windows 10|Windows Server 2019", "Windows 10", true},
		{"pc", "modality", true},
		{"server", "pc", false},
		{"Apple", "iPadOS", true},
		{"Windows", "Windows 10|Windows Server 2019", true},
		{"", "x", false},
	} {
		if got := c.Covers(x.general, x.special); got != x.want {
			t.Errorf("Covers(%q, %q) = %v", x.general, x.special, got)
		}
	}
}
