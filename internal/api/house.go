package api

import (
	"bytes"
	"context"
	"net/http"
	"strconv"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

// House changes what the institution says of itself.
type House interface {
	SaveInstitution(ctx context.Context, x model.Institution) error
}

// Retention says how long records are kept.
type Retention interface {
	Days(context.Context) (int, error)
	SetDays(ctx context.Context, n int) error
}

func (a *API) houseOperations() {
	op := func(method, path string, need auth.Permission, id, tag, summary string, pages ...string) Operation {
		return Operation{Method: method, Path: path, Need: need, ID: id, Tag: tag, Summary: summary, Pages: pages}
	}
	add(a, op(http.MethodPut, "/institution", auth.Manage, "set-institution", "institution", "Say whose network this is, and whom to call", "POST /start/{step}"), a.setInstitution)
	add(a, op(http.MethodGet, "/retention", auth.Manage, "retention", "institution", "How long records are kept that are of no use any more", "GET /settings/retention"), a.retention)
	add(a, op(http.MethodPut, "/retention", auth.Manage, "set-retention", "institution", "Change how long records are kept", "POST /settings/retention"), a.setRetention)
	photo := op(http.MethodPut, "/hosts/{id}/photo", auth.Decide, "set-photo", "hosts", "Keep a photo of a machine", "POST /hosts/{id}/photo")
	photo.Text, photo.Large, photo.maxBody = "The body is a JPEG or PNG. It is made smaller and written anew: nothing of what came with it (place, time) stays.", true, maxPhoto+1
	add(a, photo, a.setPhoto)
	add(a, op(http.MethodDelete, "/hosts/{id}/photo", auth.Decide, "remove-photo", "hosts", "Forget the photo of a machine", "POST /hosts/{id}/photo/remove"), a.removePhoto)
}

// InstitutionBody is what the institution says of itself. It replaces what was said before.
type InstitutionBody struct {
	Name          string        `json:"name" maxLength:"200" doc:"its name"`
	Kind          string        `json:"kind" required:"false" maxLength:"40" doc:"what it is: clinic, hospital..."`
	Beds          int           `json:"beds" required:"false" minimum:"0" maximum:"9999" doc:"how many beds it has"`
	Contacts      []ContactBody `json:"contacts" required:"false" maxItems:"50" doc:"whom to call, in this order"`
	OpenEmergency bool          `json:"open_emergency" required:"false" doc:"the emergency page may be read without signing in"`
}

// ContactBody is somebody to call when something is wrong.
type ContactBody struct {
	Role  string `json:"role" required:"false" maxLength:"200" doc:"what they are"`
	Name  string `json:"name" required:"false" maxLength:"200" doc:"their name"`
	Phone string `json:"phone" required:"false" maxLength:"100" doc:"their number"`
	Mail  string `json:"mail" required:"false" maxLength:"200" doc:"their mail address"`
	Note  string `json:"note" required:"false" maxLength:"1000" doc:"when they are there"`
}

type setInstitutionInput struct {
	Common
	Guarded
	Body InstitutionBody
}

func (a *API) setInstitution(ctx context.Context, in *setInstitutionInput) (*institutionOutput, error) {
	if a.House == nil {
		return nil, model.ErrNotFound
	}
	a.guard.Lock()
	defer a.guard.Unlock()
	now, err := a.institution(ctx, &in.Common)
	if err != nil {
		return nil, err
	}
	if err := in.check(func(locale.Lang) any { return now.Body }); err != nil {
		return nil, err
	}
	b := in.Body
	x := model.Institution{Name: b.Name, Kind: model.InstitutionKind(b.Kind), Beds: b.Beds, OpenEmergency: b.OpenEmergency}
	for _, c := range b.Contacts {
		x.Contacts = append(x.Contacts, model.Contact(c))
	}
	if err := a.House.SaveInstitution(ctx, x); err != nil {
		return nil, err
	}
	return a.institution(ctx, &in.Common)
}

// RetentionBody says how long records are kept.
type RetentionBody struct {
	Days int `json:"days" minimum:"1" maximum:"100000" doc:"for so many days"`
}

type retentionOutput struct{ Body RetentionBody }

func (a *API) retention(ctx context.Context, _ *Common) (*retentionOutput, error) {
	if a.Retention == nil {
		return nil, model.ErrNotFound
	}
	n, err := a.Retention.Days(ctx)
	return &retentionOutput{RetentionBody{n}}, err
}

type setRetentionInput struct {
	Common
	Guarded
	Body RetentionBody
}

func (a *API) setRetention(ctx context.Context, in *setRetentionInput) (*retentionOutput, error) {
	a.guard.Lock()
	defer a.guard.Unlock()
	now, err := a.retention(ctx, &in.Common)
	if err != nil {
		return nil, err
	}
	if err := in.check(func(locale.Lang) any { return now.Body }); err != nil {
		return nil, err
	}
	if err := a.Retention.SetDays(ctx, in.Body.Days); err != nil {
		return nil, err
	}
	a.noted(ctx, "retention.set", strconv.Itoa(in.Body.Days))
	return a.retention(ctx, &in.Common)
}

// maxPhoto bounds what is sent; what a picture may be is said by who keeps it.
const maxPhoto = 15 << 20

type setPhotoInput struct {
	ByID
	RawBody []byte
}

func (a *API) setPhoto(ctx context.Context, in *setPhotoInput) (*noteOutput, error) {
	if a.Notes == nil {
		return nil, model.ErrNotFound
	}
	if err := a.Notes.SetPhoto(ctx, in.ID, who(ctx), bytes.NewReader(in.RawBody)); err != nil {
		return nil, err
	}
	return a.note(ctx, &in.ByID)
}

func (a *API) removePhoto(ctx context.Context, in *ByID) (*noteOutput, error) {
	if a.Notes == nil {
		return nil, model.ErrNotFound
	}
	if err := a.Notes.RemovePhoto(ctx, in.ID, who(ctx)); err != nil {
		return nil, err
	}
	return a.note(ctx, in)
}
