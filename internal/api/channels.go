package api

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/notify"
)

// Teller sets up whom Mimawari tells.
type Teller interface {
	Channels(ctx context.Context) ([]model.Channel, error)
	Channel(ctx context.Context, id string) (model.Channel, error)
	Deliveries(ctx context.Context, channel string, limit int) ([]model.Delivery, error)
	Save(ctx context.Context, d notify.Draft) (model.Channel, error)
	Remove(ctx context.Context, id string) error
	Try(ctx context.Context, id string) (model.Delivery, error)
	NotifyLink(ctx context.Context) (string, error)
	SetNotifyLink(ctx context.Context, link string) error
}

func (a *API) channelOperations() {
	op := func(method, path, id, summary, text string, pages ...string) Operation {
		return Operation{Method: method, Path: path, Need: auth.Manage, ID: id, Tag: "notifications", Summary: summary, Text: text, Pages: pages}
	}
	const at = "POST /settings/notifications"
	add(a, op(http.MethodGet, "/notifications/channels", "channels", "Whom Mimawari tells", "Secrets never come back out: only their names.", "GET /settings/notifications"), a.channels)
	add(a, op(http.MethodPost, "/notifications/channels", "add-channel", "Add a channel", "", at), a.addChannel)
	add(a, op(http.MethodGet, "/notifications/channels/{id}", "channel", "One channel", ""), a.channel)
	add(a, op(http.MethodPut, "/notifications/channels/{id}", "change-channel", "Change a channel", "What is not sent stays, secrets too.", at+"/{id}"), a.changeChannel)
	add(a, op(http.MethodDelete, "/notifications/channels/{id}", "remove-channel", "Remove a channel with its secrets", "", at+"/{id}/remove"), a.removeChannel)
	add(a, op(http.MethodPost, "/notifications/channels/{id}/test", "test-channel", "Send a test message", "The answer says whether it arrived, or why not.", at+"/{id}/test"), a.testChannel)
	add(a, op(http.MethodGet, "/notifications/deliveries", "deliveries", "What was sent, newest first", ""), a.deliveries)
	add(a, op(http.MethodGet, "/notifications/link", "notify-link", "The address of the pages for the links in messages", ""), a.notifyLink)
	add(a, op(http.MethodPut, "/notifications/link", "set-notify-link", "Change the address of the pages for the links in messages", "", at+"/link"), a.setNotifyLink)
}

// ChannelAnswer is a channel without its secrets.
type ChannelAnswer struct {
	ID      string            `json:"id"`
	Kind    string            `json:"kind"` // mail, slack, teams, lineworks, chatwork, webhook, syslog
	Name    string            `json:"name"`
	On      bool              `json:"on"`
	Lang    string            `json:"lang"`
	Names   bool              `json:"names"` // names and addresses of machines may be in the messages
	When    model.Telling     `json:"when"`
	Options map[string]string `json:"options"`
	Secrets []string          `json:"secrets"` // names of those that are set
}

func newChannel(c model.Channel) ChannelAnswer {
	options := map[string]string{}
	maps.Copy(options, c.Options)
	return ChannelAnswer{c.ID, c.Kind, c.Name, c.On, c.Lang, c.Names, c.When, options, list(slices.Sorted(maps.Keys(c.Secrets)))}
}

// ChannelList is all channels.
type ChannelList struct {
	Channels []ChannelAnswer `json:"channels"`
}

type channelsOutput struct{ Body ChannelList }

func (a *API) channels(ctx context.Context, _ *Common) (*channelsOutput, error) {
	if a.Teller == nil {
		return nil, model.ErrNotFound
	}
	cs, err := a.Teller.Channels(ctx)
	out := ChannelList{[]ChannelAnswer{}}
	for _, c := range cs {
		out.Channels = append(out.Channels, newChannel(c))
	}
	return &channelsOutput{out}, err
}

type channelOutput struct{ Body ChannelAnswer }

func (a *API) channel(ctx context.Context, in *ByID) (*channelOutput, error) {
	if a.Teller == nil {
		return nil, model.ErrNotFound
	}
	c, err := a.Teller.Channel(ctx, in.ID)
	return &channelOutput{newChannel(c)}, err
}

// WhenBody says when a channel is used. What is not sent stays.
type WhenBody struct {
	Least     *string `json:"least,omitempty" enum:"info,low,medium,high,critical" doc:"milder findings are not told"`
	Now       *bool   `json:"now,omitempty" doc:"at once, apart from the quiet hours"`
	Daily     *bool   `json:"daily,omitempty" doc:"a digest every day"`
	Weekly    *bool   `json:"weekly,omitempty" doc:"a digest every week"`
	At        *string `json:"at,omitempty" maxLength:"10" doc:"time of the digests" example:"08:00"`
	Weekday   *int    `json:"weekday,omitempty" minimum:"0" maximum:"6" doc:"of the weekly digest; 0 is Sunday"`
	QuietFrom *string `json:"quiet_from,omitempty" maxLength:"10" doc:"begin of the quiet hours"`
	QuietTo   *string `json:"quiet_to,omitempty" maxLength:"10" doc:"end of the quiet hours"`
	PerHour   *int    `json:"per_hour,omitempty" minimum:"0" maximum:"10000" doc:"messages at most; what is above waits and is joined"`
	Report    *bool   `json:"report,omitempty" doc:"digests carry the report as a file, where the channel can"`
}

// ChannelBody is a channel as somebody enters it. What is not sent stays, or is as usual for a new one.
type ChannelBody struct {
	Name   *string           `json:"name,omitempty" maxLength:"200" doc:"what it is called"`
	On     *bool             `json:"on,omitempty" doc:"whether it is used"`
	Lang   *string           `json:"lang,omitempty" enum:"ja,en" doc:"language of the messages"`
	Names  *bool             `json:"names,omitempty" doc:"names and addresses of machines may be in the messages"`
	When   *WhenBody         `json:"when,omitempty" doc:"when it is used"`
	Values map[string]string `json:"values,omitempty" doc:"its fields by name, secrets too; an empty secret stays what it was"`
}

// NewChannelBody is a channel to be added.
type NewChannelBody struct {
	Kind string `json:"kind" enum:"mail,slack,teams,lineworks,chatwork,webhook,syslog" doc:"what kind of channel"`
	ChannelBody
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// into puts what was sent into a draft; what is wrong with it is for notify to name.
func (b ChannelBody) into(d *notify.Draft) {
	set(&d.Name, b.Name)
	set(&d.On, b.On)
	set(&d.Lang, b.Lang)
	set(&d.Names, b.Names)
	maps.Copy(d.Values, b.Values)
	if w := b.When; w != nil {
		t := &d.When
		set(&t.Now, w.Now)
		set(&t.Daily, w.Daily)
		set(&t.Weekly, w.Weekly)
		set(&t.At, w.At)
		set((*int)(&t.Weekday), w.Weekday)
		set(&t.QuietFrom, w.QuietFrom)
		set(&t.QuietTo, w.QuietTo)
		set(&t.PerHour, w.PerHour)
		set(&t.Report, w.Report)
		if w.Least != nil {
			if v, err := model.ParseSeverity(*w.Least); err == nil {
				t.Least = v
			}
		}
	}
}

type addChannelInput struct {
	Common
	Body NewChannelBody
}

func (a *API) addChannel(ctx context.Context, in *addChannelInput) (*channelOutput, error) {
	if a.Teller == nil {
		return nil, model.ErrNotFound
	}
	d := notify.NewDraft(in.Body.Kind, callOf(ctx).lang)
	in.Body.into(&d)
	return a.saveChannel(ctx, d)
}

type changeChannelInput struct {
	ByID
	Guarded
	Body ChannelBody
}

func (a *API) changeChannel(ctx context.Context, in *changeChannelInput) (*channelOutput, error) {
	if a.Teller == nil {
		return nil, model.ErrNotFound
	}
	a.guard.Lock()
	defer a.guard.Unlock()
	c, err := a.Teller.Channel(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := in.check(func(locale.Lang) any { return newChannel(c) }); err != nil {
		return nil, err
	}
	d := notify.DraftOf(c)
	in.Body.into(&d)
	return a.saveChannel(ctx, d)
}

func (a *API) saveChannel(ctx context.Context, d notify.Draft) (*channelOutput, error) {
	c, err := a.Teller.Save(ctx, d)
	var wrong notify.Problems
	if errors.As(err, &wrong) {
		var texts []string
		for _, p := range wrong {
			texts = append(texts, p.In(callOf(ctx).lang))
		}
		return nil, &Refused{Key: "declared.refused", Pairs: []string{"text", strings.Join(texts, " ")}}
	}
	if err != nil {
		return nil, err
	}
	a.noted(ctx, "notify.save", c.ID, "kind", c.Kind, "name", c.Name)
	return &channelOutput{newChannel(c)}, nil
}

func (a *API) removeChannel(ctx context.Context, in *ByID) (*channelsOutput, error) {
	if a.Teller == nil {
		return nil, model.ErrNotFound
	}
	c, err := a.Teller.Channel(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := a.Teller.Remove(ctx, c.ID); err != nil {
		return nil, err
	}
	a.noted(ctx, "notify.remove", c.ID, "kind", c.Kind, "name", c.Name)
	return a.channels(ctx, &in.Common)
}

// DeliveryAnswer is one message on its way through one channel.
type DeliveryAnswer struct {
	ID      string    `json:"id"`
	Channel string    `json:"channel"`
	Kind    string    `json:"kind"` // urgent, alert, stopped, resumed, daily, weekly, report, undelivered, test
	State   string    `json:"state"`
	Tries   int       `json:"tries"`
	Made    time.Time `json:"made"`
	Done    time.Time `json:"done,omitzero"`
	Subject string    `json:"subject"`
	Trouble string    `json:"trouble"` // what was wrong with the last try, in words
}

func newDelivery(d model.Delivery, l locale.Lang) DeliveryAnswer {
	x := DeliveryAnswer{d.ID, d.Channel, d.Kind, string(d.State), d.Tries, d.Made, d.Done, d.Notice.Subject, ""}
	if d.Trouble != nil {
		x.Trouble = locale.Trouble(l, *d.Trouble)
	}
	return x
}

type deliveryOutput struct{ Body DeliveryAnswer }

func (a *API) testChannel(ctx context.Context, in *ByID) (*deliveryOutput, error) {
	if a.Teller == nil {
		return nil, model.ErrNotFound
	}
	d, err := a.Teller.Try(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	a.noted(ctx, "notify.test", d.Channel, "state", string(d.State))
	return &deliveryOutput{newDelivery(d, callOf(ctx).lang)}, nil
}

type deliveriesInput struct {
	Common
	Limit   int    `query:"limit" minimum:"1" default:"100" doc:"how many; never more than 500"`
	Channel string `query:"channel" maxLength:"200" doc:"only those of this channel"`
}

// DeliveryList is what was sent.
type DeliveryList struct {
	Deliveries []DeliveryAnswer `json:"deliveries"`
}

type deliveriesOutput struct{ Body DeliveryList }

func (a *API) deliveries(ctx context.Context, in *deliveriesInput) (*deliveriesOutput, error) {
	if a.Teller == nil {
		return nil, model.ErrNotFound
	}
	ds, err := a.Teller.Deliveries(ctx, in.Channel, min(in.Limit, maxPage))
	out := DeliveryList{[]DeliveryAnswer{}}
	for _, d := range ds {
		out.Deliveries = append(out.Deliveries, newDelivery(d, callOf(ctx).lang))
	}
	return &deliveriesOutput{out}, err
}

// LinkBody is the address of the pages for the links in messages.
type LinkBody struct {
	Link string `json:"link" maxLength:"300" doc:"the address; empty for none"`
}

type linkOutput struct{ Body LinkBody }

func (a *API) notifyLink(ctx context.Context, _ *Common) (*linkOutput, error) {
	if a.Teller == nil {
		return nil, model.ErrNotFound
	}
	l, err := a.Teller.NotifyLink(ctx)
	return &linkOutput{LinkBody{l}}, err
}

type setLinkInput struct {
	Common
	Body LinkBody
}

func (a *API) setNotifyLink(ctx context.Context, in *setLinkInput) (*linkOutput, error) {
	if a.Teller == nil {
		return nil, model.ErrNotFound
	}
	link := strings.TrimSpace(in.Body.Link)
	if err := a.Teller.SetNotifyLink(ctx, link); err != nil {
		return nil, err
	}
	a.noted(ctx, "notify.link", link)
	return a.notifyLink(ctx, &in.Common)
}
