package api

import (
	"context"
	"net/http"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/model"
)

func (a *API) institutionOperations() {
	add(a, Operation{
		Method: http.MethodGet, Path: "/institution", Need: auth.Look, ID: "institution", Tag: "institution", Summary: "Whose network this is, and whom to call",
	}, a.institution)
}

type institutionOutput struct{ Body model.Institution }

func (a *API) institution(ctx context.Context, _ *Common) (*institutionOutput, error) {
	x, err := a.Memory.Institution(ctx)
	return &institutionOutput{x}, err
}
