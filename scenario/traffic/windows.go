package traffic

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
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

// rpcInterfaces are UUIDs of MSRPC interfaces, by the names that the stories use.
var rpcInterfaces = map[string]string{
	"svcctl": "367abb81-9844-35f1-ad32-98f038001003", "atsvc": "1ff70682-0a51-30e8-076d-740be8cee98b",
	"wmi": "9556dc99-828c-11cf-a37e-00aa003240c7", "dispatch": "00020400-0000-0000-c000-000000000046",
	"winreg": "338cd001-2244-31f1-aaaa-900038001003", "drsuapi": "e3514235-4b06-11d1-ab04-00c04fc2dcd2",
	"lsarpc": "12345778-1234-abcd-ef00-0123456789ab", "efsr": "c681d488-d850-11d0-8c52-00c04fd90f7e",
	"netlogon": "12345678-1234-abcd-ef00-01234567cffb", "samr": "12345778-1234-abcd-ef00-0123456789ac",
	"srvsvc": "4b324fc8-1670-01d3-1278-5a47bf6ee188",
}

// rpc is "rpc INTERFACE OPERATION": the interface is bound, the operation called by its number and answered (C706 chapter 12.6.4).
func rpc(_ *capturing, args []string) ([]said, error) {
	if len(args) < 2 {
		return nil, fmt.Errorf("rpc wants an interface and the number of an operation")
	}
	id, err := hex.DecodeString(strings.ReplaceAll(rpcInterfaces[args[0]], "-", ""))
	if err != nil || len(id) != 16 {
		return nil, fmt.Errorf("unknown interface %q", args[0])
	}
	op, err := strconv.ParseUint(args[1], 10, 16)
	if err != nil {
		return nil, err
	}
	for _, swap := range [][2]int{{0, 3}, {1, 2}, {4, 5}, {6, 7}} {
		id[swap[0]], id[swap[1]] = id[swap[1]], id[swap[0]]
	}
	pdu := func(kind byte, body []byte) []byte {
		b := []byte{5, 0, kind, 3, 0x10, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0}
		binary.LittleEndian.PutUint16(b[8:], uint16(len(b)+len(body)))
		return append(b, body...)
	}
	ndr := append([]byte{4, 0x5d, 0x88, 0x8a, 0xeb, 0x1c, 0xc9, 0x11, 0x9f, 0xe8, 8, 0, 0x2b, 0x10, 0x48, 0x60}, 2, 0, 0, 0)
	bind := append([]byte{0xb8, 0x10, 0xb8, 0x10, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0}, id...)
	bind = append(append(bind, 1, 0, 0, 0), ndr...)
	taken := append([]byte{0xb8, 0x10, 0xb8, 0x10, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0}, ndr...)
	request := []byte{8, 0, 0, 0, 0, 0, byte(op), byte(op >> 8), 1, 2, 3, 4, 5, 6, 7, 8}
	response := []byte{4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	return []said{ask(pdu(11, bind)), answer(pdu(12, taken)), ask(pdu(0, request)), answer(pdu(2, response))}, nil
}

// ntlm is "ntlm DOMAIN\\NAME ok|denied": a log-in at a file server by SMB2 (MS-SMB2 2.2.5, MS-NLMP 2.2.1.3).
func ntlm(c *capturing, args []string) ([]said, error) {
	if len(args) < 2 || args[1] != "ok" && args[1] != "denied" {
		return nil, fmt.Errorf("ntlm wants an account, then ok or denied")
	}
	domain, name, _ := strings.Cut(args[0], `\`)
	lines, err := smb2(c, nil)
	if err != nil {
		return nil, err
	}
	token := ntlmAuthenticate(domain, name)
	q := make([]byte, 24)
	q[0] = 25
	binary.LittleEndian.PutUint16(q[12:], 64+24)
	binary.LittleEndian.PutUint16(q[14:], uint16(len(token)))
	status := uint32(0)
	if args[1] == "denied" {
		status = 0xc000006d
	}
	head := func(reply bool, status uint32) []byte {
		h := make([]byte, 64)
		copy(h, "\xfeSMB\x40\x00")
		binary.LittleEndian.PutUint32(h[8:], status)
		h[12], h[14] = 1, 1 // SESSION_SETUP, credits
		if reply {
			h[16] = 1
		}
		return h
	}
	a := []byte{9, 0, 0, 0, 72, 0, 0, 0}
	return append(lines, ask(netbios(append(append(head(false, 0), q...), token...))), answer(netbios(append(head(true, status), a...)))), nil
}

func ntlmAuthenticate(domain, name string) []byte {
	m := make([]byte, 64)
	copy(m, "NTLMSSP\x00\x03")
	m[60] = 1 // Unicode
	field := func(at int, s string) {
		n := len(m)
		for _, u := range utf16.Encode([]rune(s)) {
			m = binary.LittleEndian.AppendUint16(m, u)
		}
		binary.LittleEndian.PutUint16(m[at:], uint16(len(m)-n))
		binary.LittleEndian.PutUint16(m[at+2:], uint16(len(m)-n))
		binary.LittleEndian.PutUint32(m[at+4:], uint32(n))
	}
	field(28, domain)
	field(36, name)
	field(44, "PC20")
	return m
}
