package intake

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"github.com/mimawari/mimawari/internal/model"
)

func code(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	if err != nil {
		return "other: " + err.Error()
	}
	return ""
}

// breaking gives n bytes of r and then fails, as a connection does.
type breaking struct {
	r io.Reader
	n int
}

var errBroken = errors.New("connection reset")

func (b *breaking) Read(p []byte) (int, error) {
	if b.n <= 0 {
		return 0, errBroken
	}
	n, err := b.r.Read(p[:min(len(p), b.n)])
	b.n -= n
	return n, err
}

// An upload that breaks off at any place and goes on from where the shelf says is equal to the file.
func TestUploadBrokenOffAnywhere(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for round := range 40 {
		s := &Shelf{Dir: filepath.Join(t.TempDir(), "uploads")}
		file := make([]byte, 1+rnd.IntN(300_000))
		for i := range file {
			file[i] = byte(rnd.Uint32())
		}
		id, size := NewID("u-"), int64(len(file))
		if err := s.Create(id); err != nil {
			t.Fatal(err)
		}
		for try := 0; ; try++ {
			have, err := s.Size(id)
			if err != nil {
				t.Fatal(err)
			}
			if have == size {
				break
			}
			now, err := s.Append(id, have, size, &breaking{bytes.NewReader(file[have:]), rnd.IntN(len(file) + 2)})
			if err != nil && !errors.Is(err, errBroken) {
				t.Fatal(err)
			}
			if st, _ := s.Size(id); st != now {
				t.Fatalf("counted %d, on disk %d", now, st)
			}
			if wrong := now - 1; wrong >= 0 { // a sender that is wrong about the place changes nothing
				if n, err := s.Append(id, wrong, size, strings.NewReader("x")); code(err) != "offset" || n != now {
					t.Fatalf("%d, %v", n, err)
				}
			}
			if try > 10_000 {
				t.Fatal("never ends")
			}
		}
		got, err := os.ReadFile(s.Path(id))
		if err != nil || !bytes.Equal(got, file) {
			t.Fatalf("round %d: differs: %v", round, err)
		}
		h := sha256.Sum256(file)
		if sum, err := s.Sum256(id); err != nil || sum != hex.EncodeToString(h[:]) {
			t.Fatal(sum, err)
		}
	}
}

func TestUploadTooLong(t *testing.T) {
	s := &Shelf{Dir: t.TempDir()}
	id := NewID("u-")
	if err := s.Create(id); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Append(id, 0, 5, strings.NewReader("123456789")); n != 5 || code(err) != "too_long" {
		t.Fatalf("%d, %v", n, err)
	}
	if st, _ := s.Size(id); st != 5 {
		t.Fatalf("%d bytes on disk", st)
	}
}

func TestOneSenderAtATime(t *testing.T) {
	s := &Shelf{Dir: t.TempDir()}
	release, err := s.Hold("u-1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Hold("u-1"); code(err) != "busy" {
		t.Fatal(err)
	}
	release()
	if release, err = s.Hold("u-1"); err != nil {
		t.Fatal(err)
	}
	release()
}

func TestDiskFillsWhileBytesArrive(t *testing.T) {
	free := uint64(3 * pieceLen)
	s := &Shelf{Dir: t.TempDir(), MinFree: func() int64 { return pieceLen }, Free: func(string) (uint64, error) { return free, nil }}
	id := NewID("u-")
	if err := s.Create(id); err != nil {
		t.Fatal(err)
	}
	const size = 10 * pieceLen
	eat := readerFunc(func(p []byte) (int, error) { free -= min(free, uint64(len(p))); clear(p); return len(p), nil })
	n, err := s.Append(id, 0, size, eat)
	if code(err) != "disk_now" || n > 3*pieceLen || n == 0 {
		t.Fatalf("%d, %v", n, err)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestAdmit(t *testing.T) {
	l := model.IntakeLimits{Quota: 1000, MaxFiles: 3, MinFree: 100}
	for _, x := range []struct {
		size int64
		s    Stored
		free uint64
		want string
	}{
		{1000, Stored{}, 0, ""},
		{0, Stored{}, 0, "empty"},
		{-1, Stored{}, 0, "empty"},
		{1 << 62, Stored{}, 0, "quota"},
		{1<<63 - 1, Stored{Bytes: 999}, 1 << 63, "quota"},
		{500, Stored{Bytes: 400, Awaited: 200}, 0, "quota"},
		{400, Stored{Bytes: 400, Awaited: 200}, 0, ""},
		{10, Stored{Files: 3}, 0, "too_many"},
		{500, Stored{}, 599, "disk"},
		{500, Stored{}, 600, ""},
		{500, Stored{Awaited: 1}, 600, "disk"},
		{500, Stored{}, 1<<64 - 1, ""},
	} {
		if got := code(Admit(l, x.s, x.size, x.free)); got != x.want {
			t.Errorf("%+v: %q", x, got)
		}
	}
}

func TestNamesAreOnlyShown(t *testing.T) {
	for given, want := range map[string]string{
		"../../etc/passwd":               "passwd",
		`C:\Users\佐藤\通信記録.pcap`:          "通信記録.pcap",
		"":                               "-",
		"..":                             "-",
		"a/":                             "-",
		"a\x00b\nc.pcap":                 "ab c.pcap",
		"x\u202Epacp.exe":                "xpacp.exe",
		"<script>alert(1)<.pcap":         "<script>alert(1)<.pcap", // html/template escapes it
		strings.Repeat("あ", 300) + ".gz": "",
	} {
		got := Name(given)
		if want != "" && got != want || !utf8.ValidString(got) || utf8.RuneCountInString(got) > maxName {
			t.Errorf("%q: %q", given, got)
		}
	}
	for _, id := range []string{"", "u-", "../x", "u-" + strings.Repeat("g", 32), "u-" + strings.Repeat("a", 31) + "/", NewID("u-") + "x"} {
		if IsUploadID(id) {
			t.Errorf("%q is taken for an id", id)
		}
	}
	if !IsUploadID(NewID("u-")) {
		t.Error("our own id is refused")
	}
}

func pcap() []byte {
	return append([]byte{0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0}, make([]byte, 32)...)
}

func zipped(b []byte) []byte {
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	_, _ = w.Write(b)
	_ = w.Close()
	return z.Bytes()
}

func workbook(t *testing.T, rows ...[]any) []byte {
	f := excelize.NewFile()
	for i, r := range rows {
		cell, _ := excelize.CoordinatesToCellName(1, i+1)
		if err := f.SetSheetRow("Sheet1", cell, &r); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRecognisedByContent(t *testing.T) {
	arp := "Interface: 10.1.0.5 --- 0x5\n  10.1.0.1  02-00-00-00-00-01  dynamic\n  10.1.0.2  02-00-00-00-00-02  dynamic\n"
	for _, x := range []struct {
		what, name  string
		b           []byte
		kind        model.UploadKind
		rows        uint64
		troubleCode string
	}{
		{"capture", "x.txt", pcap(), model.UploadCapture, 0, ""},
		{"capture, gzip", "x.xlsx", zipped(pcap()), model.UploadCapture, 0, ""},
		{"table", "x.pcap", []byte(arp), model.UploadTable, 2, ""},
		{"ledger", "x.pcap", workbook(t, []any{"機器名", "IPアドレス"}, []any{"PC01", "10.1.0.9"}), model.UploadLedger, 1, ""},
		{"ledger, csv", "x", []byte("機器名,IPアドレス,設置場所\nPC01,10.1.0.9,外来\n"), model.UploadLedger, 1, ""},
		{"another workbook", "x.xlsx", workbook(t, []any{"日付", "献立"}, []any{"4/1", "カレー"}), "", 0, "upload_no_table"},
		{"program", "x.pcap", append([]byte("MZ"), make([]byte, 600)...), "", 0, "looks_exe"},
		{"script", "x.pcap", []byte("#!/bin/sh\nrm -rf /\n"), "", 0, "looks_text"},
		{"page", "x.pcap", []byte("<!DOCTYPE html><script>alert(1)</script>"), "", 0, "looks_html"},
		{"nothing", "x.pcap", nil, "", 0, "empty"},
		{"zeros", "x.pcap", make([]byte, 5000), "", 0, "looks_other"},
	} {
		path := filepath.Join(t.TempDir(), "u")
		if err := os.WriteFile(path, x.b, 0o600); err != nil {
			t.Fatal(err)
		}
		f, trouble := Recognise(context.Background(), path, x.name)
		got := ""
		if trouble != nil {
			got = trouble.Code
		}
		if f.Kind != x.kind || f.Rows != x.rows || got != x.troubleCode {
			t.Errorf("%s: %+v, trouble %q", x.what, f, got)
		}
	}
}

// A gzip file of ten gigabytes of zeros is recognised from its first bytes: nothing is unpacked.
func TestBombIsNotUnpacked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "u")
	if err := os.WriteFile(path, zipped(append(pcap(), make([]byte, 64<<20)...)), 0o600); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	f, trouble := Recognise(context.Background(), path, "bomb.gz")
	if f.Kind != model.UploadCapture || trouble != nil || time.Since(start) > 2*time.Second {
		t.Fatalf("%+v, %v, %v", f, trouble, time.Since(start))
	}
}

func TestPaste(t *testing.T) {
	u, err := Paste("  10.1.0.1  02-00-00-00-00-01  動的\r\n  10.1.0.2  02-00-00-zz-00-02  動的\r\n  10.1.0.3  02-00-00-00-00-03  動的\r\n", time.Unix(1e9, 0))
	if err != nil || u.Kind != "arp" || u.Rows != 2 || u.Machines != 2 || len(u.First) != 2 || u.First[0] != (Row{IP: "10.1.0.1", MAC: "02:00:00:00:00:01"}) {
		t.Fatalf("%+v, %v", u, err)
	}
	if len(u.Troubles) != 1 || u.Troubles[0].Where != "2" {
		t.Fatalf("troubles %+v", u.Troubles)
	}
	for text, want := range map[string]string{
		"": "paste_empty", " \n\t": "paste_empty", "こんにちは": "paste_kind", strings.Repeat("x", MaxPaste+1): "paste_long", "\x00\x01\x02": "paste_kind",
	} {
		if _, err := Paste(text, time.Now()); code(err) != want {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

func TestClock(t *testing.T) {
	for text, want := range map[string]int{"7:05": 425, "０７：０５": 425, " 23:59 ": 1439, "0:00": 0} {
		if got, err := ParseClock(text); err != nil || got != want {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "24:00", "7", "7:5", "7:60", "-1:00", "7:05pm", "七時"} {
		if _, err := ParseClock(text); code(err) != "clock" {
			t.Errorf("%q: %v", text, err)
		}
	}
	if Clock(425) != "07:05" {
		t.Error(Clock(425))
	}
}

func TestDue(t *testing.T) {
	zone := time.FixedZone("JST", 9*3600)
	day := func(d, h, m int) time.Time { return time.Date(2026, 4, d, h, m, 0, 0, zone) }
	s := model.Schedule{At: 7 * 60, On: true, Made: day(1, 12, 0)}
	f := func(now time.Time, due bool, at, next time.Time) {
		t.Helper()
		if a, d := Due(s, now, zone); d != due || due && !a.Equal(at) {
			t.Errorf("at %v: %v, %v", now, a, d)
		}
		if n := Next(s, now, zone); !n.Equal(next) {
			t.Errorf("next of %v: %v", now, n)
		}
	}
	f(day(1, 13, 0), false, day(0, 0, 0), day(2, 7, 0)) // seven o'clock of that day was before it was made
	f(day(2, 6, 59), false, day(0, 0, 0), day(2, 7, 0))
	f(day(2, 7, 0), true, day(2, 7, 0), day(3, 7, 0))
	s.Last = day(2, 7, 0)
	f(day(2, 7, 1), false, day(0, 0, 0), day(3, 7, 0))
	f(day(9, 3, 0), true, day(8, 7, 0), day(9, 7, 0)) // a week was missed: once
	s.Last = day(8, 7, 0)
	f(day(9, 3, 0), false, day(0, 0, 0), day(9, 7, 0))
	s.Last = day(8, 7, 0).AddDate(10, 0, 0) // the clock was ten years ahead when it last ran
	f(day(9, 8, 0), true, day(9, 7, 0), day(10, 7, 0))
	s.On = false
	f(day(9, 8, 0), false, day(0, 0, 0), time.Time{})
}

// A listener that does not listen is let go; the others hear everything, and publishing never waits.
func TestSlowListener(t *testing.T) {
	var h Hub
	h.Publish("round", 0)
	slow, _ := h.Listen()
	quick, _ := h.Listen()
	heard := make(chan int)
	go func() {
		n := 0
		for range quick.Events {
			n++
			heard <- n
		}
		close(heard)
	}()
	<-heard // the newest event comes first
	for i := range 3 * earQueue {
		h.Publish("round", i)
		<-heard
	}
	n := 0
	for range slow.Events {
		n++
	}
	if n != earQueue || h.Listeners() != 1 {
		t.Fatalf("the slow one got %d, %d listeners", n, h.Listeners())
	}
	slow.Close() // twice is fine
	h.End()
	if _, open := <-heard; open {
		t.Fatal("the hub has ended, but the listener goes on")
	}
	if _, ok := h.Listen(); ok {
		t.Fatal("listens to a hub that has ended")
	}
	h.Publish("round", 1)
}
