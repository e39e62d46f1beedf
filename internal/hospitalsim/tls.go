package hospitalsim

// tlsRecord is one record (RFC 8446, 5.1).
func tlsRecord(typ byte, body []byte) []byte { return be(typ, uint16(0x0303), u16(len(body)), body) }

func tlsMessage(typ byte, body []byte) []byte {
	n := len(body)
	return append([]byte{typ, byte(n >> 16), byte(n >> 8), byte(n)}, body...)
}

func extension(typ uint16, parts ...[]byte) []byte {
	var b []byte
	for _, p := range parts {
		b = append(b, p...)
	}
	return be(typ, u16(len(b)), b)
}

// clientHello asks for a name as a browser of today does (RFC 8446, 4.1.2).
func (w *world) clientHello(name string, alpn ...string) []byte {
	var protos []byte
	for _, p := range alpn {
		protos = append(append(protos, byte(len(p))), p...)
	}
	ext := extension(0, be(u16(len(name)+3), uint8(0), u16(len(name)), name))
	ext = append(ext, extension(23)...)
	ext = append(ext, extension(10, be(uint16(6), uint16(0x1d), uint16(0x17), uint16(0x18)))...)
	ext = append(ext, extension(11, []byte{1, 0})...)
	if len(protos) > 0 {
		ext = append(ext, extension(16, be(u16(len(protos)), protos))...)
	}
	ext = append(ext, extension(13, be(uint16(8), uint16(0x0403), uint16(0x0804), uint16(0x0401), uint16(0x0503)))...)
	ext = append(ext, extension(43, []byte{4, 3, 4, 3, 3})...)
	ext = append(ext, extension(45, []byte{1, 1})...)
	ext = append(ext, extension(51, be(uint16(36), uint16(0x1d), uint16(32), w.noise(32)))...)
	body := be(uint16(0x0303), w.noise(32), uint8(32), w.noise(32),
		uint16(12), uint16(0x1301), uint16(0x1302), uint16(0x1303), uint16(0xc02b), uint16(0xc02f), uint16(0xc030), uint8(1), uint8(0), u16(len(ext)), ext)
	return tlsRecord(22, tlsMessage(1, body))
}

// serverHello chooses TLS 1.3; what follows is encrypted, the certificate too (RFC 8446, 4.1.3).
func (w *world) serverHello() []byte {
	ext := append(extension(43, []byte{3, 4}), extension(51, be(uint16(0x1d), uint16(32), w.noise(32)))...)
	body := be(uint16(0x0303), w.noise(32), uint8(32), w.noise(32), uint16(0x1301), uint8(0), u16(len(ext)), ext)
	out := append(tlsRecord(22, tlsMessage(2, body)), tlsRecord(20, []byte{1})...)
	return append(out, tlsRecord(23, w.noise(2100))...)
}

// secret is data inside TLS, in records of at most 16 kB.
func (w *world) secret(n int) []byte {
	var out []byte
	for ; n > 0; n -= 16000 {
		out = append(out, tlsRecord(23, w.noise(min(n, 16000)+17))...)
	}
	return out
}

// secure is a TLS connection in which sizes[i] bytes go to the server and come back in turn.
func (w *world) secure(at int64, c, s *machine, port uint16, name string, sizes ...int) int64 {
	t := w.dial(at, c, s, port)
	t.talk(w.clientHello(name, "h2", "http/1.1"), w.serverHello())
	t.say(toServer, append(tlsRecord(20, []byte{1}), w.secret(53)...))
	for i := 0; i+1 < len(sizes); i += 2 {
		t.talk(w.secret(sizes[i]), w.secret(sizes[i+1]))
		t.wait(w.upTo(3e9))
	}
	t.say(toServer, tlsRecord(23, w.noise(19)))
	return t.bye()
}
