package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/mimawari/mimawari/internal/model"
)

func workbookOf(t *testing.T, in Input) *excelize.File {
	t.Helper()
	var b bytes.Buffer
	if err := XLSX(&b, in); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestWorkbookHasNumbersAndDates(t *testing.T) {
	in := sample()
	in.Result.Hosts[0].Confidence = 0.85
	f := workbookOf(t, in)
	for _, x := range []struct{ sheet, cell, shown, raw string }{
		{"指摘", "I2", "3", "3"},
		{"指摘", "G2", "2026-04-01 09:00", "46113.375"},
		{"機器", "H2", "85%", "0.85"},
		{"まとめ", "B2", "2026-04-01 09:00", "46113.375"},
	} {
		shown, _ := f.GetCellValue(x.sheet, x.cell)
		raw, _ := f.GetCellValue(x.sheet, x.cell, excelize.Options{RawCellValue: true})
		kind, _ := f.GetCellType(x.sheet, x.cell)
		if shown != x.shown || raw != x.raw || kind == excelize.CellTypeSharedString || kind == excelize.CellTypeInlineString {
			t.Errorf("%s!%s: %q stored as %q, type %d", x.sheet, x.cell, shown, raw, kind)
		}
	}
}

func TestSummaryNamesSourcesAndTroubles(t *testing.T) {
	in := sample()
	in.Result.Patrol.Sources = []model.Source{{Name: "a.pcap", Kind: "pcap", Packets: 1234, Bytes: 9, Errors: []model.Trouble{{Code: "no_such_words", Text: "cut off at byte 7"}}}, {Name: "b.pcap", Packets: 1}}
	in.Result.Patrol.Limits = []model.Limit{{Name: "flows", Max: 10, Dropped: 3}}
	f := workbookOf(t, in)
	rows, err := f.GetRows("まとめ")
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	for _, r := range rows {
		text += strings.Join(r, "|") + "\n"
	}
	for _, want := range []string{"■ 重大|1\n", "合計|1\n", "a.pcap|pcap|1,234|9", "合計||1,235|9|||1\n", "cut off at byte 7", "通信の数、上限 10"} {
		if !strings.Contains(text, want) {
			t.Errorf("summary lacks %q:\n%s", want, text)
		}
	}
}

// A list of hosts is no patrol: it must not come with an empty list of findings that reads like "all is well".
func TestListIsNoReport(t *testing.T) {
	f := workbookOf(t, Input{Result: model.Result{Hosts: sample().Result.Hosts}, Lang: "ja"})
	if got := f.GetSheetList(); len(got) != 1 || got[0] != "機器" {
		t.Errorf("sheets %v", got)
	}
}

func TestFirstThingsAreGroupedByRule(t *testing.T) {
	in := sample()
	a := in.Result.Findings[0]
	b := a
	b.ID = "f-cccccccccccc"
	c := model.Finding{ID: "f-dddddddddddd", Rule: "service.telnet", Severity: model.Medium}
	info := model.Finding{ID: "f-eeeeeeeeeeee", Rule: "capture.blind", Severity: model.Info}
	got := in.firsts([]model.Finding{a, b, c, info})
	if len(got) != 2 || got[0].F.ID != a.ID || got[0].More != 1 || got[1].F.ID != c.ID || got[1].More != 0 {
		t.Errorf("%+v", got)
	}
}
