package ledger

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode"

	"go.yaml.in/yaml/v3"
	"golang.org/x/text/width"

	"github.com/mimawari/mimawari/internal/model"
)

//go:embed headers.yaml
var headersYAML []byte

type rawVocabulary struct {
	Fields     map[string]map[string][]string `yaml:"fields"`
	Generic    []string                       `yaml:"generic"`
	Never      map[string][]string            `yaml:"never"`
	Sheets     map[string][]string            `yaml:"sheets"`
	PassedOver []string                       `yaml:"passed_over"`
	Classes    []wordClass                    `yaml:"classes"`
	Lines      []wordLine                     `yaml:"lines"`
	Retired    []string                       `yaml:"retired"`
	NotYet     []string                       `yaml:"not_yet"`
	DHCP       []string                       `yaml:"dhcp"`
	Blank      []string                       `yaml:"blank"`
	PlainWords []string                       `yaml:"plain_words"`
	Yes        []string                       `yaml:"yes"`
	No         []string                       `yaml:"no"`
	Totals     []string                       `yaml:"totals"`
	NoDate     []string                       `yaml:"no_date"`
	Free       []string                       `yaml:"free"`
}

type wordClass struct {
	Class model.Class `yaml:"class"`
	Words []string    `yaml:"words"`
}

type wordLine struct {
	Kind  model.LineKind `yaml:"kind"`
	Words []string       `yaml:"words"`
}

// vocabulary is headers.yaml with all words folded.
type vocabulary struct {
	fields                                            map[string]map[string]string // kind, folded header -> field
	generic                                           map[string]bool
	never                                             map[string]map[string]bool
	sheets                                            map[string][]string
	passed                                            []string
	classes                                           []wordClass
	lines                                             []wordLine
	retired, notYet                                   []string
	dhcp, blank, plain, yes, no, noDate, totals, free map[string]bool
}

// words gives the vocabulary; it is part of the program, so a mistake in it is a bug.
var words = sync.OnceValue(func() *vocabulary {
	v, err := readVocabulary(headersYAML)
	if err != nil {
		panic("BUG: headers.yaml: " + err.Error())
	}
	return v
})

func readVocabulary(b []byte) (*vocabulary, error) {
	var r rawVocabulary
	if err := yaml.Unmarshal(b, &r); err != nil {
		return nil, err
	}
	v := &vocabulary{
		fields: map[string]map[string]string{}, generic: foldSet(r.Generic), never: map[string]map[string]bool{},
		sheets: map[string][]string{}, passed: foldAll(r.PassedOver), retired: foldAll(r.Retired), notYet: foldAll(r.NotYet),
		dhcp: foldSet(r.DHCP), blank: lowerSet(r.Blank), plain: foldSet(r.PlainWords), yes: lowerSet(r.Yes), no: lowerSet(r.No), noDate: lowerSet(r.NoDate), totals: foldSet(r.Totals), free: foldSet(r.Free),
	}
	for kind, fields := range r.Fields {
		v.fields[kind] = map[string]string{}
		v.never[kind] = foldSet(r.Never[kind])
		v.sheets[kind] = foldAll(r.Sheets[kind])
		for field, names := range fields {
			for _, n := range names {
				h := foldHeader(n)
				if was, ok := v.fields[kind][h]; ok && was != field {
					return nil, fmt.Errorf("%s: %q means both %s and %s", kind, n, was, field)
				}
				v.fields[kind][h] = field
			}
		}
	}
	for _, c := range r.Classes {
		v.classes = append(v.classes, wordClass{c.Class, lowerAll(c.Words)})
	}
	for _, l := range r.Lines {
		v.lines = append(v.lines, wordLine{l.Kind, lowerAll(l.Words)})
	}
	return v, nil
}

func foldAll(ws []string) []string {
	out := make([]string, len(ws))
	for i, w := range ws {
		out[i] = foldHeader(w)
	}
	return out
}

func lowerAll(ws []string) []string {
	out := make([]string, len(ws))
	for i, w := range ws {
		out[i] = fold(w)
	}
	return out
}

func foldSet(ws []string) map[string]bool  { return setOf(foldAll(ws)) }
func lowerSet(ws []string) map[string]bool { return setOf(lowerAll(ws)) }

func setOf(ws []string) map[string]bool {
	m := make(map[string]bool, len(ws))
	for _, w := range ws {
		m[w] = true
	}
	return m
}

// fold makes spellings comparable: full width becomes half width (and half-width kana full), letters small, every run of
// spaces one space. Unicode's East Asian Width (UAX #11) says what is which.
func fold(s string) string {
	if !simpleText(s) {
		s = width.Fold.String(s) // plain letters are folded already
	}
	return strings.Join(strings.Fields(strings.ToLower(s)), " ")
}

// foldHeader is fold for headers and sheet names: without spaces and the marks that people put around them.
func foldHeader(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || strings.ContainsRune("*※■●◆▼▲★☆◎○・_:：-‐－ー/／.,。、#'\"「」『』【】[]<>＜＞?!", r) && r != 'ー' {
			return -1
		}
		return r
	}, fold(s))
	return s
}

var brackets = regexp.MustCompile(`[(（〔][^)）〕]*[)）〕]`)

// withoutBrackets drops remarks in brackets: "IPアドレス(固定)" becomes "IPアドレス".
func withoutBrackets(s string) string { return brackets.ReplaceAllString(s, "") }

// classOf reads a class from the words of a kind, a purpose or a sheet's name; ClassUnknown if nothing fits.
func classOf(texts ...string) model.Class {
	for _, t := range texts {
		t = fold(t)
		if t == "" {
			continue
		}
		for _, c := range words().classes {
			if anyWord(t, c.Words) {
				return c.Class
			}
		}
	}
	return model.ClassUnknown
}

// lineKindOf reads what kind of line is meant; false if the words say nothing.
func lineKindOf(t string) (model.LineKind, bool) {
	t = fold(t)
	for _, l := range words().lines {
		if t == string(l.Kind) || anyWord(t, l.Words) {
			return l.Kind, true
		}
	}
	return model.LineOther, false
}

func anyWord(t string, ws []string) bool {
	for _, w := range ws {
		if hasWord(t, w) {
			return true
		}
	}
	return false
}

// hasWord reports whether w is in t; Latin words must stand alone, so that "ap" is not found in "laptop".
func hasWord(t, w string) bool {
	for from := 0; ; {
		i := strings.Index(t[from:], w)
		if i < 0 {
			return false
		}
		i += from
		if standsAlone(t, i, i+len(w)) {
			return true
		}
		from = i + 1
	}
}

func standsAlone(t string, from, to int) bool {
	letter := func(b byte) bool { return b >= 'a' && b <= 'z' }
	if from > 0 && letter(t[from]) && letter(t[from-1]) {
		return false
	}
	return to >= len(t) || !letter(t[to-1]) || !letter(t[to])
}

// retiredBy reports whether the words of a status say that the machine should no longer be on the network.
// "廃棄予定" is a plan: the machine is still there.
func retiredBy(status string) bool {
	t := foldHeader(status)
	for _, w := range words().notYet {
		if strings.Contains(t, w) {
			return false
		}
	}
	for _, w := range words().retired {
		if strings.Contains(t, w) {
			return true
		}
	}
	return false
}

// nameKey makes names of one machine equal: case, width, and the domain of a fully qualified name do not count.
func nameKey(name string) string {
	n := strings.TrimSuffix(fold(name), "$")
	if host, _, ok := strings.Cut(n, "."); ok && host != "" && !strings.ContainsAny(n, " ") && strings.Trim(n, "0123456789.") != "" {
		n = host
	}
	return strings.ReplaceAll(n, " ", "")
}
