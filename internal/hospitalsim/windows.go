package hospitalsim

import (
	"bytes"
	"strings"
)

// Flags of NTLM (MS-NLMP 2.2.2.5): Unicode, NTLM, extended security, target info, version, 128 bit, 56 bit.
const ntlmFlags = 0xe2898215

const netbiosDomain = "HOSPITAL"

// ntlmVersion is the VERSION of NTLM (MS-NLMP 2.2.2.10). Samba says 6.1 without a build.
func ntlmVersion(m *machine) []byte {
	if m.os != windows {
		return le(uint8(6), uint8(1), uint16(0), []byte{0, 0, 0, 15})
	}
	build := 19045
	switch {
	case m.row.os == "Windows 11":
		build = 22631
	case m.row.os == "Windows Server 2019":
		build = 17763
	case m.row.os == "Windows Server 2016":
		build = 14393
	}
	return le(uint8(10), uint8(0), u16(build), []byte{0, 0, 0, 15})
}

func ntlmNegotiate(m *machine) []byte {
	return le("NTLMSSP\x00", uint32(1), uint32(ntlmFlags), make([]byte, 16), ntlmVersion(m))
}

// targetInfo is the list of names in a challenge (MS-NLMP 2.2.2.1).
func targetInfo(s *machine, member bool) (domainName string, info []byte) {
	dom, dnsDomain, dnsName := netbiosDomain, domain, strings.ToLower(s.name)+"."+domain
	if !member {
		dom, dnsDomain, dnsName = s.name, s.name, s.name
	}
	for _, av := range []struct {
		id   int
		text string
	}{{2, dom}, {1, s.name}, {4, dnsDomain}, {3, dnsName}} {
		v := utf16(av.text)
		info = append(info, le(u16(av.id), u16(len(v)), v)...)
	}
	return dom, append(info, 0, 0, 0, 0)
}

func (w *world) ntlmChallenge(s *machine, member bool) []byte {
	dom, info := targetInfo(s, member)
	name := utf16(dom)
	return le("NTLMSSP\x00", uint32(2), u16(len(name)), u16(len(name)), uint32(56), uint32(ntlmFlags), w.noise(8), make([]byte, 8),
		u16(len(info)), u16(len(info)), u32(56+len(name)), ntlmVersion(s), name, info)
}

// ntlmAuthenticate is the client's proof that it knows a password (MS-NLMP 2.2.1.3, 2.2.2.8): noise, in the right form.
func (w *world) ntlmAuthenticate(c, s *machine, member bool) []byte {
	_, info := targetInfo(s, member)
	proof := le(w.noise(16), uint8(1), uint8(1), make([]byte, 6), w.noise(8), w.noise(8), uint32(0), info, uint32(0))
	parts := [][]byte{make([]byte, 24), proof, utf16(netbiosDomain), utf16("user"), utf16(c.name), w.noise(16)}
	const head = 88
	at := head
	var fields, body []byte
	for _, p := range parts {
		fields = append(fields, le(u16(len(p)), u16(len(p)), u32(at))...)
		body = append(body, p...)
		at += len(p)
	}
	return le("NTLMSSP\x00", uint32(3), fields, uint32(ntlmFlags), ntlmVersion(c), make([]byte, 16), body)
}

// smb2 is one message in its TCP frame (MS-SMB2 2.2.1.2, MS-SMB2 2.1).
func smb2(command int, response bool, status uint32, id uint64, body []byte) []byte {
	flags := uint32(0)
	if response {
		flags = 1
	}
	m := le("\xfeSMB", uint16(64), uint16(1), status, u16(command), uint16(1), flags, uint32(0), id, uint32(0xfeff), uint32(1), uint64(0x4000000001), make([]byte, 16), body)
	return be(u32(len(m)), m)
}

const moreProcessing = 0xc0000016

func setupRequest(token []byte) []byte {
	return le(uint16(25), uint8(0), uint8(1), uint32(1), uint32(0), uint16(88), u16(len(token)), uint64(0), token)
}

func setupResponse(token []byte) []byte {
	return le(uint16(9), uint16(0), uint16(72), u16(len(token)), token)
}

// share is a machine opening a shared folder, looking for files and reading one (MS-SMB2 4.1).
func (w *world) share(at int64, c, s *machine, folder string, size int) int64 {
	t := w.dial(at, c, s, 445)
	member := s.os == windows
	w.smb2Open(t, c, s, member)
	path := utf16(`\\` + s.name + `\` + folder)
	t.talk(smb2(3, false, 0, 4, le(uint16(9), uint16(0), uint16(72), u16(len(path)), path)),
		smb2(3, true, 0, 4, le(uint16(16), uint8(1), uint8(0), uint32(0x30), uint32(0), uint32(0x1f01ff))))
	id := uint64(5)
	file := utf16("文書" + folder + ".xlsx")
	t.talk(smb2(5, false, 0, id, le(uint16(57), uint8(0), uint8(0), uint32(2), make([]byte, 16), uint32(0x120089), uint32(0), uint32(7), uint32(1), uint32(0), uint16(120), u16(len(file)), uint64(0), file)),
		smb2(5, true, 0, id, le(uint16(89), uint16(0), uint32(1), make([]byte, 56), w.noise(16), uint64(0))))
	for size > 0 {
		id++
		n := min(size, 60000)
		t.talk(smb2(8, false, 0, id, le(uint16(49), uint16(0x50), u32(n), uint64(0), w.noise(16), uint32(0), uint32(0), uint32(0), uint32(0))),
			smb2(8, true, 0, id, le(uint16(17), uint8(80), uint8(0), u32(n), uint32(0), uint32(0), w.noise(n))))
		size -= n
	}
	t.wait(w.upTo(2e9))
	t.talk(smb2(6, false, 0, id+1, le(uint16(24), uint16(0), uint32(0), w.noise(16))), smb2(6, true, 0, id+1, le(uint16(60), make([]byte, 58))))
	return t.bye()
}

// smb2Open negotiates and logs in with NTLM (MS-SMB2 2.2.3 to 2.2.6).
func (w *world) smb2Open(t *tcp, c, s *machine, member bool) {
	t.talk(smb2(0, false, 0, 0, le(uint16(36), uint16(3), uint16(1), uint16(0), uint32(0x7f), w.noise(16), uint64(0), uint16(0x0210), uint16(0x0300), uint16(0x0302))),
		smb2(0, true, 0, 0, le(uint16(65), uint16(1), uint16(0x0302), uint16(0), w.noise(16), uint32(0x2f), uint32(1<<23), uint32(1<<23), uint32(1<<23), uint64(133400000000000000), uint64(0), uint16(128), uint16(0), uint32(0))))
	t.talk(smb2(1, false, 0, 1, setupRequest(ntlmNegotiate(c))), smb2(1, true, moreProcessing, 1, setupResponse(w.ntlmChallenge(s, member))))
	t.talk(smb2(1, false, 0, 2, setupRequest(w.ntlmAuthenticate(c, s, member))), smb2(1, true, 0, 2, setupResponse(nil)))
}

// smb1 is a message of the old protocol (MS-CIFS 2.2.3.1).
func smb1(command byte, response bool, words, data []byte) []byte {
	flags := byte(0x18)
	if response {
		flags |= 0x80
	}
	m := le("\xffSMB", command, uint32(0), flags, uint16(0xc001), make([]byte, 12), uint16(1), uint16(0xfeff), uint16(1), uint16(1), u8(len(words)/2), words, u16(len(data)), data)
	return be(u32(len(m)), m)
}

func u8(n int) uint8 { return uint8(n) }

// oldShare is a machine that can't do better than SMB version 1 being read from.
func (w *world) oldShare(at int64, c, s *machine) int64 {
	t := w.dial(at, c, s, 445)
	t.talk(smb1(0x72, false, nil, []byte("\x02NT LM 0.12\x00")),
		smb1(0x72, true, le(uint16(0), uint8(3), uint16(50), uint16(1), uint32(16644), uint32(65536), uint32(0), uint32(0x8000e3fd), uint64(0), uint16(0), uint8(0)), w.noise(16)))
	token := ntlmNegotiate(c)
	t.talk(smb1(0x73, false, le(uint8(0xff), uint8(0), uint16(0), uint16(16644), uint16(50), uint16(1), uint32(0), u16(len(token)), uint32(0), uint32(0x800000d4)),
		le(token, utf16("Windows 10\x00"), utf16("Windows 10\x00"))),
		smb1(0x73, true, le(uint8(0xff), uint8(0), uint16(0), uint16(0), uint16(0)), le(uint8(0), utf16("Windows 5.1\x00Windows 2000 LAN Manager\x00"))))
	for range 6 {
		t.talk(smb1(0x2e, false, le(uint8(0xff), uint8(0), uint16(0), uint16(1), uint32(0), uint16(16000), uint16(16000), uint32(0), uint16(0)), nil),
			smb1(0x2e, true, le(uint8(0xff), uint8(0), uint16(0), make([]byte, 6), uint16(16000), uint16(59), make([]byte, 10)), w.noise(16000)))
	}
	return t.bye()
}

func ldapMessage(id uint32, op []byte) []byte { return tlv(0x30, berInt(id), op) }

// ldapSearch asks for attributes of the root DSE (RFC 4511, 4.5.1).
func ldapSearch(id uint32, filter []byte, attrs ...string) []byte {
	var list []byte
	for _, a := range attrs {
		list = append(list, berText(a)...)
	}
	return ldapMessage(id, tlv(0x63, berText(""), tlv(10, []byte{0}), tlv(10, []byte{0}), berInt(0), berInt(0), tlv(1, []byte{0}), filter, tlv(0x30, list)))
}

func ldapEntry(id uint32, pairs ...[]byte) []byte {
	var attrs [][]byte
	for i := 0; i+1 < len(pairs); i += 2 {
		attrs = append(attrs, tlv(0x30, tlv(4, pairs[i]), tlv(0x31, tlv(4, pairs[i+1]))))
	}
	done := ldapMessage(id, tlv(0x65, tlv(10, []byte{0}), berText(""), berText("")))
	return append(ldapMessage(id, tlv(0x64, berText(""), tlv(0x30, attrs...))), done...)
}

var present = tlv(0x87, []byte("objectClass"))

// controller is the domain controller that a machine talks to: most to the first.
func (w *world) controller(c *machine) *machine {
	first, second := w.town.of("DC01"), w.town.of("DC02")
	if c == first || c != second && c.ip.As4()[3]%4 == 0 {
		return second
	}
	return first
}

// directory is a Windows machine at its domain controller: a ping, then a look into the directory.
func (w *world) directory(at int64, c *machine) int64 {
	dc := w.controller(c)
	host := tlv(0xa3, berText("Host"), berText(c.name))
	ping := ldapSearch(1, tlv(0xa0, tlv(0xa3, berText("DnsDomain"), berText(domain)), host, tlv(0xa3, berText("NtVer"), tlv(4, []byte{6, 0, 0, 0}))), "Netlogon")
	at = w.ask(at, c, dc, 389, ping, ldapEntry(1, []byte("Netlogon"), w.netlogon(dc)))
	t := w.dial(at+int64(w.upTo(5e6)), c, dc, 389)
	t.talk(ldapSearch(1, present, "defaultNamingContext", "dnsHostName"),
		ldapEntry(1, []byte("defaultNamingContext"), []byte("DC=hospital,DC=example"), []byte("dnsHostName"), []byte(strings.ToLower(dc.name)+"."+domain)))
	sasl := func(token []byte) []byte { return tlv(0xa3, berText("GSS-SPNEGO"), tlv(4, token)) }
	t.talk(ldapMessage(2, tlv(0x60, berInt(3), berText(""), sasl(ntlmNegotiate(c)))),
		ldapMessage(2, tlv(0x61, tlv(10, []byte{14}), berText(""), berText(""), tlv(0x87, w.ntlmChallenge(dc, true)))))
	t.talk(ldapMessage(3, tlv(0x60, berInt(3), berText(""), sasl(w.ntlmAuthenticate(c, dc, true)))), ldapMessage(3, tlv(0x61, tlv(10, []byte{0}), berText(""), berText(""))))
	t.talk(w.sealed(300), w.sealed(900))
	return t.bye()
}

// sealed is a message after the login, encrypted (RFC 4422, 3.7).
func (w *world) sealed(n int) []byte { return be(u32(n), w.noise(n)) }

// netlogon is the answer of a domain controller (MS-ADTS 6.3.1.9), names without compression.
func (w *world) netlogon(dc *machine) []byte {
	name := func(s string) []byte {
		var b bytes.Buffer
		for _, l := range strings.Split(s, ".") {
			b.WriteByte(byte(len(l)))
			b.WriteString(l)
		}
		b.WriteByte(0)
		return b.Bytes()
	}
	return le(uint16(23), uint16(0), uint32(0x3f3fd), w.noise(16), name(domain), name(domain), name(strings.ToLower(dc.name)+"."+domain), name(netbiosDomain),
		name(strings.ToUpper(dc.name)), []byte{0}, name("Default-First-Site-Name"), name("Default-First-Site-Name"), uint32(5), uint16(0xffff), uint16(0xffff))
}

// ticket is a machine getting a Kerberos ticket (RFC 4120, 5.4) from a domain controller.
func (w *world) ticket(at int64, c *machine) int64 {
	dc, realm := w.town.of("DC01"), tlv(0x1b, []byte(strings.ToUpper(domain)))
	name := func(typ uint32, parts ...string) []byte {
		var list []byte
		for _, p := range parts {
			list = append(list, tlv(0x1b, []byte(p))...)
		}
		return tlv(0x30, tlv(0xa0, berInt(typ)), tlv(0xa1, tlv(0x30, list)))
	}
	until := tlv(0x18, []byte("20370913024805Z"))
	body := tlv(0x30, tlv(0xa0, tlv(3, []byte{0, 0x40, 0x81, 0, 0x10})), tlv(0xa1, name(1, c.name+"$")), tlv(0xa2, realm), tlv(0xa3, name(2, "krbtgt", strings.ToUpper(domain))),
		tlv(0xa5, until), tlv(0xa7, berInt(w.rng.Uint32()>>1)), tlv(0xa8, tlv(0x30, berInt(18), berInt(17), berInt(23))),
		tlv(0xa9, tlv(0x30, tlv(0x30, tlv(0xa0, berInt(20)), tlv(0xa1, tlv(4, nbPadded(c.name)))))))
	req := tlv(0x6a, tlv(0x30, tlv(0xa1, berInt(5)), tlv(0xa2, berInt(10)), tlv(0xa4, body)))
	sealed := func(n int) []byte { return tlv(0x30, tlv(0xa0, berInt(18)), tlv(0xa2, tlv(4, w.noise(n)))) }
	tkt := tlv(0x61, tlv(0x30, tlv(0xa0, berInt(5)), tlv(0xa1, realm), tlv(0xa2, name(2, "krbtgt", strings.ToUpper(domain))), tlv(0xa3, sealed(900))))
	rep := tlv(0x6b, tlv(0x30, tlv(0xa0, berInt(5)), tlv(0xa1, berInt(11)), tlv(0xa3, realm), tlv(0xa4, name(1, c.name+"$")), tlv(0xa5, tkt), tlv(0xa6, sealed(250))))
	t := w.dial(at, c, dc, 88)
	t.talk(be(u32(len(req)), req), be(u32(len(rep)), rep))
	return t.bye()
}

func nbPadded(s string) []byte { return []byte((s + strings.Repeat(" ", 16))[:16]) }
