package app

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"time"

	"github.com/mimawari/mimawari/internal/capture"
	"github.com/mimawari/mimawari/internal/collect"
	"github.com/mimawari/mimawari/internal/flow"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// Progress is told what is being read; total is 0 if it is not known. May be nil.
type Progress func(source string, done, total int64)

// Watching says what a live capture looks at and for how long.
type Watching struct {
	Interface string
	For       time.Duration // 0: until ctx ends
	Every     time.Duration // how often what was seen so far is handed over; 0: every 5 minutes
}

// gathering reads all inputs into one Seen.
type gathering struct {
	pipe     *flow.Pipeline
	onFlow   func(*model.Flow) // is shown the flows of logs, as the pipeline shows it those of packets; may be nil
	stdin    io.Reader
	progress Progress
	peek     func(*model.Seen) // is shown now and then what was seen so far; may be nil
	peeked   time.Time         // until when not again
	ran      [][]model.Trouble // of each source the pipeline took, in its order
	tables   []collect.Result
	sources  []model.Source // of those that could not be read at all
	passed   []string
}

// once leaves out files that are named twice: the same traffic must not count twice.
func (g *gathering) once(names []string) (out []string) {
	type alike struct {
		size int64
		at   int64
	}
	taken := map[alike][]os.FileInfo{}
	for _, name := range names {
		st, err := os.Stat(name)
		if err == nil && st.Mode().IsRegular() {
			k := alike{st.Size(), st.ModTime().UnixNano()}
			if slices.ContainsFunc(taken[k], func(x os.FileInfo) bool { return os.SameFile(x, st) }) {
				g.passed = append(g.passed, name)
				continue
			}
			taken[k] = append(taken[k], st)
		}
		out = append(out, name)
	}
	return out
}

// Gather reads captures, tables and logs, and an interface if w names one. What is wrong with one input is in its Source's
// errors; the others are read all the same. live is called when the interface has been watched long enough to save what was
// seen so far; it may be nil.
func Gather(ctx context.Context, cfg flow.Config, paths []string, stdin io.Reader, w Watching, p Progress, live func(*model.Seen)) (*model.Seen, error) {
	g := &gathering{pipe: flow.New(cfg), onFlow: cfg.OnFlow, stdin: stdin, progress: p}
	return g.gather(ctx, paths, w, live)
}

func (g *gathering) gather(ctx context.Context, paths []string, w Watching, live func(*model.Seen)) (*model.Seen, error) {
	if g.progress == nil {
		g.progress = func(string, int64, int64) {}
	}
	names, passed := capture.Walk(paths, func(_ string, head []byte) bool { _, ok := collect.Sniff(head); return ok })
	for _, x := range passed {
		if x.Err == nil {
			g.passed = append(g.passed, x.Name)
			continue
		}
		g.sources = append(g.sources, failed(x.Name, &capture.Damage{Name: x.Name, Code: x.Code, Err: x.Err}))
	}
	for _, name := range g.once(names) {
		if err := g.read(ctx, name); err != nil {
			return nil, err
		}
	}
	if w.Interface != "" {
		if err := g.watch(ctx, w, live); err != nil {
			return nil, err
		}
	}
	return g.finish(), nil
}

// read takes one file. Only the end of ctx is an error: everything else belongs to the source.
func (g *gathering) read(ctx context.Context, name string) error {
	if name == "-" {
		b := bufio.NewReaderSize(g.stdin, capture.SniffLen)
		head, _ := b.Peek(capture.SniffLen) // a short input is not an error here
		g.stdin = b
		if _, ok := collect.Sniff(head); ok {
			return g.table(ctx, name, b, time.Now().UTC()) // just typed or piped: it is of now
		}
	} else if head, err := capture.Head(name); err == nil {
		if _, ok := collect.Sniff(head); ok {
			return g.file(ctx, name)
		}
	}
	src, err := capture.Open(name, g.stdin, capture.Options{})
	if err != nil {
		g.sources = append(g.sources, failed(name, err))
		return nil
	}
	defer src.Close()
	err = g.pipe.Run(ctx, g.follow(name, src))
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	g.ran = append(g.ran, troubles(name, err)) // what came before the damage counts
	return nil
}

// file opens a table or log. Entries without a time of their own get the file's.
func (g *gathering) file(ctx context.Context, name string) error {
	f, err := os.Open(name)
	if err != nil {
		g.sources = append(g.sources, failed(name, err))
		return nil
	}
	defer f.Close()
	at := time.Time{}
	if st, err := f.Stat(); err == nil {
		at = st.ModTime().UTC()
		if y := at.Year(); y < 1970 || y > 2200 { // a file's date can be anything; past 9999 it could not even be stored
			at = time.Time{}
		}
	}
	return g.table(ctx, name, f, at)
}

func (g *gathering) table(ctx context.Context, name string, r io.Reader, at time.Time) error {
	res, err := collect.ReadFlows(name, r, at, g.onFlow)
	if err != nil {
		res.Source.Name = name
		if res.Source.Kind == "" {
			res.Source.Kind = "unknown"
		}
		res.Source.Errors = append(res.Source.Errors, troubles(name, err)...)
	}
	g.tables = append(g.tables, res)
	return ctx.Err()
}

// checkpoint is how often a live patrol saves what it has seen.
const checkpoint = 5 * time.Minute

func (g *gathering) watch(ctx context.Context, w Watching, live func(*model.Seen)) error {
	src, err := capture.OpenLive(w.Interface, capture.LiveOptions{For: w.For})
	if err != nil {
		return err
	}
	defer src.Close()
	done := make(chan error, 1)
	go func() { done <- g.pipe.Run(context.WithoutCancel(ctx), g.follow(w.Interface, src)) }()
	if w.Every <= 0 {
		w.Every = checkpoint
	}
	tick := time.NewTicker(w.Every)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			g.ran = append(g.ran, troubles(w.Interface, err))
			return nil
		case <-ctx.Done():
			src.Stop() // what was seen until now counts: Ctrl-C ends the watch, not the patrol
			ctx = context.WithoutCancel(ctx)
		case <-tick.C:
			if live != nil {
				live(g.join(g.pipe.Snapshot()))
			}
		}
	}
}

// followed reports progress batch by batch.
type followed struct {
	capture.Source
	name  string
	total int64
	g     *gathering
}

func (g *gathering) follow(name string, src capture.Source) capture.Source {
	total := int64(0)
	if st, err := os.Stat(name); err == nil && st.Mode().IsRegular() {
		total = st.Size()
	}
	return &followed{src, name, total, g}
}

func (f *followed) Next(ctx context.Context) (*capture.Batch, error) {
	b, err := f.Source.Next(ctx)
	f.g.progress(f.name, int64(f.Info().Bytes), f.total)
	f.g.glance()
	return b, err
}

// glance shows what was seen so far, so seldom that it costs at most a twentieth of the time.
func (g *gathering) glance() {
	now := time.Now()
	if g.peeked.IsZero() {
		g.peeked = now.Add(time.Second)
	}
	if g.peek == nil || now.Before(g.peeked) {
		return
	}
	g.peek(g.pipe.Snapshot())
	end := time.Now()
	g.peeked = end.Add(max(2*time.Second, 20*end.Sub(now)))
}

func (g *gathering) finish() *model.Seen { return g.join(g.pipe.Finish()) }

// join adds what tables and logs say to what the packets say.
func (g *gathering) join(s *model.Seen) *model.Seen {
	for i, ts := range g.ran {
		s.Sources[i].Errors = append(s.Sources[i].Errors, ts...)
	}
	for i := range s.Sources {
		m := &s.Sources[i].Mirror
		s.Sources[i].Answered = m.TCPFlows - min(m.OneWay, m.TCPFlows)
	}
	for _, t := range g.tables {
		s.Sources = append(s.Sources, t.Source)
		s.Observations = append(s.Observations, t.Observations...)
		s.Bindings = append(s.Bindings, t.Bindings...)
		s.Conversations = append(s.Conversations, t.Conversations...)
		if s.Stats.Packets == 0 {
			widen(s, &t.Source)
		}
	}
	if len(g.tables) > 0 {
		s.Observations = dissect.SortObservations(s.Observations)
		s.Bindings = dissect.SortBindings(s.Bindings)
	}
	s.Sources, s.Passed = append(s.Sources, g.sources...), g.passed
	return s
}

// widen makes the time of the patrol contain that of a table. Beside packets it doesn't: a list that was saved weeks after the
// capture would make every machine look silent for weeks.
func widen(s *model.Seen, t *model.Source) {
	if !t.First.IsZero() && (s.First.IsZero() || t.First.Before(s.First)) {
		s.First = t.First
	}
	if t.Last.After(s.Last) {
		s.Last = t.Last
	}
}

// failed is a source of which nothing could be read.
func failed(name string, err error) model.Source {
	return model.Source{Name: name, Kind: "unknown", Errors: troubles(name, err)}
}

// troubles says what err means for the source; nil means nothing.
func troubles(name string, err error) []model.Trouble {
	if err == nil {
		return nil
	}
	t := model.Trouble{Code: "unreadable", Where: name, Args: []string{err.Error()}, Text: err.Error()}
	var d *capture.Damage
	var p *os.PathError
	switch {
	case errors.As(err, &d):
		t = d.Trouble()
	case errors.As(err, &p):
		t.Args = []string{p.Err.Error()}
	}
	return []model.Trouble{t}
}
