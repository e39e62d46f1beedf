package dissect

import (
	"fmt"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

var start = time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC).UnixNano()

func between(rec *Recorder, client, server int) *Ctx {
	return &Ctx{
		At: start, Src: netip.AddrFrom4([4]byte{10, 0, byte(client >> 8), byte(client)}), Dst: netip.AddrFrom4([4]byte{10, 1, 0, byte(server)}),
		SrcPort: 50000, DstPort: 445, ToServer: true, App: SMB, Rec: rec,
	}
}

func TestActsAreSummedByTheMinute(t *testing.T) {
	rec := NewRecorder(Limits{})
	c := between(rec, 1, 2)
	for i := range 90 {
		c.At = start + int64(i)*int64(time.Second)
		c.Deal(Deal{Action: model.DoRPC, Object: "data/a.doc", Who: `H\sato`, Bytes: [2]uint64{0, 100}})
	}
	c.Src, c.Dst, c.SrcPort, c.DstPort, c.ToServer = c.Dst, c.Src, c.DstPort, c.SrcPort, false // the answer is of the same act
	c.Deal(Deal{Action: model.DoRPC, Object: "data/a.doc", Who: `H\sato`, Outcome: model.OutcomeDenied})
	got := Merge(rec).Transactions
	if len(got) != 3 || got[0].Count != 60 || got[1].Count != 30 || got[0].Bytes[1] != 6000 || got[2].Outcome != model.OutcomeDenied {
		t.Fatalf("%+v", got)
	}
	if got[2].Client != got[0].Client || got[2].Port != 445 || got[0].App != "smb" {
		t.Errorf("the answer has other parties: %+v", got[2])
	}
}

func TestJournalsOfShardsAreOne(t *testing.T) {
	one, parts := NewRecorder(Limits{}), []*Recorder{NewRecorder(Limits{}), NewRecorder(Limits{}), NewRecorder(Limits{})}
	for i := range 5000 {
		for _, rec := range []*Recorder{one, parts[i%7%3]} {
			c := between(rec, i%7, 1)
			c.At += int64(i*i%977) * int64(time.Second)
			c.Deal(Deal{Action: model.DoLDAPSearch, Object: fmt.Sprint("n", i%40), Count: uint64(i % 3)})
		}
	}
	if a, b := Merge(one).Transactions, Merge(parts...).Transactions; !reflect.DeepEqual(a, b) {
		t.Fatalf("%d of one, %d of three", len(a), len(b))
	}
}

func TestAFullJournalRemembersMoreCoarsely(t *testing.T) {
	rec := NewRecorder(Limits{Transactions: 500})
	c := between(rec, 1, 2)
	var want uint64
	for i := range 3000 { // 50 hours of one act a minute
		c.At = start + int64(i)*int64(time.Minute)
		c.Deal(Deal{Action: model.DoNTLMLogin})
		want++
	}
	n := Merge(rec)
	var got uint64
	for _, x := range n.Transactions {
		got += x.Count
	}
	if got != want || len(n.Limits) > 0 || len(n.Transactions) > 500 {
		t.Fatalf("%d of %d acts in %d entries, %+v", got, want, len(n.Transactions), n.Limits)
	}
	if last := n.Transactions[len(n.Transactions)-1].Last; last.UnixNano() != c.At {
		t.Errorf("the last was at %v", last)
	}
	for i := range 2000 { // what no span can join
		c := between(rec, i, 3)
		c.Deal(Deal{Action: model.DoNTLMLogin})
	}
	n = Merge(rec)
	if len(n.Limits) != 1 || n.Limits[0].Name != "transactions" || n.Limits[0].Dropped == 0 || len(n.Transactions) > 500 {
		t.Fatalf("%d entries, %+v", len(n.Transactions), n.Limits)
	}
}

func TestNamesOfOneClientAreBounded(t *testing.T) {
	rec := NewRecorder(Limits{})
	c := between(rec, 1, 2)
	for i := range 3 * maxOfClient {
		c.Deal(Deal{Action: model.DoLDAPSearch, Object: fmt.Sprint("x", i)})
	}
	n := Merge(rec)
	if len(n.Transactions) != maxOfClient+1 || len(n.Limits) > 0 {
		t.Fatalf("%d entries, %+v", len(n.Transactions), n.Limits)
	}
	for _, x := range n.Transactions {
		if x.Object == "" && x.Count != 2*maxOfClient {
			t.Errorf("%d acts without a name", x.Count)
		}
	}
}

func TestAKnownActAllocatesNothing(t *testing.T) {
	rec := NewRecorder(Limits{})
	c := between(rec, 1, 2)
	path := []byte(`data\2026\report.xlsx`)
	do := func() { c.Deal(Deal{Action: model.DoRPC, Object: View(path), Bytes: [2]uint64{1, 0}}) }
	do()
	if n := testing.AllocsPerRun(100, do); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
