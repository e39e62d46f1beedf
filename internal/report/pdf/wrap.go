package pdf

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// text is a string in one font and size.
type text struct {
	s    string
	w    weight
	size float64
}

func (k *ink) width(t text) float64 { return k.faces[t.w].of(t.s, t.size) }

// neverFirst are characters that must not begin a line in Japanese (JIS X 4051) and that UAX #14 lets begin one, because it
// takes them for ideographs or letters.
const neverFirst = "～－＝／＼｜＿＊＋＞＆＠：；"

// neverLast are those that must not end one.
const neverLast = "＃＜＋＠＄￥№"

// counters follow a number without a gap: 3件, 11月25日. A line never ends between them.
const counters = "年月日時分秒台件個本号回人週名枚行列倍割円％%"

// segments cuts s into the pieces between which a line may end: UAX #14, then what Japanese asks beyond it.
// A piece keeps its spaces at its end. Line feeds are not in s.
func segments(s string) (out []string) {
	for state := -1; s != ""; {
		var seg string
		seg, s, _, state = uniseg.FirstLineSegmentInString(s, state)
		if n := len(out); n > 0 && bound(out[n-1], seg) {
			out[n-1] += seg
		} else {
			out = append(out, seg)
		}
	}
	return out
}

// bound reports that no line may end between a and b although UAX #14 would allow it.
func bound(a, b string) bool {
	last, _ := utf8.DecodeLastRuneInString(a)
	first, _ := utf8.DecodeRuneInString(b)
	return strings.ContainsRune(neverFirst, first) || strings.ContainsRune(neverLast, last) ||
		unicode.IsDigit(last) && strings.ContainsRune(counters, first)
}

// wrap breaks t into lines no wider than max, by UAX #14 and 禁則. No character is lost but the spaces at which a line
// ends. A word that is wider than a line is cut where it hurts least.
func (k *ink) wrap(t text, max float64) (lines []string) {
	for para := range strings.SplitSeq(t.s, "\n") {
		lines = append(lines, k.wrapLine(text{para, t.w, t.size}, max)...)
	}
	return lines
}

func (k *ink) wrapLine(t text, max float64) []string {
	if k.width(t) <= max {
		return []string{strings.TrimRight(t.s, " ")}
	}
	segs := segments(t.s)
	lines := k.fill(segs, t, max)
	// A last line of one or two characters looks like a mistake: a slightly narrower setting gives it company.
	for narrow := max; len(lines) > 1 && k.width(text{lines[len(lines)-1], t.w, t.size}) < 2.5*t.size && narrow > 0.8*max; {
		narrow -= t.size / 2
		if again := k.fill(segs, t, narrow); len(again) == len(lines) {
			lines = again
		} else {
			break
		}
	}
	return lines
}

// fill puts pieces into lines as they come.
func (k *ink) fill(segs []string, t text, max float64) (lines []string) {
	line, width := "", 0.0
	for _, seg := range segs {
		t.s = strings.TrimRight(seg, " ")
		w := k.width(t)
		if line != "" && width+w > max {
			lines = append(lines, strings.TrimRight(line, " "))
			line, width = "", 0
		}
		if w > max {
			var cut []string
			cut, seg = k.cut(seg, t, max)
			lines = append(lines, cut...)
		}
		t.s = seg
		line, width = line+seg, width+k.width(t)
	}
	return append(lines, strings.TrimRight(line, " "))
}

// gentle are characters after which a long name may be cut.
const gentle = "._:@\\/=&?,;-"

// cut breaks a piece that is wider than a line. It gives the full lines, and what is left for the next.
func (k *ink) cut(seg string, t text, max float64) (lines []string, rest string) {
	for {
		t.s = strings.TrimRight(seg, " ")
		if k.width(t) <= max {
			return lines, seg
		}
		n := k.fits(seg, t, max)
		lines, seg = append(lines, seg[:n]), seg[n:]
	}
}

// fits is how many bytes of a piece go on a line: at least one character, to a gentle place if one is near the end, and
// not so that the next line begins with what must not.
func (k *ink) fits(seg string, t text, max float64) int {
	width, n, soft := 0.0, 0, 0
	for state, rest := -1, seg; rest != ""; {
		var c string
		c, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		t.s = c
		w := k.width(t)
		if n > 0 && width+w > max {
			break
		}
		width, n = width+w, n+len(c)
		if strings.Contains(gentle, c) && width > max/2 {
			soft = n
		}
	}
	if soft > 0 {
		return soft
	}
	for back := n; back > n/2; {
		_, size := utf8.DecodeLastRuneInString(seg[:back])
		if r, _ := utf8.DecodeRuneInString(seg[back:]); !closes(r) {
			return back
		}
		back -= size
	}
	return n
}

// closes reports punctuation that must not begin a line.
func closes(r rune) bool {
	return strings.ContainsRune("、。，．・？！）］｝」』】〉》ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ…‥―"+neverFirst, r) || unicode.Is(unicode.M, r)
}
