package arch

import (
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

const module = "github.com/mimawari/mimawari/"

// layers, top first. A package may import packages of lower layers only.
var layers = [][]string{
	{"cmd"},
	{"internal/app"},
	{"internal/web", "internal/api", "internal/report", "internal/store"},
	{"internal/audit"},
	{"internal/triage", "internal/notify"},
	{"internal/diagram"},
	{"internal/inventory", "internal/detect", "internal/lookup", "internal/talk", "internal/intake", "internal/memory"},
	{"internal/ledger", "internal/capture", "internal/flow", "internal/proto", "internal/collect", "internal/indicator"},
	{"internal/locale", "internal/hospitalsim", "internal/auth", "internal/certs", "internal/archive", "internal/arch"},
	{"internal/model", "internal/seal", "catalog"},
}

// sideways are the imports inside a layer that are allowed, each with its reason.
var sideways = map[[2]string]string{
	{"internal/web", "internal/api"}:       "the pages link to the API's documents and share its view types",
	{"internal/web", "internal/report"}:    "the pages offer the same exports as the command line",
	{"internal/api", "internal/report"}:    "exports are downloads of the API",
	{"internal/flow", "internal/capture"}:  "the hot path: frames into flows",
	{"internal/flow", "internal/proto"}:    "the hot path: flows hand their payload to the decoders",
	{"internal/collect", "internal/proto"}: "logs and tables give the same observations as packets: dissect sorts and joins both",
}

// bans: package prefix, import prefix, reason.
var bans = []struct{ pkg, imp, why string }{
	{"internal/store", module + "internal/", "the store knows the model and nothing else of ours"},
	{"internal/capture", "log", "hot path: no logger"},
	{"internal/flow", "log", "hot path: no logger"},
	{"internal/proto", "log", "hot path: no logger"},
	{"internal/detect", "log", "hot path: no logger"},
	{"internal/detect", "database/sql", "conclusions are pure"},
	{"internal/inventory", "database/sql", "conclusions are pure"},
	{"internal", "C", "no cgo in the default build"},
	{"internal/seal", module + "internal/", "the key knows nothing of what it seals"},
	{"internal/memory", "log", "hot path: no logger"},
	{"internal/notify", "database/sql", "store has the only SQL"},
	{"cmd", "database/sql", "store has the only SQL"},
	{"internal/web", "database/sql", "store has the only SQL"},
	{"internal/api", "database/sql", "store has the only SQL"},
	{"internal/app", "database/sql", "store has the only SQL"},
}

var bannedNames = []string{"util", "utils", "common", "helpers", "types", "misc"}

func layerOf(pkg string) int {
	for i, l := range layers {
		for _, p := range l {
			if pkg == p || strings.HasPrefix(pkg, p+"/") {
				return i
			}
		}
	}
	return -1
}

// room is the listed package that pkg belongs to: internal/proto for internal/proto/dissect.
func room(pkg string) string {
	for _, l := range layers {
		for _, p := range l {
			if pkg == p || strings.HasPrefix(pkg, p+"/") {
				return p
			}
		}
	}
	return pkg
}

func packages(t *testing.T, visit func(rel string, p *build.Package)) {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if n := d.Name(); path != root && (strings.HasPrefix(n, ".") || n == "testdata" || n == "node_modules" || n == "tools") {
			return filepath.SkipDir
		}
		p, err := build.ImportDir(path, 0)
		if err != nil {
			return nil // no Go files for this system
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		visit(filepath.ToSlash(rel), p)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestImportsPointDown(t *testing.T) {
	n := 0
	packages(t, func(rel string, p *build.Package) {
		n++
		from := layerOf(rel)
		if from < 0 && strings.HasPrefix(rel, "internal/") {
			t.Errorf("%s is in no layer: add it to layers and to ARCHITECTURE.md", rel)
		}
		for _, imp := range p.Imports {
			target, ours := strings.CutPrefix(imp, module)
			if !ours || from < 0 {
				continue
			}
			to := layerOf(target)
			same := room(rel) == room(target)
			_, allowed := sideways[[2]string{room(rel), room(target)}]
			if to < from || to == from && !same && !allowed {
				t.Errorf("%s imports %s: imports point down", rel, target)
			}
		}
		for _, b := range bans {
			for _, imp := range p.Imports {
				if (rel == b.pkg || strings.HasPrefix(rel, b.pkg+"/")) && (imp == b.imp || strings.HasPrefix(imp, b.imp) && strings.HasSuffix(b.imp, "/") ||
					strings.HasPrefix(imp, b.imp+"/")) && imp != module+"internal/model" && !strings.HasPrefix(imp, module+rel) {
					t.Errorf("%s imports %s: %s", rel, imp, b.why)
				}
			}
		}
	})
	if n < 5 {
		t.Fatalf("only %d packages found", n)
	}
}

func TestModelImportsNothingOfOurs(t *testing.T) {
	packages(t, func(rel string, p *build.Package) {
		if rel != "internal/model" {
			return
		}
		for _, imp := range p.Imports {
			if strings.Contains(imp, ".") {
				t.Errorf("model imports %s", imp)
			}
		}
	})
}

func TestPackagesSayWhatTheyAreFor(t *testing.T) {
	packages(t, func(rel string, p *build.Package) {
		for _, n := range bannedNames {
			if p.Name == n {
				t.Errorf("%s: %q says nothing about what is inside", rel, n)
			}
		}
		fset := token.NewFileSet()
		doc := ""
		for _, f := range append(p.GoFiles, p.IgnoredGoFiles...) {
			x, err := parser.ParseFile(fset, filepath.Join("../..", rel, f), nil, parser.ParseComments|parser.PackageClauseOnly)
			if err == nil && x.Doc != nil {
				doc += x.Doc.Text()
			}
		}
		if len(p.GoFiles) > 0 && len(doc) < 40 {
			t.Errorf("%s has no package comment", rel)
		}
	})
}

// Decoders and the flow table must work on packet time: the hot path never asks the clock.
func TestHotPathHasNoClock(t *testing.T) {
	packages(t, func(rel string, p *build.Package) {
		switch room(rel) {
		case "internal/flow", "internal/proto", "internal/detect", "internal/inventory":
		default:
			return
		}
		fset := token.NewFileSet()
		for _, f := range p.GoFiles {
			x, err := parser.ParseFile(fset, filepath.Join("../..", rel, f), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(x, func(n ast.Node) bool {
				if s, ok := n.(*ast.SelectorExpr); ok {
					if id, ok := s.X.(*ast.Ident); ok && id.Name == "time" && (s.Sel.Name == "Now" || s.Sel.Name == "Since") {
						t.Errorf("%s: time.%s", fset.Position(s.Pos()), s.Sel.Name)
					}
				}
				return true
			})
		}
	})
}
