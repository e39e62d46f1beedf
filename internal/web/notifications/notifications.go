// Package notifications has the pages on which an administrator sets up whom Mimawari tells: the channels with their rules, a
// button to try each, and what was sent. It sends nothing and checks nothing itself (internal/notify does), and it never
// shows a secret that was entered: only that it is there.
package notifications

import (
	"context"
	"embed"
	"errors"
	"net/http"
	"strings"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/notify"
	"github.com/mimawari/mimawari/internal/web/page"
)

//go:embed pages
var pages embed.FS

var (
	listPage    = page.MustParse(pages, "channels", "deliveries")
	channelPage = page.MustParse(pages, "channel", "deliveries")
)

// Teller sets up channels and sends. internal/app has it.
type Teller interface {
	Channels(ctx context.Context) ([]model.Channel, error)
	Channel(ctx context.Context, id string) (model.Channel, error)
	Deliveries(ctx context.Context, channel string, limit int) ([]model.Delivery, error)
	Save(ctx context.Context, d notify.Draft) (model.Channel, error) // notify.Problems if something is wrong with it
	Remove(ctx context.Context, id string) error
	Try(ctx context.Context, id string) (model.Delivery, error)
	NotifyLink(ctx context.Context) (string, error)
	SetNotifyLink(ctx context.Context, link string) error
}

// Site is what the pages need.
type Site struct {
	Kit    *page.Kit
	Teller Teller
}

// Path is the address of the list; everything else is below it.
const Path = "/settings/notifications"

// Routes are the addresses of this package; none if there is nobody who tells.
func (s Site) Routes() []page.Route {
	if s.Teller == nil {
		return nil
	}
	return []page.Route{
		{Pattern: "GET " + Path, Need: auth.Manage, Do: s.list},
		{Pattern: "POST " + Path, Need: auth.Manage, Do: s.add},
		{Pattern: "POST " + Path + "/link", Need: auth.Manage, Do: s.link},
		{Pattern: "GET " + Path + "/new/{kind}", Need: auth.Manage, Do: s.blank},
		{Pattern: "GET " + Path + "/{id}", Need: auth.Manage, Do: s.channel},
		{Pattern: "POST " + Path + "/{id}", Need: auth.Manage, Do: s.change},
		{Pattern: "POST " + Path + "/{id}/test", Need: auth.Manage, Do: s.test},
		{Pattern: "POST " + Path + "/{id}/remove", Need: auth.Manage, Do: s.remove},
	}
}

// How many deliveries the pages show.
const shown = 20

type listView struct {
	page.Frame
	Channels   []channelView
	Kinds      []notify.Kind
	Link       string
	Nobody     bool // no channel is on: nobody is told, whatever happens
	Deliveries []model.Delivery
	names      map[string]string
}

// Name is the name of a channel, also of one that is no longer there.
func (v listView) Name(id string) string {
	if n, ok := v.names[id]; ok {
		return n
	}
	return v.T("notify.page.removed")
}

type channelView struct {
	model.Channel
	When string
	Last *model.Delivery
}

func (s Site) list(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	cs, err := s.Teller.Channels(ctx)
	if err != nil {
		return err
	}
	v := listView{Frame: s.Kit.Frame(r, "notify.page.title", "settings"), Kinds: notify.Kinds(), Nobody: true, names: map[string]string{}}
	for _, c := range cs {
		ds, err := s.Teller.Deliveries(ctx, c.ID, 1)
		if err != nil {
			return err
		}
		x := channelView{Channel: c, When: notify.InWords(v.Lang, c.When)}
		if len(ds) > 0 {
			x.Last = &ds[0]
		}
		v.Channels, v.names[c.ID], v.Nobody = append(v.Channels, x), c.Name, v.Nobody && !c.On
	}
	if v.Link, err = s.Teller.NotifyLink(ctx); err != nil {
		return err
	}
	if v.Deliveries, err = s.Teller.Deliveries(ctx, "", shown); err != nil {
		return err
	}
	return s.Kit.Render(w, r, http.StatusOK, listPage, v)
}

func (s Site) blank(w http.ResponseWriter, r *http.Request) error {
	kind := r.PathValue("kind")
	if _, ok := notify.KindOf(kind); !ok {
		return page.Missing(w, r)
	}
	return s.form(w, r, http.StatusOK, notify.NewDraft(kind, api.Lang(r)), nil, nil)
}

func (s Site) channel(w http.ResponseWriter, r *http.Request) error {
	c, err := s.Teller.Channel(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return s.form(w, r, http.StatusOK, notify.DraftOf(c), &c, nil)
}

func (s Site) add(w http.ResponseWriter, r *http.Request) error {
	if err := parse(r); err != nil { // a form that is too large has lost its kind
		return err
	}
	d := notify.Draft{Kind: r.PostFormValue("kind"), Values: map[string]string{}}
	if _, ok := notify.KindOf(d.Kind); !ok {
		return page.Missing(w, r)
	}
	return s.save(w, r, d, nil)
}

func (s Site) change(w http.ResponseWriter, r *http.Request) error {
	c, err := s.Teller.Channel(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return s.save(w, r, notify.DraftOf(c), &c)
}

// save stores what the form says, or shows the form again with what is wrong beside each field.
func (s Site) save(w http.ResponseWriter, r *http.Request, d notify.Draft, stored *model.Channel) error {
	if err := parse(r); err != nil {
		return err
	}
	read(r, &d)
	c, err := s.Teller.Save(r.Context(), d)
	var ps notify.Problems
	if errors.As(err, &ps) {
		return s.form(w, r, http.StatusUnprocessableEntity, d, stored, ps)
	}
	if err != nil {
		return err
	}
	page.Note(r, "notify.save", c.ID, "kind", c.Kind, "name", c.Name)
	page.Done(w, r, Path+"/"+c.ID, page.Flash{Key: "notify.page.saved", Pairs: []string{"name", c.Name}})
	return nil
}

func (s Site) test(w http.ResponseWriter, r *http.Request) error {
	d, err := s.Teller.Try(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	page.Note(r, "notify.test", d.Channel, "state", string(d.State))
	f := page.Flash{Key: "notify.page.tested"}
	if d.State != model.Sent {
		f.Key = "notify.page.not_tested"
		if d.Trouble != nil {
			f.Pairs = []string{"why", locale.Trouble(api.Lang(r), *d.Trouble)}
		}
	}
	page.Done(w, r, Path+"/"+d.Channel, f)
	return nil
}

func (s Site) remove(w http.ResponseWriter, r *http.Request) error {
	c, err := s.Teller.Channel(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := s.Teller.Remove(r.Context(), c.ID); err != nil {
		return err
	}
	page.Note(r, "notify.remove", c.ID, "kind", c.Kind, "name", c.Name)
	page.Done(w, r, Path, page.Flash{Key: "notify.page.gone", Pairs: []string{"name", c.Name}})
	return nil
}

func (s Site) link(w http.ResponseWriter, r *http.Request) error {
	link := strings.TrimSpace(r.PostFormValue("link"))
	if err := s.Teller.SetNotifyLink(r.Context(), link); err != nil {
		return err
	}
	page.Note(r, "notify.link", link)
	page.Done(w, r, Path, page.Flash{Key: "notify.page.link_saved"})
	return nil
}
