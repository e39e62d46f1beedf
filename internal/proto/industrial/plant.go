package industrial

import (
	"encoding/binary"
	"strconv"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// matchS7 tells ISO transport over TCP (RFC 1006) that carries S7 (protocol id 0x32) or S7comm-plus (0x72). On port 102 a
// connection request that names the two access points is enough, as every S7 client sends it.
func matchS7(c *dissect.Ctx, b []byte) dissect.Verdict {
	if len(b) < 8 {
		if len(b) > 0 && b[0] != 3 {
			return dissect.No
		}
		return dissect.Maybe
	}
	if b[0] != 3 || b[1] != 0 || int(binary.BigEndian.Uint16(b[2:])) < 7 {
		return dissect.No
	}
	home := c.SrcPort == 102 || c.DstPort == 102
	switch {
	case b[5] == 0xf0 && b[4] == 2 && (b[7] == 0x32 || b[7] == 0x72):
		return dissect.Yes
	case !home || b[5] != 0xe0 && b[5] != 0xd0:
	case accessPoints(b):
		return dissect.Yes
	case len(b) < int(binary.BigEndian.Uint16(b[2:])):
		return dissect.Maybe
	}
	return dissect.No
}

// accessPoints looks for the calling and called TSAP parameters in a connection request or confirm: two bytes each in S7,
// or a name for the called one in S7comm-plus.
func accessPoints(b []byte) bool {
	r := dissect.Read(b[min(len(b), 11):])
	calling, called := false, false
	for range 8 {
		code, n := r.U8(), int(r.U8())
		r.Skip(n)
		if r.Short {
			break
		}
		calling = calling || code == 0xc1 && n == 2
		called = called || code == 0xc2 && n >= 2 && n <= 16
	}
	return calling && called
}

// EtherNet/IP encapsulation (ODVA, The CIP Networks Library volume 2, 2-3).
const (
	enipHeader       = 24
	enipListServices = 0x04
	enipListIdentity = 0x63
	enipRegister     = 0x65
	enipSendRR       = 0x6f
	itemIdentity     = 0x0c
)

func enipKnown(b []byte) bool {
	if len(b) < enipHeader || int(binary.LittleEndian.Uint16(b[2:])) > len(b)-enipHeader || binary.LittleEndian.Uint32(b[20:]) != 0 {
		return false
	}
	switch binary.LittleEndian.Uint16(b) {
	case enipListServices, enipListIdentity, 0x64, enipRegister, 0x66, enipSendRR, 0x70:
		return true
	}
	return false
}

func matchENIP(c *dissect.Ctx, b []byte) dissect.Verdict {
	if len(b) < enipHeader {
		return dissect.Maybe
	}
	register := binary.LittleEndian.Uint16(b) == enipRegister && binary.LittleEndian.Uint16(b[2:]) == 4
	if !enipKnown(b) || c.SrcPort != 44818 && c.DstPort != 44818 && !register {
		return dissect.No
	}
	return dissect.Yes
}

func enipDatagram(c *dissect.Ctx, b []byte) dissect.Verdict {
	if !enipKnown(b) {
		return dissect.No
	}
	identity(c, b)
	return dissect.Yes
}

type enipStream struct{}

func (enipStream) Data(c *dissect.Ctx, b []byte) (int, bool) {
	if len(b) < enipHeader {
		return 0, true
	}
	n := enipHeader + int(binary.LittleEndian.Uint16(b[2:]))
	if n > dissect.MaxPending {
		return 0, false
	}
	if len(b) < n {
		return 0, true
	}
	identity(c, b[:n])
	return n, true
}

func (enipStream) Gap(*dissect.Ctx, int) bool { return false }

// identity reads the answer to ListIdentity: item count, type, length, version, socket address, vendor, device type,
// product code, revision, status, serial number (not kept), name.
func identity(c *dissect.Ctx, b []byte) {
	if binary.LittleEndian.Uint16(b) != enipListIdentity || len(b) < enipHeader+40 {
		return
	}
	r := dissect.Read(b[enipHeader:])
	if r.L16() == 0 || r.L16() != itemIdentity {
		return
	}
	r.Skip(2 + 2 + 16)
	vendor, kind := r.L16(), r.L16()
	r.Skip(2)
	major, minor := r.U8(), r.U8()
	r.Skip(2 + 4)
	name := r.Bytes(int(r.U8()))
	if r.Short {
		return
	}
	v := strconv.AppendUint(append(c.Scratch(), "vendor="...), uint64(vendor), 10)
	v = strconv.AppendUint(append(v, " type="...), uint64(kind), 10)
	v = append(append(v, ' '), name[:min(len(name), 64)]...)
	v = strconv.AppendUint(append(v, ' '), uint64(major), 10)
	v = strconv.AppendUint(append(v, '.'), uint64(minor), 10)
	c.SayAt(model.ENIPDevice, dissect.View(v))
}

// matchDNP3 tells the link frame (IEEE 1815, 9.2): 05 64, a length of at least 5, a control byte, and a right checksum.
func matchDNP3(_ *dissect.Ctx, b []byte) dissect.Verdict {
	if len(b) < 10 {
		if len(b) > 0 && b[0] != 5 || len(b) > 1 && b[1] != 0x64 {
			return dissect.No
		}
		return dissect.Maybe
	}
	if b[0] != 5 || b[1] != 0x64 || b[2] < 5 || dnpCRC(b[:8]) != binary.LittleEndian.Uint16(b[8:]) {
		return dissect.No
	}
	return dissect.Yes
}

// dnpCRC is CRC-16/DNP: polynomial 0x3d65 reflected, inverted.
func dnpCRC(b []byte) uint16 {
	var crc uint16
	for _, x := range b {
		crc ^= uint16(x)
		for range 8 {
			if crc&1 != 0 {
				crc = crc>>1 ^ 0xa6bc
			} else {
				crc >>= 1
			}
		}
	}
	return ^crc
}

// matchIEC104 tells the frames of IEC 60870-5-104, 5: start 0x68, length, and control bytes that fit. Off its port only
// the STARTDT exchange that opens a connection counts.
func matchIEC104(c *dissect.Ctx, b []byte) dissect.Verdict {
	if len(b) < 6 {
		if len(b) > 0 && b[0] != 0x68 {
			return dissect.No
		}
		return dissect.Maybe
	}
	if b[0] != 0x68 || b[1] < 4 || b[1] > 253 {
		return dissect.No
	}
	if b[1] == 4 && b[2]&3 == 3 && b[3]|b[4]|b[5] == 0 { // U format
		return dissect.Yes
	}
	if c.SrcPort != 2404 && c.DstPort != 2404 {
		return dissect.No
	}
	if b[1] == 4 && b[2] == 1 || b[1] > 4 && b[2]&1 == 0 && b[4]&1 == 0 { // S format, I format
		return dissect.Yes
	}
	return dissect.No
}
