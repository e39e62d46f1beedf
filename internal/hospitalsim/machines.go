package hospitalsim

import (
	"fmt"

	"github.com/mimawari/mimawari/internal/model"
)

// modality is what an imaging machine says of itself in DICOM.
type modality struct {
	ae, uid, name string // title, implementation class UID and version name
	sop           string // what it stores
	width, height int    // of a picture of two bytes a point
	pictures      int    // of one examination
}

// modalities by machine. UIDs begin with the makers' registered roots and go on as no product of theirs does.
var modalities = map[string]modality{
	"CT01":  {"CT_ROOM1", "1.3.12.2.1107.5.1.99", "SIM_CT_1", sopCT, 256, 256, 3},
	"MR01":  {"MR_ROOM1", "1.2.840.113619.6.999", "SIM_MR_1", sopMR, 192, 192, 4},
	"CR01":  {"CR_01", "1.2.392.200036.9125.9999", "SIM_CR_1", sopCR, 400, 320, 1},
	"CR02":  {"CR_02", "1.2.392.200036.9125.9999", "SIM_CR_1", sopCR, 400, 320, 1},
	"US01":  {"US_01", "1.2.392.200036.9116.9.99", "SIM_US_1", sopUS, 320, 200, 1},
	"US02":  {"US_02", "1.2.392.200036.9116.9.99", "SIM_US_1", sopUS, 320, 200, 1},
	"ES01":  {"ES_01", "1.2.392.200036.9133.9.99", "SIM_ES_1", sopSC, 320, 240, 1},
	"XA-XP": {"XA_01", "1.3.46.670589.99.9", "SIM_XA_1", sopXA, 256, 256, 1},
}

func (t *town) imaging() {
	put := func(name string, host int, oui uint32, os stack, maker, kind, system string) {
		t.put(name, t.medical, host, oui, os, model.ClassModality, row{
			kind: kind, maker: maker, os: system, place: "2F 放射線科", department: "放射線科",
			system: "PACS", purpose: "撮影", owner: "放射線科", vendor: "あおば画像システムズ",
		})
	}
	put("CT01", 0x15, ouiSiemens, windows, "シーメンス", "CT", "Windows 10 IoT")
	put("MR01", 0x16, ouiGE, linux, "GE", "MRI", "Linux")
	put("CR01", 0x17, ouiDell, windows, "富士フイルム", "CR", "Windows 10 IoT")
	put("CR02", 0x18, ouiDell, windows, "富士フイルム", "CR", "Windows 10 IoT")
	put("US01", 0x19, ouiPanasonic, windows, "キヤノン", "超音波", "Windows 7")
	put("US02", 0x1a, ouiPanasonic, windows, "キヤノン", "超音波", "Windows 7")
	put("ES01", 0x1b, ouiHP, windows, "日立", "内視鏡", "Windows 10")
	put("XA-XP", 0x1c, ouiHP, windowsXP, "フィリップス", "血管撮影", "Windows XP Embedded")
}

func (t *town) devices() {
	for n := range 16 {
		net, host, place := t.core, 40<<8|(11+n), wards[n%len(wards)].place
		if n >= 12 {
			net, place = t.office, "3F 総務課"
		}
		maker, oui := "富士フイルムBI", uint32(ouiFujifilm)
		if n%2 == 1 {
			maker, oui = "リコー", ouiRicoh
		}
		t.put(fmt.Sprintf("PRN%02d", n+1), net, host, oui, embedded, model.ClassPrinter,
			row{kind: "複合機", maker: maker, model: printerModel(n), place: place, department: "総務課", purpose: "印刷", owner: "総務課", vendor: "やまと事務機"})
	}
	for n := range 22 {
		t.put(fmt.Sprintf("TEL%02d", n+1), t.facility, 1<<8|(11+n), ouiYealink, linux, model.ClassIPPhone,
			row{kind: "IP電話", maker: "Yealink", model: "T33G", place: wards[n%len(wards)].place, department: "総務課", purpose: "内線", owner: "総務課", vendor: "さくら通信"})
	}
	t.put("PBX01", t.facility, 10, ouiDell, linux, model.ClassServer, row{
		kind: "サーバ", maker: "Dell", os: "Linux", place: "B1F サーバ室", department: "総務課",
		purpose: "IP電話交換機", owner: "総務課", vendor: "さくら通信",
	})
	for n := range 10 {
		t.put(fmt.Sprintf("CAM%02d", n+1), t.facility, 2<<8|(11+n), ouiAxis, linux, model.ClassCamera,
			row{kind: "監視カメラ", maker: "Axis", model: "M3065-V", place: []string{"正面玄関", "夜間入口", "駐車場", "薬剤科前", "屋上"}[n%5], department: "総務課", purpose: "防犯", owner: "総務課", vendor: "さくら通信"})
	}
	t.put("NVR01", t.facility, 2<<8|10, ouiHP, windows, model.ClassServer, row{
		kind: "サーバ", maker: "HP", os: "Windows 10", place: "1F 防災センター", department: "総務課",
		purpose: "録画装置", owner: "総務課", vendor: "さくら通信",
	})
}

func printerModel(n int) string {
	if n%2 == 1 {
		return "IM C3000"
	}
	return "Apeos C3070"
}

func (t *town) equipment() {
	add := func(name string, n *subnet, host int, oui uint32, os stack, class model.Class, kind, maker, mdl, place string) *machine {
		return t.put(name, n, host, oui, os, class, row{kind: kind, maker: maker, model: mdl, place: place, department: "情報管理室", purpose: kind, owner: "情報管理室", vendor: "さくら通信"})
	}
	add("FW01", t.manage, 1, ouiFortinet, linux, model.ClassFirewall, "ファイアウォール", "Fortinet", "FortiGate 100F", "B1F サーバ室").mac = firewallMAC
	for n := range 2 {
		m := add(fmt.Sprintf("CORE-SW%d", n+1), t.core, 2+n, ouiCisco, network, model.ClassSwitch, "L3スイッチ", "Cisco", "C9300-24T", "B1F サーバ室")
		m.row.note = "VRRPでゲートウェイを二重化"
	}
	for n := range 9 {
		add(fmt.Sprintf("SW%02d", n+1), t.manage, 11+n, ouiAllied, network, model.ClassSwitch, "フロアスイッチ", "アライドテレシス", "x230-28GT", wards[n%len(wards)].place)
	}
	for n := range 8 {
		add(fmt.Sprintf("AP%02d", n+1), t.manage, 31+n, ouiAruba, linux, model.ClassAP, "無線アクセスポイント", "Aruba", "AP-505", wards[n].place)
	}
	for n := range 2 {
		add(fmt.Sprintf("UPS%d", n+1), t.manage, 51+n, ouiAPC, embedded, model.ClassUPS, "UPS", "APC", "SMT1500RMJ2U", "B1F サーバ室")
	}
	t.put("HOSYU-RT", t.vendor, 10, ouiYamaha, network, model.ClassRouter, row{
		kind: "ルータ", maker: "ヤマハ", model: "RTX830", place: "B1F サーバ室", department: "情報管理室",
		purpose: "業者の遠隔保守", owner: "情報管理室", vendor: "あおば画像システムズ",
	})
	t.put("HOSYU-PC", t.vendor, 20, ouiDell, windows, model.ClassPC, row{
		kind: "保守用PC", maker: "Dell", os: "Windows 10", place: "B1F サーバ室", department: "情報管理室",
		purpose: "業者の保守作業", owner: "情報管理室", vendor: "あおば画像システムズ",
	})
}
