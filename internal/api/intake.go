package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/intake"
	"github.com/mimawari/mimawari/internal/model"
)

// Intake runs patrols and knows the sources.
type Intake interface {
	Rounds(ctx context.Context, limit int) ([]model.Round, *intake.RoundProgress, error)
	AskRound(ctx context.Context, r model.Round) (model.Round, error)
	CancelRound(ctx context.Context, id string) error
	Uploads(ctx context.Context) ([]model.Upload, error)
	WatchesNow(ctx context.Context) ([]intake.WatchNow, error)
	Listen() (*intake.Ear, bool)
}

func (a *API) intakeOperations() {
	op := func(method, path, id, summary, text string, pages ...string) Operation {
		return Operation{Method: method, Path: path, Need: auth.Intake, ID: id, Tag: "intake", Summary: summary, Text: text, Pages: pages}
	}
	add(a, op(http.MethodGet, "/rounds", "rounds", "The patrols that were asked for, newest first, and how far the present one is", ""), a.rounds)
	add(a, op(http.MethodPost, "/rounds", "ask-round", "Ask for a patrol", "Over uploaded files, or over an interface for a time. It waits until the patrols before it are done.", "POST /intake/rounds"), a.askRound)
	add(a, op(http.MethodDelete, "/rounds/{id}", "cancel-round", "Cancel a patrol that waits or runs", "", "POST /intake/rounds/{id}/cancel"), a.cancelRound)
	add(a, op(http.MethodGet, "/uploads", "uploads", "The files that were sent", "Files are sent with the tus protocol 1.0 to POST /api/v1/uploads, in pieces and with resume; DELETE takes one away. A tus client does that."), a.uploads)
	add(a, op(http.MethodGet, "/sources", "sources", "What is watched, and what it saw in the last minute", ""), a.sources)
	add(a, Operation{
		Method: http.MethodGet, Path: "/events", Need: auth.Look, ID: "events", Tag: "intake", Summary: "What goes on, as server-sent events", Stream: true, Media: []string{"text/event-stream"}, Pages: []string{"GET /events"},
		Text: "text/event-stream (WHATWG HTML, 9.2): each event has a name and JSON data. The connection stays open; a comment every 15 seconds keeps it.",
	}, a.events)
}

// RoundList is the patrols that were asked for.
type RoundList struct {
	Rounds   []model.Round         `json:"rounds"`
	Progress *intake.RoundProgress `json:"progress,omitempty"` // of the one that runs
}

type roundsOutput struct{ Body RoundList }

func (a *API) rounds(ctx context.Context, in *limitInput) (*roundsOutput, error) {
	if a.Intake == nil {
		return nil, model.ErrNotFound
	}
	rs, p, err := a.Intake.Rounds(ctx, min(in.Limit, maxPage))
	return &roundsOutput{RoundList{list(rs), p}}, err
}

// RoundBody is the patrol that is asked for.
type RoundBody struct {
	Uploads   []string `json:"uploads" required:"false" maxItems:"1000" doc:"ids of uploaded files"`
	Ledger    string   `json:"ledger" required:"false" maxLength:"200" doc:"id of an uploaded file that is the ledger"`
	Interface string   `json:"interface" required:"false" maxLength:"100" doc:"an interface to be watched"`
	Minutes   int      `json:"minutes" required:"false" minimum:"0" maximum:"1440" doc:"how long the interface is watched"`
}

type askRoundInput struct {
	Common
	Body RoundBody
}

type roundOutput struct{ Body model.Round }

func (a *API) askRound(ctx context.Context, in *askRoundInput) (*roundOutput, error) {
	if a.Intake == nil {
		return nil, model.ErrNotFound
	}
	b := in.Body
	r, err := a.Intake.AskRound(ctx, model.Round{Uploads: b.Uploads, Ledger: b.Ledger, Interface: b.Interface, For: time.Duration(b.Minutes) * time.Minute, By: who(ctx)})
	return &roundOutput{r}, err
}

func (a *API) cancelRound(ctx context.Context, in *ByID) (*roundsOutput, error) {
	if a.Intake == nil {
		return nil, model.ErrNotFound
	}
	if err := a.Intake.CancelRound(ctx, in.ID); err != nil {
		return nil, err
	}
	return a.rounds(ctx, &limitInput{Limit: 100})
}

// UploadList is the files that were sent.
type UploadList struct {
	Uploads []model.Upload `json:"uploads"`
}

type uploadsOutput struct{ Body UploadList }

func (a *API) uploads(ctx context.Context, _ *Common) (*uploadsOutput, error) {
	if a.Intake == nil {
		return nil, model.ErrNotFound
	}
	us, err := a.Intake.Uploads(ctx)
	return &uploadsOutput{UploadList{list(us)}}, err
}

// SourceList is what is watched.
type SourceList struct {
	Sources []intake.WatchNow `json:"sources"`
}

type sourcesOutput struct{ Body SourceList }

func (a *API) sources(ctx context.Context, _ *Common) (*sourcesOutput, error) {
	if a.Intake == nil {
		return nil, model.ErrNotFound
	}
	ws, err := a.Intake.WatchesNow(ctx)
	return &sourcesOutput{SourceList{list(ws)}}, err
}

// heartbeat keeps a stream's connection, and finds out that nobody is there.
const heartbeat = 15 * time.Second

func (a *API) events(_ context.Context, _ *Common) (*huma.StreamResponse, error) {
	if a.Intake == nil {
		return nil, model.ErrNotFound
	}
	ear, ok := a.Intake.Listen()
	if !ok {
		return nil, &Refused{Key: "intake.error.listeners", Status: http.StatusServiceUnavailable}
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		defer ear.Close()
		_, w := humago.Unwrap(ctx)
		stream(ctx.Context(), w, ear.Events)
	}}, nil
}

// stream sends events until the reader goes away, is too slow, or there are no more.
func stream(ctx context.Context, w http.ResponseWriter, events <-chan intake.Event) {
	control := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	w.WriteHeader(http.StatusOK)
	send := func(format string, args ...any) bool {
		_ = control.SetWriteDeadline(time.Now().Add(heartbeat)) // a server without limits can't be asked
		_, err := fmt.Fprintf(w, format, args...)
		return err == nil && control.Flush() == nil
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for ok := send("retry: 3000\n\n"); ok; {
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
			ok = send(": still here\n\n")
		case e, open := <-events:
			ok = open && send("event: %s\ndata: %s\n\n", e.Name, e.Data)
		}
	}
}
