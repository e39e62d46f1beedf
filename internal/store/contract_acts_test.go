package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/store"
	"github.com/mimawari/mimawari/internal/store/storetest"
)

func standing(s model.State, owner, reason string) *model.Standing {
	return &model.Standing{State: s, Owner: owner, Reason: reason}
}

// anAct changes one of everything.
func anAct(r model.Result) model.Act {
	made := model.Finding{ID: "f-made", Rule: "decision.stranger", Severity: model.High, Assets: []model.Asset{{Host: r.Hosts[1].ID, Label: "x"}}, First: storetest.Base, Last: storetest.Base, Count: 1}
	at := storetest.Base.Add(48 * time.Hour)
	return model.Act{
		Batch: model.Batch{
			ID: "b-1", Kind: model.BatchKnown, Who: "佐藤", Why: "棚卸し", At: at, Subjects: []string{"PC1"}, Count: 1,
			Findings: []model.FindingStep{
				{ID: r.Findings[0].ID, Before: standing(model.Open, "", ""), After: standing(model.Resolved, "", "登録した")},
				{ID: "f-made", After: standing(model.Open, "鈴木", "誰も知らない"), Made: &made},
			},
			Marks:     []model.MarkStep{{Host: r.Hosts[1].ID, After: &model.Mark{Host: r.Hosts[1].ID, NotKnown: true, Owner: "鈴木", Who: "佐藤", At: at}}},
			Inquiries: []model.InquiryStep{{ID: "q-1", After: &model.Inquiry{ID: "q-1", Host: r.Hosts[2].ID, State: model.InquirySent, To: "検査科", Made: at}}},
		},
		Ledger: &model.Ledger{By: "佐藤", Why: "棚卸し", File: "台帳.xlsx", Imported: at, Hosts: []model.LedgerHost{{Key: "pc1", Name: "PC1"}}},
		Refs:   []model.HostRef{{Host: r.Hosts[0].ID, Ref: &model.LedgerRef{Key: "pc1", Name: "PC1", By: "ip"}}, {Host: "h-forgotten"}},
	}
}

func reversed(b model.Batch) model.Batch {
	u := model.Batch{ID: "b-2", Kind: model.BatchUndo, Who: "佐藤", At: b.At, Before: b.After, Undoes: b.ID}
	for _, s := range b.Findings {
		u.Findings = append(u.Findings, model.FindingStep{ID: s.ID, Before: s.After, After: s.Before, Made: s.Made})
	}
	for _, s := range b.Marks {
		u.Marks = append(u.Marks, model.MarkStep{Host: s.Host, Before: s.After, After: s.Before})
	}
	for _, s := range b.Inquiries {
		u.Inquiries = append(u.Inquiries, model.InquiryStep{ID: s.ID, Before: s.After, After: s.Before})
	}
	return u
}

// One decision changes the ledger, findings, marks, questions and hosts together, and its reverse changes them back.
func testActs(t *testing.T, s *store.Store) {
	r := storetest.Result(0, 4, 4, 4)
	r.Patrol.Ledger = 0
	must(t, s.SaveResult(ctx, r))
	first, err := s.Stamp(ctx)
	must(t, err)
	b, err := s.SaveAct(ctx, anAct(r))
	must(t, err)
	if b.N != 1 || b.After != 1 || b.Before != 0 {
		t.Fatalf("%+v", b)
	}
	if now, err := s.Stamp(ctx); err != nil || now == first || now.Ledger != 1 || now.Decisions != 1 {
		t.Fatalf("%+v %v", now, err)
	}
	h, err := s.Host(ctx, r.Hosts[0].ID)
	must(t, err)
	if h.Ledger == nil || h.Ledger.Key != "pc1" {
		t.Fatalf("%+v", h.Ledger)
	}
	f, es, err := s.Finding(ctx, "f-made")
	must(t, err)
	if f.Owner != "鈴木" || f.State != model.Open || len(es) != 1 || es[0].Who != "佐藤" || es[0].From != "" {
		t.Fatalf("%+v %+v", f, es)
	}
	about, err := s.FindingsAbout(ctx, []string{r.Hosts[1].ID}, []string{"f-none", r.Findings[0].ID})
	must(t, err)
	if len(about) != 3 {
		t.Fatalf("%+v", about)
	}
	vs, err := s.LedgerVersions(ctx)
	must(t, err)
	if len(vs) != 1 || vs[0].Why != "棚卸し" || vs[0].By != "佐藤" {
		t.Fatalf("%+v", vs)
	}
	undo := model.Act{Batch: reversed(b), Ledger: &model.Ledger{}}
	u, err := s.SaveAct(ctx, undo)
	must(t, err)
	back, err := s.Findings(ctx, store.FindingQuery{})
	must(t, err)
	for _, f := range back.Findings {
		if f.State != model.Open || f.Reason != "" || f.ID == "f-made" {
			t.Fatalf("%+v", f)
		}
	}
	ms, err1 := s.Marks(ctx)
	qs, err2 := s.Inquiries(ctx)
	old, err3 := s.Batch(ctx, "b-1")
	must(t, errors.Join(err1, err2, err3))
	if len(ms) != 0 || len(qs) != 0 || old.Undone != u.ID {
		t.Fatalf("%+v %+v %+v", ms, qs, old)
	}
	undo.Batch.ID, undo.Batch.Before, undo.Batch.Findings, undo.Batch.Marks, undo.Batch.Inquiries = "b-3", 2, nil, nil, nil
	if _, err := s.SaveAct(ctx, undo); !errors.Is(err, model.ErrMoved) {
		t.Fatalf("taken back twice: %v", err)
	}
	rep, err := s.Check(ctx)
	must(t, err)
	if len(rep.Problems) > 0 {
		t.Fatalf("%+v", rep.Problems)
	}
}

// What a decision was made on is no longer so: nothing of it is stored.
func testActsThatMoved(t *testing.T, s *store.Store) {
	r := storetest.Result(0, 4, 4, 4)
	r.Patrol.Ledger = 0
	must(t, s.SaveResult(ctx, r))
	_, err := s.SaveAct(ctx, anAct(r))
	must(t, err)
	for name, change := range map[string]func(*model.Act){
		"ledger":  func(a *model.Act) { a.Batch.Findings, a.Batch.Marks, a.Batch.Inquiries = nil, nil, nil },
		"finding": func(a *model.Act) { a.Batch.Before, a.Batch.Marks, a.Batch.Inquiries = 1, nil, nil },
		"mark":    func(a *model.Act) { a.Batch.Before, a.Batch.Findings, a.Batch.Inquiries = 1, nil, nil },
		"inquiry": func(a *model.Act) { a.Batch.Before, a.Batch.Findings, a.Batch.Marks = 1, nil, nil },
	} {
		a := anAct(r)
		a.Batch.ID = "b-" + name
		change(&a)
		if _, err := s.SaveAct(ctx, a); !errors.Is(err, model.ErrMoved) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if x, err := s.Stamp(ctx); err != nil || x.Ledger != 1 || x.Decisions != 1 {
		t.Errorf("%+v %v", x, err)
	}
}

// A patrol that started before a decision does not undo it: its result is refused if the ledger moved, keeps the person's
// word on findings, and brings no finding back that a person took away.
func testPatrolBesideActs(t *testing.T, s *store.Store) {
	r := storetest.Result(0, 4, 4, 4)
	r.Patrol.Ledger = 0
	must(t, s.SaveResult(ctx, r))
	b, err := s.SaveAct(ctx, anAct(r))
	must(t, err)
	known, err := s.LoadKnown(ctx)
	must(t, err)
	_, err = s.SaveAct(ctx, model.Act{Batch: reversed(b), Ledger: &model.Ledger{}})
	must(t, err)
	_, err = s.LoadKnown(ctx) // another patrol, or a decision, of the same process
	must(t, err)
	late := model.Result{Patrol: r.Patrol, Hosts: known.Hosts, Bindings: known.Bindings, Findings: known.Findings, Moment: known.Moment}
	late.Patrol.ID, late.Patrol.Ledger = "p-late", 1
	if err := s.SaveResult(ctx, late); !errors.Is(err, model.ErrMoved) {
		t.Fatalf("held against version 1, there is 2: %v", err)
	}
	late.Patrol.Ledger = 2
	must(t, s.SaveResult(ctx, late))
	p, err := s.Findings(ctx, store.FindingQuery{})
	must(t, err)
	for _, f := range p.Findings {
		if f.ID == "f-made" || f.State != model.Open {
			t.Errorf("%+v", f)
		}
	}
}
