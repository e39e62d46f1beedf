package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/store"
	"github.com/mimawari/mimawari/internal/store/storetest"
)

func testUploads(t *testing.T, s *store.Store) {
	_, err := s.Upload(ctx, "u-none")
	if !errors.Is(err, store.ErrNotFound) || !errors.Is(s.RemoveUpload(ctx, "u-none"), store.ErrNotFound) {
		t.Fatalf("of none: %v", err)
	}
	x := model.Upload{
		ID: "u-1", Name: "通信記録 <b>.pcap", Size: 9 << 40, Offset: 7, SHA256: "ab", State: model.Receiving, By: "佐藤", Made: storetest.Base, Touched: storetest.Base,
	}
	must(t, s.SaveUpload(ctx, x))
	y := x
	y.ID, y.Made = "u-2", x.Made.Add(time.Hour)
	y.Trouble = &model.Trouble{Code: "looks_exe", Where: "x", Args: []string{"a"}, Text: "t"}
	must(t, s.SaveUpload(ctx, y))
	x.State, x.Kind, x.Offset = model.Ready, model.UploadCapture, x.Size
	must(t, s.SaveUpload(ctx, x))
	got, err := s.Uploads(ctx)
	must(t, err)
	same(t, "uploads", got, []model.Upload{y, x})
	must(t, s.RemoveUpload(ctx, "u-2"))
	one, err := s.Upload(ctx, "u-1")
	must(t, err)
	same(t, "upload", one, x)
	mustBeSound(t, s)
}

func testRounds(t *testing.T, s *store.Store) {
	for i := range 5 {
		must(t, s.SaveRound(ctx, model.Round{ID: fmt.Sprint("r-", i), State: model.RoundQueued, Made: storetest.Base.Add(time.Duration(i%3) * time.Minute), By: "x", For: time.Minute}))
	}
	ids := func(rs []model.Round, err error) (out []string) {
		t.Helper()
		must(t, err)
		for _, r := range rs {
			out = append(out, r.ID)
		}
		return out
	}
	same(t, "queue", ids(s.RoundsIn(ctx, model.RoundQueued)), []string{"r-0", "r-3", "r-1", "r-4", "r-2"})
	r, err := s.ChangeRound(ctx, "r-3", func(r *model.Round) error {
		r.State, r.Tries = model.RoundRunning, r.Tries+1
		return nil
	})
	must(t, err)
	if r.Tries != 1 {
		t.Fatalf("%+v", r)
	}
	refuse := errors.New("no")
	if _, err := s.ChangeRound(ctx, "r-3", func(r *model.Round) error { r.Tries = 99; return refuse }); !errors.Is(err, refuse) {
		t.Fatal(err)
	}
	if _, err := s.ChangeRound(ctx, "r-9", func(*model.Round) error { return nil }); !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
	same(t, "running", ids(s.RoundsIn(ctx, model.RoundRunning)), []string{"r-3"})
	same(t, "newest", ids(s.Rounds(ctx, 2)), []string{"r-2", "r-4"})
	got, err := s.Round(ctx, "r-3")
	must(t, err)
	same(t, "round", got, r)
	mustBeSound(t, s)
}

func testWatches(t *testing.T, s *store.Store) {
	w := model.Watch{ID: "w-2", Kind: model.WatchFolder, Name: "/記録", On: true, By: "x", Made: storetest.Base}
	v := model.Watch{ID: "w-1", Kind: model.WatchInterface, Name: "eth1", Made: storetest.Base}
	must(t, s.SaveWatch(ctx, w))
	must(t, s.SaveWatch(ctx, v))
	got, err := s.Watches(ctx)
	must(t, err)
	same(t, "watches", got, []model.Watch{v, w})
	must(t, s.RemoveWatch(ctx, "w-1"))
	if err := s.RemoveWatch(ctx, "w-1"); !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
	p := model.Schedule{ID: "d-1", At: 23*60 + 59, Watches: []string{"w-2"}, Uploads: true, For: time.Minute, On: true, Last: storetest.Base, Made: storetest.Base}
	must(t, s.SaveSchedule(ctx, p))
	p.On = false
	must(t, s.SaveSchedule(ctx, p))
	ps, err := s.Schedules(ctx)
	must(t, err)
	same(t, "schedules", ps, []model.Schedule{p})
	mustBeSound(t, s)
	must(t, s.RemoveSchedule(ctx, "d-1"))
	if err := s.RemoveSchedule(ctx, "d-1"); !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
}

func mustBeSound(t *testing.T, s *store.Store) {
	t.Helper()
	r, err := s.Check(ctx)
	must(t, err)
	if len(r.Problems) > 0 {
		t.Fatalf("%+v", r.Problems)
	}
}
