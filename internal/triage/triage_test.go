package triage

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mimawari/mimawari/internal/model"
)

var t0 = time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)

func all(model.Finding) bool  { return true }
func none(model.Finding) bool { return false }

func day(n int) time.Time { return t0.AddDate(0, 0, n) }

func saw(rule, ip string, at time.Time) model.Finding {
	return model.Finding{
		ID: model.FindingID(rule, ip), Rule: rule, Severity: model.High, First: at, Last: at, Count: 1,
		Assets:   []model.Asset{{Host: "h-" + ip, IP: ip}},
		Evidence: []model.Evidence{{At: at, Source: "x.pcap", Text: "seen"}},
	}
}

func state(t *testing.T, fs []model.Finding, want ...model.State) {
	t.Helper()
	var got []model.State
	for _, f := range fs {
		got = append(got, f.State)
	}
	if !slices.Equal(got, want) {
		t.Fatalf("states %v, want %v", got, want)
	}
}

// A capture that is read twice, or an old one, neither counts twice nor brings back what is resolved.
func TestTheSameCaptureAgain(t *testing.T) {
	f := saw("line.tool", "10.0.0.1", day(3))
	f.Count = 7
	known := Reconcile(nil, []model.Finding{f}, nil, day(3), all)
	known = Reconcile(known, []model.Finding{f}, nil, day(4), all)
	if known[0].Count != 7 || len(known[0].Evidence) != 1 {
		t.Fatalf("%+v", known[0])
	}
	resolved := Reconcile(known, nil, nil, day(5), all)
	state(t, resolved, model.Resolved)
	state(t, Reconcile(resolved, []model.Finding{f}, nil, day(6), all), model.Resolved)
	old := saw("line.tool", "10.0.0.1", day(1))
	resolved = Reconcile(resolved, []model.Finding{old}, nil, day(6), all)
	state(t, resolved, model.Resolved)
	if resolved[0].Count != 8 || !resolved[0].First.Equal(day(1)) {
		t.Fatalf("%+v", resolved[0])
	}
	state(t, Reconcile(resolved, []model.Finding{saw("line.tool", "10.0.0.1", day(7))}, nil, day(7), all), model.Reopened)
}

// The life of one finding, patrol by patrol.
func TestLife(t *testing.T) {
	f := saw("line.tool", "10.0.0.1", day(0))
	known := Reconcile(nil, []model.Finding{f}, nil, day(0), all)
	state(t, known, model.Open)
	known = Reconcile(known, nil, nil, day(1), none)
	state(t, known, model.Open)
	known = Reconcile(known, nil, nil, day(2), nil)
	state(t, known, model.Open)
	known = Reconcile(known, nil, nil, day(3), all)
	state(t, known, model.Resolved)
	known = Reconcile(known, []model.Finding{saw("line.tool", "10.0.0.1", day(4))}, nil, day(4), all)
	state(t, known, model.Reopened)
	if g := known[0]; !g.First.Equal(day(0)) || !g.Last.Equal(day(4)) || g.Count != 2 || len(g.Evidence) != 2 {
		t.Fatalf("%+v", g)
	}
	g, err := Apply(known[0], Action{To: model.Acknowledged, Who: "佐藤", Owner: "佐藤", Now: day(5)})
	if err != nil {
		t.Fatal(err)
	}
	known = Reconcile([]model.Finding{g}, []model.Finding{saw("line.tool", "10.0.0.1", day(5))}, nil, day(5), all)
	state(t, known, model.Acknowledged)
	if known[0].Owner != "佐藤" {
		t.Fatalf("%+v", known[0])
	}
}

// A service that is used every Monday is looked at every day: it goes and comes once, then it is known to be away for a week.
func TestOnceAWeek(t *testing.T) {
	var known []model.Finding
	var changes []model.State
	look := func(d int) {
		var fresh []model.Finding
		if d < 60 && d%7 == 0 {
			fresh = []model.Finding{saw("line.tool", "10.0.0.1", day(d))}
		}
		known = Reconcile(known, fresh, nil, day(d), all)
		if n := len(changes); n == 0 || changes[n-1] != known[0].State {
			changes = append(changes, known[0].State)
		}
	}
	for d := range 60 {
		look(d)
	}
	if want := []model.State{model.Open, model.Resolved, model.Reopened}; !slices.Equal(changes, want) {
		t.Errorf("%v, want %v", changes, want)
	}
	for d := 60; d < 66; d++ { // the last was on day 56; it is away for good after 7 days and a quarter of them
		look(d)
	}
	state(t, known, model.Resolved)
}

func TestAcceptedUntil(t *testing.T) {
	known := Reconcile(nil, []model.Finding{saw("a.b", "10.0.0.1", day(0))}, nil, day(0), all)
	g, err := Apply(known[0], Action{To: model.Accepted, Who: "佐藤", Owner: "情報課", Reason: "更新予定", Until: day(10), Now: day(0)})
	if err != nil {
		t.Fatal(err)
	}
	again := []model.Finding{saw("a.b", "10.0.0.1", day(9))}
	state(t, Reconcile([]model.Finding{g}, again, nil, day(9), all), model.Accepted)
	state(t, Reconcile([]model.Finding{g}, again, nil, day(10), all), model.Reopened)
	state(t, Reconcile([]model.Finding{g}, nil, nil, day(11), none), model.Reopened)
	gone := Reconcile([]model.Finding{g}, nil, nil, day(5), all)
	state(t, gone, model.Resolved)
	state(t, Reconcile(gone, again, nil, day(9), all), model.Accepted)
	state(t, Reconcile(gone, again, nil, day(12), all), model.Reopened)
}

func TestSuppressionActsOnThePastAndEnds(t *testing.T) {
	sup, err := NewSuppression(model.Suppression{Rule: "line.*", IP: "10.0.0.7/24", Reason: "検査", Owner: "佐藤", Until: day(5)}, day(1))
	if err != nil {
		t.Fatal(err)
	}
	if sup.IP != "10.0.0.0/24" || sup.ID == "" || !sup.Made.Equal(day(1)) {
		t.Fatalf("%+v", sup)
	}
	known := Reconcile(nil, []model.Finding{saw("line.tool", "10.0.0.1", day(0))}, nil, day(0), all)
	silent := Reconcile(known, nil, []model.Suppression{sup}, day(1), none)
	state(t, silent, model.Suppressed)
	if _, ok := Silenced(silent[0], []model.Suppression{sup}, day(4)); !ok {
		t.Fatal("not silenced")
	}
	state(t, Reconcile(silent, []model.Finding{saw("line.tool", "10.0.0.1", day(2))}, []model.Suppression{sup}, day(2), all), model.Suppressed)
	state(t, Reconcile(silent, nil, []model.Suppression{sup}, day(5), none), model.Open) // its time is over
	state(t, Reconcile(silent, nil, nil, day(2), none), model.Open)                      // it was removed
	state(t, Reconcile(silent, nil, []model.Suppression{sup}, day(2), all), model.Resolved)
}

func TestSuppressionMatches(t *testing.T) {
	f := saw("line.tool", "10.0.0.1", day(0))
	f.Assets = append(f.Assets, model.Asset{Host: "h-2", IP: "fd00::1"})
	for _, c := range []struct {
		x    model.Suppression
		want bool
	}{
		{model.Suppression{Rule: "line.tool"}, true},
		{model.Suppression{Rule: "line.*"}, true},
		{model.Suppression{Rule: "line."}, false},
		{model.Suppression{Rule: "lin"}, false},
		{model.Suppression{Host: "h-2"}, true},
		{model.Suppression{Host: "h-2", IP: "fd00::/8"}, true},
		{model.Suppression{Host: "h-2", IP: "10.0.0.1"}, false}, // two machines
		{model.Suppression{IP: "10.0.0.1"}, true},
		{model.Suppression{IP: "::ffff:10.0.0.1"}, true},
		{model.Suppression{IP: "10.0.0.2"}, false},
		{model.Suppression{IP: "nonsense"}, false},
		{model.Suppression{Rule: "auth.*", IP: "10.0.0.1"}, false},
		{model.Suppression{}, false},
		{model.Suppression{Rule: "*"}, false},
		{model.Suppression{Rule: "line.tool", Until: day(0)}, false},
	} {
		if _, got := Silenced(f, []model.Suppression{c.x}, day(0)); got != c.want {
			t.Errorf("%+v: %v", c.x, got)
		}
	}
}

func TestApplyRefuses(t *testing.T) {
	f := saw("a.b", "10.0.0.1", day(0))
	f.State = model.Open
	for _, c := range []struct {
		from model.State
		a    Action
		want string
	}{
		{model.Open, Action{To: model.Accepted, Who: "x", Reason: "y", Until: day(1)}, "owner"},
		{model.Open, Action{To: model.Accepted, Who: "x", Owner: " \n", Reason: "y", Until: day(1)}, "owner"},
		{model.Open, Action{To: model.Accepted, Who: "x", Owner: "x", Until: day(1)}, "reason"},
		{model.Open, Action{To: model.Accepted, Who: "x", Owner: "x", Reason: "y"}, "until"},
		{model.Open, Action{To: model.Accepted, Who: "x", Owner: "x", Reason: "y", Until: day(0)}, "until_past"},
		{model.Open, Action{To: model.Accepted, Who: "x", Owner: "x", Reason: "y", Until: day(3000)}, "until_far"},
		{model.Open, Action{To: model.Accepted, Owner: "x", Reason: "y", Until: day(1)}, "who"},
		{model.Open, Action{To: model.Resolved, Who: "x"}, "reason"},
		{model.Open, Action{To: model.Reopened, Who: "x"}, "state"},
		{model.Open, Action{To: model.Suppressed, Who: "x"}, "state"},
		{model.Open, Action{To: "nonsense", Who: "x"}, "state"},
		{model.Resolved, Action{To: model.Acknowledged, Who: "x"}, "step"},
	} {
		f.State, c.a.Now = c.from, day(0)
		g, err := Apply(f, c.a)
		e, _ := err.(*Error)
		if e == nil || e.Code != c.want {
			t.Errorf("%s -> %+v: %v, want %s", c.from, c.a, err, c.want)
		}
		if d := cmp.Diff(f, g); d != "" {
			t.Errorf("changed: %s", d)
		}
	}
}

func TestNewSuppressionRefuses(t *testing.T) {
	for want, x := range map[string]model.Suppression{
		"matches_all": {Reason: "x", Owner: "y"}, "address": {IP: "10.0.0", Reason: "x", Owner: "y"},
		"reason": {Rule: "a.b", Owner: "y"}, "owner": {Rule: "a.b", Reason: "x"}, "until_past": {Rule: "a.b", Reason: "x", Owner: "y", Until: day(-1)},
	} {
		_, err := NewSuppression(x, day(0))
		if e, _ := err.(*Error); e == nil || e.Code != want || !slices.Contains(ErrorCodes, want) {
			t.Errorf("%+v: %v, want %s", x, err, want)
		}
	}
}

// world makes random findings over few causes, so that they meet.
type world struct{ *rand.Rand }

func (w world) findings(n int) (fs []model.Finding) {
	for range n {
		f := saw([]string{"line.tool", "a.b", "c.d"}[w.IntN(3)], fmt.Sprint("10.0.0.", w.IntN(4)), day(w.IntN(30)))
		f.Severity = model.Severity(w.IntN(5))
		f.Count = uint64(w.IntN(9))
		for range w.IntN(12) {
			f.Evidence = append(f.Evidence, model.Evidence{At: day(w.IntN(30)), Text: fmt.Sprint(w.IntN(99))})
		}
		fs = append(fs, f)
	}
	return fs
}

func (w world) known() []model.Finding {
	fs := Reconcile(nil, w.findings(6), nil, day(0), none)
	states := []model.State{model.Open, model.Acknowledged, model.Accepted, model.Resolved, model.Reopened, model.Suppressed}
	for i := range fs {
		fs[i].State = states[w.IntN(len(states))]
		if fs[i].State == model.Accepted {
			fs[i].Owner, fs[i].Reason, fs[i].Until = "o", "r", day(w.IntN(60))
		}
	}
	return fs
}

func (w world) suppressions() (sup []model.Suppression) {
	for range w.IntN(3) {
		sup = append(sup, model.Suppression{
			ID: fmt.Sprint("s-", w.IntN(99)), Rule: []string{"", "line.*", "a.b"}[w.IntN(3)],
			IP: []string{"", "10.0.0.1", "10.0.0.0/31"}[w.IntN(3)], Until: day(w.IntN(60)),
		})
	}
	return sup
}

func TestProperties(t *testing.T) {
	for seed := range uint64(800) {
		w := world{rand.New(rand.NewPCG(seed, 1))}
		known, fresh, sup, now := w.known(), w.findings(w.IntN(9)), w.suppressions(), day(w.IntN(60))
		covered := func(f model.Finding) bool { return f.Rule != "c.d" }
		before := fmt.Sprint(known, fresh)
		out := Reconcile(known, fresh, sup, now, covered)
		if fmt.Sprint(known, fresh) != before {
			t.Fatalf("seed %d: the input was changed", seed)
		}
		checkOutcome(t, seed, known, fresh, sup, now, out)
		w.Shuffle(len(fresh), func(i, j int) { fresh[i], fresh[j] = fresh[j], fresh[i] })
		w.Shuffle(len(known), func(i, j int) { known[i], known[j] = known[j], known[i] })
		if d := cmp.Diff(out, Reconcile(known, fresh, sup, now, covered)); d != "" {
			t.Fatalf("seed %d: depends on the order: %s", seed, d)
		}
		// A patrol that looks at nothing, at the same moment, changes nothing.
		if d := cmp.Diff(out, Reconcile(out, nil, sup, now, none)); d != "" {
			t.Fatalf("seed %d: not at rest: %s", seed, d)
		}
	}
}

func checkOutcome(t *testing.T, seed uint64, known, fresh []model.Finding, sup []model.Suppression, now time.Time, out []model.Finding) {
	t.Helper()
	byID := map[string]model.Finding{}
	for _, f := range out {
		if _, twice := byID[f.ID]; twice {
			t.Fatalf("seed %d: %s twice", seed, f.ID)
		}
		byID[f.ID] = f
	}
	if !slices.IsSortedFunc(out, Compare) {
		t.Fatalf("seed %d: not sorted", seed)
	}
	last := map[string]time.Time{}
	for _, f := range known {
		last[f.ID] = f.Last
	}
	seen, later := map[string]bool{}, map[string]bool{}
	for _, f := range fresh {
		seen[f.ID] = true
		later[f.ID] = later[f.ID] || f.Last.After(last[f.ID])
	}
	for _, f := range append(slices.Clone(known), fresh...) {
		g, ok := byID[f.ID]
		if !ok || g.First.After(f.First) || g.Last.Before(f.Last) || g.Count < f.Count {
			t.Fatalf("seed %d: %+v became %+v", seed, f, g)
		}
	}
	for _, g := range out {
		if len(g.Evidence) > model.MaxEvidence || len(g.Evidence) == 0 {
			t.Fatalf("seed %d: %d pieces of evidence", seed, len(g.Evidence))
		}
		if _, silent := Silenced(g, sup, now); silent && (g.State == model.Open || g.State == model.Reopened) || !silent && g.State == model.Suppressed {
			t.Fatalf("seed %d: silenced %v, state %s", seed, silent, g.State)
		}
		if later[g.ID] && g.State == model.Resolved || g.State == model.Accepted && !now.Before(g.Until) {
			t.Fatalf("seed %d: %+v", seed, g)
		}
	}
	for _, f := range known {
		g := byID[f.ID]
		if !seen[f.ID] && f.Rule != "c.d" && g.State != model.Resolved {
			t.Fatalf("seed %d: %+v was not seen and is not resolved", seed, g)
		}
		if seen[f.ID] && f.State == model.Acknowledged && g.State != model.Acknowledged {
			t.Fatalf("seed %d: an acknowledgement was lost: %+v", seed, g)
		}
	}
}

// The earliest and the latest evidence survive any number of patrols.
func TestEvidenceKeepsBothEnds(t *testing.T) {
	var known []model.Finding
	for i := range 40 {
		known = Reconcile(known, []model.Finding{saw("a.b", "10.0.0.1", day(i))}, nil, day(i), all)
	}
	ev := known[0].Evidence
	if len(ev) != model.MaxEvidence || !ev[0].At.Equal(day(0)) || !ev[len(ev)-1].At.Equal(day(39)) {
		t.Fatalf("%+v", ev)
	}
}

// The same capture looked at twice is not twice as much; a later one adds up.
func TestTheSameTrafficIsNotCountedTwice(t *testing.T) {
	at := time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)
	f := model.Finding{ID: "f-aaaaaaaaaaaa", Rule: "x.y", First: at, Last: at.Add(time.Hour), Count: 5}
	all := func(model.Finding) bool { return true }
	once := Reconcile(nil, []model.Finding{f}, nil, at, all)
	again := Reconcile(once, []model.Finding{f}, nil, at, all)
	if again[0].Count != 5 {
		t.Errorf("count %d after looking at the same traffic again", again[0].Count)
	}
	f.First, f.Last = at.Add(2*time.Hour), at.Add(3*time.Hour)
	if later := Reconcile(again, []model.Finding{f}, nil, at, all); later[0].Count != 10 {
		t.Errorf("count %d after an hour of new traffic", later[0].Count)
	}
}
