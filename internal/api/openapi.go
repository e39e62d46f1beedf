package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/mimawari/mimawari/internal/auth"
)

//go:generate go run ./gen

const about = "Everything that a page of Mimawari does, for machines. Lists are lists (never null), times are RFC 3339 in UTC, fields may be added. " +
	"Errors are `{\"error\":{\"code\",\"text\"}}`: the code stays the same, the text is in the language of the request. Each operation names the scope " +
	"that a token needs; a token may never do more than its owner."

// tokenScheme is the name of the way in that the document gives.
const tokenScheme = "token"

var schemes = map[string]*huma.SecurityScheme{
	tokenScheme: {Type: "http", Scheme: "bearer", Description: "An API token, made in the settings: Authorization: Bearer TOKEN. The list beside it names the scope that is needed."},
}

// document is the API's description, as it is served.
type document struct{ json, yaml []byte }

func (a *API) documentOperations() {
	add(a, Operation{
		Method: http.MethodGet, Path: "/openapi.json", Need: auth.SignedIn, ID: "openapi-json", Tag: "document", Summary: "This document (OpenAPI 3.1) as JSON",
	}, func(context.Context, *Common) (*documentBytes, error) {
		return &documentBytes{"application/openapi+json", a.document.json}, nil
	})
	add(a, Operation{
		Method: http.MethodGet, Path: "/openapi.yaml", Need: auth.SignedIn, ID: "openapi-yaml", Tag: "document", Summary: "This document (OpenAPI 3.1) as YAML",
	}, func(context.Context, *Common) (*documentBytes, error) {
		return &documentBytes{"application/openapi+yaml", a.document.yaml}, nil
	})
}

type documentBytes struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

// Document gives the OpenAPI document as JSON.
func (a *API) Document() []byte { return a.document.json }

// finish says in the document what holds for all operations, and writes it.
func (a *API) finish() {
	doc := a.huma.OpenAPI()
	for _, o := range a.operations {
		op := operationOf(doc.Paths[o.Path], o.Method)
		delete(op.Responses, "422") // bad input is 400 here
		if o.Method == http.MethodGet && !o.Stream {
			tagged(op)
		}
		if len(o.Media) > 0 {
			op.Responses["200"] = &huma.Response{Description: "the file", Content: map[string]*huma.MediaType{}}
			for _, m := range o.Media {
				op.Responses["200"].Content[m] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
			}
		}
		if strings.HasPrefix(o.ID, "openapi-") {
			media := "application/openapi+" + strings.TrimPrefix(o.ID, "openapi-")
			op.Responses["200"].Content = map[string]*huma.MediaType{media: {Schema: &huma.Schema{Type: huma.TypeObject}}}
		}
	}
	a.describe()
	b, err := json.MarshalIndent(doc, "", " ")
	if err != nil {
		panic(fmt.Sprintf("BUG: the OpenAPI document can't be encoded: %v", err))
	}
	y, err := doc.YAML()
	if err != nil {
		panic(fmt.Sprintf("BUG: the OpenAPI document can't be encoded: %v", err))
	}
	a.document = document{append(b, '\n'), y}
}

func operationOf(p *huma.PathItem, method string) *huma.Operation {
	return map[string]*huma.Operation{
		http.MethodGet: p.Get, http.MethodPost: p.Post, http.MethodPut: p.Put, http.MethodPatch: p.Patch, http.MethodDelete: p.Delete,
	}[method]
}

// tagged documents the entity tags of what is read.
func tagged(op *huma.Operation) {
	text := &huma.Schema{Type: huma.TypeString}
	op.Parameters = append(op.Parameters, &huma.Param{Name: "If-None-Match", In: "header", Description: "the ETag of an earlier answer: if it is still the same the answer is 304, without a body", Schema: text})
	op.Responses["304"] = &huma.Response{Description: "as it was"}
	r := op.Responses["200"]
	if r.Headers == nil {
		r.Headers = map[string]*huma.Param{}
	}
	r.Headers["ETag"] = &huma.Param{Description: "names this answer, byte by byte", Schema: text}
}

// nullable are properties that are null where there is nothing.
var nullable = [][2]string{{"Host", "ledger"}}

// describe adds what Go's types don't tell huma: the comments of their fields, and that answers may grow.
func (a *API) describe() {
	sent := a.sent()
	for name, s := range a.huma.OpenAPI().Components.Schemas.Map() {
		if s.Description == "" {
			s.Description = comments[name]
		}
		for field, p := range s.Properties {
			if c := comments[name+"."+field]; c != "" && p.Description == "" {
				p.Description = c
			}
		}
		if !sent[name] {
			s.AdditionalProperties = nil
		}
	}
	for _, n := range nullable {
		s := a.huma.OpenAPI().Components.Schemas.Map()[n[0]]
		p := s.Properties[n[1]]
		s.Properties[n[1]] = &huma.Schema{Description: p.Description, AnyOf: []*huma.Schema{{Ref: p.Ref}, {Type: "null"}}}
	}
}

// sent are the names of the schemas that callers send: nothing may be in them that they don't name.
func (a *API) sent() map[string]bool {
	m := map[string]bool{}
	var walk func(*huma.Schema)
	walk = func(s *huma.Schema) {
		if s == nil {
			return
		}
		if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok && !m[name] {
			m[name] = true
			walk(a.huma.OpenAPI().Components.Schemas.Map()[name])
		}
		walk(s.Items)
		for _, p := range s.Properties {
			walk(p)
		}
	}
	for _, o := range a.operations {
		if op := operationOf(a.huma.OpenAPI().Paths[o.Path], o.Method); op.RequestBody != nil {
			for _, c := range op.RequestBody.Content {
				walk(c.Schema)
			}
		}
	}
	return m
}
