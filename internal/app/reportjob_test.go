package app

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

// postbox keeps the mail that it is given; it refuses while it is closed.
type postbox struct {
	mails  []ReportMail
	closed bool
}

func (p *postbox) MailReport(_ context.Context, m ReportMail) error {
	if p.closed {
		return errors.New("the mail server does not answer")
	}
	p.mails = append(p.mails, m)
	return nil
}

func reportFiles(t *testing.T, dir string) (names []string) {
	t.Helper()
	es, err := os.ReadDir(filepath.Join(dir, "reports"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	for _, e := range es {
		names = append(names, e.Name())
	}
	return names
}

// A life of the job: nothing before the first patrol, a report when a period is over, none twice, what was missed is caught
// up, the newest is mailed once even if the mail server slept.
func TestReportsAreWrittenByThemselves(t *testing.T) {
	ctx, dir, z := t.Context(), t.TempDir(), time.FixedZone("JST", 9*60*60)
	a, err := OpenDeciding(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	now, box := time.Date(2026, 11, 18, 12, 0, 0, 0, z), &postbox{}
	j := &ReportJob{App: a, Now: func() time.Time { return now }, Zone: z, Lang: locale.Japanese, Mailer: box}
	due := func(want ...string) {
		t.Helper()
		if err := j.Due(ctx); err != nil {
			t.Fatal(err)
		}
		got := reportFiles(t, dir)
		if !slices.Equal(got, want) {
			t.Fatalf("%v: files %v, want %v", now, got, want)
		}
	}
	three := func(names ...string) (out []string) {
		for _, n := range names {
			out = append(out, n+".html", n+".pdf", n+".xlsx")
		}
		slices.Sort(out)
		return out
	}
	due() // no patrol yet
	if err := a.Store.SaveResult(ctx, model.Result{Patrol: model.Patrol{ID: "p-1", Started: now, Ended: now}}); err != nil {
		t.Fatal(err)
	}
	due()                                         // the week is not over
	now = time.Date(2026, 11, 23, 1, 0, 0, 0, z)  // Monday, an hour after midnight: a patrol of the night may still be stored
	due()                                         //
	now = time.Date(2026, 11, 23, 2, 30, 0, 0, z) //
	due(three("weekly-2026-W47")...)
	if len(box.mails) != 1 || box.mails[0].Key != "weekly 2026-W47" || !strings.Contains(box.mails[0].Subject, "令和8年11月16日から11月22日まで") || len(box.mails[0].Files) != 2 {
		t.Fatalf("mails %+v", box.mails)
	}
	for _, f := range box.mails[0].Files {
		if b, err := os.ReadFile(f); err != nil || len(b) < 1000 {
			t.Errorf("%s: %d bytes, %v", f, len(b), err)
		}
	}
	// Never twice, not even when somebody threw the files away.
	if err := os.RemoveAll(filepath.Join(dir, "reports")); err != nil {
		t.Fatal(err)
	}
	due()
	if len(box.mails) != 1 {
		t.Fatalf("mailed again: %+v", box.mails)
	}
	// Off for three weeks: all that was missed is written, the newest of each kind is mailed, once the mail server answers.
	now, box.closed = time.Date(2026, 12, 14, 9, 0, 0, 0, z), true
	if err := j.Due(ctx); err == nil {
		t.Fatal("no error although no mail went out")
	}
	box.closed = false
	due(three("monthly-2026-11", "weekly-2026-W48", "weekly-2026-W49", "weekly-2026-W50")...)
	if len(box.mails) != 3 || box.mails[1].Key != "weekly 2026-W50" || box.mails[2].Key != "monthly 2026-11" {
		t.Fatalf("mails %+v", box.mails)
	}
	due(three("monthly-2026-11", "weekly-2026-W48", "weekly-2026-W49", "weekly-2026-W50")...)
	// A clock that goes back writes nothing, one that jumps two years ahead catches up with twelve of each kind.
	now = now.AddDate(0, -2, 0)
	due(three("monthly-2026-11", "weekly-2026-W48", "weekly-2026-W49", "weekly-2026-W50")...)
	now = now.AddDate(2, 0, 0)
	if err := j.Due(ctx); err != nil {
		t.Fatal(err)
	}
	if n := len(reportFiles(t, dir)); n != 3*(4+2*mostMissed) {
		t.Errorf("%d files", n)
	}
}

// A place where nothing can be written is said with its name, and written when it is mended.
func TestReportsCannotBeWritten(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	a, err := OpenDeciding(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	now := time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC)
	if err := a.Store.SaveResult(ctx, model.Result{Patrol: model.Patrol{ID: "p-1", Started: now, Ended: now}}); err != nil {
		t.Fatal(err)
	}
	now = now.AddDate(0, 0, 7)
	in := filepath.Join(dir, "reports")
	if err := os.WriteFile(in, nil, 0o600); err != nil { // a file where the folder should be
		t.Fatal(err)
	}
	j := &ReportJob{App: a, Now: func() time.Time { return now }, Zone: time.UTC, Lang: locale.English}
	if err := j.Due(ctx); err == nil || !strings.Contains(err.Error(), in) {
		t.Fatalf("error %v", err)
	}
	if err := os.Remove(in); err != nil {
		t.Fatal(err)
	}
	if err := j.Due(ctx); err != nil || len(reportFiles(t, dir)) != 3 {
		t.Fatalf("after mending: %v, %v", reportFiles(t, dir), err)
	}
}
