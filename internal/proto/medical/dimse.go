package medical

import (
	"encoding/hex"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// Command set elements, PS3.7 annex E: all of group 0000, Implicit VR Little Endian.
const (
	elemCommandField = 0x0100
	elemStatus       = 0x0900
)

const isResponse = 0x8000

// operations are the command fields of requests, PS3.7 table E.1-1.
func operation(field uint16) string {
	switch field {
	case 0x0001:
		return "C-STORE"
	case 0x0010:
		return "C-GET"
	case 0x0020:
		return "C-FIND"
	case 0x0021:
		return "C-MOVE"
	case 0x0030:
		return "C-ECHO"
	case 0x0100:
		return "N-EVENT-REPORT"
	case 0x0110:
		return "N-GET"
	case 0x0120:
		return "N-SET"
	case 0x0130:
		return "N-ACTION"
	case 0x0140:
		return "N-CREATE"
	case 0x0150:
		return "N-DELETE"
	case 0x0fff:
		return "C-CANCEL"
	}
	return ""
}

// command counts a request at the one who sent it and a failed response at the one who answered.
func (a *association) command(c *dissect.Ctx, b []byte) {
	if a.called != [16]byte{} && c.ToServer { // the answer was not captured: it must have been an acceptance
		c.SayOf(model.DICOMCalled, dissect.View(title(a.called[:])))
		a.called = [16]byte{}
	}
	field, status, ok := commandSet(b)
	op := operation(field &^ isResponse)
	if !ok || op == "" {
		return
	}
	if field&isResponse == 0 {
		c.SayTo(model.DICOMOp, op)
		c.Fact(model.DICOMOp, op)
	} else if failed(status) {
		v := append(append(c.Scratch(), op...), " 0x"...)
		v = hex.AppendEncode(v, []byte{byte(status >> 8), byte(status)})
		c.SayTo(model.DICOMFailure, dissect.View(v))
	}
}

func commandSet(b []byte) (field, status uint16, ok bool) {
	r := dissect.Read(b)
	for r.Len() >= 8 {
		group, elem, size := r.L16(), r.L16(), r.L32()
		if group != 0 || size > maxCmd {
			return field, status, ok
		}
		v := r.Sub(int(size))
		switch elem {
		case elemCommandField:
			field, ok = v.L16(), size == 2 && !v.Short
		case elemStatus:
			status = v.L16()
		}
	}
	return field, status, ok
}

// failed tells failures from success, pending, cancel and warnings, PS3.7 annex C.
func failed(s uint16) bool {
	switch {
	case s == 0x0107, s == 0x0116: // attribute list error, attribute value out of range: warnings
		return false
	case s>>8 == 0x01, s>>8 == 0x02, s>>12 == 0xa, s>>12 == 0xc:
		return true
	}
	return false
}

// rejection puts an A-ASSOCIATE-RJ into the words of PS3.8 table 9-21.
func rejection(result, source, reason byte) string {
	results := map[byte]string{1: "rejected-permanent", 2: "rejected-transient"}
	type why struct{ source, reason byte }
	reasons := map[why]string{
		{1, 1}: "no-reason-given", {1, 2}: "application-context-name-not-supported",
		{1, 3}: "calling-AE-title-not-recognized", {1, 7}: "called-AE-title-not-recognized",
		{2, 1}: "no-reason-given", {2, 2}: "protocol-version-not-supported",
		{3, 1}: "temporary-congestion", {3, 2}: "local-limit-exceeded",
	}
	sources := map[byte]string{1: "service-user", 2: "service-provider-acse", 3: "service-provider-presentation"}
	return named(results[result], result) + "/" + named(sources[source], source) + "/" + named(reasons[why{source, reason}], reason)
}

// abortion puts an A-ABORT into the words of PS3.8 table 9-26.
func abortion(source, reason byte) string {
	if source == 0 { // the reason means nothing then
		return "service-user"
	}
	reasons := [...]string{
		"reason-not-specified", "unrecognized-PDU", "unexpected-PDU", "", "unrecognized-PDU-parameter",
		"unexpected-PDU-parameter", "invalid-PDU-parameter-value",
	}
	why := ""
	if int(reason) < len(reasons) {
		why = reasons[reason]
	}
	if source == 2 {
		return "service-provider/" + named(why, reason)
	}
	return named("", source) + "/" + named(why, reason)
}

// named is the word for a code, or the code where the standard has no word.
func named(word string, code byte) string {
	if word != "" {
		return word
	}
	return "0x" + hex.EncodeToString([]byte{code})
}
