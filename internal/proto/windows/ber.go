package windows

// ber is one element of the Basic Encoding Rules (X.690) as LDAP and Kerberos use them.
type ber struct {
	tag  byte
	body []byte
}

// berHead reads tag and length: size of the head, length of the body. ok is false if the form is not one that these
// protocols use (long tags, indefinite length, over 2 GB); short if more bytes are needed.
func berHead(b []byte) (head, n int, short, ok bool) {
	if len(b) < 2 {
		return 0, 0, true, true
	}
	if b[0]&0x1f == 0x1f {
		return 0, 0, false, false
	}
	if b[1] < 0x80 {
		return 2, int(b[1]), false, true
	}
	k := int(b[1] & 0x7f)
	if k == 0 || k > 4 {
		return 0, 0, false, false
	}
	if len(b) < 2+k {
		return 0, 0, true, true
	}
	for _, x := range b[2 : 2+k] {
		n = n<<8 | int(x)
	}
	return 2 + k, n, false, n < 1<<31
}

// next takes the first element of *b; ok is false at the end or where it is damaged.
func next(b *[]byte) (e ber, ok bool) {
	head, n, short, ok := berHead(*b)
	if short || !ok || n > len(*b)-head {
		*b = nil
		return e, false
	}
	e = ber{(*b)[0], (*b)[head : head+n]}
	*b = (*b)[head+n:]
	return e, true
}

// cut is next for an element whose end may be missing.
func cut(b []byte) (e ber, ok bool) {
	head, n, short, ok := berHead(b)
	if short || !ok {
		return e, false
	}
	return ber{b[0], b[head : head+min(n, len(b)-head)]}, true
}

// inside finds the element with tag among those of b.
func inside(b []byte, tag byte) []byte {
	for {
		e, ok := next(&b)
		if !ok {
			return nil
		}
		if e.tag == tag {
			return e.body
		}
	}
}
