// Package neighbour decodes what is said on the link itself: ARP (RFC 826), IPv6 neighbour discovery (RFC 4861), LLDP
// (IEEE 802.1AB, with LLDP-MED ANSI/TIA-1057), CDP, and it notes who takes part in spanning tree, link aggregation,
// 802.1X, PPPoE discovery, VRRP, HSRP, GLBP and IGMP querying. It names the IP protocols that are neither TCP nor UDP.
//
// It judges nothing: whether an address that moves is an attack is decided elsewhere. User names in EAP and PPPoE are
// not read.
package neighbour

import (
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// Streams lists the TCP protocols of this family: none.
func Streams() []dissect.StreamSpec { return nil }

// Datagrams lists the UDP protocols of this family: the router redundancy of Cisco.
func Datagrams() []dissect.DatagramSpec {
	return []dissect.DatagramSpec{
		{App: dissect.HSRP, Ports: []uint16{1985, 2029}, Data: hsrp, PortOnly: true},
		{App: dissect.GLBP, Ports: []uint16{3222}, Data: glbp, PortOnly: true},
	}
}

// EtherTypes (IEEE registration authority).
const (
	etherARP    = 0x0806
	etherPPPoED = 0x8863
	etherSlow   = 0x8809
	etherEAPOL  = 0x888e
	etherPN     = 0x8892
	etherLLDP   = 0x88cc
	maxLength   = 1536 // below: the length field of an 802.3 frame
)

// Frame decodes a frame that is not IP; typ is the EtherType, or the length field of an 802.3 frame (then b starts at LLC).
func Frame(c *dissect.Ctx, typ uint16, b []byte) {
	switch {
	case typ < maxLength:
		llc(c, b)
	case typ == etherARP:
		arp(c, b)
	case typ == etherLLDP:
		lldp(c, b)
	case typ == etherSlow && len(b) > 0 && b[0] == 1: // subtype 1, IEEE 802.3 57A.4
		c.Say(model.LinkCount, "lacp")
	case typ == etherEAPOL && len(b) >= 4:
		c.Say(model.LinkCount, "eapol")
	case typ == etherPPPoED && len(b) >= 6 && b[0] == 0x11:
		c.Say(model.LinkCount, "pppoe")
	case typ == etherPN && len(b) >= 2:
		c.Say(model.LinkCount, "profinet")
	}
}

// llc decodes 802.3 frames: spanning tree, and what Cisco sends with a SNAP header.
func llc(c *dissect.Ctx, b []byte) {
	switch {
	case len(b) >= 7 && b[0] == 0x42 && b[1] == 0x42 && b[2] == 3 && b[3] == 0 && b[4] == 0:
		c.Say(model.LinkCount, "stp")
	case len(b) > 8 && b[0] == 0xaa && b[1] == 0xaa && b[2] == 3 && b[3] == 0 && b[4] == 0 && b[5] == 0x0c:
		switch uint16(b[6])<<8 | uint16(b[7]) {
		case 0x2000:
			cdp(c, b[8:])
		case 0x010b: // PVST+
			c.Say(model.LinkCount, "stp")
		case 0x2003:
			c.Say(model.LinkCount, "vtp")
		case 0x2004:
			c.Say(model.LinkCount, "dtp")
		}
	}
}

// arp binds the sender. Probes (RFC 5227: no sender address) claim nothing.
func arp(c *dissect.Ctx, b []byte) {
	r := dissect.Read(b)
	ethernet := r.U32() == 0x00010800 && r.U16() == 0x0604
	op := r.U16()
	sha, spa := r.Bytes(6), r.Bytes(4)
	if r.Short || !ethernet || op != 1 && op != 2 {
		return
	}
	c.Bind(model.BindARP, model.MAC(sha), addr4(spa))
}

// hsrp: version 0 has a fixed body of 20 bytes (RFC 2281, 5), version 2 starts with a TLV of type 1 and length 40.
func hsrp(c *dissect.Ctx, b []byte) dissect.Verdict {
	if len(b) >= 20 && b[0] == 0 && b[1] <= 3 || len(b) >= 42 && b[0] == 1 && b[1] == 40 {
		c.Say(model.LinkCount, "hsrp")
		return dissect.Yes
	}
	return dissect.No
}

// glbp starts with version 1 and carries the group's number.
func glbp(c *dissect.Ctx, b []byte) dissect.Verdict {
	if len(b) < 12 || b[0] != 1 {
		return dissect.No
	}
	c.Say(model.LinkCount, "glbp")
	return dissect.Yes
}
