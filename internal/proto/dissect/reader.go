package dissect

import "encoding/binary"

// Reader takes values from a byte slice. Reading past the end gives zero values and sets Short; it never panics, so a
// decoder may read a whole header and check Short once.
type Reader struct {
	B     []byte
	Off   int
	Short bool
}

// Read makes a reader over b.
func Read(b []byte) Reader { return Reader{B: b} }

// Len is how many bytes are left.
func (r *Reader) Len() int { return len(r.B) - r.Off }

// Bytes takes n bytes; nil if there are fewer.
func (r *Reader) Bytes(n int) []byte {
	if n < 0 || n > r.Len() {
		r.Short = true
		r.Off = len(r.B)
		return nil
	}
	b := r.B[r.Off : r.Off+n : r.Off+n]
	r.Off += n
	return b
}

// Skip passes over n bytes.
func (r *Reader) Skip(n int) { r.Bytes(n) }

// Rest takes all that is left.
func (r *Reader) Rest() []byte { return r.Bytes(r.Len()) }

// U8 takes one byte.
func (r *Reader) U8() uint8 {
	if b := r.Bytes(1); b != nil {
		return b[0]
	}
	return 0
}

// U16 takes a big-endian 16-bit number.
func (r *Reader) U16() uint16 {
	if b := r.Bytes(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

// U24 takes a big-endian 24-bit number.
func (r *Reader) U24() uint32 {
	if b := r.Bytes(3); b != nil {
		return uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2])
	}
	return 0
}

// U32 takes a big-endian 32-bit number.
func (r *Reader) U32() uint32 {
	if b := r.Bytes(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

// U64 takes a big-endian 64-bit number.
func (r *Reader) U64() uint64 {
	if b := r.Bytes(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// L16 takes a little-endian 16-bit number.
func (r *Reader) L16() uint16 {
	if b := r.Bytes(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

// L32 takes a little-endian 32-bit number.
func (r *Reader) L32() uint32 {
	if b := r.Bytes(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// Sub takes n bytes as a reader of their own.
func (r *Reader) Sub(n int) Reader {
	b := r.Bytes(n)
	return Reader{B: b, Short: r.Short}
}
