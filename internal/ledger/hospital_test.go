package ledger

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

// leaf is a sheet written as lines of cells between "|"; merges are areas such as "A3:D3".
type leaf struct {
	name, cells string
	merges      []string
}

func importPages(t *testing.T, pages ...leaf) *Report {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	for i, p := range pages {
		if i == 0 {
			f.SetSheetName("Sheet1", p.name)
		} else {
			f.NewSheet(p.name)
		}
		for r, line := range strings.Split(strings.TrimPrefix(p.cells, "\n"), "\n") {
			for c, v := range strings.Split(line, "|") {
				if v = strings.TrimSpace(v); v != "" {
					f.SetCellStr(p.name, letter(c)+fmt.Sprint(r+1), v)
				}
			}
		}
		for _, m := range p.merges {
			from, to, _ := strings.Cut(m, ":")
			if err := f.MergeCell(p.name, from, to); err != nil {
				t.Fatal(err)
			}
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	r, err := ImportData(context.Background(), "院内台帳.xlsx", b.Bytes(), Options{Now: testNow})
	if err != nil {
		t.Fatal(err)
	}
	sameAfterExport(t, r)
	return r
}

// sameAfterExport holds what was made of a messy workbook against its own export, in both forms.
func sameAfterExport(t *testing.T, r *Report) {
	t.Helper()
	for name, write := range map[string]func(io.Writer, *model.Ledger, locale.Lang) error{"a.xlsx": Export, "a.csv": ExportCSV} {
		for _, l := range locale.Langs {
			var b bytes.Buffer
			if err := write(&b, r.Ledger, l); err != nil {
				t.Fatal(err)
			}
			again, err := ImportData(context.Background(), name, b.Bytes(), Options{Now: testNow})
			if err != nil {
				t.Fatal(err)
			}
			if d := Diff(r.Ledger, again.Ledger); !d.Empty() {
				t.Errorf("%s %s: export and import differ: %+v", name, l, d)
			}
		}
	}
}

// An address list as hospitals keep it: one sheet per VLAN, every address from 1 to 254, most of them free.
func TestAddressListPerVLAN(t *testing.T) {
	free := "IPアドレス管理表 VLAN10 基幹系 192.168.10.0/24\n\nIPアドレス|機器名|MACアドレス|設置場所|備考\n"
	for i := 1; i <= 254; i++ {
		switch i {
		case 1:
			free += "192.168.10.1|L3SW-1||サーバ室|\n"
		case 20:
			free += "192.168.10.20|KARTE-SV1|001A2B3C4D5E|サーバ室|電子カルテ\n"
		case 30:
			free += "192.168.10.30|空き|||\n"
		case 31:
			free += "192.168.10.31|||1階受付|\n"
		case 32:
			free += "192.168.10.32|予約|||更新用\n"
		default:
			free += fmt.Sprintf("192.168.10.%d||||\n", i)
		}
	}
	r := importPages(t, leaf{name: "VLAN10", cells: free}, leaf{name: "VLAN20", cells: strings.NewReplacer("192.168.10", "192.168.20", "KARTE-SV1", "CT-01", "L3SW-1", "L3SW-2").Replace(free)})
	if n := len(r.Ledger.Hosts); n != 6 {
		t.Errorf("%d hosts: %+v", n, r.Ledger.Hosts[:min(n, 8)])
	}
	if h := host(t, r, "KARTE-SV1"); formatRanges(h.Addrs) != "192.168.10.20" || len(h.MACs) != 1 {
		t.Errorf("%+v", h)
	}
	c := codes(r)
	if c["addresses_free"] != 2 || c["missing_name"] != 2 || c["duplicate_name"]+c["two_owners"] != 0 {
		t.Errorf("%v", c)
	}
	if s := slipAt(t, r, "addresses_free", "VLAN10!A5"); s.Args["count"] != "251" {
		t.Errorf("%+v", s)
	}
}

// The address in four cells, one octet each, under one merged header.
func TestAddressInFourCells(t *testing.T) {
	r := importPages(t, leaf{name: "機器台帳", merges: []string{"C1:F1"}, cells: `
No|機器名|IPアドレス||||MACアドレス|設置場所
1|PC-1|192|168|1|10|00-1A-2B-3C-4D-5E|受付
2|PC-2|192|168|1|300|00-1A-2B-3C-4D-5F|医事課
3|PC-3|192|168|001|012||検査室
4|PC-4|192|168|||00-1A-2B-3C-4D-61|検査室
5|PC-5|||||00-1A-2B-3C-4D-62|DHCP`})
	if h := host(t, r, "PC-1"); formatRanges(h.Addrs) != "192.168.1.10" || len(h.Extra) > 1 {
		t.Errorf("%+v", h)
	}
	if h := host(t, r, "PC-3"); formatRanges(h.Addrs) != "192.168.1.12" {
		t.Errorf("%+v", h)
	}
	if s := slipAt(t, r, "invalid_ip", "機器台帳!C3"); s.Args["text"] != "192.168.1.300" {
		t.Errorf("%+v", s)
	}
	slipAt(t, r, "invalid_ip", "機器台帳!C5")
	if c := codes(r); c["invalid_ip"] != 2 || len(r.Ledger.Hosts) != 5 {
		t.Errorf("%v %+v", c, r.Ledger.Hosts)
	}
}

// MAC addresses as switches, labels and people write them.
func TestMACsWithoutSeparators(t *testing.T) {
	r := importPages(t, leaf{name: "端末一覧", cells: `
端末名|MAC|IP
A|001A2B3C4D5E|10.0.0.1
B|００１ａ２ｂ３ｃ４ｄ５ｆ|10.0.0.2
C|001a.2b3c.4d60|10.0.0.3
D|00 1A 2B 3C 4D 61|10.0.0.4
E|00:1a:2b:3c:4d:62 / 001A2B3C4D63|10.0.0.5
F|001A2B3C4D6|10.0.0.6
G|O01A2B3C4D64|10.0.0.7`})
	for name, n := range map[string]int{"A": 1, "B": 1, "C": 1, "D": 1, "E": 2, "F": 0, "G": 0} {
		if h := host(t, r, name); len(h.MACs) != n {
			t.Errorf("%s: %v", name, h.MACs)
		}
	}
	slipAt(t, r, "invalid_mac", "端末一覧!B7")
	slipAt(t, r, "invalid_mac", "端末一覧!B8")
	if c := codes(r); c["invalid_mac"] != 2 || len(r.Slips) != 2 {
		t.Errorf("%v", c)
	}
}

// Departments as rows between the machines, merged over the table.
func TestSectionRowsAreDepartments(t *testing.T) {
	r := importPages(t, leaf{name: "機器一覧", merges: []string{"A2:D2", "A5:D5", "A7:D7"}, cells: `
機器名|IPアドレス|OS|備考
■ 医事課
PC-1|192.168.1.10|Windows 11|
PC-2|192.168.1.11|Windows 11|
【放射線科】
CT-1|192.168.2.10||
合計 3 台
`})
	if len(r.Ledger.Hosts) != 3 {
		t.Fatalf("%+v", r.Ledger.Hosts)
	}
	for name, dept := range map[string]string{"PC-1": "医事課", "PC-2": "医事課", "CT-1": "放射線科"} {
		if h := host(t, r, name); h.Department != dept {
			t.Errorf("%s belongs to %q, want %q", name, h.Department, dept)
		}
	}
	s := slipAt(t, r, "section_read", "機器一覧!2:2")
	if s.Args["text"] != "医事課" || codes(r)["section_read"] != 2 {
		t.Errorf("%+v %v", s, codes(r))
	}
}

// A name merged over a few columns is a name, even if the machine has nothing else.
func TestMergedNameIsNoHeading(t *testing.T) {
	r := importPages(t, leaf{name: "機器一覧", merges: []string{"A1:C1", "A2:C2", "A3:C3"}, cells: `
機器名|||IPアドレス|OS|場所|備考
PC-1|||192.168.1.10|||
医事課の古いPC||||||`})
	if len(r.Ledger.Hosts) != 2 || codes(r)["section_read"]+codes(r)["row_without_name"] != 0 {
		t.Errorf("%+v %v", r.Ledger.Hosts, codes(r))
	}
	slipAt(t, r, "missing_address", "機器一覧!D3")
}

// Two tables side by side: nothing of the right one may vanish in silence.
func TestTwoTablesSideBySide(t *testing.T) {
	r := importPages(t, leaf{name: "1F・2F", cells: `
1階||||2階||
機器名|IPアドレス|備考||機器名|IPアドレス|備考
PC-1|192.168.1.10|受付||PC-21|192.168.2.10|
PC-2|192.168.1.11|||PC-22|192.168.2.300|病棟
|||| PC-23|192.168.2.12|`})
	if len(r.Ledger.Hosts) != 5 {
		t.Fatalf("%d hosts: %+v", len(r.Ledger.Hosts), r.Ledger.Hosts)
	}
	for name, ip := range map[string]string{"PC-1": "192.168.1.10", "PC-21": "192.168.2.10", "PC-23": "192.168.2.12"} {
		if h := host(t, r, name); formatRanges(h.Addrs) != ip || len(h.Extra) != 0 {
			t.Errorf("%s: %+v", name, h)
		}
	}
	slipAt(t, r, "invalid_ip", "1F・2F!F4")
	r2 := importPages(t, leaf{name: "機器", cells: "機器名|IPアドレス||機器名|IPアドレス\nPC-1|||PC-21|192.168.2.300"})
	slipAt(t, r2, "missing_address", "機器!B2") // what is wrong in the right table says nothing of the left one
	if c := codes(r2); c["missing_address"] != 1 {
		t.Errorf("%v", c)
	}
	if h := host(t, r, "PC-1"); h.Note != "受付" {
		t.Errorf("%+v", h)
	}
}

// Dates as people type them into cells that are text.
func TestDatesAsText(t *testing.T) {
	r := importPages(t, leaf{name: "機器台帳", cells: `
機器名|IP|導入日|保守期限
A|10.0.0.1|2020年4月1日|R9.3.31
B|10.0.0.2|H30/10/1|令和9年3月末
C|10.0.0.3|２０２１．４．１|2027-03
D|10.0.0.4|2021年度|未定
E|10.0.0.5|昨年|自動更新
F|10.0.0.6|20210401|2027/3/31まで`})
	for name, want := range map[string][2]string{"A": {"2020-04-01", "2027-03-31"}, "B": {"2018-10-01", ""}, "C": {"2021-04-01", "2027-03"}, "F": {"2021-04-01", ""}} {
		h := host(t, r, name)
		if h.Installed != want[0] || want[1] != "" && h.MaintainEnd != want[1] {
			t.Errorf("%s: %q %q, want %q", name, h.Installed, h.MaintainEnd, want)
		}
	}
	slipAt(t, r, "date_unreadable", "機器台帳!C6")
	if c := codes(r); c["date_unreadable"] != 1 {
		t.Errorf("%v", c)
	}
}

// Machines without names from a sheet without names stay machines, also where the export has names beside them.
func TestManyNamelessMachinesSurviveExport(t *testing.T) {
	nameless := "IPアドレス|設置場所\n"
	for i := range 12 {
		nameless += fmt.Sprintf("10.0.1.%d|\n", i+1)
	}
	r := importPages(t, leaf{name: "機器一覧", cells: "機器名|IPアドレス\nPC-1|10.0.0.1"}, leaf{name: "その他の機器", cells: nameless})
	if len(r.Ledger.Hosts) != 13 || codes(r)["addresses_free"] != 0 {
		t.Errorf("%d hosts, %v", len(r.Ledger.Hosts), codes(r))
	}
}
