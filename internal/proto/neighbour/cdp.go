package neighbour

import (
	"net/netip"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// TLV types of the Cisco Discovery Protocol as Cisco published them ("CDP packet format", 1994-2002).
const (
	cdpDevice   = 1
	cdpAddrs    = 2
	cdpCaps     = 4
	cdpVersion  = 5
	cdpPlatform = 6
	cdpManage   = 22

	cdpHeader = 4
	maxAddrs  = 16
)

// cdpCapNames are the capability bits, in order.
var cdpCapNames = []string{"router", "bridge", "sr_bridge", "switch", "host", "igmp", "repeater", "phone", "remote"}

// cdp decodes one announcement: version, time to live, checksum, then TLVs whose length includes their header.
func cdp(c *dissect.Ctx, b []byte) {
	if len(b) < cdpHeader || b[0] != 1 && b[0] != 2 || b[1] == 0 {
		return
	}
	var s station
	r := dissect.Read(b[cdpHeader:])
	for range maxTLVs {
		typ, n := r.U16(), int(r.U16())
		v := r.Bytes(n - 4)
		if r.Short {
			break
		}
		s.cdpTLV(typ, v)
	}
	s.say(c, model.NameCDP, s.name)
	s.say(c, model.CDPVersion, s.descr)
	s.say(c, model.CDPPlatform, s.model)
	if s.hasCaps {
		s.say(c, model.CDPCaps, bitNames(c.Scratch(), s.caps, cdpCapNames))
	}
}

func (s *station) cdpTLV(typ uint16, v []byte) {
	switch {
	case typ == cdpDevice:
		s.name = v
	case typ == cdpVersion:
		s.descr = v
	case typ == cdpPlatform:
		s.model = v
	case typ == cdpCaps && len(v) == 4:
		s.caps, s.hasCaps = uint32(v[0])<<24|uint32(v[1])<<16|uint32(v[2])<<8|uint32(v[3]), true
	case typ == cdpManage, typ == cdpAddrs && !s.addr.IsValid():
		if a := cdpAddr(v); a.IsValid() {
			s.addr = a
		}
	}
}

// cdpAddr gives the first IPv4 address of a list: count, then protocol type, length, protocol, length, address each.
func cdpAddr(v []byte) netip.Addr {
	r := dissect.Read(v)
	for range min(r.U32(), maxAddrs) {
		r.Skip(1)
		proto := r.Bytes(int(r.U8()))
		a := r.Bytes(int(r.U16()))
		if len(proto) == 1 && proto[0] == 0xcc && len(a) == 4 {
			return addr4(a)
		}
	}
	return netip.Addr{}
}
