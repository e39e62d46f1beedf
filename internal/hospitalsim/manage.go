package hospitalsim

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/mimawari/mimawari/internal/model"
)

// clockOf is a machine asking for the time (RFC 5905).
func (w *world) clockOf(at int64, c, s *machine, stratum int) int64 {
	stamp := uint64(at/1e9+2208988800) << 32
	q := append([]byte{0x23, 0, 6, 0xec}, make([]byte, 44)...)
	binary.BigEndian.PutUint64(q[40:], stamp)
	a := be(uint8(0x24), u8(stratum), uint8(6), uint8(0xec), uint32(0x200), uint32(0x300), []byte{10, 1, 0, 10}, stamp, stamp, stamp, stamp)
	return w.askFrom(at, c, s, 123, 123, q, a)
}

func oid(nums ...int) []byte {
	b := []byte{0x2b}
	for _, n := range nums {
		if n >= 1<<14 {
			b = append(b, byte(n>>14)|0x80)
		}
		if n >= 1<<7 {
			b = append(b, byte(n>>7)|0x80)
		}
		b = append(b, byte(n)&0x7f)
	}
	return tlv(6, b)
}

var (
	oidDescr  = oid(6, 1, 2, 1, 1, 1, 0)
	oidObject = oid(6, 1, 2, 1, 1, 2, 0)
	oidName   = oid(6, 1, 2, 1, 1, 5, 0)
)

// agent is what a device says of itself by SNMP.
type agent struct {
	descr string
	maker int // enterprise number (IANA)
}

var agents = map[model.Class]agent{
	model.ClassSwitch:  {"CentreCOM x230-28GT Software (AlliedWare Plus) Version 5.5.2", 207},
	model.ClassPrinter: {"multifunction printer", 367},
	model.ClassUPS:     {"APC Web/SNMP Management Card (MB:v4.1.0 PF:v6.9.6 PN:apc_hw05_aos_696.bin AF1:v6.9.6 MN:AP9631)", 318},
	model.ClassAP:      {"ArubaOS (MODEL: 505), Version 8.10.0.7", 14823},
}

// snmp is a manager asking an agent what it is (RFC 3416, version 2c).
func (w *world) snmp(at int64, c, s *machine) int64 {
	a := agents[s.class]
	if s.class == model.ClassPrinter {
		a.descr = s.row.model
		if s.row.maker == "リコー" {
			a.descr = "RICOH " + a.descr
		} else {
			a = agent{"FUJIFILM " + a.descr, 297}
		}
	}
	id := w.rng.Uint32() >> 1
	message := func(tag byte, values ...[]byte) []byte {
		var list []byte
		for i, o := range [][]byte{oidDescr, oidObject, oidName} {
			list = append(list, tlv(0x30, o, values[i])...)
		}
		return tlv(0x30, berInt(1), berText("public"), tlv(tag, berInt(id), berInt(0), berInt(0), tlv(0x30, list)))
	}
	null := tlv(5)
	return w.ask(at, c, s, 161, message(0xa0, null, null, null), message(0xa2, berText(a.descr), oid(6, 1, 4, 1, a.maker, 1, 1), berText(s.name)))
}

// syslog is one line of a log (RFC 3164).
func (w *world) syslog(at int64, c, s *machine, tag, text string) {
	when := time.Unix(0, at).In(japan).Format(time.Stamp)
	w.askFrom(at, c, s, 514, 514, fmt.Appendf(nil, "<189>%s %s %s: %s", when, c.name, tag, text), nil)
}

func lldpTLV(typ int, value []byte) []byte { return be(u16(typ<<9|len(value)), value) }

// lldp is a switch or an access point telling its neighbours what it is (IEEE 802.1AB).
func (w *world) lldp(at int64, m *machine, descr string, caps uint16) {
	ip := m.ip.As4()
	w.frame(at, be([]byte{0x01, 0x80, 0xc2, 0, 0, 0x0e}, m.mac[:], uint16(0x88cc), lldpTLV(1, append([]byte{4}, m.mac[:]...)), lldpTLV(2, []byte("\x05port1")),
		lldpTLV(3, []byte{0, 120}), lldpTLV(5, []byte(m.name)), lldpTLV(6, []byte(descr)), lldpTLV(7, be(caps, caps)),
		lldpTLV(8, be(uint8(5), uint8(1), ip[:], uint8(2), uint32(1), uint8(0))), lldpTLV(0, nil)))
}

// cdp is a Cisco switch doing the same its own way.
func (w *world) cdp(at int64, m *machine) {
	field := func(typ int, v []byte) []byte { return be(u16(typ), u16(len(v)+4), v) }
	ip := m.ip.As4()
	body := be(uint8(2), uint8(180), uint16(0), field(1, []byte(m.name)), field(2, be(uint32(1), []byte{1, 1, 0xcc}, uint16(4), ip[:])),
		field(3, []byte("GigabitEthernet1/0/1")), field(4, be(uint32(0x29))), field(5, []byte("Cisco IOS Software [Cupertino], Catalyst L3 Switch Software (CAT9K_IOSXE), Version 17.9.4a")),
		field(6, []byte("cisco C9300-24T")))
	binary.BigEndian.PutUint16(body[2:], checksum(body))
	w.frame(at, be([]byte{0x01, 0, 0x0c, 0xcc, 0xcc, 0xcc}, m.mac[:], u16(len(body)+8), []byte{0xaa, 0xaa, 3, 0, 0, 0x0c, 0x20, 0}, body))
}

// checksum is the one of RFC 1071.
func checksum(b []byte) uint16 {
	sum := uint32(0)
	for i := 0; i+1 < len(b); i += 2 {
		sum += uint32(b[i])<<8 | uint32(b[i+1])
	}
	if len(b)%2 == 1 {
		sum += uint32(b[len(b)-1]) << 8
	}
	for sum>>16 != 0 {
		sum = sum&0xffff + sum>>16
	}
	return ^uint16(sum)
}

// bpdu is a switch's part in the spanning tree (IEEE 802.1D, 9.3.1).
func (w *world) bpdu(at int64, m, root *machine) {
	id := func(priority uint16, mac model.MAC) []byte { return be(priority, mac[:]) }
	body := be([]byte{0x42, 0x42, 3, 0, 0, 2, 2, 0x3c}, id(0x1000, root.mac), uint32(20000), id(0x8000, m.mac), uint16(0x8001), uint16(0x0100), uint16(0x1400), uint16(0x0200), uint16(0x0f00), uint8(0))
	w.frame(at, be([]byte{0x01, 0x80, 0xc2, 0, 0, 0}, m.mac[:], u16(len(body)), body))
}

var vrrpGroup = netip.MustParseAddr("224.0.0.18")

// vrrp is the master of a virtual router (RFC 9568) telling that it is there.
func (w *world) vrrp(at int64, m *machine) {
	gw := m.net.gateway.As4()
	h := hop{src: m, dst: &machine{ip: vrrpGroup}, srcMAC: m.net.router, dstMAC: groupMAC(vrrpGroup)}
	ip := h.ip(layers.IPProtocolVRRP)
	b := be(uint8(0x31), uint8(10), uint8(110), uint8(1), uint16(100), uint16(0), gw[:])
	src, dst := m.ip.As4(), vrrpGroup.As4()
	binary.BigEndian.PutUint16(b[6:], checksum(be(src[:], dst[:], uint8(0), uint8(112), u16(len(b)), b)))
	w.emit(at, ether(h.srcMAC, h.dstMAC, layers.EthernetTypeIPv4), ip, gopacket.Payload(b))
}
