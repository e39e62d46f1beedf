package windows

import (
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/mimawari/mimawari/internal/model"
)

// wide turns UTF-16 little-endian into text, up to a terminating zero and at most model.MaxText bytes' worth.
func wide(b []byte) string {
	out := make([]byte, 0, 64)
	for len(b) >= 2 && len(out) < model.MaxText {
		u := rune(binary.LittleEndian.Uint16(b))
		b = b[2:]
		if u == 0 {
			break
		}
		if utf16.IsSurrogate(u) && len(b) >= 2 {
			u = utf16.DecodeRune(u, rune(binary.LittleEndian.Uint16(b)))
			b = b[2:]
		}
		out = utf8.AppendRune(out, u)
	}
	return string(out)
}

// span gives b[off:off+n], nil if it is not all there.
func span(b []byte, off, n int) []byte {
	if off < 0 || n < 0 || off > len(b) || n > len(b)-off {
		return nil
	}
	return b[off : off+n]
}

func l16(b []byte, off int) int {
	if s := span(b, off, 2); s != nil {
		return int(binary.LittleEndian.Uint16(s))
	}
	return 0
}

func l32(b []byte, off int) uint32 {
	if s := span(b, off, 4); s != nil {
		return binary.LittleEndian.Uint32(s)
	}
	return 0
}
