package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/intake"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

// Sources are interfaces, schedules and pasted tables.
type Sources interface {
	Interfaces() []intake.Interface
	AddInterface(ctx context.Context, name, by string) error
	SwitchWatch(ctx context.Context, id string, on bool) error
	RemoveWatch(ctx context.Context, id string) error
	Schedules(ctx context.Context) ([]intake.ScheduleNow, error)
	AddSchedule(ctx context.Context, s model.Schedule) error
	SwitchSchedule(ctx context.Context, id string, on bool) error
	RemoveSchedule(ctx context.Context, id string) error
	Paste(text string) (intake.Understood, error)
	TakePaste(ctx context.Context, name, text, by string) (model.Upload, error)
	Limits() model.IntakeLimits
	SetLimits(ctx context.Context, l model.IntakeLimits) error
}

func (a *API) sourceOperations() {
	op := func(method, path, id, summary string, pages ...string) Operation {
		return Operation{Method: method, Path: path, Need: auth.Intake, ID: id, Tag: "intake", Summary: summary, Pages: pages}
	}
	const source, schedule = "POST /intake/sources/{id}/{what}", "POST /intake/schedules/{id}/{what}"
	add(a, op(http.MethodGet, "/interfaces", "interfaces", "The interfaces that could be watched"), a.interfaces)
	add(a, op(http.MethodPost, "/sources", "add-source", "Have an interface watched all the time", "POST /intake/sources"), a.addSource)
	add(a, op(http.MethodPut, "/sources/{id}", "switch-source", "Turn a source on or off", source), a.switchSource)
	add(a, op(http.MethodDelete, "/sources/{id}", "remove-source", "Forget a source", source), a.removeSource)
	add(a, op(http.MethodGet, "/schedules", "schedules", "The patrols of every day, and when they run next"), a.schedules)
	add(a, op(http.MethodPost, "/schedules", "add-schedule", "Have a patrol every day", "POST /intake/schedules"), a.addSchedule)
	add(a, op(http.MethodPut, "/schedules/{id}", "switch-schedule", "Turn a schedule on or off", schedule), a.switchSchedule)
	add(a, op(http.MethodDelete, "/schedules/{id}", "remove-schedule", "Forget a schedule", schedule), a.removeSchedule)
	paste := op(http.MethodPost, "/pastes", "paste", "A pasted table: what was understood of it", "POST /intake/paste")
	paste.Text, paste.Large, paste.maxBody = "With use it is kept and patrolled.", true, 4*intake.MaxPaste
	add(a, paste, a.paste)
	add(a, op(http.MethodGet, "/intake/limits", "intake-limits", "How much of what is sent is kept, and how long"), a.limits)
	limits := op(http.MethodPut, "/intake/limits", "set-intake-limits", "Change how much is kept, and how long", "POST /intake/limits")
	limits.Need = auth.Manage
	add(a, limits, a.setLimits)
}

// InterfaceList is the interfaces of this machine.
type InterfaceList struct {
	Interfaces []intake.Interface `json:"interfaces"`
}

type interfacesOutput struct{ Body InterfaceList }

func (a *API) interfaces(context.Context, *Common) (*interfacesOutput, error) {
	if a.Sources == nil {
		return nil, model.ErrNotFound
	}
	return &interfacesOutput{InterfaceList{list(a.Sources.Interfaces())}}, nil
}

// SourceBody names what is to be watched.
type SourceBody struct {
	Interface string `json:"interface" minLength:"1" maxLength:"100" doc:"name of the interface" example:"eth1"`
}

type addSourceInput struct {
	Common
	Body SourceBody
}

func (a *API) addSource(ctx context.Context, in *addSourceInput) (*sourcesOutput, error) {
	if a.Sources == nil {
		return nil, model.ErrNotFound
	}
	if err := a.Sources.AddInterface(ctx, in.Body.Interface, who(ctx)); err != nil {
		return nil, err
	}
	return a.sources(ctx, &in.Common)
}

// SwitchBody turns something on or off.
type SwitchBody struct {
	On bool `json:"on" doc:"whether it is on"`
}

type switchInput struct {
	ByID
	Body SwitchBody
}

func (a *API) switchSource(ctx context.Context, in *switchInput) (*sourcesOutput, error) {
	if a.Sources == nil {
		return nil, model.ErrNotFound
	}
	if err := a.Sources.SwitchWatch(ctx, in.ID, in.Body.On); err != nil {
		return nil, err
	}
	return a.sources(ctx, &in.Common)
}

func (a *API) removeSource(ctx context.Context, in *ByID) (*sourcesOutput, error) {
	if a.Sources == nil {
		return nil, model.ErrNotFound
	}
	if err := a.Sources.RemoveWatch(ctx, in.ID); err != nil {
		return nil, err
	}
	return a.sources(ctx, &in.Common)
}

// ScheduleList is the patrols of every day.
type ScheduleList struct {
	Schedules []intake.ScheduleNow `json:"schedules"`
}

type schedulesOutput struct{ Body ScheduleList }

func (a *API) schedules(ctx context.Context, _ *Common) (*schedulesOutput, error) {
	if a.Sources == nil {
		return nil, model.ErrNotFound
	}
	all, err := a.Sources.Schedules(ctx)
	out := list(all)
	for i := range out {
		out[i].Watches = list(out[i].Watches)
	}
	return &schedulesOutput{ScheduleList{out}}, err
}

// ScheduleBody is a patrol every day.
type ScheduleBody struct {
	At      string   `json:"at" maxLength:"10" doc:"time of the day, as the clocks of the institution show it" example:"06:30"`
	Sources []string `json:"sources" required:"false" maxItems:"100" doc:"ids of sources"`
	Uploads bool     `json:"uploads" required:"false" doc:"and what was sent since the last time"`
	Minutes int      `json:"minutes" required:"false" minimum:"0" maximum:"1440" doc:"how long interfaces are watched"`
}

type addScheduleInput struct {
	Common
	Body ScheduleBody
}

func (a *API) addSchedule(ctx context.Context, in *addScheduleInput) (*schedulesOutput, error) {
	if a.Sources == nil {
		return nil, model.ErrNotFound
	}
	b := in.Body
	at, err := intake.ParseClock(b.At)
	if err != nil {
		return nil, &Refused{Key: "intake.error.clock", Pairs: []string{"text", model.Clean(b.At)}}
	}
	x := model.Schedule{At: at, Watches: b.Sources, Uploads: b.Uploads, For: time.Duration(b.Minutes) * time.Minute, By: who(ctx)}
	if err := a.Sources.AddSchedule(ctx, x); err != nil {
		return nil, err
	}
	return a.schedules(ctx, &in.Common)
}

func (a *API) switchSchedule(ctx context.Context, in *switchInput) (*schedulesOutput, error) {
	if a.Sources == nil {
		return nil, model.ErrNotFound
	}
	if err := a.Sources.SwitchSchedule(ctx, in.ID, in.Body.On); err != nil {
		return nil, err
	}
	return a.schedules(ctx, &in.Common)
}

func (a *API) removeSchedule(ctx context.Context, in *ByID) (*schedulesOutput, error) {
	if a.Sources == nil {
		return nil, model.ErrNotFound
	}
	if err := a.Sources.RemoveSchedule(ctx, in.ID); err != nil {
		return nil, err
	}
	return a.schedules(ctx, &in.Common)
}

// PasteBody is a pasted table.
type PasteBody struct {
	Text string `json:"text" doc:"the table as it was copied: arp -a, DHCP leases..."`
	Use  bool   `json:"use" required:"false" doc:"keep it and patrol over it; else it is only said what was understood"`
	Name string `json:"name" required:"false" maxLength:"200" doc:"what it is called in the list"`
}

type pasteInput struct {
	Common
	Body PasteBody
}

// PasteAnswer is what was understood of a pasted table.
type PasteAnswer struct {
	Kind     string          `json:"kind"`
	Rows     uint64          `json:"rows"`     // entries that say something
	Machines int             `json:"machines"` // different addresses
	Troubles []model.Trouble `json:"troubles"` // of single lines
	Round    string          `json:"round"`    // id of the patrol over it, "" if it was not used
}

type pasteOutput struct{ Body PasteAnswer }

func (a *API) paste(ctx context.Context, in *pasteInput) (*pasteOutput, error) {
	if a.Sources == nil {
		return nil, model.ErrNotFound
	}
	u, err := a.Sources.Paste(in.Body.Text)
	if err != nil {
		return nil, err
	}
	out := PasteAnswer{Kind: u.Kind, Rows: u.Rows, Machines: u.Machines, Troubles: NewTroubles(u.Troubles, callOf(ctx).lang)}
	if !in.Body.Use {
		return &pasteOutput{out}, nil
	}
	name := model.Clean(in.Body.Name)
	if name == "" {
		name = locale.T(callOf(ctx).lang, "intake.paste_name", "at", a.now().In(a.zone()).Format("2006-01-02 15:04"))
	}
	kept, err := a.Sources.TakePaste(ctx, name, in.Body.Text, who(ctx))
	if err != nil {
		return nil, err
	}
	a.noted(ctx, "intake.paste", kept.ID, "rows", strconv.FormatUint(u.Rows, 10))
	r, err := a.Intake.AskRound(ctx, model.Round{Uploads: []string{kept.ID}, By: who(ctx)})
	out.Round = r.ID
	return &pasteOutput{out}, err
}

type limitsOutput struct{ Body model.IntakeLimits }

func (a *API) limits(context.Context, *Common) (*limitsOutput, error) {
	if a.Sources == nil {
		return nil, model.ErrNotFound
	}
	return &limitsOutput{a.Sources.Limits()}, nil
}

// LimitsBody says how much of what is sent is kept.
type LimitsBody struct {
	Gigabytes int64 `json:"gigabytes" minimum:"1" maximum:"1000000" doc:"of all files together"`
	Days      int   `json:"days" minimum:"1" maximum:"3660" doc:"after so many days a file is deleted"`
}

type setLimitsInput struct {
	Common
	Guarded
	Body LimitsBody
}

func (a *API) setLimits(ctx context.Context, in *setLimitsInput) (*limitsOutput, error) {
	if a.Sources == nil {
		return nil, model.ErrNotFound
	}
	a.guard.Lock()
	defer a.guard.Unlock()
	l := a.Sources.Limits()
	if err := in.check(func(locale.Lang) any { return l }); err != nil {
		return nil, err
	}
	l.Quota, l.KeepDays = in.Body.Gigabytes*1_000_000_000, in.Body.Days
	if err := a.Sources.SetLimits(ctx, l); err != nil {
		return nil, err
	}
	a.noted(ctx, "intake.limits", "uploads", "quota", strconv.FormatInt(in.Body.Gigabytes, 10), "days", strconv.Itoa(in.Body.Days))
	return a.limits(ctx, &in.Common)
}
