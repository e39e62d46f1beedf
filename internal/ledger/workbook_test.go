package ledger

import (
	"bytes"
	"context"
	"net/netip"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/mimawari/mimawari/internal/model"
)

// page is one sheet of a workbook as a hospital might have made it.
type page struct {
	name   string
	cells  map[string]any
	rows   [][]any
	merged []string
	hidden bool
}

func workbookOf(t testing.TB, pages ...page) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range pages {
		_, err := f.NewSheet(p.name)
		must(err)
		for i, r := range p.rows {
			must(f.SetSheetRow(p.name, "A"+itoa(i+1), &r))
		}
		for at, v := range p.cells {
			if s, ok := v.(string); ok && strings.HasPrefix(s, "=") {
				must(f.SetCellFormula(p.name, at, s[1:]))
				continue
			}
			must(f.SetCellValue(p.name, at, v))
		}
		for _, m := range p.merged {
			from, to, _ := strings.Cut(m, ":")
			must(f.MergeCell(p.name, from, to))
		}
		if p.hidden {
			must(f.SetSheetVisible(p.name, false))
		}
	}
	must(f.DeleteSheet("Sheet1"))
	var b bytes.Buffer
	must(f.Write(&b))
	return b.Bytes()
}

func itoa(n int) string { s, _ := excelize.CoordinatesToCellName(1, n); return s[1:] }

func importBytes(t *testing.T, name string, b []byte, o Options) *Report {
	t.Helper()
	if o.Now.IsZero() {
		o.Now = testNow
	}
	r, err := ImportData(context.Background(), name, b, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// slipAt finds the slip of a code at a place such as "端末!C5".
func slipAt(t *testing.T, r *Report, code, where string) model.Slip {
	t.Helper()
	for _, s := range r.Slips {
		if s.Code == code && len(s.Places) > 0 && Where(s.Places[0]) == where {
			return s
		}
	}
	t.Errorf("no slip %s at %s among %+v", code, where, r.Slips)
	return model.Slip{}
}

// A ledger as the accounts office keeps it: title, merged two-row header, one machine over two rows, full-width digits,
// remarks in cells, a footer.
func TestMessyHospitalWorkbook(t *testing.T) {
	b := workbookOf(t,
		page{name: "表紙", rows: [][]any{{"〇〇病院 情報機器台帳"}}},
		page{name: "2F病棟", merged: []string{"A1:I1", "A4:A5", "B4:B5", "C4:E4", "F4:F5", "G4:G5", "H4:H5", "B6:B7", "A6:A7", "F6:F8"}, rows: [][]any{
			{"情報機器管理台帳（令和6年度）"},
			{"作成：情報システム係", nil, nil, nil, nil, nil, nil, "2024/4/1"},
			{},
			{"No.", "端末\n名称", "ネットワーク", nil, nil, "設置場所", "導入\n年月日", "備　考"},
			{nil, nil, "ＩＰアドレス", "ＭＡＣアドレス", "セグメント"},
			{1, "ＷＡＲＤ２－ＰＣ０１", "１９２．１６８．２．１１", "００－１Ａ－２Ｂ－３Ｃ－４Ｄ－０１（有線）", "基幹", "２Ｆナースステーション", "Ｒ４．４．１", "電子カルテ端末"},
			{nil, nil, "192.168.2.12(無線)", "001A.2B3C.4D02", "基幹"},
			{2, "WARD2-PC02", "DHCP", nil, "情報", nil, "平成30年10月", ""},
			{3, "WARD2-PC03", "192.168.2.13\n192.168.2.14 / 192.168.2.15", "00:1a:2b:3c:4d:0O", "情報", "2F 処置室", 43922, "撤去済み"},
			{4, "WARD2-PRN", "192.168.2.100～110", "00-1A-2B-3C-4D-09", "基幹", "2F 廊下", "いつだったか", nil},
			{nil, "合計", nil, nil, nil, nil, nil, "4台"},
		}},
	)
	r := importBytes(t, "台帳.xlsx", b, Options{})
	if len(r.Ledger.Hosts) != 4 {
		t.Fatalf("%d hosts: %+v\n%+v", len(r.Ledger.Hosts), r.Ledger.Hosts, r.Sheets)
	}
	if s := r.Sheets[0]; s.Used || s.Reason != "by_name" {
		t.Errorf("cover sheet: %+v", s)
	}
	if s := r.Sheets[1]; s.Kind != KindHosts || s.HeaderRow != 5 {
		t.Errorf("host sheet: %+v", s)
	}
	h := host(t, r, "ＷＡＲＤ２－ＰＣ０１")
	if got := formatRanges(h.Addrs); got != "192.168.2.11, 192.168.2.12" {
		t.Errorf("two rows of one machine: %s", got)
	}
	if got := formatMACs(h.MACs); got != "00:1A:2B:3C:4D:01, 00:1A:2B:3C:4D:02" {
		t.Errorf("MACs: %s", got)
	}
	if h.Installed != "2022-04-01" || h.Location != "２Ｆナースステーション" || h.Zone != "基幹" || h.Key != "ward2-pc01" {
		t.Errorf("%+v", h)
	}
	h = host(t, r, "WARD2-PC02")
	if !h.DHCP || len(h.Addrs) != 0 || h.Installed != "2018-10" || h.Location != "２Ｆナースステーション" {
		t.Errorf("%+v", h)
	}
	h = host(t, r, "WARD2-PC03")
	if got := formatRanges(h.Addrs); got != "192.168.2.13, 192.168.2.14, 192.168.2.15" || h.Installed != "2020-04-01" || !h.Retired {
		t.Errorf("%s %+v", got, h)
	}
	h = host(t, r, "WARD2-PRN")
	if got := formatRanges(h.Addrs); got != "192.168.2.100-192.168.2.110" {
		t.Errorf("range: %s", got)
	}
	slipAt(t, r, "invalid_mac", "2F病棟!D9")
	slipAt(t, r, "retired_with_address", "2F病棟!C9")
	slipAt(t, r, "date_unreadable", "2F病棟!G10")
	slipAt(t, r, "row_without_name", "2F病棟!11:11")
}

func TestSheetsOfAllKinds(t *testing.T) {
	b := workbookOf(t,
		page{name: "サーバ", rows: [][]any{{"機器名", "IP", "保守業者", "ネットワーク区分"}, {"SV1", "10.0.0.5", "あおぞらシステム", "基幹系"}, {"SV2", "10.9.0.5", "知らない会社", "基幹"}}},
		page{name: "ネットワーク一覧", rows: [][]any{{"セグメント名", "ネットワークアドレス", "サブネットマスク", "VLAN ID", "デフォルトGW", "DHCPの有無", "ゾーン"}, {"基幹", "10.0.0.0", "255.255.255.0", "VLAN10", "10.0.0.254", "無", "基幹系"}, {"情報", "10.0.1.0/24", nil, 20, "10.0.2.254", "有", "情報系"}, {"重なり", "10.0.0.128/25", nil, 30}}},
		page{name: "ゾーン", rows: [][]any{{"ゾーン名", "用途"}, {"基幹系", "カルテ"}, {"情報系", "メール"}}},
		page{name: "外部接続回線", rows: [][]any{{"回線名称", "回線種別", "キャリア", "ルータIPアドレス", "接続先IP", "責任分界点", "リモートツール"}, {"事務", "フレッツ光", "〇〇", "10.0.0.254", "", "", ""}, {"CT保守", "リモート保守(LTE)", "△△", "10.0.0.253", "203.0.113.5、198.51.100.0/24", "ルータまで", "TeamViewer、AnyDesk"}}},
		page{name: "保守業者", rows: [][]any{{"会社名", "担当者", "電話番号", "メールアドレス"}, {"あおぞらシステム", "山田", "03-0000-0000", "a@example.jp"}}},
		page{name: "契約", rows: [][]any{{"契約名", "業者", "対象システム", "開始日", "契約期間"}, {"カルテ保守", "あおぞらシステム", "電子カルテ", "R5.4.1", "令和5年4月1日～令和10年3月31日"}}},
		page{name: "連絡網", rows: [][]any{{"氏名", "所属", "役割", "内線"}, {"鈴木", "総務課", "責任者", 101}}},
		page{name: "部署", rows: [][]any{{"部署名", "拠点"}, {"総務課", "本館"}}},
		page{name: "拠点", rows: [][]any{{"拠点名", "住所"}, {"本館", "東京都"}}},
		page{name: "システム", rows: [][]any{{"システム名", "用途", "重要度"}, {"電子カルテ", "診療", "高"}}},
		page{name: "献立", rows: [][]any{{"月曜", "火曜"}, {"カレー", "うどん"}}},
		page{name: "候補", rows: [][]any{{"機器名"}, {"x"}}, hidden: true},
	)
	r := importBytes(t, "全部.xlsx", b, Options{})
	want := map[string]Kind{"サーバ": KindHosts, "ネットワーク一覧": KindNetworks, "ゾーン": KindZones, "外部接続回線": KindLines, "保守業者": KindVendors, "契約": KindContracts, "連絡網": KindPeople, "部署": KindDepartments, "拠点": KindSites, "システム": KindSystems}
	for _, s := range r.Sheets {
		if s.Used != (want[s.Name] != "") || s.Kind != want[s.Name] {
			t.Errorf("%s: used %v as %s, reason %q", s.Name, s.Used, s.Kind, s.Reason)
		}
	}
	l := r.Ledger
	if h := host(t, r, "SV1"); h.Class != model.ClassServer || h.Kind != "サーバ" {
		t.Errorf("class from the sheet's name: %+v", h)
	}
	if n := l.Networks[0]; n.Prefix != netip.MustParsePrefix("10.0.0.0/24") || n.VLAN != 10 || n.DHCP {
		t.Errorf("%+v", n)
	}
	if n := l.Networks[1]; !n.DHCP || n.VLAN != 20 {
		t.Errorf("%+v", n)
	}
	if x := l.Lines[1]; x.Kind != model.LineMaintenance || len(x.Peers) != 2 || x.Peers[0].String() != "203.0.113.5/32" || len(x.Tools) != 2 || x.Gateways[0].String() != "10.0.0.253" {
		t.Errorf("%+v", x)
	}
	if x := l.Lines[0]; x.Kind != model.LineInternet {
		t.Errorf("%+v", x)
	}
	if c := l.Contracts[0]; c.Start != "2023-04-01" || c.End != "2028-03-31" {
		t.Errorf("%+v", c)
	}
	slipAt(t, r, "gateway_outside", "ネットワーク一覧!E3")
	slipAt(t, r, "network_overlap", "ネットワーク一覧!B2")
	slipAt(t, r, "ip_outside_network", "サーバ!B3")
	slipAt(t, r, "unknown_vendor", "サーバ!C3")
	x := NewIndex(l)
	if n := x.NetworkOf(netip.MustParseAddr("10.0.0.200")); n == nil || n.Name != "重なり" {
		t.Errorf("narrowest network: %+v", n)
	}
}

func TestFormulasAndErrors(t *testing.T) {
	b := workbookOf(t, page{
		name: "機器", rows: [][]any{{"機器名", "IPアドレス", "備考"}, {"A", nil, "x"}, {"B", "#REF!", ""}},
		cells: map[string]any{"B2": `="10.0.0."&ROW()`},
	})
	r := importBytes(t, "f.xlsx", b, Options{})
	slipAt(t, r, "formula_empty", "機器!B2")
	slipAt(t, r, "formula_error", "機器!B3")
	if n := codes(r)["missing_address"]; n != 0 {
		t.Errorf("said twice: %+v", r.Slips)
	}
}

func TestCorrectionsAreRemembered(t *testing.T) {
	csv := []byte("名,番号札,誰\nPC1,10.0.0.1,山田\nPC2,10.0.0.2,佐藤\n")
	if _, err := ImportData(context.Background(), "x.csv", csv, Options{Now: testNow}); err == nil {
		t.Fatal("a table without known headers was read")
	}
	var m Mapping
	for _, c := range []string{"名=機器名", "番号札=ip", "誰=owner"} {
		if err := m.LearnColumn(c); err != nil {
			t.Fatal(err)
		}
	}
	r := importBytes(t, "x.csv", csv, Options{Mapping: m})
	if h := host(t, r, "PC1"); h.Owner != "山田" || formatRanges(h.Addrs) != "10.0.0.1" {
		t.Errorf("%+v", h)
	}
	if err := m.LearnColumn("誰=かれ"); err == nil {
		t.Error("unknown field taken")
	}
	if r.Mapping.Columns["番号札"] != "ip" {
		t.Errorf("%+v", r.Mapping)
	}
}
