package collect

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

var update = flag.Bool("update", false, "write what the parsers say as the expected results")

// taken is the file time that tests give: 2023-08-01 00:00 UTC.
var taken = time.Date(2023, 8, 1, 0, 0, 0, 0, time.UTC)

func stamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format("0102T15:04:05")
}

// dump writes a result as lines that a person can check against the input.
func dump(r Result) string {
	var b strings.Builder
	s := r.Source
	fmt.Fprintf(&b, "%s entries=%d %s..%s\n", s.Kind, s.Packets, stamp(s.First), stamp(s.Last))
	for _, e := range s.Errors {
		fmt.Fprintf(&b, "trouble %s %s %v\n", e.Code, e.Where, e.Args)
	}
	for _, x := range r.Bindings {
		fmt.Fprintf(&b, "bind %s %s %s %s..%s x%d\n", x.Kind, x.Addr, x.MAC, stamp(x.First), stamp(x.Last), x.Count)
	}
	for _, x := range r.Observations {
		fmt.Fprintf(&b, "say %s %s=%q mac=%s peer=%s port=%d %s..%s x%d\n", x.Subject, x.Kind, x.Value, x.MAC, x.Peer, x.Port, stamp(x.First), stamp(x.Last), x.Count)
	}
	for _, x := range r.Conversations {
		fmt.Fprintf(&b, "conv %s > %s proto=%d port=%d app=%s vlan=%d macs=%s,%s flows=%d/%d packets=%d,%d bytes=%d,%d %s..%s\n", x.Client, x.Server, x.Proto, x.Port,
			x.App, x.VLAN, x.ClientMAC, x.ServerMAC, x.Answered, x.Flows, x.PacketsOut, x.PacketsIn, x.BytesOut, x.BytesIn, stamp(x.First), stamp(x.Last))
	}
	return b.String()
}

func read(t testing.TB, name string, b []byte) Result {
	t.Helper()
	r, err := Read(name, bytes.NewReader(b), taken)
	if err != nil {
		t.Fatal(err)
	}
	check(t, name, r)
	return r
}

// check holds what must be true of every result.
func check(t testing.TB, name string, r Result) {
	t.Helper()
	for _, e := range r.Source.Errors {
		if !locale.Has("trouble." + e.Code) {
			t.Errorf("no words for %s", e.Code)
		}
	}
	for _, x := range r.Bindings {
		if x.Source != name || !single(x.MAC) || !hosty(x.Addr) || x.Addr != model.Normal(x.Addr) {
			t.Errorf("binding %+v", x)
		}
	}
	for _, x := range r.Observations {
		if x.Source != name || x.Value != model.Clean(x.Value) || !hosty(x.Subject) && !single(x.MAC) {
			t.Errorf("observation %+v", x)
		}
	}
}

func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*")
	if err != nil || len(files) < 40 {
		t.Fatal(len(files), err)
	}
	for _, f := range files {
		if strings.HasSuffix(f, ".golden") || strings.HasPrefix(filepath.Base(f), "fuzz") {
			continue
		}
		t.Run(filepath.Base(f), func(t *testing.T) {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			kind, _ := Sniff(b)
			got := fmt.Sprintf("%s: %s", kind, dump(read(t, filepath.Base(f), b)))
			if *update {
				if err := os.WriteFile(f+".golden", []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(f + ".golden")
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got); d != "" {
				t.Error(d)
			}
		})
	}
}

// Encodings and compression make no difference.
func TestEncodings(t *testing.T) {
	for _, name := range []string{"arp-windows-ja.txt", "yamaha-dhcp.txt", "windows-dhcp.csv", "yamaha-arp.txt"} {
		plain, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		want := dump(read(t, name, plain))
		f := func(b []byte, err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, dump(read(t, name, b))); d != "" {
				t.Errorf("%s: %s", name, d)
			}
		}
		f(append([]byte("\xef\xbb\xbf"), plain...), nil)
		f(bytes.ReplaceAll(plain, []byte("\n"), []byte("\r\n")), nil)
		f(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().Bytes(plain))
		f(unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder().Bytes(plain))
		f(japanese.ShiftJIS.NewEncoder().Bytes(plain))
		f(japanese.EUCJP.NewEncoder().Bytes(plain))
		var z bytes.Buffer
		w := gzip.NewWriter(&z)
		_, err = w.Write(plain)
		w.Close()
		f(z.Bytes(), err)
		e, err := zstd.NewWriter(nil)
		f(e.EncodeAll(plain, nil), err)
	}
}

func TestSniffRefuses(t *testing.T) {
	f := func(s string) {
		t.Helper()
		if k, ok := Sniff([]byte(s)); ok {
			t.Errorf("taken for %s", k)
		}
		if _, err := Read("x", strings.NewReader(s), taken); err == nil {
			t.Error("was read")
		}
	}
	f("")
	f("hello\nworld\n")
	f("PK\x03\x04")
	f("\xd4\xc3\xb2\xa1\x02\x00\x04\x00")
	f("ホスト名,IPアドレス,MACアドレス,設置場所\nPC1,192.168.1.1,00:11:22:33:44:55,受付\n")
	f(`{"a":1}`)
	f(`[{"ts":1}]`)
	f("The router 192.168.1.1 is in the cellar.\n")
}

func TestTroublesAreBounded(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("192.168.1.1 00:11:22:33:44:55\n")
	for range 100 {
		b.WriteString("192.168.1.2 00:11:22:33:44\n")
	}
	b.WriteString(strings.Repeat("x", MaxLine+10) + "\n192.168.1.3 00:11:22:33:44:56\n")
	r := read(t, "big", b.Bytes())
	if n := len(r.Source.Errors); n != maxTroubles+2 || len(r.Bindings) != 2 {
		t.Fatalf("%d troubles, %d bindings", n, len(r.Bindings))
	}
	if e := r.Source.Errors[maxTroubles]; e.Code != "collect_long_lines" || e.Args[0] != "1" {
		t.Error(e)
	}
	if e := r.Source.Errors[maxTroubles+1]; e.Code != "collect_more_lines" || e.Args[0] != "80" {
		t.Error(e)
	}
	if e := r.Source.Errors[0]; e.Where != "big:2" {
		t.Error(e)
	}
}

func TestCutCompression(t *testing.T) {
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	for i := range 20_000 {
		fmt.Fprintf(w, "10.0.%d.%d dev eth0 lladdr 00:11:22:33:%02x:%02x REACHABLE\n", i/250, i%250+1, i/250, i%250)
	}
	w.Close()
	r := read(t, "x", z.Bytes()[:z.Len()/2])
	if n := len(r.Source.Errors); n != 1 || r.Source.Errors[0].Code != "truncated" || len(r.Bindings) < 1000 {
		t.Fatal(r.Source.Errors, len(r.Bindings))
	}
}

// No user names, passwords or file names come out of logs.
func TestLogsGiveNoSecrets(t *testing.T) {
	files, err := filepath.Glob("testdata/*.golden")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []string{"secret", "somebody", "someone", "yamada"} {
			if bytes.Contains(b, []byte(s)) {
				t.Errorf("%s holds %q", f, s)
			}
		}
	}
}

func TestSharedConfigs(t *testing.T) {
	root := os.Getenv("MIMAWARI_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	f := func(name string, kind Kind, binds, vendors int) {
		t.Helper()
		b, err := os.ReadFile(filepath.Join(root, "data", "configs", "ntc", name))
		if err != nil {
			t.Skipf("no shared data: %v", err)
		}
		if k, ok := Sniff(b); k != kind || !ok {
			t.Errorf("%s is taken for %s", name, k)
		}
		r := read(t, name, b)
		got := 0
		for _, o := range r.Observations {
			if o.Kind == model.DHCPVendor {
				got++
			}
		}
		if len(r.Bindings) != binds || got != vendors || len(r.Source.Errors) != 0 {
			t.Errorf("%s: %d bindings, %d vendor classes, %v", name, len(r.Bindings), got, r.Source.Errors)
		}
	}
	f("fortinet/fortinet_get_system_arp.raw", ARP, 4, 0)
	f("allied_telesis_awplus/allied_telesis_awplus_show_arp.raw", ARP, 2, 0)
	f("fortinet/fortinet_execute_dhcp_lease-list_5_columns.raw", FortiGateLease, 3, 2)
	f("fortinet/fortinet_execute_dhcp_lease-list_7_columns.raw", FortiGateLease, 5, 2)
}

// FuzzRead: every parser, chosen by what the input looks like or by the first argument.
func FuzzRead(f *testing.F) {
	files, err := filepath.Glob("testdata/*")
	if err != nil {
		f.Fatal(err)
	}
	kinds := []Kind{ARP, Dnsmasq, ISC, Kea, WindowsCSV, Netsh, FortiGateLease, YamahaLease, ZeekTSV, ZeekJSON, Suricata}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil || strings.HasSuffix(name, ".golden") {
			continue
		}
		f.Add(uint8(0), b)
	}
	f.Fuzz(func(t *testing.T, force uint8, b []byte) {
		if r, err := Read("x", bytes.NewReader(b), taken); err == nil {
			check(t, "x", r)
		}
		s := newSink("x", kinds[int(force)%len(kinds)], taken)
		p := parserOf(kinds[int(force)%len(kinds)], s)
		for l := range strings.SplitSeq(string(b), "\n") {
			s.line++
			p.row(strings.ToValidUTF8(l, "?"))
		}
		p.end()
		check(t, "x", s.result())
	})
}
