package locale

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/mimawari/mimawari/catalog"
)

// Every text is there in every language and has the same holes in all of them.
func TestWordsAreComplete(t *testing.T) {
	check := func(name string, x Text) {
		t.Helper()
		want := holes(x[Langs[0]])
		for _, l := range Langs {
			if x[l] == "" {
				t.Errorf("%s: no text in %s", name, l)
			}
			if got := holes(x[l]); !slices.Equal(got, want) {
				t.Errorf("%s: %s has holes %v, %s has %v", name, l, got, Langs[0], want)
			}
		}
		for l := range x {
			if !slices.Contains(Langs, l) {
				t.Errorf("%s: unknown language %s", name, l)
			}
		}
	}
	texts := everyText(t)
	for k, x := range texts {
		check(k, x)
	}
	rules, err := loadRules()
	if err != nil {
		t.Fatal(err)
	}
	for id, r := range rules {
		check(id+" title", r.Title)
		check(id+" why", r.Why)
		check(id+" todo", r.Todo)
		check(id+" harmless", r.Harmless)
	}
	if len(texts) == 0 || len(rules) == 0 {
		t.Fatalf("%d texts, %d rules", len(texts), len(rules))
	}
}

// everyText reads all files as a whole: what textOf finds file by file must be the same.
func everyText(t *testing.T) map[string]Text {
	t.Helper()
	all := map[string]Text{}
	err := eachFile(catalog.FS, "locale", func(b []byte) error { return yaml.Unmarshal(b, &all) })
	if err != nil {
		t.Fatal(err)
	}
	for k, want := range all {
		if got, ok := textOf(k); !ok || !maps.Equal(got, want) {
			t.Errorf("%s: %v, want %v", k, got, want)
		}
	}
	return all
}

func holes(s string) []string {
	h := hole.FindAllString(s, -1)
	slices.Sort(h)
	return slices.Compact(h)
}

func TestFill(t *testing.T) {
	if got := Fill("{a} and {b} {no}", map[string]string{"a": "{b}", "b": "2"}); got != "{b} and 2 ?" {
		t.Fatal(got)
	}
}

// Every rule that is not a slip of the ledger says in steps why it is urgent, as many in each language.
func TestChains(t *testing.T) {
	rs, err := Rules()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rs {
		if strings.HasPrefix(r.ID, "ledger.") {
			continue
		}
		ja, en := r.Steps(Japanese), r.Steps(English)
		if len(ja) < 2 || len(ja) != len(en) {
			t.Errorf("%s: %d steps in Japanese, %d in English", r.ID, len(ja), len(en))
		}
	}
}

// Every rule names the techniques of attack that it may be, or says that it is none; only slips of the ledger and what is no sign of
// an attack may. Every technique has a name.
func TestTechniques(t *testing.T) {
	rs, err := Rules()
	if err != nil {
		t.Fatal(err)
	}
	number := regexp.MustCompile(`^T1[0-9]{3}(\.[0-9]{3})?$`)
	none := []string{"inventory.no_ledger", "inventory.missing_host"}
	for _, r := range rs {
		if r.Attack == nil {
			t.Errorf("%s: no list of ATT&CK techniques (attack: [T1046], or [] if it is no sign of an attack)", r.ID)
		}
		if len(r.Attack) == 0 && !strings.HasPrefix(r.ID, "ledger.") && !slices.Contains(none, r.ID) {
			t.Errorf("%s: names no ATT&CK technique", r.ID)
		}
		for i, name := range r.Techniques(English) {
			if id := r.Attack[i]; !number.MatchString(id) || name == id {
				t.Errorf("%s: technique %q has no name in catalog/locale/attack.yaml, or is no number of ATT&CK", r.ID, id)
			}
		}
	}
}
