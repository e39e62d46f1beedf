// Package metrics tells Prometheus how the watch and the server are doing: GET /metrics. It has numbers only: no name, no address and
// no path of a request ever becomes a label. It keeps nothing over a restart.
package metrics

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/intake"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/web/page"
)

// Memory is what is counted.
type Memory interface {
	Patrols(ctx context.Context, limit int) ([]model.Patrol, error)
	Hosts(context.Context, model.HostQuery) (model.HostPage, error)
	FindingCounts(context.Context) ([]model.FindingCount, error)
}

// Watches says what sources saw in the last minute.
type Watches interface {
	WatchesNow(ctx context.Context) ([]intake.WatchNow, error)
}

// Meter measures the requests and counts what is stored when it is asked.
type Meter struct {
	Memory  Memory
	Watches Watches     // nil: nothing is watched
	Report  func(error) // told of what could not be counted; may be nil

	once     sync.Once
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	took     *prometheus.HistogramVec
}

// Routes are the addresses of this package.
func (m *Meter) Routes() []page.Route {
	return []page.Route{{Pattern: "GET /metrics", Need: auth.Manage, Do: m.serve, JSON: true}}
}

func (m *Meter) start() {
	m.registry = prometheus.NewRegistry()
	m.requests = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "mimawari_http_requests_total", Help: "Requests answered, by route and status."}, []string{"route", "status"})
	m.took = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "mimawari_http_request_seconds", Help: "How long answering took, by route.", Buckets: []float64{.005, .025, .1, .25, 1, 5, 30},
	}, []string{"route"})
	m.registry.MustRegister(m.requests, m.took, stored{m}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
}

// Measure notes one answer. route is the pattern of the route, never the path of the request.
func (m *Meter) Measure(route string, status int, took time.Duration) {
	m.once.Do(m.start)
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Inc()
	m.took.WithLabelValues(route).Observe(took.Seconds())
}

func (m *Meter) serve(w http.ResponseWriter, r *http.Request) error {
	m.once.Do(m.start)
	w.Header().Set("Cache-Control", "no-store")
	promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 2}).ServeHTTP(w, r)
	return nil
}

// What is counted in the store.
var (
	reachable  = describe("store_up", "1 if the store could be read, else 0.")
	hosts      = describe("hosts", "Machines known.")
	findings   = describe("findings", "Findings, by state and severity.", "state", "severity")
	lastPatrol = describe("last_patrol_timestamp_seconds", "When the newest patrol ended.")
	patrolTook = describe("last_patrol_duration_seconds", "How long the newest patrol took.")
	patrolSaw  = describe("last_patrol_hosts", "Machines that were there at the newest patrol.")
	watched    = describe("source_packets_last_minute", "Frames that a watched source saw in the last minute.", "source", "kind")
	watchedIn  = describe("source_bytes_last_minute", "Bytes that a watched source saw in the last minute.", "source", "kind")
	lost       = describe("source_dropped_last_minute", "Frames of a watched source that were lost in the last minute.", "source", "kind")
)

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("mimawari_"+name, help, labels, nil)
}

// stored counts at each question.
type stored struct{ m *Meter }

// Describe implements prometheus.Collector.
func (s stored) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{reachable, hosts, findings, lastPatrol, patrolTook, patrolSaw, watched, watchedIn, lost} {
		to <- d
	}
}

// longest is how long counting may take.
const longest = 10 * time.Second

// Collect implements prometheus.Collector.
func (s stored) Collect(to chan<- prometheus.Metric) {
	ctx, stop := context.WithTimeout(context.Background(), longest)
	defer stop()
	up := 1.0
	for _, count := range []func(context.Context, func(*prometheus.Desc, float64, ...string)) error{s.counts, s.patrol, s.watches} {
		err := count(ctx, func(d *prometheus.Desc, v float64, labels ...string) {
			to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
		})
		if err != nil {
			up = 0
			if s.m.Report != nil {
				s.m.Report(err)
			}
		}
	}
	to <- prometheus.MustNewConstMetric(reachable, prometheus.GaugeValue, up)
}

func (s stored) counts(ctx context.Context, put func(*prometheus.Desc, float64, ...string)) error {
	p, err := s.m.Memory.Hosts(ctx, model.HostQuery{Limit: 1})
	if err != nil {
		return err
	}
	put(hosts, float64(p.Total))
	cs, err := s.m.Memory.FindingCounts(ctx)
	for _, c := range cs {
		put(findings, float64(c.Count), string(c.State), c.Severity.String())
	}
	return err
}

func (s stored) patrol(ctx context.Context, put func(*prometheus.Desc, float64, ...string)) error {
	ps, err := s.m.Memory.Patrols(ctx, 1)
	if err != nil || len(ps) == 0 {
		return err
	}
	put(lastPatrol, float64(ps[0].Ended.UnixMilli())/1000)
	put(patrolTook, ps[0].Ended.Sub(ps[0].Started).Seconds())
	put(patrolSaw, float64(ps[0].Seen))
	return nil
}

func (s stored) watches(ctx context.Context, put func(*prometheus.Desc, float64, ...string)) error {
	if s.m.Watches == nil {
		return nil
	}
	ws, err := s.m.Watches.WatchesNow(ctx)
	for _, w := range ws {
		put(watched, float64(w.Packets), w.ID, string(w.Kind))
		put(watchedIn, float64(w.Bytes), w.ID, string(w.Kind))
		put(lost, float64(w.Dropped), w.ID, string(w.Kind))
	}
	return err
}
