package api

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/memory"
	"github.com/mimawari/mimawari/internal/model"
)

// Past is the memory of flows.
type Past interface {
	Hunt(ctx context.Context, q memory.Query) (*memory.Found, error)
}

// huntPatience is how long one search of the memory of flows may take, with waiting for its turn.
const huntPatience = 90 * time.Second

// huntTurns is how many searches go on at once, of pages and API together; others wait.
var huntTurns = make(chan struct{}, 2)

// Hunt asks the memory of flows when it is its turn.
func Hunt(ctx context.Context, p Past, q memory.Query) (*memory.Found, error) {
	ctx, cancel := context.WithTimeout(ctx, huntPatience)
	defer cancel()
	select {
	case huntTurns <- struct{}{}:
		defer func() { <-huntTurns }()
	case <-ctx.Done():
		return nil, errHuntSlow
	}
	found, err := p.Hunt(ctx, q)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, errHuntSlow
	}
	return found, err
}

var errHuntSlow = &Refused{Key: "hunt.slow", Status: http.StatusServiceUnavailable}

// maxHunted is how long what is looked for may be.
const maxHunted = 253

// HuntQuery reads host, peer, port, name, ja4, since and until. asked is false if nothing says what is looked for; wrong is the key of the
// words for what can't be read.
func HuntQuery(v url.Values, zone *time.Location) (q memory.Query, asked bool, wrong string) {
	get := func(name string) string {
		t := strings.TrimSpace(v.Get(name))
		return t[:min(len(t), maxHunted)]
	}
	if q.Host, wrong = huntAddress(get("host"), wrong); wrong == "" {
		q.Peer, wrong = huntAddress(get("peer"), wrong)
	}
	q.Name, q.JA4 = get("name"), get("ja4")
	if p := get("port"); p != "" {
		n, err := strconv.Atoi(p)
		if err != nil || n < 1 || n > 65535 {
			wrong = "hunt.wrong_port"
		}
		q.Port = n
	}
	q.Since, wrong = huntDay(get("since"), zone, 0, wrong)
	q.Until, wrong = huntDay(get("until"), zone, 1, wrong)
	return q, q.Host != nil || q.Peer != nil || q.Name != "" || q.JA4 != "" || q.Port != 0, wrong
}

func huntAddress(text, wrong string) ([]netip.Prefix, string) {
	if text == "" {
		return nil, wrong
	}
	p, err := memory.ParseAddress(text)
	if err != nil {
		return nil, "hunt.wrong_address"
	}
	return []netip.Prefix{p}, wrong
}

func huntDay(text string, zone *time.Location, more int, wrong string) (time.Time, string) {
	if text == "" {
		return time.Time{}, wrong
	}
	t, err := time.ParseInLocation(time.DateOnly, text, zone)
	if err != nil {
		return t, "hunt.wrong_day"
	}
	return t.AddDate(0, 0, more), wrong
}

func (a *API) huntOperations() {
	add(a, Operation{
		Method: http.MethodGet, Path: "/hunt", Need: auth.Look, ID: "hunt", Tag: "search", Summary: "Ask the memory of flows who had to do with an address or a name in the past",
		Text: "Flows for which everything holds that is asked for. At least one of host, peer, port, name and ja4 must be there. All that were found are counted, " +
			"limit of them are given. Two searches go on at once, others wait; one that takes more than 90 seconds fails: ask for fewer days then.",
		Pages: []string{"GET /hunt", "GET /hunt.csv"},
	}, a.hunt)
}

type huntInput struct {
	Common
	Host  string `query:"host" maxLength:"50" doc:"an address or a network: one end of the flow" example:"192.168.1.20"`
	Peer  string `query:"peer" maxLength:"50" doc:"an address or a network: the other end"`
	Port  int    `query:"port" minimum:"1" maximum:"65535" doc:"of the server"`
	Name  string `query:"name" maxLength:"253" doc:"of the server, or a domain above it; * stands for any letters" example:"example.jp"`
	JA4   string `query:"ja4" maxLength:"40" doc:"JA4 fingerprint of the client"`
	Since string `query:"since" maxLength:"10" doc:"first day, in the institution's time zone" example:"2026-10-01"`
	Until string `query:"until" maxLength:"10" doc:"last day; all of it counts"`
	Limit int    `query:"limit" minimum:"1" default:"200" doc:"how many flows are given; never more than 10000"`
}

// maxHuntRows bounds an answer.
const maxHuntRows = 10_000

// HuntAnswer is what the memory of flows has.
type HuntAnswer struct {
	Total uint64     `json:"total"` // of all that were found, also of those that are not among flows
	Days  int        `json:"days"`  // that were looked at
	Flows []HuntFlow `json:"flows"`
}

// HuntFlow is one flow that was found. What is not known is not there.
type HuntFlow struct {
	First      time.Time `json:"first"`
	Last       time.Time `json:"last"`
	Client     string    `json:"client"`
	ClientPort int32     `json:"client_port"`
	Server     string    `json:"server"`
	ServerPort int32     `json:"server_port"`
	Proto      int32     `json:"proto"` // IP protocol number
	App        string    `json:"app,omitempty"`
	State      string    `json:"state,omitempty"` // Zeek's conn_state
	VLAN       int32     `json:"vlan,omitempty"`
	Tunnel     string    `json:"tunnel,omitempty"`
	Name       string    `json:"name,omitempty"`  // of the server: TLS server name, DNS name asked for, HTTP host
	JA4        string    `json:"ja4,omitempty"`   // of the client
	Facts      string    `json:"facts,omitempty"` // what else is known, a line each
	PacketsOut int64     `json:"packets_out"`     // of the client
	PacketsIn  int64     `json:"packets_in"`
	BytesOut   int64     `json:"bytes_out"` // of the client, IP headers included
	BytesIn    int64     `json:"bytes_in"`
}

func newHuntFlow(r memory.Row) HuntFlow {
	first := time.UnixMilli(r.First).UTC()
	return HuntFlow{
		First: first, Last: first.Add(time.Duration(r.Duration) * time.Millisecond), Client: r.Client, ClientPort: r.ClientPort, Server: r.Server, ServerPort: r.ServerPort,
		Proto: r.Proto, App: r.App, State: r.State, VLAN: r.VLAN, Tunnel: r.Tunnel, Name: r.Name, JA4: r.JA4, Facts: r.Facts,
		PacketsOut: r.PacketsOut, PacketsIn: r.PacketsIn, BytesOut: r.BytesOut, BytesIn: r.BytesIn,
	}
}

type huntOutput struct{ Body HuntAnswer }

func (a *API) hunt(ctx context.Context, in *huntInput) (*huntOutput, error) {
	if a.Past == nil {
		return nil, model.ErrNotFound
	}
	q, asked, wrong := HuntQuery(callOf(ctx).url.Query(), a.zone())
	switch {
	case wrong != "":
		return nil, &Refused{Key: wrong}
	case !asked:
		return nil, &Refused{Key: "hunt.nothing"}
	}
	q.Limit = min(in.Limit, maxHuntRows)
	found, err := Hunt(ctx, a.Past, q)
	if err != nil {
		return nil, err
	}
	out := HuntAnswer{Total: found.Total, Days: found.Days, Flows: make([]HuntFlow, 0, len(found.Rows))}
	for i := range found.Rows {
		out.Flows = append(out.Flows, newHuntFlow(found.Rows[i]))
	}
	return &huntOutput{out}, nil
}
