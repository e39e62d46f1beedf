package ledger

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/encoding/japanese"
)

// Nothing is left out in silence: each limit has a slip that names the place.

func lower[T any](t *testing.T, limit *T, to T) {
	t.Helper()
	was := *limit
	*limit = to
	t.Cleanup(func() { *limit = was })
}

func TestOverlapLimitIsTold(t *testing.T) {
	lower(t, &maxOverlapWork, 10)
	var b strings.Builder
	b.WriteString("機器名,IP\n")
	for i := range 20 {
		fmt.Fprintf(&b, "範囲%d,10.0.0.%d-200\n", i, i+1)
	}
	r := importText(t, "a.csv", b.String())
	s := slipAt(t, r, "overlap_unchecked", "B3")
	if s.Args["ip"] != "10.0.0.2-10.0.0.200" || codes(r)["range_overlap"] != 1 {
		t.Errorf("%+v %v", s, codes(r))
	}
	lower(t, &maxOverlapWork, 1000)
	if c := codes(importText(t, "a.csv", b.String())); c["overlap_unchecked"] != 0 || c["range_overlap"] != 19 {
		t.Errorf("%v", c)
	}
}

func TestSheetsBeyondTheLimitAreTold(t *testing.T) {
	var pages []leaf
	for i := range maxSheet + 3 {
		pages = append(pages, leaf{name: fmt.Sprintf("機器%03d", i), cells: fmt.Sprintf("機器名|IP\nPC-%d|10.0.%d.1", i, i)})
	}
	r := importPages(t, pages...)
	if s := slipAt(t, r, "sheets_left_out", "機器100!1:1"); s.Args["count"] != "3" || len(r.Ledger.Hosts) != maxSheet {
		t.Errorf("%+v, %d hosts", s, len(r.Ledger.Hosts))
	}
	var b strings.Builder
	for i := range maxSheet + 2 {
		fmt.Fprintf(&b, "#sheet,機器%03d\n機器名,IP\nPC-%d,10.0.%d.1\n", i, i, i)
	}
	if r := importText(t, "a.csv", b.String()); codes(r)["sheets_left_out"] != 1 || codes(r)["duplicate_ip"] != 0 {
		t.Errorf("%v", codes(r))
	}
}

func TestColumnsBeyondTheLimitAreTold(t *testing.T) {
	wide := "機器名|IP" + strings.Repeat("|", MaxCols-2) + "|遠い列\nPC-1|10.0.0.1" + strings.Repeat("|", MaxCols-2) + "|x"
	r := importPages(t, leaf{name: "機器", cells: wide})
	slipAt(t, r, "columns_left_out", "機器!GR1")
	if c := codes(r); c["columns_left_out"] != 1 {
		t.Errorf("%v", c)
	}
	if c := codes(importText(t, "a.csv", strings.ReplaceAll(wide, "|", ","))); c["columns_left_out"] != 1 {
		t.Errorf("%v", c)
	}
}

func TestMergesBeyondTheLimitAreTold(t *testing.T) {
	lower(t, &maxMerges, 1)
	r := importPages(t, leaf{name: "機器", merges: []string{"A2:A3", "A4:A5"}, cells: "機器名|IP\nPC-1|10.0.0.1\n|10.0.0.2\nPC-2|10.0.0.3\n|10.0.0.4"})
	slipAt(t, r, "merges_left_out", "機器!1:1")
}

func TestFormulasBeyondTheLimitAreTold(t *testing.T) {
	lower(t, &maxFormulas, 0)
	m := sheetMarks{formula: map[[2]int]bool{}}
	(&markScan{marks: &m, ref: "A1", formula: true}).endCell()
	if len(m.left) != 1 || m.left[0] != "formulas_left_out" {
		t.Errorf("%+v", m.left)
	}
}

func TestLostCharactersAreNamed(t *testing.T) {
	b, err := japanese.ShiftJIS.NewEncoder().String("機器名,IP,設置場所\nPC-1,10.0.0.1,検査室\nPC-2,10.0.0.2,医事課\n")
	if err != nil {
		t.Fatal(err)
	}
	b = strings.Replace(b, "PC-2,10.0.0.2,", "PC-2,10.0.0.2,\x85\x39", 1)
	r := importText(t, "a.csv", b)
	s := slipAt(t, r, "undecodable", "C3")
	if c := codes(r); c["undecodable"] != 1 || !strings.Contains(s.Cell, "医事課") {
		t.Errorf("%+v %v", s, c)
	}
}

// A further address below a machine belongs to it; a row with a number, or in a list of addresses, does not.
func TestFurtherAddressBelowAMachine(t *testing.T) {
	r := importText(t, "a.csv", "機器名,IP,MAC,場所\nSV-1,10.0.0.1,,サーバ室\n,10.0.0.2,,\n,,00-1A-2B-3C-4D-5E,\nPC-1,10.0.0.9,,\n,10.0.0.10,,2階\n\n,10.0.0.20,,\n")
	h := host(t, r, "SV-1")
	if formatRanges(h.Addrs) != "10.0.0.1, 10.0.0.2" || len(h.MACs) != 1 || len(r.Ledger.Hosts) != 4 {
		t.Errorf("%+v", r.Ledger.Hosts)
	}
	slipAt(t, r, "row_attached", "3:3")
	if c := codes(r); c["row_attached"] != 2 || c["missing_name"] != 2 {
		t.Errorf("%v", c)
	}
	r = importText(t, "b.csv", "No,機器名,IP\n1,SV-1,10.0.0.1\n2,,10.0.0.2\n")
	if c := codes(r); c["row_attached"] != 0 || c["missing_name"] != 1 {
		t.Errorf("%v", c)
	}
	r = importText(t, "c.csv", "IP,機器名\n10.0.0.1,SV-1\n10.0.0.2,\n")
	if c := codes(r); c["row_attached"] != 0 || c["missing_name"] != 1 {
		t.Errorf("%v", c)
	}
}
