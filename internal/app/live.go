package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mimawari/mimawari/catalog"
	"github.com/mimawari/mimawari/internal/detect"
	"github.com/mimawari/mimawari/internal/detect/rhythm"
	"github.com/mimawari/mimawari/internal/flow"
	"github.com/mimawari/mimawari/internal/intake"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
	"github.com/mimawari/mimawari/internal/store"
	"github.com/mimawari/mimawari/internal/talk"
)

// liveWatch is all interfaces that are watched all the time. One goroutine (runLive) owns it; others ask under mu.
type liveWatch struct {
	rhythm   rhythm.Recorder // of all interfaces, since the program began
	mu       sync.Mutex
	watchers map[string]*watcher // by interface
	ended    []*flow.Pipeline    // of interfaces that are not watched any more: what they saw is stored once more
	saved    time.Time
	failed   *model.Trouble // why it could not be saved the last time

	// of runLive and what it starts alone:
	base   model.Known
	round  string // id of the patrol that is being made, "" if none
	since  time.Time
	own    map[string]uint64
	talks  talk.Counter
	saving atomic.Bool
}

// watcher is one interface while it is watched.
type watcher struct {
	src     *lasting
	pipe    *flow.Pipeline
	began   time.Time
	stop    context.CancelFunc
	done    chan struct{}
	samples []sample // the last minute, one a second
	hosts   atomic.Int64
	peeked  time.Time
	peeking atomic.Bool
}

// sample is what a source had counted at a moment.
type sample struct {
	at  time.Time
	sum model.Source
}

// liveDay is how long a patrol of interfaces lasts. When it is over, what it has not seen is gone, and a new one begins.
const liveDay = 24 * time.Hour

// firstSave is how soon after its beginning a watch is saved for the first time.
const firstSave = time.Minute

// tellEvery is how often listeners are told the counters.
const tellEvery = 2 * time.Second

func (x *Intake) runLive(ctx context.Context) {
	tools, err := detect.LoadTools(catalog.FS)
	if err != nil {
		x.report(err)
		return
	}
	rows, err := x.app.rememberFlows(ctx, x.noMemory, x.now())
	if err != nil {
		x.report(err) // the interfaces are watched all the same
	}
	cfg := flow.Config{Watched: detect.Watched(tools), OnFlow: newFlowFan(append(rows.among(x.listeners), &x.live.rhythm)...).onFlow()}
	second := time.NewTicker(time.Second)
	defer second.Stop()
	var saves sync.WaitGroup
	next, told := time.Now().Add(min(firstSave, x.every)), time.Time{}
	for ctx.Err() == nil {
		if err := x.matchWatches(ctx, cfg); err != nil && ctx.Err() == nil {
			x.report(err)
		}
		now := time.Now()
		x.live.sample(now)
		if x.Hub.Listeners() > 0 && now.Sub(told) >= tellEvery {
			told = now
			x.tellWatches(ctx)
		}
		if now.After(next) && x.live.saving.CompareAndSwap(false, true) {
			next = now.Add(x.every)
			saves.Go(func() {
				defer x.live.saving.Store(false)
				x.saveLive(ctx, cfg)
				x.keepFlows(ctx, rows)
			})
		}
		select {
		case <-ctx.Done():
		case <-second.C:
		}
	}
	saves.Wait()
	x.endLive(context.WithoutCancel(ctx), cfg)
	x.keepFlows(context.WithoutCancel(ctx), rows)
}

// matchWatches begins to watch what shall be watched, and stops the rest.
func (x *Intake) matchWatches(ctx context.Context, cfg flow.Config) error {
	all, err := x.app.Store.Watches(ctx)
	if err != nil {
		return err
	}
	want := map[string]bool{}
	for _, name := range x.ifaces {
		want[name] = true
	}
	for _, w := range all {
		if w.Kind == model.WatchInterface && w.On {
			want[w.Name] = true
		}
	}
	l := &x.live
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.watchers == nil {
		l.watchers = map[string]*watcher{}
	}
	for name := range want {
		if l.watchers[name] == nil {
			w := &watcher{src: &lasting{name: name, first: time.Second}}
			w.begin(ctx, cfg)
			l.watchers[name] = w
		}
	}
	for name, w := range l.watchers {
		if !want[name] {
			delete(l.watchers, name)
			w.end()
			l.ended = append(l.ended, w.pipe)
			x.closed(w)
		}
	}
	return nil
}

// closed gives back what a watcher held.
func (x *Intake) closed(w *watcher) {
	if err := w.src.Close(); err != nil {
		x.report(err)
	}
}

// begin starts a new pipeline on the source.
func (w *watcher) begin(ctx context.Context, cfg flow.Config) {
	ctx, w.stop = context.WithCancel(context.WithoutCancel(ctx))
	w.pipe, w.done, w.began = flow.New(cfg), make(chan struct{}), time.Now()
	pipe, done, src := w.pipe, w.done, w.src
	go func() {
		defer close(done)
		_ = pipe.Run(ctx, src) // lasting ends with its context and knows no other error
	}()
}

// end stops the pipeline and waits until it has taken everything.
func (w *watcher) end() {
	w.stop()
	<-w.done
}

// sample counts once a second and, now and then, the machines.
func (l *liveWatch) sample(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range l.watchers {
		w.samples = append(w.samples, sample{now, w.src.Info()})
		for len(w.samples) > 1 && now.Sub(w.samples[0].at) > time.Minute {
			w.samples = w.samples[1:]
		}
		if now.After(w.peeked) && w.peeking.CompareAndSwap(false, true) {
			pipe := w.pipe
			go func() { // a big house takes a while, and nobody waits for the number
				defer w.peeking.Store(false)
				w.hosts.Store(int64(machines(pipe.Snapshot())))
				took := time.Since(now)
				l.mu.Lock()
				w.peeked = time.Now().Add(max(5*time.Second, 50*took))
				l.mu.Unlock()
			}()
		}
	}
}

// WatchesNow tells of all sources what they saw in the last minute.
func (x *Intake) WatchesNow(ctx context.Context) ([]intake.WatchNow, error) {
	all, err := x.app.Store.Watches(ctx)
	if err != nil {
		return nil, err
	}
	x.live.mu.Lock()
	defer x.live.mu.Unlock()
	var out []intake.WatchNow
	for _, w := range all {
		out = append(out, x.live.now(w))
	}
	for _, name := range x.ifaces {
		if !slices.ContainsFunc(out, func(n intake.WatchNow) bool { return n.Kind == model.WatchInterface && n.Name == name && n.On }) {
			n := x.live.now(model.Watch{Kind: model.WatchInterface, Name: name, On: true})
			n.ByFlag = true
			out = append(out, n)
		}
	}
	slices.SortFunc(out, func(a, b intake.WatchNow) int {
		return cmp.Or(strings.Compare(string(b.Kind), string(a.Kind)), strings.Compare(a.Name, b.Name))
	})
	return out, nil
}

func (l *liveWatch) now(w model.Watch) intake.WatchNow {
	n := intake.WatchNow{Watch: w, State: intake.WatchOff}
	o := l.watchers[w.Name]
	if w.Kind != model.WatchInterface || !w.On || o == nil {
		return n
	}
	n.Hosts, n.Saved = int(o.hosts.Load()), l.saved
	n.Trouble, n.Since, n.Losses = o.src.state()
	var d model.Source
	if len(o.samples) > 1 {
		from, to := o.samples[0].sum, o.samples[len(o.samples)-1].sum
		n.Packets, n.Bytes, n.Last = to.Packets-from.Packets, to.Bytes-from.Bytes, to.Last
		n.Dropped = to.Mirror.Dropped - from.Mirror.Dropped
		d.Mirror.Unicast = to.Mirror.Unicast - from.Mirror.Unicast
		d.Mirror.OwnUnicast = to.Mirror.OwnUnicast - from.Mirror.OwnUnicast
	}
	n.State = judge(n, d.Mirror, linked(w.Name))
	return n
}

// minBroadcasts is how many frames must have come before their being only to everybody says something.
const minBroadcasts = 20

func judge(n intake.WatchNow, m model.Mirror, linked bool) intake.WatchState {
	switch {
	case n.Trouble != nil && !linked && n.Trouble.Code == "live_down":
		return intake.WatchNoLink
	case n.Trouble != nil:
		return intake.WatchLost
	case !linked:
		return intake.WatchNoLink
	case n.Packets == 0 && time.Since(n.Since) < time.Minute:
		return intake.WatchStarting
	case n.Packets == 0:
		return intake.WatchQuiet
	case n.Packets >= minBroadcasts && m.Unicast == 0:
		return intake.WatchBroadcast
	case n.Packets >= minBroadcasts && m.Unicast <= m.OwnUnicast:
		return intake.WatchOwn
	}
	return intake.WatchSeeing
}

func linked(name string) bool {
	i, err := net.InterfaceByName(name)
	return err == nil && i.Flags&net.FlagRunning != 0
}

func (x *Intake) tellWatches(ctx context.Context) {
	all, err := x.WatchesNow(ctx)
	if err != nil {
		return // whoever opens the page is told
	}
	x.Hub.Publish("sources", all)
}

// saveLive concludes from what all interfaces have shown. A patrol that holds the data comes first: then the next time.
func (x *Intake) saveLive(ctx context.Context, cfg flow.Config) {
	if !x.turn.TryLock() {
		return
	}
	defer x.turn.Unlock()
	l := &x.live
	ends := !l.since.IsZero() && time.Since(l.since) >= liveDay
	seen, fewer := l.snapshot(ctx, cfg, ends)
	if seen == nil || empty(seen) {
		return
	}
	id, err := x.concludeLive(context.WithoutCancel(ctx), seen, !ends)
	switch {
	case err != nil:
	case ends:
		l.round, l.own, l.base, l.since, l.talks = "", nil, model.Known{}, time.Time{}, talk.Counter{}
	case fewer > 0: // what comes next does not see what the ended ones saw: it must know of it
		l.round = ""
	}
	if err == nil {
		l.forget(fewer)
	}
	l.mu.Lock()
	if l.failed = nil; err != nil {
		l.failed = troubleOf(err)
	} else {
		l.saved = x.now()
	}
	l.mu.Unlock()
	var held *store.Error
	switch {
	case err == nil:
		x.changed("result", id)
	case !errors.As(err, &held) || held.Code != store.Locked:
		x.report(fmt.Errorf("save what the interfaces showed: %w", err))
	}
}

// forget lets go of the first n that have ended.
func (l *liveWatch) forget(n int) {
	l.mu.Lock()
	gone := l.ended[:n]
	l.ended = slices.Clone(l.ended[n:])
	l.mu.Unlock()
	for _, p := range gone {
		p.EndFlows() // for who listens
	}
}

// snapshot joins what all interfaces have shown, also those that are not watched any more; it tells how many of these there are.
// With ends, each begins anew.
func (l *liveWatch) snapshot(ctx context.Context, cfg flow.Config, ends bool) (all *model.Seen, ended int) {
	l.mu.Lock()
	names := make([]string, 0, len(l.watchers))
	for name := range l.watchers {
		names = append(names, name)
	}
	slices.Sort(names)
	pipes := slices.Clone(l.ended)
	ended = len(pipes)
	var over []*flow.Pipeline
	for _, name := range names {
		w := l.watchers[name]
		pipes = append(pipes, w.pipe)
		if ends { // the ring of the kernel holds what comes meanwhile
			w.end()
			w.begin(ctx, cfg)
			over = append(over, pipes[len(pipes)-1])
		}
	}
	l.mu.Unlock()
	for _, p := range pipes {
		all = joinSeen(all, p.Snapshot())
	}
	for _, p := range over {
		p.EndFlows() // for who listens
	}
	return all, ended
}

// joinSeen adds b to a, which may be nil.
func joinSeen(a, b *model.Seen) *model.Seen {
	if a == nil {
		for i := range b.Sources {
			m := &b.Sources[i].Mirror
			b.Sources[i].Answered = m.TCPFlows - min(m.OneWay, m.TCPFlows)
		}
		return b
	}
	b = joinSeen(nil, b)
	a.Sources = append(a.Sources, b.Sources...)
	a.Observations = dissect.SortObservations(append(a.Observations, b.Observations...))
	a.Bindings = dissect.SortBindings(append(a.Bindings, b.Bindings...))
	a.Transactions = dissect.SortTransactions(append(a.Transactions, b.Transactions...))
	a.Conversations = append(a.Conversations, b.Conversations...)
	a.Gateways = append(a.Gateways, b.Gateways...)
	a.Limits = append(a.Limits, b.Limits...)
	a.Stats.Packets += b.Stats.Packets
	a.Stats.IPPackets += b.Stats.IPPackets
	a.Stats.Bytes += b.Stats.Bytes
	a.Stats.Flows += b.Stats.Flows
	widen(a, &model.Source{First: b.First, Last: b.Last})
	return a
}

// concludeLive stores what the interfaces have shown as one patrol that is written again and again. If another patrol came in
// between, a new one begins that knows what that one found.
func (x *Intake) concludeLive(ctx context.Context, seen *model.Seen, young bool) (string, error) {
	a, err := Open(ctx, x.app.Dir, "patrol")
	if err != nil {
		return "", err
	}
	defer a.Close()
	p, err := a.newPatrol(PatrolOptions{Now: x.now})
	if err != nil {
		return "", err
	}
	known, err := a.Store.LoadKnown(ctx)
	if err != nil {
		return "", err
	}
	l := &x.live
	if l.round == "" || known.Last == nil || known.Last.ID != l.round {
		l.base, l.round = known, p.id
		if l.own == nil {
			l.own, l.since = map[string]uint64{}, p.started
		}
	}
	p.id, p.started, p.young, p.own, p.talks = l.round, l.since, young, l.own, l.talks
	p.talks.Live, p.rhythm = true, &l.rhythm
	p.known = l.base
	p.known.Findings, p.known.Suppressions = known.Findings, known.Suppressions // people's words are always the newest
	out := &Outcome{Ledger: known.Ledger}
	err = p.conclude(ctx, seen, out)
	l.talks = p.talks
	return p.id, err
}

// endLive saves a last time and stops all.
func (x *Intake) endLive(ctx context.Context, cfg flow.Config) {
	l := &x.live
	l.mu.Lock()
	for _, w := range l.watchers {
		w.end()
	}
	some := len(l.watchers)+len(l.ended) > 0
	l.mu.Unlock()
	if some {
		x.saveLive(ctx, cfg)
	}
	for _, w := range l.watchers {
		l.ended = append(l.ended, w.pipe)
	}
	l.forget(len(l.ended))
	for _, w := range l.watchers {
		x.closed(w)
	}
}
