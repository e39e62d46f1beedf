package management

import (
	"bytes"
	"encoding/binary"
	"net/netip"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// RADIUS attributes (RFC 2865, 5).
const (
	radiusFramedIP = 8
	radiusCalling  = 31
	radiusNAS      = 32
	radiusHeader   = 20
	accounting     = 4
)

// radius decodes one message: who asks (NAS-Identifier), and in accounting which MAC has which address. User names are
// not read.
func radius(c *dissect.Ctx, b []byte) dissect.Verdict {
	if len(b) < radiusHeader || b[0] == 0 || b[0] > 50 {
		return dissect.No
	}
	n := int(binary.BigEndian.Uint16(b[2:]))
	if n < radiusHeader || n > len(b) {
		return dissect.No
	}
	var addr netip.Addr
	var mac model.MAC
	for attrs := b[radiusHeader:n]; len(attrs) > 0; {
		if len(attrs) < 2 || attrs[1] < 2 || int(attrs[1]) > len(attrs) {
			return dissect.No
		}
		v := attrs[2:attrs[1]]
		switch {
		case attrs[0] == radiusNAS && (b[0] == 1 || b[0] == accounting):
			c.Say(model.NameRADIUS, dissect.View(v))
		case attrs[0] == radiusFramedIP && len(v) == 4:
			addr = netip.AddrFrom4([4]byte(v))
		case attrs[0] == radiusCalling && len(v) >= 12 && len(v) <= 17:
			mac, _ = model.ParseMAC(dissect.View(v))
		}
		attrs = attrs[attrs[1]:]
	}
	if b[0] == accounting {
		c.Bind(model.BindTable, mac, addr)
	}
	return dissect.Yes
}

// tftp recognises requests (RFC 1350): the data follows on other ports.
func tftp(_ *dissect.Ctx, b []byte) dissect.Verdict {
	if len(b) < 6 || b[0] != 0 || b[1] != 1 && b[1] != 2 {
		return dissect.No
	}
	name, rest, ok := bytes.Cut(b[2:], []byte{0})
	mode, _, ok2 := bytes.Cut(rest, []byte{0})
	if !ok || !ok2 || len(name) == 0 {
		return dissect.No
	}
	for _, m := range [...]string{"octet", "netascii", "mail"} {
		if bytes.EqualFold(mode, []byte(m)) {
			return dissect.Yes
		}
	}
	return dissect.No
}

// netflow recognises versions 1, 5, 7 and 9 (RFC 3954) and IPFIX (RFC 7011).
func netflow(_ *dissect.Ctx, b []byte) dissect.Verdict {
	if len(b) < 16 {
		return dissect.No
	}
	version, count := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:]))
	ok := false
	switch version {
	case 1:
		ok = count > 0 && count <= 24 && len(b) == 16+52*count
	case 5:
		ok = count > 0 && count <= 30 && len(b) == 24+48*count
	case 7:
		ok = count > 0 && count <= 28 && len(b) == 24+52*count
	case 9:
		ok = count > 0 && len(b) >= 24 && int(binary.BigEndian.Uint16(b[22:])) <= len(b)-20
	case 10:
		ok = count == len(b)
	}
	if ok {
		return dissect.Yes
	}
	return dissect.No
}

// sflow recognises version 5 (sflow.org, "sFlow Version 5", 2004).
func sflow(_ *dissect.Ctx, b []byte) dissect.Verdict {
	if len(b) >= 28 && binary.BigEndian.Uint32(b) == 5 && (b[7] == 1 || b[7] == 2) && b[4]|b[5]|b[6] == 0 {
		return dissect.Yes
	}
	return dissect.No
}
