package dhcp

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"strconv"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// Option codes (RFC 2132; 81 is RFC 4702).
const (
	optRouter    = 3
	optDNS       = 6
	optHostName  = 12
	optDomain    = 15
	optRequested = 50
	optLease     = 51
	optOverload  = 52
	optType      = 53
	optServer    = 54
	optParams    = 55
	optVendor    = 60
	optClientID  = 61
	optFQDN      = 81
	lastOption   = optFQDN
	optEnd       = 255
)

// Message types (RFC 2132, 9.6).
const (
	discover = 1
	offer    = 2
	request  = 3
	ack      = 5
	inform   = 8
)

const (
	headerLen  = 236 // BOOTP without its vendor area (RFC 951)
	magic      = 0x63825363
	maxOptions = 128 // per area; an honest message has fewer than 40
)

type options [lastOption + 1][]byte

// message is one BOOTP message; slices point into the packet.
type message struct {
	reply          bool
	client         model.MAC // zero if the hardware is not Ethernet
	ciaddr, yiaddr netip.Addr
	giaddr         netip.Addr
	opt            options
	kind           byte // message type, 0 for BOOTP
}

func v4(c *dissect.Ctx, b []byte) dissect.Verdict {
	if len(b) < headerLen || b[0] != 1 && b[0] != 2 || b[2] > 16 {
		return dissect.No
	}
	hasMagic := len(b) >= headerLen+4 && binary.BigEndian.Uint32(b[headerLen:]) == magic
	if !hasMagic && !plainBOOTP(c, b) {
		return dissect.No
	}
	var m message
	m.parse(b, hasMagic)
	if m.reply {
		m.fromServer(c)
	} else {
		m.fromClient(c)
	}
	return dissect.Yes
}

// plainBOOTP accepts messages without options on the BOOTP ports only: there is no other mark in them.
func plainBOOTP(c *dissect.Ctx, b []byte) bool {
	return b[1] == 1 && b[2] == 6 && b[3] < 16 && (c.DstPort == 67 || c.DstPort == 68)
}

func (m *message) parse(b []byte, hasMagic bool) {
	m.reply = b[0] == 2
	if b[1] == 1 && b[2] == 6 {
		copy(m.client[:], b[28:34])
	}
	m.ciaddr, m.yiaddr, m.giaddr = addr4(b[12:16]), addr4(b[16:20]), addr4(b[24:28])
	if !hasMagic {
		return
	}
	m.opt.read(b[headerLen+4:])
	if o := m.opt[optOverload]; len(o) == 1 { // RFC 2132, 9.3: 1 file, 2 sname, 3 both
		if o[0]&1 != 0 {
			m.opt.read(b[108:236])
		}
		if o[0]&2 != 0 {
			m.opt.read(b[44:108])
		}
	}
	if t := m.opt[optType]; len(t) == 1 {
		m.kind = t[0]
	}
}

// read takes options from one area; the first instance of an option counts.
func (o *options) read(b []byte) {
	r := dissect.Read(b)
	for range maxOptions {
		code := r.U8()
		if code == 0 && !r.Short {
			continue // padding
		}
		if code == optEnd || r.Short {
			return
		}
		v := r.Bytes(int(r.U8()))
		if code <= lastOption && o[code] == nil && !r.Short {
			o[code] = v
		}
	}
}

// fromClient records what a client says of itself. Its address counts only if it already uses it (ciaddr).
func (m *message) fromClient(c *dissect.Ctx) {
	say := func(k model.Kind, v []byte) {
		if len(v) > 0 {
			c.SayAbout(k, m.ciaddr, m.client, dissect.View(v))
		}
	}
	if m.client.IsZero() && !m.ciaddr.IsValid() {
		return
	}
	say(model.NameDHCP, trimNUL(m.opt[optHostName]))
	say(model.NameFQDN, fqdn(c, m.opt[optFQDN]))
	say(model.DHCPVendor, trimNUL(m.opt[optVendor]))
	say(model.DHCPParams, numbers(c, m.opt[optParams]))
	say(model.DHCPClientID, clientID(c, m.opt[optClientID], m.client))
	if m.kind == discover || m.kind == request || m.kind == inform || m.kind == 0 {
		want := addr4(m.opt[optRequested])
		v := c.Scratch()
		if want.IsValid() {
			v = want.AppendTo(v)
		}
		c.SayAbout(model.DHCPRequest, m.ciaddr, m.client, dissect.View(v))
	}
}

// fromServer records the binding that an ACK confirms, and who the server is.
func (m *message) fromServer(c *dissect.Ctx) {
	if m.kind != offer && m.kind != ack && m.kind != 0 {
		return
	}
	if m.yiaddr.IsValid() && m.kind != offer {
		c.Bind(model.BindDHCP, m.client, m.yiaddr)
	}
	owner := m.yiaddr
	if !owner.IsValid() {
		owner = m.ciaddr
	}
	if d := trimNUL(m.opt[optDomain]); len(d) > 0 && m.kind == ack && owner.IsValid() {
		c.SayAbout(model.DomainDNS, owner, m.client, dissect.View(d))
	}
	m.server(c)
}

func (m *message) server(c *dissect.Ctx) {
	if !m.yiaddr.IsValid() && (bytes.HasPrefix(m.opt[optVendor], []byte("PXEClient")) || !m.ciaddr.IsValid()) {
		return // a boot server beside the DHCP server: gives no addresses
	}
	id := addr4(m.opt[optServer])
	if !id.IsValid() && !m.giaddr.IsValid() {
		id = c.Src
	}
	if !id.IsValid() || id.IsUnspecified() {
		return
	}
	var mac model.MAC
	if id == c.Src {
		mac = c.SrcMAC
	}
	v := addrs(c.Scratch(), "router=", m.opt[optRouter])
	v = addrs(v, "dns=", m.opt[optDNS])
	if l := m.opt[optLease]; len(l) == 4 {
		v = strconv.AppendUint(field(v, "lease="), uint64(binary.BigEndian.Uint32(l)), 10)
	}
	c.SayAbout(model.DHCPServer, id, mac, dissect.View(v))
}

// addr4 reads an IPv4 address; the zero address is given as none.
func addr4(b []byte) netip.Addr {
	if len(b) != 4 || binary.BigEndian.Uint32(b) == 0 {
		return netip.Addr{}
	}
	return netip.AddrFrom4([4]byte(b))
}

func field(v []byte, name string) []byte {
	if len(v) > 0 {
		v = append(v, ' ')
	}
	return append(v, name...)
}

// addrs appends at most four IPv4 addresses.
func addrs(v []byte, name string, b []byte) []byte {
	if len(b) < 4 {
		return v
	}
	v = field(v, name)
	for i := 0; i+4 <= min(len(b), 16); i += 4 {
		if i > 0 {
			v = append(v, ',')
		}
		v = netip.AddrFrom4([4]byte(b[i : i+4])).AppendTo(v)
	}
	return v
}

func numbers(c *dissect.Ctx, b []byte) []byte {
	v := c.Scratch()
	for i, x := range b[:min(len(b), 100)] {
		if i > 0 {
			v = append(v, ',')
		}
		v = strconv.AppendUint(v, uint64(x), 10)
	}
	return v
}

// clientID gives option 61 in hex, nothing if it only repeats the hardware address (RFC 2132, 9.14).
func clientID(c *dissect.Ctx, b []byte, mac model.MAC) []byte {
	if len(b) == 7 && b[0] == 1 && model.MAC(b[1:]) == mac {
		return nil
	}
	return hex.AppendEncode(c.Scratch(), b[:min(len(b), 64)])
}

// fqdn reads option 81: flags, two obsolete bytes, then a name, in DNS wire form if flag E (0x04) is set (RFC 4702, 2).
func fqdn(c *dissect.Ctx, b []byte) []byte {
	if len(b) < 4 {
		return nil
	}
	if b[0]&4 == 0 {
		return trimNUL(b[3:])
	}
	return labels(c.Scratch(), b[3:])
}

// labels appends a name in DNS wire form with dots; compression is not allowed here (RFC 4702, 8415 section 10).
func labels(v, b []byte) []byte {
	r := dissect.Read(b)
	for r.Len() > 0 {
		l := r.Bytes(int(r.U8()))
		if len(l) == 0 || len(l) > 63 || len(v)+len(l) > 255 {
			return v
		}
		if len(v) > 0 {
			v = append(v, '.')
		}
		v = append(v, l...)
	}
	return v
}

func trimNUL(b []byte) []byte { return bytes.TrimRight(b, "\x00") }
