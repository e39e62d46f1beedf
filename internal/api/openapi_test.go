package api

import (
	"bytes"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2/validation"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/mimawari/mimawari/internal/locale"
)

const address = "https://mimawari.invalid/openapi.json"

func parsed(t *testing.T) map[string]any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(New(Parts{}).Document()))
	if err != nil {
		t.Fatal(err)
	}
	return v.(map[string]any)
}

// walk visits every object of the document with its JSON pointer.
func walk(v any, at string, visit func(at string, m map[string]any)) {
	switch x := v.(type) {
	case map[string]any:
		visit(at, x)
		for k, c := range x {
			walk(c, at+"/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(k), visit)
		}
	case []any:
		for i, c := range x {
			walk(c, fmt.Sprint(at, "/", i), visit)
		}
	}
}

// resolve follows a JSON pointer.
func resolve(doc any, pointer string) (any, bool) {
	for _, p := range strings.Split(strings.TrimPrefix(pointer, "/"), "/") {
		m, ok := doc.(map[string]any)
		if !ok {
			return nil, false
		}
		if doc, ok = m[strings.NewReplacer("~1", "/", "~0", "~").Replace(p)]; !ok {
			return nil, false
		}
	}
	return doc, true
}

// What OpenAPI 3.1.0 asks for (sections 4.8.1 to 4.8.24), as far as we use it.
func TestDocumentIsOpenAPI(t *testing.T) {
	doc := parsed(t)
	if doc["openapi"] != "3.1.0" {
		t.Errorf("openapi: %v", doc["openapi"])
	}
	info := doc["info"].(map[string]any)
	if info["title"] == "" || info["version"] == "" {
		t.Errorf("info: %v", info)
	}
	known := []string{"openapi", "info", "jsonSchemaDialect", "servers", "paths", "webhooks", "components", "security", "tags", "externalDocs"}
	for k := range doc {
		if !slices.Contains(known, k) && !strings.HasPrefix(k, "x-") {
			t.Errorf("there is no field %s in OpenAPI", k)
		}
	}
	ids := map[string]bool{}
	for path, item := range doc["paths"].(map[string]any) {
		if !strings.HasPrefix(path, "/") {
			t.Errorf("path %s", path)
		}
		for method, x := range item.(map[string]any) {
			checkOperation(t, method+" "+path, x.(map[string]any), ids)
		}
	}
	if len(ids) != len(New(Parts{}).Operations()) {
		t.Errorf("%d operations in the document, %d in the code", len(ids), len(New(Parts{}).Operations()))
	}
}

var hole = regexp.MustCompile(`\{([^}]+)\}`)

func checkOperation(t *testing.T, name string, op map[string]any, ids map[string]bool) {
	t.Helper()
	id, _ := op["operationId"].(string)
	if id == "" || ids[id] {
		t.Errorf("%s: operationId %q is missing or there twice", name, id)
	}
	ids[id] = true
	if s, _ := op["summary"].(string); s == "" {
		t.Errorf("%s has no summary", name)
	}
	in := map[string]bool{}
	ps, _ := op["parameters"].([]any)
	for _, x := range ps {
		p := x.(map[string]any)
		key := fmt.Sprint(p["in"], " ", p["name"])
		if in[key] || p["schema"] == nil || p["description"] == nil {
			t.Errorf("%s: parameter %s is there twice, or without schema or description", name, key)
		}
		in[key] = true
	}
	for _, m := range hole.FindAllStringSubmatch(name, -1) {
		if !in["path "+m[1]] {
			t.Errorf("%s: no parameter for {%s}", name, m[1])
		}
	}
	rs, _ := op["responses"].(map[string]any)
	for code, x := range rs {
		r := x.(map[string]any)
		if d, ok := r["description"].(string); !ok || !regexp.MustCompile(`^([1-5][0-9][0-9]|default)$`).MatchString(code) || d == "" {
			t.Errorf("%s: response %s: %v", name, code, r["description"])
		}
	}
	if len(rs) == 0 {
		t.Errorf("%s has no responses", name)
	}
}

// Each reference leads somewhere inside the document; nothing is fetched from elsewhere.
func TestReferencesResolve(t *testing.T) {
	doc, n := parsed(t), 0
	walk(doc, "", func(at string, m map[string]any) {
		ref, ok := m["$ref"].(string)
		if !ok {
			return
		}
		n++
		if p, local := strings.CutPrefix(ref, "#"); !local {
			t.Errorf("%s refers to %s", at, ref)
		} else if _, ok := resolve(doc, p); !ok {
			t.Errorf("%s refers to %s, which there is not", at, ref)
		}
	})
	if n < 10 {
		t.Errorf("only %d references", n)
	}
	if m := regexp.MustCompile(`https?://[^"]*`).FindString(string(New(Parts{}).Document())); m != "" {
		t.Errorf("the document names %s", m)
	}
}

// Each schema is one (JSON Schema 2020-12), its examples and defaults are valid, and each property of what is sent is explained.
func TestSchemasAndExamples(t *testing.T) {
	doc := parsed(t)
	c := jsonschema.NewCompiler()
	if err := c.AddResource(address, doc); err != nil {
		t.Fatal(err)
	}
	examples := 0
	compile := func(at string) *jsonschema.Schema {
		s, err := c.Compile(address + "#" + at)
		if err != nil {
			t.Fatalf("%s: %v", at, err)
		}
		return s
	}
	walk(doc, "", func(at string, m map[string]any) {
		if strings.HasSuffix(at, "/schema") || regexp.MustCompile(`^/components/schemas/[^/]+$`).MatchString(at) {
			compile(strings.ReplaceAll(strings.ReplaceAll(at, "{", "%7B"), "}", "%7D"))
		}
		vs, _ := m["examples"].([]any)
		if d, ok := m["default"]; ok {
			vs = append(vs, d)
		}
		for _, v := range vs {
			examples++
			s := compile(strings.ReplaceAll(strings.ReplaceAll(at, "{", "%7B"), "}", "%7D"))
			if err := s.Validate(v); err != nil {
				t.Errorf("%s: %v", at, err)
			}
		}
	})
	if examples < 5 {
		t.Errorf("only %d examples", examples)
	}
}

func TestWhatIsSentIsExplainedAndClosed(t *testing.T) {
	a := New(Parts{})
	schemas := a.huma.OpenAPI().Components.Schemas.Map()
	if len(a.sent()) < 2 {
		t.Fatalf("sent: %v", a.sent())
	}
	for name := range a.sent() {
		if schemas[name].AdditionalProperties != false {
			t.Errorf("%s takes fields that it does not name", name)
		}
		for p, s := range schemas[name].Properties {
			if s.Description == "" && s.Ref == "" {
				t.Errorf("%s.%s is not explained", name, p)
			}
		}
	}
	if schemas["Host"].AdditionalProperties != nil {
		t.Error("answers may grow, the document says they may not")
	}
}

func TestYAMLSaysTheSame(t *testing.T) {
	var y any
	if err := yaml.Unmarshal(New(Parts{}).document.yaml, &y); err != nil {
		t.Fatal(err)
	}
	doc := parsed(t)
	if got, want := len(y.(map[string]any)["paths"].(map[string]any)), len(doc["paths"].(map[string]any)); got != want {
		t.Errorf("%d paths in YAML, %d in JSON", got, want)
	}
}

// Whatever huma can say of input, somebody reads it in their language: each of its messages is either in complaints or cannot come up,
// because no schema of ours uses it.
func TestComplaintsHaveWords(t *testing.T) {
	for _, c := range complaints {
		for _, l := range locale.Langs {
			if !locale.Has(c[1]) {
				t.Errorf("%s has no words", c[1])
			}
			message := strings.NewReplacer("%s", "x", "%v", "x", "%d", "7", ".*", "query").Replace(c[0])
			if got := complaint(l, "field", message); strings.Contains(got, "expected") || strings.Contains(got, "invalid") || got == "" {
				t.Errorf("%s %q: %q", l, message, got)
			}
		}
	}
	if got := complaint(locale.Japanese, "", fmt.Sprintf(validation.MsgExpectedRequiredProperty, "state")); got != "state がありません" {
		t.Errorf("%q", got)
	}
	if got := complaint(locale.English, "f", "something new\x1b[0m"); strings.ContainsRune(got, 0x1b) {
		t.Errorf("%q", got)
	}
}

func TestNames(t *testing.T) {
	for _, c := range []struct {
		field      string
		weak, want bool
	}{
		{`"a"`, false, true}, {`W/"a"`, false, false}, {`W/"a"`, true, true}, {`"b" , "a"`, false, true}, {`*`, false, true}, {`a`, false, false}, {``, false, false},
	} {
		if got := names([]string{c.field}, `"a"`, c.weak); got != c.want {
			t.Errorf("%q weak %v: %v", c.field, c.weak, got)
		}
	}
}

// An operation whose fields huma can't see would answer as if nothing had been sent.
func TestInputsAreExported(t *testing.T) {
	for _, x := range []any{hostsInput{}, findingsInput{}, decideInput{}, silenceInput{}, patrolsInput{}} {
		typ := reflect.TypeOf(x)
		for i := range typ.NumField() {
			if !typ.Field(i).IsExported() {
				t.Errorf("%s.%s is not exported", typ, typ.Field(i).Name)
			}
		}
	}
}

func TestMissingNamesTheMethods(t *testing.T) {
	a := New(Parts{})
	for _, o := range a.Operations() {
		if a.routes[o.Pattern()] == nil {
			t.Errorf("%s has no handler", o.Pattern())
		}
	}
	if len(a.routes) != len(a.Operations()) {
		t.Errorf("%d handlers, %d operations: huma added its own", len(a.routes), len(a.Operations()))
	}
	if _, ok := a.routes[http.MethodGet+" /docs"]; ok {
		t.Error("/docs is served")
	}
}
