package app

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// A report goes once to each mail channel that asked for reports; the weekly one not beside the weekly digest.
func TestReportsGoToTheOutboxOnce(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	a, err := OpenDeciding(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	for _, c := range []model.Channel{
		{ID: "c-mail", Kind: "mail", On: true, When: model.Telling{Report: true}},
		{ID: "c-digest", Kind: "mail", On: true, When: model.Telling{Report: true, Weekly: true}},
		{ID: "c-off", Kind: "mail", When: model.Telling{Report: true}},
		{ID: "c-plain", Kind: "mail", On: true},
		{ID: "c-chat", Kind: "slack", On: true, When: model.Telling{Report: true}},
	} {
		c.Name, c.Lang = c.ID, "ja"
		if err := a.Store.SaveChannel(ctx, c); err != nil {
			t.Fatal(err)
		}
	}
	pdf, huge := filepath.Join(dir, "weekly-2026-W47.pdf"), filepath.Join(dir, "weekly-2026-W47.xlsx")
	if err := os.WriteFile(pdf, []byte("%PDF"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(huge, make([]byte, maxAttached), 0o600); err != nil {
		t.Fatal(err)
	}
	post := ReportPost{Store: a.Store, Now: func() time.Time { return time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC) }}
	for range 2 {
		for _, key := range []string{"weekly 2026-W47", "monthly 2026-11"} {
			if err := post.MailReport(ctx, ReportMail{Key: key, Subject: "報告 " + key, Text: "できました。\n\n何も起きていません", Files: []string{pdf, huge}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	got := map[string]int{}
	ds, err := a.Store.Deliveries(ctx, "", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range ds {
		got[d.Channel+" "+d.Cause]++
		if d.State != model.Waiting || len(d.Notice.Files) != 1 || string(d.Notice.Files[0].Data) != "%PDF" || d.Notice.Files[0].Type != "application/pdf" || len(d.Notice.Intro) != 2 {
			t.Errorf("%+v", d)
		}
	}
	want := map[string]int{"c-mail weekly 2026-W47": 1, "c-mail monthly 2026-11": 1, "c-digest monthly 2026-11": 1}
	for k, n := range want {
		if got[k] != n {
			t.Errorf("%s: %d", k, got[k])
		}
	}
	if len(got) != len(want) {
		t.Errorf("deliveries %v", got)
	}
	if err := post.MailReport(ctx, ReportMail{Key: "monthly 2026-12", Files: []string{filepath.Join(dir, "missing.pdf")}}); err == nil {
		t.Error("a missing file is no error")
	}
}
