package store_test

import (
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/store"
	"github.com/mimawari/mimawari/internal/store/storetest"
)

func testHostPages(t *testing.T, s *store.Store) {
	r := storetest.Result(1, 47, 0, 0)
	must(t, s.SaveResult(ctx, r))
	var ids []string
	q := store.HostQuery{Limit: 10}
	for page := 0; ; page++ {
		p, err := s.Hosts(ctx, q)
		must(t, err)
		for _, h := range p.Hosts {
			ids = append(ids, h.ID)
		}
		if page == 1 { // a host before the place and one that was shown vanish: nothing is skipped or shown twice
			less := r
			less.Hosts = slices.Delete(slices.Clone(r.Hosts), 2, 4)
			must(t, s.SaveResult(ctx, less))
		}
		if q.After = p.Next; q.After == "" {
			break
		}
	}
	var want []string
	for _, h := range r.Hosts { // made in the order of their addresses
		want = append(want, h.ID)
	}
	same(t, "hosts", ids, want)
}

func testHostSearch(t *testing.T, s *store.Store) {
	r := storetest.Result(1, 20, 0, 0)
	r.Hosts[5].Names = []string{"ﾅｰｽｽﾃｰｼｮﾝ＿ＰＣ", "100%_x"}
	r.Hosts[6].IPs, r.Hosts[7].Class = nil, "nas"
	must(t, s.SaveResult(ctx, r))
	f := func(q store.HostQuery, want ...int) {
		t.Helper()
		p, err := s.Hosts(ctx, q)
		must(t, err)
		var got, ids []string
		for _, h := range p.Hosts {
			got = append(got, h.ID)
		}
		for _, i := range want {
			ids = append(ids, r.Hosts[i].ID)
		}
		same(t, "hosts", got, ids)
		if q.After == "" && p.Total != len(want) {
			t.Fatalf("total %d", p.Total)
		}
	}
	f(store.HostQuery{Text: "pc-0003"}, 3)
	f(store.HostQuery{Text: "ナースステーション pc"}, 5)
	f(store.HostQuery{Text: "100%_"}, 5)
	f(store.HostQuery{Text: "0%0"})
	f(store.HostQuery{Text: `\`})
	f(store.HostQuery{Text: "10.0.0.4"}, 4)
	f(store.HostQuery{Text: "001B-8B00-0008"}, 8)
	f(store.HostQuery{Text: "8b-00-00-09"}, 9)
	f(store.HostQuery{Text: "端末12"}, 12)
	f(store.HostQuery{Text: "' OR 1=1 --"})
	f(store.HostQuery{MAC: r.Hosts[6].MACs[0]}, 6)
	f(store.HostQuery{IP: netip.MustParseAddr("::ffff:10.0.0.2")}, 2)
	f(store.HostQuery{Class: "nas"}, 7)
	f(store.HostQuery{Class: "-", Declared: "no"}, 5, 15)
	f(store.HostQuery{Class: "-", Declared: "yes"}, 0, 10)
	f(store.HostQuery{Text: "pc-00", Limit: 0, After: "40a000011~"}, 17, 18, 19, 6)
}

func testFindingPages(t *testing.T, s *store.Store) {
	r := storetest.Result(1, 0, 63, 0)
	must(t, s.SaveResult(ctx, r))
	want := slices.Clone(r.Findings)
	slices.SortFunc(want, func(a, b model.Finding) int {
		if a.Severity != b.Severity {
			return int(b.Severity - a.Severity)
		}
		if c := b.Last.Compare(a.Last); c != 0 {
			return c
		}
		return slices.Compare([]byte(a.ID), []byte(b.ID))
	})
	var got []model.Finding
	q := store.FindingQuery{Limit: 7}
	for {
		p, err := s.Findings(ctx, q)
		must(t, err)
		if p.Total != 63 {
			t.Fatalf("total %d", p.Total)
		}
		got = append(got, p.Findings...)
		if q.After = p.Next; q.After == "" {
			break
		}
	}
	same(t, "findings", got, want)
	for _, after := range []string{"x", "1.2", "a.b.c", "1..x"} {
		if _, err := s.Findings(ctx, store.FindingQuery{After: after}); !errors.Is(err, store.ErrCursor) {
			t.Errorf("after %q: %v", after, err)
		}
	}
}

func testFindingQueries(t *testing.T, s *store.Store) {
	r := storetest.Result(1, 0, 40, 0)
	r.Findings[7].State, r.Findings[8].State = model.Resolved, model.Accepted
	must(t, s.SaveResult(ctx, r))
	f := func(q store.FindingQuery, keep func(i int, f model.Finding) bool) {
		t.Helper()
		p, err := s.Findings(ctx, q)
		must(t, err)
		n := 0
		for i, x := range r.Findings {
			if keep(i, x) {
				n++
				if !slices.ContainsFunc(p.Findings, func(y model.Finding) bool { return y.ID == x.ID }) {
					t.Fatalf("%d is missing", i)
				}
			}
		}
		if n != p.Total || n != len(p.Findings) {
			t.Fatalf("%d, want %d", p.Total, n)
		}
	}
	f(store.FindingQuery{States: []model.State{model.Resolved, model.Accepted}}, func(i int, _ model.Finding) bool { return i == 7 || i == 8 })
	f(store.FindingQuery{Rules: []string{"line.*", "auth.cleartext"}}, func(i int, _ model.Finding) bool { return i%4 != 2 })
	f(store.FindingQuery{MinSeverity: model.High}, func(_ int, f model.Finding) bool { return f.Severity >= model.High })
	f(store.FindingQuery{Host: r.Findings[3].Assets[0].Host}, func(i int, _ model.Finding) bool { return i == 3 })
	f(store.FindingQuery{Text: "ｐｃ-0011"}, func(i int, _ model.Finding) bool { return i == 11 })
	f(store.FindingQuery{Text: "001b.8b00.0009"}, func(i int, _ model.Finding) bool { return i == 9 })
	f(store.FindingQuery{Text: "10.0.0.12", MinSeverity: model.Medium}, func(i int, _ model.Finding) bool { return i == 12 })
	cs, err := s.FindingCounts(ctx)
	must(t, err)
	sum := 0
	for _, c := range cs {
		sum += c.Count
		if c.State == model.Resolved && (c.Severity != r.Findings[7].Severity || c.Count != 1) {
			t.Fatalf("%+v", c)
		}
	}
	if sum != 40 {
		t.Fatalf("counted %d", sum)
	}
}

func testFindingLife(t *testing.T, s *store.Store) {
	r := storetest.Result(1, 0, 3, 0)
	must(t, s.SaveResult(ctx, r))
	id := r.Findings[1].ID
	until := storetest.Base.AddDate(0, 1, 0)
	before := time.Now().Add(-time.Second)
	must(t, s.SetFindingState(ctx, id, model.Accepted, "佐藤", "保守のため", "情報課", until))
	f, es, err := s.Finding(ctx, id)
	must(t, err)
	want := r.Findings[1]
	want.State, want.Owner, want.Reason, want.Until = model.Accepted, "情報課", "保守のため", until
	same(t, "finding", f, want)
	if len(es) != 2 || es[1].From != model.Open || es[1].To != model.Accepted || es[1].Who != "佐藤" || es[1].Reason != "保守のため" || es[1].At.Before(before) {
		t.Fatalf("events %+v", es)
	}
	p, err := s.Findings(ctx, store.FindingQuery{States: []model.State{model.Accepted}, Host: want.Assets[0].Host, Text: "情報課"})
	must(t, err)
	same(t, "found", p.Findings, []model.Finding{want})
	// Somebody who saw one event only is late; somebody who saw both is not.
	if err := s.SetFindingStateSeen(ctx, id, 1, model.Open, "鈴木", "", "", time.Time{}); !errors.Is(err, model.ErrChanged) {
		t.Fatalf("late: %v", err)
	}
	now, _, err := s.Finding(ctx, id)
	must(t, err)
	same(t, "finding after the late one", now, want)
	must(t, s.SetFindingStateSeen(ctx, id, 2, model.Open, "鈴木", "", "", time.Time{}))
}

func testPeoplesWord(t *testing.T, s *store.Store) {
	r := storetest.Result(1, 0, 3, 0)
	must(t, s.SaveResult(ctx, r))
	_, err := s.LoadKnown(ctx) // the patrol starts
	must(t, err)
	must(t, s.SetFindingState(ctx, r.Findings[0].ID, model.Acknowledged, "佐藤", "見ます", "佐藤", time.Time{}))
	next := storetest.Result(2, 0, 3, 0)
	must(t, s.SaveResult(ctx, next)) // and ends, not knowing of it
	if next.Findings[0].State != model.Open {
		t.Fatal("the caller's findings were changed")
	}
	f, _, err := s.Finding(ctx, r.Findings[0].ID)
	must(t, err)
	if f.State != model.Acknowledged || f.Owner != "佐藤" || !f.Last.Equal(next.Findings[0].Last) {
		t.Fatalf("%+v", f)
	}
	_, err = s.LoadKnown(ctx)
	must(t, err)
	last := storetest.Result(3, 0, 3, 0)
	last.Findings[0].State = model.Resolved
	must(t, s.SaveResult(ctx, last))
	if f, _, _ = s.Finding(ctx, r.Findings[0].ID); f.State != model.Resolved {
		t.Fatalf("%+v", f)
	}
}

func testHostileText(t *testing.T, s *store.Store) {
	r := storetest.Result(1, 2, 2, 2)
	evil := "a\x00b\xff\xfe'; DROP TABLE hosts; --\u202e\U0010ffff"
	r.Hosts[0].Names = []string{evil}
	r.Hosts[0].Ledger.Key = evil
	r.Findings[0].Rule, r.Findings[0].Owner = evil, evil
	r.Bindings[0].Source = evil
	must(t, s.SaveResult(ctx, r))
	must(t, s.SetFindingState(ctx, r.Findings[0].ID, model.Acknowledged, evil, evil, evil, time.Time{}))
	must(t, s.SaveSetting(ctx, evil, evil))
	for _, text := range []string{evil, "drop table", "\x00", "\xff", "%", "_", `\\`} {
		if _, err := s.Hosts(ctx, store.HostQuery{Text: text, Class: text, After: text}); err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if _, err := s.Findings(ctx, store.FindingQuery{Text: text, Rules: []string{text}, Host: text, States: []model.State{model.State(text)}}); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
	p, err := s.Hosts(ctx, store.HostQuery{Text: "drop table hosts"})
	must(t, err)
	if p.Total != 1 {
		t.Fatalf("found %d", p.Total)
	}
	testCheck(t, s)
}

func testLedgers(t *testing.T, s *store.Store) {
	l := model.Ledger{
		Imported: storetest.Base, By: "佐藤", File: "台帳.xlsx", Hosts: []model.LedgerHost{{
			Key: "A-1", Name: "電子カルテ", Addrs: []model.AddrRange{{From: storetest.Addr(1), To: storetest.Addr(9)}}, MACs: []model.MAC{storetest.MAC(1)},
			Extra: []model.Extra{{Header: "備考2", Value: "x"}}, Place: model.Place{File: "台帳.xlsx", Sheet: "機器", Row: 5},
		}},
		Networks: []model.Network{{Name: "基幹", Prefix: netip.MustParsePrefix("10.0.0.0/8")}},
		Lines:    []model.Line{{Name: "保守", Kind: model.LineMaintenance, Peers: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}}},
	}
	for want := 1; want <= 3; want++ {
		n, err := s.SaveLedger(ctx, &l)
		must(t, err)
		if n != want || l.Version != 0 {
			t.Fatalf("version %d, want %d; the caller's has %d", n, want, l.Version)
		}
	}
	latest, err := s.LatestLedger(ctx)
	must(t, err)
	l.Version = 3
	same(t, "latest", *latest, l)
	k, err := s.LoadKnown(ctx)
	must(t, err)
	same(t, "known", *k.Ledger, l)
	second, err := s.LedgerVersion(ctx, 2)
	must(t, err)
	l.Version = 2
	same(t, "second", *second, l)
	ls, err := s.LedgerVersions(ctx)
	must(t, err)
	same(t, "newest", ls[0], store.LedgerInfo{Version: 3, Imported: storetest.Base.Truncate(time.Microsecond), By: "佐藤", File: "台帳.xlsx", Hosts: 1})
	if len(ls) != 3 || ls[2].Version != 1 {
		t.Fatalf("%+v", ls)
	}
}

func testSettings(t *testing.T, s *store.Store) {
	for _, want := range []string{"", "はい", "", "いいえ"} {
		if want != "" {
			must(t, s.SaveSetting(ctx, "a", want))
		} else {
			must(t, s.SaveSetting(ctx, "other", "x"))
			continue
		}
		got, err := s.Setting(ctx, "a")
		must(t, err)
		if got != want {
			t.Fatalf("%q, want %q", got, want)
		}
	}
	if v, err := s.Setting(ctx, "none"); err != nil || v != "" {
		t.Fatalf("%q, %v", v, err)
	}
}

func testSuppressions(t *testing.T, s *store.Store) {
	x := model.Suppression{ID: "s-2", Rule: "line.*", IP: "10.0.0.0/8", Reason: "検査中", Owner: "佐藤", Made: storetest.Base, Until: storetest.Base.Add(time.Hour)}
	y := model.Suppression{ID: "s-1", Host: "h-1", Reason: "x", Made: storetest.Base}
	must(t, s.AddSuppression(ctx, x))
	must(t, s.AddSuppression(ctx, y))
	y.Reason = "y"
	must(t, s.AddSuppression(ctx, y))
	got, err := s.Suppressions(ctx)
	must(t, err)
	same(t, "suppressions", got, []model.Suppression{y, x})
	must(t, s.RemoveSuppression(ctx, "s-1"))
	k, err := s.LoadKnown(ctx)
	must(t, err)
	same(t, "known", k.Suppressions, []model.Suppression{x})
	if err := s.AddSuppression(ctx, model.Suppression{}); err == nil {
		t.Fatal("saved a suppression without id")
	}
}

func testInstitution(t *testing.T, s *store.Store) {
	x, err := s.Institution(ctx)
	must(t, err)
	same(t, "nothing said", x, model.Institution{})
	want := model.Institution{
		Name: "髙﨑病院 \"𠮷\"", Kind: model.Hospital, Beds: 199, OpenEmergency: true,
		Contacts: []model.Contact{{Role: "院長", Name: "佐藤", Phone: "03-1234-5678"}, {Role: "業者", Mail: "a@b.example"}},
	}
	must(t, s.SaveInstitution(ctx, want))
	x, err = s.Institution(ctx)
	must(t, err)
	same(t, "institution", x, want)
	must(t, s.SaveSetting(ctx, "institution", `{"name":`))
	var known *store.Error
	if _, err := s.Institution(ctx); !errors.As(err, &known) || known.Code != store.Corrupt {
		t.Fatalf("damaged: %v", err)
	}
}
