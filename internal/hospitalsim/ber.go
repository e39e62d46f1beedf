package hospitalsim

import "encoding/binary"

// tlv is one element of ASN.1 (X.690) with its parts joined.
func tlv(tag byte, parts ...[]byte) []byte {
	var body []byte
	for _, p := range parts {
		body = append(body, p...)
	}
	switch n := len(body); {
	case n < 0x80:
		return append([]byte{tag, byte(n)}, body...)
	case n < 0x100:
		return append([]byte{tag, 0x81, byte(n)}, body...)
	default:
		return append([]byte{tag, 0x82, byte(n >> 8), byte(n)}, body...)
	}
}

func berInt(v uint32) []byte {
	b := binary.BigEndian.AppendUint32([]byte{0}, v)
	for len(b) > 1 && b[0] == 0 && b[1] < 0x80 {
		b = b[1:]
	}
	return tlv(2, b)
}

func berText(s string) []byte { return tlv(4, []byte(s)) }

// utf16 is text as Windows sends it.
func utf16(s string) []byte {
	var b []byte
	for _, r := range s {
		b = binary.LittleEndian.AppendUint16(b, uint16(r))
	}
	return b
}

// le and be join numbers of 1, 2, 4 and 8 bytes, bytes and text.
func le(vs ...any) []byte { return join(binary.LittleEndian, vs) }
func be(vs ...any) []byte { return join(binary.BigEndian, vs) }

func join(o binary.AppendByteOrder, vs []any) []byte {
	var b []byte
	for _, v := range vs {
		switch v := v.(type) {
		case uint8:
			b = append(b, v)
		case uint16:
			b = o.AppendUint16(b, v)
		case uint32:
			b = o.AppendUint32(b, v)
		case uint64:
			b = o.AppendUint64(b, v)
		case []byte:
			b = append(b, v...)
		case string:
			b = append(b, v...)
		default:
			panic("BUG: a number without a size")
		}
	}
	return b
}

func u16(n int) uint16 { return uint16(n) }
func u32(n int) uint32 { return uint32(n) }
