package tls

import (
	"bytes"
	"encoding/binary"
	"net/netip"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// Bounds of the ClientHellos that are being put together from Initial packets.
const (
	maxHellos = 256
	maxHello  = 8 << 10
)

// minInitial is the least size of a client's first datagram (RFC 9000 section 14.1).
const minInitial = 1200

// quic holds the unfinished ClientHellos of one engine; the oldest gives way.
type quic struct {
	open map[quicKey]*initial
	ring [maxHellos]quicKey
	next int
}

type quicKey struct {
	src, dst netip.AddrPort
}

// initial is one unfinished ClientHello.
type initial struct {
	dcid []byte
	data []byte
	have []span // sorted, disjoint
	done bool
}

type span struct{ from, to int }

func newQUIC() func(*dissect.Ctx, []byte) dissect.Verdict {
	return (&quic{open: map[quicKey]*initial{}}).datagram
}

// datagram recognises QUIC by its long header (RFC 8999) and reads Initial packets of the client.
func (q *quic) datagram(c *dissect.Ctx, b []byte) dissect.Verdict {
	if b[0]&0x80 == 0 || len(b) < 7 {
		return q.google(c, b)
	}
	h, ok := readHeader(b)
	if !ok {
		return q.google(c, b)
	}
	switch {
	case h.version == 0:
		return versionNegotiation(h.rest)
	case h.kind == nil:
		if h.version&0x0f0f0f0f == 0x0a0a0a0a && len(b) >= minInitial { // asks for version negotiation (RFC 9000 15)
			return dissect.Yes
		}
		return q.google(c, b)
	case b[0]&0x40 == 0:
		return dissect.No
	}
	q.initials(c, b)
	return dissect.Yes
}

// header is a long header as far as it is the same in all versions.
type header struct {
	first      byte
	version    uint32
	kind       *quicVersion // nil if not known
	dcid, scid []byte
	rest       []byte
}

func readHeader(b []byte) (h header, ok bool) {
	r := dissect.Read(b)
	h.first, h.version = r.U8(), r.U32()
	h.dcid = r.Bytes(int(r.U8()))
	h.scid = r.Bytes(int(r.U8()))
	h.kind = quicVersionOf(h.version)
	if r.Short || len(h.dcid) > 20 || len(h.scid) > 20 {
		return h, false
	}
	h.rest = r.Rest()
	return h, true
}

// versionNegotiation: a list of versions, of which one at least is known (RFC 9000 section 17.2.1).
func versionNegotiation(b []byte) dissect.Verdict {
	if len(b) == 0 || len(b)%4 != 0 {
		return dissect.No
	}
	for ; len(b) >= 4; b = b[4:] {
		if v := binary.BigEndian.Uint32(b); quicVersionOf(v) != nil || isGoogle(v) {
			return dissect.Yes
		}
	}
	return dissect.No
}

// initials reads the packets of a datagram one after the other; Initial packets come first.
func (q *quic) initials(c *dissect.Ctx, b []byte) {
	if !c.ToServer && c.SrcPort < c.DstPort {
		return
	}
	for i := 0; i < 4 && len(b) > 7; i++ {
		h, ok := readHeader(b)
		if !ok || h.kind == nil || h.first>>4&3 != h.kind.initial {
			return
		}
		r := dissect.Read(h.rest)
		r.Skip(int(varint(&r)))
		n := int(varint(&r))
		start := len(b) - r.Len()
		if r.Short || n > r.Len() || n < 20 {
			return
		}
		q.packet(c, h, b[:start+n], start)
		b = b[start+n:]
	}
}

// packet decrypts one Initial packet, whose packet number is at pn, and adds its CRYPTO frames to the hello.
func (q *quic) packet(c *dissect.Ctx, h header, b []byte, pn int) {
	key := quicKey{netip.AddrPortFrom(c.Src, c.SrcPort), netip.AddrPortFrom(c.Dst, c.DstPort)}
	in := q.open[key]
	if in != nil && in.done {
		return
	}
	plain := openInitial(h.kind, h.dcid, b, pn)
	if plain == nil && in != nil {
		plain = openInitial(h.kind, in.dcid, b, pn)
	}
	if plain == nil {
		return
	}
	if in == nil || !bytes.Equal(in.dcid, h.dcid) && len(in.have) == 0 {
		in = q.add(key, h.dcid)
	}
	in.frames(plain)
	in.finish(c)
}

func (q *quic) add(key quicKey, dcid []byte) *initial {
	delete(q.open, q.ring[q.next])
	in := &initial{dcid: bytes.Clone(dcid)}
	q.open[key], q.ring[q.next] = in, key
	q.next = (q.next + 1) % maxHellos
	return in
}

// frames takes the CRYPTO frames of a packet and passes over PADDING, PING and ACK, the others that an Initial packet may
// hold (RFC 9000 section 12.4).
func (in *initial) frames(b []byte) {
	for r := dissect.Read(b); r.Len() > 0 && !r.Short; {
		switch typ := r.U8(); typ {
		case 0, 1:
		case 2, 3:
			skipAck(&r, typ == 3)
		case 6, 8: // 8 is Google's before the standard; in the standard it has no place here
			at, n := varint(&r), varint(&r)
			in.put(at, r.Bytes(int(min(n, 1<<16))))
		default:
			return
		}
	}
}

func skipAck(r *dissect.Reader, ecn bool) {
	varint(r)
	varint(r)
	ranges := varint(r)
	varint(r)
	for ; ranges > 0 && !r.Short; ranges-- {
		varint(r)
		varint(r)
	}
	if ecn {
		varint(r)
		varint(r)
		varint(r)
	}
}

// put copies b to its place and joins the spans that are known.
func (in *initial) put(at uint64, b []byte) {
	if len(b) == 0 || at > maxHello || int(at)+len(b) > maxHello || len(in.have) > 64 {
		return
	}
	n := span{int(at), int(at) + len(b)}
	if len(in.data) < n.to {
		in.data = append(in.data, make([]byte, n.to-len(in.data))...)
	}
	copy(in.data[n.from:], b)
	var out []span
	for _, s := range in.have {
		if s.to < n.from || s.from > n.to {
			out = append(out, s)
			continue
		}
		n = span{min(s.from, n.from), max(s.to, n.to)}
	}
	in.have = append(out, n)
}

// finish reads the hello once it is there from its first byte to its last.
func (in *initial) finish(c *dissect.Ctx) {
	var got []byte
	for _, s := range in.have {
		if s.from == 0 {
			got = in.data[:s.to]
		}
	}
	if len(got) < msgHeader {
		return
	}
	n := int(got[1])<<16 | int(got[2])<<8 | int(got[3])
	switch {
	case string(got[:4]) == "CHLO":
		if sni := googleTag(got, "SNI\x00"); sni != nil {
			sayGoogle(c, sni)
			in.close()
		}
	case got[0] != msgClientHello:
		in.close()
	case len(got) >= msgHeader+n:
		if h, ok := readClient(got[msgHeader:msgHeader+n], false); ok {
			sayClient(c, &h, 'q')
		}
		in.close()
	}
}

func (in *initial) close() { in.done, in.data, in.have = true, nil, nil }

// isGoogle reports a version of Google's QUIC before the standard: "Q043", "T051".
func isGoogle(v uint32) bool {
	a, b, d, e := byte(v>>24), byte(v>>16), byte(v>>8), byte(v)
	return (a == 'Q' || a == 'T') && b == '0' && d >= '0' && d <= '9' && e >= '0' && e <= '9'
}

// google recognises gQUIC, whose ClientHello ("CHLO") is not encrypted: public header with version flag up to Q043, a
// long header after that.
func (q *quic) google(c *dissect.Ctx, b []byte) dissect.Verdict {
	at := -1
	switch {
	case len(b) > 16 && b[0]&0xc9 == 0x09: // version flag, 8 bytes of connection id
		at = 9
	case len(b) > 16 && b[0]&0x80 != 0:
		at = 1
	}
	if at < 0 || !isGoogle(binary.BigEndian.Uint32(b[at:])) {
		return dissect.No
	}
	if i := bytes.Index(b, []byte("CHLO")); i > 0 {
		if sni := googleTag(b[i:], "SNI\x00"); sni != nil {
			sayGoogle(c, sni)
		}
	}
	return dissect.Yes
}

func sayGoogle(c *dissect.Ctx, sni []byte) {
	c.SayTo(model.TLSSNI, dissect.View(sni))
	c.Fact(model.TLSSNI, string(sni))
}

// googleTag finds the value of a tag in a CHLO: count, then tags with the offsets at which their values end.
func googleTag(b []byte, tag string) []byte {
	r := dissect.Read(b)
	r.Skip(4)
	n := int(r.L16())
	r.Skip(2)
	base := 8 + 8*n
	from := 0
	for ; n > 0 && !r.Short; n-- {
		name, to := r.Bytes(4), int(r.L32())
		if to < from || base+to > len(b) {
			return nil
		}
		if string(name) == tag {
			return b[base+from : base+to]
		}
		from = to
	}
	return nil
}
