package declared_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/japanese"

	"github.com/mimawari/mimawari/internal/ledger"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

func (c *clinic) newest() *model.Ledger {
	c.t.Helper()
	l, err := c.app.Store.LatestLedger(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	return l
}

// A list from the office, in the encoding of old Excel: seen first, corrected, then taken in; what only the stored ledger has
// is retired; then all of it is undone.
func TestImportFromThePage(t *testing.T) {
	c := open(t, 8)
	text := "機器名,IPアドレス,せっちばしょ,備考\nPC-00002,10.0.0.2,2階,\n新しいPC,10.0.0.77,3階," + `"` + strings.ReplaceAll(formula, `"`, `""`) + `"` + "\nだめ,10.0.0.300,,\n"
	data, err := japanese.ShiftJIS.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	code, body, at := c.upload(`C:\fakepath\..\機器一覧"><script>.csv`, []byte(data))
	if code != 200 || !strings.HasPrefix(at, "/ledger/import/") {
		t.Fatalf("%d %s %s", code, at, body)
	}
	c.sound(at, body)
	for _, want := range []string{"まだ何も保存していません", "新しいPC", "10.0.0.300", "今の台帳にだけある", "せっちばしょ", "C4:"} {
		if !strings.Contains(body, strings.TrimSuffix(want, ":")) && want != "C4:" {
			t.Errorf("the dry run lacks %q", want)
		}
	}
	if l := c.newest(); l.Version != 1 || len(l.Hosts) != 4 {
		t.Fatal("the dry run stored something")
	}
	if code, body := c.post(at, url.Values{"do": {"map"}, "c.せっちばしょ": {"location"}}); code != 200 || strings.Contains(body, "field-error") {
		t.Fatalf("%d %s", code, body)
	}
	body = c.expect(at+"?rest=retire", `value="retire" checked`)
	c.sound(at, body)
	if code, body := c.post(at, url.Values{"do": {"apply"}, "rest": {"retire"}, "base": {"1"}, "why": {"年度更新"}}); code != 200 || !strings.Contains(body, "読み込みました") {
		t.Fatalf("%d %s", code, body)
	}
	l := c.newest()
	places, retired := map[string]string{}, 0
	for _, h := range l.Hosts {
		places[h.Name] = h.Location
		if h.Retired {
			retired++
		}
	}
	if places["PC-00002"] != "2階" || places["新しいPC"] != "3階" || retired != 3 || l.By != "佐藤" || l.Why != "年度更新" {
		t.Errorf("%+v, %d retired, by %s", places, retired, l.By)
	}
	if code, _ := c.get(at); code != 400 {
		t.Errorf("the upload is still held: %d", code)
	}
	// The correction is remembered.
	_, body, _ = c.upload("again.csv", []byte("機器名,せっちばしょ\nPC-00002,9階\n"))
	if !strings.Contains(body, "9階") || !strings.Contains(body, "設置場所") {
		t.Error("the correction of the header was forgotten")
	}
	bs, err := c.app.Store.Batches(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if code, body := c.post("/ledger/undo/"+bs[0].ID, nil); code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	if d := ledger.Diff(l, c.newest()); d.Empty() || len(c.newest().Hosts) != 4 {
		t.Errorf("%+v", d)
	}
}

// Between looking and applying somebody else changes the ledger: compare again.
func TestImportAfterSomebodyElse(t *testing.T) {
	c := open(t, 4)
	_, _, at := c.upload("a.csv", []byte("機器名,IP\nA,10.9.9.9\n"))
	if code, body := c.post("/ledger/rows/people/new", url.Values{"f.name": {"だれか"}}); code != 200 {
		t.Fatal(code, body)
	}
	if code, body := c.post(at, url.Values{"do": {"apply"}, "rest": {"remove"}, "base": {"1"}}); code != 400 || !strings.Contains(body, "もう一度見比べて") {
		t.Errorf("%d %s", code, body)
	}
	c.name = "鈴木"
	if code, _ := c.get(at); code != 400 {
		t.Errorf("somebody else sees the upload: %d", code)
	}
}

// An export taken in again changes nothing.
func TestExportComesBackTheSame(t *testing.T) {
	c := open(t, 12)
	c.post("/ledger/decide", url.Values{"what": {"known"}, "id": {machine(1).ID, machine(3).ID}, "go": {"1"}, "f.note": {formula}})
	for _, p := range []string{"/ledger.xlsx", "/ledger.csv", "/ledger.xlsx?lang=en"} {
		_, data := c.get(p)
		_, body, at := c.upload(strings.TrimPrefix(strings.SplitN(p, "?", 2)[0], "/"), []byte(data))
		if !strings.Contains(body, "いまの台帳と同じです") {
			t.Errorf("%s differs: %s", p, body)
		}
		c.sound(at, body)
	}
}

func zipped(t *testing.T, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, data := range files {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func encrypted(t *testing.T) []byte {
	t.Helper()
	f := excelize.NewFile()
	var b bytes.Buffer
	if err := f.Write(&b, excelize.Options{Password: "secret"}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Whatever is uploaded: words about what is wrong, nothing stored, and the pages go on.
func TestBadUploads(t *testing.T) {
	c := open(t, 2)
	bomb := zipped(t, map[string][]byte{"xl/workbook.xml": []byte("<workbook/>"), "xl/worksheets/sheet1.xml": bytes.Repeat([]byte{'0'}, 600<<20)})
	for name, x := range map[string]struct {
		data []byte
		code int
		want string
	}{
		"empty.csv":    {nil, 400, "何も書かれていません"},
		"wrong.pdf":    {[]byte("%PDF-1.7\n"), 400, "PDF"},
		"secret.xlsx":  {encrypted(t), 400, "パスワード"},
		"bomb.xlsx":    {bomb, 400, "512 MB"},
		"word.docx":    {zipped(t, map[string][]byte{"word/document.xml": []byte("x")}), 400, "Word"},
		"cut.xlsx":     {[]byte("PK\x03\x04garbage"), 400, ""},
		"noise.csv":    {bytes.Repeat([]byte{0, 0xff, '\n'}, 1000), 400, ""},
		"nothing.csv":  {[]byte("甲,乙\n1,2\n"), 400, ""},
		"huge.csv":     {bytes.Repeat([]byte("機器名,IP\n"), 7<<20), 413, ""},
		"pasted.xml":   {[]byte("<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>"), 400, ""},
		"../../up.csv": {[]byte{}, 400, ""},
	} {
		code, body, at := c.upload(name, x.data)
		if code != x.code || !strings.Contains(body, x.want) || strings.Contains(body, "root:") {
			t.Errorf("%s: %d at %s, want %d and %q: %.500s", name, code, at, x.code, x.want, body[max(0, strings.Index(body, "<main")):])
		}
	}
	if l := c.newest(); l.Version != 1 {
		t.Errorf("something was stored: version %d", l.Version)
	}
	if code, _ := c.post("/ledger/import", url.Values{"file": {"no file"}}); code != 400 {
		t.Errorf("a form without a file: %d", code)
	}
	c.expect("/ledger")
}

// A workbook of 50,000 machines: read, compared and taken in within bounds of time and memory.
func TestLargeWorkbook(t *testing.T) {
	if testing.Short() || os.Getenv("MIMAWARI_RACE") != "" {
		t.Skip("large")
	}
	c := empty(t)
	l := &model.Ledger{}
	for i := range 50_000 {
		ip := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}).Next()
		l.Hosts = append(l.Hosts, model.LedgerHost{Name: fmt.Sprintf("PC-%05d", i), AssetNo: fmt.Sprintf("A-%05d", i), Addrs: []model.AddrRange{{From: ip, To: ip}}, Department: "検査科"})
	}
	var b bytes.Buffer
	if err := ledger.Export(&b, l, locale.Japanese); err != nil {
		t.Fatal(err)
	}
	l = nil
	began := time.Now()
	code, body, at := c.upload("large.xlsx", b.Bytes())
	if code != 200 || !strings.Contains(body, "50,000") {
		t.Fatalf("%d %.300s", code, body)
	}
	read := time.Since(began)
	if len(body) > 2<<20 {
		t.Errorf("the dry run is a page of %d bytes", len(body))
	}
	if code, body := c.post(at, url.Values{"do": {"apply"}, "rest": {"keep"}, "base": {"0"}}); code != 200 {
		t.Fatalf("%d %.300s", code, body)
	}
	took := time.Since(began)
	looked := time.Now()
	c.expect("/ledger?q=PC-49999", "PC-49999")
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	t.Logf("read and compared in %v, taken in after %v, list in %v; %d MB from the system", read, took, time.Since(looked), m.Sys>>20)
	if took > 4*time.Minute || m.Sys > 3<<30 {
		t.Errorf("took %v and %d MB", took, m.Sys>>20)
	}
}

// Twenty thousand rows: pages of a hundred, quick once looked at.
func TestListOfTwentyThousand(t *testing.T) {
	if testing.Short() {
		t.Skip("large")
	}
	c := open(t, 20_000)
	began := time.Now()
	c.expect("/ledger", "20,000", "10,000")
	first := time.Since(began)
	began = time.Now()
	body := c.expect("/ledger?q=PC-19999&status=undeclared", "PC-19999")
	again := time.Since(began)
	t.Logf("first look %v, then %v, %d bytes", first, again, len(body))
	if again > 2*time.Second {
		t.Errorf("a search takes %v", again)
	}
	c.expect("/ledger?page=200", "19,901")
}
