package notify

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

// How many findings a message shows. Machines can take more than people.
const (
	shownToPeople   = 10
	shownToMachines = 500
)

// words puts things into the language of a channel.
type words struct {
	lang        locale.Lang
	zone        *time.Location
	institution string
	link        string // address of the pages
	names       bool   // names and addresses of machines may be said
	show        int
}

func (s *Service) writer(ctx context.Context, c model.Channel) words {
	w := words{lang: lang(c), zone: s.Zone, institution: s.institution(ctx), link: strings.TrimRight(s.link(ctx), "/"), names: c.Names, show: shownToPeople}
	if kindOf(c.Kind).Machine {
		w.show = shownToMachines
	}
	return w
}

func (w words) t(key string, pairs ...string) string {
	return locale.T(w.lang, "notify."+key, pairs...)
}

func (w words) n(key string, n int, pairs ...string) string {
	return w.t(key, append(pairs, "n", strconv.Itoa(n))...)
}

func (w words) when(t time.Time) string { return t.In(w.zone).Format("2006-01-02 15:04") }

// notice begins a message. What comes from the network is cleaned here, once for all channels.
func (w words) notice(subject string, fs []model.Finding) model.Notice {
	fs = slices.Clone(fs)
	slices.SortStableFunc(fs, func(a, b model.Finding) int { return cmp.Compare(b.Severity, a.Severity) })
	shown := fs[:min(len(fs), w.show)]
	n := model.Notice{Product: w.t("product"), Institution: w.institution, Subject: line(subject), More: len(fs) - len(shown), MoreText: w.t("more", "n", "{n}")}
	for _, f := range shown {
		n.Items = append(n.Items, w.item(f))
	}
	return n
}

func (w words) item(f model.Finding) model.NoticeItem {
	said := locale.Finding(w.lang, w.discreet(f))
	x := model.NoticeItem{
		Finding: f.ID, Rule: f.Rule, Severity: f.Severity, State: cmp.Or(f.State, model.Open), Level: w.t("level." + f.Severity.String()),
		Title: text(said.Title), Why: text(said.Why), Todo: text(said.Todo),
	}
	if w.link != "" {
		x.Link = w.link + "/findings/" + f.ID
	}
	return x
}

// discreet takes names and addresses out of a finding where they may not leave the institution; counts and dates stay.
func (w words) discreet(f model.Finding) model.Finding {
	if w.names {
		return f
	}
	f.Params = maps.Clone(f.Params)
	for k, v := range f.Params {
		if _, err := strconv.Atoi(v); err != nil && !strings.HasSuffix(k, "_key") {
			f.Params[k] = "…"
		}
	}
	f.Assets = nil
	return f
}

func (w words) urgent(fs []model.Finding) model.Notice {
	n := w.notice(w.headline("urgent.subject", fs), fs)
	n.Intro = []string{w.n("urgent.intro", len(fs))}
	n.Outro = w.outro("urgent.outro")
	return n
}

func (w words) alert(fs []model.Finding, held int) model.Notice {
	n := w.notice(w.headline("alert.subject", fs), fs)
	n.Intro = []string{w.n("alert.intro", len(fs))}
	if held > 0 {
		n.Intro = append(n.Intro, w.n("alert.held", held))
	}
	n.Outro = w.outro("")
	return n
}

// headline names the gravest finding and how many there are beside it.
func (w words) headline(key string, fs []model.Finding) string {
	gravest := slices.MaxFunc(fs, func(a, b model.Finding) int { return cmp.Compare(a.Severity, b.Severity) })
	s := w.t(key, "level", w.t("level."+gravest.Severity.String()), "title", locale.Finding(w.lang, w.discreet(gravest)).Title)
	if len(fs) > 1 {
		s += w.n("more_short", len(fs)-1)
	}
	return s
}

func (w words) stopped(last time.Time) model.Notice {
	n := w.notice(w.t("stopped.subject"), nil)
	n.Intro = []string{w.t("stopped.intro", "at", w.when(last)), w.t("stopped.todo")}
	n.Outro = w.outro("")
	return n
}

func (w words) resumed(at time.Time) model.Notice {
	n := w.notice(w.t("resumed.subject"), nil)
	n.Intro = []string{w.t("resumed.intro", "at", w.when(at))}
	return n
}

func (w words) undelivered(channel string, subject string) model.Notice {
	n := w.notice(w.t("undelivered.subject", "channel", channel), nil)
	n.Intro = []string{w.t("undelivered.intro", "channel", text(channel)), w.t("undelivered.about", "subject", text(subject))}
	n.Outro = w.outro("")
	return n
}

func (w words) test(channel string) model.Notice {
	n := w.notice(w.t("test.subject"), nil)
	n.Intro = []string{w.t("test.intro", "channel", text(channel))}
	return n
}

// digest tells what came and went since from. Only if somebody looked can it say that nothing happened.
func (w words) digest(kind string, from time.Time, h model.Happening, counts []model.FindingCount, stopped bool) model.Notice {
	n := w.notice(w.t(kind+".subject", "state", w.state(h, stopped)), h.Came)
	n.Intro = append(n.Intro, w.t("digest.since", "from", w.when(from)), w.state(h, stopped)+w.t("digest.stop"))
	if h.Last == nil {
		n.Intro = append(n.Intro, w.t("digest.never"))
	} else {
		n.Intro = append(n.Intro, w.n("digest.patrols", h.Patrols, "at", w.when(h.Last.Ended), "hosts", strconv.Itoa(h.Last.Seen)))
	}
	if h.Resolved > 0 {
		n.Intro = append(n.Intro, w.n("digest.resolved", h.Resolved))
	}
	n.Intro = append(n.Intro, w.waiting(counts))
	n.Outro = w.outro("")
	return n
}

// state is the digest in one clause.
func (w words) state(h model.Happening, stopped bool) string {
	switch {
	case stopped:
		return w.t("digest.stopped")
	case len(h.Came) > 0:
		return w.n("digest.came", len(h.Came))
	case h.Patrols == 0:
		return w.t("digest.no_patrol")
	}
	return w.t("digest.nothing")
}

// waiting counts the findings that wait, by severity.
func (w words) waiting(counts []model.FindingCount) string {
	n := map[model.Severity]int{}
	for _, c := range counts {
		if waits(model.Finding{State: c.State}) {
			n[c.Severity] += c.Count
		}
	}
	if len(n) == 0 {
		return w.t("digest.none_waiting")
	}
	var pairs []string
	for s := model.Info; s <= model.Critical; s++ {
		pairs = append(pairs, s.String(), strconv.Itoa(n[s]))
	}
	return w.t("digest.waiting", pairs...)
}

func (w words) outro(key string) (out []string) {
	if key != "" {
		out = append(out, w.t(key))
	}
	if w.link != "" {
		out = append(out, w.t("link", "url", w.link+"/"))
	} else {
		out = append(out, w.t("no_link"))
	}
	return out
}

// maxSubject bounds a subject, in characters.
const maxSubject = 120

// line makes a text fit for one line of bounded length: a subject, a log field.
func line(s string) string {
	return cut(text(s), maxSubject)
}

// maxText bounds one sentence of a message, in characters.
const maxText = 600

// text cleans what a message says: no control or direction-changing characters, no line ends, valid UTF-8.
func text(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\t', r == '\n', r == '\r', unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	return strings.TrimSpace(cut(s, maxText))
}

// cut shortens s to n characters, the last of them an ellipsis.
func cut(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}
