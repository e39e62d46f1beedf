package ledger

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

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
	t.Logf("%+v", r.Sheets)
	for _, s := range r.Slips {
		t.Logf("%+v", s)
	}
	h := host(t, r, "ＰＣ－００１")
	if formatRanges(h.Addrs) != "192.168.1.10" || h.Installed != "2020-04-01" || h.Note != "改行\nあり" {
		t.Errorf("%+v", h)
	}
}
