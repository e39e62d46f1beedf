package medical

import (
	"bytes"
	"encoding/binary"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// PDU types of the DICOM upper layer, PS3.8 section 9.3.
const (
	pduAssociateRQ = 1
	pduAssociateAC = 2
	pduAssociateRJ = 3
	pduData        = 4
	pduReleaseRQ   = 5
	pduReleaseRP   = 6
	pduAbort       = 7
)

const (
	pduHeader = 6       // type, reserved, length
	pdvHeader = 6       // length, context id, control
	itemsFrom = 74      // first item of A-ASSOCIATE-RQ and -AC, PS3.8 tables 9-11 and 9-17
	maxPDU    = 1 << 28 // of P-DATA-TF: larger is taken for something else
	maxHeld   = 12 << 10
	maxCmd    = 4 << 10 // of a command set; real ones are below 500 bytes
)

// appContext is the only DICOM application context name, PS3.7 annex A.2.1.
var appContext = []byte("1.2.840.10008.3.1.1.1")

// matchDICOM knows an association request, and an acceptance for captures that show one direction only.
func matchDICOM(_ *dissect.Ctx, b []byte) dissect.Verdict {
	if b[0] != pduAssociateRQ && b[0] != pduAssociateAC || len(b) > 1 && b[1] != 0 {
		return dissect.No
	}
	if len(b) >= 8 && (binary.BigEndian.Uint32(b[2:]) < itemsFrom-pduHeader || binary.BigEndian.Uint32(b[2:]) > 1<<20 || b[7]&1 == 0) {
		return dissect.No
	}
	if len(b) < itemsFrom+4+len(appContext) {
		return dissect.Maybe
	}
	if b[itemsFrom] == 0x10 && bytes.HasPrefix(b[itemsFrom+4:], appContext) {
		return dissect.Yes
	}
	return dissect.No
}

// association follows one DICOM association.
type association struct {
	called [16]byte // AE title asked for, until the acceptor answers
	side   [2]dicomSide
}

// dicomSide is where one direction is.
type dicomSide struct {
	pdu  int  // bytes left of the current P-DATA-TF
	lost bool // looking for the start of a PDU after a gap
}

func side(c *dissect.Ctx) int {
	if c.ToServer {
		return 0
	}
	return 1
}

// Data implements dissect.Stream.
func (a *association) Data(c *dissect.Ctx, b []byte) (n int, more bool) {
	d := &a.side[side(c)]
	if d.lost {
		if !startsPDU(b) {
			return len(b), true
		}
		d.lost = false
	}
	for n < len(b) {
		var k int
		if d.pdu > 0 {
			k, more = a.value(c, d, b[n:])
		} else {
			k, more = a.unit(c, d, b[n:])
		}
		if k == 0 || !more {
			return n + k, more
		}
		n += k
	}
	return n, true
}

// Gap implements dissect.Stream: decoding goes on where a segment starts with a PDU.
func (a *association) Gap(c *dissect.Ctx, _ int) bool {
	d := &a.side[side(c)]
	d.pdu, d.lost = 0, true
	return true
}

// startsPDU is strict, because it looks for a PDU among image data.
func startsPDU(b []byte) bool {
	if len(b) < pduHeader+pdvHeader || b[1] != 0 {
		return false
	}
	size := binary.BigEndian.Uint32(b[2:])
	switch b[0] {
	case pduData:
		pdv := binary.BigEndian.Uint32(b[6:])
		return size <= maxPDU && pdv >= 2 && pdv <= size-4 && b[10]&1 == 1 && b[11] <= 3
	case pduAssociateRQ, pduAssociateAC:
		return size <= 1<<20 && matchDICOM(nil, b) == dissect.Yes
	}
	return false
}

// unit reads the head of a PDU; k is 0 if more bytes are needed.
func (a *association) unit(c *dissect.Ctx, d *dicomSide, b []byte) (k int, more bool) {
	if len(b) < pduHeader {
		return 0, true
	}
	size := int(binary.BigEndian.Uint32(b[2:]))
	if b[0] < pduAssociateRQ || b[0] > pduAbort || size > maxPDU {
		return 0, false
	}
	if b[0] == pduData {
		d.pdu = size
		return pduHeader, true
	}
	if len(b) < min(pduHeader+size, maxHeld) {
		return 0, true
	}
	a.control(c, b[0], b[pduHeader:min(pduHeader+size, len(b))])
	return pduHeader + size, b[0] != pduAbort && b[0] != pduReleaseRP
}

func (a *association) control(c *dissect.Ctx, typ byte, b []byte) {
	switch typ {
	case pduAssociateRQ:
		a.request(c, b)
	case pduAssociateAC:
		a.accept(c, b)
	case pduAssociateRJ:
		a.called = [16]byte{}
		if len(b) >= 4 {
			c.SayTo(model.DICOMReject, rejection(b[1], b[2], b[3]))
		}
	case pduAbort:
		if len(b) >= 4 {
			c.SayTo(model.DICOMAbort, abortion(b[2], b[3]))
		}
	}
}

func (a *association) request(c *dissect.Ctx, b []byte) {
	if len(b) < 68 {
		return
	}
	copy(a.called[:], b[4:20])
	calling := dissect.View(title(b[20:36]))
	c.Say(model.DICOMCalling, calling)
	c.Fact(model.DICOMCalling, calling)
	c.Fact(model.DICOMCalled, dissect.View(title(a.called[:])))
	a.items(c, b[68:])
}

// accept says the title that was called of the acceptor: only now it is known to answer to it. The acceptor returns
// the title in its answer, but PS3.8 9.3.3 says that the requestor's counts.
func (a *association) accept(c *dissect.Ctx, b []byte) {
	if len(b) < 68 {
		return
	}
	called := a.called[:]
	if a.called == [16]byte{} {
		called = b[4:20]
	}
	c.SayAt(model.DICOMCalled, dissect.View(title(called)))
	a.called = [16]byte{}
	a.items(c, b[68:])
}

// items walks the variable items of a request or acceptance, PS3.8 9.3.2 and PS3.7 annex D.
func (a *association) items(c *dissect.Ctx, b []byte) {
	r := dissect.Read(b)
	for r.Len() >= 4 {
		typ := r.U16() >> 8
		body := r.Bytes(min(int(r.U16()), r.Len()))
		switch typ {
		case 0x20: // presentation context of a request: id, 3 reserved, then sub-items
			if len(body) > 4 {
				context(c, body[4:])
			}
		case 0x50:
			userInformation(c, body)
		}
	}
}

func context(c *dissect.Ctx, b []byte) {
	r := dissect.Read(b)
	for r.Len() >= 4 {
		typ := r.U16() >> 8
		body := r.Bytes(min(int(r.U16()), r.Len()))
		if typ == 0x30 && isUID(body) {
			c.SayTo(model.DICOMSOP, dissect.View(uid(body)))
		}
	}
}

func userInformation(c *dissect.Ctx, b []byte) {
	r := dissect.Read(b)
	for r.Len() >= 4 {
		typ := r.U16() >> 8
		body := r.Bytes(min(int(r.U16()), r.Len()))
		switch {
		case typ == 0x52 && isUID(body):
			c.Say(model.DICOMImplUID, dissect.View(uid(body)))
		case typ == 0x55:
			c.Say(model.DICOMImplName, dissect.View(title(body)))
		case typ == 0x58 && len(body) > 0 && body[0] == 2 && c.ToServer: // user identity: name and passcode (PS3.7 D.3.3.7)
			c.SayOf(model.CleartextLogin, "dicom")
		}
	}
}

// title strips the padding of an AE title or version name.
func title(b []byte) []byte { return bytes.Trim(b, " \x00") }

func uid(b []byte) []byte { return bytes.TrimRight(b, " \x00") }

// isUID: digits and dots, at most 64 (PS3.5 section 9.1).
func isUID(b []byte) bool {
	b = uid(b)
	for _, x := range b {
		if x != '.' && (x < '0' || x > '9') {
			return false
		}
	}
	return len(b) > 0 && len(b) <= 64
}

// value reads one presentation data value of a P-DATA-TF: commands are read, data sets are skipped by their length.
func (a *association) value(c *dissect.Ctx, d *dicomSide, b []byte) (k int, more bool) {
	if len(b) < pdvHeader {
		return 0, true
	}
	size := int(binary.BigEndian.Uint32(b))
	if size < 2 || size+4 > d.pdu {
		return 0, false
	}
	if b[5]&1 != 0 { // command, PS3.8 annex E.2
		if len(b) < 4+min(size, maxCmd) {
			return 0, true
		}
		a.command(c, b[pdvHeader:4+min(size, maxCmd)])
	}
	d.pdu -= 4 + size
	return 4 + size, true
}
