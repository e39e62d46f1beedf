package pdf

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/rivo/uniseg"
	"golang.org/x/text/unicode/norm"
)

// geta stands for what the font cannot show, as Japanese printers do it.
const geta = '〓'

// ink turns text into what the font can show, and remembers what it could not.
type ink struct {
	faces   [2]*face
	missing map[string]*gap
}

// gap is a character that could not be shown, with all that belongs to it (an emoji can be made of seven code points).
type gap struct {
	text  string // as it was written
	shown string // what stands for it
	times int
}

func newInk(f *fonts) *ink { return &ink{faces: f.faces, missing: map[string]*gap{}} }

// plain reports text that needs no care: most of it.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// draw gives s as it can be printed: line breaks as "\n", tabs as spaces, composed, 〓 for what is not in the font.
// Nothing vanishes: what is replaced is noted.
func (k *ink) draw(s string) string {
	if plain(s) {
		return s
	}
	s = norm.NFC.String(strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n", "\t", " ").Replace(strings.ToValidUTF8(s, "\uFFFD")))
	if k.shows(s) {
		return s
	}
	var b strings.Builder
	for state := -1; s != ""; {
		var cluster string
		cluster, s, _, state = uniseg.FirstGraphemeClusterInString(s, state)
		b.WriteString(k.cluster(cluster))
	}
	return b.String()
}

func (k *ink) shows(s string) bool {
	for _, r := range s {
		if r != '\n' && !k.has(r) {
			return false
		}
	}
	return true
}

// has: both fonts have the same characters, but the answer must hold for either.
func (k *ink) has(r rune) bool { return k.faces[regular].has(r) && k.faces[bold].has(r) }

// cluster shows one character as a reader sees it. What is missing in it becomes one 〓; a mere choice of form
// (variation selector) or a joint without ink after something visible is left out.
func (k *ink) cluster(c string) string {
	if c == "\n" || k.shows(c) {
		return c
	}
	var b strings.Builder
	inked, holes := false, 0
	for _, r := range c {
		switch {
		case k.has(r):
			b.WriteRune(r)
			inked = true
		case inked && formOnly(r):
		case holes == 0:
			b.WriteRune(geta)
			holes++
		}
	}
	shown := b.String()
	if k.missing[c] == nil {
		k.missing[c] = &gap{text: c, shown: shown}
	}
	k.missing[c].times++
	return shown
}

// formOnly reports characters that choose a form or join, and have no ink of their own.
func formOnly(r rune) bool {
	return unicode.Is(unicode.Variation_Selector, r) || unicode.Is(unicode.Join_Control, r)
}

// codes names the code points, which can be written down and looked up when the character can't be shown.
func (g *gap) codes() string {
	var out []string
	for _, r := range g.text {
		out = append(out, fmt.Sprintf("U+%04X", r))
	}
	return strings.Join(out, " ")
}

// gaps are the characters that could not be shown, in order of their code points.
func (k *ink) gaps() []*gap {
	out := make([]*gap, 0, len(k.missing))
	for _, g := range k.missing {
		out = append(out, g)
	}
	slices.SortFunc(out, func(a, b *gap) int { return cmp.Compare(a.text, b.text) })
	return out
}
