package hospitalsim

import (
	"fmt"
	"strings"
)

// SOP classes (DICOM PS3.4 B.5, C.6, K.6) and what else an association names (PS3.5 A, PS3.7 A).
const (
	sopVerify   = "1.2.840.10008.1.1"
	sopCT       = "1.2.840.10008.5.1.4.1.1.2"
	sopMR       = "1.2.840.10008.5.1.4.1.1.4"
	sopCR       = "1.2.840.10008.5.1.4.1.1.1"
	sopUS       = "1.2.840.10008.5.1.4.1.1.6.1"
	sopXA       = "1.2.840.10008.5.1.4.1.1.12.1"
	sopSC       = "1.2.840.10008.5.1.4.1.1.7"
	sopFind     = "1.2.840.10008.5.1.4.1.2.2.1"
	sopWorklist = "1.2.840.10008.5.1.4.31"
	implicitLE  = "1.2.840.10008.1.2"
	contextName = "1.2.840.10008.3.1.1.1"
)

const (
	pacsTitle    = "PACS01"
	pacsUID      = "1.2.826.0.1.3680043.9.9999.1"
	worklistName = "MWL_SCP"
)

// item is one item of an association (PS3.8 9.3.2).
func item(typ byte, body []byte) []byte { return be(typ, uint8(0), u16(len(body)), body) }

func pdu(typ byte, body []byte) []byte { return be(typ, uint8(0), u32(len(body)), body) }

func title(s string) string { return (s + strings.Repeat(" ", 16))[:16] }

// association is a request, or its acceptance if accept, with one presentation context for each SOP class.
func association(accept bool, called, calling, uid, name string, sops ...string) []byte {
	body := be(uint16(1), uint16(0), title(called), title(calling), make([]byte, 32), item(0x10, []byte(contextName)))
	for i, sop := range sops {
		id := be(u8(2*i+1), uint8(0), uint8(0), uint8(0))
		if accept {
			body = append(body, item(0x21, append(id, item(0x40, []byte(implicitLE))...))...)
		} else {
			body = append(body, item(0x20, be(id, item(0x30, []byte(sop)), item(0x40, []byte(implicitLE))))...)
		}
	}
	user := be(item(0x51, be(uint32(16384))), item(0x52, []byte(uid)), item(0x55, []byte(name)))
	body = append(body, item(0x50, user)...)
	if accept {
		return pdu(2, body)
	}
	return pdu(1, body)
}

// element is a data element, implicit VR little endian (PS3.5 7.1.3), padded to an even length.
func element(group, number int, value []byte) []byte {
	if len(value)%2 == 1 {
		value = append(value, 0)
	}
	return le(u16(group), u16(number), u32(len(value)), value)
}

func short(v int) []byte { return le(u16(v)) }

// command is a DIMSE command set with its group length (PS3.7 E).
func command(field int, sop string, id int, data bool, status int, more ...[]byte) []byte {
	set := 0x0101
	if data {
		set = 0x0001
	}
	b := element(0, 2, []byte(sop))
	b = append(b, element(0, 0x100, short(field))...)
	if field&0x8000 != 0 {
		b = append(b, element(0, 0x120, short(id))...)
	} else {
		b = append(b, element(0, 0x110, short(id))...)
	}
	if field == 0x0001 || field == 0x0020 {
		b = append(b, element(0, 0x700, short(0))...)
	}
	b = append(b, element(0, 0x800, short(set))...)
	if field&0x8000 != 0 {
		b = append(b, element(0, 0x900, short(status))...)
	}
	for _, m := range more {
		b = append(b, m...)
	}
	return append(element(0, 0, le(u32(len(b)))), b...)
}

// pdata cuts a message into P-DATA-TF PDUs of at most 16 kB (PS3.8 9.3.5). Bit 0 of the control is "command", bit 1 "last".
func pdata(context int, isCommand bool, message []byte) []byte {
	const most = 16000
	var out []byte
	for {
		n := min(len(message), most)
		control := byte(0)
		if isCommand {
			control = 1
		}
		if n == len(message) {
			control |= 2
		}
		out = append(out, pdu(4, be(u32(n+2), u8(context), control, message[:n]))...)
		if message = message[n:]; len(message) == 0 {
			return out
		}
	}
}

var (
	releaseRequest = pdu(5, make([]byte, 4))
	releaseReply   = pdu(6, make([]byte, 4))
)

// examination is a modality asking for its worklist, storing the pictures of one patient, and checking now and then
// whether the archive is there.
func (w *world) examination(at int64, m *machine) int64 {
	mod := modalities[m.name]
	his, pacs := w.town.of("PACS01"), w.town.of("PACS01")
	patient := fmt.Sprintf("P%07d", 1000000+w.rng.IntN(200000))
	at = w.query(at, m, his, 104, mod, worklistName, sopWorklist, patient)
	t := w.dial(at+int64(w.upTo(20e9))+5e9, m, pacs, 104)
	t.talk(association(false, pacsTitle, mod.ae, mod.uid, mod.name, mod.sop, sopVerify), association(true, pacsTitle, mod.ae, pacsUID, "SIM_PACS", mod.sop, sopVerify))
	for n := range mod.pictures {
		uid := fmt.Sprintf("1.2.826.0.1.3680043.9.9999.2.%d.%d", w.serial, n+1)
		t.say(toServer, pdata(1, true, command(0x0001, mod.sop, n+1, true, 0, element(0, 0x1000, []byte(uid)))))
		t.say(toServer, pdata(1, false, w.picture(mod, patient, uid)))
		t.wait(w.upTo(20e6))
		t.say(toClient, pdata(1, true, command(0x8001, mod.sop, n+1, false, 0, element(0, 0x1000, []byte(uid)))))
	}
	t.talk(releaseRequest, releaseReply)
	return t.bye()
}

// picture is a data set with noise for a picture. The patient is a number.
func (w *world) picture(mod modality, patient, uid string) []byte {
	b := element(0x0008, 0x0016, []byte(mod.sop))
	b = append(b, element(0x0008, 0x0018, []byte(uid))...)
	b = append(b, element(0x0008, 0x0060, []byte(strings.SplitN(mod.ae, "_", 2)[0]))...)
	b = append(b, element(0x0010, 0x0010, []byte("TEST^"+patient))...)
	b = append(b, element(0x0010, 0x0020, []byte(patient))...)
	b = append(b, element(0x0028, 0x0010, short(mod.height))...)
	b = append(b, element(0x0028, 0x0011, short(mod.width))...)
	b = append(b, element(0x0028, 0x0100, short(16))...)
	return append(b, element(0x7fe0, 0x0010, w.noise(2*mod.width*mod.height))...)
}

// query is a C-FIND with one answer (PS3.4 C.4.1, K.4.1).
func (w *world) query(at int64, c, s *machine, port uint16, mod modality, called, sop, patient string) int64 {
	t := w.dial(at, c, s, port)
	t.talk(association(false, called, mod.ae, mod.uid, mod.name, sop, sopVerify), association(true, called, mod.ae, pacsUID, "SIM_PACS", sop, sopVerify))
	key := element(0x0010, 0x0020, []byte(patient))
	t.talk(append(pdata(1, true, command(0x0020, sop, 1, true, 0)), pdata(1, false, key)...),
		append(pdata(1, true, command(0x8020, sop, 1, true, 0xff00)), pdata(1, false, append(element(0x0010, 0x0010, []byte("TEST^"+patient)), key...))...))
	t.say(toClient, pdata(1, true, command(0x8020, sop, 1, false, 0)))
	t.talk(releaseRequest, releaseReply)
	return t.bye()
}

// echo asks whether the other side is there (PS3.4 A.4).
func (w *world) echo(at int64, c, s *machine, mod modality) int64 {
	t := w.dial(at, c, s, 104)
	t.talk(association(false, pacsTitle, mod.ae, mod.uid, mod.name, sopVerify), association(true, pacsTitle, mod.ae, pacsUID, "SIM_PACS", sopVerify))
	t.talk(pdata(1, true, command(0x0030, sopVerify, 1, false, 0)), pdata(1, true, command(0x8030, sopVerify, 1, false, 0)))
	t.talk(releaseRequest, releaseReply)
	return t.bye()
}
