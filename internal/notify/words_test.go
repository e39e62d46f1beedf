package notify

import (
	"strings"
	"testing"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

// Whatever can be shown has words in both languages, without holes.
func TestEverythingHasWords(t *testing.T) {
	var keys []string
	for _, k := range Kinds() {
		keys = append(keys, "notify.kind."+k.ID)
		for _, f := range k.Fields {
			keys = append(keys, "notify.field."+f.Name)
		}
	}
	for _, s := range []model.DeliveryState{model.Waiting, model.Sending, model.Sent, model.GivenUp, model.Dropped} {
		keys = append(keys, "notify.state."+string(s))
	}
	for _, m := range []string{UrgentKind, Alert, Stopped, Resumed, Daily, Weekly, Undelivered, Test, "report"} {
		keys = append(keys, "notify.message."+m)
	}
	for s := model.Info; s <= model.Critical; s++ {
		keys = append(keys, "notify.level."+s.String())
	}
	for _, key := range keys {
		if !locale.Has(key) {
			t.Errorf("no words for %s", key)
		}
	}
}

// Every mistake that can be made with a field is said with the name of the field.
func TestEveryProblemHasWords(t *testing.T) {
	full := func(kind string, pairs ...string) Draft {
		d := NewDraft(kind, locale.Japanese)
		for i := 0; i+1 < len(pairs); i += 2 {
			d.Values[pairs[i]] = pairs[i+1]
		}
		return d
	}
	mail := []string{"host", "m.example", "from", "a@b.jp", "to", "a@b.jp"}
	syslog := []string{"host", "m.example"}
	with := func(base []string, pairs ...string) []string { return append(append([]string{}, base...), pairs...) }
	told := func(d Draft, change func(*model.Telling)) Draft {
		change(&d.When)
		return d
	}
	for code, d := range map[string]Draft{
		"needed":         full("mail"),
		"unknown":        full("mail", with(mail, "color", "blue")...),
		"too_long":       full("mail", with(mail, "user", strings.Repeat("x", maxValue+1))...),
		"characters":     full("mail", with(mail, "user", "a\nb")...),
		"choice":         full("mail", with(mail, "tls", "maybe")...),
		"number":         full("mail", with(mail, "port", "65536")...),
		"host":           full("mail", with(mail, "host", "a b")...),
		"url":            full("slack", "url", "ftp://x"),
		"https":          full("slack", "url", "http://hooks.example/x"),
		"address":        full("mail", with(mail, "to", "nobody")...),
		"one_address":    full("mail", with(mail, "from", "a@b.jp, c@d.jp")...),
		"pem":            full("mail", with(mail, "ca", "-----BEGIN CERTIFICATE-----")...),
		"private_key":    full("lineworks", "client_id", "a", "client_secret", "b", "service_account", "c", "private_key", "d", "bot", "e", "room", "f"),
		"clear_password": full("mail", with(mail, "tls", "none", "user", "u")...),
		"only_tls":       full("syslog", with(syslog, "transport", "udp", "ca", caOf(t))...),
		"clock":          told(full("mail", mail...), func(r *model.Telling) { r.At = "8" }),
		"quiet_always":   told(full("mail", mail...), func(r *model.Telling) { r.QuietFrom, r.QuietTo = "1:00", "01:00" }),
		"at_quiet":       told(full("mail", mail...), func(r *model.Telling) { r.QuietFrom, r.QuietTo = "22:00", "09:00" }),
		"per_hour":       told(full("mail", mail...), func(r *model.Telling) { r.PerHour = MaxPerHour + 1 }),
	} {
		ps := d.check(nil)
		found := false
		for _, p := range ps {
			found = found || p.Code == code
			for _, l := range locale.Langs {
				words := p.In(l)
				if strings.ContainsAny(words, "?{") || !locale.Has("notify.problem."+p.Code) || p.Code != "unknown" && !locale.Has("notify.field."+p.Field) {
					t.Errorf("%s: %s", p.Code, words)
				}
			}
		}
		if !found {
			t.Errorf("%s: got %v", code, ps)
		}
	}
	good := full("mail", mail...)
	if ps := good.check(nil); len(ps) != 0 {
		t.Errorf("a good channel is refused: %v", ps)
	}
}

func caOf(t *testing.T) string {
	t.Helper()
	_, ca := certificate(t)
	return ca
}
