package intake

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/intake"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/web/page"
)

// history is how many rounds the page shows.
const history = 15

type view struct {
	page.Frame
	Sources   []intake.WatchNow
	Free      []intake.Interface // that are not watched yet
	Files     []model.Upload
	Stored    intake.Stored
	Limits    model.IntakeLimits
	Rounds    []model.Round
	Progress  *intake.RoundProgress
	Schedules []intake.ScheduleNow
	Waiting   int               // rounds in the queue or running
	Unread    int               // files that no round has read
	names     map[string]string // of watches, by id
	fileNames map[string]string
}

func (s Site) main(w http.ResponseWriter, r *http.Request) error {
	v := &view{Frame: s.Kit.Frame(r, "intake.title", "intake"), Limits: s.Desk.Limits(), names: map[string]string{}, fileNames: map[string]string{}}
	if err := s.fill(r, v); err != nil {
		return err
	}
	return s.Kit.Render(w, r, http.StatusOK, mainPage, v)
}

func (s Site) fill(r *http.Request, v *view) (err error) {
	ctx := r.Context()
	if v.Sources, err = s.Desk.WatchesNow(ctx); err != nil {
		return err
	}
	if v.Files, err = s.Desk.Uploads(ctx); err != nil {
		return err
	}
	if v.Rounds, v.Progress, err = s.Desk.Rounds(ctx, history); err != nil {
		return err
	}
	if v.Schedules, err = s.Desk.Schedules(ctx); err != nil {
		return err
	}
	v.Stored = intake.Sum(v.Files)
	watched := map[string]bool{}
	for _, x := range v.Sources {
		v.names[x.ID] = x.Name
		watched[x.Name] = watched[x.Name] || x.Kind == model.WatchInterface
	}
	for _, i := range s.Desk.Interfaces() {
		if !watched[i.Name] {
			v.Free = append(v.Free, i)
		}
	}
	for _, f := range v.Files {
		v.fileNames[f.ID] = f.Name
		if f.State == model.Ready && f.Round == "" {
			v.Unread++
		}
	}
	for _, x := range v.Rounds {
		if x.State == model.RoundQueued || x.State == model.RoundRunning {
			v.Waiting++
		}
	}
	return nil
}

// Watched says what a round or a schedule looks at.
func (v *view) Watched(ids []string) []string {
	var out []string
	for _, id := range ids {
		if n, ok := v.names[id]; ok {
			out = append(out, n)
		} else {
			out = append(out, v.T("intake.gone"))
		}
	}
	return out
}

// Looks says what a round looks at, for people.
func (v *view) Looks(r model.Round) string {
	var parts []string
	for _, id := range append(append([]string{}, r.Uploads...), r.Ledger) {
		if id == "" {
			continue
		}
		n, ok := v.fileNames[id]
		if !ok {
			n = v.T("intake.gone")
		}
		parts = append(parts, n)
	}
	parts = append(parts, r.Paths...)
	if r.Interface != "" {
		parts = append(parts, v.T("intake.interface_for", "name", r.Interface, "n", int(r.For.Minutes())))
	}
	if len(parts) > 3 {
		return v.T("intake.and_more", "names", strings.Join(parts[:3], "、"), "n", len(parts)-3)
	}
	return strings.Join(parts, "、")
}

// Of is the progress of a round, nil if it is not the one that runs.
func (v *view) Of(r model.Round) *intake.RoundProgress {
	if v.Progress != nil && v.Progress.Round == r.ID {
		return v.Progress
	}
	return nil
}

// Size is an amount of data as people say it.
func (v *view) Size(n int64) string { return intake.Bytes(n) }

// QuotaGB is the quota as the form has it.
func (v *view) QuotaGB() int64 { return v.Limits.Quota / 1_000_000_000 }

// Clock is the time of a schedule.
func (v *view) Clock(at int) string { return intake.Clock(at) }

// Part is how much of an upload has arrived.
func (v *view) Part(u model.Upload) string {
	if u.Size <= 0 {
		return "0%"
	}
	return strconv.Itoa(int(float64(u.Offset)/float64(u.Size)*100)) + "%"
}

// Expires is when a file is deleted.
func (v *view) Expires(u model.Upload) time.Time {
	return u.Touched.AddDate(0, 0, v.Limits.KeepDays)
}

// Mark is the shape that stands for the state of a source.
func (v *view) Mark(s intake.WatchState) string {
	switch s {
	case intake.WatchSeeing:
		return "ok"
	case intake.WatchOff, intake.WatchStarting:
		return "note"
	case intake.WatchLost, intake.WatchNoLink:
		return "bad"
	}
	return "warn"
}
