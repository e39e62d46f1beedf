package notify_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/notify"
)

// A patrol finds thirteen things at once: one message, not thirteen, and none again later.
func TestOneBurstOneMessage(t *testing.T) {
	h, url := newHouse(t)
	h.channel(url, "office", nil)
	var fs []model.Finding
	for i := range 13 {
		fs = append(fs, found(fmt.Sprint("f-", i), model.High))
	}
	h.patrol(append(fs, found("f-mild", model.Low))...)
	ms := h.step(time.Second)
	h.wants("after the patrol", ms, notify.Alert)
	if len(ms[0].Findings) != 13 || !strings.Contains(ms[0].Subject, "ほか12件") {
		t.Fatalf("%q with %d findings", ms[0].Subject, len(ms[0].Findings))
	}
	for range 5 {
		h.wants("later", h.step(5*time.Minute))
	}
	h.patrol() // the same causes again
	h.wants("the same again", h.step(time.Minute))
}

// What people have not seen waits over the night; what can't be muted does not.
func TestQuietHours(t *testing.T) {
	h, url := newHouse(t)
	h.channel(url, "office", func(d *notify.Draft) { d.When.QuietFrom, d.When.QuietTo = "22:00", "07:00" })
	h.clock = time.Date(2026, 11, 25, 23, 0, 0, 0, tokyo)
	h.patrol(found("f-high", model.High), found("f-critical", model.Critical))
	ms := h.step(time.Second)
	h.wants("at night", ms, notify.UrgentKind)
	if ids := findingsOf(ms[0]); len(ids) != 1 || ids[0] != "f-critical" {
		t.Fatal(ids)
	}
	h.patrol(found("f-more", model.High))
	h.wants("still night", h.step(7*time.Hour+50*time.Minute))
	ms = h.step(15 * time.Minute)
	h.wants("in the morning", ms, notify.Alert)
	if len(ms[0].Findings) != 2 || !strings.Contains(strings.Join(ms[0].Text, ""), "そのうち 2 件は") {
		t.Fatalf("%+v", ms[0])
	}
}

// What was settled before anybody could be told needs no message.
func TestSettledOverNight(t *testing.T) {
	h, url := newHouse(t)
	h.channel(url, "office", func(d *notify.Draft) { d.When.QuietFrom, d.When.QuietTo = "22:00", "07:00" })
	h.clock = time.Date(2026, 11, 25, 23, 0, 0, 0, tokyo)
	h.patrol(found("f-1", model.High))
	h.wants("at night", h.step(time.Second))
	f := found("f-1", model.High)
	f.State = model.Resolved
	h.patrol(f)
	h.wants("in the morning", h.step(9*time.Hour))
}

// Above the hourly limit findings wait and come together, with their number.
func TestHourlyLimit(t *testing.T) {
	h, url := newHouse(t)
	h.channel(url, "office", func(d *notify.Draft) { d.When.PerHour = 2 })
	sent := 0
	for i := range 29 {
		h.patrol(found(fmt.Sprint("f-", i), model.High))
		sent += len(h.step(2 * time.Minute))
	}
	if sent != 2 {
		t.Fatalf("%d messages in an hour, want 2", sent)
	}
	ms := h.step(10 * time.Minute)
	h.wants("after the hour", ms, notify.Alert)
	if len(ms[0].Findings) != 27 || !strings.Contains(strings.Join(ms[0].Text, ""), "まとめて") {
		t.Fatalf("%+v", ms[0])
	}
}

// The patrol itself has stopped: told once, even by a channel that tells nothing else; and once that it goes again.
func TestPatrolStopped(t *testing.T) {
	h, url := newHouse(t)
	h.channel(url, "office", func(d *notify.Draft) {
		d.When.Now, d.When.Weekly, d.When.QuietFrom, d.When.QuietTo = false, false, "00:00", "23:59"
	})
	h.channel(url, "off", func(d *notify.Draft) { d.On = false })
	h.wants("no patrol yet", h.step(48*time.Hour))
	h.patrol()
	h.wants("a patrol", h.step(35*time.Hour))
	ms := h.step(2 * time.Hour)
	h.wants("none for 37 hours", ms, notify.Stopped)
	if !strings.Contains(ms[0].Subject, "見回りが止まっています") {
		t.Fatal(ms[0].Subject)
	}
	h.wants("still none", h.step(40*time.Hour))
	h.patrol()
	h.wants("one again", h.step(time.Minute), notify.Resumed)
	h.wants("and another", h.step(time.Hour))
	h.wants("it stops again", h.step(37*time.Hour), notify.Stopped)
}

// A finding that was resolved and comes back is told again; one that a person reopens is not.
func TestBackAgain(t *testing.T) {
	h, url := newHouse(t)
	h.channel(url, "office", nil)
	f := found("f-1", model.Critical)
	h.patrol(f)
	h.wants("new", h.step(time.Second), notify.UrgentKind)
	for _, s := range []model.State{model.Acknowledged, model.Open} {
		if err := h.store.SetFindingState(t.Context(), "f-1", s, "佐藤", "", "", time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	h.wants("a person's word", h.step(time.Hour))
	for _, s := range []model.State{model.Resolved, model.Reopened} {
		f.State = s
		h.patrol(f)
	}
	h.wants("back", h.step(time.Hour), notify.UrgentKind)
}

// A channel that is made later is not flooded with what others were told long ago.
func TestLaterChannel(t *testing.T) {
	h, url := newHouse(t)
	h.patrol(found("f-1", model.Critical))
	h.wants("no channel", h.step(time.Second))
	h.channel(url, "office", nil)
	h.wants("the channel is new", h.step(time.Minute))
}

func TestDigests(t *testing.T) {
	h, url := newHouse(t)
	h.channel(url, "office", func(d *notify.Draft) {
		d.When.Now, d.When.Daily, d.When.Weekly, d.When.Weekday = false, true, true, time.Friday
	})
	h.wants("the channel was made at nine", h.step(time.Hour))
	day := func(what string, kinds ...string) []got {
		t.Helper()
		h.clock = time.Date(h.clock.Year(), h.clock.Month(), h.clock.Day()+1, 7, 59, 0, 0, tokyo)
		h.wants(what+", before eight", h.step(30*time.Second))
		ms := h.step(time.Minute)
		h.wants(what, ms, kinds...)
		h.wants(what+", later", h.step(time.Hour))
		return ms
	}
	says := func(m got, parts ...string) {
		t.Helper()
		all := m.Subject + "\n" + strings.Join(m.Text, "\n")
		for _, p := range parts {
			if !strings.Contains(all, p) {
				t.Fatalf("no %q in\n%s", p, all)
			}
		}
	}
	says(day("no patrol at all", notify.Daily)[0], "見回りがありませんでした", "まだ一度も")
	h.patrol()
	ms := day("Friday", notify.Daily, notify.Weekly)
	for _, m := range ms {
		says(m, "何も起きていません", "12 台", "対応を待っている指摘はありません")
	}
	h.patrol(found("f-1", model.High), found("f-mild", model.Low))
	m := day("news", notify.Daily)[0]
	says(m, "新しい指摘が 1 件", "重大 1", "軽い 1", "2026-11-27 08:00 からのまとめ")
	if ids := findingsOf(m); len(ids) != 1 || ids[0] != "f-1" {
		t.Fatal(ids)
	}
	f := found("f-1", model.High)
	f.State = model.Resolved
	h.patrol(f)
	says(day("resolved", notify.Daily)[0], "何も起きていません", "解決した指摘は 1 件")
	// The machine was off for three days: one digest for all of them, as soon as it is on; and the patrol has stopped.
	h.clock = h.clock.AddDate(0, 0, 3)
	ms = h.step(0)
	h.wants("after three days", ms, notify.Daily, notify.Stopped)
	for _, m := range ms {
		says(m, "見回りが止まっています")
	}
}

// The receiver is down: tried again, more and more seldom, given up after three days; the other channel hears of it.
func TestRetriesAndGivingUp(t *testing.T) {
	h, url := newHouse(t)
	broken := h.channel(url, "broken-geheim", nil)
	h.down["/broken-geheim"] = 503
	h.channel(url, "office", nil)
	h.patrol(found("f-1", model.Critical))
	h.wants("new", h.step(time.Second), notify.UrgentKind)
	var undelivered []got
	start := h.clock
	for i := 0; h.clock.Sub(start) < 80*time.Hour; i++ {
		if i%100 == 0 {
			h.patrol()
		}
		undelivered = append(undelivered, h.step(30*time.Second)...)
		h.clock = h.clock.Add(9 * time.Minute)
	}
	h.wants("the other channel", undelivered, notify.Undelivered)
	if at := undelivered[0].at.Sub(start); at < 25*time.Minute || at > 70*time.Minute || !strings.Contains(undelivered[0].Subject, "broken-geheim") {
		t.Fatalf("after %v: %s", at, undelivered[0].Subject)
	}
	ds, err := h.store.Deliveries(t.Context(), broken.ID, 0)
	if err != nil || len(ds) != 1 {
		t.Fatalf("%+v, %v", ds, err)
	}
	d := ds[0]
	if d.State != model.GivenUp || d.Tries < 60 || d.Tries > 85 || d.Done.Sub(d.Made) < 72*time.Hour || d.Done.Sub(d.Made) > 74*time.Hour || d.Trouble == nil {
		t.Fatalf("%s after %d tries and %v: %+v", d.State, d.Tries, d.Done.Sub(d.Made), d.Trouble)
	}
	if len(h.troubles) != d.Tries || strings.Contains(strings.Join(h.troubles, ""), "geheim") {
		t.Fatalf("%d troubles: %s", len(h.troubles), h.troubles[0])
	}
}

// A channel that can't be reached does not hold up the others, and comes back by itself.
func TestRecovery(t *testing.T) {
	h, url := newHouse(t)
	h.channel(url, "office", nil)
	h.down["/office"] = 500
	for i := range 3 {
		h.patrol(found(fmt.Sprint("f-", i), model.High))
		h.wants("down", h.step(2*time.Minute))
	}
	delete(h.down, "/office")
	var all []string
	for range 12 {
		for _, m := range h.step(time.Minute) {
			all = append(all, findingsOf(m)...)
		}
	}
	slices.Sort(all)
	if strings.Join(all, " ") != "f-0 f-1 f-2" {
		t.Fatalf("arrived: %v", all)
	}
}

// Nobody is shown a secret again: not in the stored row, not in JSON.
func TestSecretsStaySealed(t *testing.T) {
	h, url := newHouse(t)
	c := h.channel(url, "geheim", func(d *notify.Draft) { d.Values["key"] = "geheim-key" })
	b, err := json.Marshal(c)
	if err != nil || strings.Contains(string(b), "/geheim") || strings.Contains(string(b), "geheim-key") {
		t.Fatalf("%s, %v", b, err)
	}
	d := notify.DraftOf(c)
	if d.Values["url"] != "" || d.Values["key"] != "" {
		t.Fatalf("%+v", d)
	}
	// Saved again without secrets, it still works: they were kept.
	d.Name = "another name"
	if _, err := h.service.Save(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	got, err := h.service.Try(t.Context(), c.ID)
	if err != nil || got.State != model.Sent {
		t.Fatalf("%+v, %v", got, err)
	}
	h.down["/geheim"] = 404
	got, err = h.service.Try(t.Context(), c.ID)
	if err != nil || got.State != model.GivenUp || got.Trouble.Code != "notify_gone" {
		t.Fatalf("%+v, %v", got, err)
	}
	h.wants("a test is not tried again", h.step(time.Hour))
}

// A service outside gets neither names nor addresses unless somebody says so.
func TestNamesStayInside(t *testing.T) {
	h, url := newHouse(t)
	h.channel(url, "office", func(d *notify.Draft) { d.Names = false })
	h.patrol(found("f-1", model.High))
	ms := h.step(time.Second)
	h.wants("new", ms, notify.Alert)
	b, err := json.Marshal(ms[0].Document)
	if err != nil || strings.Contains(string(b), "PC-f-1") || strings.Contains(string(b), "10.0.0.1") || !strings.Contains(string(b), "台帳にない機器") {
		t.Fatalf("%s, %v", b, err)
	}
	for _, k := range notify.Kinds() {
		outside := k.ID == "slack" || k.ID == "teams" || k.ID == "lineworks" || k.ID == "chatwork"
		if notify.NewDraft(k.ID, locale.Japanese).Names == outside {
			t.Errorf("%s: names %v", k.ID, !outside)
		}
	}
}

func TestDigestNow(t *testing.T) {
	h, url := newHouse(t)
	c := h.channel(url, "office", nil)
	h.channel(url, "off", func(d *notify.Draft) { d.On = false })
	h.patrol(found("f-1", model.High))
	ds, err := h.service.SendDigest(t.Context(), "", notify.Weekly)
	if err != nil || len(ds) != 1 || ds[0].State != model.Sent || ds[0].Channel != c.ID {
		t.Fatalf("%+v, %v", ds, err)
	}
	if _, err := h.service.SendDigest(t.Context(), "c-none", notify.Weekly); err != model.ErrNotFound {
		t.Fatal(err)
	}
}
