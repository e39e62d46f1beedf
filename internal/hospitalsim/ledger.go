package hospitalsim

import (
	"fmt"
	"os"
	"strings"

	"github.com/xuri/excelize/v2"
)

// The sheets, as the general affairs section calls them.
const (
	sheetHosts    = "機器一覧"
	sheetNetworks = "ネットワーク"
	sheetLines    = "回線"
	sheetVendors  = "業者"
)

// sheet is a table before it becomes a part of the workbook.
type sheet struct {
	name, title string
	header      []string
	rows        [][]string
	merged      [][2]string // corners of cells that are one
}

// writeLedger writes the workbook as hospitals keep it: title and remarks above the table, merged cells, full-width
// digits, and the slips of several years (slips.go).
func writeLedger(name string, t *town) (err error) {
	f := excelize.NewFile()
	defer f.Close()
	for i, s := range []*sheet{hostSheet(t), networkSheet(t), lineSheet(t), vendorSheet()} {
		if i == 0 {
			err = f.SetSheetName("Sheet1", s.name)
		} else {
			_, err = f.NewSheet(s.name)
		}
		if err == nil {
			err = s.fill(f)
		}
		if err != nil {
			return fmt.Errorf("write ledger %s: %w", name, err)
		}
	}
	b, err := f.WriteToBuffer()
	if err == nil {
		err = os.WriteFile(name, b.Bytes(), 0o600)
	}
	if err != nil {
		return fmt.Errorf("write ledger %s: %w", name, err)
	}
	return nil
}

// titleRow and the rows between it and the header hold no data.
const (
	titleRow    = 1
	remarkRow   = 2
	tableHeader = 4
)

func (s *sheet) fill(f *excelize.File) error {
	last, err := excelize.ColumnNumberToName(len(s.header))
	if err != nil {
		return err
	}
	set := func(col, row int, v string) {
		if err == nil {
			var at string
			if at, err = excelize.CoordinatesToCellName(col+1, row); err == nil {
				err = f.SetCellStr(s.name, at, v)
			}
		}
	}
	set(0, titleRow, s.title)
	set(0, remarkRow, "作成：情報管理室　最終更新：令和8年4月　※変更があったら必ず記入のこと")
	for c, h := range s.header {
		set(c, tableHeader, h)
	}
	for r, row := range s.rows {
		for c, v := range row {
			if v != "" {
				set(c, tableHeader+1+r, v)
			}
		}
	}
	if err == nil {
		err = f.MergeCell(s.name, "A1", last+"1")
	}
	for _, m := range s.merged {
		if err == nil {
			err = f.MergeCell(s.name, m[0], m[1])
		}
	}
	return err
}

// wide writes digits in full width, as some people's input method does.
func wide(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r - '0' + '０'
		}
		return r
	}, s)
}

var hostHeader = []string{"No.", "資産番号", "機器名", "区分", "IPアドレス", "MACアドレス", "設置場所", "部署", "システム", "用途", "管理者", "業者", "メーカー", "型番", "OS", "備考", "状態"}

// Columns of hostHeader that slips change.
const (
	colAsset = 1
	colName  = 2
	colIP    = 4
	colMAC   = 5
	colPlace = 6
	colOwner = 10
)

func hostSheet(t *town) *sheet {
	s := &sheet{name: sheetHosts, title: "みなと記念病院　情報機器一覧表", header: hostHeader}
	for _, m := range t.machines {
		if m.row.kind == "" {
			continue
		}
		n := len(s.rows) + 1
		ip := m.ip.String()
		if m.dynamic {
			ip = "DHCP"
		}
		r := m.row
		s.rows = append(s.rows, []string{fmt.Sprint(n), fmt.Sprintf("J-%04d", n), m.name, r.kind, ip, macAsWritten(m, n), r.place, r.department, r.system, r.purpose, r.owner, r.vendor, r.maker, r.model, r.os, r.note, "稼働"})
	}
	s.rows = append(s.rows, []string{"", "", "来客用スマートフォン等", "スマートフォン", "192.168.50.20～192.168.50.200", "", "院内各所", "総務課", "", "来客Wi-Fi", "総務課"})
	slip(s)
	s.mergePlaces()
	return s
}

// macAsWritten: three hands, three habits.
func macAsWritten(m *machine, n int) string {
	mac := m.mac.String()
	switch n % 3 {
	case 0:
		return strings.ToUpper(strings.ReplaceAll(mac, ":", "-"))
	case 1:
		return mac
	}
	return strings.ReplaceAll(mac, ":", "-")
}

// mergePlaces makes one cell of equal places below each other, in blocks of at most six rows.
func (s *sheet) mergePlaces() {
	for i := 0; i < len(s.rows); {
		j := i + 1
		for j < len(s.rows) && j-i < 6 && s.rows[j][colPlace] == s.rows[i][colPlace] {
			s.rows[j][colPlace] = ""
			j++
		}
		if j-i > 1 {
			s.merged = append(s.merged, [2]string{fmt.Sprintf("G%d", tableHeader+1+i), fmt.Sprintf("G%d", tableHeader+j)})
		}
		i = j
	}
}

func networkSheet(t *town) *sheet {
	s := &sheet{name: sheetNetworks, title: "院内ネットワーク一覧", header: []string{"ネットワーク名", "ゾーン", "ネットワークアドレス", "VLAN", "ゲートウェイ", "DHCP"}}
	for i, n := range t.nets {
		dhcp := "×"
		if n.dynamic {
			dhcp = "○"
		}
		vlan := fmt.Sprint(n.vlan)
		if i%2 == 1 {
			vlan = wide(vlan)
		}
		s.rows = append(s.rows, []string{n.name, n.zone, n.prefix.String(), vlan, n.gateway.String(), dhcp})
	}
	return s
}

func lineSheet(t *town) *sheet {
	fw, rt := t.of("FW01"), t.of("HOSYU-RT")
	return &sheet{
		name: sheetLines, title: "外部接続回線一覧", header: []string{"回線名", "回線種別", "用途", "管理者", "業者", "通信事業者", "責任分界点", "接続機器", "ルータIP", "ルータMAC", "接続先アドレス", "遠隔ツール"},
		rows: [][]string{
			{"インターネット回線", "光", "インターネット・メール", "情報管理室", "さくら通信", "ひかり電信", "ONUのLAN口", "FW01", fw.ip.String(), fw.mac.String(), "", ""},
			{"PACS保守回線", "保守回線", "画像システムの遠隔保守", "放射線科", "あおば画像システムズ", "ひかり電信", "ルータのWAN口", "HOSYU-RT", wide(rt.ip.String()), rt.mac.String(), maintenancePeer, "IPsec"},
		},
	}
}

func vendorSheet() *sheet {
	return &sheet{
		name: sheetVendors, title: "保守業者一覧", header: []string{"業者名", "担当者", "電話番号", "メールアドレス", "備考"},
		rows: [][]string{
			{"みどり医療情報株式会社", "サポート窓口", "０３－０００１－０００１", "support@midori.example", "電子カルテ"},
			{"あおば画像システムズ", "保守受付", "03-0001-0002", "hosyu@aoba.example", "PACS・モダリティ"},
			{"さくら通信", "保守受付", "03-0001-0003", "desk@sakura.example", "電話・ネットワーク"},
			{"やまと事務機", "コールセンター", "03-0001-0004", "call@yamato.example", "複合機"},
		},
	}
}
