package api

import (
	"context"
	"net/http"
	"net/url"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/model"
)

func (a *API) hostOperations() {
	add(a, Operation{
		Method: http.MethodGet, Path: "/hosts", Need: auth.Look, ID: "hosts", Tag: "hosts", Summary: "The machines that were seen, by address",
	}, a.hosts)
	add(a, Operation{
		Method: http.MethodGet, Path: "/hosts/{id}", Need: auth.Look, ID: "host", Tag: "hosts", Summary: "One machine with everything known of it",
	}, a.host)
}

// hostsFilter says which machines are meant.
type hostsFilter struct {
	Common
	HostFilter
}

// HostFilter says which machines are meant.
type HostFilter struct {
	Q        string `query:"q" maxLength:"200" doc:"every word is part of a name, address, MAC, maker, model or system; a whole address or MAC is looked up exactly" example:"10.1.0.20"`
	Class    string `query:"class" maxLength:"40" doc:"only this class; - for machines of an unknown one" example:"pc"`
	Declared string `query:"declared" enum:"yes,no" doc:"only machines that are in the ledger, or that are not"`
}

type hostsInput struct {
	Common
	Paging
	HostFilter
}

// HostList is part of the machines.
type HostList struct {
	Hosts []model.Host `json:"hosts"`
	Total int          `json:"total"` // of all pages together
	Next  string       `json:"next"`  // goes into after; "" at the end
}

type hostsOutput struct {
	Link string `header:"Link" doc:"leads to the next page"`
	Body HostList
}

func (a *API) hosts(ctx context.Context, in *hostsInput) (*hostsOutput, error) {
	p, err := a.Memory.Hosts(ctx, HostQuery(in.set(url.Values{"q": {in.Q}, "class": {in.Class}, "declared": {in.Declared}})))
	return &hostsOutput{next(ctx, p.Next), HostList{NewHosts(p.Hosts), p.Total, p.Next}}, err
}

type hostOutput struct{ Body model.Host }

func (a *API) host(ctx context.Context, in *ByID) (*hostOutput, error) {
	h, err := a.Memory.Host(ctx, in.ID)
	return &hostOutput{NewHost(h)}, err
}
