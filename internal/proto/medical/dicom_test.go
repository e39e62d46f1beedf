package medical_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/mimawari/mimawari/internal/proto/dissect"
	"github.com/mimawari/mimawari/internal/proto/medical"
	"github.com/mimawari/mimawari/internal/proto/streamtest"
)

func TestDICOMCapture(t *testing.T) {
	streamtest.Capture(t, "captures/lab/dicom-dcmtk.pcap.gz", []string{"dicom.c", "dicom.i", "dicom.op", "dicom.r", "dicom.f", "dicom.a"},
		`10.77.0.10 dicom.called "PACS" :104 x3`,
		`10.77.0.10 dicom.impl_name "OFFIS_DCMTK_367" x3`,
		`10.77.0.10 dicom.impl_uid "1.2.276.0.7230010.3.0.3.6.7" x3`,
		`10.77.0.10 dicom.reject "rejected-permanent/service-user/called-AE-title-not-recognized" <- 10.77.0.21 :104 x3`,
		`10.77.0.21 dicom.calling "CT01" x4`,
		`10.77.0.21 dicom.calling "ROGUE"`,
		`10.77.0.21 dicom.calling "WS01"`,
		`10.77.0.21 dicom.impl_name "OFFIS_DCMTK_367" x6`,
		`10.77.0.21 dicom.impl_uid "1.2.276.0.7230010.3.0.3.6.7" x6`,
		`10.77.0.21 dicom.op "C-ECHO" <- 10.77.0.10 :104`,
		`10.77.0.21 dicom.op "C-FIND" <- 10.77.0.10 :104`,
		`10.77.0.21 dicom.op "C-STORE" <- 10.77.0.10 :104 x40`)
}

func pdu(typ byte, body string) string {
	return string([]byte{typ, 0}) + string(binary.BigEndian.AppendUint32(nil, uint32(len(body)))) + body
}

func item(typ byte, body string) string {
	return string([]byte{typ, 0}) + string(binary.BigEndian.AppendUint16(nil, uint16(len(body)))) + body
}

// associate writes the body that a request and an acceptance share.
func associate(called, calling, uid, name string, contexts ...string) string {
	var sb strings.Builder
	fmt.Fprintf(&sb, "\x00\x01\x00\x00%-16s%-16s%s", called, calling, strings.Repeat("\x00", 32))
	sb.WriteString(item(0x10, "1.2.840.10008.3.1.1.1"))
	for i, c := range contexts {
		sb.WriteString(item(0x20, string([]byte{byte(2*i + 1), 0, 0, 0})+item(0x30, c)+item(0x40, "1.2.840.10008.1.2")))
	}
	sb.WriteString(item(0x50, item(0x51, "\x00\x00\x40\x00")+item(0x52, uid)+item(0x55, name)))
	return sb.String()
}

func element(elem uint16, v string) string {
	b := binary.LittleEndian.AppendUint16(nil, 0)
	b = binary.LittleEndian.AppendUint16(b, elem)
	return string(binary.LittleEndian.AppendUint32(b, uint32(len(v)))) + v
}

func us(v uint16) string { return string(binary.LittleEndian.AppendUint16(nil, v)) }

func pdv(control byte, body string) string {
	return string(binary.BigEndian.AppendUint32(nil, uint32(len(body)+2))) + string([]byte{1, control}) + body
}

func command(field, status uint16) string {
	c := element(0x0002, "1.2.840.10008.5.1.4.1.1.2\x00") + element(0x0100, us(field)) + element(0x0110, us(7)) + element(0x0800, us(0x0101))
	if field >= 0x8000 {
		c += element(0x0900, us(status))
	}
	return pdv(3, element(0x0000, string(binary.LittleEndian.AppendUint32(nil, uint32(len(c)))))+c)
}

const request, accept, reject, data, release, releaseRP, abort = 1, 2, 3, 4, 5, 6, 7

func TestDICOMOperations(t *testing.T) {
	image := strings.Repeat("PATIENT^NAME", 6)
	streamtest.Check(t, 11112, []string{
		">" + pdu(request, associate("PACS", "CT01", "1.2.3.4", "CT_V1", "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.1")),
		"<" + pdu(accept, associate("PACS", "CT01", "1.2.3.5", "PACS_V2")),
		">" + pdu(data, command(0x0001, 0)) + pdu(data, pdv(0, image)+pdv(2, image)) + pdu(data, command(0x0001, 0)+pdv(2, image)),
		"<" + pdu(data, command(0x8001, 0)) + pdu(data, command(0x8001, 0xa700)),
		">" + pdu(data, command(0x0021, 0)) + pdu(data, command(0x0130, 0)) + pdu(data, command(0x0010, 0)),
		"<" + pdu(data, command(0x8021, 0xff00)) + pdu(data, command(0x8021, 0xb000)) + pdu(data, command(0x8130, 0x0110)) + pdu(data, command(0x0100, 0)),
		">" + pdu(release, "\x00\x00\x00\x00"), "<" + pdu(releaseRP, "\x00\x00\x00\x00"),
	}, dissect.DICOM,
		`client dicom.calling "CT01"`, `client dicom.impl_name "CT_V1"`, `client dicom.impl_uid "1.2.3.4"`,
		`client dicom.op "C-STORE" <- server :11112 x2`, `client dicom.op "C-MOVE" <- server :11112`,
		`client dicom.op "C-GET" <- server :11112`, `client dicom.op "N-ACTION" <- server :11112`,
		`client dicom.sop "1.2.840.10008.1.1" <- server :11112`, `client dicom.sop "1.2.840.10008.5.1.4.1.1.2" <- server :11112`,
		`server dicom.called "PACS" :11112`, `server dicom.impl_name "PACS_V2"`, `server dicom.impl_uid "1.2.3.5"`,
		`server dicom.failure "C-STORE 0xa700" <- client :11112`, `server dicom.failure "N-ACTION 0x0110" <- client :11112`,
		`server dicom.op "N-EVENT-REPORT" <- client :11112`)
}

// A refused title is not the server's own: only the refusal is said of it.
func TestDICOMRefusalAndAbort(t *testing.T) {
	rq := ">" + pdu(request, associate("OLD", "CT01", "1.2", "V"))
	said := []string{`client dicom.calling "CT01"`, `client dicom.impl_name "V"`, `client dicom.impl_uid "1.2"`}
	streamtest.Check(t, 5555, []string{rq, "<" + pdu(reject, "\x00\x02\x03\x02")}, dissect.DICOM,
		append(said, `server dicom.reject "rejected-transient/service-provider-presentation/local-limit-exceeded" <- client :5555`)...)
	streamtest.Check(t, 5555, []string{rq, "<" + pdu(reject, "\x00\x01\x01\x63")}, dissect.DICOM,
		append(said, `server dicom.reject "rejected-permanent/service-user/0x63" <- client :5555`)...)
	streamtest.Check(t, 5555, []string{rq, "<" + pdu(abort, "\x00\x00\x02\x06")}, dissect.DICOM,
		append(said, `server dicom.abort "service-provider/invalid-PDU-parameter-value" <- client :5555`)...)
}

// One direction is enough: a mirror port may show no more.
func TestDICOMOneWay(t *testing.T) {
	streamtest.Check(t, 104, []string{">" + pdu(request, associate("PACS", "CT01", "1.2", "V")) + pdu(data, command(0x0030, 0))}, dissect.DICOM,
		`client dicom.calling "CT01"`, `client dicom.impl_name "V"`, `client dicom.impl_uid "1.2"`,
		`client dicom.op "C-ECHO" <- server :104`, `server dicom.called "PACS" <- client :104`)
	streamtest.Check(t, 104, []string{"<" + pdu(accept, associate("PACS", "CT01", "1.2", "V"))}, dissect.DICOM,
		`server dicom.called "PACS" :104`, `server dicom.impl_name "V"`, `server dicom.impl_uid "1.2"`)
}

// After a gap in an image the operations that follow are counted again.
func TestDICOMGap(t *testing.T) {
	obs, _ := streamtest.Play(104,
		">"+pdu(request, associate("PACS", "CT01", "1.2", "V")), "<"+pdu(accept, associate("PACS", "CT01", "1.2", "V")),
		">"+pdu(data, pdv(2, strings.Repeat("x", 900)))[:300], "!>5000", ">"+strings.Repeat("y", 77),
		">"+pdu(data, command(0x0001, 0)))
	n := 0
	for _, l := range streamtest.Lines(obs) {
		if l == `client dicom.op "C-STORE" <- server :104` {
			n++
		}
	}
	if n != 1 {
		t.Errorf("C-STORE after a gap: %v", streamtest.Lines(obs))
	}
}

func TestDICOMMalformed(t *testing.T) {
	for _, turns := range [][]string{
		{">" + pdu(request, associate("PACS", "CT01", "1.2", "V"))[:60]},
		{">\x01\x00\xff\xff\xff\xff\x00\x01" + strings.Repeat("\x00", 200)},
		{">\x04\x00\x00\x00\x00\x10" + pdv(3, "x")},
	} {
		if obs, app := streamtest.Play(104, turns...); app != dissect.Unknown || len(obs) > 0 {
			t.Errorf("%q: recognised as %q: %v", turns, app, obs)
		}
	}
	rq := pdu(request, associate("PACS", "CT01", "1.2", "V"))
	for _, bad := range []string{
		pdu(data, "\x00\x00\x00\x01\x01\x03"), pdu(data, "\xff\xff\xff\xff\x01\x03"), pdu(9, "abc"),
		pdu(data, pdv(3, "\x00\x00\x00\x01\xff\xff\xff\xff")),
	} {
		if obs, _ := streamtest.Play(104, ">"+rq, ">"+bad, ">"+bad); len(obs) < 3 {
			t.Errorf("%q: what came before must stand: %v", bad, obs)
		}
	}
}

// User identity negotiation sends name and passcode in clear (PS3.7 D.3.3.7).
func TestDICOMUserIdentity(t *testing.T) {
	f := func(kind byte, want ...string) {
		t.Helper()
		body := associate("PACS", "CT01", "1.2", "V")
		identity := item(0x58, string([]byte{kind, 0, 0, 3})+"bob"+"\x00\x06secret")
		user := item(0x50, identity)
		streamtest.Check(t, 104, []string{">" + pdu(request, body+user)}, dissect.DICOM,
			append(want, `client dicom.calling "CT01"`, `client dicom.impl_name "V"`, `client dicom.impl_uid "1.2"`)...)
	}
	f(2, `server login.cleartext "dicom" <- client :104`)
	f(3)
}

func FuzzDICOM(f *testing.F) {
	f.Add([]byte(pdu(request, associate("PACS", "CT01", "1.2", "V", "1.2.840.10008.1.1"))+pdu(data, command(0x8001, 0xa700))), 30)
	f.Add([]byte("\x0bMSH|^~\\&|A|B|C|D|2024||ADT^A01|1|P|2.5\rPID|\r\x1c\r"), 9)
	f.Add([]byte("\x05\x021H|\\^&|||Sysmex^XN\r"), 3)
	f.Add([]byte(`<?xml version="1.0"?><Mml xmlns:claim="http://www.medxml.net/claim/claimModuleV2_1">`), 20)
	f.Fuzz(func(t *testing.T, b []byte, cut int) { streamtest.Fuzz(t, medical.Streams(), 104, b, b, cut) })
}
