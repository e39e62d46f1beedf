package traffic

import (
	"encoding/binary"
	"fmt"
)

// The names that DICOM PS3.6 and PS3.8 give.
const (
	applicationContext = "1.2.840.10008.3.1.1.1"
	verification       = "1.2.840.10008.1.1"
	implicitLittle     = "1.2.840.10008.1.2"
)

// dicom associate [calling=AE] [called=AE]: an association, a C-ECHO and its release (PS3.8 section 9.3, PS3.7 section 9.3.5).
func dicom(c *capturing, args []string) ([]said, error) {
	if len(args) == 0 || args[0] != "associate" {
		return nil, fmt.Errorf("want: dicom associate")
	}
	calling, called := c.event.opts["calling"], c.event.opts["called"]
	if calling == "" {
		calling = "CT_ROOM1"
	}
	if called == "" {
		called = "PACS"
	}
	return []said{
		ask(associate(1, calling, called)), answer(associate(2, calling, called)),
		ask(echo(0x0030)), answer(echo(0x8030)), ask([]byte{5, 0, 0, 0, 0, 4, 0, 0, 0, 0}), answer([]byte{6, 0, 0, 0, 0, 4, 0, 0, 0, 0}),
	}, nil
}

// item is type, reserved byte, length of two bytes, body.
func item(kind byte, body []byte) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{kind, 0}, uint16(len(body))), body...)
}

func pdu(kind byte, body []byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{kind, 0}, uint32(len(body))), body...)
}

// associate is A-ASSOCIATE-RQ (1) or -AC (2).
func associate(kind byte, calling, called string) []byte {
	b := []byte{0, 1, 0, 0}
	b = append(b, fmt.Sprintf("%-16.16s%-16.16s", called, calling)...)
	b = append(b, make([]byte, 32)...)
	b = append(b, item(0x10, []byte(applicationContext))...)
	context := []byte{1, 0, 0, 0}
	if kind == 1 {
		context = append(context, item(0x30, []byte(verification))...)
	}
	context = append(context, item(0x40, []byte(implicitLittle))...)
	b = append(b, item(0x1f+kind, context)...)
	user := item(0x51, []byte{0, 0, 0x40, 0})
	user = append(user, item(0x52, []byte("1.2.276.0.7230010.3.0.3.6.7"))...)
	user = append(user, item(0x55, []byte("OFFIS_DCMTK_367"))...)
	return pdu(kind, append(b, item(0x50, user)...))
}

// echo is a P-DATA-TF with a C-ECHO request or response.
func echo(command uint16) []byte {
	var set []byte
	add := func(element uint16, value []byte) {
		set = binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(set, 0), element)
		set = append(binary.LittleEndian.AppendUint32(set, uint32(len(value))), value...)
	}
	short := func(v uint16) []byte { return binary.LittleEndian.AppendUint16(nil, v) }
	add(0x0002, []byte(verification+"\x00"))
	add(0x0100, short(command))
	if command == 0x0030 {
		add(0x0110, short(1))
	} else {
		add(0x0120, short(1))
	}
	add(0x0800, short(0x0101))
	if command != 0x0030 {
		add(0x0900, short(0))
	}
	body := set
	set = nil
	add(0x0000, binary.LittleEndian.AppendUint32(nil, uint32(len(body))))
	body = append(set, body...)
	value := append([]byte{1, 3}, body...) // context 1, command, last fragment
	return pdu(4, append(binary.BigEndian.AppendUint32(nil, uint32(len(value))), value...))
}
