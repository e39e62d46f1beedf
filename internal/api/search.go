package api

import (
	"context"
	"net/http"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/ledger"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/lookup"
	"github.com/mimawari/mimawari/internal/model"
)

func (a *API) searchOperations() {
	add(a, Operation{
		Method: http.MethodGet, Path: "/search", Need: auth.Look, ID: "search", Tag: "search", Summary: "The search box: machines, findings and ledger rows, the best first",
		Text: "Addresses (also in part), MACs in any spelling, names, departments, places, owners, vendors, systems, lines, ids and titles of findings, rules. " +
			"There is no syntax: every word is text that must be there. Half-width and full-width, upper and lower case are the same.",
	}, a.search)
}

type searchInput struct {
	Common
	Q     string `query:"q" required:"true" maxLength:"200" doc:"what is looked for" example:"10.1.0.20"`
	Limit int    `query:"limit" minimum:"1" default:"50" doc:"how many hits; never more than 50"`
}

// SearchAnswer is what was found, by kind.
type SearchAnswer struct {
	Hosts    HostHits    `json:"hosts"`
	Findings FindingHits `json:"findings"`
	Ledger   RowHits     `json:"ledger"`
}

// HostHits is the machines that were found.
type HostHits struct {
	Total int       `json:"total"` // with those that are not among hits
	Hits  []HostHit `json:"hits"`  // the best first
}

// HostHit is one machine that was found.
type HostHit struct {
	Exact bool       `json:"exact"` // what was looked for is the whole of its id, of an address or of a name
	Host  model.Host `json:"host"`
}

// FindingHits is the findings that were found.
type FindingHits struct {
	Total int          `json:"total"` // with those that are not among hits
	Hits  []FindingHit `json:"hits"`  // the best first
}

// FindingHit is one finding that was found.
type FindingHit struct {
	Exact   bool    `json:"exact"` // what was looked for is its id, or the whole of an address or name in it
	Finding Finding `json:"finding"`
}

// RowHits is the rows of the ledger that were found.
type RowHits struct {
	Total int      `json:"total"` // with those that are not among hits
	Hits  []RowHit `json:"hits"`  // the best first
}

// RowHit is one row of the ledger that was found.
type RowHit struct {
	Exact  bool              `json:"exact"` // what was looked for is the whole of a cell, or an address in one
	Kind   string            `json:"kind"`  // hosts, networks, lines...
	ID     string            `json:"id"`
	Key    string            `json:"key"`
	Label  string            `json:"label"`
	Fields map[string]string `json:"fields"` // those that say something
}

// NewSearchAnswer renders a result in the given language.
func NewSearchAnswer(r lookup.Result, l locale.Lang) SearchAnswer {
	a := SearchAnswer{
		HostHits{r.Hosts.Total, []HostHit{}}, FindingHits{r.Findings.Total, []FindingHit{}}, RowHits{r.Rows.Total, []RowHit{}},
	}
	for _, h := range r.Hosts.Hits {
		a.Hosts.Hits = append(a.Hosts.Hits, HostHit{h.Exact, NewHost(h.Thing)})
	}
	for _, h := range r.Findings.Hits {
		a.Findings.Hits = append(a.Findings.Hits, FindingHit{h.Exact, NewFinding(h.Thing, l)})
	}
	for _, h := range r.Rows.Hits {
		a.Ledger.Hits = append(a.Ledger.Hits, newRowHit(h.Thing, h.Exact))
	}
	return a
}

func newRowHit(r ledger.Row, exact bool) RowHit {
	x := RowHit{Exact: exact, Kind: string(r.Kind), ID: r.ID, Key: r.Key, Label: r.Label, Fields: map[string]string{}}
	for i, f := range ledger.Fields(r.Kind) {
		if i < len(r.Values) && r.Values[i] != "" {
			x.Fields[f] = r.Values[i]
		}
	}
	return x
}

type searchOutput struct{ Body SearchAnswer }

func (a *API) search(ctx context.Context, in *searchInput) (*searchOutput, error) {
	if a.Finder == nil {
		return nil, model.ErrNotFound
	}
	r, err := a.Finder.Find(ctx, in.Q, in.Limit)
	return &searchOutput{NewSearchAnswer(r, callOf(ctx).lang)}, err
}
