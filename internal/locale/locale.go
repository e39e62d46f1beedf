// Package locale gives the product its words: Japanese first, English equal. It reads them from the catalog and fills in
// the values; it chooses nothing else and formats no numbers but by name.
package locale

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"github.com/mimawari/mimawari/catalog"
	"github.com/mimawari/mimawari/internal/model"
)

// Lang is a language of the product.
type Lang string

// The languages.
const (
	Japanese Lang = "ja"
	English  Lang = "en"
)

// Langs are all languages, the first is the source of the others.
var Langs = []Lang{Japanese, English}

// Parse reads "ja", "en" or a locale such as ja_JP.UTF-8; the second result is false for anything else.
func Parse(s string) (Lang, bool) {
	s = strings.ToLower(s)
	for _, l := range Langs {
		if s == string(l) || strings.HasPrefix(s, string(l)+"_") || strings.HasPrefix(s, string(l)+"-") {
			return l, true
		}
	}
	return "", false
}

// Text is one text in all languages.
type Text map[Lang]string

// Rule is what a detection says. Severity is the usual one; the rule may set another for a case.
type Rule struct {
	ID       string         `yaml:"rule"`
	Severity model.Severity `yaml:"-"`
	Level    string         `yaml:"severity"`
	Needs    []string       `yaml:"needs"`
	Button   string         `yaml:"button"` // what finishes the job: one of Buttons
	Chain    Text           `yaml:"chain"`  // why it is urgent, in steps that are joined by " → "; none for slips
	Title    Text           `yaml:"title"`
	Why      Text           `yaml:"why"`
	Todo     Text           `yaml:"todo"`
	Harmless Text           `yaml:"harmless"` // what it looks like if nobody attacks, and how to tell
	Attack   []string       `yaml:"attack"`   // MITRE ATT&CK techniques; an empty list says that it is none
}

// Buttons are the ways in which a finding's job is finished: say that the machine is known, write to the vendor, mend the ledger, import
// one, or look at the details.
var Buttons = []string{"known", "vendor", "ledger", "import", "details"}

// Technique names a MITRE ATT&CK technique with its number: "T1557.002 …".
func Technique(l Lang, id string) string {
	key := "attack." + strings.ReplaceAll(strings.ToLower(id), ".", "_")
	if !Has(key) {
		return id
	}
	return id + " " + T(l, key)
}

// Techniques names those of a rule.
func (r Rule) Techniques(l Lang) []string {
	out := make([]string, 0, len(r.Attack))
	for _, id := range r.Attack {
		out = append(out, Technique(l, id))
	}
	return out
}

// arrow joins the steps of a chain.
const arrow = " → "

// Steps gives the chain of a rule in l, step by step.
func (r Rule) Steps(l Lang) []string {
	if len(r.Chain) == 0 {
		return nil
	}
	return strings.Split(r.Chain.In(l), arrow)
}

// shelf is the texts of one file, read when the first of them is wanted: a patrol needs few of what the pages say.
type shelf func() (map[string]Text, error)

// shelves says for each key of the catalog which file it is in.
var shelves = sync.OnceValues(func() (map[string]shelf, error) { return stack(catalog.FS) })

func stack(fsys fs.FS) (map[string]shelf, error) {
	all := map[string]shelf{}
	return all, eachFile(fsys, "locale", func(b []byte) error {
		s := shelf(sync.OnceValues(func() (map[string]Text, error) {
			var m map[string]Text
			err := yaml.Unmarshal(b, &m)
			return m, err
		}))
		for line := range bytes.Lines(b) {
			k, _, ok := bytes.Cut(line, []byte(":"))
			if !ok || k[0] < 'a' || k[0] > 'z' {
				continue
			}
			if _, ok := all[string(k)]; ok {
				return fmt.Errorf("key %s is there twice", k)
			}
			all[string(k)] = s
		}
		return nil
	})
}

// textOf gives the text for key.
func textOf(key string) (Text, bool) {
	all, err := shelves()
	if err != nil || all[key] == nil {
		return nil, false
	}
	m, err := all[key]()
	if err != nil {
		return nil, false
	}
	t, ok := m[key]
	return t, ok
}

// loadRules reads what detections say, once.
var loadRules = sync.OnceValues(func() (map[string]Rule, error) {
	rules := rulebook{}
	return rules, eachFile(catalog.FS, "detections", rules.add)
})

// eachFile shows the YAML files of a folder.
func eachFile(fsys fs.FS, dir string, show func([]byte) error) error {
	names, err := fs.Glob(fsys, dir+"/*.yaml")
	if err != nil {
		return fmt.Errorf("read words in %s: %w", dir, err)
	}
	for _, name := range names {
		b, err := fs.ReadFile(fsys, name)
		if err == nil {
			err = show(b)
		}
		if err != nil {
			return fmt.Errorf("read words in %s: %w", name, err)
		}
	}
	return nil
}

type rulebook map[string]Rule

func (w rulebook) add(b []byte) error {
	var rs []Rule
	if err := yaml.Unmarshal(b, &rs); err != nil {
		return err
	}
	for _, r := range rs {
		var err error
		if r.Severity, err = model.ParseSeverity(r.Level); err != nil {
			return fmt.Errorf("rule %s: %w", r.ID, err)
		}
		if !slices.Contains(Buttons, r.Button) {
			return fmt.Errorf("rule %s: button %q is none of %s", r.ID, r.Button, strings.Join(Buttons, ", "))
		}
		if _, ok := w[r.ID]; ok {
			return fmt.Errorf("rule %s is there twice", r.ID)
		}
		w[r.ID] = r
	}
	return nil
}

// T gives the text for key in l, with {name} replaced by the values: pairs of name and value. A missing key shows as the
// key itself; a test makes sure that none is missing.
func T(l Lang, key string, pairs ...string) string {
	t, ok := textOf(key)
	if !ok {
		return key
	}
	m := make(map[string]string, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return Fill(t.In(l), m)
}

// Has reports whether there is a text for key.
func Has(key string) bool {
	_, ok := textOf(key)
	return ok
}

// In gives the text in l, or in the source language.
func (t Text) In(l Lang) string {
	if s, ok := t[l]; ok {
		return s
	}
	return t[Langs[0]]
}

// RuleOf gives what a detection says; false if the catalog does not know it.
func RuleOf(id string) (Rule, bool) {
	rules, err := loadRules()
	if err != nil {
		return Rule{}, false
	}
	r, ok := rules[id]
	return r, ok
}

// Rules gives all detections, sorted by id.
func Rules() ([]Rule, error) {
	rules, err := loadRules()
	if err != nil {
		return nil, err
	}
	rs := slices.Collect(maps.Values(rules))
	slices.SortFunc(rs, func(a, b Rule) int { return strings.Compare(a.ID, b.ID) })
	return rs, nil
}

// Words is a finding in words.
type Words struct{ Title, Why, Todo, Harmless string }

// Finding renders what f says in l. A param "reason_key" (or any NAME_key) is itself looked up as a text and becomes {NAME}.
func Finding(l Lang, f model.Finding) Words {
	r, ok := RuleOf(f.Rule)
	if !ok {
		return Words{Title: f.Rule}
	}
	p := make(map[string]string, len(f.Params))
	for k, v := range f.Params {
		p[k] = v
	}
	for k, v := range f.Params {
		if name, ok := strings.CutSuffix(k, "_key"); ok {
			if t, ok := textOf(v); ok {
				p[name] = Fill(t.In(l), f.Params)
			}
		}
	}
	return Words{Title: Fill(r.Title.In(l), p), Why: Fill(r.Why.In(l), p), Todo: Fill(r.Todo.In(l), p), Harmless: Fill(r.Harmless.In(l), p)}
}

// Trouble is what is wrong with an input, and what to do, in words. The hole {where} is the place, {a}, {b}... are the Args.
// A code that is itself the key of a text has the pairs for it as Args.
func Trouble(l Lang, t model.Trouble) string {
	key := "trouble." + t.Code
	if !Has(key) {
		if strings.Contains(t.Code, ".") && Has(t.Code) {
			return T(l, t.Code, t.Args...)
		}
		return t.Text
	}
	pairs := []string{"where", t.Where}
	for i, a := range t.Args {
		pairs = append(pairs, string(rune('a'+i)), a)
	}
	return T(l, key, pairs...)
}

var hole = regexp.MustCompile(`\{([a-z_][a-z0-9_]*)\}`)

// Fill replaces {name} by the value of that name; holes without a value become "?".
func Fill(s string, m map[string]string) string {
	return hole.ReplaceAllStringFunc(s, func(h string) string {
		if v, ok := m[h[1:len(h)-1]]; ok {
			return v
		}
		return "?"
	})
}
