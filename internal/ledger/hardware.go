package ledger

import (
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/width"

	"github.com/mimawari/mimawari/internal/model"
)

var macPattern = regexp.MustCompile(`(?:[0-9a-f]{1,2}[:\-.] ?){5}[0-9a-f]{1,2}|(?:[0-9a-f]{4}[.\-: ]){2}[0-9a-f]{4}|[0-9a-f]{6}[:\-][0-9a-f]{6}|(?:[0-9a-f]{2} ){5}[0-9a-f]{2}|[0-9a-f]{12}`)

// readMACs reads all MAC addresses of a cell. bad has what looks like one and is none: too short, a letter O for a
// zero, a group address (IEEE 802: a machine cannot have it), all zeros.
func readMACs(s string) (macs []model.MAC, bad []string) {
	s = strings.ToLower(dashes.Replace(width.Fold.String(s)))
	var rest strings.Builder
	at := 0
	for _, m := range macPattern.FindAllStringIndex(s, maxPerCell) {
		if m[0] > 0 && isWord(s[m[0]-1]) || m[1] < len(s) && isWord(s[m[1]]) {
			continue
		}
		text := s[m[0]:m[1]]
		mac, err := model.ParseMAC(onlyHexGroups(text))
		if err != nil || mac.IsZero() || mac.IsGroup() {
			bad = append(bad, text)
		} else if !slices.Contains(macs, mac) {
			macs = append(macs, mac)
		}
		rest.WriteString(s[at:m[0]] + " ")
		at = m[1]
	}
	rest.WriteString(s[at:])
	return macs, append(bad, almostMACs(rest.String())...)
}

func isHex(b byte) bool { return b >= '0' && b <= '9' || b >= 'a' && b <= 'f' }

// isWord reports bytes that cannot stand beside a whole MAC: "0O" at its end is a mistyped digit, not a remark.
func isWord(b byte) bool { return b >= '0' && b <= '9' || b >= 'a' && b <= 'z' }

// onlyHexGroups brings the spellings that model.ParseMAC does not know (spaces, dots between single bytes) to colons.
func onlyHexGroups(t string) string {
	f := strings.FieldsFunc(t, func(r rune) bool { return r > 0x7f || !isHex(byte(r)) })
	return strings.Join(f, ":")
}

// almostMACs finds words that were meant to be a MAC: at least six hex digits or look-alikes with a separator or digit.
func almostMACs(s string) (bad []string) {
	for _, t := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(" \n\t、,;()/「」", r) }) {
		if blankWord(t) || words().plain[foldHeader(t)] {
			continue
		}
		digits := strings.Count(strings.Map(func(r rune) rune {
			if r < 0x80 && (isHex(byte(r)) || r == 'o' || r == 'l' || r == 'i' || r == 'x') {
				return '0'
			}
			return -1
		}, t), "0")
		if digits >= 4 && strings.ContainsAny(t, "0123456789:-.") && len(bad) < maxPerCell {
			bad = append(bad, t)
		}
	}
	return bad
}

func formatMACs(ms []model.MAC) string {
	parts := make([]string, len(ms))
	for i, m := range ms {
		parts[i] = strings.ToUpper(m.String())
	}
	return strings.Join(parts, ", ")
}
