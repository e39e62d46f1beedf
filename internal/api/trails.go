package api

import (
	"context"
	"io"
	"net/http"
	"net/netip"
	"time"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

// Trails remembers where hosts were and whom they talked to.
type Trails interface {
	Trail(ctx context.Context, host string) (model.Trail, error)
}

// Notes is what people write down about a host.
type Notes interface {
	Note(ctx context.Context, host string) (model.Note, error)
	Write(ctx context.Context, host, place, text, who string) error
	SetPhoto(ctx context.Context, host, who string, r io.Reader) error
	RemovePhoto(ctx context.Context, host, who string) error
}

func (a *API) trailOperations() {
	add(a, Operation{
		Method: http.MethodGet, Path: "/hosts/{id}/trail", Need: auth.Look, ID: "trail", Tag: "hosts", Summary: "The addresses a machine had and whom it talked to, over all patrols",
	}, a.trail)
	add(a, Operation{
		Method: http.MethodGet, Path: "/hosts/{id}/note", Need: auth.Look, ID: "note", Tag: "hosts", Summary: "What people wrote down about a machine",
	}, a.note)
	add(a, Operation{
		Method: http.MethodPut, Path: "/hosts/{id}/note", Need: auth.Decide, ID: "write-note", Tag: "hosts", Summary: "Write down something about a machine",
		Text: "It replaces what was written before. With If-Match only if nobody has written meanwhile.", Pages: []string{"POST /hosts/{id}/note"},
	}, a.writeNote)
}

// TrailAnswer is what is remembered of a machine.
type TrailAnswer struct {
	Stays   []StayAnswer `json:"stays"`
	Talks   []TalkAnswer `json:"talks"`
	Dropped uint64       `json:"dropped"` // left out because there was too much, ever
}

// StayAnswer is the time from which until which a machine was seen under an address.
type StayAnswer struct {
	Addr  netip.Addr `json:"addr"`
	MAC   model.MAC  `json:"mac"` // "" if only the address was seen
	First time.Time  `json:"first"`
	Last  time.Time  `json:"last"`
}

// TalkAnswer is what two machines exchanged by one application.
type TalkAnswer struct {
	Peer     string     `json:"peer"`      // id of the other machine, "" if none is known
	PeerAddr netip.Addr `json:"peer_addr"` // its address
	Client   bool       `json:"client"`    // this machine asked, the other one served
	Proto    uint8      `json:"proto"`     // IP protocol number
	Port     uint16     `json:"port"`
	App      string     `json:"app"` // "" if not known
	Flows    uint64     `json:"flows"`
	BytesOut uint64     `json:"bytes_out"` // from client to server
	BytesIn  uint64     `json:"bytes_in"`  // and back
	First    time.Time  `json:"first"`
	Last     time.Time  `json:"last"`
}

type trailOutput struct{ Body TrailAnswer }

func (a *API) trail(ctx context.Context, in *ByID) (*trailOutput, error) {
	if a.Trails == nil {
		return nil, model.ErrNotFound
	}
	if _, err := a.Memory.Host(ctx, in.ID); err != nil {
		return nil, err
	}
	t, err := a.Trails.Trail(ctx, in.ID)
	out := TrailAnswer{Stays: []StayAnswer{}, Talks: []TalkAnswer{}, Dropped: t.Dropped}
	for _, s := range t.Stays {
		out.Stays = append(out.Stays, StayAnswer{s.Addr, s.MAC, s.First, s.Last})
	}
	for i := range t.Talks {
		x := &t.Talks[i]
		p, client := x.Peer(in.ID)
		out.Talks = append(out.Talks, TalkAnswer{p.Host, p.Addr, client, x.Proto, x.Port, x.App, x.Flows, x.BytesOut, x.BytesIn, x.First, x.Last})
	}
	return &trailOutput{out}, err
}

type noteOutput struct{ Body model.Note }

func (a *API) note(ctx context.Context, in *ByID) (*noteOutput, error) {
	if a.Notes == nil {
		return nil, model.ErrNotFound
	}
	if _, err := a.Memory.Host(ctx, in.ID); err != nil {
		return nil, err
	}
	n, err := a.Notes.Note(ctx, in.ID)
	n.Host = in.ID
	return &noteOutput{n}, err
}

// NoteBody is what shall be written down.
type NoteBody struct {
	Place string `json:"place" required:"false" maxLength:"200" doc:"where the machine stands"`
	Text  string `json:"text" required:"false" maxLength:"4000" doc:"anything worth knowing; no patients' data"`
}

type writeNoteInput struct {
	ByID
	Guarded
	Body NoteBody
}

func (a *API) writeNote(ctx context.Context, in *writeNoteInput) (*noteOutput, error) {
	if a.Notes == nil {
		return nil, model.ErrNotFound
	}
	a.guard.Lock()
	defer a.guard.Unlock()
	now, err := a.note(ctx, &in.ByID)
	if err != nil {
		return nil, err
	}
	if err := in.check(func(locale.Lang) any { return now.Body }); err != nil {
		return nil, err
	}
	if err := a.Notes.Write(ctx, in.ID, in.Body.Place, in.Body.Text, who(ctx)); err != nil {
		return nil, err
	}
	return a.note(ctx, &in.ByID)
}
