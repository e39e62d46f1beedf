package app

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/mimawari/mimawari/catalog"
	"github.com/mimawari/mimawari/internal/detect"
	"github.com/mimawari/mimawari/internal/flow"
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
	Now      func() time.Time
	By       string // who imports the ledger
}

// Outcome is what a patrol found and stored.
type Outcome struct {
	model.Result
	Ledger  *model.Ledger
	Import  *ledger.Report // nil if no ledger file was given
	Partial bool           // a source could not be read, or not to its end
}

// Patrol looks, concludes and stores. Nothing is stored if it fails.
func (a *App) Patrol(ctx context.Context, o PatrolOptions) (*Outcome, error) {
	tools, err := detect.LoadTools(catalog.FS)
	if err != nil {
		return nil, err
	}
	products, err := inventory.LoadCatalog(catalog.FS)
	if err != nil {
		return nil, err
	}
	out := &Outcome{}
	if err := a.declare(ctx, o, out); err != nil {
		return nil, err
	}
	p := &patrol{App: a, options: o, tools: tools, products: products, id: newID(), started: o.Now().UTC()}
	p.talks.Live = o.Watch.Interface != ""
	if p.known, err = a.Store.LoadKnown(ctx); err != nil {
		return nil, err
	}
	cfg := flow.Config{Shards: o.Shards, MaxFlows: o.MaxFlows, Watched: detect.Watched(tools)}
	save := func(s *model.Seen) {
		// A checkpoint that can't be written is not the end of the watch: the next one or the end will say so.
		_ = p.conclude(context.WithoutCancel(ctx), s, out)
	}
	seen, err := Gather(ctx, cfg, o.Paths, o.Stdin, o.Watch, o.Progress, save)
	if err != nil {
		return nil, err
	}
	if empty(seen) && out.Import == nil {
		p.unread(seen, out)
		out.Partial = true
		return out, nil
	}
	if err := p.conclude(context.WithoutCancel(ctx), seen, out); err != nil {
		return nil, err
	}
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
	if out.Import, err = ledger.Import(ctx, o.Ledger, ledger.Options{Mapping: m, Now: o.Now(), By: o.By}); err != nil {
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
}

// conclude holds what was seen against what is declared and known, and stores the result. A live patrol does so several
// times under the same id.
func (p *patrol) conclude(ctx context.Context, seen *model.Seen, out *Outcome) error {
	known := p.known
	index := ledger.NewIndex(out.Ledger)
	hosts := inventory.Build(inventory.Input{Seen: seen, Known: known.Hosts, Ledger: index, Catalog: p.products})
	inventory.Say(hosts, seen)
	in := detect.Input{Seen: seen, Hosts: hosts, Ledger: out.Ledger, Tools: p.tools}
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
		return looked(f)
	}
	out.Findings = triage.Reconcile(known.Findings, fresh, known.Suppressions, now, isCovered)
	out.Hosts, out.Bindings = hosts, inventory.Remember(known.Bindings, seen.Bindings)
	out.Patrol = p.round(seen, known, hosts, out.Ledger, now)
	out.Trails = p.talks.Trails(hosts, seen)
	if err := p.Store.SaveResult(ctx, out.Result); err != nil {
		return fmt.Errorf("store the patrol's result: %w", err)
	}
	p.talks.Saved()
	out.Trails = nil // it holds on to what was seen
	return nil
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
