package diagram

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// Width estimates how wide s is at a size. Which font a browser takes is not known: the estimate is on the wide side of
// the usual ones, so that what fits by it fits in truth.
func Width(s string, size float64, bold bool) float64 {
	em := 0.0
	for _, r := range s {
		em += advance(r)
	}
	if bold {
		em *= 1.06
	}
	return em * size
}

func advance(r rune) float64 {
	switch {
	case unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Cf, r):
		return 0
	case strings.ContainsRune("il.,:;'! ", r):
		return 0.36
	case strings.ContainsRune("fjrtI|/\\-_()[]{}*\"`^~", r):
		return 0.52
	case strings.ContainsRune("mwMW@%#$&", r):
		return 1
	case r >= '0' && r <= '9':
		return 0.76
	case r >= 'A' && r <= 'Z' || strings.ContainsRune("<=>+?", r):
		return 0.87
	case r < 0x7f:
		return 0.72
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth, width.EastAsianAmbiguous:
		return 1.02
	case width.EastAsianHalfwidth:
		return 0.68
	}
	return 1
}

// Fit cuts s to room and ends it with "…" if something had to go. "" if not even that fits.
func Fit(s string, size float64, bold bool, room float64) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	if Width(s, size, bold) <= room {
		return s
	}
	rs := []rune(s)
	for n := len(rs) - 1; n > 0; n-- {
		if cut := strings.TrimSpace(string(rs[:n])) + "…"; Width(cut, size, bold) <= room {
			return cut
		}
	}
	return ""
}
