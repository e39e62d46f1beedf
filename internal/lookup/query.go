package lookup

import (
	"net/netip"
	"regexp"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/mimawari/mimawari/internal/model"
)

// Limits of what is typed. More is not looked at.
const (
	maxText  = 200 // characters
	maxWords = 8
)

// fold makes text comparable for people, as the store does with what it keeps: full-width and half-width forms, case.
func fold(s string) string {
	return strings.ToLower(norm.NFKC.String(strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")))
}

// query is what was typed, ready to be compared.
type query struct {
	whole string   // as one thing
	words []string // every one must be there
}

func parse(text string) query {
	if r := []rune(text); len(r) > maxText {
		text = string(r[:maxText])
	}
	fields := strings.Fields(fold(text))
	q := query{whole: strings.Join(fields, " ")}
	for _, w := range fields[:min(len(fields), maxWords)] {
		q.words = append(q.words, spelling(w))
	}
	if len(q.words) == 1 {
		q.whole = q.words[0]
	}
	return q
}

// ciscoPart is the beginning of a MAC as switches write it: 0011.2233.
var ciscoPart = regexp.MustCompile(`^[0-9a-f]{4}\.[0-9a-f]{1,4}(\.[0-9a-f]{0,4})?$`)

// spelling brings addresses into the one form that is kept.
func spelling(w string) string {
	if m, err := model.ParseMAC(w); err == nil {
		return m.String()
	}
	if a, err := netip.ParseAddr(w); err == nil {
		return model.Normal(a).String()
	}
	if ciscoPart.MatchString(w) && strings.ContainsAny(w, "abcdef") {
		return strings.ReplaceAll(w, ".", "")
	}
	return w
}

// How well a word fits, from a part of a word up to a whole line.
const (
	within    = 1
	wordStart = 3
	lineStart = 6
	wholeLine = 20
)

// fit tells how well word fits text, 0 if it is not there.
func fit(text, word string) int {
	best := 0
	for from := 0; best < wholeLine; {
		i := strings.Index(text[from:], word)
		if i < 0 {
			break
		}
		i += from
		best = max(best, fitAt(text, i, i+len(word)))
		from = i + 1
	}
	return best
}

func fitAt(text string, i, end int) int {
	switch {
	case i > 0 && text[i-1] != '\n' && !boundary(text[i-1]):
		return within
	case i > 0 && text[i-1] != '\n':
		return wordStart
	case end == len(text) || text[end] == '\n':
		return wholeLine
	}
	return lineStart
}

// boundary reports whether a new word begins after c.
func boundary(c byte) bool { return strings.IndexByte(" -_./:@()[],", c) >= 0 }

// score tells how well an entry fits the query, 0 if a word is not in it; exact if the whole query is the whole of one thing.
func (q query) score(e *entry) (score int, exact bool) {
	for _, w := range q.words {
		n := fit(e.text, w)
		if n < lineStart && e.more != "" {
			n = max(n, min(fit(e.more, w), lineStart))
		}
		if n == 0 {
			return 0, false
		}
		score += n
	}
	switch {
	case e.id == q.whole:
		return score + 1000, true
	case len(q.words) == 1 && score == wholeLine, len(q.words) > 1 && fit(e.text, q.whole) == wholeLine:
		return score + 500, true
	}
	return score, false
}
