package app

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mimawari/mimawari/catalog"
	"github.com/mimawari/mimawari/internal/detect"
	"github.com/mimawari/mimawari/internal/detect/rhythm"
	"github.com/mimawari/mimawari/internal/flow"
	"github.com/mimawari/mimawari/internal/indicator"
	"github.com/mimawari/mimawari/internal/intake"
	"github.com/mimawari/mimawari/internal/inventory"
	"github.com/mimawari/mimawari/internal/ledger"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/talk"
	"github.com/mimawari/mimawari/internal/triage"
)

// PatrolOptions say what a patrol looks at.
type PatrolOptions struct {
	Paths    []string // captures, tables, logs, directories; "-" is Stdin
	Stdin    io.Reader
	Watch    Watching
	Ledger   string // workbook or CSV; "" uses the newest version stored
	Shards   int
	MaxFlows int
	Progress Progress
	Peek     func(*model.Seen) // is shown now and then what was seen so far; may be nil
	Now      func() time.Time
	By       string // who imports the ledger
	// Names says under which name people know a file, where that is not its name on disk: uploads.
	Names map[string]string
	// Listeners hear of each flow of the patrol.
	Listeners []FlowListener
	// NoMemory keeps no row for each flow (package memory).
	NoMemory bool
}

// Outcome is what a patrol found and stored.
type Outcome struct {
	model.Result
	Ledger  *model.Ledger
	House   model.Institution // whose network it is, as far as known
	Import  *ledger.Report    // nil if no ledger file was given
	Partial bool              // a source could not be read, or not to its end
	Flows   Kept              // what became of the rows for flows
	Stored  bool              // false if nothing could be read: then nothing was concluded
}

// Patrol looks, concludes and stores. Nothing is stored if it fails.
func (a *App) Patrol(ctx context.Context, o PatrolOptions) (*Outcome, error) {
	p, err := a.newPatrol(o)
	if err != nil {
		return nil, err
	}
	out := &Outcome{}
	if out.House, err = a.Store.Institution(ctx); err != nil {
		return nil, err
	}
	if err := a.declare(ctx, o, out); err != nil {
		return nil, err
	}
	p.talks.Live = o.Watch.Interface != ""
	if p.known, err = a.Store.LoadKnown(ctx); err != nil {
		return nil, err
	}
	rows, err := a.rememberFlows(ctx, o.NoMemory, o.Now())
	if err != nil {
		return nil, err
	}
	p.rhythm = &rhythm.Recorder{}
	heard := newFlowFan(append(rows.among(o.Listeners), p.rhythm)...)
	cfg := flow.Config{Shards: o.Shards, MaxFlows: o.MaxFlows, Watched: detect.Watched(p.tools), OnFlow: heard.onFlow()}
	save := func(s *model.Seen) {
		// A checkpoint that can't be written is not the end of the watch: the next one or the end will say so.
		_ = p.conclude(context.WithoutCancel(ctx), s, out)
	}
	g := &gathering{pipe: flow.New(cfg), onFlow: cfg.OnFlow, stdin: o.Stdin, progress: o.Progress, peek: o.Peek}
	seen, err := g.gather(ctx, o.Paths, o.Watch, save)
	out.Flows = rows.keep(context.WithoutCancel(ctx), o.Now())
	if err != nil {
		return nil, err
	}
	rename(seen, o.Names)
	if empty(seen) && out.Import == nil {
		p.unread(seen, out)
		out.Partial = true
		return out, nil
	}
	if err := p.conclude(context.WithoutCancel(ctx), seen, out); err != nil {
		return nil, err
	}
	out.Stored = true
	out.Partial = slices.ContainsFunc(out.Patrol.Sources, func(s model.Source) bool { return len(s.Errors) > 0 })
	return out, nil
}

// declare takes the ledger of the options, stores it if it says something new, or loads the newest one stored.
func (a *App) declare(ctx context.Context, o PatrolOptions, out *Outcome) (err error) {
	stored, err := a.Store.LatestLedger(ctx)
	if err != nil {
		return err
	}
	out.Ledger = stored
	if o.Ledger == "" {
		return nil
	}
	m, err := ledger.LoadMapping(ctx, a.Store)
	if err != nil {
		return err
	}
	how := ledger.Options{Mapping: m, Now: o.Now(), By: o.By}
	if shown, ok := o.Names[o.Ledger]; ok {
		out.Import, err = intake.ReadLedger(ctx, o.Ledger, shown, how)
	} else {
		out.Import, err = ledger.Import(ctx, o.Ledger, how)
	}
	if err != nil {
		return err
	}
	l := out.Import.Ledger
	if stored == nil || !ledger.Diff(stored, l).Empty() {
		l.Imported = o.Now().UTC()
		if l.Version, err = a.Store.SaveLedger(ctx, l); err != nil {
			return err
		}
		out.Ledger = l
	}
	return nil
}

// patrol is one round while it is being made.
type patrol struct {
	*App
	options  PatrolOptions
	tools    []detect.Tool
	products *inventory.Catalog
	known    model.Known // before this patrol; what people change meanwhile, the store keeps
	id       string
	started  time.Time
	talks    talk.Counter
	rhythm   *rhythm.Recorder // of this round, or of the interfaces since the program began
	// A watch that goes on and on concludes from the same traffic again and again.
	young bool              // it has not watched for a whole day: what it has not seen is not gone
	own   map[string]uint64 // how often this watch has counted a finding already, by id; nil for a patrol that ends
}

// newPatrol is a round that knows nothing yet.
func (a *App) newPatrol(o PatrolOptions) (*patrol, error) {
	tools, err := detect.LoadTools(catalog.FS)
	if err != nil {
		return nil, err
	}
	products, err := inventory.LoadCatalog(catalog.FS)
	if err != nil {
		return nil, err
	}
	return &patrol{App: a, options: o, tools: tools, products: products, id: newID(), started: o.Now().UTC()}, nil
}

// conclude holds what was seen against what is declared and known, and stores the result. A live patrol does so several
// times under the same id. Where people changed the ledger meanwhile, it concludes with theirs.
func (p *patrol) conclude(ctx context.Context, seen *model.Seen, out *Outcome) error {
	for range tries {
		if err := p.newestLedger(ctx, out); err != nil {
			return err
		}
		if err := p.concludeOnce(ctx, seen, out); !errors.Is(err, model.ErrMoved) {
			return err
		}
	}
	return fmt.Errorf("store the patrol's result: %w", model.ErrMoved)
}

func (p *patrol) newestLedger(ctx context.Context, out *Outcome) error {
	now, err := p.Store.Stamp(ctx)
	if err != nil || now.Ledger == version(out.Ledger) {
		return err
	}
	out.Ledger, err = p.Store.LatestLedger(ctx)
	return err
}

func (p *patrol) concludeOnce(ctx context.Context, seen *model.Seen, out *Outcome) error {
	known := p.known
	index := ledger.NewIndex(out.Ledger)
	hosts := inventory.Build(inventory.Input{Seen: seen, Known: known.Hosts, Ledger: index, Catalog: p.products})
	inventory.Say(hosts, seen)
	feeds, err := p.Indicators(ctx)
	if err != nil {
		return err
	}
	bad := indicator.NewSet(feeds)
	in := detect.Input{Seen: seen, Hosts: hosts, Ledger: out.Ledger, Tools: p.tools, Rhythm: p.rhythm, Known: bad}
	drift := inventory.DriftInput{Seen: seen, Hosts: hosts, Known: known, Ledger: index, Catalog: p.products}
	fresh := slices.Concat(inventory.Drift(drift), detect.Run(in))
	covered := detect.Covered(in)
	for rule, on := range inventory.Covered(drift) {
		covered[rule] = on
	}
	if out.Import != nil {
		fresh = append(fresh, ledger.Findings(out.Import)...)
	}
	now := p.options.Now().UTC()
	looked := looked(seen, hosts, covered)
	isCovered := func(f model.Finding) bool {
		if strings.HasPrefix(f.Rule, "ledger.") {
			return out.Import != nil
		}
		return !p.young && looked(f)
	}
	out.Findings = triage.Reconcile(p.uncount(known.Findings, fresh), fresh, known.Suppressions, now, isCovered)
	out.Hosts, out.Bindings = hosts, inventory.Remember(known.Bindings, seen.Bindings)
	out.Trails = p.talks.Trails(hosts, seen)
	out.Patrol, out.Moment = p.round(seen, known, hosts, out.Ledger, now), known.Moment
	if err := p.Store.SaveResult(ctx, out.Result); err != nil {
		return fmt.Errorf("store the patrol's result: %w", err)
	}
	p.talks.Saved()
	out.Trails = nil // it holds on to what was seen
	p.count(fresh)
	return nil
}

// uncount takes from known findings what this watch has counted already and is about to count again.
func (p *patrol) uncount(known, fresh []model.Finding) []model.Finding {
	if len(p.own) == 0 {
		return known
	}
	again := make(map[string]bool, len(fresh))
	for _, f := range fresh {
		again[f.ID] = true
	}
	known = slices.Clone(known)
	for i := range known {
		if f := &known[i]; again[f.ID] {
			f.Count -= min(p.own[f.ID], f.Count)
		}
	}
	return known
}

func (p *patrol) count(fresh []model.Finding) {
	if p.own == nil {
		return
	}
	now := map[string]uint64{}
	for _, f := range fresh {
		now[f.ID] += f.Count
	}
	maps.Copy(p.own, now)
}

func newID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	return "p-" + hex.EncodeToString(b[:])
}

// Exceeds reports whether a finding that waits for somebody is at or above level.
func (o *Outcome) Exceeds(level model.Severity) bool {
	return slices.ContainsFunc(o.Findings, func(f model.Finding) bool {
		s := cmp.Or(f.State, model.Open)
		return f.Severity >= level && (s == model.Open || s == model.Reopened)
	})
}
