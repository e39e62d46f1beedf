package app_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/ledger"
	"github.com/mimawari/mimawari/internal/ledger/decide"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/store"
	"github.com/mimawari/mimawari/internal/store/storetest"
)

var (
	bg     = context.Background()
	deskAt = time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
	sato   = decide.Person{Name: "佐藤", Why: "棚卸し", Lang: locale.Japanese}
	suzuki = decide.Person{Name: "鈴木", Why: "訂正", Lang: locale.Japanese}
)

// clinic is a data directory with twelve machines seen, of which the even ones are in the ledger, some of them differently.
func clinic(t *testing.T) (*app.Declarer, *store.Store) {
	t.Helper()
	a, err := app.Open(bg, filepath.Join(t.TempDir(), "data"), "test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	l := &model.Ledger{File: "台帳.xlsx", By: "前任", Imported: deskAt, Networks: []model.Network{{Name: "基幹系", Prefix: netip.MustParsePrefix("10.0.0.0/24"), Zone: "基幹"}}}
	r := storetest.Result(1, 12, 0, 12)
	for i := range r.Hosts {
		h := &r.Hosts[i]
		h.Ledger, h.Confidence, h.Last = nil, 0.9, deskAt
		rule := "inventory.unknown_host"
		if i%2 == 0 {
			x := model.LedgerHost{Key: fmt.Sprintf("pc-%04d", i), Name: fmt.Sprintf("PC-%04d", i), Addrs: []model.AddrRange{{From: h.IPs[0], To: h.IPs[0]}}, MACs: h.MACs, Place: model.Place{File: "台帳.xlsx", Sheet: "機器", Row: i + 2}}
			if i%4 == 0 {
				x.Name, x.Key = fmt.Sprintf("OLD-%04d", i), fmt.Sprintf("old-%04d", i)
			}
			l.Hosts = append(l.Hosts, x)
			rule = "inventory.name_mismatch"
		}
		r.Findings = append(r.Findings, model.Finding{
			ID: model.FindingID(rule, h.ID), Rule: rule, Severity: model.Medium, Assets: []model.Asset{{Host: h.ID, Label: h.Names[0]}}, First: deskAt, Last: deskAt, Count: 1, State: model.Open,
		})
	}
	l.Hosts = append(l.Hosts, model.LedgerHost{Key: "ghost", Name: "GHOST", Addrs: []model.AddrRange{{From: netip.MustParseAddr("10.0.0.200"), To: netip.MustParseAddr("10.0.0.200")}}})
	if _, err := a.Store.SaveLedger(bg, l); err != nil {
		t.Fatal(err)
	}
	r.Patrol.Ledger = 1
	if err := a.Store.SaveResult(bg, r); err != nil {
		t.Fatal(err)
	}
	return &app.Declarer{App: a, Now: func() time.Time { return deskAt }, Zone: time.UTC}, a.Store
}

func look(t *testing.T, d *app.Declarer) *decide.Moment {
	t.Helper()
	m, err := d.Look(bg)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func ids(m *decide.Moment, s decide.Status) (out []string) {
	for _, p := range m.Pairing.Select(decide.Filter{Status: s}) {
		out = append(out, p.ID)
	}
	return out
}

func TestSideBySide(t *testing.T) {
	d, _ := clinic(t)
	m := look(t, d)
	want := map[decide.Status]int{decide.Undeclared: 6, decide.Differs: 3, decide.Same: 3, decide.Unseen: 1}
	if diff := cmp.Diff(want, m.Pairing.Counts); diff != "" {
		t.Fatal(diff)
	}
	p := m.Pairing.Get(ids(m, decide.Differs)[1])
	if p.Declared.Name != "OLD-0004" || p.Differs[0] != (decide.Difference{Field: "name", Declared: "OLD-0004", Seen: "PC-0004"}) {
		t.Fatalf("%+v", p)
	}
	for text, n := range map[string]int{"ｐｃ－０００４": 1, "10.0.0.200": 1, "00-1B-8B-00-00-03": 1, "old": 3, "": 13, "windows pc-0001": 1, "zzz": 0} {
		if got := len(m.Pairing.Select(decide.Filter{Text: text})); got != n {
			t.Errorf("%q finds %d, want %d", text, got, n)
		}
	}
	if again := look(t, d); again != m {
		t.Error("looked twice although nothing changed")
	}
}

// state is all that decisions change, for comparing.
type state struct {
	Rows      map[ledger.Kind][]ledger.Row
	Findings  map[string]model.Standing
	Marks     []model.Mark
	Inquiries []model.Inquiry
	Refs      map[string]string
}

func stateOf(t *testing.T, s *store.Store) state {
	t.Helper()
	x := state{Rows: map[ledger.Kind][]ledger.Row{}, Findings: map[string]model.Standing{}, Refs: map[string]string{}}
	l, err1 := s.LatestLedger(bg)
	p, err2 := s.Findings(bg, store.FindingQuery{Limit: 1000})
	var err3, err4 error
	x.Marks, err3 = s.Marks(bg)
	x.Inquiries, err4 = s.Inquiries(bg)
	hs, err5 := s.AllHosts(bg)
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		t.Fatal(err)
	}
	for _, k := range ledger.Kinds {
		x.Rows[k] = ledger.Rows(l, k)
	}
	for _, f := range p.Findings {
		x.Findings[f.ID] = model.StandingOf(f)
	}
	for _, h := range hs {
		if h.Ledger != nil {
			x.Refs[h.ID] = h.Ledger.Key
		}
	}
	return x
}

// decision makes some decision that is possible now.
func decision(r *rand.Rand, d *app.Declarer, m *decide.Moment) (model.Batch, error) {
	some := func(s decide.Status) []string {
		all := ids(m, s)
		if len(all) == 0 {
			return nil
		}
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		return all[:1+r.IntN(len(all))]
	}
	strangers, differing := some(decide.Undeclared), some(decide.Differs)
	var choices []decide.Choice
	for _, id := range differing {
		choices = append(choices, decide.Choice{Host: id})
	}
	var b model.Batch
	var err error
	switch r.IntN(6) {
	case 0:
		var es []decide.Entry
		for _, id := range strangers {
			es = append(es, decide.Entry{Host: id, Values: map[string]string{"department": "検査科", "note": "=1+1"}})
		}
		b, _, err = d.Known(bg, es, sato)
	case 1:
		b, err = d.NotKnown(bg, strangers, "鈴木", sato)
	case 2:
		var qs []decide.Question
		for _, id := range strangers {
			qs = append(qs, decide.Question{Host: id})
		}
		b, err = d.Ask(bg, qs, "検査科", "kensa@example.jp", r.IntN(2) == 0, sato)
	case 3:
		b, _, err = d.Accept(bg, choices, sato)
	case 4:
		b, err = d.Keep(bg, choices, "鈴木", deskAt.Add(48*time.Hour), sato)
	case 5:
		b, _, err = d.EditRows(bg, []ledger.Edit{{Kind: ledger.KindPeople, Values: map[string]string{"name": fmt.Sprint("人", r.IntN(1000))}}}, sato)
	}
	return b, err
}

// Any decisions, taken back in reverse, leave everything exactly as it was.
func TestUndoIsIdentity(t *testing.T) {
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 3))
		d, s := clinic(t)
		if _, _, err := d.EditRows(bg, []ledger.Edit{{Kind: ledger.KindVendors, Values: map[string]string{"name": "先に"}}}, sato); err != nil { // brings hosts' rows up to date
			t.Fatal(err)
		}
		var done []string
		states := []state{stateOf(t, s)}
		for len(done) < 5 {
			b, err := decision(r, d, look(t, d))
			var no *decide.Refusal
			if errors.As(err, &no) && no.Code == "nothing" {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			done, states = append(done, b.ID), append(states, stateOf(t, s))
		}
		for i := len(done) - 1; i >= 0; i-- {
			if _, err := d.Undo(bg, done[i], false, sato); err != nil {
				t.Fatalf("seed %d, step %d: %v", seed, i, err)
			}
			if diff := cmp.Diff(states[i], stateOf(t, s), storetest.Equal); diff != "" {
				t.Fatalf("seed %d, step %d is not taken back exactly:\n%s", seed, i, diff)
			}
		}
		if rep, err := s.Check(bg); err != nil || len(rep.Problems) > 0 {
			t.Fatalf("%+v %v", rep.Problems, err)
		}
	}
}

// An undo can be undone, once.
func TestUndoOfUndo(t *testing.T) {
	d, s := clinic(t)
	b, err := d.NotKnown(bg, ids(look(t, d), decide.Undeclared)[:2], "鈴木", sato)
	if err != nil {
		t.Fatal(err)
	}
	after := stateOf(t, s)
	u, err := d.Undo(bg, b.ID, false, sato)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Undo(bg, u.Batch.ID, false, sato); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(after, stateOf(t, s), storetest.Equal); diff != "" {
		t.Fatal(diff)
	}
	var no *decide.Refusal
	if _, err := d.Undo(bg, b.ID, false, sato); !errors.As(err, &no) || no.Code != "undone" {
		t.Fatal(err)
	}
}

// Somebody else changed a row of the batch: it is named with who did it, nothing happens; what can be taken back is, if asked.
func TestUndoAfterOthers(t *testing.T) {
	d, _ := clinic(t)
	hosts := ids(look(t, d), decide.Undeclared)[:2]
	b, _, err := d.Known(bg, []decide.Entry{{Host: hosts[0]}, {Host: hosts[1]}}, sato)
	if err != nil {
		t.Fatal(err)
	}
	m := look(t, d)
	row := ledger.HostRowID(m.Pairing.Get(hosts[0]).Declared.Key)
	if _, _, err := d.EditRows(bg, []ledger.Edit{{Kind: ledger.KindHosts, ID: row, Values: map[string]string{"location": "2階"}}}, suzuki); err != nil {
		t.Fatal(err)
	}
	u, err := d.Undo(bg, b.ID, false, sato)
	var no *decide.Refusal
	if !errors.As(err, &no) || no.Code != "conflict" || len(u.Clashes) != 1 || u.Clashes[0].Who != "鈴木" {
		t.Fatalf("%v %+v", err, u.Clashes)
	}
	if n := look(t, d).Pairing.Counts[decide.Undeclared]; n != 4 {
		t.Fatalf("something was taken back: %d undeclared", n)
	}
	if _, err := d.Undo(bg, b.ID, true, sato); err != nil {
		t.Fatal(err)
	}
	if m := look(t, d); m.Pairing.Get(hosts[0]).Declared.Location != "2階" || m.Pairing.Get(hosts[1]).Declared != nil {
		t.Fatal("the rest was not taken back")
	}
}

// Two people have the same row open: the second is told who changed what, and nothing of the first is lost.
func TestTwoPeopleEditOneRow(t *testing.T) {
	d, _ := clinic(t)
	m := look(t, d)
	row := ledger.Rows(m.Ledger, ledger.KindHosts)[0]
	form := func(values map[string]string) decide.RowEdit {
		return decide.RowEdit{Edit: ledger.Edit{Kind: ledger.KindHosts, ID: row.ID, Values: values}, Version: m.Stamp.Ledger, Digest: row.Digest()}
	}
	if _, err := d.EditRow(bg, form(map[string]string{"name": "RENAMED", "location": "3階"}), suzuki); err != nil {
		t.Fatal(err)
	}
	_, err := d.EditRow(bg, form(map[string]string{"location": "4階"}), sato)
	var late *decide.Overtaken
	if !errors.As(err, &late) || late.Gone || late.Now.Value("location") != "3階" || len(late.Changes) != 2 {
		t.Fatalf("%v %+v", err, late)
	}
	for _, c := range late.Changes {
		if c.Who != "鈴木" || c.Field != "name" && c.Field != "location" {
			t.Errorf("%+v", c)
		}
	}
	again := form(map[string]string{"location": "4階"})
	again.ID, again.Digest, again.Version = late.Now.ID, late.Now.Digest(), 2
	if _, err := d.EditRow(bg, again, sato); err != nil {
		t.Fatal(err)
	}
	if r := ledger.Rows(look(t, d).Ledger, ledger.KindHosts)[0]; r.Value("name") != "RENAMED" || r.Value("location") != "4階" {
		t.Fatalf("%+v", r)
	}
	if _, err := d.EditRow(bg, decide.RowEdit{Edit: ledger.Edit{Kind: ledger.KindHosts, ID: late.Now.ID, Remove: true}}, sato); err != nil {
		t.Fatal(err)
	}
	if _, err := d.EditRow(bg, again, suzuki); !errors.As(err, &late) || !late.Gone {
		t.Fatal(err)
	}
}

// An edit that looks wrong is said first and stored on demand.
func TestDoubtfulEdit(t *testing.T) {
	d, _ := clinic(t)
	rows := ledger.Rows(look(t, d).Ledger, ledger.KindHosts)
	e := decide.RowEdit{Edit: ledger.Edit{Kind: ledger.KindHosts, ID: rows[0].ID, Values: map[string]string{"ip": rows[1].Value("ip")}}}
	_, err := d.EditRow(bg, e, sato)
	var doubt *decide.Doubtful
	if !errors.As(err, &doubt) || len(doubt.Clash) != 1 || doubt.Clash[0].Code != "duplicate_ip" {
		t.Fatalf("%v %+v", err, doubt)
	}
	e.Anyway = true
	if _, err := d.EditRow(bg, e, sato); err != nil {
		t.Fatal(err)
	}
}

// Twenty people decide at once; every decision is there in the end.
func TestDecisionsAtOnce(t *testing.T) {
	d, s := clinic(t)
	var wg sync.WaitGroup
	errs := make(chan error, 6)
	for i := range 6 {
		wg.Go(func() {
			for {
				_, _, err := d.EditRows(bg, []ledger.Edit{{Kind: ledger.KindPeople, Values: map[string]string{"name": fmt.Sprint("人", i)}}}, sato)
				if !errors.Is(err, model.ErrMoved) {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	for range 6 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	l, err := s.LatestLedger(bg)
	if err != nil || len(l.People) != 6 || l.Version != 7 {
		t.Fatalf("%v: %+v", err, l.People)
	}
}

// onRead does something when the patrol begins to read.
type onRead struct {
	io.Reader
	once sync.Once
	do   func()
}

func (o *onRead) Read(b []byte) (int, error) {
	o.once.Do(o.do)
	return o.Reader.Read(b)
}

// A patrol runs while somebody takes a machine into the ledger: it concludes with the new ledger.
func TestDecisionDuringPatrol(t *testing.T) {
	d, s := clinic(t)
	var b model.Batch
	target := ids(look(t, d), decide.Undeclared)[0]
	table := &onRead{Reader: strings.NewReader("? (10.0.0.1) at 00:1b:8b:00:00:01 [ether] on eth0\n? (10.0.0.3) at 00:1b:8b:00:00:03 [ether] on eth0\n"), do: func() {
		var err error
		if b, _, err = d.Known(bg, []decide.Entry{{Host: target}}, sato); err != nil {
			t.Error(err)
		}
	}}
	out, err := d.App.Patrol(bg, app.PatrolOptions{Stdin: table, Paths: []string{"-"}, Now: func() time.Time { return deskAt }, Progress: func(string, int64, int64) {}})
	if err != nil {
		t.Fatal(err)
	}
	if b.ID == "" {
		t.Fatal("nobody decided during the patrol: the test proves nothing")
	}
	if out.Patrol.Ledger != b.After {
		t.Errorf("concluded with version %d, want %d", out.Patrol.Ledger, b.After)
	}
	h, err := s.Host(bg, target)
	if err != nil || h.Ledger == nil {
		t.Errorf("the patrol undid the decision: %+v %v", h.Ledger, err)
	}
	f, _, err := s.Finding(bg, model.FindingID("inventory.unknown_host", target))
	if err != nil || f.State != model.Resolved {
		t.Errorf("%+v %v", f, err)
	}
}

// Every refusal has words in both languages, and none says a hole.
func TestRefusalsHaveWords(t *testing.T) {
	for _, c := range decide.Codes {
		for _, l := range locale.Langs {
			if w := locale.T(l, (&decide.Refusal{Code: c}).Key(), "name", "x", "names", "x", "id", "x", "row", "x"); w == "" || strings.Contains(w, "{") {
				t.Errorf("%s in %s: %q", c, l, w)
			}
		}
	}
}

// The page of a machine gets its row, of the newest version, whether or not the ledger was read before.
func TestDeclaredHost(t *testing.T) {
	d, s := clinic(t)
	h, err := d.DeclaredHost(bg, "ghost")
	if err != nil || h == nil || h.Name != "GHOST" {
		t.Fatal(h, err)
	}
	if _, err := s.SaveLedger(bg, &model.Ledger{Hosts: []model.LedgerHost{{Key: "ghost", Name: "RENAMED"}}}); err != nil {
		t.Fatal(err)
	}
	if h, err = d.DeclaredHost(bg, "ghost"); err != nil || h == nil || h.Name != "RENAMED" {
		t.Error(h, err)
	}
	if h, err = d.DeclaredHost(bg, "pc-0002"); err != nil || h != nil {
		t.Error(h, err)
	}
}

// What readers would wait for is made at once; a trouble is told.
func TestKeepWarm(t *testing.T) {
	ctx, stop := context.WithCancel(bg)
	defer stop()
	warmed, told := make(chan bool, 1), make(chan error, 1)
	go app.KeepWarm(ctx, func(err error) { told <- err }, warmer(func() error { return errors.New("no disk") }), warmer(func() error {
		warmed <- true
		return nil
	}))
	if err := <-told; err.Error() != "no disk" {
		t.Error(err)
	}
	<-warmed
}

type warmer func() error

func (w warmer) Warm(context.Context) error { return w() }
