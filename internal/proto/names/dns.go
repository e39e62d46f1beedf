package names

import (
	"bytes"
	"net/netip"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// dns decodes one DNS message. Away from port 53 it must be well-formed to the last byte.
func (s *buffers) dns(c *dissect.Ctx, b []byte) dissect.Verdict {
	m, ok := open(b, true)
	if !ok || !plausible(&m) {
		return dissect.No
	}
	if c.SrcPort != 53 && c.DstPort != 53 && !s.strict(m) {
		return dissect.No
	}
	if m.counts[0] == 0 {
		return dissect.Yes
	}
	name, typ, _, ok := m.ask(s.question[:])
	if !ok {
		return s.broken(c)
	}
	if typ == typeTXT && bytes.HasPrefix(name, []byte("2.dnscrypt-cert.")) {
		c.App = dissect.DNSCrypt // the certificate that opens DNSCrypt (dnscrypt.info, protocol version 2)
	}
	if m.response() {
		s.answer(c, &m, name, typ)
	} else if !isReverse(name) && len(name) > 0 {
		c.SayTo(model.DNSQuery, dissect.View(name))
	}
	return dissect.Yes
}

// broken: on port 53 a header that is plausible is still DNS when the question is damaged or cut.
func (s *buffers) broken(c *dissect.Ctx) dissect.Verdict {
	if c.SrcPort == 53 || c.DstPort == 53 {
		return dissect.Yes
	}
	return dissect.No
}

// plausible looks at the header only: opcodes 0-6, one question as everybody sends (RFC 9619), sane counts.
func plausible(m *message) bool {
	if m.opcode() > 6 || m.opcode() == 3 || m.flags&0x40 != 0 || m.counts[0] > 1 && m.opcode() == 0 {
		return false
	}
	n := m.counts[0] + m.counts[1] + m.counts[2] + m.counts[3]
	if n == 0 || n > maxRecords || n*5+headerLen > len(m.b)+64 {
		return false
	}
	return m.response() || m.counts[1] == 0 && m.rcode() == 0 || m.opcode() != 0
}

// strict reads the whole message (m is a copy) and asks for a clean end and an internet question.
func (s *buffers) strict(m message) bool {
	if m.counts[0] != 1 || m.opcode() != 0 {
		return false
	}
	name, typ, class, ok := m.ask(s.question[:])
	if !ok || class != 1 || typ == 0 || typ > 260 || len(name) == 0 || !printable(name) {
		return false
	}
	m.skipRecords(m.counts[1]+m.counts[2]+m.counts[3], s.name[:])
	return !m.bad && m.off == len(m.b)
}

func printable(b []byte) bool {
	for _, x := range b {
		if x <= ' ' || x > '~' {
			return false
		}
	}
	return true
}

// answer records the server, and the names of the addresses that it tells.
func (s *buffers) answer(c *dissect.Ctx, m *message, question []byte, typ uint16) {
	if m.opcode() != 0 || m.rcode() != 0 && m.rcode() != 3 {
		return
	}
	if m.flags&0x80 != 0 {
		c.Say(model.DNSServer, "recursion")
	} else {
		c.Say(model.DNSServer, "")
	}
	domain := controllerDomain(question, typ)
	total := m.counts[1]
	if domain != nil {
		if m.counts[1] > 0 {
			c.SayAbout(model.DomainDNS, c.Dst, c.DstMAC, dissect.View(domain))
		}
		total += m.counts[2] + m.counts[3]
	}
	for range min(total, maxRecords) {
		_, r, ok := m.record(s.name[:])
		if !ok {
			return
		}
		s.resource(c, m, r, question, domain)
	}
}

func (s *buffers) resource(c *dissect.Ctx, m *message, r record, question, domain []byte) {
	if r.class != 1 {
		return
	}
	if r.typ == typePTR {
		if a, ok := reverseAddr(question); ok && model.IsInternal(a) {
			if target, next := m.text(r.start, s.target[:]); next > 0 && len(target) > 0 {
				c.SayAbout(model.NameDNS, a, model.MAC{}, dissect.View(target))
			}
		}
		return
	}
	a, ok := m.addr(r)
	if !ok {
		return
	}
	if domain != nil {
		c.SayAbout(model.ADController, a, model.MAC{}, dissect.View(domain))
		return
	}
	name := dissect.View(question)
	if model.IsInternal(a) || c.Rec.Watched != nil && c.Rec.Watched(name) {
		c.SayAbout(model.NameDNS, a, model.MAC{}, name)
	}
}

// addr gives the address of an A or AAAA record.
func (m *message) addr(r record) (netip.Addr, bool) {
	b := m.b[r.start:r.end]
	switch {
	case r.typ == typeA && len(b) == 4:
		return netip.AddrFrom4([4]byte(b)), true
	case r.typ == typeAAAA && len(b) == 16:
		return netip.AddrFrom16([16]byte(b)), true
	}
	return netip.Addr{}, false
}

var controllerMark = []byte(".dc._msdcs.")

// controllerDomain gives the domain of a question for the domain's controllers, _ldap._tcp.dc._msdcs.DOMAIN, with or
// without a site ([MS-ADTS] 6.3.6); nil for other questions.
func controllerDomain(q []byte, typ uint16) []byte {
	if typ != typeSRV || !bytes.HasPrefix(q, []byte("_ldap._tcp.")) {
		return nil
	}
	i := bytes.Index(q, controllerMark)
	if i < 0 || i+len(controllerMark) == len(q) {
		return nil
	}
	return q[i+len(controllerMark):]
}

func isReverse(name []byte) bool {
	return bytes.HasSuffix(name, []byte(".in-addr.arpa")) || bytes.HasSuffix(name, []byte(".ip6.arpa"))
}

// reverseAddr reads d.c.b.a.in-addr.arpa and the nibbles of ip6.arpa (RFC 1035 3.5, RFC 3596 2.5). Lower case only.
func reverseAddr(name []byte) (netip.Addr, bool) {
	if n, ok := bytes.CutSuffix(name, []byte(".in-addr.arpa")); ok {
		return reverse4(n)
	}
	n, ok := bytes.CutSuffix(name, []byte(".ip6.arpa"))
	if !ok || len(n) != 63 {
		return netip.Addr{}, false
	}
	var a [16]byte
	for i := range 32 {
		x := bytes.IndexByte([]byte("0123456789abcdef"), n[2*i])
		if x < 0 || i < 31 && n[2*i+1] != '.' {
			return netip.Addr{}, false
		}
		a[15-i/2] |= byte(x) << (4 * (i % 2))
	}
	return netip.AddrFrom16(a), true
}

func reverse4(n []byte) (netip.Addr, bool) {
	var a [4]byte
	i, v, digits := 3, 0, 0
	for _, x := range n {
		switch {
		case '0' <= x && x <= '9' && digits < 3:
			v, digits = v*10+int(x-'0'), digits+1
		case x == '.' && i > 0 && digits > 0 && v < 256:
			a[i] = byte(v)
			i, v, digits = i-1, 0, 0
		default:
			return netip.Addr{}, false
		}
	}
	if i != 0 || digits == 0 || v > 255 {
		return netip.Addr{}, false
	}
	a[0] = byte(v)
	return netip.AddrFrom4(a), true
}

// dnsStream is DNS over TCP: messages with a length of two bytes before each (RFC 1035, 4.2.2).
type dnsStream struct{ buffers }

// matchTCP wants a whole, well-formed message, or the beginning of one on port 53.
func matchTCP(c *dissect.Ctx, b []byte) dissect.Verdict {
	if len(b) < 2+headerLen {
		return dissect.Maybe
	}
	n := int(be16(b))
	m, _ := open(b[2:], true)
	if n < headerLen+5 || m.opcode() != 0 || m.flags&0x40 != 0 || m.counts[0] != 1 {
		return dissect.No
	}
	if len(b) < 2+n {
		if c.SrcPort == 53 || c.DstPort == 53 {
			return dissect.Yes
		}
		return dissect.Maybe
	}
	m.b = b[2 : 2+n]
	var s buffers
	if !s.strict(m) {
		return dissect.No
	}
	return dissect.Yes
}

func (s *dnsStream) Data(c *dissect.Ctx, b []byte) (int, bool) {
	done := 0
	for len(b)-done >= 2 {
		n := 2 + int(be16(b[done:]))
		if n > dissect.MaxPending {
			done += n // a zone transfer: nothing in it is about the two ends
			break
		}
		if done+n > len(b) {
			break
		}
		if s.dns(c, b[done+2:done+n]) == dissect.No {
			return done, false
		}
		done += n
	}
	return done, true
}

func (s *dnsStream) Gap(*dissect.Ctx, int) bool { return false }
