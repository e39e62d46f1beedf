package app

import (
	"context"

	"github.com/mimawari/mimawari/internal/intake"
	"github.com/mimawari/mimawari/internal/model"
)

// AddInterface has an interface watched all the time. Folders are added on the command line only: the pages must not be a way to
// look around in this computer.
func (x *Intake) AddInterface(ctx context.Context, name, by string) error {
	_, err := x.app.AddWatch(ctx, model.Watch{Kind: model.WatchInterface, Name: name, On: true, By: by}, x.now())
	x.changed("watch", name)
	return err
}

// SwitchWatch turns watching of an interface on or off.
func (x *Intake) SwitchWatch(ctx context.Context, id string, on bool) error {
	return x.told("watch", id, x.app.SwitchWatch(ctx, id, on))
}

// RemoveWatch forgets a source.
func (x *Intake) RemoveWatch(ctx context.Context, id string) error {
	return x.told("watch", id, x.app.Store.RemoveWatch(ctx, id))
}

// Interfaces lists what could be watched.
func (x *Intake) Interfaces() []intake.Interface { return Interfaces() }

// Schedules gives all schedules and when they run next.
func (x *Intake) Schedules(ctx context.Context) ([]intake.ScheduleNow, error) {
	return x.app.Schedules(ctx, x.now(), x.zone)
}

// AddSchedule adds a patrol every day.
func (x *Intake) AddSchedule(ctx context.Context, s model.Schedule) error {
	_, err := x.app.AddSchedule(ctx, s, x.now())
	return x.told("schedule", s.ID, err)
}

// SwitchSchedule turns a schedule on or off.
func (x *Intake) SwitchSchedule(ctx context.Context, id string, on bool) error {
	return x.told("schedule", id, x.app.SwitchSchedule(ctx, id, on, x.now()))
}

// RemoveSchedule forgets a schedule.
func (x *Intake) RemoveSchedule(ctx context.Context, id string) error {
	return x.told("schedule", id, x.app.Store.RemoveSchedule(ctx, id))
}

// Listen begins to listen to what goes on.
func (x *Intake) Listen() (*intake.Ear, bool) { return x.Hub.Listen() }

// told tells who listens of what was changed, if it was.
func (x *Intake) told(what, id string, err error) error {
	if err == nil {
		x.changed(what, id)
	}
	return err
}
