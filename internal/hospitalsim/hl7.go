package hospitalsim

import (
	"fmt"
	"time"
)

// order is one message of the department systems by HL7 version 2 over MLLP, and its acknowledgement. The patient is a
// number.
func (w *world) order(at int64, c, s *machine, from, to, kind string) int64 {
	when := time.Unix(0, at).In(japan).Format("20060102150405")
	id := fmt.Sprintf("%s%05d", when[2:8], w.serial%100000)
	patient := fmt.Sprintf("P%07d", 1000000+w.rng.IntN(200000))
	body := fmt.Sprintf("MSH|^~\\&|%s|HOSP|%s|HOSP|%s||%s|%s|P|2.5||||||ISO IR87\rPID|||%s^^^^PI||TEST^%s||19500101|M\rPV1||I|%s\r",
		from, to, when, kind, id, patient, patient, wards[w.rng.IntN(4)].code)
	if kind == "ORU^R01" {
		body += "OBR|1|||CBC\rOBX|1|NM|WBC||5.6|10*3/uL\rOBX|2|NM|HGB||13.2|g/dL\r"
	}
	ack := fmt.Sprintf("MSH|^~\\&|%s|HOSP|%s|HOSP|%s||ACK|%s|P|2.5\rMSA|AA|%s\r", to, from, when, id, id)
	t := w.dial(at, c, s, 2575)
	t.talk([]byte("\x0b"+body+"\x1c\r"), []byte("\x0b"+ack+"\x1c\r"))
	return t.bye()
}
