package ledger

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/xuri/excelize/v2"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

// samePlaces leaves out what an export cannot keep: where the rows stood, which file, which version.
var samePlaces = cmp.Options{
	cmpopts.IgnoreTypes(model.Place{}), cmpopts.IgnoreFields(model.Ledger{}, "Version", "Imported", "By", "File"), cmpopts.EquateEmpty(),
	cmpopts.SortSlices(func(a, b model.Extra) bool { return a.Header < b.Header }), // the order of columns is no statement
	cmp.Comparer(func(a, b netip.Addr) bool { return a == b }), cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
}

func exportImport(t *testing.T, l *model.Ledger, lang locale.Lang, csv bool) *Report {
	t.Helper()
	var b bytes.Buffer
	name, write := "x.xlsx", Export
	if csv {
		name, write = "x.csv", ExportCSV
	}
	if err := write(&b, l, lang); err != nil {
		t.Fatal(err)
	}
	r, err := ImportData(context.Background(), name, b.Bytes(), Options{Now: testNow})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestExportImportIsNoDifference generates ledgers with texts that break careless tables.
func TestExportImportIsNoDifference(t *testing.T) {
	for seed := range uint64(40) {
		l := generated(rand.New(rand.NewPCG(seed, 7)))
		for _, lang := range locale.Langs {
			for _, csv := range []bool{false, true} {
				r := exportImport(t, l, lang, csv)
				if d := cmp.Diff(l, r.Ledger, samePlaces); d != "" {
					t.Fatalf("seed %d %s csv=%v: %s", seed, lang, csv, d)
				}
				if c := Diff(l, r.Ledger); !c.Empty() {
					t.Fatalf("seed %d: %+v", seed, c)
				}
			}
		}
	}
}

var nasty = []string{
	"", "", "", "ふつう", "=cmd|' /C calc'!A0", "'=1+1", "''=x", "+81-3-0000-0000", "@SUM(A1)", "＝全角", "'quoted'", "a,b;c\td", `say "hi"`, "line\nbreak", "𠮷野家🏥", "髙﨑①",
	"é à ü €", "_x000D_", "0012", "1e10", "<script>alert(1)</script>", "例", "#sheet", "なし", "true", "2020/4/1", "  inner  space", "|pipe", "%percent", "#N/Aではない", "機器名", "=", "-5",
}

func generated(r *rand.Rand) *model.Ledger {
	s := func() string {
		t := cleanCell(nasty[r.IntN(len(nasty))])
		return unshield(shield(t))
	}
	l := &model.Ledger{}
	for i := range r.IntN(8) + 1 {
		h := model.LedgerHost{Name: s(), AssetNo: fmt.Sprint("A-", i, s()), Kind: s(), Site: s(), Location: s(), Department: s(), Zone: s(), System: s(), Purpose: s(), Owner: s(), Vendor: s(), Maker: s(), Model: s(), OS: s(), Serial: s(), Note: s(), Status: s()}
		h.Installed = []string{"", "2020-04-01", "2020-04", "2020", "不明"}[r.IntN(5)]
		h.MaintainEnd = []string{"", "2031-12-31", "いつか"}[r.IntN(3)]
		h.DHCP = r.IntN(4) == 0
		for range r.IntN(3) {
			a := netip.AddrFrom4([4]byte{10, byte(r.IntN(3)), byte(i), byte(r.IntN(100))})
			x := model.AddrRange{From: a, To: a}
			if r.IntN(3) == 0 {
				x.To = netip.AddrFrom4([4]byte{10, a.As4()[1], byte(i), byte(100 + r.IntN(100))})
			}
			if !slices.Contains(h.Addrs, x) {
				h.Addrs = append(h.Addrs, x)
			}
		}
		if r.IntN(4) == 0 {
			a := netip.MustParseAddr(fmt.Sprintf("fd00::%x", i+1))
			h.Addrs = append(h.Addrs, model.AddrRange{From: a, To: a})
		}
		if r.IntN(2) == 0 {
			h.MACs = append(h.MACs, model.MAC{0x02, byte(r.IntN(256)), 0, 0, 1, byte(i)})
		}
		for _, name := range []string{"棚卸日", "=evil", "独自\n列", "独自\n列", "CPU"} {
			if v := s(); v != "" && r.IntN(3) > 0 {
				h.Extra = append(h.Extra, model.Extra{Header: name, Value: v})
			}
		}
		if h.Extra != nil { // two columns of one name: an empty first one cannot be told from none
			h.Extra = slices.CompactFunc(h.Extra, func(a, b model.Extra) bool { return a.Header == b.Header })
		}
		h.Class = classOf(h.Kind, h.Purpose)
		h.Retired = retiredBy(h.Status) || h.Status == "" && retiredNote(h.Note)
		l.Hosts = append(l.Hosts, h)
	}
	assignKeys(l.Hosts)
	for i := range r.IntN(3) {
		p := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i), 0, 0}), 16+r.IntN(9))
		l.Networks = append(l.Networks, model.Network{Name: s(), Prefix: p, VLAN: uint16(r.IntN(4095)), Zone: s(), Gateway: p.Addr().Next(), DHCP: r.IntN(2) == 0})
		l.Zones = append(l.Zones, model.Zone{Name: fmt.Sprint("z", i, s()), Purpose: s()})
		l.Lines = append(l.Lines, model.Line{
			Name: fmt.Sprint("回線", i), Kind: []model.LineKind{model.LineInternet, model.LineVPN, model.LineLTE, model.LineLeased, model.LineMaintenance, model.LineOther}[r.IntN(6)],
			Purpose: s(), Owner: s(), Vendor: s(), Carrier: s(), Demarcation: s(), Device: s(), Gateways: []netip.Addr{p.Addr().Next()}, MACs: []model.MAC{{2, 0, 0, 0, 0, byte(i)}},
			Peers: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("198.51.100.7/32")}, Tools: []string{"TeamViewer", "wireguard"},
		})
		l.Systems = append(l.Systems, model.System{Name: fmt.Sprint("s", i, s()), Purpose: s(), Vendor: s(), Owner: s(), Critical: s()})
		l.Vendors = append(l.Vendors, model.Vendor{Name: fmt.Sprint("v", i, s()), Contact: s(), Phone: s(), Mail: s(), Note: s()})
		l.Contracts = append(l.Contracts, model.Contract{Name: fmt.Sprint("c", i, s()), Vendor: s(), System: s(), Start: "2020-01", End: "2031-01-31", Scope: s(), Note: s()})
		l.People = append(l.People, model.Person{Name: fmt.Sprint("p", i, s()), Department: s(), Role: s(), Phone: s(), Mail: s()})
		l.Departments = append(l.Departments, model.Department{Name: fmt.Sprint("d", i, s()), Site: s()})
		l.Sites = append(l.Sites, model.Site{Name: fmt.Sprint("b", i, s()), Address: s()})
	}
	return l
}

func TestTemplateIsEmptyUntilFilledIn(t *testing.T) {
	for _, lang := range locale.Langs {
		var b bytes.Buffer
		if err := Template(&b, lang); err != nil {
			t.Fatal(err)
		}
		r, err := ImportData(context.Background(), "t.xlsx", b.Bytes(), Options{Now: testNow})
		if err != nil {
			t.Fatal(err)
		}
		if n := len(r.Ledger.Hosts) + len(r.Ledger.Lines) + len(r.Ledger.People); n != 0 || len(r.Slips) != 0 {
			t.Errorf("%s: %d rows, slips %v", lang, n, r.Slips)
		}
		used, examples := 0, 0
		for _, s := range r.Sheets {
			if s.Used {
				used++
			}
			examples += s.Examples
		}
		if used != len(Kinds) || examples < len(Kinds) {
			t.Errorf("%s: %d sheets used, %d examples: %+v", lang, used, examples, r.Sheets)
		}
	}
}

// TestTemplateForPeople: what helps to fill in and print the form is really in the file.
func TestTemplateForPeople(t *testing.T) {
	var b bytes.Buffer
	if err := Template(&b, locale.Japanese); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got := f.GetSheetList(); got[0] != "はじめに" || len(got) != len(Kinds)+1 {
		t.Errorf("sheets %v", got)
	}
	dvs, err := f.GetDataValidations("機器")
	if err != nil {
		t.Fatal(err)
	}
	lists := map[string]string{}
	for _, dv := range dvs {
		lists[dv.Sqref] = dv.Formula1
	}
	if !strings.Contains(lists["D2:D1000"], "モダリティ") || !strings.Contains(lists["E2:E1000"], "廃棄予定") || lists["H2:H1000"] != "'ゾーン'!$B$2:$B$500" {
		t.Errorf("drop-downs %v", lists)
	}
	notes, err := f.GetComments("機器")
	if err != nil || len(notes) < 5 {
		t.Errorf("%d notes, %v", len(notes), err)
	}
	panes, err := f.GetPanes("機器")
	if err != nil || !panes.Freeze || panes.YSplit != 1 {
		t.Errorf("panes %+v, %v", panes, err)
	}
	props, err := f.GetSheetProps("機器")
	if err != nil || props.FitToPage == nil || !*props.FitToPage {
		t.Errorf("not fitted to the page: %v", err)
	}
	page, err := f.GetPageLayout("機器")
	if err != nil || *page.Orientation != "landscape" || *page.Size != paperA3 {
		t.Errorf("page %+v, %v", page, err)
	}
	id, err := f.GetCellStyle("機器", "B1")
	if err != nil {
		t.Fatal(err)
	}
	if style, err := f.GetStyle(id); err != nil || style.Font.Family != "游ゴシック" {
		t.Errorf("style %+v, %v", style, err)
	}
}

// TestTemplateExamplesAreRight imports the example rows as if they were real: they must be free of slips themselves.
func TestTemplateExamplesAreRight(t *testing.T) {
	for _, lang := range locale.Langs {
		var b bytes.Buffer
		if err := Template(&b, lang); err != nil {
			t.Fatal(err)
		}
		f, err := excelize.OpenReader(&b)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range Kinds {
			for _, c := range []string{"A2", "A3"} {
				if err := f.SetCellStr(kindLabel(lang, k), c, ""); err != nil {
					t.Fatal(err)
				}
			}
		}
		var out bytes.Buffer
		if err := f.Write(&out); err != nil {
			t.Fatal(err)
		}
		r, err := ImportData(context.Background(), "t.xlsx", out.Bytes(), Options{Now: testNow})
		if err != nil {
			t.Fatal(err)
		}
		l := r.Ledger
		if len(l.Hosts) != 2 || len(l.Lines) != 2 || len(l.Networks) != 1 || len(l.Sites) != 1 {
			t.Errorf("%s: %+v", lang, r.Sheets)
		}
		for _, s := range r.Slips {
			if s.Code != "ip_outside_network" && s.Code != "unknown_zone" && s.Code != "unknown_system" && s.Code != "unknown_vendor" && s.Code != "unknown_department" {
				t.Errorf("%s: %+v", lang, s)
			}
		}
	}
}

// TestHeadersOfOursAreUnderstood holds the words of templates against the synonyms: each must mean its field for sure.
func TestHeadersOfOursAreUnderstood(t *testing.T) {
	for _, lang := range locale.Langs {
		for _, k := range Kinds {
			for _, f := range sectionOf[k].fields() {
				h := fieldLabel(lang, k, f)
				if c, ok := matchHeader(k, h, Mapping{}); !ok || c.field != f || c.score < 1 {
					t.Errorf("%s %s: %q is read as %q (%v)", lang, k, h, c.field, c.score)
				}
			}
		}
	}
}
