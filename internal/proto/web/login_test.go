package web_test

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"testing"
	"unicode/utf16"

	"github.com/mimawari/mimawari/internal/proto/dissect"
	"github.com/mimawari/mimawari/internal/proto/streamtest"
)

func av(id uint16, text string) []byte {
	var v []byte
	for _, u := range utf16.Encode([]rune(text)) {
		v = binary.LittleEndian.AppendUint16(v, u)
	}
	b := binary.LittleEndian.AppendUint16(nil, id)
	return append(binary.LittleEndian.AppendUint16(b, uint16(len(v))), v...)
}

// challenge writes an NTLM CHALLENGE_MESSAGE (MS-NLMP 2.2.1.2) of Windows 10.0.20348.
func challenge(computer, dns string) string {
	info := append(append(av(1, computer), av(3, dns)...), 0, 0, 0, 0)
	b := append([]byte("NTLMSSP\x00\x02\x00\x00\x00"), make([]byte, 44)...)
	binary.LittleEndian.PutUint32(b[20:], 0x02000001)
	binary.LittleEndian.PutUint16(b[40:], uint16(len(info)))
	binary.LittleEndian.PutUint32(b[44:], 56)
	copy(b[48:], []byte{10, 0, 0x7c, 0x4f, 0, 0, 0, 15})
	return base64.StdEncoding.EncodeToString(append(b, info...))
}

func TestNTLM(t *testing.T) {
	for _, scheme := range []string{"NTLM", "Negotiate"} {
		streamtest.Check(t, 5985, []string{
			">POST /wsman HTTP/1.1\r\nAuthorization: " + scheme + " TlRMTVNTUAABAAAAB4IIogAAAAAAAAAAAAAAAAAAAAA=\r\nContent-Length: 0\r\n\r\n",
			"<HTTP/1.1 401 \r\nWWW-Authenticate: " + scheme + " " + challenge("PACS01", "pacs01.hospital.local") + "\r\nContent-Length: 0\r\n\r\n",
		}, dissect.WinRM,
			`server name.ntlm "PACS01"`, `server name.ntlmdns "pacs01.hospital.local"`, `server os.ntlm "10.0.20348"`)
	}
}

func TestMedicalAPIs(t *testing.T) {
	f := func(want, request, response string) {
		t.Helper()
		lines := []string{}
		if want != "" {
			lines = append(lines, fmt.Sprintf("server medical.api %q <- client :8042", want))
		}
		streamtest.Check(t, 8042, []string{">" + request, "<HTTP/1.1 " + response + "Content-Length: 2\r\n\r\n{}"}, dissect.HTTP, lines...)
	}
	f("dicomweb", "GET /dicom-web/studies?PatientID=1 HTTP/1.1\r\nAccept: application/dicom+json\r\n\r\n", "200 OK\r\n")
	f("dicomweb", "GET /wado HTTP/1.1\r\n\r\n", "200 OK\r\nContent-Type: multipart/related; type=\"application/dicom\"\r\n")
	f("fhir", "GET /Patient/1 HTTP/1.1\r\n\r\n", "200 OK\r\nContent-Type: application/fhir+json; charset=utf-8\r\n")
	f("orca", "GET /api01rv2/patientgetv2?id=12 HTTP/1.1\r\n\r\n", "200 OK\r\nContent-Type: application/xml\r\n")
	f("", "GET /api01rv2/patientgetv2 HTTP/1.1\r\n\r\n", "404 Not Found\r\n")
}
