package api

import (
	"context"
	"net/http"
	"time"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/model"
)

func (a *API) suppressionOperations() {
	add(a, Operation{
		Method: http.MethodGet, Path: "/suppressions", Need: auth.Look, ID: "suppressions", Tag: "suppressions", Summary: "What is silenced, in words",
	}, a.suppressions)
	add(a, Operation{
		Method: http.MethodPost, Path: "/suppressions", Need: auth.Decide, ID: "silence", Tag: "suppressions", Summary: "Silence findings in words", Pages: []string{"POST /silences"},
		Text: "It acts on the past too. At least one of rule, host and ip must be set; owner and reason must be. The answer is all that is silenced now.",
	}, a.silence)
	add(a, Operation{
		Method: http.MethodDelete, Path: "/suppressions/{id}", Need: auth.Decide, ID: "unsilence", Tag: "suppressions", Summary: "Take a silence back", Pages: []string{"POST /silences/{id}/remove"},
		Text: "What it silenced waits again. The answer is all that is silenced now.",
	}, a.unsilence)
}

// SuppressionList is all that is silenced.
type SuppressionList struct {
	Suppressions []model.Suppression `json:"suppressions"`
}

type suppressionsOutput struct{ Body SuppressionList }

func (a *API) suppressions(ctx context.Context, _ *Common) (*suppressionsOutput, error) {
	s, err := a.Memory.Suppressions(ctx)
	return &suppressionsOutput{SuppressionList{list(s)}}, err
}

// SuppressionBody is what shall be silenced.
type SuppressionBody struct {
	Rule   string    `json:"rule" required:"false" maxLength:"100" doc:"a rule, or a family with line.*"`
	Host   string    `json:"host" required:"false" maxLength:"200" doc:"id of a host"`
	IP     string    `json:"ip" required:"false" maxLength:"60" doc:"an address or a network" example:"10.1.0.0/24"`
	Reason string    `json:"reason" maxLength:"2000" doc:"why"`
	Owner  string    `json:"owner" maxLength:"200" doc:"who looks after it"`
	Until  time.Time `json:"until,omitzero" doc:"until when; without it there is no end"`
}

type silenceInput struct {
	Common
	Body SuppressionBody
}

func (a *API) silence(ctx context.Context, in *silenceInput) (*suppressionsOutput, error) {
	b := in.Body
	s := model.Suppression{Rule: b.Rule, Host: b.Host, IP: b.IP, Reason: model.Clean(b.Reason), Owner: model.Clean(b.Owner), Until: b.Until}
	if err := a.Desk.Silence(ctx, s); err != nil {
		return nil, err
	}
	return a.suppressions(ctx, &in.Common)
}

func (a *API) unsilence(ctx context.Context, in *ByID) (*suppressionsOutput, error) {
	if err := a.Desk.Unsilence(ctx, in.ID); err != nil {
		return nil, err
	}
	return a.suppressions(ctx, &in.Common)
}
