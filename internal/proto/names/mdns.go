package names

import (
	"bytes"
	"net/netip"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// mdns decodes one multicast DNS message. Answers in a query are what others said (known answers, RFC 6762 7.1) and
// are passed over; authorities in a query are what the sender is about to claim (8.2).
func (s *buffers) mdns(c *dissect.Ctx, b []byte) dissect.Verdict {
	m, ok := open(b, false)
	if !ok || c.SrcPort != 5353 && c.DstPort != 5353 || m.opcode() != 0 {
		return dissect.No
	}
	if n := m.counts[0] + m.counts[1] + m.counts[2] + m.counts[3]; n == 0 || n*5+headerLen > len(b)+64 {
		return dissect.No
	}
	m.skipQuestions(s.name[:])
	n := m.counts[1] + m.counts[2] + m.counts[3]
	if !m.response() {
		m.skipRecords(m.counts[1], s.name[:])
		n = m.counts[2]
	}
	s.claims(c, m, min(n, maxRecords))
	return dissect.Yes
}

// claims reads the records twice: first for the sender's own host name, then for everything; so that all addresses
// of that name are known to be the sender's, whatever the order.
func (s *buffers) claims(c *dissect.Ctx, m message, n int) {
	own := s.ownName(c.Src, m, n)
	for range n {
		name, r, ok := m.record(s.name[:])
		if !ok {
			return
		}
		if r.ttl == 0 || r.class&0x7fff != 1 { // goodbye; the top bit is the cache-flush bit
			continue
		}
		s.claim(c, &m, r, name, own)
	}
}

func (s *buffers) ownName(src netip.Addr, m message, n int) []byte {
	for range n {
		name, r, ok := m.record(s.question[:])
		if !ok {
			return nil
		}
		if a, ok := m.addr(r); ok && a == src.WithZone("") {
			return name
		}
	}
	return nil
}

func (s *buffers) claim(c *dissect.Ctx, m *message, r record, name, own []byte) {
	switch r.typ {
	case typeA, typeAAAA:
		a, ok := m.addr(r)
		host, local := cutLocal(name)
		if !ok || !local || a.IsLoopback() || concealed(host) {
			return
		}
		var mac model.MAC
		if own != nil && bytes.EqualFold(own, name) {
			mac = c.SrcMAC
		}
		c.SayAbout(model.NameMDNS, a, mac, dissect.View(host))
	case typePTR:
		s.pointer(c, m, r, name)
	case typeSRV:
		s.service(c, m, r, name)
	case typeTXT:
		sayText(c, m.b[r.start:r.end])
	case typeHINFO:
		sayHINFO(c, m.b[r.start:r.end])
	}
}

// concealed tells the random names behind which browsers hide addresses in calls: UUIDs (draft-ietf-mmusic-mdns-ice-candidates).
func concealed(host []byte) bool {
	return len(host) == 36 && host[8] == '-' && host[13] == '-' && host[18] == '-' && host[23] == '-'
}

func (s *buffers) pointer(c *dissect.Ctx, m *message, r record, name []byte) {
	target, next := m.text(r.start, s.target[:])
	if next == 0 {
		return
	}
	if isReverse(name) {
		a, ok := reverseAddr(bytes.ToLower(name))
		if host, local := cutLocal(target); ok && local && a == c.Src.WithZone("") {
			c.Say(model.NameMDNS, dissect.View(host))
		}
		return
	}
	if bytes.HasPrefix(name, []byte("_services._dns-sd.")) {
		name = target
	}
	sayService(c, name)
}

func (s *buffers) service(c *dissect.Ctx, m *message, r record, name []byte) {
	sayService(c, name)
	if r.end-r.start < 7 {
		return
	}
	target, next := m.text(r.start+6, s.target[:])
	if host, local := cutLocal(target); next > 0 && local {
		c.Say(model.NameMDNS, dissect.View(host))
	}
}

// sayService records the service type, "_ipp._tcp", at the end of a type or instance name in .local.
func sayService(c *dissect.Ctx, name []byte) {
	name, local := cutLocal(name)
	if !local {
		return
	}
	proto := name[max(0, len(name)-5):]
	if !bytes.EqualFold(proto, []byte("._tcp")) && !bytes.EqualFold(proto, []byte("._udp")) {
		return
	}
	start := bytes.LastIndexByte(name[:len(name)-5], '.') + 1
	if name[start] == '_' && len(name)-start > 6 {
		c.Say(model.MDNSService, dissect.View(name[start:]))
	}
}

func cutLocal(name []byte) ([]byte, bool) {
	n := len(name) - len(".local")
	if n <= 0 || !bytes.EqualFold(name[n:], []byte(".local")) {
		return nil, false
	}
	return name[:n], true
}

// identifying are the keys of TXT records that say what a machine is: printers (Bonjour Printing 9.2: ty, product,
// usb_MFG, usb_MDL), AirPlay and Chromecast (model, am, md, manufacturer), HomeKit (md), Apple's device-info
// (model, osxvers), scanners (mfg, mdl), firmware (fv, vers, srcvers, fw). Others may carry names of people.
var identifying = [...]string{
	"ty", "md", "product", "mdl", "mfg", "model", "am", "fv", "vers", "usb_mfg", "usb_mdl",
	"manufacturer", "osxvers", "srcvers", "fw", "vendor",
}

func sayText(c *dissect.Ctx, b []byte) {
	r := dissect.Read(b)
	for range maxRecords {
		s := r.Bytes(int(r.U8()))
		if r.Short {
			return
		}
		key, value, ok := bytes.Cut(s, []byte("="))
		if !ok || len(value) == 0 {
			continue
		}
		for _, k := range identifying {
			if bytes.EqualFold(key, []byte(k)) {
				v := append(append(c.Scratch(), k...), '=')
				c.Say(model.MDNSTXT, dissect.View(append(v, value...)))
			}
		}
	}
}

// sayHINFO records processor and system as Avahi can publish them (RFC 1035, 3.3.2).
func sayHINFO(c *dissect.Ctx, b []byte) {
	r := dissect.Read(b)
	cpu := r.Bytes(int(r.U8()))
	system := r.Bytes(int(r.U8()))
	if r.Short || len(system) == 0 {
		return
	}
	v := append(append(c.Scratch(), "hinfo="...), cpu...)
	c.Say(model.MDNSTXT, dissect.View(append(append(v, ' '), system...)))
}

// llmnr decodes one LLMNR message (RFC 4795). Only answers name the sender: questions name others.
func (s *buffers) llmnr(c *dissect.Ctx, b []byte) dissect.Verdict {
	m, ok := open(b, false)
	if !ok || m.opcode() != 0 || m.counts[0] > 1 || c.SrcPort != 5355 && c.DstPort != 5355 {
		return dissect.No
	}
	name, _, _, ok := m.ask(s.question[:])
	if !ok {
		return dissect.No
	}
	if !m.response() || m.rcode() != 0 {
		return dissect.Yes
	}
	for range min(m.counts[1], maxRecords) {
		_, r, ok := m.record(s.name[:])
		if !ok {
			break
		}
		if a, ok := m.addr(r); ok && len(name) > 0 {
			var mac model.MAC
			if a == c.Src.WithZone("") {
				mac = c.SrcMAC
			}
			c.SayAbout(model.NameLLMNR, a, mac, dissect.View(name))
		}
	}
	return dissect.Yes
}
