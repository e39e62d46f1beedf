package proto_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// TestKnownConversationsAllocateNothing: what was said before costs no memory when it is said again.
func TestKnownConversationsAllocateNothing(t *testing.T) {
	f := func(name string, port uint16, most float64, turns ...string) {
		t.Helper()
		rec := dissect.NewRecorder(dissect.Limits{})
		e := proto.New(rec)
		facts := make([]model.Fact, 0, dissect.MaxFacts)
		c := &dissect.Ctx{Facts: &facts}
		play := func() {
			s := e.Open()
			for _, turn := range turns {
				*c = dissect.Ctx{Facts: &facts, Src: netip.AddrFrom4([4]byte{10, 0, 0, 1}), Dst: netip.AddrFrom4([4]byte{10, 0, 0, 9}), SrcPort: 40000, DstPort: port, ToServer: true}
				if turn[0] == '<' {
					c.Src, c.Dst, c.SrcPort, c.DstPort, c.ToServer = c.Dst, c.Src, c.DstPort, c.SrcPort, false
				}
				e.Data(c, s, []byte(turn[1:]))
			}
			e.Close(c, s)
		}
		play()
		got := testing.AllocsPerRun(100, play) - float64(len(turns)) // the turns are copied
		t.Logf("%s: %v allocations in %d segments", name, got, len(turns))
		if got > most {
			t.Errorf("%s: %v allocations for a connection, want at most %v", name, got, most)
		}
	}
	http := []string{}
	for range 10 {
		http = append(http, ">GET /a HTTP/1.1\r\nHost: pacs\r\nUser-Agent: Viewer/2\r\nCookie: a=b\r\n\r\n", "<HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\n{...}")
	}
	f("http", 80, 1, http...)
	hl7 := []string{}
	for range 10 {
		hl7 = append(hl7, ">\x0bMSH|^~\\&|HIS|A|LIS|B|||ADT^A08|1|P|2.5\rPID|1\r\x1c\r", "<\x0bMSH|^~\\&|LIS|B|HIS|A|||ACK|1|P|2.5\r\x1c\r")
	}
	f("hl7", 2575, 1, hl7...)
	head := strings.Repeat("\x00", 32)
	dicom := []string{">\x01\x00\x00\x00\x00\x5d\x00\x01\x00\x00PACS            CT01            " + head + "\x10\x00\x00\x151.2.840.10008.3.1.1.1"}
	for range 10 {
		dicom = append(dicom, ">\x04\x00\x00\x00\x00\x10\x00\x00\x00\x0c\x01\x03\x00\x00\x00\x01\x02\x00\x00\x00\x01\x00", ">\x04\x00\x00\x00\x00\x06\x00\x00\x00\x02\x01\x02")
	}
	f("dicom", 104, 1, dicom...)
}
