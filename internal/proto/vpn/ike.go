package vpn

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// IKE header and payloads (RFC 2408 3.1; RFC 7296 3.1, 3.2).
const (
	ikeHeader     = 28
	v1            = 0x10
	v2            = 0x20
	v1Encrypted   = 1 // flag
	v1VendorID    = 13
	v2VendorID    = 43
	v2Encrypted   = 46
	maxPayloads   = 32
	maxVendorText = 40
)

// ike decodes one datagram on the ports of IPsec: IKE, on port 4500 after four zero bytes; ESP (RFC 3948, 2) otherwise.
func ike(c *dissect.Ctx, b []byte) dissect.Verdict {
	if c.SrcPort == 4500 || c.DstPort == 4500 {
		if len(b) == 1 && b[0] == 0xff { // keep-alive, RFC 3948 2.3
			return dissect.Yes
		}
		if len(b) > 4 && binary.BigEndian.Uint32(b) == 0 {
			b = b[4:]
		} else if !isIKE(b) {
			return espInUDP(c, b)
		}
	}
	if !isIKE(b) {
		return dissect.No
	}
	c.App = dissect.IKE
	if !c.ToServer {
		c.Say(model.VPNService, "ike")
	} else {
		c.SayTo(model.VPNClient, "ike")
	}
	vendors(c, b)
	return dissect.Yes
}

func isIKE(b []byte) bool {
	if len(b) < ikeHeader || int(binary.BigEndian.Uint32(b[24:])) != len(b) || binary.BigEndian.Uint64(b) == 0 {
		return false
	}
	exchange := b[18]
	switch b[17] & 0xf0 {
	case v1:
		return exchange >= 1 && exchange <= 6 || exchange >= 32 && exchange <= 33
	case v2:
		return exchange >= 34 && exchange <= 44
	}
	return false
}

// espInUDP accepts an SPI outside the reserved range, a sequence number, and a body of whole words (RFC 4303, 2).
func espInUDP(c *dissect.Ctx, b []byte) dissect.Verdict {
	if len(b) < 24 || binary.BigEndian.Uint32(b) < 256 {
		return dissect.No
	}
	c.App = dissect.ESPinUDP
	c.SayTo(model.Tunnel, "esp")
	return dissect.Yes
}

// vendors walks the payloads that are not encrypted.
func vendors(c *dissect.Ctx, b []byte) {
	next, wanted := b[16], byte(v1VendorID)
	if b[17]&0xf0 == v2 {
		wanted = v2VendorID
	} else if b[19]&v1Encrypted != 0 {
		return
	}
	r := dissect.Read(b[ikeHeader:])
	for range maxPayloads {
		if next == 0 || next == v2Encrypted {
			return
		}
		typ := next
		next = r.U8()
		r.Skip(1)
		body := r.Bytes(int(r.U16()) - 4)
		if r.Short {
			return
		}
		if typ == wanted && len(body) > 0 {
			c.Say(model.IKEVendor, vendorName(c, body))
		}
	}
}

// vendorIDs are beginnings of vendor ids and what they stand for: MD5 sums of texts that the vendors published in RFC
// 3706, 3947, draft-beaulieu-ike-xauth and [MS-IKEE] 1.7, and ids collected by the ike-scan project.
var vendorIDs = [...]struct{ hex, name string }{
	{"12f5f28c457168a9702d9fe274cc", "Cisco Unity"},
	{"09002689dfd6b712", "XAUTH"},
	{"afcad71368a1f1c96b8696fc7757", "DPD"},
	{"4a131c81070358455c5728f20e95452f", "NAT-T RFC 3947"},
	{"4485152d18b6bbcd0be8a8469579ddcc", "NAT-T draft 00"},
	{"cd60464335df21f87cfdb2fc68b6a448", "NAT-T draft 02"},
	{"90cb80913ebb696e086381b5ec427b1f", "NAT-T draft 02"},
	{"7d9419a65310ca6f2c179d9215529d56", "NAT-T draft 03"},
	{"4048b7d56ebce88525e7de7f00d6c2d3", "Fragmentation"},
	{"1e2b516905991c7d7c96fcbfb587e461", "Microsoft"},
	{"fb1de3cdf341b7ea16b7e5be0855f120", "Microsoft Negotiation Discovery"},
	{"26244d38eddb61b3172a36e3d0cfb819", "Microsoft Initial Contact"},
	{"e3a5966a76379fe707228231e5ce8652", "Microsoft IKE CGA"},
	{"214ca4faffa7f32d6748e5303395ae83", "Microsoft MamieExists"},
	{"882fe56d6fd20dbc2251613b2ebe5beb", "strongSwan"},
	{"8299031757a36082c6a621de", "Fortinet"},
	{"4c53427b6d465d1b337bb755a37a7fef", "FortiClient"},
	{"f4ed19e0c114eb516faaac0ee37daf28", "Check Point"},
	{"166f932d55eb64d8e4df4fd37e2313f0", "Juniper ScreenOS"},
	{"404bf439522ca3f6", "SonicWall"},
	{"5b362bc820f6", "SonicWall"},
	{"7003cbc1097dbe9c2600ba6983bc8b35", "racoon"},
	{"4865617274426561745f4e6f74696679", "HeartBeat Notify"},
	{"c32364b3b4f447eb17c488ab2a480a57", "Cisco VPN 3000"},
	{"1f07f70eaa6514d3b0fa96542a500100", "Cisco VPN 3000"},
}

// vendorName names a known vendor id; else it gives its text if it is one, else hex.
func vendorName(c *dissect.Ctx, id []byte) string {
	h := hex.AppendEncode(c.Scratch(), id[:min(len(id), maxVendorText)])
	for _, v := range &vendorIDs {
		if bytes.HasPrefix(h, []byte(v.hex)) {
			return v.name
		}
	}
	if len(id) >= 6 && printable(id) {
		return dissect.View(id[:min(len(id), 2*maxVendorText)])
	}
	return dissect.View(h)
}

func printable(b []byte) bool {
	for _, x := range b {
		if x < ' ' || x > '~' {
			return false
		}
	}
	return true
}
