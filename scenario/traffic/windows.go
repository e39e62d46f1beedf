package traffic

import (
	"encoding/binary"
)

// netbios puts the length of a message before it (RFC 1002, direct over TCP 445).
func netbios(b []byte) []byte {
	return append([]byte{0, byte(len(b) >> 16), byte(len(b) >> 8), byte(len(b))}, b...)
}

// smb1 negotiate: client and server agree on "NT LM 0.12" (MS-CIFS 2.2.4.52).
func smb1(*capturing, []string) ([]said, error) {
	head := func(flags byte) []byte {
		h := make([]byte, 32)
		copy(h, "\xffSMB\x72")
		h[9], h[10], h[11] = flags, 0x53, 0xc8
		h[26] = 0xff
		return h
	}
	dialects := "\x02PC NETWORK PROGRAM 1.0\x00\x02LANMAN1.0\x00\x02NT LM 0.12\x00"
	q := append(head(0x18), 0)
	q = binary.LittleEndian.AppendUint16(q, uint16(len(dialects)))
	q = append(q, dialects...)
	words := make([]byte, 34)
	binary.LittleEndian.PutUint16(words, 2) // the third dialect
	words[2] = 3                            // user level, passwords encrypted
	binary.LittleEndian.PutUint16(words[3:], 50)
	binary.LittleEndian.PutUint16(words[5:], 1)
	binary.LittleEndian.PutUint32(words[7:], 16644)
	binary.LittleEndian.PutUint32(words[19:], 0x8000f3fd) // with extended security
	a := append(append(head(0x98), 17), words...)
	guid := "0123456789abcdef"
	a = binary.LittleEndian.AppendUint16(a, uint16(len(guid)))
	a = append(a, guid...)
	return []said{ask(netbios(q)), answer(netbios(a))}, nil
}

// smb2 negotiate: 2.0.2 to 3.0.2 offered, 3.0.2 taken (MS-SMB2 2.2.3, 2.2.4).
func smb2(*capturing, []string) ([]said, error) {
	head := func(reply bool) []byte {
		h := make([]byte, 64)
		copy(h, "\xfeSMB\x40\x00")
		binary.LittleEndian.PutUint16(h[14:], 1) // credits
		if reply {
			h[16] = 1
		}
		return h
	}
	q := make([]byte, 36)
	q[0], q[2], q[4] = 36, 4, 1
	copy(q[12:28], "story-client-gui")
	for _, d := range []uint16{0x0202, 0x0210, 0x0300, 0x0302} {
		q = binary.LittleEndian.AppendUint16(q, d)
	}
	a := make([]byte, 64)
	a[0], a[2] = 65, 1
	binary.LittleEndian.PutUint16(a[4:], 0x0302)
	copy(a[8:24], "story-server-gui")
	for _, at := range []int{28, 32, 36} {
		binary.LittleEndian.PutUint32(a[at:], 1<<20)
	}
	binary.LittleEndian.PutUint16(a[56:], 128)
	return []said{ask(netbios(append(head(false), q...))), answer(netbios(append(head(true), a...)))}, nil
}

// rdp: the connection request with a user's cookie, and its confirmation (MS-RDPBCGR 2.2.1.1, 2.2.1.2).
func rdp(*capturing, []string) ([]said, error) {
	tpkt := func(b []byte) []byte {
		return append([]byte{3, 0, 0, byte(len(b) + 4)}, b...)
	}
	cookie := "Cookie: mstshash=vendor\r\n"
	negotiate := []byte{1, 0, 8, 0, 0, 0, 0, 0}
	q := append([]byte{byte(6 + len(cookie) + len(negotiate)), 0xe0, 0, 0, 0, 0, 0}, cookie...)
	q = append(q, negotiate...)
	a := []byte{14, 0xd0, 0, 0, 0x12, 0x34, 0, 2, 0, 8, 0, 0, 0, 0, 0}
	more := make([]byte, 40) // MCS connect initial and response; their content does not matter here
	copy(more, []byte{2, 0xf0, 0x80, 0x7f, 0x65})
	return []said{ask(tpkt(q)), answer(tpkt(a)), ask(tpkt(more)), answer(tpkt(more))}, nil
}
