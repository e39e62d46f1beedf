package capture

import (
	"bytes"
	"encoding/binary"
)

// writer makes capture files for tests, valid or not.
type writer struct {
	bytes.Buffer
	order binary.ByteOrder
}

func newWriter(order binary.ByteOrder) *writer { return &writer{order: order} }

func (w *writer) u16(v ...uint16) {
	for _, x := range v {
		_ = binary.Write(w, w.order, x)
	}
}

func (w *writer) u32(v ...uint32) {
	for _, x := range v {
		_ = binary.Write(w, w.order, x)
	}
}

func (w *writer) u64(v uint64) { _ = binary.Write(w, w.order, v) }

func (w *writer) pcapHeader(magic uint32, link uint32) {
	w.u32(magic)
	w.u16(2, 4)
	w.u32(0, 0, 65535, link)
}

func (w *writer) record(sec, frac uint32, data []byte, wire int) {
	w.u32(sec, frac, uint32(len(data)), uint32(wire))
	w.Write(data)
}

type option struct {
	code uint16
	data []byte
}

func (w *writer) block(typ uint32, body func(b *writer), opts ...option) {
	b := newWriter(w.order)
	body(b)
	b.pad()
	for _, o := range opts {
		b.u16(o.code, uint16(len(o.data)))
		b.Write(o.data)
		b.pad()
	}
	if len(opts) > 0 {
		b.u32(0)
	}
	w.u32(typ, uint32(b.Len()+12))
	w.Write(b.Bytes())
	w.u32(uint32(b.Len() + 12))
}

func (w *writer) pad() {
	for w.Len()%4 != 0 {
		w.WriteByte(0)
	}
}

func (w *writer) section() {
	w.block(blockSection, func(b *writer) {
		b.u32(0x1a2b3c4d)
		b.u16(1, 0)
		b.u64(^uint64(0))
	}, option{4, []byte("a test")})
}

func (w *writer) iface(link uint16, snap uint32, opts ...option) {
	w.block(blockInterface, func(b *writer) {
		b.u16(link, 0)
		b.u32(snap)
	}, opts...)
}

func (w *writer) enhanced(iface uint32, ts uint64, data []byte, wire int, opts ...option) {
	w.block(blockEnhanced, func(b *writer) {
		b.u32(iface, uint32(ts>>32), uint32(ts), uint32(len(data)), uint32(wire))
		b.Write(data)
	}, opts...)
}

func (w *writer) number(v uint64) []byte {
	b := make([]byte, 8)
	w.order.PutUint64(b, v)
	return b
}
