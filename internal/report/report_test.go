package report

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

func sample() Input {
	at := time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)
	declared := []model.LedgerHost{
		{Key: "pc-1", Name: "受付PC", Addrs: []model.AddrRange{{From: netip.MustParseAddr("10.1.0.20"), To: netip.MustParseAddr("10.1.0.20")}}},
		{Key: "srv", Name: "医事サーバー"},
		{Key: "old", Name: "廃棄PC", Retired: true},
	}
	hosts := []model.Host{
		{ID: "h-aaaaaaaaaaaa", IPs: []netip.Addr{netip.MustParseAddr("10.1.0.20")}, Class: model.ClassPC, First: at, Last: at, Ledger: &model.LedgerRef{Key: "pc-1", Name: "受付PC", By: "ip"}},
		{ID: "h-bbbbbbbbbbbb", IPs: []netip.Addr{netip.MustParseAddr("10.1.0.99")}, Names: []string{"=cmd|' /C calc'!A0"}, Maker: "<script>alert(1)</script>", First: at, Last: at},
	}
	findings := []model.Finding{
		{ID: "f-aaaaaaaaaaaa", Rule: "service.smb1", Severity: model.High, Params: map[string]string{"host": "<img src=x>", "os": "Windows XP"}, First: at, Last: at, Count: 3, State: model.Open},
		{ID: "f-bbbbbbbbbbbb", Rule: "service.telnet", Severity: model.Medium, Params: map[string]string{"host": "x", "clients": "y"}, First: at, Last: at, Count: 1, State: model.Resolved},
	}
	return Input{
		Result: model.Result{Patrol: model.Patrol{ID: "p1", Seen: 2, First: at, Last: at, Ended: at}, Hosts: hosts, Findings: findings},
		Ledger: &model.Ledger{Version: 1, Hosts: declared}, Lang: locale.Japanese,
	}
}

func TestComparePairsDeclaredWithSeen(t *testing.T) {
	in := sample()
	var got []string
	for _, p := range Compare(in.Ledger, in.Result.Hosts) {
		got = append(got, p.State())
	}
	if want := "not_declared not_seen matched"; strings.Join(got, " ") != want {
		t.Fatalf("got %v, want %s (the retired entry is left out)", got, want)
	}
}

func TestHTMLIsSelfContainedAndEscapes(t *testing.T) {
	for _, l := range locale.Langs {
		in := sample()
		in.Lang = l
		var b bytes.Buffer
		if err := HTML(&b, in); err != nil {
			t.Fatal(err)
		}
		s := b.String()
		for _, bad := range []string{"<script", "<img", "src=\"", "href=\"http", "ZgotmplZ"} {
			if strings.Contains(s, bad) {
				t.Errorf("%s: report contains %q", l, bad)
			}
		}
		for _, want := range []string{"受付PC", "&lt;script&gt;", "f-aaaaaaaaaaaa", "f-bbbbbbbbbbbb", locale.T(l, "compare.not_seen")} {
			if !strings.Contains(s, want) {
				t.Errorf("%s: report lacks %q", l, want)
			}
		}
	}
}

func TestXLSXHasAllRowsTotalsAndNoFormula(t *testing.T) {
	var b bytes.Buffer
	if err := XLSX(&b, sample()); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	want := map[string]int{"すること": 1, "指摘": 2, "機器": 2, "台帳との照合": 3}
	if got := f.GetSheetList(); len(got) != len(want)+1 || got[0] != "すること" || got[1] != "まとめ" {
		t.Fatalf("sheets %v", got)
	}
	for sheet, n := range want {
		rows, err := f.GetRows(sheet)
		if err != nil {
			t.Fatal(err)
		}
		if total := rows[len(rows)-1][0]; len(rows) != n+3 || !strings.Contains(total, string(rune('0'+n))) {
			t.Errorf("%s: %d rows, total %q; want %d", sheet, len(rows), total, n)
		}
	}
	if v, _ := f.GetCellValue("機器", "A3"); !strings.HasPrefix(v, "'=") {
		t.Errorf("a name that looks like a formula is written as %q", v)
	}
}

func TestTextSaysWhatMatters(t *testing.T) {
	var b bytes.Buffer
	if err := Text(&b, sample(), false); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"台帳は 3 件", "■ 重大", "f-aaaaaaaaaaaa", "→ "} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("lacks %q in:\n%s", want, b.String())
		}
	}
	if strings.Contains(b.String(), "f-bbbbbbbbbbbb") || strings.Contains(b.String(), "\x1b[") {
		t.Errorf("shows a resolved finding or colour:\n%s", b.String())
	}
}

// Every class, severity and state has words.
func TestEnumsHaveWords(t *testing.T) {
	for _, c := range []model.Class{
		model.ClassUnknown, model.ClassServer, model.ClassPC, model.ClassPrinter, model.ClassIPPhone, model.ClassCamera, model.ClassRouter,
		model.ClassSwitch, model.ClassFirewall, model.ClassVPN, model.ClassAP, model.ClassNAS, model.ClassModality, model.ClassMedical, model.ClassPACS, model.ClassHIS,
		model.ClassPhone, model.ClassTablet, model.ClassIoT, model.ClassSBC, model.ClassMobileRtr, model.ClassUPS, model.ClassVMHost, model.ClassIndustry,
	} {
		if s := ClassName(locale.English, c); strings.HasPrefix(s, "class.") {
			t.Errorf("no words for class %q", c)
		}
	}
	for s := model.Info; s <= model.Critical; s++ {
		if strings.HasPrefix(SeverityName(locale.Japanese, s), "severity.") {
			t.Errorf("no words for %s", s)
		}
	}
	for _, s := range []model.State{model.Open, model.Acknowledged, model.Accepted, model.Resolved, model.Reopened, model.Suppressed} {
		if strings.HasPrefix(StateName(locale.Japanese, s), "state.") {
			t.Errorf("no words for %s", s)
		}
	}
}
