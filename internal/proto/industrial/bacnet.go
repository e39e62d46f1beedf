package industrial

import (
	"encoding/binary"
	"net/netip"
	"strconv"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// BACnet/IP (ANSI/ASHRAE 135-2020: Annex J the virtual link layer, clause 6 the network layer, 20 the application layer).
const (
	bvlc           = 0x81
	bvlcForwarded  = 4
	bvlcUnicast    = 10
	bvlcBroadcast  = 11
	unconfirmed    = 1
	complexAck     = 3
	serviceIAm     = 0
	serviceReadAck = 12
	objectDevice   = 8
	propName       = 77
	propModel      = 70
	propVendor     = 121
	propFirmware   = 44
)

// bacnet decodes one datagram: I-Am, and what a device answers about its own name, vendor, model and firmware.
func bacnet(c *dissect.Ctx, b []byte) dissect.Verdict {
	if len(b) < 4 || b[0] != bvlc || b[1] > 12 || int(binary.BigEndian.Uint16(b[2:])) != len(b) {
		return dissect.No
	}
	r := dissect.Read(b[4:])
	from := c.Src
	switch b[1] {
	case bvlcForwarded:
		if a := r.Bytes(6); a != nil {
			from = netip.AddrFrom4([4]byte(a))
		}
	case bvlcUnicast, bvlcBroadcast, 9:
	default:
		return dissect.Yes
	}
	if !npdu(&r) {
		return dissect.Yes
	}
	apdu(c, &r, from)
	return dissect.Yes
}

// npdu passes over the network layer; false for network messages and for devices behind a router, whose sayings are not
// those of the sender.
func npdu(r *dissect.Reader) bool {
	version, ctl := r.U8(), r.U8()
	if version != 1 || ctl&0x80 != 0 || ctl&0x08 != 0 {
		return false
	}
	if ctl&0x20 != 0 {
		r.Skip(2)
		r.Skip(int(r.U8()))
		r.Skip(1) // hop count
	}
	return !r.Short
}

func apdu(c *dissect.Ctx, r *dissect.Reader, from netip.Addr) {
	var mac model.MAC
	if from == c.Src {
		mac = c.SrcMAC
	}
	head := r.U8()
	switch {
	case head>>4 == unconfirmed && r.U8() == serviceIAm:
		if v := iAm(c, r); v != nil {
			c.SayAbout(model.BACnetDevice, from, mac, dissect.View(v))
		}
	case head == complexAck<<4: // not segmented
		r.Skip(1)
		if r.U8() == serviceReadAck {
			if v := property(c, r); v != nil {
				c.SayAbout(model.BACnetDevice, from, mac, dissect.View(v))
			}
		}
	}
}

// iAm reads device object, maximum length, segmentation and vendor (16.10.2).
func iAm(c *dissect.Ctx, r *dissect.Reader) []byte {
	if r.U8() != 0xc4 { // application tag 12, length 4: object identifier
		return nil
	}
	object := r.U32()
	r.Skip(int(r.U8() & 7))
	r.Skip(int(r.U8() & 7))
	var vendor uint64
	switch r.U8() { // application tag 2: unsigned
	case 0x21:
		vendor = uint64(r.U8())
	case 0x22:
		vendor = uint64(r.U16())
	default:
		return nil
	}
	if r.Short || object>>22 != objectDevice {
		return nil
	}
	v := strconv.AppendUint(append(c.Scratch(), "instance="...), uint64(object&0x3fffff), 10)
	return strconv.AppendUint(append(v, " vendor="...), vendor, 10)
}

// property reads a ReadProperty answer about the device object with a character string in UTF-8 (15.5).
func property(c *dissect.Ctx, r *dissect.Reader) []byte {
	if r.U8() != 0x0c || r.U32()>>22 != objectDevice || r.U8() != 0x19 {
		return nil
	}
	v := c.Scratch()
	switch r.U8() {
	case propName:
		v = append(v, "name="...)
	case propModel:
		v = append(v, "model="...)
	case propVendor:
		v = append(v, "vendor_name="...)
	case propFirmware:
		v = append(v, "firmware="...)
	default:
		return nil
	}
	if r.U8() != 0x3e || r.U8() != 0x75 { // opening tag 3; character string with extended length
		return nil
	}
	text := r.Bytes(int(r.U8()))
	if len(text) < 2 || text[0] != 0 {
		return nil
	}
	return append(v, text[1:]...)
}
