package charset

import (
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"
)

func TestText(t *testing.T) {
	f := func(e encoding.Encoding, hint, text string) {
		t.Helper()
		b := []byte(text)
		if e != nil {
			var err error
			if b, err = e.NewEncoder().Bytes(b); err != nil {
				t.Fatal(err)
			}
		}
		if got := Text(b, hint); got != text {
			t.Errorf("Text(% x, %q) = %q, want %q", b, hint, got, text)
		}
	}
	f(nil, "", "plain")
	f(nil, "Shift_JIS", "検査部門システム")
	f(japanese.ShiftJIS, "", "検査部門システム")
	f(japanese.ShiftJIS, "Shift_JIS", "ｶﾙﾃ")
	f(japanese.EUCJP, "", "検査部門システム")
	f(japanese.EUCJP, "x-euc-jp", "放射線科")
	f(japanese.ISO2022JP, "ISO IR87", "放射線科 RIS")
}

func FuzzText(f *testing.F) {
	f.Add([]byte("\x1b$B8!::\x1b(B"), "ISO IR87")
	f.Add([]byte{0x8c, 0x9f, 0xff, 0x80}, "sjis")
	f.Fuzz(func(t *testing.T, b []byte, hint string) {
		if s := Text(b, hint); !utf8.ValidString(s) {
			t.Errorf("%q is not UTF-8", s)
		}
	})
}
