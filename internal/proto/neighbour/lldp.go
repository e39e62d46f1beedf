package neighbour

import (
	"net/netip"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// TLV types of IEEE 802.1AB-2016, 8.4, and LLDP-MED inventory subtypes (ANSI/TIA-1057, 10.2.6).
const (
	tlvEnd     = 0
	tlvChassis = 1
	tlvPort    = 2
	tlvTTL     = 3
	tlvName    = 5
	tlvDescr   = 6
	tlvCaps    = 7
	tlvManage  = 8
	tlvOrg     = 127

	medFirmware = 6
	medSoftware = 7
	medMaker    = 9
	medModel    = 10

	maxTLVs = 64
)

// station is what an LLDP or CDP announcement says, until all of it is read: the address that it is to be told of may
// come last.
type station struct {
	addr                   netip.Addr
	name, descr            []byte
	caps                   uint32
	hasCaps                bool
	maker, model, firmware []byte
}

// lldp decodes one announcement. A lifetime of zero is a farewell and says nothing else.
func lldp(c *dissect.Ctx, b []byte) {
	var s station
	r := dissect.Read(b)
	for i := range maxTLVs {
		h := r.U16()
		typ, v := h>>9, r.Bytes(int(h&0x1ff))
		if r.Short || typ == tlvEnd || i == 0 && typ != tlvChassis || i == 1 && typ != tlvPort {
			break
		}
		if typ == tlvTTL && len(v) == 2 && v[0]|v[1] == 0 {
			return
		}
		s.lldpTLV(typ, v)
	}
	s.sayLLDP(c)
}

func (s *station) lldpTLV(typ uint16, v []byte) {
	switch {
	case typ == tlvName:
		s.name = v
	case typ == tlvDescr:
		s.descr = v
	case typ == tlvCaps && len(v) == 4:
		s.caps, s.hasCaps = uint32(v[2])<<8|uint32(v[3]), true
	case typ == tlvManage && !s.addr.IsValid():
		s.addr = managementAddr(v)
	case typ == tlvOrg && len(v) > 4 && v[0] == 0 && v[1] == 0x12 && v[2] == 0xbb:
		s.inventory(v[3], v[4:])
	}
}

func (s *station) inventory(subtype byte, v []byte) {
	switch subtype {
	case medMaker:
		s.maker = v
	case medModel:
		s.model = v
	case medFirmware, medSoftware:
		if s.firmware == nil {
			s.firmware = v
		}
	}
}

// managementAddr reads the first management address: length, family (1 IPv4, 2 IPv6: IANA address families), address.
func managementAddr(v []byte) netip.Addr {
	if len(v) < 6 || int(v[0])+1 > len(v) {
		return netip.Addr{}
	}
	switch {
	case v[1] == 1 && v[0] == 5:
		return addr4(v[2:6])
	case v[1] == 2 && v[0] == 17:
		return netip.AddrFrom16([16]byte(v[2:18]))
	}
	return netip.Addr{}
}

// lldpCaps are the bits of 8.4.8.1, in order.
var lldpCaps = []string{"other", "repeater", "bridge", "wlan", "router", "phone", "docsis", "station"}

func (s *station) sayLLDP(c *dissect.Ctx) {
	s.say(c, model.NameLLDP, s.name)
	s.say(c, model.LLDPDescr, s.descr)
	if s.hasCaps {
		s.say(c, model.LLDPCaps, bitNames(c.Scratch(), s.caps, lldpCaps))
	}
	v := c.Scratch()
	for _, p := range [][]byte{s.maker, s.model, s.firmware} {
		if len(p) > 0 && len(v) > 0 {
			v = append(v, ' ')
		}
		v = append(v, p[:min(len(p), 64)]...)
	}
	s.say(c, model.LLDPModel, v)
}

func (s *station) say(c *dissect.Ctx, k model.Kind, v []byte) {
	if len(v) > 0 {
		c.SayAbout(k, s.addr, c.SrcMAC, dissect.View(v))
	}
}

func bitNames(v []byte, bits uint32, names []string) []byte {
	for i, n := range names {
		if bits>>i&1 == 0 || n == "" {
			continue
		}
		if len(v) > 0 {
			v = append(v, ',')
		}
		v = append(v, n...)
	}
	return v
}
