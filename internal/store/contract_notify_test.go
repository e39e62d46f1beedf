package store_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/store"
	"github.com/mimawari/mimawari/internal/store/storetest"
)

var now = storetest.Base.Add(100 * time.Hour).Truncate(time.Microsecond)

func channel(id string) model.Channel {
	return model.Channel{
		ID: id, Kind: "slack", Name: "事務室 <b>\"'", On: true, Lang: "ja", When: model.Telling{Least: model.High, Now: true, At: "08:00", PerHour: 6},
		Options: map[string]string{"a": "b"}, Secrets: map[string]string{"url": "s1.xyz"}, Made: now, Changed: now,
	}
}

func delivery(id, channel, kind string, made time.Time) model.Delivery {
	return model.Delivery{ID: id, Channel: channel, Kind: kind, State: model.Waiting, Made: made, Next: made, Notice: model.Notice{Subject: "件名 \x00 '"}}
}

func testChannels(t *testing.T, s *store.Store) {
	must(t, s.SaveChannel(ctx, channel("c-2")))
	must(t, s.SaveChannel(ctx, channel("c-1")))
	cs, err := s.Channels(ctx)
	must(t, err)
	same(t, "channels", cs, []model.Channel{channel("c-1"), channel("c-2")})
	must(t, s.AddDelivery(ctx, delivery("n-1", "c-1", "alert", now)))
	off := channel("c-1")
	off.On = false
	must(t, s.SaveChannel(ctx, off))
	c, err := s.Channel(ctx, "c-1")
	must(t, err)
	same(t, "channel", c, off)
	ds, err := s.Deliveries(ctx, "c-1", 0)
	must(t, err)
	if len(ds) != 1 || ds[0].State != model.Dropped {
		t.Fatalf("%+v", ds)
	}
	must(t, s.RemoveChannel(ctx, "c-1"))
	_, err1 := s.Channel(ctx, "c-1")
	err2 := s.RemoveChannel(ctx, "c-1")
	_, _, err3 := s.ClaimDelivery(ctx, "n-none", now, now)
	for _, err := range []error{err1, err2, err3} {
		if !errors.Is(err, store.ErrNotFound) {
			t.Fatal(err)
		}
	}
	report, err := s.Check(ctx)
	must(t, err)
	if len(report.Problems) > 0 || report.Counts["notify_channels"] != 1 {
		t.Fatalf("%+v", report)
	}
}

// tell keeps everything fresh for channel c-1 and gives the ids.
func tell(t *testing.T, s *store.Store, at time.Time) (ids []string) {
	t.Helper()
	must(t, s.TellFresh(ctx, at, func(news []model.Fresh) (ps []model.Pending) {
		for _, n := range news {
			ids = append(ids, n.Finding.ID)
			ps = append(ps, model.Pending{Channel: "c-1", Finding: n.Finding, Urgent: n.Finding.Severity == model.Critical, At: at})
		}
		return ps
	}))
	return ids
}

func testTellFresh(t *testing.T, s *store.Store) {
	mark, err := s.NotifyMark(ctx)
	must(t, err)
	r := storetest.Result(1, 5, 6, 5)
	for i := range r.Findings {
		r.Findings[i].State = model.Open
	}
	r.Findings[5].State = model.Suppressed
	must(t, s.SaveResult(ctx, r))
	after, err := s.NotifyMark(ctx)
	must(t, err)
	if after == mark {
		t.Fatal("the mark did not change with a patrol")
	}
	if ids := tell(t, s, now); len(ids) != 5 {
		t.Fatalf("%d told, want all but the suppressed one", len(ids))
	}
	if ids := tell(t, s, now); len(ids) != 0 {
		t.Fatalf("told twice: %v", ids)
	}
	// A person reopens one: no news. The patrol resolves and finds it again: news.
	must(t, s.SetFindingState(ctx, r.Findings[0].ID, model.Acknowledged, "佐藤", "", "", time.Time{}))
	must(t, s.SetFindingState(ctx, r.Findings[0].ID, model.Open, "佐藤", "", "", time.Time{}))
	if ids := tell(t, s, now); len(ids) != 0 {
		t.Fatalf("a person's word was told: %v", ids)
	}
	for _, state := range []model.State{model.Resolved, model.Reopened} {
		r.Findings[1].State = state
		_, err := s.LoadKnown(ctx)
		must(t, err)
		must(t, s.SaveResult(ctx, r))
	}
	same(t, "told again", tell(t, s, now), []string{r.Findings[1].ID})
	b, err := s.Backlog(ctx, "c-1", now)
	must(t, err)
	if len(b.Pending) != 5 || b.Pending[0].Finding.ID == "" {
		t.Fatalf("%+v", b)
	}
	must(t, s.Plan(ctx, "c-1", now, func(b model.Backlog) ([]model.Delivery, []string) {
		return []model.Delivery{delivery("n-1", "c-1", "alert", now)}, []string{r.Findings[1].ID}
	}))
	b, err = s.Backlog(ctx, "c-1", now)
	must(t, err)
	if len(b.Pending) != 4 || b.LastHour != 1 || !b.Last["alert"].Equal(now) {
		t.Fatalf("%+v", b)
	}
}

func testOutbox(t *testing.T, s *store.Store) {
	must(t, s.SaveChannel(ctx, channel("c-1")))
	for i := range 3 {
		must(t, s.AddDelivery(ctx, delivery(fmt.Sprint("n-", i), "c-1", "alert", now.Add(time.Duration(-i)*time.Minute))))
	}
	later := delivery("n-later", "c-1", "stopped", now)
	later.Next, later.Cause = now.Add(time.Hour), "p-1"
	must(t, s.AddDelivery(ctx, later))
	wrong := delivery("n-wrong", "c-1", "daily", now.AddDate(10, 0, 0)) // the clock was wrong then
	must(t, s.AddDelivery(ctx, wrong))
	ds, err := s.DueDeliveries(ctx, now, 0)
	must(t, err)
	var ids []string
	for _, d := range ds {
		ids = append(ids, d.ID)
	}
	same(t, "due", ids, []string{"n-2", "n-1", "n-0", "n-wrong"})
	b, err := s.Backlog(ctx, "c-1", now)
	must(t, err)
	if b.LastHour != 3 || b.Cause["stopped"] != "p-1" || !b.Last["daily"].IsZero() {
		t.Fatalf("%+v", b)
	}
	d, got, err := s.ClaimDelivery(ctx, "n-2", now, now.Add(time.Minute))
	must(t, err)
	if !got || d.State != model.Sending || d.Tries != 1 {
		t.Fatalf("%+v", d)
	}
	d.State, d.Done = model.Sent, now
	must(t, s.FinishDelivery(ctx, d))
	must(t, s.PruneDeliveries(ctx, now.Add(time.Hour)))
	left, err := s.Deliveries(ctx, "", 0)
	must(t, err)
	if len(left) != 4 {
		t.Fatalf("%d left, want those that are not over", len(left))
	}
	report, err := s.Check(ctx)
	must(t, err)
	if len(report.Problems) > 0 {
		t.Fatalf("%+v", report.Problems)
	}
}

// Of many processes that want one delivery, one gets it; a try whose process died is free again after its time, and the
// dead one's word no longer counts.
func testOutboxClaims(t *testing.T, s *store.Store) {
	must(t, s.AddDelivery(ctx, delivery("n-1", "c-1", "alert", now)))
	won := make(chan model.Delivery, 8)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			d, got, err := s.ClaimDelivery(ctx, "n-1", now, now.Add(2*time.Minute))
			if err != nil {
				t.Error(err)
			}
			if got {
				won <- d
			}
		})
	}
	wg.Wait()
	if len(won) != 1 {
		t.Fatalf("%d processes send it", len(won))
	}
	first := <-won
	if ds, err := s.DueDeliveries(ctx, now.Add(time.Minute), 0); err != nil || len(ds) != 0 {
		t.Fatalf("%v, %v", ds, err)
	}
	second, got, err := s.ClaimDelivery(ctx, "n-1", now.Add(3*time.Minute), now.Add(5*time.Minute))
	must(t, err)
	if !got || second.Tries != 2 {
		t.Fatalf("%+v", second)
	}
	first.State = model.GivenUp
	must(t, s.FinishDelivery(ctx, first))
	second.State = model.Sent
	must(t, s.FinishDelivery(ctx, second))
	ds, err := s.Deliveries(ctx, "c-1", 0)
	must(t, err)
	if len(ds) != 1 || ds[0].State != model.Sent || ds[0].Tries != 2 {
		t.Fatalf("%+v", ds)
	}
}

func testHappened(t *testing.T, s *store.Store) {
	h, err := s.Happened(ctx, now.Add(-time.Hour), now)
	must(t, err)
	same(t, "nothing", h, model.Happening{})
	r := storetest.Result(1, 5, 4, 5)
	for i := range r.Findings {
		r.Findings[i].State = model.Open
	}
	must(t, s.SaveResult(ctx, r))
	tell(t, s, now)
	_, err = s.LoadKnown(ctx)
	must(t, err)
	r = storetest.Result(2, 5, 4, 5)
	r.Findings[0].State = model.Resolved
	for i := range r.Findings[1:] {
		r.Findings[i+1].State = model.Open
	}
	must(t, s.SaveResult(ctx, r))
	h, err = s.Happened(ctx, storetest.Base.AddDate(0, 0, -1), now)
	must(t, err)
	if len(h.Came) != 4 || h.Resolved != 1 || h.Patrols != 2 || h.Last == nil || h.Last.ID != r.Patrol.ID {
		t.Fatalf("%+v", h)
	}
	for i := range h.Came[1:] {
		if h.Came[i].Severity < h.Came[i+1].Severity {
			t.Fatal("not the gravest first")
		}
	}
	if h, err = s.Happened(ctx, now, now.Add(time.Hour)); err != nil || len(h.Came) != 0 {
		t.Fatalf("the same again in the next period: %+v, %v", h, err)
	}
}
