// Package charset reads text whose encoding is announced wrongly or not at all, as Japanese devices and systems send it:
// UTF-8, Shift_JIS (CP932), EUC-JP, ISO-2022-JP.
//
// It is best effort and never fails; it knows no other legacy encodings. What it returns is UTF-8, and not yet cleaned.
package charset

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"

	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// MaxInput bounds the bytes that are decoded; what is longer is cut.
const MaxInput = 8 << 10

// Text decodes b. The hint is an encoding's name as found in a header or message ("Shift_JIS", "x-euc-jp",
// "ISO IR87"), "" if there is none. ASCII and valid UTF-8 win over the hint, because hints are often wrong.
func Text(b []byte, hint string) string {
	b = b[:min(len(b), MaxInput)]
	if bytes.IndexByte(b, 0x1b) >= 0 {
		return decode(japanese.ISO2022JP, b)
	}
	if utf8.Valid(b) {
		return string(b)
	}
	if e := byName(hint); e != nil {
		return decode(e, b)
	}
	sjis, euc := decode(japanese.ShiftJIS, b), decode(japanese.EUCJP, b)
	if strangeness(euc) < strangeness(sjis) {
		return euc
	}
	return sjis
}

// Guess is Text without a hint. It costs nothing for ASCII, where what it returns is a view of b and must not outlive it.
func Guess(b []byte) string {
	for _, x := range b {
		if x >= 0x80 || x == 0x1b {
			return Text(b, "")
		}
	}
	return dissect.View(b)
}

func byName(hint string) encoding.Encoding {
	h := strings.ToLower(hint)
	switch {
	case strings.Contains(h, "sjis"), strings.Contains(h, "shift"), strings.Contains(h, "31j"), strings.Contains(h, "932"):
		return japanese.ShiftJIS
	case strings.Contains(h, "euc"):
		return japanese.EUCJP
	}
	return nil
}

func decode(e encoding.Encoding, b []byte) string {
	out, err := e.NewDecoder().Bytes(b)
	if err != nil {
		return strings.ToValidUTF8(string(b), "\uFFFD")
	}
	return string(out)
}

// strangeness counts what a right decoding of Japanese text has little of: replacement characters, and the half-width
// katakana that EUC-JP turns into when it is read as Shift_JIS.
func strangeness(s string) (n int) {
	for _, r := range s {
		switch {
		case r == utf8.RuneError:
			n += 4
		case r >= 0xff61 && r <= 0xff9f:
			n++
		}
	}
	return n
}
