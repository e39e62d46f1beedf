package ledger

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// cell is one cell as read. text is what a person sees; raw is what is stored, where that differs (dates, numbers).
type cell struct {
	text, raw string
	carried   carry
	fault     string // slip code if the cell has no usable value
}

// carry tells that a value comes from a merged area, and in which direction.
type carry uint8

const (
	carriedNot carry = iota
	carriedDown
	carriedAcross
)

// row is one row of a sheet; n is its number as Excel shows it.
type row struct {
	n     int
	cells []cell
	left  []string // slip codes of limits that were reached at this row: something in the sheet was left out
}

func (r row) at(i int) cell {
	if i < 0 || i >= len(r.cells) {
		return cell{}
	}
	return r.cells[i]
}

func (r row) empty() bool {
	for _, c := range r.cells {
		if c.text != "" || c.fault != "" {
			return false
		}
	}
	return true
}

// maxCell is the longest text of one cell that is kept: Excel itself ends at 32,767 characters.
const maxCell = 32 << 10

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// cleanCell makes text safe to keep: valid UTF-8, line ends as \n, no control characters and none that change the
// direction of writing, no space around it. Line breaks inside stay: people use them.
func cleanCell(s string) string {
	if simpleText(s) {
		return strings.TrimSpace(s)
	}
	s = lineEnds.Replace(strings.ToValidUTF8(s, "\uFFFD"))
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\t', r == '\u2028', r == '\u2029':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == '\uFEFF', r == '\uFFFE', r == '\uFFFF':
			return -1
		}
		return r
	}, s)
	return strings.TrimSpace(s)
}

func simpleText(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < 0x20 || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// cutCell bounds a text; the second result tells that it was cut.
func cutCell(s string) (string, bool) {
	if len(s) <= maxCell {
		return s, false
	}
	return strings.ToValidUTF8(s[:maxCell], ""), true
}

// blankWord reports texts that people write where there is nothing: "-", なし, 未定.
func blankWord(s string) bool { return s == "" || words().blank[fold(s)] }

// A spreadsheet takes text that begins with one of these as a formula. On the way out an apostrophe is put before it, on
// the way in one is taken away; a text that already has apostrophes there gets one more, so nothing is lost.
const formulaStarts = "=+-@＝＋－＠\t\r|%"

// shield makes s harmless in a spreadsheet, and in a CSV file of ours.
func shield(s string) string {
	if needsShield(strings.TrimLeft(s, "'")) {
		return "'" + s
	}
	return s
}

// unshield undoes shield.
func unshield(s string) string {
	if rest := strings.TrimLeft(s, "'"); rest != s && needsShield(rest) {
		return s[1:]
	}
	return s
}

func needsShield(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return s != "" && strings.ContainsRune(formulaStarts, r) || s == sectionMark
}

var errorValues = setOf([]string{"#ref!", "#n/a", "#value!", "#name?", "#div/0!", "#null!", "#num!", "#spill!", "#calc!"})

// newCell makes a cell of what a file holds. tooLong tells that it had to be cut.
func newCell(text, raw string) (c cell, tooLong bool) {
	text, tooLong = cutCell(text)
	raw, _ = cutCell(raw)
	if strings.ContainsAny(text, "Ee") && strings.Trim(raw, "0123456789") == "" && raw != "" {
		text = raw // 1.23E+11 hides digits that the file has
	}
	text = cleanCell(text)
	if bare := unshield(text); bare != text {
		return cell{text: bare, raw: text}, tooLong
	}
	if errorValues[strings.ToLower(text)] {
		return cell{raw: text, fault: "formula_error"}, tooLong
	}
	if raw == text {
		raw = ""
	}
	return cell{text: text, raw: raw}, tooLong
}
