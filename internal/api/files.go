package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/model"
)

// What files are.
const (
	mediaXLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	mediaCSV  = "text/csv"
	mediaPDF  = "application/pdf"
	mediaSVG  = "image/svg+xml"
	mediaHTML = "text/html"
	mediaText = "text/plain"
)

// alias registers an operation that the pages carry out: the action of the first of its routes answers, so that a file is the same in
// both places, with the same entry in the audit trail. I is checked before.
func alias[I any](a *API, o Operation) {
	o.Stream = true
	add(a, o, func(ctx context.Context, _ *I) (*huma.StreamResponse, error) {
		if a.Page == nil {
			return nil, model.ErrNotFound
		}
		do := a.Page(o.Pages[0])
		if do == nil {
			return nil, model.ErrNotFound
		}
		return &huma.StreamResponse{Body: func(hc huma.Context) {
			r, w := humago.Unwrap(hc)
			callOf(ctx).err = do(w, r)
		}}, nil
	})
}

// file gives an operation that hands out the file of a page.
func file(path, page string, need auth.Permission, id, tag, summary string, media ...string) Operation {
	return Operation{Method: http.MethodGet, Path: path, Need: need, ID: id, Tag: tag, Summary: summary, Media: media, Pages: []string{page}}
}
