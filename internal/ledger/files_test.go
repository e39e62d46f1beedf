package ledger

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"

	"github.com/mimawari/mimawari/internal/locale"
)

const csvText = "機器名,IPアドレス,備考\nＰＣ①,192.168.1.10,髙﨑の机\nPC2,192.168.1.11,\n"

func TestEncodings(t *testing.T) {
	sjis, err := japanese.ShiftJIS.NewEncoder().String(csvText)
	if err != nil {
		t.Fatal(err)
	}
	euc, err := japanese.EUCJP.NewEncoder().String(strings.ReplaceAll(csvText, "髙﨑", "高崎"))
	if err != nil {
		t.Fatal(err)
	}
	u16, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(strings.ReplaceAll(csvText, ",", "\t"))
	if err != nil {
		t.Fatal(err)
	}
	be, err := unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder().String(csvText)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct{ name, text, encoding string }{
		{"utf8.csv", csvText, "UTF-8"},
		{"bom.csv", "\ufeff" + csvText, "UTF-8 (BOM)"},
		{"sjis.csv", sjis, "CP932"},
		{"euc.csv", euc, "EUC-JP"},
		{"u16.txt", u16, "UTF-16LE"},
		{"be.csv", be, "UTF-16BE"},
		{"semi.csv", strings.ReplaceAll(csvText, ",", ";"), "UTF-8"},
		{"tab.tsv", strings.ReplaceAll(csvText, ",", "\t"), "UTF-8"},
		{"sep.csv", "sep=;\r\n" + strings.ReplaceAll(csvText, ",", ";"), "UTF-8"},
		{"cr.csv", strings.ReplaceAll(csvText, "\n", "\r\n"), "UTF-8"},
	} {
		r := importBytes(t, x.name, []byte(x.text), Options{})
		if r.Encoding != x.encoding || len(r.Ledger.Hosts) != 2 || r.Ledger.Hosts[0].Name != "ＰＣ①" || len(r.Ledger.Hosts[0].Addrs) != 1 || len(r.Slips) != 0 {
			t.Errorf("%s: %s %+v %+v", x.name, r.Encoding, r.Ledger.Hosts, r.Slips)
		}
	}
}

func zipOf(t *testing.T, files ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		w, err := z.Create(files[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(files[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// bombOf is a small file that says it unpacks to more than the limit.
func bombOf(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.CreateRaw(&zip.FileHeader{Name: "xl/workbook.xml", Method: zip.Deflate, CompressedSize64: 2, UncompressedSize64: MaxUnzip + 1})
	if err == nil {
		_, err = w.Write([]byte{3, 0})
	}
	if err = errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Every wrong file gets words of its own that say what to do.
func TestWrongFiles(t *testing.T) {
	ole := append([]byte{0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1}, make([]byte, 512)...)
	good := workbookOf(t, page{name: "機器", rows: [][]any{{"機器名", "IP"}, {"a", "10.0.0.1"}}})
	bomb := bombOf(t)
	for _, x := range []struct {
		name, code string
		data       []byte
	}{
		{"a.xlsx", "encrypted", append(bytes.Clone(ole), utf16le("EncryptedPackage")...)},
		{"a.xls", "old_xls", append(bytes.Clone(ole), utf16le("Workbook")...)},
		{"b.xls", "html", []byte("\ufeff <html><table><tr><td>機器名</td></tr></table></html>")},
		{"c.xls", "html", []byte(`<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>`)},
		{"a.ods", "ods", zipOf(t, "mimetype", "application/vnd.oasis.opendocument.spreadsheet")},
		{"a.numbers", "numbers", zipOf(t, "Index/Document.iwa", "x")},
		{"a.docx", "word", zipOf(t, "word/document.xml", "<x/>")},
		{"a.xlsb", "xlsb", zipOf(t, "xl/workbook.bin", "x")},
		{"a.zip", "archive", zipOf(t, "台帳.xlsx", "x")},
		{"a.pdf", "pdf", []byte("%PDF-1.7\n")},
		{"a.pcap", "capture", []byte("\xd4\xc3\xb2\xa1\x02\x00\x04\x00")},
		{"a.png", "picture", []byte("\x89PNG\r\n\x1a\n\x00\x00")},
		{"a.csv", "empty", []byte("\n  \r\n")},
		{"b.csv", "empty", []byte(",,,\n,,\n")},
		{"c.csv", "no_table", []byte("りんご,みかん\n1,2\n")},
		{"d.csv", "unknown", []byte("abc\x00\x01\x02def")},
		{"half.xlsx", "damaged", good[:len(good)/2]},
		{"bomb.xlsx", "too_big", bomb},
		{"big.csv", "too_big", bytes.Repeat([]byte("a,b\n"), MaxFile/4+1)},
	} {
		_, err := ImportData(context.Background(), x.name, x.data, Options{})
		var fe *FileError
		if !errors.As(err, &fe) || fe.Code != x.code {
			t.Errorf("%s: %v, want %s", x.name, err, x.code)
			continue
		}
		for _, l := range locale.Langs {
			if w := fe.In(l); !strings.Contains(w, x.name) || strings.HasPrefix(w, "ledger.file.") || strings.Contains(w, "?") {
				t.Errorf("%s %s: %q", x.name, l, w)
			}
		}
	}
}

func TestFilesThatCannotBeOpened(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "~$台帳.xlsx"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, code := range map[string]string{filepath.Join(dir, "~$台帳.xlsx"): "owner_file", dir: "folder", filepath.Join(dir, "no.xlsx"): "missing"} {
		_, err := Import(context.Background(), name, Options{})
		var fe *FileError
		if !errors.As(err, &fe) || fe.Code != code {
			t.Errorf("%s: %v, want %s", name, err, code)
		}
	}
}

// Every code that the package can say has words and a cause; every rule in the catalog can be said.
func TestEverySlipHasWords(t *testing.T) {
	for code := range causes {
		r, ok := locale.RuleOf("ledger." + code)
		if !ok {
			t.Errorf("no words for %s", code)
			continue
		}
		if !strings.Contains(r.Todo.In(locale.Japanese), "{place}") {
			t.Errorf("%s does not say where", code)
		}
	}
	rules, err := locale.Rules()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rules {
		if code, ok := strings.CutPrefix(r.ID, "ledger."); ok && causes[code] == nil {
			t.Errorf("nothing says %s", code)
		}
	}
}

func TestOpenQuoteAndLongCell(t *testing.T) {
	text := "機器名,IP,備考\nPC1,10.0.0.1,\"開いたまま\n" + strings.Repeat("PCx,10.0.0.2,\n", 300)
	r := importBytes(t, "q.csv", []byte(text), Options{})
	slipAt(t, r, "open_quote", "C2")
	r = importBytes(t, "l.csv", []byte("機器名,IP,備考\nPC1,10.0.0.1,"+strings.Repeat("あ", maxCell)+"\n"), Options{})
	slipAt(t, r, "cell_too_long", "C2")
	if n := len(r.Ledger.Hosts[0].Note); n > maxCell {
		t.Errorf("%d bytes kept", n)
	}
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte(csvText))
	f.Add([]byte("#sheet,機器\n機器名,IP\na,1.2.3.4\n#sheet,回線\n回線名,種別\nx,LTE\n"))
	f.Add([]byte("sep=;\nName;IP;MAC\na;1.2.3.4-9;00:11:22:33:44:55\n"))
	f.Add([]byte("\xff\xfea\x00,\x00b\x00"))
	f.Add([]byte("機器名,IP\n\"a\n\n,10.0.0.1\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<16 {
			return
		}
		fuzzed(t, "x.csv", b)
	})
}

// fuzzed imports and, if that works, exports and imports again: nothing may change, whatever came in.
func fuzzed(t *testing.T, name string, b []byte) {
	r, err := ImportData(context.Background(), name, b, Options{Now: testNow})
	if err != nil {
		var fe *FileError
		if !errors.As(err, &fe) {
			t.Fatalf("not a FileError: %v", err)
		}
		return
	}
	Findings(r)
	var out bytes.Buffer
	if err := ExportCSV(&out, r.Ledger, locale.Japanese); err != nil {
		t.Fatal(err)
	}
	again, err := ImportData(context.Background(), "y.csv", out.Bytes(), Options{Now: testNow})
	if err != nil {
		if len(r.Ledger.Hosts) == 0 {
			return
		}
		t.Fatalf("export cannot be read: %v\n%s", err, out.String())
	}
	if c := Diff(r.Ledger, again.Ledger); !c.Empty() {
		t.Fatalf("export is different: %+v\n%s", c, out.String())
	}
}

func FuzzXLSX(f *testing.F) {
	f.Add(workbookOf(f, page{name: "機器", merged: []string{"A2:A3"}, rows: [][]any{{"機器名", "IP", "導入日"}, {"a", "10.0.0.1", 43922}, {nil, "10.0.0.2"}}}))
	f.Add(workbookOf(f, page{name: "回線", rows: [][]any{{"回線名", "種別"}, {"x", "LTE"}}}, page{name: "空"}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<16 {
			return
		}
		fuzzed(t, "x.xlsx", b)
	})
}
