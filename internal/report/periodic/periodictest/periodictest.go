// Package periodictest makes up the history of an institution for the tests of the reports: a busy month, a quiet week, a
// time in which nobody looked, hostile names. It has no part in the product.
package periodictest

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/report/periodic"
)

// Tokyo has no summer time, so tests need no zone files.
var Tokyo = time.FixedZone("JST", 9*60*60)

// Now is when the reports are made: a Tuesday after the month that they are about.
var Now = time.Date(2026, 12, 1, 7, 30, 0, 0, Tokyo)

// Month is the month that they are about.
var Month = periodic.Of(periodic.Monthly, time.Date(2026, 11, 1, 0, 0, 0, 0, Tokyo))

// at is a time of November 2026.
func at(day, hour int) time.Time { return time.Date(2026, 11, day, hour, 0, 0, 0, Tokyo) }

// Busy is a month with as many hosts and findings, and all that a report tells of.
func Busy(l locale.Lang, hosts, findings int) periodic.Input {
	in := periodic.Input{
		Period: Month, Now: Now, Lang: l, Rounds: periodic.NewRounds(Tokyo), Earlier: periodic.NewRounds(Tokyo), Began: at(-20, 9),
		History: model.History{Hosts: machines(hosts), Ledger: Ledger(), Institution: Institution()},
	}
	in.History.Ledgers = []model.LedgerInfo{{Version: 3, Imported: at(5, 10), By: "佐藤", File: "台帳.xlsx", Hosts: 215}, {Version: 2, Imported: at(-10, 10), By: "佐藤", File: "台帳.xlsx", Hosts: 210}}
	in.History.Suppressions = []model.Suppression{
		{ID: "s-1", Rule: "line.remote_control", IP: "10.1.20.0/24", Owner: "鈴木", Reason: "業者の保守", Until: at(40, 17), Made: at(12, 9)},
		{ID: "s-2", Host: "h-printer", Owner: "佐藤", Reason: "夜は電源を切る複合機", Made: at(-30, 9)},
	}
	in.History.Findings, in.History.Steps = troubles(findings)
	for d := -20; d <= 0; d++ {
		in.Earlier.Add(patrol(d, hosts-2))
	}
	for d := 1; d <= 30; d++ {
		if d == 14 || d == 15 || d == 22 { // nobody looked
			continue
		}
		in.Rounds.Add(patrol(d, hosts))
	}
	return in
}

// Week is the same institution in a week of that month.
func Week(l locale.Lang, hosts, findings int) periodic.Input {
	in := Busy(l, hosts, findings)
	in.Period = periodic.Of(periodic.Weekly, at(18, 12))
	in.Rounds, in.Earlier = periodic.NewRounds(Tokyo), periodic.NewRounds(Tokyo)
	for d := 9; d <= 22; d++ {
		if in.Period.Has(at(d, 9)) {
			in.Rounds.Add(patrol(d, hosts))
		} else {
			in.Earlier.Add(patrol(d, hosts))
		}
	}
	return in
}

// Quiet is a week in which nothing happened, but somebody looked every day; one finding waits from before.
func Quiet(l locale.Lang) periodic.Input {
	in := Week(l, 40, 1)
	in.History.Steps[0].At = at(-5, 9)
	in.History.Suppressions = nil
	in.Rounds, in.Earlier = periodic.NewRounds(Tokyo), periodic.NewRounds(Tokyo)
	for d := 9; d <= 22; d++ {
		p := patrol(d, 40)
		p.New, p.Gone, p.Changed, p.Limits = nil, nil, nil, nil
		for i := range p.Sources {
			p.Sources[i].Errors = nil
		}
		if in.Period.Has(p.Started) {
			in.Rounds.Add(p)
		} else {
			in.Earlier.Add(p)
		}
	}
	return in
}

// Blind is a month in which nobody looked, in a place that never said who it is.
func Blind(l locale.Lang) periodic.Input {
	return periodic.Input{Period: Month, Now: Now, Lang: l, Rounds: periodic.NewRounds(Tokyo), Earlier: periodic.NewRounds(Tokyo)}
}

// HandOver is the hand-over sheet of the busy institution.
func HandOver(l locale.Lang) periodic.HandOverInput {
	in := Busy(l, 60, 12)
	in.Period = periodic.Period{}
	return periodic.HandOverInput{Input: in, Places: []periodic.Place{
		{Key: "data", Path: "/var/lib/mimawari"},
		{Key: "database", Path: "/var/lib/mimawari/mimawari.db"},
		{Key: "copies", Path: "/var/lib/mimawari/copies"},
		{Key: "reports", Path: "/var/lib/mimawari/reports"},
	}}
}

// patrol looks at the mirror port on a day; the ninth finds a machine, the tenth misses one, the eleventh sees a change.
func patrol(day, hosts int) model.Patrol {
	p := model.Patrol{
		ID: fmt.Sprint("p-", day), Previous: fmt.Sprint("p-", day-1), Started: at(day, 9), Ended: at(day, 10), First: at(day, 8), Last: at(day, 10), Seen: hosts, Ledger: 3,
		Stats:   model.Stats{Packets: 1_234_567, Bytes: 900 << 20, Flows: 45_678},
		Sources: []model.Source{{Name: "eth1", Kind: "live", Packets: 1_234_000, Last: at(day, 10)}, {Name: "ルーターのDHCP一覧.txt", Kind: "dhcp", Packets: 567, Last: at(day, 9)}},
	}
	switch day {
	case 9:
		p.New = []string{id(1), "h-forgotten"}
	case 10, 18:
		p.Gone = []string{id(2)}
	case 11, 19:
		p.Changed = []string{id(3), id(4)}
	case 20:
		p.New = []string{id(5)}
		p.Sources[1].Errors = []model.Trouble{{Code: "cut", Where: "ルーターのDHCP一覧.txt:12", Text: "the file ends in the middle of a line"}}
		p.Limits = []model.Limit{{Name: "flows", Max: 200_000, Dropped: 1_234}}
	}
	return p
}

func id(i int) string { return fmt.Sprintf("h-%012d", i) }

var classes = []model.Class{model.ClassPC, model.ClassPC, model.ClassPrinter, model.ClassServer, model.ClassModality, model.ClassUnknown}

func machines(n int) (out []model.Host) {
	for i := range n {
		h := model.Host{
			ID: id(i), IPs: []netip.Addr{netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)})}, MACs: []model.MAC{{0, 0x1b, 0x8b, 0, byte(i >> 8), byte(i)}},
			Names: []string{fmt.Sprintf("W%dE-PC%02d", i/12+1, i%12)}, Class: classes[i%len(classes)], Maker: "Example", Model: "M-1", OS: "Windows", Version: "11",
			First: at(-20, 9), Last: at(30, 9),
		}
		if i%9 != 5 {
			h.Ledger = &model.LedgerRef{Key: fmt.Sprint(i), Name: fmt.Sprintf("%d病棟端末%02d", i/12+1, i%12)}
		}
		switch i {
		case 2:
			h.Last = at(9, 9) // the one that is missed
		case 7:
			h.Names = []string{"nurse-station-03-printer-with-a-very-long-name.ward-east.hospital.example.jp"}
			h.Ledger = nil
			h.IPs = append(h.IPs, netip.MustParseAddr("fe80::1ff:fe23:4567:890a"), netip.MustParseAddr("2001:db8::1ff:fe23:4567:890a"))
		}
		out = append(out, h)
	}
	return out
}

// rules are findings that happen, with what their words need.
var rules = []struct {
	rule     string
	severity model.Severity
	params   map[string]string
}{
	{"inventory.unknown_host", model.High, map[string]string{"host": "10.2.99.1 (SIMCom)", "ip": "10.2.99.1", "mac": "30:95:e3:eb:da:7d", "class": "-", "class_key": "class.mobile_router", "maker": "SIMCom", "os": "-", "network": "情報系", "reason": "-", "reason_key": "inventory.reason.undeclared"}},
	{"service.smb1", model.High, map[string]string{"host": "XA-XP (10.3.0.28)", "os": "Windows XP", "peers": "3"}},
	{"service.telnet", model.Medium, map[string]string{"host": "SW05 (10.4.0.15)", "clients": "10.1.20.7", "server": "10.4.0.15"}},
	{"line.remote_control", model.High, map[string]string{"host": "SOM-PC12 (10.2.20.22)", "tool": "TeamViewer", "peers": "router12.teamviewer.com"}},
	{"inventory.duplicate_ip", model.Medium, map[string]string{"ip": "10.4.0.51", "host": "UPS1", "macs": "UPS1 [1c:7d:22:23:07:fc], UPS2 [8c:df:9d:e2:94:60]", "reason": "-"}},
	{"ledger.invalid_ip", model.Low, map[string]string{"host": "SW07", "text": "10.4.0.1777", "name": "SW07", "place": "機器一覧!E203"}},
	{"service.rdp_from_outside", model.Critical, map[string]string{"host": "LIS01 (10.1.0.45)", "peers": "203.0.113.66", "port": "3389", "line": "-"}},
}

// troubles makes findings of different ages: some from before, some that came, some that ended or were accepted.
func troubles(n int) (fs []model.Finding, steps []model.Step) {
	for i := range n {
		r := rules[i%len(rules)]
		f := model.Finding{
			ID: fmt.Sprintf("f-%012d", i), Rule: r.rule, Severity: r.severity, Params: r.params, State: model.Open, Count: uint64(i + 1),
			Assets:   []model.Asset{{Host: id(i), Label: r.params["host"], IP: "10.1.0.1"}},
			Evidence: []model.Evidence{{At: at(3, 9), Source: "台帳.xlsx", Where: "機器一覧!E203", Text: "10.4.0.1777"}},
		}
		begin := at(i%40-19, 9)
		f.First, f.Last = begin, at(30, 9)
		steps = append(steps, model.Step{Finding: f.ID, Event: model.Event{At: begin, To: model.Open}})
		step := func(day int, to model.State, who, reason string) {
			steps = append(steps, model.Step{Finding: f.ID, Event: model.Event{At: at(day, 15), From: f.State, To: to, Who: who, Reason: reason}})
			f.State, f.Owner, f.Reason = to, who, reason
		}
		switch i % 11 {
		case 3:
			step(25, model.Acknowledged, "佐藤", "業者に問い合わせ中")
		case 5:
			step(26, model.Resolved, "", "")
		case 8:
			step(19, model.Accepted, "鈴木", "3月に更新する。それまでは隔離してある")
			f.Until = at(45, 17)
		}
		fs = append(fs, f)
	}
	return fs, steps
}

// Institution is whose reports these are.
func Institution() model.Institution {
	return model.Institution{Name: "医療法人社団 見回会 みまわり病院", Kind: model.Hospital, Beds: 120, Contacts: []model.Contact{
		{Role: "院長", Name: "高橋 髙﨑", Phone: "03-1234-5678 内線 12", Mail: "incho@hospital.example"},
		{Role: "電子カルテの業者", Name: "みどり医療情報株式会社", Phone: "03-0001-0001", Mail: "support@midori.example", Note: "平日9時から17時。夜間は別番号"},
	}}
}

// Ledger is what it declares.
func Ledger() *model.Ledger {
	return &model.Ledger{
		Version: 3, Imported: at(5, 10), By: "佐藤", File: "台帳.xlsx", Hosts: []model.LedgerHost{
			{Key: "a", Name: "CT-1", Department: "放射線科", Vendor: "あおば画像システムズ", OS: "Windows 7", MaintainEnd: "2026-06-30"},
			{Key: "b", Name: "内視鏡PC", Department: "内視鏡室", Vendor: "あおば画像システムズ", MaintainEnd: "2027-03"},
			{Key: "c", Name: "廃棄PC", MaintainEnd: "2020", Retired: true},
			{Key: "d", Name: "受付PC", MaintainEnd: "2031"},
		},
		Sites: []model.Site{{Name: "本館", Address: "東京都千代田区1-1"}}, Departments: []model.Department{{Name: "放射線科"}, {Name: "総務課"}},
		Networks: []model.Network{
			{Name: "基幹系", Prefix: netip.MustParsePrefix("10.1.0.0/16"), VLAN: 10, Zone: "基幹系", Gateway: netip.MustParseAddr("10.1.0.1")},
			{Name: "来客Wi-Fi", Prefix: netip.MustParsePrefix("192.168.50.0/24"), VLAN: 150, Zone: "来客", DHCP: true},
		},
		Systems: []model.System{{Name: "電子カルテ", Purpose: "診療記録", Vendor: "みどり医療情報株式会社", Owner: "医事課", Critical: "最重要"}},
		Vendors: []model.Vendor{{Name: "みどり医療情報株式会社", Contact: "サポート窓口", Phone: "03-0001-0001", Mail: "support@midori.example", Note: "電子カルテ"}},
		Contracts: []model.Contract{
			{Name: "電子カルテ保守", Vendor: "みどり医療情報株式会社", System: "電子カルテ", End: "2027-03-31", Scope: "ソフトウェアと障害対応"},
			{Name: "ウイルス対策", Vendor: "やまと事務機", End: "2026-10"},
			{Name: "複合機", Vendor: "やまと事務機", End: "2030-01-01"},
			{Name: "清掃", End: "自動更新"},
			{Name: "電話"},
		},
		Lines: []model.Line{
			{Name: "インターネット回線", Kind: model.LineInternet, Purpose: "メールとWeb", Vendor: "さくら通信", Carrier: "ひかり電信", Demarcation: "ONUのLAN口", Device: "FW01"},
			{Name: "PACS保守回線", Kind: model.LineMaintenance, Purpose: "遠隔保守", Vendor: "あおば画像システムズ", Carrier: "ひかり電信", Demarcation: "ルーターのWAN口", Device: "HOSYU-RT"},
		},
		People: []model.Person{{Name: "佐藤 花子", Department: "総務課", Role: "医療情報システム担当", Phone: "内線 345", Mail: "sato@hospital.example"}},
	}
}

// Hostile replaces names by what an attacker, or a bad day, could put there.
func Hostile(in periodic.Input) periodic.Input {
	texts := []string{
		"=cmd|' /C calc'!A0", "<script>alert(1)</script>", "\u202Egnp.exe", "👨‍👩‍👧‍👦 PC", "עברית العربية", "q\u0308\u0301\u0302", "a\x00b\x07c\x1b[31m", string(make([]byte, 64)),
		"長" + fmt.Sprintf("%0400d", 1), "@SUM(1)", "\tTAB\r\nCRLF", "\U00020BB7野家", "']]></svg>{{.}}",
	}
	for i := range in.History.Hosts {
		h := &in.History.Hosts[i]
		h.Names, h.Maker, h.Ledger = []string{texts[i%len(texts)]}, texts[(i+3)%len(texts)], nil
	}
	for i := range in.History.Findings {
		f := &in.History.Findings[i]
		f.Owner, f.Reason, f.Assets[0].Label = texts[i%len(texts)], texts[(i+1)%len(texts)], texts[(i+2)%len(texts)]
		p := map[string]string{}
		for k := range f.Params {
			p[k] = texts[(i+len(k))%len(texts)]
		}
		f.Params = p
	}
	for i := range in.History.Steps {
		if in.History.Steps[i].Who != "" {
			in.History.Steps[i].Who, in.History.Steps[i].Reason = texts[i%len(texts)], texts[(i+5)%len(texts)]
		}
	}
	in.History.Institution.Name = "病院" + texts[3] + texts[8]
	return in
}
