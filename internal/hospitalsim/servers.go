package hospitalsim

// pg is one message of PostgreSQL's protocol 3 (PostgreSQL documentation, 55.7).
func pg(typ byte, body []byte) []byte { return be(typ, u32(len(body)+4), body) }

// database is a server at its database: a login by SCRAM, in which no password crosses the wire (RFC 5802), and a query.
func (w *world) database(at int64, c, s *machine) int64 {
	t := w.dial(at, c, s, 5432)
	start := be(uint32(196608), "user\x00karte\x00database\x00karte\x00application_name\x00karte-ap\x00\x00")
	t.talk(be(u32(len(start)+4), start), pg('R', be(uint32(10), "SCRAM-SHA-256\x00\x00")))
	first := "n,,n=,r=" + w.nonce()
	t.talk(pg('p', be("SCRAM-SHA-256\x00", u32(len(first)), first)), pg('R', be(uint32(11), "r="+w.nonce()+",s="+w.nonce()+",i=4096")))
	t.talk(pg('p', []byte("c=biws,r="+w.nonce()+",p="+w.nonce())), be(pg('R', be(uint32(12), "v="+w.nonce())), pg('R', be(uint32(0))),
		pg('S', []byte("server_version\x0013.14\x00")), pg('S', []byte("client_encoding\x00UTF8\x00")), pg('K', w.noise(8)), pg('Z', []byte("I"))))
	t.talk(pg('Q', []byte("SELECT body FROM note WHERE id = 1\x00")),
		be(pg('T', be(uint16(1), "body\x00", uint32(0), uint16(0), uint32(17), uint16(0xffff), uint32(0xffffffff), uint16(1))),
			pg('D', be(uint16(1), uint32(2200), w.noise(2200))), pg('C', []byte("SELECT 1\x00")), pg('Z', []byte("I"))))
	t.say(toServer, pg('X', nil))
	return t.bye()
}

// nonce is random text of printable characters without a comma.
func (w *world) nonce() string {
	b := w.noise(24)
	for i := range b {
		b[i] = 'A' + b[i]%26
	}
	return string(b)
}

// shell is an administrator at a server by SSH: banners, key exchange (RFC 4253, 4.2, 7.1), then all is encrypted.
func (w *world) shell(at int64, c, s *machine, banner string) int64 {
	list := func(names string) []byte { return be(u32(len(names)), names) }
	kexinit := func() []byte {
		body := be(uint8(20), w.noise(16), list("curve25519-sha256"), list("rsa-sha2-512,ssh-ed25519"), list("aes256-gcm@openssh.com"), list("aes256-gcm@openssh.com"),
			list("hmac-sha2-256"), list("hmac-sha2-256"), list("none"), list("none"), list(""), list(""), uint8(0), uint32(0))
		pad := 16 - (len(body)+5)%8
		return be(u32(len(body)+1+pad), u8(pad), body, make([]byte, pad))
	}
	t := w.dial(at, c, s, 22)
	t.talk([]byte("SSH-2.0-OpenSSH_for_Windows_8.1\r\n"), []byte(banner+"\r\n"))
	t.talk(kexinit(), kexinit())
	for range 8 {
		t.talk(w.noise(64), w.noise(128))
		t.wait(w.upTo(2e9))
	}
	return t.bye()
}
