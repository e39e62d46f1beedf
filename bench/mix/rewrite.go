package main

import "encoding/binary"

// rewrite gives each round its own machines: a byte of every unicast MAC and IPv4 address moves on by n.
func rewrite(b []byte, n byte) {
	if b[0]&1 == 0 {
		b[4] += n
	}
	b[10] += n
	typ, p := binary.BigEndian.Uint16(b[12:]), b[14:]
	for (typ == 0x8100 || typ == 0x88a8) && len(p) >= 4 {
		typ, p = binary.BigEndian.Uint16(p[2:]), p[4:]
	}
	switch typ {
	case 0x0806:
		if len(p) >= 28 {
			p[12] += n
			move(p[14:18], n)
			move(p[24:28], n)
		}
	case 0x0800:
		rewriteIPv4(p, n)
	}
}

func rewriteIPv4(p []byte, n byte) {
	if len(p) < 20 {
		return
	}
	head := int(p[0]&15) * 4
	if head < 20 || head > len(p) {
		return
	}
	sums := [][]byte{p[10:12]}
	if first := binary.BigEndian.Uint16(p[6:])&0x1fff == 0; first {
		sums = append(sums, transportSum(p[9], p[head:])...)
	}
	for _, a := range [][]byte{p[12:16], p[16:20]} {
		from := binary.BigEndian.Uint16(a)
		move(a, n)
		for _, s := range sums {
			adjust(s, from, binary.BigEndian.Uint16(a))
		}
	}
}

// transportSum finds the checksum field of TCP or UDP; a UDP checksum of zero means that there is none.
func transportSum(proto byte, t []byte) [][]byte {
	switch {
	case proto == 6 && len(t) >= 18:
		return [][]byte{t[16:18]}
	case proto == 17 && len(t) >= 8 && (t[6] != 0 || t[7] != 0):
		return [][]byte{t[6:8]}
	}
	return nil
}

func move(a []byte, n byte) {
	if a[0] != 0 && a[0] != 127 && a[0] < 224 {
		a[1] += n
	}
}

// adjust updates a checksum for a word that changed (RFC 1624 equation 3).
func adjust(sum []byte, from, to uint16) {
	s := uint32(^binary.BigEndian.Uint16(sum)) + uint32(^from) + uint32(to)
	for s>>16 != 0 {
		s = s&0xffff + s>>16
	}
	binary.BigEndian.PutUint16(sum, ^uint16(s))
}
