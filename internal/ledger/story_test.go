package ledger

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

var testNow = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)

func importText(t *testing.T, name, text string) *Report {
	t.Helper()
	p := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := Import(context.Background(), p, Options{Now: testNow})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func codes(r *Report) map[string]int {
	m := map[string]int{}
	for _, s := range r.Slips {
		m[s.Code]++
	}
	return m
}

func host(t *testing.T, r *Report, name string) *model.LedgerHost {
	t.Helper()
	for i := range r.Ledger.Hosts {
		if r.Ledger.Hosts[i].Name == name {
			return &r.Ledger.Hosts[i]
		}
	}
	t.Fatalf("no host %q in %v", name, r.Ledger.Hosts)
	return nil
}

func TestPlainCSV(t *testing.T) {
	r := importText(t, "台帳.csv", `台帳 2026年度,,,
,,,
No,端末名,ＩＰアドレス,MACアドレス,設置場所,導入日,備考,廃棄
1,ＰＣ－００１,１９２．１６８．１．１０,00-1A-2B-3C-4D-5E,2F ナースステーション,令和2年4月1日,"改行
あり",
2,PRN-1,"192.168.1.20、192.168.1.21",001a.2b3c.4d5f,受付,R5.10.1,,
3,古いPC,192.168.1.10,,,,,廃棄
4,だめ,192.168.1.256,00-1A-2B-3C-4D,,,,
5,重複,192.168.1.21,,,2020/13/45,,
`)
	if len(r.Ledger.Hosts) != 5 {
		t.Fatalf("%d hosts: %+v", len(r.Ledger.Hosts), r.Sheets)
	}
	if s := r.Sheets[0]; s.HeaderRow != 3 || s.Taken != 5 || r.Encoding != "UTF-8" {
		t.Errorf("%+v", s)
	}
	h := host(t, r, "ＰＣ－００１")
	if formatRanges(h.Addrs) != "192.168.1.10" || h.Installed != "2020-04-01" || h.Note != "改行\nあり" || len(h.Extra) != 1 {
		t.Errorf("%+v", h)
	}
	// Row numbers are Excel's: the line break inside row 4 does not count.
	for code, where := range map[string]string{"duplicate_ip": "C5", "retired_with_address": "C6", "invalid_ip": "C7", "invalid_mac": "D7", "date_unreadable": "F8"} {
		slipAt(t, r, code, where)
	}
	if n := len(r.Slips); n != 5 {
		t.Errorf("%d slips: %+v", n, r.Slips)
	}
	d := slipAt(t, r, "duplicate_ip", "C5")
	if len(d.Places) != 2 || Where(d.Places[1]) != "C8" {
		t.Errorf("%+v", d)
	}
}

// A retired machine gives its address free: that is no duplicate. A range that holds another's address is.
func TestAddressesThatClash(t *testing.T) {
	r := importText(t, "a.csv", `機器名,IP,MAC,管理者,部署,状態
PC範囲,192.168.1.100-150,,,,
プリンタ,192.168.1.120,,,,
PC1,192.168.1.10,00-1A-2B-3C-4D-01,山田,医事課,
PC2,192.168.1.11,001A.2B3C.4D01,佐藤,検査科,
ｐｃ１,192.168.1.12,,鈴木,医事課,
旧PC,192.168.1.10,,,,廃棄
PC9,192.168.1.99,,,,
`)
	slipAt(t, r, "range_overlap", "B2")
	slipAt(t, r, "duplicate_mac", "C4")
	s := slipAt(t, r, "two_owners", "D4")
	if s.Args["who"] != "山田 / 鈴木" {
		t.Errorf("%+v", s)
	}
	if c := codes(r); c["duplicate_ip"] != 0 || c["range_overlap"] != 1 || c["duplicate_name"] != 0 {
		t.Errorf("%v", c)
	}
}

// The same mistake is the same finding when rows have moved and sheets have grown.
func TestFindingsAreStable(t *testing.T) {
	const a, b = "PC1,192.168.1.10\n", "PC2,192.168.1.10\nPC3,192.168.1.999\n"
	one := Findings(importText(t, "a.csv", "機器名,IP\n"+a+b))
	two := Findings(importText(t, "b.csv", "題\n\n機器名,IP\nPC0,192.168.1.1\n"+b+a))
	ids := func(fs []model.Finding) map[string]string {
		m := map[string]string{}
		for _, f := range fs {
			m[f.ID] = f.Rule
			if w := locale.Finding(locale.Japanese, f); strings.Contains(w.Title+w.Why+w.Todo, "?") || len(f.Evidence) == 0 || len(f.Assets) == 0 || f.Severity == model.Info {
				t.Errorf("%+v: %+v", f, w)
			}
		}
		return m
	}
	if d := cmp.Diff(ids(one), ids(two)); d != "" || len(one) != 2 {
		t.Errorf("%d findings: %s", len(one), d)
	}
}

func TestDiffFollowsTheMachine(t *testing.T) {
	before := importText(t, "a.csv", "資産番号,機器名,IP,備考,棚卸\n,PC1,10.0.0.1,,x\n,PC2,10.0.0.2,,\n,PC3,10.0.0.3,,\n").Ledger
	after := importText(t, "b.csv", "機器名,備考,IP,資産番号,棚卸\nPC3,,10.0.0.3,\nPC1,机を移動,10.0.0.1,A-1,y\nPC4,,10.0.0.4,\n").Ledger
	c := Diff(before, after)
	if len(c.Added) != 1 || c.Added[0].Label != "PC4" || len(c.Removed) != 1 || c.Removed[0].Label != "PC2" || len(c.Changed) != 1 {
		t.Fatalf("%+v", c)
	}
	want := []FieldChange{{Field: "asset_no", After: "A-1"}, {Field: "note", After: "机を移動"}, {Field: "棚卸", Extra: true, Before: "x", After: "y"}}
	if d := cmp.Diff(want, c.Changed[0].Fields); d != "" {
		t.Error(d)
	}
	var sb strings.Builder
	if err := c.WriteText(&sb, locale.Japanese, 0); err != nil || !strings.Contains(sb.String(), "備考: （なし） → 机を移動") {
		t.Errorf("%v %s", err, sb.String())
	}
	if !Diff(after, after).Empty() || !Diff(nil, nil).Empty() {
		t.Error("a ledger differs from itself")
	}
}

func TestIndex(t *testing.T) {
	x := NewIndex(importText(t, "a.csv", `資産番号,機器名,IP,MAC,状態
,範囲,10.0.0.0/16,,
,狭い範囲,10.0.1.10-30,,
,PC,10.0.1.20,00-1A-2B-3C-4D-01,
,旧PC,10.0.1.20,,廃棄
A-7,SV.hospital.local,10.0.9.9,,
`).Ledger)
	names := func(hs []*model.LedgerHost) (s string) {
		for _, h := range hs {
			s += h.Name + " "
		}
		return s
	}
	f := func(got []*model.LedgerHost, want string) {
		t.Helper()
		if names(got) != want {
			t.Errorf("%q, want %q", names(got), want)
		}
	}
	ip := netip.MustParseAddr
	f(x.ByIP(ip("10.0.1.20")), "PC 旧PC 狭い範囲 範囲 ")
	f(x.ByIP(ip("::ffff:10.0.1.21")), "狭い範囲 範囲 ")
	f(x.ByIP(ip("10.0.200.1")), "範囲 ")
	f(x.ByIP(ip("10.1.0.1")), "")
	f(x.ByIP(ip("fd00::1")), "")
	f(x.ByMAC(model.MAC{0, 0x1a, 0x2b, 0x3c, 0x4d, 1}), "PC ")
	f(x.ByMAC(model.MAC{}), "")
	f(x.ByName("ｓｖ"), "SV.hospital.local ")
	f(x.ByName("SV.other.example"), "SV.hospital.local ")
	f(x.ByName("a-7"), "SV.hospital.local ")
	f(x.ByName(""), "")
	if x.NetworkOf(ip("10.0.0.1")) != nil || NewIndex(nil).ByIP(ip("10.0.0.1")) != nil || !NewIndex(nil).Empty() {
		t.Error("something out of nothing")
	}
}
