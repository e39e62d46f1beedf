package settings

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/indicator"
	"github.com/mimawari/mimawari/internal/web/page"
)

const indicatorsPath = "/settings/indicators"

var (
	indicatorsPage   = page.MustParse(pages, "indicators")
	indicatorTryPage = page.MustParse(pages, "indicators_try")
)

// tries holds what was read until somebody takes it in: few, and not for long.
type tries struct {
	mu  sync.Mutex
	all []tryOut // the oldest first
}

type tryOut struct {
	id, who string
	at      time.Time
	feed    *indicator.Feed
}

const (
	maxTries = 8
	tryFor   = 30 * time.Minute
)

func (t *tries) hold(f *indicator.Feed, who string, now time.Time) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all = slices.DeleteFunc(t.all, func(x tryOut) bool { return now.Sub(x.at) > tryFor })
	if len(t.all) >= maxTries {
		t.all = slices.Delete(t.all, 0, 1)
	}
	id := rand.Text()
	t.all = append(t.all, tryOut{id, who, now, f})
	return id
}

// take gives what was held for who, once.
func (t *tries) take(id, who string, now time.Time) *indicator.Feed {
	t.mu.Lock()
	defer t.mu.Unlock()
	i := slices.IndexFunc(t.all, func(x tryOut) bool { return x.id == id && x.who == who && now.Sub(x.at) <= tryFor })
	if i < 0 {
		return nil
	}
	f := t.all[i].feed
	t.all = slices.Delete(t.all, i, i+1)
	return f
}

// feeds are the pages of the lists of what is known to be bad.
type feeds struct {
	Site
	held *tries
}

func (s Site) indicators() []page.Route {
	if s.Indicators == nil {
		return nil
	}
	x := feeds{s, &tries{}}
	return []page.Route{
		{Pattern: "GET " + indicatorsPath, Need: auth.Manage, Do: x.list},
		{Pattern: "POST " + indicatorsPath, Need: auth.Manage, Do: x.try, Large: true, Quiet: true},
		{Pattern: "POST " + indicatorsPath + "/take-in", Need: auth.Manage, Do: x.takeIn},
		{Pattern: "POST " + indicatorsPath + "/remove", Need: auth.Manage, Do: x.remove},
	}
}

type feedsView struct {
	page.Frame
	Feeds []indicator.Feed
	Max   uint64
}

func (s feeds) list(w http.ResponseWriter, r *http.Request) error {
	fs, err := s.Indicators.Indicators(r.Context())
	if err != nil {
		return err
	}
	return s.Kit.Render(w, r, http.StatusOK, indicatorsPage, feedsView{s.Kit.Frame(r, "settings.indicators", "settings"), fs, indicator.MaxFile})
}

// Parts says how many entries there are of each kind.
func (v feedsView) Parts(f indicator.Feed) string { return parts(v.Frame, &f) }

func parts(v page.Frame, f *indicator.Feed) string {
	n := f.Count()
	var out []string
	for _, k := range indicator.Kinds {
		if n[k] > 0 {
			out = append(out, v.T("indicator.kind."+string(k))+" "+v.Number(n[k]))
		}
	}
	return strings.Join(out, v.T("indicator.page.and"))
}

type tryView struct {
	page.Frame
	ID       string
	Feed     *indicator.Feed
	Parts    string
	Idle     int
	First    []indicator.Entry
	Replaces bool
}

// shownEntries is how many entries a preview shows.
const shownEntries = 20

// slowFeed is how long a large file may take over a slow line.
const slowFeed = 10 * time.Minute

// try shows what was understood of a file or a text, and holds it.
func (s feeds) try(w http.ResponseWriter, r *http.Request) error {
	c, end := http.NewResponseController(w), time.Now().Add(slowFeed)
	_ = c.SetReadDeadline(end) // a server that has no deadlines needs none moved
	_ = c.SetWriteDeadline(end)
	r.Body = http.MaxBytesReader(w, r.Body, indicator.MaxFile+1<<20)
	name, data, err := sentFeed(r)
	if err != nil {
		return err
	}
	v := tryView{Frame: s.Kit.Frame(r, "indicator.page.try", "settings")}
	name = cmp.Or(name, v.T("indicator.page.pasted", "at", s.Kit.Now().In(s.Kit.Place()).Format("2006-01-02 15:04")))
	if v.Feed, err = s.Indicators.ReadIndicators(r.Context(), name, bytes.NewReader(data)); err != nil {
		return err
	}
	there, err := s.Indicators.Indicators(r.Context())
	if err != nil {
		return err
	}
	v.Replaces = slices.ContainsFunc(there, func(f indicator.Feed) bool { return f.Name == v.Feed.Name })
	v.Parts, v.Idle, v.First = parts(v.Frame, v.Feed), v.Feed.Idle(), v.Feed.Entries[:min(len(v.Feed.Entries), shownEntries)]
	v.ID = s.held.hold(v.Feed, auth.ViewerOf(r.Context()).ID, s.Kit.Now())
	return s.Kit.Render(w, r, http.StatusOK, indicatorTryPage, v)
}

// sentFeed reads the form: a file or a text, and a name, which is the file's if none was given.
func sentFeed(r *http.Request) (name string, data []byte, err error) {
	none := refused("indicator.page.no_file")
	form, err := r.MultipartReader()
	if err != nil {
		return "", nil, none
	}
	file := ""
	for {
		p, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", nil, page.BadBody(err)
		}
		b, err := io.ReadAll(p)
		switch what := p.FormName(); {
		case err != nil:
			return "", nil, page.BadBody(err)
		case what == "name":
			name = strings.TrimSpace(string(b))
		case what == "file" && p.FileName() != "":
			file, data = p.FileName(), b
		case what == "text" && len(data) == 0:
			data = b
		}
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return "", nil, none
	}
	return cmp.Or(name, file), data, nil
}

func (s feeds) takeIn(w http.ResponseWriter, r *http.Request) error {
	f := s.held.take(r.PostFormValue("id"), auth.ViewerOf(r.Context()).ID, s.Kit.Now())
	if f == nil {
		return &api.Refused{Key: "indicator.page.gone", Status: http.StatusNotFound}
	}
	if err := s.Indicators.KeepIndicators(r.Context(), f, s.Kit.Now()); err != nil {
		return err
	}
	page.Note(r, "indicators.import", f.Name, "format", f.Format, "entries", strconv.Itoa(len(f.Entries)), "left_out", strconv.Itoa(f.LeftOut))
	page.Done(w, r, indicatorsPath, page.Flash{Key: "indicator.page.taken_in", Pairs: []string{"name", f.Name, "n", strconv.Itoa(len(f.Entries))}})
	return nil
}

func (s feeds) remove(w http.ResponseWriter, r *http.Request) error {
	name := r.PostFormValue("name")
	if err := s.Indicators.RemoveIndicators(r.Context(), name); err != nil {
		return err
	}
	page.Note(r, "indicators.remove", name)
	page.Done(w, r, indicatorsPath, page.Flash{Key: "indicator.removed", Pairs: []string{"name", name}})
	return nil
}
