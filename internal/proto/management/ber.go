package management

// Tags of ASN.1 BER as SNMP uses them (RFC 1157, 3416).
const (
	tagInteger  = 0x02
	tagString   = 0x04
	tagOID      = 0x06
	tagSequence = 0x30
	tagGet      = 0xa0
	tagResponse = 0xa2
	tagTrapV1   = 0xa4
	tagTrapV2   = 0xa7
	tagReport   = 0xa8
)

// ber walks the elements of one level. It never looks past its slice, and recursion is the caller's, so depth is fixed.
type ber struct {
	b   []byte
	bad bool
}

// next takes one element; tag 0 with bad set if it is damaged or there is none.
func (r *ber) next() (tag byte, v []byte) {
	if len(r.b) < 2 {
		return r.fail()
	}
	tag = r.b[0]
	n, head := int(r.b[1]), 2
	if n >= 0x80 { // long form: up to four bytes of length
		k := n & 0x7f
		if k == 0 || k > 4 || len(r.b) < 2+k {
			return r.fail()
		}
		n = 0
		for _, x := range r.b[2 : 2+k] {
			n = n<<8 | int(x)
		}
		head += k
	}
	if n < 0 || n > len(r.b)-head {
		return r.fail()
	}
	v = r.b[head : head+n]
	r.b = r.b[head+n:]
	return tag, v
}

func (r *ber) fail() (byte, []byte) {
	r.bad, r.b = true, nil
	return 0, nil
}

// want takes one element that must have this tag.
func (r *ber) want(tag byte) []byte {
	t, v := r.next()
	if t != tag {
		r.bad = true
		return nil
	}
	return v
}

// small reads an integer of at most four bytes, -1 if it is none.
func (r *ber) small() int {
	v := r.want(tagInteger)
	if len(v) == 0 || len(v) > 4 {
		return -1
	}
	n := 0
	for _, x := range v {
		n = n<<8 | int(x)
	}
	return n
}
