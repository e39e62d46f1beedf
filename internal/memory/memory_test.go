package memory

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

var morning = time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)

// flowAt makes flow number i of a day: 50 machines talk with 200 servers.
func flowAt(day, i int) *model.Flow {
	client := netip.AddrFrom4([4]byte{10, 1, byte(i % 5), byte(1 + i%50)})
	server := netip.AddrFrom4([4]byte{203, 0, 113, byte(i * 7 % 200)})
	first := morning.AddDate(0, 0, -day).Add(time.Duration(i) * 137 * time.Millisecond)
	f := &model.Flow{
		Client: netip.AddrPortFrom(client, uint16(20000+i%40000)), Server: netip.AddrPortFrom(server, 443), Proto: 6, First: first, Last: first.Add(time.Second),
		Packets: [2]uint64{5, 6}, IPBytes: [2]uint64{500, uint64(1000 + i%997)}, State: "SF", App: "ssl",
	}
	if i%3 == 0 {
		f.Facts = []model.Fact{{Kind: model.TLSSNI, Value: fmt.Sprintf("www%d.Example.org", i*7%200)}, {Kind: model.TLSJA4, Value: "t13d1516h2_8daaf6152771_02713d6af862"}}
	}
	return f
}

func fill(t *testing.T, s *Files, days, perDay int) {
	t.Helper()
	w := s.Append(AppendOptions{})
	for d := range days {
		for i := range perDay {
			w.Flow(flowAt(d, i))
		}
	}
	n, err := w.Flush()
	if err != nil || n != (Written{Rows: uint64(days * perDay)}) {
		t.Fatalf("%+v %v", n, err)
	}
}

func prefixes(texts ...string) (out []netip.Prefix) {
	for _, x := range texts {
		out = append(out, netip.MustParsePrefix(x))
	}
	return out
}

// count is how many of a day's flows fit.
func count(n int, fits func(f *model.Flow) bool) (sum uint64) {
	for i := range n {
		if fits(flowAt(0, i)) {
			sum++
		}
	}
	return sum
}

func list(t *testing.T, text string) *List {
	t.Helper()
	l, err := ParseList(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestHunt(t *testing.T) {
	s := &Files{Dir: t.TempDir()}
	const days, n = 3, 2000
	fill(t, s, days, n)
	fill(t, s, 1, n) // the newest day is told twice
	client, server := netip.MustParseAddr("10.1.1.2"), netip.MustParseAddr("203.0.113.7")
	from := func(f *model.Flow) bool { return f.Client.Addr() == client }
	to := func(f *model.Flow) bool { return f.Server.Addr() == server }
	named := func(f *model.Flow) bool { return len(f.Facts) > 0 && f.Facts[0].Value == "www7.Example.org" }
	cases := []struct {
		name string
		q    Query
		want uint64
	}{
		{"all", Query{}, days * n},
		{"client", Query{Host: prefixes("10.1.1.2/32")}, days * count(n, from)},
		{"server", Query{Host: prefixes("203.0.113.7/32")}, days * count(n, to)},
		{"pair", Query{Host: prefixes("203.0.113.7/32"), Peer: prefixes("10.1.1.2/32")}, days * count(n, func(f *model.Flow) bool { return from(f) && to(f) })},
		{"nobody", Query{Host: prefixes("192.0.2.0/24")}, 0},
		{"port", Query{Port: 443}, days * n},
		{"other port", Query{Port: 80}, 0},
		{"name", Query{Name: "www7.example.org"}, days * count(n, named)},
		{"domain", Query{Name: "example.org"}, days * count(n, func(f *model.Flow) bool { return len(f.Facts) > 0 })},
		{"no domain", Query{Name: "ample.org"}, 0},
		{"pattern", Query{Name: "www7.*"}, days * count(n, named)},
		{"ja4", Query{JA4: "t13d1516h2_8daaf6152771_02713d6af862"}, days * count(n, func(f *model.Flow) bool { return len(f.Facts) > 0 })},
		{"since", Query{Since: morning.Add(-time.Hour)}, n},
		{"until", Query{Until: morning}, 2 * n},
		{"minute", Query{Since: morning, Until: morning.Add(time.Minute)}, count(n, func(f *model.Flow) bool { return f.First.Before(morning.Add(time.Minute)) })},
		{"list", Query{List: list(t, "203.0.113[.]7, bad\n# nothing\nhxxps://WWW7.example.org/x\n192.0.2.0/24\n")}, days * count(n, func(f *model.Flow) bool { return to(f) || named(f) })},
	}
	check := func(t *testing.T) {
		for _, c := range cases {
			c.q.Limit = 50
			got, err := s.Hunt(t.Context(), c.q)
			if err != nil || got.Total != c.want || len(got.Rows) != int(min(c.want, 50)) {
				t.Errorf("%s: %d found, %d rows, want %d; %v", c.name, got.Total, len(got.Rows), c.want, err)
			}
			for i := range got.Rows[min(1, len(got.Rows)):] {
				if got.Rows[i].First < got.Rows[i+1].First {
					t.Fatalf("%s: the newest must come first", c.name)
				}
			}
		}
		st, err := s.Stat()
		if err != nil || st.Days != days || st.Oldest != "2026-11-18" || st.Newest != "2026-11-20" {
			t.Errorf("%+v %v", st, err)
		}
	}
	t.Run("as written", check)
	if err := s.Compact(t.Context(), morning.AddDate(0, 0, 1)); err != nil {
		t.Fatal(err)
	}
	t.Run("compacted", check)
	if st, err := s.Stat(); err != nil || st.Files != days || st.Rows != days*n {
		t.Errorf("after compaction: %+v %v", st, err)
	}
}

func TestRowsKeepWhatWasSeen(t *testing.T) {
	s := &Files{Dir: t.TempDir()}
	f := flowAt(0, 3)
	f.VLAN, f.Tunnel = 12, "vxlan"
	f.Client = netip.MustParseAddrPort("[2001:db8::5]:4000")
	f.Facts = append(f.Facts, model.Fact{Kind: model.DICOMCalled, Value: "PACS"}, model.Fact{Kind: model.NameHTTP, Value: "other.example.net"})
	w := s.Append(AppendOptions{})
	w.Flow(f)
	if _, err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	got, err := s.Hunt(t.Context(), Query{Host: prefixes("2001:db8::/64"), Fact: "pacs"})
	if err != nil || len(got.Rows) != 1 {
		t.Fatal(got, err)
	}
	want := Row{
		Client: "2001:db8::5", Server: f.Server.Addr().String(), Proto: 6, ServerPort: 443, ClientPort: 4000, First: f.First.UnixMilli(), Duration: 1000,
		PacketsOut: 5, PacketsIn: 6, BytesOut: 500, BytesIn: int64(f.IPBytes[1]), App: "ssl", State: "SF", VLAN: 12, Tunnel: "vxlan", Name: "www21.example.org",
		JA4: "t13d1516h2_8daaf6152771_02713d6af862", Facts: "dicom.called=PACS\nname.http=other.example.net",
	}
	if got.Rows[0] != want {
		t.Errorf("got %+v\nwant %+v", got.Rows[0], want)
	}
}

func TestPeers(t *testing.T) {
	s := &Files{Dir: t.TempDir()}
	const n = 2000
	fill(t, s, 2, n)
	fill(t, s, 1, n)
	client := netip.MustParseAddr("10.1.1.2")
	want := 2 * count(n, func(f *model.Flow) bool { return f.Client.Addr() == client })
	for range 2 {
		got, err := s.Peers(t.Context(), Query{Host: prefixes("10.1.1.2/32")})
		if err != nil || len(got) == 0 {
			t.Fatal(got, err)
		}
		sum := uint64(0)
		for _, p := range got {
			sum += p.Flows
			if p.Client != "10.1.1.2" || p.Port != 443 || p.BytesOut != int64(p.Flows)*500 || p.First.After(p.Last) {
				t.Errorf("%+v", p)
			}
		}
		if sum != want {
			t.Errorf("%d flows, want %d", sum, want)
		}
		if err := s.Compact(t.Context(), morning.AddDate(0, 0, 1)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWhatIsOutsideIsCounted(t *testing.T) {
	s := &Files{Dir: t.TempDir()}
	w := s.Append(AppendOptions{Oldest: morning, Newest: morning.AddDate(0, 0, 1)})
	for _, day := range []int{0, 1, -3} {
		w.Flow(flowAt(day, 1))
	}
	if n, err := w.Flush(); err != nil || n != (Written{Rows: 1, Outside: 2}) {
		t.Errorf("%+v %v", n, err)
	}
}

func TestExpire(t *testing.T) {
	s := &Files{Dir: t.TempDir()}
	fill(t, s, 6, 500)
	e, err := s.Expire(morning.AddDate(0, 0, -3), 0)
	if err != nil || e.Days != 2 || e.ByQuota != 0 {
		t.Fatalf("%+v %v", e, err)
	}
	st, err := s.Stat()
	if err != nil || st.Days != 4 || st.Oldest != "2026-11-17" {
		t.Fatalf("%+v %v", st, err)
	}
	e, err = s.Expire(time.Time{}, st.Bytes-1)
	if err != nil || e.Days != 1 || e.ByQuota != 1 {
		t.Errorf("%+v %v", e, err)
	}
	if st, err := s.Stat(); err != nil || st.Days != 3 || st.Newest != "2026-11-20" {
		t.Errorf("%+v %v", st, err)
	}
}

func TestADiskThatRefusesIsTold(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	w := (&Files{Dir: dir}).Append(AppendOptions{})
	w.Flow(flowAt(0, 1))
	if n, err := w.Flush(); err == nil || n != (Written{Lost: 1}) {
		t.Errorf("%+v %v", n, err)
	}
}

// A process that is killed while it writes and compacts damages nothing that was stored.
func TestKill(t *testing.T) {
	if dir := os.Getenv("MIMAWARI_TEST_KILL"); dir != "" {
		s := &Files{Dir: dir}
		for round := 0; ; round++ {
			w := s.Append(AppendOptions{})
			for i := range 3000 {
				w.Flow(flowAt(round%2, round*3000+i))
			}
			if _, err := w.Flush(); err != nil {
				t.Fatal(err)
			}
			fmt.Println("stored", round+1)
			if err := s.Compact(t.Context(), morning.AddDate(0, 0, 1)); err != nil {
				t.Fatal(err)
			}
		}
	}
	dir, stored := t.TempDir(), 0
	for try := range 4 {
		stored = max(stored, killAfter(t, dir, 2+3*try))
		got, err := (&Files{Dir: dir}).Hunt(t.Context(), Query{})
		if err != nil || got.Total < uint64(stored*3000) {
			t.Fatalf("try %d: %d flows of %d: %v", try, got.Total, stored*3000, err)
		}
	}
	if err := (&Files{Dir: dir}).Compact(t.Context(), morning.AddDate(0, 0, 1)); err != nil {
		t.Fatal(err)
	}
}

// killAfter kills a writer after so many batches, at whatever it does then, and gives how many it had stored.
func killAfter(t *testing.T, dir string, batches int) (stored int) {
	t.Helper()
	c := exec.Command(os.Args[0], "-test.run=^TestKill$")
	c.Env = append(os.Environ(), "MIMAWARI_TEST_KILL="+dir)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for stored < batches {
		if _, err := fmt.Fscanf(out, "stored %d\n", &stored); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(time.Duration(batches) * 3 * time.Millisecond) // into the middle of something
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if c.Wait() == nil {
		t.Fatal("the writer ended by itself")
	}
	return stored
}

func FuzzParseList(f *testing.F) {
	f.Add("203.0.113[.]7\nhxxp://evil.example/x,why\n10.0.0.0/8\nt13d1516h2_8daaf6152771_02713d6af862\n\ufeff2001:db8::1")
	f.Fuzz(func(t *testing.T, text string) {
		l, err := ParseList(strings.NewReader(text))
		if err != nil {
			return
		}
		for n := range l.names {
			if !l.hasName([]byte("sub." + n)) {
				t.Errorf("a name below %q is not found", n)
			}
		}
	})
}
