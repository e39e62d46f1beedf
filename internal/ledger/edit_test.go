package ledger

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

// randomEdits makes edits of existing rows, new rows and removals, with texts that break careless tables.
func randomEdits(r *rand.Rand, l *model.Ledger) []Edit {
	var out []Edit
	touched := map[string]bool{}
	for range r.IntN(4) + 1 {
		k := Kinds[r.IntN(len(Kinds))]
		rows := Rows(l, k)
		text := cleanCell(nasty[r.IntN(len(nasty))]) + "x"
		e := Edit{Kind: k, Values: map[string]string{"name": text, Fields(k)[len(Fields(k))-1]: text}}
		switch k {
		case KindHosts:
			e.Values = map[string]string{"name": text, "note": text, "location": text}
		case KindNetworks:
			e.Values = map[string]string{"name": text, "zone": text}
		case KindLines:
			e.Values = map[string]string{"name": text, "carrier": text, "kind": "VPN"}
		}
		if len(rows) > 0 && r.IntN(3) > 0 {
			x := rows[r.IntN(len(rows))]
			if touched[x.ID] {
				continue
			}
			touched[x.ID] = true
			if e.ID = x.ID; r.IntN(3) == 0 {
				e = Edit{Kind: k, ID: x.ID, Remove: true}
			}
		}
		out = append(out, e)
	}
	return out
}

func mustEdit(t *testing.T, l *model.Ledger, es ...Edit) *Edited {
	t.Helper()
	ed, err := EditRows(l, es)
	if err != nil {
		t.Fatal(err)
	}
	return ed
}

// Whatever is edited: the ledger it was made of stays as it was, an export says the same, and taking it back gives exactly
// what was there.
func TestEditsAreExportedAndTakenBack(t *testing.T) {
	for seed := range uint64(25) {
		r := rand.New(rand.NewPCG(seed, 11))
		l := generated(r)
		before := fmt.Sprintf("%+v", l)
		ed := mustEdit(t, l, randomEdits(r, l)...)
		if fmt.Sprintf("%+v", l) != before {
			t.Fatalf("seed %d: the old version was changed", seed)
		}
		for _, csv := range []bool{false, true} {
			rep := exportImport(t, ed.Ledger, locale.Japanese, csv)
			if d := cmp.Diff(ed.Ledger, rep.Ledger, samePlaces); d != "" {
				t.Fatalf("seed %d csv=%v: %s", seed, csv, d)
			}
		}
		back, conflicts := Revert(ed.Ledger, l, ed.Ledger)
		if len(conflicts) > 0 || fmt.Sprintf("%+v", *back) != before[1:] {
			t.Fatalf("seed %d: %v\n%+v\n%s", seed, conflicts, *back, before[1:])
		}
	}
}

// Somebody else edits other rows after a batch; taking the batch back leaves their rows alone, and a row that both changed
// is named.
func TestRevertAmongOthersEdits(t *testing.T) {
	for seed := range uint64(25) {
		r := rand.New(rand.NewPCG(seed, 13))
		l := generated(r)
		mine := mustEdit(t, l, Edit{Kind: KindHosts, ID: Rows(l, KindHosts)[0].ID, Values: map[string]string{"location": "私の場所"}},
			Edit{Kind: KindVendors, Values: map[string]string{"name": "私の業者"}})
		row := Edit{Kind: KindHosts, Values: map[string]string{"name": "others", "asset_no": "X-1", "ip": "172.16.0.9"}}
		other := mustEdit(t, mine.Ledger, row, Edit{Kind: KindPeople, Values: map[string]string{"name": "ほかの人"}})
		back, conflicts := Revert(other.Ledger, l, mine.Ledger)
		want := mustEdit(t, l, row, Edit{Kind: KindPeople, Values: map[string]string{"name": "ほかの人"}})
		if d := cmp.Diff(want.Ledger, back, samePlaces); d != "" || len(conflicts) > 0 {
			t.Fatalf("seed %d: %v %s", seed, conflicts, d)
		}
		both := mustEdit(t, other.Ledger, Edit{Kind: KindHosts, ID: mine.IDs[0], Values: map[string]string{"owner": "ほかの担当"}})
		back, conflicts = Revert(both.Ledger, l, mine.Ledger)
		if len(conflicts) != 1 || conflicts[0].Kind != KindHosts {
			t.Fatalf("seed %d: %v", seed, conflicts)
		}
		if h := back.Hosts[0]; h.Owner != "ほかの担当" || h.Location != "私の場所" {
			t.Fatalf("seed %d: the other's row was touched: %+v", seed, h)
		}
		if slices.ContainsFunc(back.Vendors, func(v model.Vendor) bool { return v.Name == "私の業者" }) {
			t.Fatalf("seed %d: what could be taken back was not", seed)
		}
	}
}

// Equal rows (a vendor listed twice) are told apart by their number, not confused.
func TestEditsOfEqualRows(t *testing.T) {
	l := &model.Ledger{Vendors: []model.Vendor{{Name: "A社"}, {Name: "A社"}, {Name: "B社"}}}
	rows := Rows(l, KindVendors)
	if rows[0].ID == rows[1].ID {
		t.Fatal("two rows have one id")
	}
	ed := mustEdit(t, l, Edit{Kind: KindVendors, ID: rows[1].ID, Values: map[string]string{"phone": "03"}})
	if ed.Ledger.Vendors[0].Phone != "" || ed.Ledger.Vendors[1].Phone != "03" {
		t.Fatalf("%+v", ed.Ledger.Vendors)
	}
	ed = mustEdit(t, l, Edit{Kind: KindVendors, ID: rows[0].ID, Remove: true}, Edit{Kind: KindVendors, ID: rows[2].ID, Values: map[string]string{"note": "残る"}})
	if n := len(ed.Ledger.Vendors); n != 2 || ed.Ledger.Vendors[1].Note != "残る" || ed.IDs[1] != Rows(ed.Ledger, KindVendors)[1].ID {
		t.Fatalf("%+v %v", ed.Ledger.Vendors, ed.IDs)
	}
}

// What would be lost is refused and named by field; what only looks wrong is stored and said.
func TestEditsAreCheckedLikeImports(t *testing.T) {
	l := importText(t, "a.csv", "機器名,IP,MAC,導入日\nPC1,192.168.1.10,00-1A-2B-3C-4D-01,2020-04-01\nPC2,192.168.1.11,,\n").Ledger
	id := Rows(l, KindHosts)[0].ID
	for field, bad := range map[string]string{"ip": "192.168.1.999", "mac": "zz", "name": ""} {
		e := Edit{Kind: KindHosts, ID: id, Values: map[string]string{field: bad}}
		if field == "name" {
			e.Values = map[string]string{"name": "", "ip": "", "mac": ""}
		}
		_, err := EditRows(l, []Edit{e})
		var no *Refusal
		if !errors.As(err, &no) || no.In(locale.Japanese) == "" || len(no.Slips) == 0 || field != "name" && no.Slips[0].Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	ed := mustEdit(t, l, Edit{Kind: KindHosts, ID: id, Values: map[string]string{"ip": "192.168.1.11", "installed": "いつか"}})
	if len(ed.Slips) != 1 || ed.Slips[0].Field != "installed" || ed.Slips[0].Slip.Code != "date_unreadable" {
		t.Errorf("%+v", ed.Slips)
	}
	if ss := NewSlips(l, ed.Ledger, testNow); len(ss) != 1 || ss[0].Code != "duplicate_ip" {
		t.Errorf("%+v", ss)
	}
	for _, e := range []Edit{{Kind: "nonsense"}, {Kind: KindHosts, ID: "d-none"}, {Kind: KindHosts, ID: id, Values: map[string]string{"color": "x"}}} {
		if _, err := EditRows(l, []Edit{e}); err == nil {
			t.Errorf("%+v was taken", e)
		}
	}
	same := mustEdit(t, l, Edit{Kind: KindHosts, ID: id, Values: map[string]string{"note": ""}})
	if !Diff(l, same.Ledger).Empty() || same.Ledger.Hosts[0].Place != l.Hosts[0].Place {
		t.Errorf("an edit that says the same changed something: %+v", same.Ledger.Hosts[0])
	}
}

// The words for a class of machine in the ledger are read back as that class.
func TestWordsOfClassesAreReadBack(t *testing.T) {
	for _, c := range []model.Class{
		model.ClassServer, model.ClassPC, model.ClassPrinter, model.ClassIPPhone, model.ClassCamera, model.ClassRouter, model.ClassSwitch, model.ClassFirewall, model.ClassVPN,
		model.ClassAP, model.ClassNAS, model.ClassModality, model.ClassMedical, model.ClassPACS, model.ClassHIS, model.ClassPhone, model.ClassTablet, model.ClassIoT, model.ClassSBC,
		model.ClassMobileRtr, model.ClassUPS, model.ClassVMHost, model.ClassIndustry,
	} {
		if w := locale.T(locale.Japanese, "class."+string(c)); classOf(w) != c {
			t.Errorf("%s (%s) is read as %q", w, c, classOf(w))
		}
	}
}

// A workbook with part of the machines: the others stay, are marked as disposed of, or go.
func TestTakeIn(t *testing.T) {
	stored := importText(t, "a.csv", "資産番号,機器名,IP\nA-1,PC1,192.168.1.10\nA-2,PC2,192.168.1.11\nA-3,PC3,192.168.1.12\n").Ledger
	book := importText(t, "b.csv", "資産番号,機器名,IP,場所\nA-2,PC2,192.168.1.11,2F\nA-4,PC4,192.168.1.14,\n").Ledger
	for rest, want := range map[string]string{KeepRest: "PC2 PC4 PC1 PC3", RetireRest: "PC2 PC4 PC1! PC3!", RemoveRest: "PC2 PC4"} {
		got := ""
		for _, h := range TakeIn(stored, book, rest).Hosts {
			got += " " + h.Name
			if h.Retired {
				got += "!"
			}
		}
		if got != " "+want {
			t.Errorf("%s: %s", rest, got)
		}
	}
	if stored.Hosts[0].Retired || len(book.Hosts) != 2 {
		t.Error("the inputs were changed")
	}
}
