package industrial_test

import (
	"strings"
	"testing"

	"github.com/mimawari/mimawari/internal/proto/datagramtest"
	"github.com/mimawari/mimawari/internal/proto/dissect"
	"github.com/mimawari/mimawari/internal/proto/industrial"
	"github.com/mimawari/mimawari/internal/proto/streamtest"
)

// adu writes one Modbus/TCP message.
func adu(pdu string) string {
	return "\x00\x01\x00\x00" + string([]byte{0, byte(len(pdu) + 1)}) + "\x01" + pdu
}

func TestModbus(t *testing.T) {
	object := func(id byte, v string) string { return string([]byte{id, byte(len(v))}) + v }
	ask := adu("\x2b\x0e\x01\x00")
	answer := adu("\x2b\x0e\x01\x01\x00\x00\x03" + object(0, "Schneider Electric") + object(1, "BMX P34 2020") + object(2, "v2.5"))
	streamtest.Check(t, 502, []string{">" + adu("\x03\x00\x00\x00\x0a") + ask, "<" + adu("\x03\x02\x00\x00") + answer}, dissect.Modbus,
		`server modbus.device "Schneider Electric BMX P34 2020 v2.5" :502`)
	streamtest.Check(t, 5020, []string{">" + adu("\x03\x00\x00\x00\x0a")}, dissect.Modbus)
	streamtest.Check(t, 502, []string{"<" + adu("\x2b\x0e\x01\x01\x00\x00\x09\x00\xff")}, dissect.Modbus) // objects that are not there
	streamtest.Check(t, 502, []string{">\x00\x01\x00\x01\x00\x06\x01\x03\x00\x00\x00\x0a"}, dissect.Unknown)
}

func TestMQTT(t *testing.T) {
	connect := func(flags byte, id string) string {
		body := "\x00\x04MQTT\x04" + string([]byte{flags}) + "\x00\x3c" + string([]byte{0, byte(len(id))}) + id + "\x00\x04user\x00\x06secret"
		return "\x10" + string([]byte{byte(len(body))}) + body
	}
	streamtest.Check(t, 1883, []string{">" + connect(0xc2, "pump-7"), "<\x20\x02\x00\x00"}, dissect.MQTT,
		`client mqtt.client_id "pump-7"`, `server login.cleartext "mqtt" <- client :1883`)
	streamtest.Check(t, 8000, []string{">" + connect(2, "pump-7")}, dissect.MQTT, `client mqtt.client_id "pump-7"`)
	streamtest.Check(t, 1883, []string{">\x10\x20\x00\x04MQXX\x04\x02\x00\x3c\x00\x00" + strings.Repeat("x", 20)}, dissect.Unknown)
	streamtest.Check(t, 1883, []string{">\x10\xff\xff\xff\xff\x01" + strings.Repeat("x", 20)}, dissect.Unknown)
}

func TestBACnet(t *testing.T) {
	frame := func(function byte, b string) string {
		return "\x81" + string([]byte{function, 0, byte(len(b) + 4)}) + b
	}
	iam := "\x10\x00\xc4\x02\x00\x04\xd2\x22\x05\xc4\x91\x03\x21\x07"
	datagramtest.Check(t, 47808, []string{"<" + frame(11, "\x01\x20\xff\xff\x00\xff"+iam)}, dissect.BACnet, `server bacnet.device "instance=1234 vendor=7"`)
	datagramtest.Check(t, 47808, []string{"<" + frame(4, "\x0a\x00\x00\x32\xba\xc0\x01\x00"+iam)}, dissect.BACnet, `10.0.0.50 bacnet.device "instance=1234 vendor=7"`)
	datagramtest.Check(t, 47808, []string{"<" + frame(10, "\x01\x08\x00\x05\x01\x0a"+iam)}, dissect.BACnet) // a device behind a router
	name := "\x30\x01\x0c\x0c\x02\x00\x04\xd2\x19\x46\x3e\x75\x07\x00AHU-12\x3f"
	datagramtest.Check(t, 47808, []string{"<" + frame(10, "\x01\x00"+name)}, dissect.BACnet, `server bacnet.device "model=AHU-12"`)
	datagramtest.Check(t, 47808, []string{"<" + frame(10, "\x01\x00"+iam[:9])}, dissect.BACnet)
	datagramtest.Check(t, 47808, []string{"<" + frame(10, "\x01\x00") + "x"}, dissect.Unknown)
}

func TestENIP(t *testing.T) {
	identity := "\x01\x00\x0c\x00\x2e\x00\x01\x00" + strings.Repeat("\x00", 16) + "\x01\x00\x0c\x00\x36\x00\x04\x01\x00\x00\x78\x56\x34\x12\x0b1756-ENBT/A\x03"
	msg := "\x63\x00" + string([]byte{byte(len(identity)), 0}) + strings.Repeat("\x00", 20) + identity
	want := `server enip.device "vendor=1 type=12 1756-ENBT/A 4.1" :44818`
	datagramtest.Check(t, 44818, []string{">\x63\x00\x00\x00" + strings.Repeat("\x00", 20), "<" + msg}, dissect.ENIP, want)
	streamtest.Check(t, 44818, []string{">\x63\x00\x00\x00" + strings.Repeat("\x00", 20), "<" + msg}, dissect.ENIP, want)
	datagramtest.Check(t, 44818, []string{"<" + msg[:30]}, dissect.Unknown)
}

func TestNamed(t *testing.T) {
	f := func(port uint16, msg string, app dissect.App) {
		t.Helper()
		streamtest.Check(t, port, []string{">" + msg}, app)
	}
	request := "\x03\x00\x00\x16\x11\xe0\x00\x00\x00\x01\x00\xc0\x01\x0a\xc1\x02\x01\x00\xc2\x02\x01\x02"
	f(102, request, dissect.S7)
	f(102, "\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x01\x00Cookie: msh", dissect.RDP) // the same transport
	f(1020, "\x03\x00\x00\x0b\x02\xf0\x80\x32\x01\x00\x00", dissect.S7)
	f(20000, "\x05\x64\x05\xc0\x01\x00\x00\x04\xe9\x21", dissect.DNP3)
	f(20000, "\x05\x64\x05\xc0\x01\x00\x00\x04\xe9\x22", dissect.Unknown)
	f(2404, "\x68\x04\x07\x00\x00\x00", dissect.IEC104)
	f(2404, "\x68\x04\x01\x00\x02\x00", dissect.IEC104)
	f(2405, "\x68\x04\x01\x00\x02\x00", dissect.Unknown)
	f(5672, "AMQP\x00\x00\x09\x01", dissect.AMQP)
	f(5672, "AMQX\x00\x00\x09\x01", dissect.Unknown)
	datagramtest.Check(t, 5683, []string{">\x44\x01\x00\x01tokn\xb4test"}, dissect.CoAP)
	datagramtest.Check(t, 5683, []string{">\x49\x01\x00\x01tokn"}, dissect.Unknown)
}

func TestCaptures(t *testing.T) {
	datagramtest.Applications(t, "captures/ndpi/umas.pcap.gz", "modbus", 1)
	datagramtest.Applications(t, "captures/ndpi/s7comm.pcap", "s7comm", 1)
	datagramtest.Applications(t, "captures/ndpi/s7comm-plus.pcap", "s7comm", 1)
	datagramtest.Applications(t, "captures/ndpi/IEC104.pcap", "iec104", 2)
	datagramtest.Applications(t, "captures/ndpi/amqp.pcap.gz", "amqp", 3)
}

func FuzzDatagrams(f *testing.F) {
	f.Add([]byte("\x81\x0b\x00\x18\x01\x20\xff\xff\x00\xff\x10\x00\xc4\x02\x00\x04\xd2\x22\x05\xc4\x91\x03\x21\x07"))
	f.Add([]byte("\x81\x0a\x00\x1a\x01\x00\x30\x01\x0c\x0c\x02\x00\x04\xd2\x19\x46\x3e\x75\x07\x00AHU-12\x3f"))
	f.Add([]byte("\x63\x00\x00\x00" + strings.Repeat("\x00", 20)))
	f.Fuzz(func(t *testing.T, b []byte) { datagramtest.Fuzz(t, industrial.Datagrams(), b) })
}

func FuzzStream(f *testing.F) {
	f.Add([]byte(adu("\x2b\x0e\x01\x01\x00\x00\x01\x00\x02AB")), []byte("\x10\x12\x00\x04MQTT\x04\xc2\x00\x3c\x00\x06pump-7"), 9)
	f.Add([]byte("\x63\x00\x30\x00"+strings.Repeat("\x00", 60)), []byte("\x03\x00\x00\x16\x11\xe0\x00\x00\x00\x01\x00\xc0\x01\x0a\xc1\x02\x01\x00\xc2\x02\x01\x02"), 30)
	f.Fuzz(func(t *testing.T, a, b []byte, cut int) { streamtest.Fuzz(t, industrial.Streams(), 502, a, b, cut) })
}
