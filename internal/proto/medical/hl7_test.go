package medical_test

import (
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"

	"github.com/mimawari/mimawari/internal/proto/dissect"
	"github.com/mimawari/mimawari/internal/proto/streamtest"
)

const (
	adt = "MSH|^~\\&|HIS^1.2.392^ISO|HONIN|LIS|KENSA|20260401120000||ADT^A08^ADT_A01|42|P|2.5.1||||||~ISO IR87\r" +
		"PID|1||0001234^^^^PI||YAMADA^TARO\rPV1|1|I|MSH|^~\r"
	ackMessage = "MSH|^~\\&|LIS|KENSA|HIS|HONIN|20260401120001||ACK^A08|43|P|2.5.1\rMSA|AA|42\r"
)

func TestHL7(t *testing.T) {
	streamtest.Check(t, 7777, []string{">\x0b" + adt + "\x1c\r\x0b" + adt + "\x1c\r", "<\x0b" + ackMessage + "\x1c\r", ">\x0b" + adt + "\x1c\r"},
		dissect.HL7,
		`client hl7.sender "HIS^HONIN" x3`, `client hl7.type "ADT^A08" <- server :7777 x3`, `client hl7.version "2.5.1" x3`,
		`server hl7.receiver "LIS^KENSA" <- client :7777 x3`,
		`server hl7.sender "LIS^KENSA"`, `server hl7.type "ACK^A08" <- client :7777`, `server hl7.version "2.5.1"`,
		`client hl7.receiver "HIS^HONIN" <- server :7777`)
}

func TestHL7Variants(t *testing.T) {
	f := func(name string, turns []string, want ...string) {
		t.Helper()
		t.Run(name, func(t *testing.T) { streamtest.Check(t, 2575, turns, dissect.HL7, want...) })
	}
	f("without MLLP", []string{">" + adt},
		`client hl7.sender "HIS^HONIN"`, `client hl7.type "ADT^A08" <- server :2575`, `client hl7.version "2.5.1"`,
		`server hl7.receiver "LIS^KENSA" <- client :2575`)
	f("other separators", []string{">\x0bMSH!*~\\&!APP!FAC!!!!!ORU*R01!1!P!2.3\r\x1c\r"},
		`client hl7.sender "APP^FAC"`, `client hl7.type "ORU^R01" <- server :2575`, `client hl7.version "2.3"`)
	f("batch with line feeds", []string{">\x0bFHS|^~\\&|A|B\nBHS|^~\\&|A|B\nMSH|^~\\&|A|B|C||||ORM^O01|1|P|2.4\nPID|x\nMSH|^~\\&|A|B|C||||ORM^O01|2|P|2.4\nBTS|2\n\x1c\r"},
		`client hl7.sender "A^B" x2`, `client hl7.type "ORM^O01" <- server :2575 x2`, `client hl7.version "2.4" x2`,
		`server hl7.receiver "C^" <- client :2575 x2`)
	f("type is free text", []string{">\x0bMSH|^~\\&|A|B|||||Yamada Taro^x|1|P|2.4\r\x1c\r"},
		`client hl7.sender "A^B"`, `client hl7.version "2.4"`)
}

// The second byte of Shift_JIS and ISO-2022-JP characters may be a separator (ソ is 83 5c, ァ is 83 40, ポ is 83 7c in
// Shift_JIS; in ISO-2022-JP many characters contain 7c or 5e).
func TestHL7Japanese(t *testing.T) {
	for _, e := range []encoding.Encoding{japanese.ShiftJIS, japanese.EUCJP, japanese.ISO2022JP, encoding.Nop} {
		head, err := e.NewEncoder().String("MSH|^~\\&|ポータル|放射線科|検査|病院|||ORM^O01|1|P|2.5||||||SJIS\r")
		if err != nil {
			t.Fatal(err)
		}
		streamtest.Check(t, 2575, []string{">\x0b" + head + "\x1c\r"}, dissect.HL7,
			`client hl7.sender "ポータル^放射線科"`, `client hl7.type "ORM^O01" <- server :2575`, `client hl7.version "2.5"`,
			`server hl7.receiver "検査^病院" <- client :2575`)
	}
}

func TestHL7MalformedAndGap(t *testing.T) {
	for _, turn := range []string{">MSH", ">\x0bMSHabc", ">\x0bXYZ|^~\\&|", ">MSH#x~\\&#A#B"} {
		if obs, app := streamtest.Play(2575, turn); app != dissect.Unknown || len(obs) > 0 {
			t.Errorf("%q: recognised as %q: %v", turn, app, obs)
		}
	}
	obs, _ := streamtest.Play(2575, ">\x0b"+adt[:40], "!>900", ">MSH|^~\\&|X|Y\rPID|", ">\x1c\r\x0b"+adt+"\x1c\r")
	if got := streamtest.Lines(obs); len(got) != 4 || got[0] != `client hl7.sender "HIS^HONIN"` {
		t.Errorf("after a gap only whole headers count: %v", got)
	}
}

func TestCLAIM(t *testing.T) {
	doc := `<?xml version="1.0" encoding="Shift_JIS"?><!DOCTYPE Mml><Mml version="2.3" xmlns:xhtml="http://www.w3.org/1999/xhtml" ` +
		`xmlns:claim="http://www.medxml.net/claim/claimModuleV2_1"><MmlHeader><mmlPsi:PersonalizedInfo>YAMADA`
	streamtest.Check(t, 8210, []string{">" + doc, "<\x06"}, dissect.CLAIM, `client hl7.type "CLAIM" <- server :8210`)
	if _, app := streamtest.Play(8210, `><?xml version="1.0"?><other xmlns:claim="x/claim/y">`); app != dissect.Unknown {
		t.Errorf("other XML is %q", app)
	}
}

func TestASTM(t *testing.T) {
	streamtest.Check(t, 9001, []string{">\x05", "<\x06", ">\x021H|\\^&|||XN-1000^00-21^12345||||||||E1394-97\r\x03A5\r\n", "<\x06", ">\x022P|1|||0001234|YAMADA\r\x0300\r\n"},
		dissect.ASTM, `client hl7.sender "XN-1000"`, `client hl7.type "ASTM" <- server :9001`)
}
