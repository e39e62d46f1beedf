package product

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mimawari/mimawari/internal/inventory/oui"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// pseudoKinds are the kinds of this package's own, as the package comment lists them.
var pseudoKinds = []model.Kind{KindOUI, KindAddr, KindPort, KindServes, KindUses, KindServed, KindSOPServe, KindRole}

// modelKinds reads the values of all constants in model/kind.go: a rule for a kind that nobody says can never fire.
func modelKinds(t *testing.T) (kinds []model.Kind) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "..", "model", "kind.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok && len(v.Values) == 1 {
			if lit, ok := v.Values[0].(*ast.BasicLit); ok && lit.Kind == token.STRING {
				s, _ := strconv.Unquote(lit.Value)
				kinds = append(kinds, model.Kind(s))
			}
		}
		return true
	})
	if len(kinds) < 100 {
		t.Fatalf("only %d kinds found", len(kinds))
	}
	return kinds
}

func TestKindsExist(t *testing.T) {
	known := append(modelKinds(t), pseudoKinds...)
	for _, r := range builtIn(t).Rules() {
		for _, k := range r.Kinds() {
			family, all := strings.CutSuffix(string(k), "*")
			if !slices.ContainsFunc(known, func(x model.Kind) bool { return x == k || all && strings.HasPrefix(string(x), family) }) {
				t.Errorf("%s looks at kind %q, which nothing says", r.ID, k)
			}
		}
	}
}

// "serves" and "uses" compare with the names of applications: others can never fire.
func TestApplicationsExist(t *testing.T) {
	apps := map[string]bool{}
	for a := range dissect.LastApp {
		apps[a.String()] = true
	}
	for _, r := range builtIn(t).Rules() {
		for i := range r.conds {
			c := &r.conds[i]
			if !slices.Contains(c.kinds, KindServes) && !slices.Contains(c.kinds, KindUses) {
				continue
			}
			for _, x := range c.exact {
				if !apps[x] {
					t.Errorf("%s: no application is called %q", r.ID, x)
				}
			}
		}
	}
}

// Every organisation that a rule names is in the IEEE's listing, in the spelling that the table has.
func TestOrganisationsExist(t *testing.T) {
	table, err := oui.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for n := range table.Names {
		names = append(names, strings.ToLower(n))
	}
	if len(names) < 10_000 {
		t.Fatalf("only %d organisations", len(names))
	}
	for _, r := range builtIn(t).Rules() {
		for i := range r.conds {
			if c := &r.conds[i]; slices.Contains(c.kinds, KindOUI) && len(c.kinds) == 1 {
				strangers(t, r.ID, c, names)
			}
		}
	}
}

// strangers reports the texts of c that no organisation has; each alternative must be good for something.
func strangers(t *testing.T, id string, c *cond, names []string) {
	t.Helper()
	for list, holds := range map[*[]string]func(name, text string) bool{
		&c.exact: func(n, s string) bool { return n == s }, &c.prefix: strings.HasPrefix, &c.contains: strings.Contains,
	} {
		for _, text := range *list {
			if !slices.ContainsFunc(names, func(n string) bool { return holds(n, text) }) {
				t.Errorf("%s: no organisation is called %q", id, text)
			}
		}
	}
}

// The maker of a network card is a guess at what the machine is, never a proof: boards and chips are sold on.
func TestCardMakersAreNoProof(t *testing.T) {
	const most = 0.85
	for _, r := range builtIn(t).Rules() {
		if !slices.Contains(r.Kinds(), KindOUI) || r.Needs() > 1 {
			continue
		}
		for _, s := range r.sets {
			if s.About == AboutClass && s.Weight > most {
				t.Errorf("%s believes with %.2f that a card's maker makes it a %s", r.ID, s.Weight, s.Says)
			}
		}
	}
}
