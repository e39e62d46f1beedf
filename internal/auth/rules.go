package auth

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// A password has at least MinPassword characters and at most MaxPassword bytes. There are no rules of composition (NIST SP
// 800-63B): length counts, and that nobody tries it first.
const (
	MinPassword = 12
	MaxPassword = 256
)

// leftOver is how much of a password must be there besides a name in it.
const leftOver = 9

//go:embed common.txt
var commonText string

var common = sync.OnceValue(func() map[string]bool {
	m := map[string]bool{}
	for _, line := range strings.Fields(commonText) {
		m[plainWord(line)] = true
	}
	return m
})

// Fold makes logins and codes comparable: full-width forms, case, surrounding space.
func Fold(s string) string {
	return strings.ToLower(norm.NFKC.String(strings.TrimSpace(strings.ToValidUTF8(s, ""))))
}

// CheckPassword says what is wrong with a new password; names are words that must not be most of it: login, name of the
// person, name of the institution.
func CheckPassword(password string, names ...string) error {
	switch {
	case utf8.RuneCountInString(password) < MinPassword:
		return refuse(CodeShort, "n", strconv.Itoa(MinPassword))
	case len(password) > MaxPassword:
		return refuse(CodeLong, "n", strconv.Itoa(MaxPassword))
	}
	plain := plainWord(password)
	if monotone(plain) || common()[plain] || common()[plainWord(strings.TrimFunc(Fold(password), notLetter))] {
		return refuse(CodeCommon)
	}
	for _, n := range names {
		if n = plainWord(n); utf8.RuneCountInString(n) >= 3 && strings.Contains(plain, n) &&
			utf8.RuneCountInString(plain)-utf8.RuneCountInString(n) < leftOver {
			return refuse(CodeNamed)
		}
	}
	return nil
}

func notLetter(r rune) bool { return !unicode.IsLetter(r) }

// disguises are the letters that people replace to satisfy rules of composition.
var disguises = strings.NewReplacer("0", "o", "1", "l", "3", "e", "4", "a", "@", "a", "5", "s", "$", "s", "7", "t", "!", "i", "-", "", "_", "", " ", "", ".", "")

func plainWord(s string) string { return disguises.Replace(Fold(s)) }

// monotone reports whether few different characters, or a run along the alphabet or the digits, make up the word.
func monotone(s string) bool {
	different := map[rune]bool{}
	runs, last := 0, rune(-9)
	for _, r := range s {
		different[r] = true
		if d := r - last; d >= -1 && d <= 1 {
			runs++
		}
		last = r
	}
	return len(different) < 4 || runs >= utf8.RuneCountInString(s)-2
}
