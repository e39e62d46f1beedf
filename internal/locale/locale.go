// Package locale gives the product its words: Japanese first, English equal. It reads them from the catalog and fills in
// the values; it chooses nothing else and formats no numbers but by name.
package locale

import (
	"fmt"
	"io/fs"
	"path"
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
}

// Buttons are the ways in which a finding's job is finished: say that the machine is known, write to the vendor, mend the ledger, import
// one, or look at the details.
var Buttons = []string{"known", "vendor", "ledger", "import", "details"}

// arrow joins the steps of a chain.
const arrow = " → "

// Steps gives the chain of a rule in l, step by step.
func (r Rule) Steps(l Lang) []string {
	if len(r.Chain) == 0 {
		return nil
	}
	return strings.Split(r.Chain.In(l), arrow)
}

var load = sync.OnceValues(func() (*words, error) { return read(catalog.FS) })

type words struct {
	texts map[string]Text
	rules map[string]Rule
}

func read(fsys fs.FS) (*words, error) {
	w := &words{texts: map[string]Text{}, rules: map[string]Rule{}}
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(p) != ".yaml" {
			return err
		}
		b, err := fs.ReadFile(fsys, p)
		if err != nil {
			return err
		}
		switch path.Dir(p) {
		case "locale":
			err = w.addTexts(b)
		case "detections":
			err = w.addRules(b)
		}
		if err != nil {
			return fmt.Errorf("read words in %s: %w", p, err)
		}
		return nil
	})
	return w, err
}

func (w *words) addTexts(b []byte) error {
	var m map[string]Text
	if err := yaml.Unmarshal(b, &m); err != nil {
		return err
	}
	for k, t := range m {
		if _, ok := w.texts[k]; ok {
			return fmt.Errorf("key %s is there twice", k)
		}
		w.texts[k] = t
	}
	return nil
}

func (w *words) addRules(b []byte) error {
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
		if _, ok := w.rules[r.ID]; ok {
			return fmt.Errorf("rule %s is there twice", r.ID)
		}
		w.rules[r.ID] = r
	}
	return nil
}

// T gives the text for key in l, with {name} replaced by the values: pairs of name and value. A missing key shows as the
// key itself; a test makes sure that none is missing.
func T(l Lang, key string, pairs ...string) string {
	w, err := load()
	if err != nil {
		return key
	}
	t, ok := w.texts[key]
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
	w, err := load()
	if err != nil {
		return false
	}
	_, ok := w.texts[key]
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
	w, err := load()
	if err != nil {
		return Rule{}, false
	}
	r, ok := w.rules[id]
	return r, ok
}

// Rules gives all detections, sorted by id.
func Rules() ([]Rule, error) {
	w, err := load()
	if err != nil {
		return nil, err
	}
	var rs []Rule
	for _, r := range w.rules {
		rs = append(rs, r)
	}
	slices.SortFunc(rs, func(a, b Rule) int { return strings.Compare(a.ID, b.ID) })
	return rs, nil
}

// Words is a finding in words.
type Words struct{ Title, Why, Todo string }

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
			w, err := load()
			if err == nil {
				p[name] = Fill(w.texts[v].In(l), f.Params)
			}
		}
	}
	return Words{Title: Fill(r.Title.In(l), p), Why: Fill(r.Why.In(l), p), Todo: Fill(r.Todo.In(l), p)}
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
