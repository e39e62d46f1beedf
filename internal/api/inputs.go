package api

import (
	"context"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/mimawari/mimawari/internal/model"
)

// Common is what every operation takes.
type Common struct {
	Lang string `query:"lang" maxLength:"40" doc:"language of the words: ja or en. Else Accept-Language, else Japanese" example:"en"`
}

// Paging is how a list is read piece by piece.
type Paging struct {
	Limit int    `query:"limit" minimum:"1" default:"100" doc:"how many entries; never more than 500"`
	After string `query:"after" maxLength:"500" doc:"the next of the page before"`
}

// set puts the place in the list into v.
func (p Paging) set(v url.Values) url.Values {
	v.Set("limit", strconv.Itoa(p.Limit))
	v.Set("after", p.After)
	return v
}

// next is the Link header that leads to the next page (RFC 8288); "" at the end.
func next(ctx context.Context, after string) string {
	if after == "" {
		return ""
	}
	u := *callOf(ctx).url
	q := u.Query()
	q.Set("after", after)
	return `<` + u.Path + `?` + q.Encode() + `>; rel="next"`
}

// aliases are types whose schema says more than their Go type does.
var aliases = map[reflect.Type]reflect.Type{
	reflect.TypeFor[model.Severity](): reflect.TypeFor[severityName](),
	reflect.TypeFor[model.State]():    reflect.TypeFor[stateName](),
	reflect.TypeFor[model.MAC]():      reflect.TypeFor[macText](),
}

type severityName string

// Schema implements huma.SchemaProvider.
func (severityName) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Enum: []any{"info", "low", "medium", "high", "critical"}}
}

type stateName string

// Schema implements huma.SchemaProvider.
func (stateName) Schema(huma.Registry) *huma.Schema {
	var all []any
	for _, s := range states {
		all = append(all, string(s))
	}
	return &huma.Schema{Type: huma.TypeString, Enum: all}
}

// states are all states of a finding; "" is before there was one.
var states = []model.State{"", model.Open, model.Acknowledged, model.Accepted, model.Resolved, model.Reopened, model.Suppressed}

type macText string

// Schema implements huma.SchemaProvider.
func (macText) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Examples: []any{"02:00:00:00:00:01"}}
}

// failures are the statuses that an operation can fail with.
func failures(o Operation, input reflect.Type) []int {
	out := []int{400, 401, 403, 500}
	if strings.Contains(o.Path, "{") {
		out = append(out, 404)
	}
	if _, ok := input.FieldByName("IfMatch"); ok {
		out = append(out, 412)
	}
	if _, ok := input.FieldByName("Body"); ok {
		out = append(out, 413, 415)
	}
	return out
}
