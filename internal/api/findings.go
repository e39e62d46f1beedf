package api

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

func (a *API) findingOperations() {
	add(a, Operation{
		Method: http.MethodGet, Path: "/findings", Need: auth.Look, ID: "findings", Tag: "findings", Summary: "The findings, the most severe first, of these the latest",
	}, a.findings)
	add(a, Operation{
		Method: http.MethodGet, Path: "/findings/{id}", Need: auth.Look, ID: "finding", Tag: "findings", Summary: "One finding with its history",
	}, a.finding)
	add(a, Operation{
		Method: http.MethodPost, Path: "/findings/{id}", Need: auth.Decide, ID: "decide", Tag: "findings", Summary: "Decide on a finding", Pages: []string{"POST /findings/{id}", "POST /findings/{id}/reopen"},
		Text: "Accepting needs owner, reason and until. The decision is kept under the name of the token's owner. With If-Match it is carried out only if " +
			"nothing changed since the finding was read: else the answer is 412.",
	}, a.decide)
}

// findingsFilter says which findings are meant.
type findingsFilter struct {
	Common
	FindingFilter
}

// FindingFilter says which findings are meant.
type FindingFilter struct {
	Q        string   `query:"q" maxLength:"200" doc:"every word is part of a name, address, MAC or value"`
	State    []string `query:"state,explode" maxItems:"20" maxLength:"40" doc:"only these states; may be repeated. active stands for open, reopened and acknowledged" example:"active"`
	Severity string   `query:"severity" enum:"info,low,medium,high,critical" doc:"at least this severity"`
	Rule     []string `query:"rule,explode" maxItems:"100" maxLength:"100" doc:"only these rules; may be repeated. line.* stands for a family" example:"line.*"`
	Host     string   `query:"host" maxLength:"200" doc:"id of a host that they are about"`
}

type findingsInput struct {
	Common
	Paging
	FindingFilter
}

// FindingList is part of the findings.
type FindingList struct {
	Findings []Finding `json:"findings"`
	Total    int       `json:"total"` // of all pages together
	Next     string    `json:"next"`  // goes into after; "" at the end
}

type findingsOutput struct {
	Link string `header:"Link" doc:"leads to the next page"`
	Body FindingList
}

func (a *API) findings(ctx context.Context, in *findingsInput) (*findingsOutput, error) {
	q, err := FindingQuery(in.set(url.Values{"q": {in.Q}, "state": in.State, "severity": {in.Severity}, "rule": in.Rule, "host": {in.Host}}))
	if err != nil {
		return nil, &Refused{Key: "api.bad_query", Pairs: []string{"text", err.Error()}}
	}
	p, err := a.Memory.Findings(ctx, q)
	return &findingsOutput{next(ctx, p.Next), FindingList{NewFindings(p.Findings, callOf(ctx).lang), p.Total, p.Next}}, err
}

// FindingHistory is one finding with what happened to it.
type FindingHistory struct {
	Finding Finding       `json:"finding"`
	Events  []model.Event `json:"events"` // oldest first
}

type findingOutput struct{ Body FindingHistory }

func (a *API) finding(ctx context.Context, in *ByID) (*findingOutput, error) {
	f, es, err := a.Memory.Finding(ctx, in.ID)
	return &findingOutput{newHistory(f, es, callOf(ctx).lang)}, err
}

func newHistory(f model.Finding, es []model.Event, l locale.Lang) FindingHistory {
	return FindingHistory{NewFinding(f, l), list(es)}
}

// DecisionBody is what somebody says of a finding.
type DecisionBody struct {
	State  string    `json:"state" enum:"open,acknowledged,accepted,resolved" doc:"what becomes of it"`
	Reason string    `json:"reason" required:"false" maxLength:"2000" doc:"why; accepting needs it"`
	Owner  string    `json:"owner" required:"false" maxLength:"200" doc:"who looks after it; accepting needs it"`
	Until  time.Time `json:"until,omitzero" doc:"until when it is accepted" example:"2027-03-31T00:00:00Z"`
}

type decideInput struct {
	ByID
	IfMatch string `header:"If-Match" maxLength:"1000" doc:"the ETag of the finding as it was read"`
	Body    DecisionBody
}

func (a *API) decide(ctx context.Context, in *decideInput) (*findingOutput, error) {
	f, es, err := a.Memory.Finding(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	d := Decision{State: model.State(in.Body.State), Reason: model.Clean(in.Body.Reason), Owner: model.Clean(in.Body.Owner), Until: in.Body.Until, Who: who(ctx)}
	if in.IfMatch != "" {
		if !isPresent(in.IfMatch, f, es) {
			return nil, model.ErrChanged
		}
		d.Seen = len(es)
	}
	if err := a.Desk.Decide(ctx, in.ID, d); err != nil {
		return nil, err
	}
	until := ""
	if !d.Until.IsZero() {
		until = d.Until.In(a.zone()).Format(time.DateOnly)
	}
	a.noted(ctx, "finding."+string(d.State), in.ID, "reason", d.Reason, "owner", d.Owner, "until", until)
	return a.finding(ctx, &in.ByID)
}

// isPresent reports whether the tags name the finding as it is, in whichever language it was read.
func isPresent(tags string, f model.Finding, es []model.Event) bool {
	for _, l := range locale.Langs {
		b, err := marshal(newHistory(f, es, l))
		if err == nil && names([]string{tags}, tagOf(b), false) {
			return true
		}
	}
	return false
}
