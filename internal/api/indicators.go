package api

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/indicator"
	"github.com/mimawari/mimawari/internal/model"
)

// Indicators are the lists of what is known to be bad.
type Indicators interface {
	Indicators(context.Context) ([]indicator.Feed, error)
	// ReadIndicators says what a file has, and keeps nothing.
	ReadIndicators(ctx context.Context, name string, r io.Reader) (*indicator.Feed, error)
	KeepIndicators(ctx context.Context, f *indicator.Feed, now time.Time) error
	RemoveIndicators(ctx context.Context, name string) error
}

func (a *API) indicatorOperations() {
	op := func(method, id, summary, text string, pages ...string) Operation {
		return Operation{Method: method, Path: "/indicators", Need: auth.Manage, ID: id, Tag: "indicators", Summary: summary, Text: text, Pages: pages}
	}
	add(a, op(http.MethodGet, "indicators", "The lists of what is known to be bad", "", "GET /settings/indicators"), a.indicatorLists)
	take := op(http.MethodPost, "indicators-import", "Take in a list",
		"The body is the file: STIX 2.1, MISP, CSV, or one entry a line. A list of the same name is replaced as a whole. The answer says what was understood and what was left out; "+
			"with try=true nothing is kept.", "POST /settings/indicators", "POST /settings/indicators/take-in")
	take.Large, take.Quiet, take.maxBody = true, true, indicator.MaxFile+1
	add(a, take, a.importIndicators)
	add(a, op(http.MethodDelete, "indicators-remove", "Forget a list", "", "POST /settings/indicators/remove"), a.removeIndicators)
}

// IndicatorList is a list of what is known to be bad.
type IndicatorList struct {
	Name     string          `json:"name"`
	Format   string          `json:"format"` // stix, misp, csv, list
	Imported time.Time       `json:"imported,omitzero"`
	Entries  int             `json:"entries"`
	Kinds    map[string]int  `json:"kinds"`    // how many entries by kind: address, network, domain, url, hash, ja4
	Idle     int             `json:"idle"`     // entries that are not looked for: URLs and hashes do not show in traffic
	LeftOut  int             `json:"left_out"` // what of the file was left out
	Slips    []IndicatorSlip `json:"slips"`    // the first of it
}

// IndicatorSlip is something that was left out.
type IndicatorSlip struct {
	Line int    `json:"line"` // of a text, or the number of the object
	Text string `json:"text"`
	Why  string `json:"why"` // private, wide, unreadable, kind, past
}

func newIndicatorList(f *indicator.Feed) IndicatorList {
	x := IndicatorList{Name: f.Name, Format: f.Format, Imported: f.Imported, Entries: len(f.Entries), Kinds: map[string]int{}, Idle: f.Idle(), LeftOut: f.LeftOut, Slips: []IndicatorSlip{}}
	for k, n := range f.Count() {
		x.Kinds[string(k)] = n
	}
	for _, s := range f.Slips {
		x.Slips = append(x.Slips, IndicatorSlip(s))
	}
	return x
}

// IndicatorLists are all lists, by name.
type IndicatorLists struct {
	Lists []IndicatorList `json:"lists"`
}

type indicatorListsOutput struct{ Body IndicatorLists }

func (a *API) indicatorLists(ctx context.Context, _ *Common) (*indicatorListsOutput, error) {
	if a.Indicators == nil {
		return nil, model.ErrNotFound
	}
	fs, err := a.Indicators.Indicators(ctx)
	if err != nil {
		return nil, err
	}
	out := &indicatorListsOutput{IndicatorLists{[]IndicatorList{}}}
	for i := range fs {
		out.Body.Lists = append(out.Body.Lists, newIndicatorList(&fs[i]))
	}
	return out, nil
}

type importIndicatorsInput struct {
	Common
	Name    string `query:"name" required:"true" maxLength:"80" doc:"the name of the list" example:"警察"`
	Try     bool   `query:"try" doc:"only say what would be taken in"`
	RawBody []byte
}

type indicatorListOutput struct{ Body IndicatorList }

func (a *API) importIndicators(ctx context.Context, in *importIndicatorsInput) (*indicatorListOutput, error) {
	if a.Indicators == nil {
		return nil, model.ErrNotFound
	}
	f, err := a.Indicators.ReadIndicators(ctx, in.Name, bytes.NewReader(in.RawBody))
	if err != nil {
		return nil, err
	}
	if !in.Try {
		if err := a.Indicators.KeepIndicators(ctx, f, a.now()); err != nil {
			return nil, err
		}
		a.noted(ctx, "indicators.import", f.Name, "format", f.Format, "entries", strconv.Itoa(len(f.Entries)), "left_out", strconv.Itoa(f.LeftOut))
	}
	return &indicatorListOutput{newIndicatorList(f)}, nil
}

type removeIndicatorsInput struct {
	Common
	Name string `query:"name" required:"true" maxLength:"320" doc:"the name of the list"`
}

func (a *API) removeIndicators(ctx context.Context, in *removeIndicatorsInput) (*indicatorListsOutput, error) {
	if a.Indicators == nil {
		return nil, model.ErrNotFound
	}
	if err := a.Indicators.RemoveIndicators(ctx, in.Name); err != nil {
		return nil, err
	}
	a.noted(ctx, "indicators.remove", in.Name)
	return a.indicatorLists(ctx, &in.Common)
}
