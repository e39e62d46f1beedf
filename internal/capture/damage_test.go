package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/mimawari/mimawari/internal/locale"
)

func wantDamage(t *testing.T, err error, code string) *Damage {
	t.Helper()
	var d *Damage
	if !errors.As(err, &d) {
		t.Fatalf("%v is no *Damage", err)
	}
	if d.Code != code {
		t.Fatalf("code %s, want %s: %v", d.Code, code, err)
	}
	tr := d.Trouble()
	for _, l := range locale.Langs {
		pairs := []string{"where", tr.Where}
		for i, a := range tr.Args {
			pairs = append(pairs, string(rune('a'+i)), a)
		}
		if s := locale.T(l, "trouble."+code, pairs...); s == "trouble."+code || strings.Contains(s, "?") || !strings.Contains(s, tr.Where) {
			t.Errorf("words for %s in %s: %q", code, l, s)
		}
	}
	return d
}

func TestCutAnywhere(t *testing.T) {
	plain := sample(40)
	want, _, _ := read(t, plain)
	ends := map[int]int{24: 0}
	at := 24
	for i := range want {
		at += 16 + len(want[i].Data)
		ends[at] = i + 1
	}
	for n := 4; n < len(plain); n++ {
		got, _, err := read(t, plain[:n])
		if !slices.Equal(got, want[:len(got)]) {
			t.Fatalf("cut at %d: other frames", n)
		}
		if k, ok := ends[n]; ok {
			if err != io.EOF || len(got) != k {
				t.Fatalf("cut at %d: %d frames, %v", n, len(got), err)
			}
			continue
		}
		d := wantDamage(t, err, "truncated")
		if d.Frame != uint64(len(got)) || d.Offset > int64(n) || n >= 24 && ends[int(d.Offset)] != len(got) {
			t.Fatalf("cut at %d: %+v", n, d)
		}
	}
}

func TestDamage(t *testing.T) {
	pcapWith := func(f func(w *writer)) []byte {
		w := newWriter(binary.LittleEndian)
		w.pcapHeader(0xa1b2c3d4, 1)
		w.record(1, 1, []byte("good"), 4)
		f(w)
		return w.Bytes()
	}
	ngWith := func(f func(w *writer)) []byte {
		w := newWriter(binary.BigEndian)
		w.section()
		w.iface(1, 0)
		w.enhanced(0, 1e15, []byte("good"), 4)
		f(w)
		return w.Bytes()
	}
	f := func(b []byte, code string) {
		t.Helper()
		got, _, err := read(t, b)
		d := wantDamage(t, err, code)
		if len(got) != 1 || got[0].Data != "good" || d.Frame != 1 || d.Offset <= 0 {
			t.Errorf("%v %+v", got, d)
		}
	}
	f(pcapWith(func(w *writer) { w.u32(1, 1, MaxFrame+1, 1); w.Write(make([]byte, MaxFrame+1)) }), "corrupt")
	f(pcapWith(func(w *writer) { w.Write(make([]byte, 4096)) }), "corrupt")
	f(pcapWith(func(w *writer) { w.u32(1, 1, 100, 100); w.u32(1) }), "truncated")
	f(gz(t, pcapWith(func(w *writer) { w.u32(1) })), "truncated")
	f(ngWith(func(w *writer) { w.enhanced(1, 1, nil, 0) }), "corrupt")
	f(ngWith(func(w *writer) { w.u32(blockEnhanced, 1<<20); w.Write(make([]byte, 1<<20)) }), "corrupt")
	f(ngWith(func(w *writer) { w.u32(99, 1<<30); w.u32(1) }), "corrupt")
	f(ngWith(func(w *writer) { w.u32(99, 13, 13, 13) }), "corrupt")
	f(ngWith(func(w *writer) { w.u32(99, 16, 0, 12) }), "corrupt")
	f(ngWith(func(w *writer) { w.u32(99, 8<<20, 0, 12) }), "truncated")
	f(ngWith(func(w *writer) { w.u32(blockSection, 28, 0x12345678, 0, 0, 0, 28) }), "corrupt")
	f(ngWith(func(w *writer) { w.u32(blockSection, 28, 0x1a2b3c4d, 2<<16, 0, 0, 28) }), "corrupt")
	f(ngWith(func(w *writer) { w.block(blockInterface, func(*writer) {}) }), "corrupt")
	f(ngWith(func(w *writer) { w.block(blockStats, func(b *writer) { b.u32(7, 0, 0) }) }), "corrupt")
	f(ngWith(func(w *writer) {
		w.block(blockEnhanced, func(b *writer) { b.u32(0, 0, 0, 100, 100) })
	}), "corrupt")
}

func TestDamagedCompression(t *testing.T) {
	plain := sample(3000)
	cut := func(b []byte) []byte { return b[:len(b)*2/3] }
	flip := func(b []byte) []byte { b = bytes.Clone(b); b[len(b)*2/3] ^= 0xff; return b }
	f := func(b []byte, code string) {
		t.Helper()
		got, _, err := read(t, b)
		wantDamage(t, err, code)
		want, _, _ := read(t, plain)
		if len(got) == 0 || !cmp.Equal(got, want[:len(got)]) {
			t.Errorf("%d frames before the damage", len(got))
		}
	}
	split := func(pack func(testing.TB, ...[]byte) []byte) []byte {
		return pack(t, plain[:len(plain)/2], plain[len(plain)/2:])
	}
	f(cut(split(gz)), "truncated")
	f(cut(split(zst)), "truncated")
	f(append(gz(t, plain), "rubbish behind the end"...), "corrupt_compressed")
	f(flip(split(zst)), "corrupt_compressed")
}

func TestBigZstdWindowIsRefused(t *testing.T) {
	var out bytes.Buffer
	z, err := zstd.NewWriter(&out, zstd.WithWindowSize(128<<20))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write(sample(3000)); err != nil {
		t.Fatal(err)
	}
	z.Flush()
	z.Close()
	_, _, err = read(t, out.Bytes())
	wantDamage(t, err, "zstd_window")
}

func TestNotACapture(t *testing.T) {
	f := func(head string, code string) {
		t.Helper()
		_, err := openBytes([]byte(head))
		wantDamage(t, err, code)
		if head != "" {
			_, err = openBytes(gz(t, []byte(head)))
			wantDamage(t, err, code)
		}
	}
	etl := make([]byte, 100)
	etl[1], etl[0x4a], etl[0x4b] = 4, 2, 0xc0
	f("", "empty")
	f("PK\x03\x04"+strings.Repeat("\x00", 26)+"[Content_Types].xml", "looks_xlsx")
	f("PK\x03\x04"+strings.Repeat("\x00", 26)+"a.pcap", "looks_zip")
	f("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "looks_xls")
	f("%PDF-1.7", "looks_pdf")
	f(`{"a":1}`, "looks_json")
	f("<?xml version", "looks_xml")
	f("<!DOCTYPE html>", "looks_html")
	f("192.0.2.1 00:11:22:33:44:55\n", "looks_text")
	f("\x83z\x83X\x83g\x96\xbc,IP\x83A\x83h\x83\x8c\x83X\r\n", "looks_text")
	f("ElfFile\x00", "looks_evtx")
	f("MSCF\x00\x00\x00\x00", "looks_cab")
	f(string(etl), "looks_etl")
	f("MZ\x90\x00", "looks_exe")
	f("\xfd7zXZ\x00", "looks_xz")
	f("BZh91AY", "looks_bzip2")
	f("7z\xbc\xaf\x27\x1c", "looks_7z")
	f("Rar!\x1a\x07", "looks_rar")
	f("\x04\x22\x4d\x18", "looks_lz4")
	f("\x89PNG\r\n\x1a\n", "looks_picture")
	f("SQLite format 3\x00", "looks_sqlite")
	f("snoop\x00\x00\x00", "looks_snoop")
	f("GMBU", "looks_netmon")
	f(strings.Repeat("\x00", 257)+"ustar", "looks_tar")
	f("\x00\x01\x02\x03", "looks_other")
	_, err := openBytes(gz(t, gz(t, []byte("x"))))
	wantDamage(t, err, "looks_gzip")
	_, err = openBytes(gz(t, zst(t, []byte("x"))))
	wantDamage(t, err, "looks_zstd")
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	_, err := Open(dir, nil, Options{})
	wantDamage(t, err, "directory")
	_, err = Open(filepath.Join(dir, "none"), nil, Options{})
	wantDamage(t, err, "not_found")
	wantDamage(t, (&file{name: "x"}).openDamage(os.ErrPermission), "permission")
	_, err = Open("-", io.MultiReader(bytes.NewReader(sample(1)[:30]), badReader{}), Options{})
	if err != nil {
		wantDamage(t, err, "unreadable")
	}
	wantDamage(t, &Damage{Name: "x", Code: "frame_time"}, "frame_time")
}

type badReader struct{}

func (badReader) Read([]byte) (int, error) { return 0, errors.New("disk on fire") }

func TestReadErrorInTheMiddle(t *testing.T) {
	s, err := Open("-", io.MultiReader(bytes.NewReader(sample(100)), badReader{}), Options{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := drain(t, s)
	if wantDamage(t, err, "unreadable"); len(got) != 100 {
		t.Fatal(len(got))
	}
}
