package discovery

import (
	"bytes"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

const maxTLVs = 64

// ubiquiti decodes version 1 and 2 of the discovery answer of UniFi, airMAX and EdgeOS: version, command, length, then
// TLVs with one byte of type and two of length (as Rapid7's and nmap's public probes describe it).
func ubiquiti(c *dissect.Ctx, b []byte) dissect.Verdict {
	r := dissect.Read(b)
	version, cmd, n := r.U8(), r.U8(), int(r.U16())
	if r.Short || version != 1 && version != 2 || cmd > 32 || n != r.Len() {
		return dissect.No
	}
	var name, modelName, firmware []byte
	for range maxTLVs {
		typ := r.U8()
		v := r.Bytes(int(r.U16()))
		if r.Short {
			break
		}
		switch typ {
		case 0x0b:
			name = v
		case 0x14, 0x15:
			modelName = v
		case 0x0c:
			if modelName == nil {
				modelName = v
			}
		case 0x03:
			firmware = v
		}
	}
	sayDevice(c, name, "Ubiquiti", modelName, firmware)
	return dissect.Yes
}

// mndp decodes MikroTik's neighbour announcement: two bytes of header, two of sequence, then TLVs with two bytes each of
// type and length: 5 identity, 7 version, 8 platform, 12 board (as Wireshark's documentation lists them).
func mndp(c *dissect.Ctx, b []byte) dissect.Verdict {
	if len(b) == 4 && bytes.Equal(b, []byte{0, 0, 0, 0}) {
		return dissect.Yes // a request
	}
	r := dissect.Read(b)
	r.Skip(4)
	var name, board, version []byte
	for range maxTLVs {
		if r.Len() == 0 {
			break
		}
		typ := r.U16()
		v := r.Bytes(int(r.U16()))
		if r.Short || typ == 0 || typ > 64 {
			return dissect.No
		}
		switch typ {
		case 5:
			name = v
		case 7:
			version = v
		case 12:
			board = v
		}
	}
	if name == nil && board == nil {
		return dissect.No
	}
	sayDevice(c, name, "MikroTik", board, version)
	return dissect.Yes
}

// sadp decodes the answer of Hikvision's Search Active Devices Protocol, a small XML document.
func sadp(c *dissect.Ctx, b []byte) dissect.Verdict {
	if len(b) < 16 || b[0] != '<' || !bytes.Contains(b, []byte("Probe")) {
		return dissect.No
	}
	if bytes.Contains(b, []byte("ProbeMatch")) {
		sayDevice(c, nil, "Hikvision", element(b, "DeviceDescription"), element(b, "SoftwareVersion"))
	}
	return dissect.Yes
}

// sayDevice records the name, and maker, model and firmware as one value.
func sayDevice(c *dissect.Ctx, name []byte, maker string, modelName, firmware []byte) {
	if name = bytes.TrimRight(name, "\x00"); len(name) > 0 {
		c.Say(model.NameDiscovery, dissect.View(name))
	}
	if len(modelName) == 0 {
		return
	}
	v := append(append(c.Scratch(), maker...), ' ')
	v = append(v, modelName[:min(len(modelName), 96)]...)
	if len(firmware) > 0 {
		v = append(append(v, ' '), firmware[:min(len(firmware), 96)]...)
	}
	c.Say(model.DiscoveryModel, dissect.View(v))
}

// slp recognises the Service Location Protocol, version 1 (RFC 2165) and 2 (RFC 2608), by its length field.
func slp(_ *dissect.Ctx, b []byte) dissect.Verdict {
	switch {
	case len(b) >= 12 && b[0] == 1 && b[1] >= 1 && b[1] <= 10 && int(b[2])<<8|int(b[3]) == len(b),
		len(b) >= 14 && b[0] == 2 && b[1] >= 1 && b[1] <= 11 && int(b[2])<<16|int(b[3])<<8|int(b[4]) == len(b):
		return dissect.Yes
	}
	return dissect.No
}
