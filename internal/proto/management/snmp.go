package management

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strconv"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// Object identifiers in their encoded form: system group (RFC 3418), hrDeviceDescr.1 (RFC 2790).
var (
	oidSysDescr    = []byte{0x2b, 6, 1, 2, 1, 1, 1, 0}
	oidSysObjectID = []byte{0x2b, 6, 1, 2, 1, 1, 2, 0}
	oidSysName     = []byte{0x2b, 6, 1, 2, 1, 1, 5, 0}
	oidDevice      = []byte{0x2b, 6, 1, 2, 1, 25, 3, 2, 1, 3, 1}
)

// maxBindings bounds the variables read of one message; a GETBULK answer seldom has more than 100.
const maxBindings = 128

var versions = map[int]string{0: "1", 1: "2c", 3: "3"}

// snmp decodes one message of any version. The agent is who answers, reports or sends traps.
func snmp(c *dissect.Ctx, b []byte) dissect.Verdict {
	outer := ber{b: b}
	m := ber{b: outer.want(tagSequence)}
	version, known := versions[m.small()]
	if outer.bad || len(outer.b) > 0 || m.bad || !known {
		return dissect.No
	}
	if version == "3" {
		return snmp3(c, m)
	}
	community := m.want(tagString)
	tag, pdu := m.next()
	if m.bad || tag < tagGet || tag > tagReport {
		return dissect.No
	}
	if agent(tag) {
		c.SayAt(model.SNMPVersion, version)
		sayCommunity(c, tag, community)
	}
	readPDU(c, tag, pdu)
	return dissect.Yes
}

func agent(tag byte) bool {
	return tag == tagResponse || tag == tagTrapV1 || tag == tagTrapV2 || tag == tagReport
}

// sayCommunity records that an agent took a default community, or that another one crossed the wire readable. Only
// answers count: a wrong community gets none (RFC 3584, 5.2.1).
func sayCommunity(c *dissect.Ctx, tag byte, community []byte) {
	if tag != tagResponse {
		return
	}
	switch string(community) {
	case "public":
		c.SayAt(model.SNMPDefault, "public")
	case "private":
		c.SayAt(model.SNMPDefault, "private")
	default:
		c.SayTo(model.CleartextLogin, "snmp")
	}
}

// snmp3 reads the header of version 3 (RFC 3412, 6) and the PDU if it is not encrypted.
func snmp3(c *dissect.Ctx, m ber) dissect.Verdict {
	m.want(tagSequence)
	security := ber{b: m.want(tagString)}
	tag, scoped := m.next()
	if m.bad || tag != tagSequence && tag != tagString {
		return dissect.No
	}
	usm := ber{b: security.want(tagSequence)}
	engine := usm.want(tagString)
	fromAgent := c.SrcPort == 161 || !c.ToServer && c.DstPort != 161
	if tag == tagSequence {
		s := ber{b: scoped}
		s.want(tagString)
		s.want(tagString)
		kind, pdu := s.next()
		if s.bad || kind < tagGet || kind > tagReport {
			return dissect.No
		}
		fromAgent = agent(kind)
		readPDU(c, kind, pdu)
	}
	if fromAgent {
		c.SayAt(model.SNMPVersion, "3")
		sayEngine(c, engine)
	}
	return dissect.Yes
}

// sayEngine records the enterprise number in an engine id (RFC 3411, 5: the first bit set, then 31 bits of it).
func sayEngine(c *dissect.Ctx, id []byte) {
	if len(id) < 5 || len(id) > 32 {
		return
	}
	n := binary.BigEndian.Uint32(id) &^ (1 << 31)
	c.SayAt(model.SNMPEngine, dissect.View(strconv.AppendUint(append(c.Scratch(), "enterprise="...), uint64(n), 10)))
}

// readPDU passes over the head of a PDU and reads its variables.
func readPDU(c *dissect.Ctx, tag byte, pdu []byte) {
	if !agent(tag) {
		return
	}
	r := ber{b: pdu}
	subject := c.Src
	if tag == tagTrapV1 { // enterprise, agent address, generic, specific, time (RFC 1157, 4.1.6)
		enterprise := r.want(tagOID)
		if _, a := r.next(); len(a) == 4 && a[0] != 0 {
			subject = netip.AddrFrom4([4]byte(a))
		}
		sayOID(c, subject, enterprise)
	} // else: request id, error status, error index
	r.next()
	r.next()
	r.next()
	list := ber{b: r.want(tagSequence)}
	for range maxBindings {
		v := ber{b: list.want(tagSequence)}
		oid := v.want(tagOID)
		typ, value := v.next()
		if list.bad || v.bad {
			return
		}
		sayVariable(c, subject, oid, typ, value)
	}
}

func sayVariable(c *dissect.Ctx, subject netip.Addr, oid []byte, typ byte, value []byte) {
	if typ == tagOID && bytes.Equal(oid, oidSysObjectID) {
		sayOID(c, subject, value)
		return
	}
	if typ != tagString || len(value) == 0 {
		return
	}
	say := func(k model.Kind, v []byte) { c.SayAbout(k, subject, c.SrcMAC, dissect.View(v)) }
	switch {
	case bytes.Equal(oid, oidSysDescr):
		say(model.SNMPDescr, value)
	case bytes.Equal(oid, oidSysName):
		say(model.NameSNMP, value)
	case bytes.Equal(oid, oidDevice):
		say(model.SNMPDevice, value)
	default:
		if id := deviceID(c.Scratch(), value); id != nil {
			say(model.PrinterModel, id)
		}
	}
}

// sayOID records an object identifier as the system's, dotted. The zero identifier (0.0) says nothing.
func sayOID(c *dissect.Ctx, subject netip.Addr, oid []byte) {
	if v := dotted(c.Scratch(), oid); len(v) > len("0.0") {
		c.SayAbout(model.SNMPObjectID, subject, c.SrcMAC, dissect.View(v))
	}
}

// dotted writes an object identifier (X.690, 8.19); nil if it is damaged.
func dotted(v, oid []byte) []byte {
	if len(oid) == 0 || len(oid) > 64 {
		return nil
	}
	first := min(oid[0]/40, 2)
	v = strconv.AppendUint(v, uint64(first), 10)
	v = strconv.AppendUint(append(v, '.'), uint64(oid[0]-40*first), 10)
	var n uint64
	for i, x := range oid[1:] {
		n = n<<7 | uint64(x&0x7f)
		if x < 0x80 {
			v = strconv.AppendUint(append(v, '.'), n, 10)
			n = 0
		} else if i == len(oid)-2 {
			return nil
		}
	}
	return v
}

// deviceID takes maker and model out of an IEEE 1284 device id, which printers give in private MIBs; nil if b is none.
func deviceID(v, b []byte) []byte {
	maker := idField(b, "MFG:", "MANUFACTURER:")
	name := idField(b, "MDL:", "MODEL:")
	if maker == nil || name == nil {
		return nil
	}
	if !bytes.HasPrefix(name, maker) {
		v = append(append(v, maker...), ' ')
	}
	return append(v, name...)
}

func idField(b []byte, keys ...string) []byte {
	for _, k := range keys {
		if i := bytes.Index(b, []byte(k)); i >= 0 {
			f, _, _ := bytes.Cut(b[i+len(k):], []byte(";"))
			return bytes.TrimSpace(f[:min(len(f), 100)])
		}
	}
	return nil
}
