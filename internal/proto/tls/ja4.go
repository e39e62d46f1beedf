package tls

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
)

// maxJA4 bounds the ciphers, and the extensions, that go into a fingerprint; no real client offers as many.
const maxJA4 = 512

// ja4 appends the JA4 fingerprint of a ClientHello (FoxIO, technical_details/JA4.md): transport, version, whether there
// is a server name, numbers of ciphers and extensions, ALPN; hash of the sorted ciphers; hash of the sorted extensions
// without server name and ALPN, followed by the signature algorithms in their own order. GREASE counts nowhere.
func (h *hello) ja4(out []byte, transport byte) []byte {
	ciphers := numbers(h.ciphers)
	var exts []uint16
	eachExt(h.exts, func(typ uint16, _ []byte) {
		if !grease(typ) && len(exts) < maxJA4 {
			exts = append(exts, typ)
		}
	})
	out = append(out, transport)
	out = append(out, ja4Version(h.version)...)
	if h.hasSNI {
		out = append(out, 'd')
	} else {
		out = append(out, 'i')
	}
	out = twoDigits(twoDigits(out, len(ciphers)), len(exts))
	out = ja4ALPN(out, h.alpn)

	slices.Sort(ciphers)
	out = ja4Hash(append(out, '_'), hexList(nil, ciphers))
	exts = slices.DeleteFunc(exts, func(e uint16) bool { return e == extServerName || e == extALPN })
	slices.Sort(exts)
	list := hexList(nil, exts)
	if sig := numbers(h.sigAlgs); len(sig) > 0 && len(list) > 0 {
		list = hexList(append(list, '_'), sig)
	}
	return ja4Hash(append(out, '_'), list)
}

// numbers gives the big-endian pairs of b without GREASE.
func numbers(b []byte) []uint16 {
	out := make([]uint16, 0, min(len(b)/2, maxJA4))
	for ; len(b) >= 2 && len(out) < maxJA4; b = b[2:] {
		if v := binary.BigEndian.Uint16(b); !grease(v) {
			out = append(out, v)
		}
	}
	return out
}

func ja4Version(v uint16) string {
	switch v {
	case 0x0304:
		return "13"
	case 0x0303:
		return "12"
	case 0x0302:
		return "11"
	case 0x0301:
		return "10"
	case 0x0300:
		return "s3"
	case 0x0002:
		return "s2"
	case 0xfeff:
		return "d1"
	case 0xfefd:
		return "d2"
	case 0xfefc:
		return "d3"
	}
	return "00"
}

func twoDigits(out []byte, n int) []byte {
	n = min(n, 99)
	return append(out, byte('0'+n/10), byte('0'+n%10))
}

// ja4ALPN appends the first and last character, or of their hexadecimal form if one is not a letter or digit.
func ja4ALPN(out, alpn []byte) []byte {
	if len(alpn) == 0 {
		return append(out, '0', '0')
	}
	first, last := alpn[0], alpn[len(alpn)-1]
	if !alnum(first) || !alnum(last) {
		const digits = "0123456789abcdef"
		first, last = digits[first>>4], digits[last&15]
	}
	return append(out, first, last)
}

func alnum(b byte) bool { return b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' }

func hexList(out []byte, list []uint16) []byte {
	for i, v := range list {
		if i > 0 {
			out = append(out, ',')
		}
		out = hex.AppendEncode(out, []byte{byte(v >> 8), byte(v)})
	}
	return out
}

func ja4Hash(out, list []byte) []byte {
	if len(list) == 0 {
		return append(out, "000000000000"...)
	}
	sum := sha256.Sum256(list)
	return hex.AppendEncode(out, sum[:6])
}
