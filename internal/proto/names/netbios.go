package names

import (
	"bytes"
	"net/netip"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// NetBIOS name suffixes ([MS-NBTE] and RFC 1001 practice).
const (
	suffixWorkstation = 0x00
	suffixServer      = 0x20
	suffixPDC         = 0x1b // unique: the domain's master browser
	suffixControllers = 0x1c // group: the domain's controllers
	suffixMaster      = 0x1d // unique: the segment's master browser
	suffixElections   = 0x1e // group: a workgroup or domain
)

// Operation codes of RFC 1002, 4.2.1.1; 15 is the multi-homed registration of Windows.
const (
	opQuery    = 0
	opRegister = 5
	opRefresh  = 8
	opRefresh9 = 9
	opMulti    = 15
	opLast     = 15
)

// nbName is a decoded NetBIOS name: 15 characters padded with spaces, and a suffix.
type nbName struct {
	text   []byte
	suffix byte
}

// decodeName undoes the half-ASCII coding of the first label (RFC 1001, 14.1) into dst.
func decodeName(l, dst []byte) (nbName, bool) {
	if len(l) < 32 {
		return nbName{}, false
	}
	dst = dst[:16]
	for i := range 16 {
		hi, lo := l[2*i]-'A', l[2*i+1]-'A'
		if hi > 15 || lo > 15 {
			return nbName{}, false
		}
		dst[i] = hi<<4 | lo
	}
	return nbName{text: bytes.TrimRight(dst[:15], " \x00"), suffix: dst[15]}, true
}

// ordinary reports whether the name can be a computer's or domain's: not "*", not __MSBROWSE__, not IIS's INet~Services.
func (n nbName) ordinary() bool {
	return len(n.text) > 0 && n.text[0] > ' ' && n.text[0] != '*' && !bytes.Contains(n.text, []byte("~"))
}

// say records what holding the name means for the machine at a. Suffix 03 and others may name users: left out.
func (n nbName) say(c *dissect.Ctx, a netip.Addr, mac model.MAC, group bool) {
	if !n.ordinary() {
		return
	}
	text := dissect.View(n.text)
	switch {
	case !group && (n.suffix == suffixWorkstation || n.suffix == suffixServer):
		c.SayAbout(model.NameNetBIOS, a, mac, text)
	case group && n.suffix == suffixWorkstation, group && n.suffix == suffixElections, n.suffix == suffixMaster:
		c.SayAbout(model.DomainNetBIOS, a, mac, text)
	case group && n.suffix == suffixControllers, !group && n.suffix == suffixPDC:
		c.SayAbout(model.DomainNetBIOS, a, mac, text)
		c.SayAbout(model.ADController, a, mac, text)
	}
}

// nbns decodes one NetBIOS name service message (RFC 1002, 4.2).
func (s *buffers) nbns(c *dissect.Ctx, b []byte) dissect.Verdict {
	m, ok := open(b, false)
	if !ok || !nbnsHeader(&m) {
		return dissect.No
	}
	for range m.counts[0] {
		name, typ, class, ok := m.ask(s.name[:])
		if !ok || len(name) < 32 || typ != typeNB && typ != typeSRV || class != 1 {
			return dissect.No
		}
	}
	if m.response() && m.rcode() != 0 || !m.response() && !registers(m.opcode()) {
		return dissect.Yes
	}
	for range min(m.counts[1]+m.counts[2]+m.counts[3], 8) {
		name, r, ok := m.record(s.name[:])
		if !ok {
			break
		}
		s.netbiosRecord(c, &m, r, name)
	}
	return dissect.Yes
}

func nbnsHeader(m *message) bool {
	op := m.opcode()
	known := op == opQuery || op >= opRegister && op <= opRefresh9 || op == opLast
	n := m.counts[0] + m.counts[1] + m.counts[2] + m.counts[3]
	return known && n > 0 && n <= 8
}

func registers(op uint16) bool {
	return op == opRegister || op == opRefresh || op == opRefresh9 || op == opMulti
}

func (s *buffers) netbiosRecord(c *dissect.Ctx, m *message, r record, label []byte) {
	data := m.b[r.start:r.end]
	if r.typ == typeSRV && m.response() { // NBSTAT
		s.nodeStatus(c, data)
		return
	}
	if r.typ != typeNB || m.response() && m.opcode() != opQuery {
		return
	}
	name, ok := decodeName(label, s.question[:])
	if !ok {
		return
	}
	for i := 0; i+6 <= min(len(data), 6*32); i += 6 {
		a := netip.AddrFrom4([4]byte(data[i+2 : i+6]))
		if a.IsUnspecified() {
			continue
		}
		var mac model.MAC
		if a == c.Src {
			mac = c.SrcMAC
		}
		name.say(c, a, mac, data[i]&0x80 != 0)
	}
}

// nodeStatus reads the names that the sender holds, and its hardware address (RFC 1002, 4.2.18). The address is zero
// from Samba; from Windows it crosses routers, which makes it worth a binding.
func (s *buffers) nodeStatus(c *dissect.Ctx, b []byte) {
	r := dissect.Read(b)
	for range r.U8() {
		raw := r.Bytes(16)
		flags := r.U16()
		if r.Short {
			return
		}
		n := nbName{text: bytes.TrimRight(raw[:15], " \x00"), suffix: raw[15]}
		n.say(c, c.Src, c.SrcMAC, flags&0x8000 != 0)
	}
	if hw := r.Bytes(6); hw != nil {
		c.Bind(model.BindTable, model.MAC(hw), c.Src)
	}
}

// Message types of RFC 1002, 4.4.1.
const (
	dgmUnique    = 0x10
	dgmBroadcast = 0x12
	dgmLast      = 0x16
)

// nbdgm decodes one NetBIOS datagram and the browser announcement in it.
func (s *buffers) nbdgm(c *dissect.Ctx, b []byte) dissect.Verdict {
	r := dissect.Read(b)
	typ := r.U8()
	r.Skip(3)
	src := r.Bytes(4)
	r.Skip(2)
	if r.Short || typ < dgmUnique || typ > dgmLast {
		return dissect.No
	}
	if typ > dgmBroadcast {
		return dissect.Yes // an error or a query to a distribution server
	}
	r.Skip(4)
	from, ok1 := wireName(&r, s.name[:])
	to, ok2 := wireName(&r, s.target[:])
	if !ok1 || !ok2 {
		return dissect.No
	}
	if a := netip.AddrFrom4([4]byte(src)); a == c.Src {
		from.say(c, c.Src, c.SrcMAC, false)
	}
	browser(c, r.Rest(), to)
	return dissect.Yes
}

// wireName reads a name with its length byte and scope; compression is not used in datagrams.
func wireName(r *dissect.Reader, dst []byte) (nbName, bool) {
	first := r.Bytes(int(r.U8()))
	n, ok := decodeName(first, dst)
	for range 8 {
		l := r.U8()
		if l == 0 {
			return n, ok && !r.Short
		}
		r.Skip(int(l))
	}
	return n, false
}
