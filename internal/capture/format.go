package capture

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"
)

// Format is what a file looks like by its first bytes. The values are stable: they end the codes "looks_FORMAT".
type Format string

// The formats that are told apart. Only the first four can be opened here.
const (
	Pcap    Format = "pcap"
	Pcapng  Format = "pcapng"
	Gzip    Format = "gzip"
	Zstd    Format = "zstd"
	Empty   Format = "empty"
	Text    Format = "text" // UTF-8, UTF-16 or a Japanese 8-bit encoding
	JSON    Format = "json"
	XML     Format = "xml"
	HTML    Format = "html"
	Excel   Format = "xlsx"
	OldXLS  Format = "xls" // OLE2: .xls, .doc, and .xlsx with a password
	Zip     Format = "zip"
	PDF     Format = "pdf"
	Cab     Format = "cab"
	ETL     Format = "etl" // Windows event trace: pktmon, netsh trace
	EVTX    Format = "evtx"
	Program Format = "exe"
	Xz      Format = "xz"
	Bzip2   Format = "bzip2"
	SevenZ  Format = "7z"
	RAR     Format = "rar"
	LZ4     Format = "lz4"
	Tar     Format = "tar"
	Picture Format = "picture"
	SQLite  Format = "sqlite"
	Snoop   Format = "snoop"  // RFC 1761
	NetMon  Format = "netmon" // Microsoft Network Monitor
	Other   Format = "other"
)

// SniffLen is how many bytes Sniff likes to see.
const SniffLen = 4096

var magics = []struct {
	magic  string
	format Format
}{
	{"\xa1\xb2\xc3\xd4", Pcap},
	{"\xd4\xc3\xb2\xa1", Pcap}, // microseconds
	{"\xa1\xb2\x3c\x4d", Pcap},
	{"\x4d\x3c\xb2\xa1", Pcap}, // nanoseconds
	{"\xa1\xb2\xcd\x34", Pcap},
	{"\x34\xcd\xb2\xa1", Pcap}, // Kuznetzov's patch of libpcap
	{"\x0a\x0d\x0d\x0a", Pcapng},
	{"\x1f\x8b", Gzip},
	{"\x28\xb5\x2f\xfd", Zstd},
	{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OldXLS},
	{"%PDF-", PDF},
	{"MSCF\x00\x00\x00\x00", Cab},
	{"ElfFile\x00", EVTX},
	{"MZ", Program},
	{"\x7fELF", Program},
	{"\xfd7zXZ\x00", Xz},
	{"BZh", Bzip2},
	{"7z\xbc\xaf\x27\x1c", SevenZ},
	{"Rar!\x1a\x07", RAR},
	{"\x04\x22\x4d\x18", LZ4},
	{"\x89PNG\r\n\x1a\n", Picture},
	{"\xff\xd8\xff", Picture},
	{"GIF8", Picture},
	{"SQLite format 3\x00", SQLite},
	{"snoop\x00\x00\x00", Snoop},
	{"GMBU", NetMon},
	{"RTSS", NetMon},
}

// Sniff tells what a file looks like from its first bytes, SniffLen of them if it has as many.
func Sniff(head []byte) Format {
	if len(head) == 0 {
		return Empty
	}
	for _, m := range magics {
		if len(head) >= len(m.magic) && string(head[:len(m.magic)]) == m.magic {
			return m.format
		}
	}
	switch {
	case isSkippableZstd(head):
		return Zstd
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return sniffZip(head)
	case isETL(head):
		return ETL
	case len(head) >= 262 && string(head[257:262]) == "ustar":
		return Tar
	}
	return sniffText(head)
}

// isSkippableZstd reports a zstd file that starts with a skippable frame (RFC 8878 3.1.2), as pzstd writes them.
func isSkippableZstd(b []byte) bool {
	return len(b) >= 4 && binary.LittleEndian.Uint32(b)&^0xf == 0x184d2a50
}

func sniffZip(b []byte) Format {
	for _, name := range []string{"[Content_Types].xml", "xl/", "_rels/.rels", "docProps/"} {
		if len(b) > 30 && bytes.HasPrefix(b[30:], []byte(name)) {
			return Excel
		}
	}
	return Zip
}

// isETL recognises WMI_BUFFER_HEADER followed by a SYSTEM_TRACE_HEADER; the format has no magic number of its own.
func isETL(b []byte) bool {
	if len(b) < 0x4c {
		return false
	}
	size := binary.LittleEndian.Uint32(b)
	return size >= 1<<9 && size <= 1<<24 && size%512 == 0 && (b[0x4a] == 1 || b[0x4a] == 2) && b[0x4b] == 0xc0
}

func sniffText(b []byte) Format {
	if bytes.HasPrefix(b, []byte("\xff\xfe")) || bytes.HasPrefix(b, []byte("\xfe\xff")) {
		return Text
	}
	t := bytes.TrimLeft(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")), " \t\r\n")
	if !texty(b) {
		return Other
	}
	low := bytes.ToLower(t[:min(len(t), 64)])
	switch {
	case bytes.HasPrefix(t, []byte("{")) || bytes.HasPrefix(t, []byte("[{")):
		return JSON
	case bytes.HasPrefix(low, []byte("<!doctype html")) || bytes.HasPrefix(low, []byte("<html")):
		return HTML
	case bytes.HasPrefix(low, []byte("<?xml")):
		return XML
	}
	return Text
}

// texty reports bytes that may be text: no control characters, and UTF-8 or an 8-bit encoding that is mostly ASCII or
// Shift_JIS pairs.
func texty(b []byte) bool {
	for _, c := range b {
		if c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != 0x1b {
			return false
		}
	}
	for cut := range min(len(b), utf8.UTFMax) { // the last character may be cut
		if utf8.Valid(b[:len(b)-cut]) {
			return true
		}
	}
	return shiftJIS(b)
}

func shiftJIS(b []byte) bool {
	bad := 0
	for i := 0; i < len(b); i++ {
		c := b[i]
		switch {
		case c < 0x80 || c >= 0xa1 && c <= 0xdf:
		case i+1 < len(b) && b[i+1] >= 0x40 && b[i+1] != 0x7f && b[i+1] <= 0xfc:
			i++
		default:
			bad++
		}
	}
	return bad <= 1+len(b)/200
}
