package dhcp

import (
	"encoding/binary"
	"net/netip"
	"strconv"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// Message types and options of RFC 8415; 39 is RFC 4704, 23 and 24 RFC 3646, 79 RFC 6939.
const (
	v6Solicit     = 1
	v6Advertise   = 2
	v6Reply       = 7
	v6Reconfigure = 10
	v6RelayForw   = 12
	v6RelayRepl   = 13

	v6ClientID    = 1
	v6IANA        = 3
	v6IAAddr      = 5
	v6ORO         = 6
	v6RelayMsg    = 9
	v6VendorClass = 16
	v6DNS         = 23
	v6Domains     = 24
	v6FQDN        = 39
	v6ClientLL    = 79

	maxRelays = 8 // HOP_COUNT_LIMIT, RFC 8415 section 7.6
)

// message6 is one DHCPv6 message out of its relay envelopes.
type message6 struct {
	kind    byte
	relayed bool
	peer    netip.Addr // the client, as the relay next to it saw it
	mac     model.MAC  // the client's, from the relay's option 79 or the DUID
	opts    []byte
}

func v6(c *dissect.Ctx, b []byte) dissect.Verdict {
	var m message6
	if !m.open(b) {
		return dissect.No
	}
	if duid := option6(m.opts, v6ClientID); m.mac.IsZero() {
		m.mac = duidMAC(duid)
	}
	switch m.kind {
	case v6Advertise, v6Reply:
		m.fromServer(c)
	case v6Reconfigure:
	default:
		m.fromClient(c)
	}
	return dissect.Yes
}

// open takes the relay envelopes off and checks that the options fill the message exactly.
func (m *message6) open(b []byte) bool {
	for range maxRelays + 1 {
		if len(b) < 4 || b[0] < v6Solicit || b[0] > v6RelayRepl {
			return false
		}
		m.kind = b[0]
		if m.kind < v6RelayForw {
			m.opts = b[4:]
			return wellFormed(m.opts)
		}
		if len(b) < 34 || !wellFormed(b[34:]) {
			return false
		}
		m.relayed = true
		m.peer = netip.AddrFrom16([16]byte(b[18:34]))
		if ll := option6(b[34:], v6ClientLL); len(ll) == 8 && ll[1] == 1 {
			m.mac = model.MAC(ll[2:])
		}
		b = option6(b[34:], v6RelayMsg)
	}
	return false
}

func wellFormed(b []byte) bool {
	r := dissect.Read(b)
	for r.Len() > 0 {
		r.Skip(2)
		r.Skip(int(r.U16()))
	}
	return !r.Short
}

// option6 finds the first option of a code; nil if there is none.
func option6(b []byte, code uint16) []byte {
	r := dissect.Read(b)
	for r.Len() > 0 {
		c := r.U16()
		v := r.Bytes(int(r.U16()))
		if r.Short {
			return nil
		}
		if c == code {
			return v
		}
	}
	return nil
}

// duidMAC takes the Ethernet address out of a DUID-LLT or DUID-LL (RFC 8415, 11.2 and 11.4). It may be that of another
// interface of the same machine.
func duidMAC(d []byte) model.MAC {
	switch {
	case len(d) == 14 && binary.BigEndian.Uint32(d) == 0x00010001:
		return model.MAC(d[8:])
	case len(d) == 10 && binary.BigEndian.Uint32(d) == 0x00030001:
		return model.MAC(d[4:])
	}
	return model.MAC{}
}

func (m *message6) fromClient(c *dissect.Ctx) {
	subject, mac := c.Src, c.SrcMAC
	if m.relayed {
		subject, mac = m.peer, m.mac
	}
	say := func(k model.Kind, v []byte) {
		if len(v) > 0 {
			c.SayAbout(k, subject, mac, dissect.View(v))
		}
	}
	say(fqdn6(c, option6(m.opts, v6FQDN)))
	say(model.DHCPVendor, vendor6(c, option6(m.opts, v6VendorClass)))
	say(model.DHCPParams, oro(c, option6(m.opts, v6ORO)))
	if ia := option6(m.opts, v6IANA); ia != nil {
		v := c.Scratch()
		if a, _ := iaAddr(ia); a.IsValid() {
			v = a.AppendTo(v)
		}
		c.SayAbout(model.DHCPRequest, subject, mac, dissect.View(v))
	}
}

// fqdn6 reads option 39: flags, then a name that may be partial (RFC 4704, 4).
func fqdn6(c *dissect.Ctx, b []byte) (model.Kind, []byte) {
	if len(b) < 2 {
		return model.NameFQDN, nil
	}
	v := labels(c.Scratch(), b[1:])
	for _, x := range v {
		if x == '.' {
			return model.NameFQDN, v
		}
	}
	return model.NameDHCP, v
}

// vendor6 gives the first vendor class text, or the enterprise number if there is none.
func vendor6(c *dissect.Ctx, b []byte) []byte {
	r := dissect.Read(b)
	enterprise := r.U32()
	if r.Short {
		return nil
	}
	if text := r.Bytes(int(r.U16())); len(text) > 0 {
		return text
	}
	return strconv.AppendUint(append(c.Scratch(), "enterprise="...), uint64(enterprise), 10)
}

func oro(c *dissect.Ctx, b []byte) []byte {
	if len(b) < 2 {
		return nil
	}
	v := append(c.Scratch(), "v6:"...)
	for i := 0; i+2 <= min(len(b), 80); i += 2 {
		if i > 0 {
			v = append(v, ',')
		}
		v = strconv.AppendUint(v, uint64(binary.BigEndian.Uint16(b[i:])), 10)
	}
	return v
}

// iaAddr gives the first address of an IA_NA and its valid lifetime in seconds.
func iaAddr(ia []byte) (netip.Addr, uint32) {
	if len(ia) < 12 {
		return netip.Addr{}, 0
	}
	a := option6(ia[12:], v6IAAddr)
	if len(a) < 24 {
		return netip.Addr{}, 0
	}
	return netip.AddrFrom16([16]byte(a)), binary.BigEndian.Uint32(a[20:])
}

func (m *message6) fromServer(c *dissect.Ctx) {
	addr, life := iaAddr(option6(m.opts, v6IANA))
	dns := option6(m.opts, v6DNS)
	if life == 0 && len(dns) < 16 {
		return // a refusal, or the answer to a release
	}
	mac := m.mac
	if !m.relayed && c.Dst.IsLinkLocalUnicast() && !c.DstMAC.IsZero() {
		mac = c.DstMAC // surer than the DUID, which may name another interface
	}
	if m.kind == v6Reply && life > 0 {
		c.Bind(model.BindDHCP, mac, addr)
		if d := labels(c.Scratch(), option6(m.opts, v6Domains)); len(d) > 0 {
			c.SayAbout(model.DomainDNS, addr, mac, dissect.View(d))
		}
	}
	if m.relayed && m.kind == v6Reply && c.Src.IsLinkLocalUnicast() {
		return // between relays: the sender is not the server
	}
	v := append(c.Scratch(), "v6"...)
	if len(dns) >= 16 {
		v = netip.AddrFrom16([16]byte(dns[:16])).AppendTo(field(v, "dns="))
	}
	if life > 0 {
		v = strconv.AppendUint(field(v, "lease="), uint64(life), 10)
	}
	c.Say(model.DHCPServer, dissect.View(v))
}
