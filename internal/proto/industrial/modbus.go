package industrial

import (
	"encoding/binary"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// Modbus/TCP (MODBUS Messaging on TCP/IP V1.0b, 3.1.3; Application Protocol V1.1b3, 6.21).
const (
	mbapHeader     = 7 // transaction, protocol 0, length, unit
	maxADU         = 260
	readDeviceID   = 0x2b
	meiDeviceID    = 0x0e
	objVendor      = 0
	objProduct     = 1
	objRevision    = 2
	objProductName = 4
	objModel       = 5
)

// matchModbus wants a whole message with a known function. Away from its port it must be the only one in the segment.
func matchModbus(c *dissect.Ctx, b []byte) dissect.Verdict {
	if len(b) < mbapHeader+1 {
		return dissect.Maybe
	}
	n := int(binary.BigEndian.Uint16(b[4:]))
	if b[2]|b[3] != 0 || n < 2 || n+6 > maxADU || !knownFunction(b[7]) {
		return dissect.No
	}
	if c.SrcPort == 502 || c.DstPort == 502 {
		return dissect.Yes
	}
	if n > 6 || n+6 < len(b) {
		return dissect.No
	}
	if n+6 > len(b) {
		return dissect.Maybe
	}
	if !plainRequest(b, n) {
		return dissect.No
	}
	return dissect.Yes
}

func knownFunction(f byte) bool {
	f &= 0x7f // exceptions have the top bit
	return f >= 1 && f <= 24 || f == 43 || f >= 90 && f <= 91 || f >= 100 && f <= 110
}

// plainRequest accepts the reads and single writes, which have a fixed length of 6 behind the header, and 43.
func plainRequest(b []byte, n int) bool {
	return b[7] >= 1 && b[7] <= 6 && n == 6 && b[0] == 0 || b[7] == readDeviceID && n == 5 && b[8] == meiDeviceID
}

type modbusStream struct{}

// Data reads the answers to "read device identification".
func (modbusStream) Data(c *dissect.Ctx, b []byte) (int, bool) {
	done := 0
	for len(b)-done >= mbapHeader {
		m := b[done:]
		n := 6 + int(binary.BigEndian.Uint16(m[4:]))
		if m[2]|m[3] != 0 || n > maxADU || n < mbapHeader {
			return done, false
		}
		if len(m) < n {
			break
		}
		if !c.ToServer && n > mbapHeader+7 && m[7] == readDeviceID && m[8] == meiDeviceID {
			deviceID(c, m[9:n])
		}
		done += n
	}
	return done, true
}

func (modbusStream) Gap(*dissect.Ctx, int) bool { return false }

// deviceID reads code, conformity, more, next, number of objects, then the objects.
func deviceID(c *dissect.Ctx, b []byte) {
	r := dissect.Read(b)
	r.Skip(4)
	var obj [objModel + 1][]byte
	for range r.U8() {
		id := r.U8()
		v := r.Bytes(int(r.U8()))
		if r.Short {
			break
		}
		if int(id) < len(obj) {
			obj[id] = v
		}
	}
	v := c.Scratch()
	for _, i := range [...]int{objVendor, objProductName, objModel, objProduct, objRevision} {
		if len(obj[i]) > 0 {
			v = append(space(v), obj[i][:min(len(obj[i]), 64)]...)
		}
	}
	if len(v) > 0 {
		c.SayAt(model.ModbusDevice, dissect.View(v))
	}
}

func space(v []byte) []byte {
	if len(v) > 0 {
		v = append(v, ' ')
	}
	return v
}
