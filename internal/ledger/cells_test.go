package ledger

import (
	"slices"
	"testing"

	"github.com/mimawari/mimawari/internal/model"
)

func TestAddressCells(t *testing.T) {
	f := func(in, want string, bad ...string) {
		t.Helper()
		a := readAddresses(in)
		got := formatRanges(a.ranges)
		if a.dhcp {
			got += "+DHCP"
		}
		if got != want || !slices.Equal(a.bad, bad) {
			t.Errorf("%q: %q, bad %q", in, got, a.bad)
		}
	}
	f("192.168.1.10", "192.168.1.10")
	f("１９２．１６８．１．１０", "192.168.1.10")
	f("192。168。1。10", "192.168.1.10")
	f("192.168.001.010", "192.168.1.10")
	f("192,168,1,10", "192.168.1.10")
	f(" 192. 168 .1.10 ", "192.168.1.10")
	f("192.168.1.10、192.168.1.11／192.168.1.12;192.168.1.13", "192.168.1.10, 192.168.1.11, 192.168.1.12, 192.168.1.13")
	f("192.168.1.10\n192.168.1.11", "192.168.1.10, 192.168.1.11")
	f("192.168.1.10,11,12", "192.168.1.10, 192.168.1.11, 192.168.1.12")
	f("192.168.1.10-20", "192.168.1.10-192.168.1.20")
	f("192.168.1.10～192.168.1.20", "192.168.1.10-192.168.1.20")
	f("192.168.1.10 〜 .20", "192.168.1.10-192.168.1.20")
	f("192.168.1.10－2.20", "192.168.1.10-192.168.2.20")
	f("192.168.1.10から192.168.1.12まで", "192.168.1.10-192.168.1.12")
	f("192.168.1.0/24", "192.168.1.0-192.168.1.255")
	f("192.168.1.0 / 255.255.255.0", "192.168.1.0-192.168.1.255")
	f("192.168.1.10/24", "192.168.1.10")
	f("DHCP", "+DHCP")
	f("自動取得", "+DHCP")
	f("ＤＨＣＰ（192.168.1.10）", "192.168.1.10+DHCP")
	f("192.168.1.10(固定)", "192.168.1.10")
	f("なし", "")
	f("-", "")
	f("未定", "")
	f("fe80::1 fd00::1-fd00::5", "fe80::1, fd00::1-fd00::5")
	f("eth0:192.168.1.5", "192.168.1.5")
	f("192.168.1.256", "", "192.168.1.256")
	f("192.168.1", "", "192.168.1")
	f("192.168.1.x", "", "192.168.1.x")
	f("0.0.0.0", "", "0.0.0.0")
	f("255.255.255.255", "", "255.255.255.255")
	f("10.0.0.0/4", "", "10.0.0.0/4")
	f("192.168.1.10/11", "192.168.1.10, 192.168.1.11")
	f("10.1.2.3/8", "10.1.2.3")
	if a := readAddresses("192.168.1.20-10"); len(a.reversed) != 1 || formatRanges(a.ranges) != "192.168.1.10-192.168.1.20" {
		t.Errorf("%+v", a)
	}
}

func TestMACCells(t *testing.T) {
	f := func(in, want string, bad ...string) {
		t.Helper()
		ms, b := readMACs(in)
		if formatMACs(ms) != want || !slices.Equal(b, bad) {
			t.Errorf("%q: %q, bad %q", in, formatMACs(ms), b)
		}
	}
	const m = "00:1A:2B:3C:4D:5E"
	for _, s := range []string{"00:1a:2b:3c:4d:5e", "00-1A-2B-3C-4D-5E", "001a.2b3c.4d5e", "001A2B3C4D5E", "001a2b-3c4d5e", "0:1a:2b:3c:4d:5e", "００－１Ａ－２Ｂ－３Ｃ－４Ｄ－５Ｅ", "00 1A 2B 3C 4D 5E", "有線：00-1A-2B-3C-4D-5E", "00.1A.2B.3C.4D.5E", "001a:2b3c:4d5e"} {
		f(s, m)
	}
	f("00-1A-2B-3C-4D-5E、00-1A-2B-3C-4D-5F", m+", 00:1A:2B:3C:4D:5F")
	f("有線00-1A-2B-3C-4D-5E\n無線00-1A-2B-3C-4D-5F", m+", 00:1A:2B:3C:4D:5F")
	f("なし", "")
	f("不明", "")
	f("00-1A-2B-3C-4D", "", "00-1a-2b-3c-4d")
	f("OO-1A-2B-3C-4D-5E", "", "oo-1a-2b-3c-4d-5e")
	f("001A2B3C4D5E6F", "", "001a2b3c4d5e6f")
	f("FF-FF-FF-FF-FF-FF", "", "ff-ff-ff-ff-ff-ff")
	f("00-00-00-00-00-00", "", "00-00-00-00-00-00")
}

func TestDateCells(t *testing.T) {
	f := func(text, raw, want string) {
		t.Helper()
		got, ok := readDate(text, raw, false)
		if got != want || ok != (want != "") {
			t.Errorf("%q (%q): %q", text, raw, got)
		}
	}
	f("2020/4/1", "", "2020-04-01")
	f("2020-04-01", "", "2020-04-01")
	f("2020.4.1", "", "2020-04-01")
	f("２０２０年４月１日", "", "2020-04-01")
	f("2020年4月", "", "2020-04")
	f("2020年度", "", "2020")
	f("2020", "", "2020")
	f("20200401", "", "2020-04-01")
	f("令和2年4月1日", "", "2020-04-01")
	f("令和元年5月1日", "", "2019-05-01")
	f("R2.4.1", "", "2020-04-01")
	f("Ｒ２．４．１", "", "2020-04-01")
	f("R02/04/01", "", "2020-04-01")
	f("平成30年", "", "2018")
	f("H30.4", "", "2018-04")
	f("昭和64年1月7日", "", "1989-01-07")
	f("2025/3/31まで", "", "2025-03-31")
	f("2020/4/1～2025/3/31", "", "2025-03-31")
	f("2020/4/1 0:00:00", "", "2020-04-01")
	f("4/1/2020", "", "2020-04-01")
	f("43922", "43922", "2020-04-01")
	f("04-01-20", "43922", "2020-04-01")
	f("Apr-20", "43922.5", "2020-04-01")
	f("2020/2/30", "", "")
	f("2020/13/1", "", "")
	f("去年", "", "")
	f("R2", "", "2020")
	f("12345", "12345", "")
}

func TestRetiredWords(t *testing.T) {
	f := func(s string, want bool) {
		t.Helper()
		if retiredBy(s) != want {
			t.Errorf("%q", s)
		}
	}
	f("廃棄", true)
	f("撤去済み", true)
	f("2024/3 廃棄", true)
	f("廃棄予定", false)
	f("稼働", false)
	f("予備", false)
	f("Retired", true)
}

func TestClasses(t *testing.T) {
	f := func(s string, want model.Class) {
		t.Helper()
		if got := classOf(s); got != want {
			t.Errorf("%q: %q", s, got)
		}
	}
	f("ノートＰＣ", model.ClassPC)
	f("PACSサーバ", model.ClassPACS)
	f("ファイルサーバー", model.ClassServer)
	f("CT", model.ClassModality)
	f("directory", model.ClassUnknown)
	f("laptop", model.ClassPC)
	f("無線AP", model.ClassAP)
	f("カラー複合機", model.ClassPrinter)
	f("LTEルータ", model.ClassMobileRtr)
	f("その他", model.ClassUnknown)
}

func TestNamesAreOneName(t *testing.T) {
	for _, s := range []string{"PC-001", "ｐｃ－００１", "pc-001.hospital.local", "PC-001$", " pc-001 "} {
		if got := nameKey(s); got != "pc-001" {
			t.Errorf("%q: %q", s, got)
		}
	}
	if nameKey("192.168.1.1") != "192.168.1.1" {
		t.Error("an address used as a name lost its end")
	}
}

func TestShieldIsReversible(t *testing.T) {
	for _, s := range append(nasty, "'", "''", "'=", "\t=x") {
		if s = cleanCell(s); unshield(shield(s)) != s {
			t.Errorf("%q", s)
		}
		if x := shield(s); x != "" && (x[0] == '=' || x[0] == '+' || x[0] == '-' || x[0] == '@') {
			t.Errorf("%q is written as %q", s, x)
		}
	}
}

func FuzzCell(f *testing.F) {
	for _, s := range []string{"192.168.1.10-20、192.168.2.0/24 DHCP", "00-1A-2B-3C-4D-5E", "令和2年4月1日", "R2.4.1～", "'=x", "fd00::/64", "1,2,3,4", "１９２．１"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 4096 {
			return
		}
		a := readAddresses(s)
		if back := readAddresses(formatRanges(a.ranges)); !slices.Equal(a.ranges, back.ranges) || len(back.bad) > 0 {
			t.Fatalf("%q: %v is written as %q and read as %v", s, a.ranges, formatRanges(a.ranges), back.ranges)
		}
		ms, _ := readMACs(s)
		if back, bad := readMACs(formatMACs(ms)); !slices.Equal(ms, back) || len(bad) > 0 {
			t.Fatalf("%q: %v is read back as %v, bad %v", s, ms, back, bad)
		}
		if d, ok := readDate(s, s, false); ok {
			if again, ok := readDate(d, "", false); !ok || again != d {
				t.Fatalf("%q: %q is read back as %q", s, d, again)
			}
			if _, ok := lastDay(d); !ok {
				t.Fatalf("%q: %q has no last day", s, d)
			}
		}
		if c := cleanCell(s); unshield(shield(c)) != c || cleanCell(c) != c {
			t.Fatalf("%q", c)
		}
	})
}
