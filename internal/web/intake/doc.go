// Package intake is 取込: what is looked at. Sources with what each saw in the last minute or why nothing, files that people send (by
// the tus protocol, which goes on where it broke off, or by a plain form), tables that they paste, patrols that run, wait and ran,
// and the schedule. Everything works by forms and reloading; the scripts add progress and what goes on at the moment.
//
// It decides nothing and keeps nothing: the desks that it declares do. It never shows a path on disk and never serves a file back.
package intake

import (
	"context"
	"embed"
	"io"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/intake"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/web/page"
)

//go:embed pages
var pages embed.FS

var (
	mainPage  = page.MustParse(pages, "intake")
	pastePage = page.MustParse(pages, "paste")
)

// Uploads takes files.
type Uploads interface {
	CreateUpload(ctx context.Context, name string, size int64, sum, by string) (model.Upload, error)
	AppendUpload(ctx context.Context, id string, offset int64, r io.Reader) (model.Upload, error)
	TakeUpload(ctx context.Context, name string, r io.Reader, atMost int64, by string) (model.Upload, error)
	Upload(ctx context.Context, id string) (model.Upload, error)
	Uploads(ctx context.Context) ([]model.Upload, error)
	RemoveUpload(ctx context.Context, id string) error
}

// Bounds are the limits of what may be sent.
type Bounds interface {
	Limits() model.IntakeLimits
	SetLimits(ctx context.Context, l model.IntakeLimits) error
}

// Pastes takes pasted tables.
type Pastes interface {
	Paste(text string) (intake.Understood, error)
	TakePaste(ctx context.Context, name, text, by string) (model.Upload, error)
}

// Rounds has patrols run.
type Rounds interface {
	AskRound(ctx context.Context, r model.Round) (model.Round, error)
	CancelRound(ctx context.Context, id string) error
	Rounds(ctx context.Context, limit int) ([]model.Round, *intake.RoundProgress, error)
}

// Watches looks at interfaces and folders again and again.
type Watches interface {
	WatchesNow(ctx context.Context) ([]intake.WatchNow, error)
	Interfaces() []intake.Interface
	AddInterface(ctx context.Context, name, by string) error
	SwitchWatch(ctx context.Context, id string, on bool) error
	RemoveWatch(ctx context.Context, id string) error
}

// Schedules has patrols run every day.
type Schedules interface {
	Schedules(ctx context.Context) ([]intake.ScheduleNow, error)
	AddSchedule(ctx context.Context, s model.Schedule) error
	SwitchSchedule(ctx context.Context, id string, on bool) error
	RemoveSchedule(ctx context.Context, id string) error
}

// News tells what goes on.
type News interface {
	Listen() (*intake.Ear, bool)
}

// Desk is all that the pages ask for.
type Desk interface {
	Uploads
	Bounds
	Pastes
	Rounds
	Watches
	Schedules
	News
}

// Site is what the pages need.
type Site struct {
	Kit  *page.Kit
	Desk Desk
}

// Routes are the addresses of this package.
func (s Site) Routes() []page.Route {
	if s.Desk == nil {
		return nil
	}
	return append(s.tusRoutes(), []page.Route{
		{Pattern: "GET /events", Need: auth.Look, Do: s.events, JSON: true},
		{Pattern: "GET /intake", Need: auth.Intake, Do: s.main},
		{Pattern: "POST /intake/files", Need: auth.Intake, Do: s.files, Large: true},
		{Pattern: "POST /intake/files/{id}/remove", Need: auth.Intake, Do: s.removeFile},
		{Pattern: "POST /intake/limits", Need: auth.Manage, Do: s.limits},
		{Pattern: "POST /intake/paste", Need: auth.Intake, Do: s.paste, Large: true},
		{Pattern: "POST /intake/rounds", Need: auth.Intake, Do: s.ask},
		{Pattern: "POST /intake/rounds/{id}/cancel", Need: auth.Intake, Do: s.cancel},
		{Pattern: "POST /intake/sources", Need: auth.Intake, Do: s.addSource},
		{Pattern: "POST /intake/sources/{id}/{what}", Need: auth.Intake, Do: s.changeSource},
		{Pattern: "POST /intake/schedules", Need: auth.Intake, Do: s.addSchedule},
		{Pattern: "POST /intake/schedules/{id}/{what}", Need: auth.Intake, Do: s.changeSchedule},
	}...)
}
