package hospitalsim

// keyExchange is the first exchange of IKE version 2 (RFC 7296, 1.2, 3.1): IKE_SA_INIT, then IKE_AUTH encrypted.
func (w *world) keyExchange(at int64, c, s *machine) {
	ispi, rspi := w.noise(8), w.noise(8)
	message := func(rspi []byte, exchange, flags uint8, id uint32, first uint8, body []byte) []byte {
		return be(ispi, rspi, first, uint8(0x20), exchange, flags, id, u32(28+len(body)), body)
	}
	payload := func(next uint8, body []byte) []byte { return be(next, uint8(0), u16(len(body)+4), body) }
	transform := func(more, typ uint8, id uint16, attr ...byte) []byte {
		return be(more, uint8(0), u16(8+len(attr)), typ, uint8(0), id, attr)
	}
	proposal := be(transform(3, 1, 12, 0x80, 14, 1, 0), transform(3, 2, 5), transform(3, 3, 12), transform(0, 4, 14))
	sa := payload(34, be(uint8(0), uint8(0), u16(8+len(proposal)), uint8(1), uint8(1), uint8(0), uint8(4), proposal))
	half := func() []byte {
		return be(sa, payload(40, be(uint16(14), uint16(0), w.noise(256))), payload(0, w.noise(32)))
	}
	at = w.askFrom(at, c, s, 500, 500, message(make([]byte, 8), 34, 8, 0, 33, half()), message(rspi, 34, 0x20, 0, 33, half()))
	w.askFrom(at+2e6, c, s, 500, 500, message(rspi, 35, 8, 1, 46, payload(35, w.noise(220))), message(rspi, 35, 0x20, 1, 46, payload(36, w.noise(180))))
}
