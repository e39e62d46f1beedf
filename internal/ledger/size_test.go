package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

// large is a ledger of n machines with all fields filled in.
func large(n int) *model.Ledger {
	l := &model.Ledger{Networks: []model.Network{{Name: "全体", Prefix: netip.MustParsePrefix("10.0.0.0/8")}}}
	for i := range n {
		a := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		l.Hosts = append(l.Hosts, model.LedgerHost{
			Name: fmt.Sprintf("PC-%06d", i), AssetNo: fmt.Sprintf("A%06d", i), Addrs: []model.AddrRange{{From: a, To: a}},
			MACs: []model.MAC{{2, 0, 0, byte(i >> 16), byte(i >> 8), byte(i)}}, Kind: "ノートPC", Status: "稼働", Site: "本館", Location: fmt.Sprintf("%d階 ナースステーション", i%9), Department: "看護部", Zone: "基幹系", System: "電子カルテ",
			Purpose: "診療", Owner: "情報システム係", Vendor: "〇〇システム", Maker: "〇〇電機", Model: "NX-100", OS: "Windows 11", Serial: fmt.Sprintf("SN%08d", i), Installed: "2024-04-01", MaintainEnd: "2031-03-31", Note: "備考の文",
		})
	}
	assignKeys(l.Hosts)
	return l
}

// peakHeap runs f and gives the most live heap seen while it ran.
func peakHeap(f func()) uint64 {
	var peak atomic.Uint64
	done := make(chan struct{})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		var m runtime.MemStats
		for {
			select {
			case <-done:
				return
			case <-time.After(50 * time.Millisecond):
				runtime.ReadMemStats(&m)
				peak.Store(max(peak.Load(), m.HeapInuse))
			}
		}
	}()
	f()
	close(done)
	<-stopped
	return peak.Load()
}

// 50,000 rows with 21 columns: in bounded memory and well under a minute, and the same ledger comes back.
func TestFiftyThousandRows(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some ten seconds: leave out -short to run it")
	}
	l := large(50_000)
	var b bytes.Buffer
	if err := Export(&b, l, locale.Japanese); err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	start, used := time.Now(), cpuSeconds()
	var r *Report
	var err error
	heap := peakHeap(func() { r, err = ImportData(context.Background(), "大.xlsx", b.Bytes(), Options{Now: testNow}) })
	used = cpuSeconds() - used // wall time says more about what else the machine does
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d rows, %d MB file: %.1f s, %.1f CPU s, heap %d MB, %d slips", len(r.Ledger.Hosts), b.Len()>>20, time.Since(start).Seconds(), used, heap>>20, len(r.Slips))
	if len(r.Ledger.Hosts) != 50_000 || used > 60 || heap > 600<<20 {
		t.Errorf("%d hosts, %.1f CPU s, %d MB", len(r.Ledger.Hosts), used, heap>>20)
	}
	if c := Diff(l, r.Ledger); !c.Empty() {
		t.Errorf("%d added, %d removed, %d changed", len(c.Added), len(c.Removed), len(c.Changed))
	}
	x := NewIndex(r.Ledger)
	if h := x.ByIP(netip.MustParseAddr("10.0.195.79")); len(h) != 1 || h[0].Name != "PC-049999" {
		t.Errorf("%v", h)
	}
}

func TestTooManyRows(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("機器名,IP\n")
	for i := range MaxRows + 5 {
		fmt.Fprintf(&b, "h%d,\n", i)
	}
	_, err := ImportData(context.Background(), "many.csv", b.Bytes(), Options{})
	var fe *FileError
	if !errors.As(err, &fe) || fe.Code != "too_many_rows" {
		t.Fatal(err)
	}
}

// Rows that all clash must neither take forever nor give a million slips.
func TestManyOverlaps(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("機器名,IP\n")
	for i := range 20_000 {
		fmt.Fprintf(&b, "h%d,10.0.0.0/8\n", i)
	}
	used := cpuSeconds()
	r := importBytes(t, "x.csv", b.Bytes(), Options{})
	if took := cpuSeconds() - used; took > 30 || len(r.Slips) > MaxSlips {
		t.Errorf("%.1f CPU s, %d slips", took, len(r.Slips))
	}
	for _, s := range r.Slips {
		if len(s.Places) > maxPlaces {
			t.Fatalf("%d places", len(s.Places))
		}
	}
}
