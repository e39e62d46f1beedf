package app

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/mimawari/mimawari/internal/memory"
	"github.com/mimawari/mimawari/internal/store"
)

// Flows is the memory of flows of a data directory.
func Flows(dir string) *memory.Files { return &memory.Files{Dir: filepath.Join(dir, "flows")} }

// Settings of the memory of flows. How many days are kept is Retention's.
const (
	flowsOffSetting   = "flows.off"
	flowsQuotaSetting = "flows.quota"
)

// DefaultFlowsQuota is how many bytes are kept if nobody says otherwise: about 2.5 thousand million flows.
const DefaultFlowsQuota = 50_000_000_000

// FlowRows says how flows are remembered.
type FlowRows struct {
	Off   bool  `json:"off"`
	Quota int64 `json:"quota"` // bytes
	Days  int   `json:"days"`
}

// FlowRows gives the settings.
func (a *App) FlowRows(ctx context.Context) (FlowRows, error) { return flowRows(ctx, a.Store) }

func flowRows(ctx context.Context, s *store.Store) (FlowRows, error) {
	days, err := (&Retention{App: &App{Store: s}}).Days(ctx)
	if err != nil {
		return FlowRows{}, err
	}
	off, err := s.Setting(ctx, flowsOffSetting)
	if err != nil {
		return FlowRows{}, err
	}
	quota, err := s.Setting(ctx, flowsQuotaSetting)
	if err != nil {
		return FlowRows{}, err
	}
	r := FlowRows{Off: off != "", Quota: DefaultFlowsQuota, Days: days}
	if n, err := strconv.ParseInt(quota, 10, 64); err == nil && n > 0 {
		r.Quota = n
	}
	return r, nil
}

// SetFlowRows changes whether flows are remembered, and in how many bytes.
func (a *App) SetFlowRows(ctx context.Context, r FlowRows) error {
	off := ""
	if r.Off {
		off = "1"
	}
	return errors.Join(a.Store.SaveSetting(ctx, flowsOffSetting, off), a.Store.SaveSetting(ctx, flowsQuotaSetting, strconv.FormatInt(r.Quota, 10)))
}

// clockSlack is how far in the future flows may begin: clocks of sensors differ.
const clockSlack = 48 * time.Hour

// bounds are what is worth keeping at the moment.
func (r FlowRows) bounds(now time.Time) memory.AppendOptions {
	return memory.AppendOptions{Oldest: now.AddDate(0, 0, -r.Days), Newest: now.Add(clockSlack)}
}

// rememberer writes the flows of a patrol, or of interfaces. nil writes nothing.
type rememberer struct {
	app    *App
	writer *memory.Writer
}

// Kept is what became of the rows of a patrol.
type Kept struct {
	memory.Written
	Err error // rows may be missing
}

// rememberFlows is nil if flows are not to be remembered.
func (a *App) rememberFlows(ctx context.Context, not bool, now time.Time) (*rememberer, error) {
	r, err := a.FlowRows(ctx)
	if err != nil || not || r.Off {
		return nil, err
	}
	return &rememberer{a, Flows(a.Dir).Append(r.bounds(now))}, nil
}

// among gives a list of its own: other listeners and the writer.
func (r *rememberer) among(all []FlowListener) []FlowListener {
	all = slices.Clone(all)
	if r == nil {
		return all
	}
	return append(all, r.writer)
}

// keep stores what waits, then tidies up. What goes wrong is no reason to lose a patrol's conclusions.
func (r *rememberer) keep(ctx context.Context, now time.Time) Kept {
	if r == nil {
		return Kept{}
	}
	n, err := r.writer.Flush()
	set, serr := r.app.FlowRows(ctx)
	if serr == nil {
		r.writer.Bound(set.bounds(now))
		serr = TidyFlows(ctx, r.app.Dir, set, now)
	}
	return Kept{n, errors.Join(err, serr)}
}

// TidyFlows joins small files and removes what is too old or too much, unless another process does so.
func TidyFlows(ctx context.Context, dir string, set FlowRows, now time.Time) error {
	lock, err := store.Lock(Flows(dir).Dir, "flows")
	var held *store.Error
	if errors.As(err, &held) && held.Code == store.Locked {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = Flows(dir).Expire(now.AddDate(0, 0, -set.Days), set.Quota)
	if err == nil {
		err = Flows(dir).Compact(ctx, now)
	}
	return errors.Join(err, lock.Unlock())
}

// keepFlows stores the flows of the interfaces that have ended by now.
func (x *Intake) keepFlows(ctx context.Context, r *rememberer) {
	if k := r.keep(ctx, x.now()); k.Err != nil && ctx.Err() == nil {
		x.report(k.Err)
	}
}

// checkFlows says how much of the past is remembered.
func checkFlows(ctx context.Context, dir string, s *store.Store) Checkup {
	set, err := flowRows(ctx, s)
	if err != nil {
		return Checkup{Key: "flows", Grade: Bad, Args: map[string]string{"why": err.Error()}, Err: err}
	}
	st, err := Flows(dir).Stat()
	if err != nil {
		return Checkup{Key: "flows", Grade: Bad, Args: map[string]string{"why": err.Error()}, Err: err}
	}
	c := Checkup{Key: "flows", Grade: Good, Args: map[string]string{
		"days": strconv.Itoa(st.Days), "oldest": st.Oldest, "rows": strconv.FormatInt(st.Rows, 10), "mb": strconv.FormatInt((st.Bytes+999_999)/1_000_000, 10),
		"keep": strconv.Itoa(set.Days),
	}}
	if st.Days == 0 || set.Off {
		c.Grade = Note
	}
	return c
}
