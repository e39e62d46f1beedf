package hospitalsim

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

const domain = "hospital.example"

var (
	mdnsGroup  = netip.MustParseAddr("224.0.0.251")
	llmnrGroup = netip.MustParseAddr("224.0.0.252")
	ssdpGroup  = netip.MustParseAddr("239.255.255.250")
	everyone   = netip.MustParseAddr("255.255.255.255")
)

func dnsBytes(d *layers.DNS) []byte {
	b := gopacket.NewSerializeBuffer()
	if err := d.SerializeTo(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}); err != nil {
		panic("BUG: " + err.Error())
	}
	return b.Bytes()
}

func dnsQuery(id uint16, name string, typ layers.DNSType, recursive bool) []byte {
	return dnsBytes(&layers.DNS{ID: id, RD: recursive, QDCount: 1, Questions: []layers.DNSQuestion{{Name: []byte(name), Type: typ, Class: layers.DNSClassIN}}})
}

// dnsAnswer gives the addresses of a name; none: the name does not exist.
func dnsAnswer(id uint16, name string, recursive bool, ips ...netip.Addr) []byte {
	d := &layers.DNS{
		ID: id, QR: true, RD: recursive, RA: recursive, AA: !recursive, QDCount: 1, ANCount: uint16(len(ips)),
		Questions: []layers.DNSQuestion{{Name: []byte(name), Type: layers.DNSTypeA, Class: layers.DNSClassIN}},
	}
	for _, ip := range ips {
		d.Answers = append(d.Answers, layers.DNSResourceRecord{Name: []byte(name), Type: layers.DNSTypeA, Class: layers.DNSClassIN, TTL: 300, IP: ipOf(ip)})
	}
	if len(ips) == 0 {
		d.ResponseCode = layers.DNSResponseCodeNXDomain
	}
	return dnsBytes(d)
}

// lookup is a machine asking the domain's DNS server for a name.
func (w *world) lookup(at int64, m *machine, name string, ips ...netip.Addr) int64 {
	id := uint16(w.rng.Uint32())
	return w.ask(at, m, w.town.of("DC01"), 53, dnsQuery(id, name, layers.DNSTypeA, true), dnsAnswer(id, name, true, ips...))
}

// lookupVisitor is the same for guests, whose DNS server is outside.
func (w *world) lookupVisitor(at int64, m, server *machine, name string, ips ...netip.Addr) int64 {
	id := uint16(w.rng.Uint32())
	return w.ask(at, m, server, 53, dnsQuery(id, name, layers.DNSTypeA, true), dnsAnswer(id, name, true, ips...))
}

// findController asks where the domain controllers are (MS-ADTS 6.3.2.3).
func (w *world) findController(at int64, m *machine) int64 {
	dc, id := w.town.of("DC01"), uint16(w.rng.Uint32())
	name := []byte("_ldap._tcp.dc._msdcs." + domain)
	q := layers.DNSQuestion{Name: name, Type: layers.DNSTypeSRV, Class: layers.DNSClassIN}
	target := []byte("dc01." + domain)
	d := &layers.DNS{
		ID: id, QR: true, RD: true, RA: true, QDCount: 1, ANCount: 1, ARCount: 1, Questions: []layers.DNSQuestion{q},
		Answers:     []layers.DNSResourceRecord{{Name: name, Type: layers.DNSTypeSRV, Class: layers.DNSClassIN, TTL: 600, SRV: layers.DNSSRV{Weight: 100, Port: 389, Name: target}}},
		Additionals: []layers.DNSResourceRecord{{Name: target, Type: layers.DNSTypeA, Class: layers.DNSClassIN, TTL: 600, IP: ipOf(dc.ip)}},
	}
	return w.ask(at, m, dc, 53, dnsQuery(id, string(name), layers.DNSTypeSRV, true), dnsBytes(d))
}

// nbName is a NetBIOS name as RFC 1001 14.1 encodes it.
func nbName(name string, suffix byte) []byte {
	padded := fmt.Sprintf("%-15.15s", strings.ToUpper(name)) + string(rune(suffix))
	b := []byte{32}
	for i := range 16 {
		b = append(b, 'A'+padded[i]>>4, 'A'+padded[i]&15)
	}
	return append(b, 0)
}

// register tells everyone on the network the NetBIOS names of a Windows machine (RFC 1002 4.2.2).
func (w *world) register(at int64, m *machine, workgroup string) {
	b := m.ip.As4()
	for i, n := range []struct {
		name   string
		suffix byte
		flags  uint16
	}{{m.name, 0x00, 0}, {workgroup, 0x00, 0x8000}, {m.name, 0x20, 0}} {
		q := be(uint16(w.rng.Uint32()), uint16(0x2910), uint16(1), uint16(0), uint16(0), uint16(1), nbName(n.name, n.suffix), uint16(0x20), uint16(1),
			uint16(0xc00c), uint16(0x20), uint16(1), uint32(300000), uint16(6), n.flags, b[:])
		w.shout(at+int64(i)*3e6, m, m.net.everyone(), 137, 137, q)
	}
}

// everyone is the broadcast address of a network.
func (n *subnet) everyone() netip.Addr {
	b := n.prefix.Addr().As4()
	for i := n.prefix.Bits(); i < 32; i++ {
		b[i/8] |= 1 << (7 - i%8)
	}
	return netip.AddrFrom4(b)
}

// seek is a Windows machine asking its neighbours for a name by LLMNR (RFC 4795); owner answers, if there is one.
func (w *world) seek(at int64, m *machine, name string, owner *machine) {
	id, port := uint16(w.rng.Uint32()), m.port()
	w.shout(at, m, llmnrGroup, port, 5355, dnsQuery(id, name, layers.DNSTypeA, false))
	if owner != nil {
		w.datagram(at+int64(w.upTo(3e6))+1e6, way(owner, m, owner), 5355, port, dnsAnswer(id, name, false, owner.ip))
	}
}

// advertise is a device telling its services by mDNS (RFC 6762, 6763).
func (w *world) advertise(at int64, m *machine, service string, port uint16, texts ...string) {
	host := []byte(strings.ToLower(m.name) + ".local")
	instance := []byte(m.name + "." + service + ".local")
	typ := []byte(service + ".local")
	rr := func(name []byte, t layers.DNSType) layers.DNSResourceRecord {
		return layers.DNSResourceRecord{Name: name, Type: t, Class: layers.DNSClassIN, TTL: 120}
	}
	ptr, srv, txt, a := rr(typ, layers.DNSTypePTR), rr(instance, layers.DNSTypeSRV), rr(instance, layers.DNSTypeTXT), rr(host, layers.DNSTypeA)
	ptr.PTR, srv.SRV, a.IP = instance, layers.DNSSRV{Port: port, Name: host}, ipOf(m.ip)
	for _, t := range texts {
		txt.TXTs = append(txt.TXTs, []byte(t))
	}
	d := &layers.DNS{QR: true, AA: true, ANCount: 4, Answers: []layers.DNSResourceRecord{ptr, srv, txt, a}}
	if len(texts) == 0 {
		d.ANCount, d.Answers = 3, []layers.DNSResourceRecord{ptr, srv, a}
	}
	w.shout(at, m, mdnsGroup, 5353, 5353, dnsBytes(d))
}
