package app

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/intake"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/store"
)

const arpTable = "  10.1.0.1  02-00-00-00-00-01  dynamic\n  10.1.0.2  02-00-00-00-00-02  dynamic\n  10.1.0.3  02-00-00-00-00-03  dynamic\n"

// desk is an intake in a directory of its own, with a clock that the test sets.
type desk struct {
	*Intake
	t     *testing.T
	dir   string
	mu    sync.Mutex
	clock time.Time
	stop  func()
}

func newDesk(t *testing.T, dir string) *desk {
	t.Helper()
	d := &desk{t: t, dir: dir, clock: time.Now()}
	a, err := OpenServing(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	d.Intake, err = NewIntake(t.Context(), a, IntakeOptions{
		Now: d.time, Zone: time.UTC, Report: func(err error) { t.Logf("reported: %v", err) }, Every: 200 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *desk) time() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.clock
}

func (d *desk) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.clock = t
}

// run works until the test ends or stop is called.
func (d *desk) run() *desk {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	d.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			d.t.Error(err)
		}
	})
	d.t.Cleanup(d.stop)
	return d
}

func (d *desk) upload(name, content string) model.Upload {
	d.t.Helper()
	u, err := d.CreateUpload(d.t.Context(), name, int64(len(content)), "", "佐藤")
	if err == nil {
		u, err = d.AppendUpload(d.t.Context(), u.ID, 0, strings.NewReader(content))
	}
	if err != nil {
		d.t.Fatal(err)
	}
	return u
}

func (d *desk) await(id string, want model.RoundState) model.Round {
	d.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		r, err := d.Round(d.t.Context(), id)
		if err != nil {
			d.t.Fatal(err)
		}
		if r.State == want {
			return r
		}
		if time.Now().After(deadline) {
			d.t.Fatalf("round %+v, want %s", r, want)
		}
	}
}

func refusedFor(err error) string {
	var ref *api.Refused
	if errors.As(err, &ref) {
		return strings.TrimPrefix(ref.Key, "intake.error.")
	}
	if err != nil {
		return "other: " + err.Error()
	}
	return ""
}

func TestUploadIsPatrolled(t *testing.T) {
	d := newDesk(t, t.TempDir()).run()
	u := d.upload(`..\..\受付の arp.txt`, arpTable)
	if u.State != model.Ready || u.Kind != model.UploadTable || u.Name != "受付の arp.txt" || u.Rows != 3 {
		t.Fatalf("%+v", u)
	}
	ear, _ := d.Hub.Listen()
	defer ear.Close()
	r, err := d.AskRound(t.Context(), model.Round{Uploads: []string{u.ID}, By: "佐藤"})
	if err != nil {
		t.Fatal(err)
	}
	r = d.await(r.ID, model.RoundDone)
	if r.Hosts != 3 || r.Patrol == "" || r.Partial {
		t.Fatalf("%+v", r)
	}
	p, err := d.app.Store.Patrol(t.Context(), r.Patrol)
	if err != nil || len(p.Sources) != 1 || p.Sources[0].Name != "受付の arp.txt" {
		t.Fatalf("%+v, %v: people know the file by its name", p.Sources, err)
	}
	if u, _ = d.Upload(t.Context(), u.ID); u.Round != r.ID {
		t.Fatalf("%+v: not noted as read", u)
	}
	told := map[string]bool{}
	for late := time.After(10 * time.Second); !told["round"] || !told["result"]; {
		select {
		case e := <-ear.Events:
			told[e.Name] = true
			continue
		case <-late:
		}
		break
	}
	if !told["round"] || !told["result"] {
		t.Errorf("listeners were told %v", told)
	}
}

func TestUploadRefusals(t *testing.T) {
	d := newDesk(t, t.TempDir())
	ctx := t.Context()
	if u := d.upload("x.pcap", "MZ"+strings.Repeat("\x00", 500)); u.State != model.Refused || u.Trouble == nil || u.Trouble.Code != "looks_exe" {
		t.Errorf("a program: %+v", u)
	} else if _, err := os.Stat(d.shelf.Path(u.ID)); err == nil {
		t.Error("the program was kept")
	} else if _, err := d.AskRound(ctx, model.Round{Uploads: []string{u.ID}}); refusedFor(err) != "not_ready" {
		t.Errorf("patrol of it: %v", err)
	}
	sum := strings.Repeat("ab", 32)
	u, err := d.CreateUpload(ctx, "a", int64(len(arpTable)), strings.ToUpper(sum), "")
	if err != nil {
		t.Fatal(err)
	}
	if u, err = d.AppendUpload(ctx, u.ID, 0, strings.NewReader(arpTable)); err != nil || u.State != model.Refused || u.Trouble.Code != "upload_sum" {
		t.Errorf("another sum: %+v, %v", u, err)
	}
	for _, id := range []string{"", "u-1", "../../etc/passwd", intake.NewID("u-")} {
		_, err1 := d.Upload(ctx, id)
		_, err2 := d.AppendUpload(ctx, id, 0, strings.NewReader("x"))
		err3 := d.RemoveUpload(ctx, id)
		if !errors.Is(err1, model.ErrNotFound) || !errors.Is(err2, model.ErrNotFound) || !errors.Is(err3, model.ErrNotFound) {
			t.Errorf("%q: %v, %v, %v", id, err1, err2, err3)
		}
	}
	for want, f := range map[string]func() error{
		"empty":       func() error { _, err := d.CreateUpload(ctx, "a", 0, "", ""); return err },
		"quota":       func() error { _, err := d.CreateUpload(ctx, "a", 1<<62, "", ""); return err },
		"sum":         func() error { _, err := d.CreateUpload(ctx, "a", 1, "xyz", ""); return err },
		"nothing":     func() error { _, err := d.AskRound(ctx, model.Round{}); return err },
		"watch_for":   func() error { _, err := d.AskRound(ctx, model.Round{Interface: "eth0"}); return err },
		"limits":      func() error { return d.SetLimits(ctx, model.IntakeLimits{Quota: -1}) },
		"paste_kind":  func() error { _, err := d.TakePaste(ctx, "a", "こんにちは", ""); return err },
		"paste_empty": func() error { _, err := d.Paste(" "); return err },
	} {
		if err := f(); refusedFor(err) != want {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// Two browsers send to the same upload: one is told that the other is at it; what arrives is one file.
func TestTwoBrowsers(t *testing.T) {
	d := newDesk(t, t.TempDir())
	ctx := t.Context()
	u, err := d.CreateUpload(ctx, "a", int64(len(arpTable)), "", "")
	if err != nil {
		t.Fatal(err)
	}
	r, w := io.Pipe()
	first := make(chan error, 1)
	go func() {
		_, err := d.AppendUpload(ctx, u.ID, 0, r)
		first <- err
	}()
	_, _ = w.Write([]byte(arpTable[:10]))
	if _, err := d.AppendUpload(ctx, u.ID, 10, strings.NewReader(arpTable[10:])); refusedFor(err) != "busy" {
		t.Fatalf("the second: %v", err)
	}
	w.CloseWithError(errors.New("the first browser was closed"))
	<-first
	if u, _ = d.Upload(ctx, u.ID); u.Offset != 10 {
		t.Fatalf("%d bytes have arrived", u.Offset)
	}
	if u, err = d.AppendUpload(ctx, u.ID, 10, strings.NewReader(arpTable[10:])); err != nil || u.State != model.Ready {
		t.Fatalf("%+v, %v", u, err)
	}
	if u, err = d.AppendUpload(ctx, u.ID, u.Size, strings.NewReader("")); err != nil || u.State != model.Ready {
		t.Fatalf("asked again: %+v, %v", u, err)
	}
	if _, err = d.AppendUpload(ctx, u.ID, 0, strings.NewReader("x")); refusedFor(err) != "offset" {
		t.Fatalf("from the beginning again: %v", err)
	}
}

// A form that breaks off leaves nothing behind.
func TestFormBrokenOff(t *testing.T) {
	d := newDesk(t, t.TempDir())
	broken := io.MultiReader(strings.NewReader(arpTable), &failing{io.ErrUnexpectedEOF})
	if _, err := d.TakeUpload(t.Context(), "a", broken, 1<<20, ""); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatal(err)
	}
	if _, err := d.TakeUpload(t.Context(), "a", strings.NewReader(""), 1<<20, ""); refusedFor(err) != "empty" {
		t.Fatal(err)
	}
	all, err := d.Uploads(t.Context())
	left, _ := os.ReadDir(filepath.Join(d.dir, "uploads"))
	if err != nil || len(all) != 0 || len(left) != 0 {
		t.Fatalf("%v, %v left, %v", all, left, err)
	}
	u, err := d.TakeUpload(t.Context(), "a", strings.NewReader(arpTable), 1<<20, "")
	if err != nil || u.State != model.Ready || u.Size != int64(len(arpTable)) {
		t.Fatalf("%+v, %v", u, err)
	}
}

type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }

// What a process that died left: strays go, an upload whose last byte had come is finished, a round that ran runs again, and
// one that always kills the process is given up.
func TestRecovery(t *testing.T) {
	dir := t.TempDir()
	d := newDesk(t, dir)
	ctx := t.Context()
	stray := intake.NewID("u-")
	if err := d.shelf.Create(stray); err != nil {
		t.Fatal(err)
	}
	u, err := d.CreateUpload(ctx, "a", int64(len(arpTable)), "", "")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(d.shelf.Path(u.ID), []byte(arpTable), 0o600); err != nil { // written, but the answer was never given
		t.Fatal(err)
	}
	ok := d.upload("b", arpTable)
	for i, tries := range []int{1, maxTries} {
		id := []string{"r-again", "r-never"}[i]
		if err := d.app.Store.SaveRound(ctx, model.Round{ID: id, State: model.RoundRunning, Tries: tries, Uploads: []string{ok.ID}, Made: time.Now()}); err != nil {
			t.Fatal(err)
		}
	}
	d.run()
	if r := d.await("r-again", model.RoundDone); r.Tries != 2 || r.Hosts != 3 {
		t.Errorf("%+v", r)
	}
	if r := d.await("r-never", model.RoundFailed); r.Trouble == nil || r.Trouble.Code != "round_died" {
		t.Errorf("%+v", r)
	}
	if u, err = d.Upload(ctx, u.ID); err != nil || u.State != model.Ready {
		t.Errorf("%+v, %v", u, err)
	}
	if _, err := os.Stat(d.shelf.Path(stray)); err == nil {
		t.Error("the stray is still there")
	}
}

// The command line holds the data: the round waits and says who does; then it runs.
func TestRoundWaits(t *testing.T) {
	d := newDesk(t, t.TempDir())
	lock, err := store.Lock(d.dir, "patrol")
	if err != nil {
		t.Fatal(err)
	}
	u := d.upload("a", arpTable)
	r, err := d.AskRound(t.Context(), model.Round{Uploads: []string{u.ID}})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.RemoveUpload(t.Context(), u.ID); refusedFor(err) != "wanted" {
		t.Errorf("deleted while a round needs it: %v", err)
	}
	d.run()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		_, p, err := d.Rounds(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		if p != nil && p.Waiting["what"] == "patrol" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("does not say that it waits: %+v", p)
		}
	}
	if err := lock.Unlock(); err != nil {
		t.Fatal(err)
	}
	d.await(r.ID, model.RoundDone)
	if err := d.RemoveUpload(t.Context(), u.ID); err != nil {
		t.Error(err)
	}
}

func TestCancel(t *testing.T) {
	d := newDesk(t, t.TempDir())
	ctx := t.Context()
	u := d.upload("a", arpTable)
	waits, err := d.AskRound(ctx, model.Round{Uploads: []string{u.ID}})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.CancelRound(ctx, waits.ID); err != nil {
		t.Fatal(err)
	}
	big := filepath.Join(t.TempDir(), "big.pcap")
	if err := os.WriteFile(big, manyFrames(1_000_000), 0o600); err != nil {
		t.Fatal(err)
	}
	long, err := d.AskRound(ctx, model.Round{Paths: []string{big}})
	if err != nil {
		t.Fatal(err)
	}
	d.run()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, p, _ := d.Rounds(ctx, 1); p != nil && p.Done > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("no progress")
		}
	}
	if err := d.CancelRound(ctx, long.ID); err != nil {
		t.Fatal(err)
	}
	d.await(long.ID, model.RoundCancelled)
	if err := d.CancelRound(ctx, long.ID); refusedFor(err) != "ended" {
		t.Errorf("twice: %v", err)
	}
	if r, _ := d.Round(ctx, waits.ID); r.State != model.RoundCancelled || !r.Started.IsZero() {
		t.Errorf("%+v", r)
	}
	if ps, _ := d.app.Store.Patrols(ctx, 0); len(ps) != 0 {
		t.Errorf("something was stored: %+v", ps)
	}
}

// manyFrames is a capture of n frames that say nothing.
func manyFrames(n int) []byte {
	b := []byte{0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0}
	return append(b, bytes.Repeat(append([]byte{1, 0, 0, 0, 0, 0, 0, 0, 60, 0, 0, 0, 60, 0, 0, 0}, make([]byte, 60)...), n)...)
}

// The server is stopped in the middle of a round: it runs again when the server is back.
func TestServerEndsInARound(t *testing.T) {
	dir := t.TempDir()
	d := newDesk(t, dir)
	r, err := d.AskRound(t.Context(), model.Round{Interface: "no-such-interface", For: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	d.run()
	got := d.await(r.ID, model.RoundFailed)
	if got.Trouble == nil || !strings.HasPrefix(got.Trouble.Code, "live_") {
		t.Fatalf("%+v", got.Trouble)
	}
	d.stop()
	if _, ok := d.Hub.Listen(); ok {
		t.Error("the hub goes on without the server")
	}
}

func TestSchedule(t *testing.T) {
	d := newDesk(t, t.TempDir())
	ctx := t.Context()
	noon := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	d.set(noon)
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "arp.txt"), []byte(arpTable), 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := d.app.AddWatch(ctx, model.Watch{Kind: model.WatchFolder, Name: folder}, d.time())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.app.AddWatch(ctx, w, d.time()); refusedFor(err) != "watch_twice" {
		t.Error(err)
	}
	if _, err := d.app.AddWatch(ctx, model.Watch{Kind: model.WatchFolder, Name: "/no/such/folder"}, d.time()); refusedFor(err) != "folder" {
		t.Error(err)
	}
	s, err := d.app.AddSchedule(ctx, model.Schedule{At: 7 * 60, Watches: []string{w.ID}, Uploads: true}, d.time())
	if err != nil {
		t.Fatal(err)
	}
	up := d.upload("a", arpTable)
	steps := []struct {
		now  time.Time
		want int // rounds asked for so far
	}{
		{noon.Add(time.Hour), 0},
		{noon.Add(19 * time.Hour), 1}, // seven o'clock
		{noon.Add(20 * time.Hour), 1},
		{noon.Add(6 * 24 * time.Hour), 2}, // nobody was there for days: once
		{noon.Add(6*24*time.Hour + time.Minute), 2},
	}
	for _, step := range steps {
		d.set(step.now)
		if err := d.dueNow(ctx); err != nil {
			t.Fatal(err)
		}
		rs, _, err := d.Rounds(ctx, 0)
		if err != nil || len(rs) != step.want {
			t.Fatalf("at %v: %d rounds, %v", step.now, len(rs), err)
		}
		if step.want == 1 && (len(rs[0].Paths) != 1 || len(rs[0].Uploads) != 1 || rs[0].Uploads[0] != up.ID) {
			t.Fatalf("%+v", rs[0])
		}
	}
	if err := d.app.SwitchSchedule(ctx, s.ID, false, d.time()); err != nil {
		t.Fatal(err)
	}
	all, err := d.app.Schedules(ctx, d.time(), time.UTC)
	if err != nil || len(all) != 1 || !all[0].Next.IsZero() {
		t.Fatalf("%+v, %v", all, err)
	}
}

func TestUploadsExpire(t *testing.T) {
	d := newDesk(t, t.TempDir())
	ctx := t.Context()
	ready := d.upload("a", arpTable)
	begun, err := d.CreateUpload(ctx, "b", 1000, "", "")
	if err != nil {
		t.Fatal(err)
	}
	start := d.time()
	for _, step := range []struct {
		after time.Duration
		want  []string
	}{
		{71 * time.Hour, []string{ready.ID, begun.ID}},
		{73 * time.Hour, []string{ready.ID}},
		{29 * 24 * time.Hour, []string{ready.ID}},
		{31 * 24 * time.Hour, nil},
	} {
		d.set(start.Add(step.after))
		if err := d.expire(ctx); err != nil {
			t.Fatal(err)
		}
		all, err := d.Uploads(ctx)
		files, _ := os.ReadDir(filepath.Join(d.dir, "uploads"))
		if err != nil || len(all) != len(step.want) || len(files) != len(step.want) {
			t.Fatalf("after %v: %d uploads, %d files, %v", step.after, len(all), len(files), err)
		}
	}
}
